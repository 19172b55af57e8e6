import { TenantryError } from './errors.ts'
import { type SearchConfig, searchConfigs } from './field.ts'
import { type Entity, quote } from './module-set.ts'

/** Types that `::` may cast to, by the names that PostgreSQL knows them under. */
const castTypes: ReadonlySet<string> = new Set([
  ...['text', 'varchar', 'int', 'int2', 'int4', 'int8', 'integer', 'bigint', 'smallint', 'numeric', 'decimal'],
  ...['float4', 'float8', 'real', 'double precision', 'bool', 'boolean', 'uuid', 'date', 'time', 'timestamp'],
  ...['timestamptz', 'interval', 'json', 'jsonb', 'bytea', 'int4range', 'int8range', 'numrange', 'daterange'],
  ...['tstzrange', 'tsvector', 'text[]', 'int4[]', 'int8[]', 'integer[]', 'bigint[]', 'uuid[]', 'numeric[]', 'date[]'],
])

/** The type of that name. Throws `42704` for one that is not in the list. */
export function checkCast(cast: string | undefined): string | null {
  if (cast === undefined) return null
  const type = cast.toLowerCase()
  if (castTypes.has(type)) return type
  throw new TenantryError('invalid', `type ${quote(cast)} does not exist`, { reason: '42704' })
}

/** The language of that name. Throws `42704` for one that is not in the list. */
export function checkConfig(name: string): SearchConfig {
  const config = searchConfigs.find(known => known === name)
  if (config) return config
  throw new TenantryError('invalid', `text search configuration ${quote(name)} does not exist`, { reason: '42704' })
}

export function unknownColumn(entity: Entity, name: string): TenantryError {
  return new TenantryError('invalid', `column ${entity.name}.${plainName(name)} does not exist`, {
    reason: '42703',
    fields: fieldMessages([name], 'is no field'),
  })
}

export function notEmbedded(name: string): TenantryError {
  return new TenantryError('invalid', `${quoteName(name)} is not an embedded resource in this request`, {
    reason: 'PGRST108',
    hint: `Verify that ${quoteName(name)} is included in the 'select' query parameter.`,
  })
}

/** What PostgreSQL says of a field that is neither grouped by nor aggregated. */
export function notGrouped(entity: Entity, name: string): TenantryError {
  return new TenantryError(
    'invalid',
    `column "${entity.name}.${plainName(name)}" must appear in the GROUP BY clause or be used in an aggregate function`,
    { reason: '42803' },
  )
}

export function aggregatesRefused(): TenantryError {
  return new TenantryError('invalid', 'Use of aggregate functions is not allowed', { reason: 'PGRST123' })
}

export function noRevision(entity: Entity): TenantryError {
  return new TenantryError('invalid', `The rows of ${entity.name} have no revision to compare with`, {
    hint: 'Leave If-Match out, or declare the entity with revision: true',
  })
}

export function putMismatch(cause?: unknown): TenantryError {
  return new TenantryError('invalid', 'Payload values do not match URL in primary key column(s)', {
    reason: 'PGRST115',
    cause,
  })
}

/** The same message for each of these names. */
export function fieldMessages(names: readonly string[], message: string): Record<string, string[]> {
  return Object.fromEntries(names.map(name => [plainName(name), [message]]))
}

export function quoteName(name: string): string {
  return `'${plainName(name)}'`
}

/** A name from outside, short and without control characters, for a message. */
export function plainName(name: string): string {
  const plain = name.replace(/\p{Cc}/gu, '�')
  return plain.length > 64 ? `${plain.slice(0, 64)}…` : plain
}
