import { TenantryError } from './errors.ts'
import { bytesText } from './exact-json.ts'
import type { Entity, EntityField } from './module-set.ts'
import { fieldMessages, plainName } from './plan-names.ts'

/** A row as code gives it: nothing is known of its values yet. */
export type Payload = Readonly<Record<string, unknown>>

/**
 * A value in PostgreSQL's text form. Throws `invalid` for an object where the field has a plain value: it is most likely JSON
 * from outside that somebody handed on.
 */
export function textOf({ name, spec }: EntityField, value: unknown): string {
  if (spec.type === 'json' && !spec.array) return JSON.stringify(value) ?? refuseValue(name)
  if (!Array.isArray(value)) return spec.array ? refuseValue(name) : plainText(name, value)
  if (!spec.array) return refuseValue(name)
  const text = (item: unknown) => (spec.type === 'json' ? JSON.stringify(item) : plainText(name, item))
  const elements = value.map(item => (item === null ? 'NULL' : `"${text(item).replace(/["\\]/g, '\\$&')}"`))
  return `{${elements.join(',')}}`
}

/** Throws `invalid` unless each value of a known field has the kind of value that the field has. */
export function checkPayload(entity: Entity, row: unknown): asserts row is Payload {
  if (typeof row !== 'object' || row === null || Array.isArray(row)) {
    throw new TenantryError('invalid', `A row of ${entity.name} is an object`)
  }
  for (const [name, value] of Object.entries(row)) {
    const field = entity.fields.get(name)
    if (!field || value === null || value === undefined || field.spec.type === 'json') continue
    if (Array.isArray(value) !== field.spec.array) refuseValue(name)
    for (const item of Array.isArray(value) ? value : [value]) if (item !== null) plainText(name, item)
  }
}

/** The names of a row's own members that are not undefined, sorted. */
export function givenNames(row: Payload): string[] {
  return Object.keys(row)
    .filter(name => row[name] !== undefined)
    .sort()
}

export function plainText(name: string, value: unknown): string {
  if (value instanceof Uint8Array) return bytesText(value)
  if (value instanceof Date) return value.toISOString()
  if (typeof value === 'string') return value
  if (typeof value === 'number' || typeof value === 'bigint' || typeof value === 'boolean') return String(value)
  return refuseValue(name)
}

function refuseValue(name: string): never {
  throw new TenantryError('invalid', `"${plainName(name)}" was given no value of its kind`, {
    fields: fieldMessages([name], 'is not a value of this field'),
  })
}

export function wholeNumber(name: string, value: number): number {
  if (Number.isSafeInteger(value) && value >= 0) return value
  throw new TenantryError('invalid', `${name} must be a whole number that is not negative`)
}
