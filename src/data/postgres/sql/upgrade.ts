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

/** Rows of `entity` under `s` that were written since they were carried over, or are new. */
const changedSince = (entity: Entity, parameter: string) =>
  `not exists (select from tenantry.upgrade_prints p where p.entity = ${parameter} and p.key = ${keyOf(entity, 's')} and p.print = ${printOf('s')})`

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
  const where = changed ? ` where ${changedSince(entity, '$1')}` : ''
  return `select row_to_json(r)::text as row from (select ${columns.join(', ')} from ${tableOf(entity)} s${where}) r`
}

/** Copies rows as they are, into new ones or over those that are there. With `changed`, `$1` is the source's id. */
export function copySql(from: Entity, to: Entity, changed: boolean): string {
  const names = writtenFields(to)
    .filter(field => isCopyable(field, from))
    .map(({ name }) => identifier(name))
  const where = changed ? ` where ${changedSince(from, '$1')}` : ''
  return `insert into ${tableOf(to)} (${names.join(', ')}) select ${names.map(name => `s.${name}`).join(', ')} from ${tableOf(from)} s${where}${changed ? overSql(to, names) : ''}`
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

/** Rows of `from` whose successors are gone. `$1` is the id of `to`. */
export function removeGoneSql(from: Entity, to: Entity): string {
  return `delete from ${tableOf(from)} f where exists (select from tenantry.upgrade_prints p where p.entity = $1 and p.key = ${keyOf(from, 'f')})
    and not exists (select from ${tableOf(to)} s where ${keyOf(to, 's')} = ${keyOf(from, 'f')})`
}
