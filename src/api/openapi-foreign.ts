import type { JsonValue } from '../core/json.ts'
import type { JsonSchema } from './json-schema.ts'

const maxDepth = 24

/**
 * A schema of a module's author, which is of JSON Schema's draft 7 and may refer to others, as one of OpenAPI 3.1 (draft 2020-12)
 * that refers to nothing. What cannot be said that way is left open: `{}`.
 */
export function plainSchema(schema: unknown, shared: Readonly<Record<string, unknown>>): JsonSchema {
  const plain = plainValue(schema, shared, 0)
  return isObject(plain) ? plain : {}
}

export function isObject<T>(value: T): value is T & Readonly<Record<string, JsonValue>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function plainValue(value: unknown, shared: Readonly<Record<string, unknown>>, depth: number): JsonValue {
  if (depth > maxDepth) return {}
  if (Array.isArray(value)) return value.map(each => plainValue(each, shared, depth + 1))
  if (value === null || ['string', 'number', 'boolean'].includes(typeof value)) return value as JsonValue
  if (!isObject(value)) return {}
  const { $ref: ref, $id: _, $schema: __, nullable, items, ...rest } = value
  if (typeof ref === 'string') return plainValue(referred(ref, shared), shared, depth + 1)
  const plain = Object.fromEntries(
    Object.entries(rest)
      .filter(([, part]) => part !== undefined && typeof part !== 'function')
      .map(([name, part]) => [name, plainValue(part, shared, depth + 1)]),
  )
  if (nullable === true && typeof plain.type === 'string') plain.type = [plain.type, 'null']
  // Of draft 7: a list of schemas, one for each place.
  if (items !== undefined) plain[Array.isArray(items) ? 'prefixItems' : 'items'] = plainValue(items, shared, depth + 1)
  return plain
}

/** `money#`, `money#/definitions/amount`; what refers to its own document is not followed. */
function referred(ref: string, shared: Readonly<Record<string, unknown>>): unknown {
  const [id = '', pointer = ''] = ref.split('#')
  return pointer
    .split('/')
    .slice(1)
    .reduce<unknown>((part, name) => (isObject(part) ? part[name] : undefined), shared[id])
}
