import type { Entity, EntityField } from '../../../core/module-set.ts'
import { defaultSql } from './defaults.ts'
import { tableOf } from './join.ts'
import { needsExactOutput, valueType } from './types.ts'
import { identifier, literal } from './writer.ts'

/** Fields that a statement can write. */
function writtenFields(entity: Entity): EntityField[] {
  return [...entity.fields.values()].filter(({ spec }) => spec.type !== 'searchText')
}

/** What of a row can become the field of another's, as it is. */
export function isCopyable(field: EntityField, from: Entity): boolean {
  const source = from.fields.get(field.name)
  return (
    source !== undefined &&
    source.spec.type === field.spec.type &&
    source.spec.array === field.spec.array &&
    source.spec.of === field.spec.of
  )
}

/** What names a row of a tenant, as text. */
function keyOf(entity: Entity, alias: string): string {
  return `jsonb_build_array(${keyNames(entity)
    .map(name => `${alias}.${identifier(name)}`)
    .join(', ')})::text`
}

function keyNames(entity: Entity): string[] {
  return [...(entity.instanced ? ['instance_id'] : []), ...entity.key]
}

/** Of all that a row holds, generated columns included. Settings that change how values look are fixed by the transaction. */
const printOf = (alias: string) => `md5(${alias}::text)::uuid`

/**
 * Rows of `entity` with their key and print. They are made first: a comparison of prints with a function of another row is not
 * leakproof, so that under row security it would look at every print for every row.
 */
const named = (entity: Entity) =>
  `(select s.*, ${keyOf(entity, 's')} as "?key", ${printOf('s')} as "?print" from ${tableOf(entity)} s offset 0)`

/** Rows of `entity` as `s`; with `changed` only those that were written since they were carried over, and `$1` is its id. */
function rowsOf(entity: Entity, changed: boolean): string {
  if (!changed) return `${tableOf(entity)} s`
  return `${named(entity)} s where not exists (select from tenantry.upgrade_prints p where p.entity = $1 and p.key = s."?key" and p.print = s."?print")`
}

/** Remembers each row as it is. `$1` is the entity's id. */
export function printSql(entity: Entity): string {
  return `insert into tenantry.upgrade_prints (entity, key, print) select $1, ${keyOf(entity, 's')}, ${printOf('s')} from ${tableOf(entity)} s`
}

/** Rows as JSON text that a parser does not round. With `changed`, only those; `$1` is the entity's id then. */
export function readSql(entity: Entity, changed: boolean): string {
  const columns = [...entity.fields.values()].map(field => {
    const column = `s.${identifier(field.name)}`
    return needsExactOutput(entity, field)
      ? `${column}::text${field.spec.array ? '[]' : ''} as ${identifier(field.name)}`
      : column
  })
  return `select row_to_json(r)::text as row from (select ${columns.join(', ')} from ${rowsOf(entity, changed)}) r`
}

/** Copies rows as they are, into new ones or over those that are there. With `changed`, `$1` is the source's id. */
export function copySql(from: Entity, to: Entity, changed: boolean): string {
  const names = writtenFields(to)
    .filter(field => isCopyable(field, from))
    .map(({ name }) => identifier(name))
  return `insert into ${tableOf(to)} (${names.join(', ')}) select ${names.map(name => `s.${name}`).join(', ')} from ${rowsOf(from, changed)}${changed ? overSql(to, names) : ''}`
}

/**
 * Puts mapped rows beside the rows that they come from. `$1` is JSON: of each row its key `k`, the values `g` that the step
 * gives, and the names `c` of the fields that it hands on unchanged.
 */
export function mappedSql(from: Entity, to: Entity, over: boolean): string {
  const fields = writtenFields(to).filter(field => !field.platform || isCopyable(field, from))
  const keys = new Set(keyNames(to))
  const values = fields.map(field => {
    const name = identifier(field.name)
    if (field.platform || keys.has(field.name)) return `s.${name}`
    const given = `case when r.g -> ${literal(field.name)} is null then ${defaultSql(to, field) ?? 'null'} else j.${name} end`
    return isCopyable(field, from) ? `case when r.c ? ${literal(field.name)} then s.${name} else ${given} end` : given
  })
  const typed = (entity: Entity, names: readonly EntityField[]) =>
    names.map(field => `${identifier(field.name)} ${valueType(entity, field)}`).join(', ')
  const keyFields = keyNames(from).flatMap(name => from.fields.get(name) ?? [])
  const on = keyFields.map(({ name }) => `s.${identifier(name)} = k.${identifier(name)}`).join(' and ')
  const names = fields.map(({ name }) => identifier(name))
  return `insert into ${tableOf(to)} (${names.join(', ')}) select ${values.join(', ')}
    from json_to_recordset($1::json) as r(k json, g json, c jsonb) cross join lateral json_to_record(r.k) as k(${typed(from, keyFields)})
    join ${tableOf(from)} s on ${on} cross join lateral json_to_record(r.g) as j(${typed(to, fields)})${over ? overSql(to, names) : ''}`
}

function overSql(entity: Entity, names: readonly string[]): string {
  const key = ['tenant_id', ...keyNames(entity).map(identifier)].join(', ')
  return ` on conflict (${key}) do update set ${names.map(name => `${name} = excluded.${name}`).join(', ')}`
}

/** Removes rows of `from` whose successors are gone. `$1` is the id of `to`. */
export function removeGoneSql(from: Entity, to: Entity): string {
  const keys = (entity: Entity) =>
    `(select s.ctid as "?row", ${keyOf(entity, 's')} as "?key" from ${tableOf(entity)} s offset 0)`
  return `with gone as materialized (select p.key from tenantry.upgrade_prints p where p.entity = $1 and not exists (select from ${keys(to)} s where s."?key" = p.key))
    delete from ${tableOf(from)} f using ${keys(from)} s, gone g where s."?key" = g.key and f.ctid = s."?row"`
}

/**
 * Foreign keys to the tables of the schemas `$1` and names `$2` from any others, whether or not a definition knows of these still:
 * their table and field, its column for the tenant, and the table that it goes to.
 */
export const foreignKeysSql = `
select n.nspname as schema, c.relname as name, fa.attname as field, ta.attname as tenant, k.confrelid::regclass::text as target
from unnest($1::text[], $2::text[]) given(schema, name)
join pg_namespace gn on gn.nspname = given.schema
join pg_class g on g.relnamespace = gn.oid and g.relname = given.name
join pg_constraint k on k.contype = 'f' and k.confrelid = g.oid
join pg_class c on c.oid = k.conrelid
join pg_namespace n on n.oid = c.relnamespace
join pg_attribute fa on fa.attrelid = c.oid and fa.attnum = k.conkey[cardinality(k.conkey)]
join pg_attribute gt on gt.attrelid = g.oid and gt.attname = 'tenant_id'
join pg_attribute ta on ta.attrelid = c.oid and ta.attnum = k.conkey[array_position(k.confkey, gt.attnum)]
where k.conparentid = 0
  and not exists (select from unnest($1::text[], $2::text[]) own(schema, name) where own.schema = n.nspname and own.name = c.relname)
order by 1, 2, 3`

export interface ForeignKey {
  readonly schema: string
  readonly name: string
  readonly field: string
  readonly tenant: string
  readonly target: string
}

/** Whether a row of the tenant `$1` names another by this key. For who reads all tenants. */
export function namedSql({ schema, name, field, tenant }: ForeignKey): string {
  const table = `${identifier(schema)}.${identifier(name)}`
  return `select exists (select from ${table} where ${identifier(tenant)} = $1 and ${identifier(field)} is not null) as found`
}
