import { type DescMessage, fromBinary, type MessageShape, toBinary } from '@bufbuild/protobuf'
import { TenantryError } from '../core/errors.ts'

/** A message as bytes. Throws `invalid` for what is no message of this type, in words that hold nothing of it. */
export function encodeMessage<D extends DescMessage>(schema: D, message: MessageShape<D>): Uint8Array {
  if (message.$typeName === schema.typeName) {
    try {
      return toBinary(schema, message)
    } catch {
      // The library's own words, and so a cause, would show the value that does not fit.
    }
  }
  throw new TenantryError('invalid', `The message is no valid ${schema.typeName}`, {
    hint: 'Make it with create() of its own schema, with a value of the right type in each field',
  })
}

/** Throws `internal` for bytes that are no message of this type. */
export function decodeMessage<D extends DescMessage>(schema: D, bytes: unknown): MessageShape<D> {
  if (bytes instanceof Uint8Array) {
    try {
      return fromBinary(schema, bytes)
    } catch {
      // As above.
    }
  }
  throw new TenantryError('internal', `A stored document cannot be read as ${schema.typeName}`, {
    hint: 'Fields of a message keep their numbers and types',
  })
}
