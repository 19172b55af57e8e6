import { TenantryError } from '../../core/errors.ts'
import { createCounter, maxColumns } from './limits.ts'
import { parseCsv } from './payload-csv.ts'
import { parseForm } from './query-string.ts'

export interface Payload {
  readonly fields: readonly string[]
  /** JSON. As it came where it was JSON, so that numbers keep their digits. */
  readonly text: string
  /** How many rows it has. */
  readonly count: number
}

/** A request's body and its `Content-Type`. */
export interface Body {
  readonly text: string | undefined
  readonly type: string | undefined
  /** Rows say whose they are: across tenants. */
  readonly namesTenant?: boolean
}

type Row = Readonly<Record<string, unknown>>

interface Rows {
  readonly text: string
  readonly rows: readonly Row[]
  readonly array: boolean
  /** The fields are known without looking at each row. */
  readonly fields?: readonly string[]
}

/** The rows of a POST: an array of objects with the same keys, or one object. `columns` chooses the fields instead. */
export function parseRows(body: Body, columns?: readonly string[]): Payload {
  const { text, rows, fields } = parseBody(body)
  return { fields: columns ?? fields ?? fieldsOf(rows), text, count: rows.length }
}

/**
 * The fields of a row that is written as one JSON object and nothing around it; undefined for any other body, also for one that is wrong.
 */
export function fieldsOfObject(body: Body): readonly string[] | undefined {
  if (!body.text?.startsWith('{') || !isJson(body.type)) return undefined
  try {
    return parseRows(body).fields
  } catch {
    return undefined
  }
}

/** The object of a PATCH, also when it is the only one of an array. An empty one changes nothing. */
export function parsePatch(body: Body, columns?: readonly string[]): Payload {
  const { text, rows, array, fields } = parseBody(body)
  if (rows.length > 1) throw invalidBody('A PATCH takes one JSON object')
  if (rows.length === 0) return { fields: [], text: '{}', count: 0 }
  return { fields: columns ?? fields ?? fieldsOf(rows), text: array ? text.trim().slice(1, -1).trim() : text, count: 1 }
}

/** The object of a call, also when it is the only one of an array. An empty body is an object without members. */
export function parseArguments({ text = '{}', type }: Body): Omit<Payload, 'count'> {
  const { text: read, rows, array, fields } = parseBody({ text, type })
  const [only, ...others] = rows
  if (!only || others.length > 0) throw invalidBody('A call takes one JSON object')
  return { fields: fields ?? counted(Object.keys(only)), text: array ? read.trim().slice(1, -1).trim() : read }
}

/** JSON, lines of CSV, or a form. The last two give texts, which the database reads as it reads those of JSON. */
function parseBody({ text = '', type, namesTenant = false }: Body): Rows {
  const { text: read, rows, array, fields } = readerOf(type)(text)
  const names = fields ?? rows.flatMap(row => (Object.hasOwn(row, 'tenant_id') ? ['tenant_id'] : []))
  if (!namesTenant && names.includes('tenant_id')) throw tenantNamed()
  return { text: read, rows, array, ...(fields && { fields: counted(fields) }) }
}

function readerOf(header: string | undefined): (text: string) => Rows {
  if (isJson(header)) return readJson
  const type = mediaTypeOf(header)
  switch (type) {
    case 'text/csv':
      return readCsv
    case 'application/x-www-form-urlencoded':
      return readForm
    default:
      throw invalidBody(`Content-Type not acceptable: ${type}`)
  }
}

/** What says nothing of itself is JSON. */
function isJson(header: string | undefined): boolean {
  return ['', 'application/json'].includes(mediaTypeOf(header))
}

function mediaTypeOf(header = ''): string {
  return header.split(';', 1)[0]?.trim().toLowerCase() ?? ''
}

function readJson(text: string): Rows {
  const value = text.isWellFormed() ? jsonOf(text) : undefined
  if (typeof value !== 'object' || value === null) throw invalidBody('Empty or invalid json')
  const array = Array.isArray(value)
  const rows = array ? value : [value]
  if (!rows.every(isRow)) throw invalidBody('All object keys must match')
  return { text, rows, array }
}

function readCsv(text: string): Rows {
  const { names, rows } = parseCsv(text)
  return { text: JSON.stringify(rows), rows, array: true, fields: names }
}

/** Of a name given twice the last counts. */
function readForm(text: string): Rows {
  const row = Object.fromEntries(parseForm(text).map(({ key, value }) => [key, value]))
  return { text: JSON.stringify(row), rows: [row], array: false, fields: Object.keys(row) }
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

function fieldsOf(rows: readonly Row[]): readonly string[] {
  const fields = Object.keys(rows[0] ?? {})
  const matches = (row: Row) =>
    Object.keys(row).length === fields.length && fields.every(field => Object.hasOwn(row, field))
  if (!rows.every(matches)) throw invalidBody('All object keys must match')
  return counted(fields)
}

function counted(fields: readonly string[]): readonly string[] {
  fields.forEach(createCounter(maxColumns, 'keys in a row'))
  return fields
}

function invalidBody(message: string): TenantryError {
  return new TenantryError('invalid', message, { reason: 'PGRST102' })
}

function tenantNamed(): TenantryError {
  return new TenantryError('forbidden', 'A payload cannot name a tenant: the token says which one it is', {
    hint: "Leave the key 'tenant_id' out",
  })
}
