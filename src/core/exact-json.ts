import type { Entity } from './module-set.ts'
import type { Answer } from './plan.ts'

/** JSON text in which a bigint keeps its digits (as text, which PostgreSQL reads as a number) and bytes are hexadecimal. */
export function payloadText(value: unknown): string {
  return JSON.stringify(value, function (this: Readonly<Record<string, unknown>>, name, shown: unknown) {
    // What stands in the row, not what its `toJSON` makes of it: a Buffer would become an object.
    const inner = this[name]
    if (inner instanceof Uint8Array) return bytesText(inner)
    return typeof inner === 'bigint' ? String(inner) : shown
  })
}

export function bytesText(value: Uint8Array): string {
  return `\\x${Array.from(value, byte => byte.toString(16).padStart(2, '0')).join('')}`
}

export function bytesOf(text: string): Uint8Array {
  return Uint8Array.from(text.slice(2).match(/../g) ?? [], pair => Number.parseInt(pair, 16))
}

/** Rows as `exact` output carries them, with bigint and bytes decoded. */
export function decodeRows(entity: Entity, { body }: Answer): Record<string, unknown>[] {
  const rows: Record<string, unknown>[] = body === '' ? [] : JSON.parse(body)
  decodeFields(entity, rows)
  return rows
}

/** Decodes in place. */
export function decodeFields(entity: Entity, rows: readonly Record<string, unknown>[]): void {
  const decoders = [...entity.fields.values()].flatMap(({ name, spec }) => {
    const decode = decoderOf(spec.type)
    return decode ? [{ name, decode: spec.array ? (value: unknown) => (value as string[]).map(decode) : decode }] : []
  })
  for (const row of rows) {
    for (const { name, decode } of decoders) if (row[name] != null) row[name] = decode(row[name] as string)
  }
}

function decoderOf(type: string): ((value: string) => unknown) | undefined {
  if (type === 'bigint') return BigInt
  if (type === 'bytes') return bytesOf
  return undefined
}
