import { TenantryError } from '../../core/errors.ts'
import { createCounter, maxColumns } from './limits.ts'

export interface Payload {
  readonly fields: readonly string[]
  /** The JSON as it came, so that numbers keep their digits. */
  readonly text: string
}

type Row = Readonly<Record<string, unknown>>

/** The rows of a POST: an array of objects with the same keys, or one object. `columns` chooses the fields instead. */
export function parseRows(
  body: string | undefined,
  contentType: string | undefined,
  columns?: readonly string[],
): Payload {
  const { text, rows } = parseJson(body, contentType)
  return { fields: columns ?? fieldsOf(rows), text }
}

/** The object of a PATCH, also when it is the only one of an array. An empty one changes nothing. */
export function parsePatch(
  body: string | undefined,
  contentType: string | undefined,
  columns?: readonly string[],
): Payload {
  const { text, rows, array } = parseJson(body, contentType)
  if (rows.length > 1) throw invalidBody('A PATCH takes one JSON object')
  if (rows.length === 0) return { fields: [], text: '{}' }
  return { fields: columns ?? fieldsOf(rows), text: array ? text.trim().slice(1, -1).trim() : text }
}

function parseJson(body: string | undefined, contentType: string | undefined) {
  checkContentType(contentType)
  const text = body ?? ''
  const value = text.isWellFormed() ? jsonOf(text) : undefined
  if (typeof value !== 'object' || value === null) throw invalidBody('Empty or invalid json')
  const array = Array.isArray(value)
  const rows = array ? value : [value]
  if (!rows.every(isRow)) throw invalidBody('All object keys must match')
  if (rows.some(row => Object.hasOwn(row, 'tenant_id'))) throw namesTenant()
  return { text, rows, array }
}

function checkContentType(header: string | undefined): void {
  const type = header?.split(';', 1)[0]?.trim().toLowerCase()
  if (!type || type === 'application/json') return
  throw invalidBody(`Content-Type not acceptable: ${type}`)
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function isRow(value: unknown): value is Row {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function fieldsOf(rows: readonly Row[]): string[] {
  const fields = Object.keys(rows[0] ?? {})
  const matches = (row: Row) =>
    Object.keys(row).length === fields.length && fields.every(field => Object.hasOwn(row, field))
  if (!rows.every(matches)) throw invalidBody('All object keys must match')
  const count = createCounter(maxColumns, 'keys in a row')
  fields.forEach(count)
  return fields
}

function invalidBody(message: string): TenantryError {
  return new TenantryError('invalid', message, { reason: 'PGRST102' })
}

function namesTenant(): TenantryError {
  return new TenantryError('forbidden', 'A payload cannot name a tenant: the token says which one it is', {
    hint: "Leave the key 'tenant_id' out",
  })
}
