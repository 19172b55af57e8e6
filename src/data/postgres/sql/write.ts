import type { CheckedInsert, CheckedUpdate } from '../../../core/checked-plan.ts'
import type { Entity, EntityField } from '../../../core/module-set.ts'
import { defaultSql } from './defaults.ts'
import { guardsOf, inserted, revisionConditions, type Write, whereSql } from './guards.ts'
import { tableOf } from './join.ts'
import { keptInConflict, keptInNewRow, keptSql } from './kept.ts'
import { raised } from './raised.ts'
import type { Reader } from './read.ts'
import { valueType } from './types.ts'
import { type Binder, type Given, identifier, literal } from './writer.ts'

/**
 * One statement: writes in a CTE called `w`, then makes the answer from the rows that were written. A write of which nobody
 * wants to know more than how many rows it met stands alone, and the server's word for it (`INSERT 0 1`) tells the number.
 */
export function writeSql(plan: Write, binder: Binder, reader: Reader): string {
  const write = writeOf(plan, binder, reader)
  const body = plan.returning ? reader.returned(plan.returning, 'w', plan) : `''`
  const merges = plan.kind === 'insert' && plan.onConflict?.resolution === 'merge'
  // A row that was there before has been locked by the transaction that now changes it.
  const kept = plan.kind === 'insert' && plan.kept.length > 0 ? [keptInNewRow(plan)] : []
  const guards = guardsOf(plan, binder, reader)
  if (!plan.returning && !merges && !plan.revision && kept.length + guards.length === 0) {
    binder.takesRows = plan.kind === 'insert' && !plan.onConflict && binder.assume(givenRows(plan), isObject)
    return `${reader.searches()}${write}`
  }
  const all = plan.returning !== null || plan.single
  const written = [
    all ? 't0.*' : plan.revision ? 't0.revision' : '1',
    ...(merges ? [`t0.xmax = 0 as ${inserted}`] : []),
    ...kept,
  ]
  const count = merges ? `(select count(*) from w where ${inserted})` : 'null'
  // The guards stand last: they are read by nobody, they only raise.
  const revision = plan.revision ? ['(select max(revision) from w)'] : []
  const answer = [body, reader.returnedCount(plan.returning, 'w'), 'null', count, ...revision, ...guards]
  return `${reader.searches(`w as (${write} returning ${written.join(', ')})`)}select ${answer.join(', ')}`
}

function writeOf(plan: Write, binder: Binder, reader: Reader): string {
  switch (plan.kind) {
    case 'insert':
      return insertSql(plan, binder, reader)
    case 'update':
      return updateSql(plan, binder, reader)
    case 'delete': {
      const where = whereSql(plan, binder, reader)
      if (plan.mode === 'soft') return `update ${tableOf(plan.entity)} t0 set deleted_at = now()${where}`
      return `delete from ${tableOf(plan.entity)} t0${where}`
    }
  }
}

function insertSql(plan: CheckedInsert, binder: Binder, reader: Reader): string {
  const { entity, fields, kept, onConflict, put } = plan
  const given = binder.bindGiven(givenRows(plan), 'json', asList)
  const target = `insert into ${tableOf(entity)} as t0`
  const merging = revisionConditions(plan, binder)
  const matching = merging.length === 0 ? '' : ` where ${merging.join(' and ')}`
  const conflict = onConflict ? `${conflictSql(plan, onConflict)}${matching}` : ''
  // Rows that give nothing still have to be as many; every table has a creation time, which the trigger sets anyway.
  if (fields.length === 0) return `${target} (created_at) select now() from json_array_elements(${given})${conflict}`
  const names = fields.map(({ name }) => identifier(name)).join(', ')
  const record = `as j(${recordType(entity, [...fields, ...kept])})`
  const from = plan.defaults
    ? `json_array_elements(${given}) g(row) cross join lateral json_to_record(g.row) ${record}`
    : `json_to_recordset(${given}) ${record}`
  const values = fields.map(field => givenValue(entity, field, plan.defaults))
  const where = put ? ` where ${reader.condition({ entity, where: put }, 'j')}` : ''
  if (kept.length === 0) return `${target} (${names}) select ${values.join(', ')} from ${from}${where}${conflict}`
  // Triggers and generated fields have written over what was given by the time a conflict is met, so it is kept beside.
  const columns = [
    ...fields.map(({ name }, index) => `${values[index]} as ${identifier(name)}`),
    ...kept.map(({ name }) => `j.${identifier(name)}`),
  ]
  return `with given as materialized (select ${columns.join(', ')} from ${from}) ${target} (${names}) select ${names} from given j${where}${conflict}`
}

function givenRows({ rows, slot }: CheckedInsert): Given {
  return { value: rows, slot }
}

function isObject(rows: string): boolean {
  return rows.trimStart().startsWith('{')
}

/** One row is a list of one. */
function asList(rows: string): string {
  return isObject(rows) ? `[${rows}]` : rows
}

/** What a row gives for a field: null where it does not name it, unless that means the field's default. */
function givenValue(entity: Entity, field: EntityField, defaults: boolean): string {
  const value = `j.${identifier(field.name)}`
  const missing = defaults ? defaultSql(entity, field) : undefined
  if (missing === undefined) return value
  return `case when g.row -> ${literal(field.name)} is null then ${missing} else ${value} end`
}

function conflictSql(
  plan: CheckedInsert,
  { fields, resolution, deleted }: NonNullable<CheckedInsert['onConflict']>,
): string {
  const { entity, fields: given, kept } = plan
  const named = new Set(fields.map(({ name }) => name))
  const scope = [...(entity.global ? [] : ['tenant_id']), ...(entity.instanced ? ['instance_id'] : [])].filter(
    name => !named.has(name),
  )
  const isKey = fields.length === entity.key.length && fields.every(({ name }) => entity.key.includes(name))
  const columns = [...scope, ...fields.map(({ name }) => identifier(name))].join(', ')
  // Unique keys other than the primary one count only live rows.
  const live = entity.softDelete && !isKey ? ' where deleted_at is null' : ''
  const changed = given.filter(({ name }) => !fields.some(field => field.name === name))
  if (resolution === 'ignore') return ` on conflict (${columns})${live} do nothing`
  const sets = (changed.length === 0 ? fields.slice(0, 1) : changed).map(
    ({ name }) => `${identifier(name)} = excluded.${identifier(name)}`,
  )
  if (kept.length > 0) sets.push(keptInConflict(plan))
  if (deleted) sets.push(`deleted_at = ${deleted === 'restore' ? 'null' : refuseDeleted}`)
  return ` on conflict (${columns})${live} do update set ${sets.join(', ')}`
}

const refuseDeleted = `case when t0.deleted_at is not null then tenantry.refuse(${literal(raised.precondition)}, 'present')::timestamptz end`

function updateSql(plan: CheckedUpdate, binder: Binder, reader: Reader): string {
  const { entity, fields, kept, patch, defaults } = plan
  if (fields.length === 0 && kept.length === 0)
    return `update ${tableOf(entity)} t0 set updated_at = updated_at where false`
  const given = binder.bindGiven({ value: patch, slot: plan.slot }, 'json')
  const whole = kept.length > 0
  const sets = fields.map(field => `${identifier(field.name)} = ${newValue(entity, field, defaults, whole)}`)
  if (whole) sets.push(`updated_at = ${keptSql(plan)}`)
  const record = `as j(${recordType(entity, [...fields, ...kept])})`
  const from = defaults
    ? `(select ${given} as row) g cross join lateral json_to_record(g.row) ${record}`
    : `json_to_record(${given}) ${record}`
  return `update ${tableOf(entity)} t0 set ${sets.join(', ')} from ${from}${whereSql(plan, binder, reader)}`
}

/** `whole`: a whole record has `deleted_at` as it was read. */
function newValue(entity: Entity, field: EntityField, defaults: boolean, whole: boolean): string {
  if (field.write !== 'restore') return givenValue(entity, field, defaults)
  const refusal = `tenantry.refuse(${literal(raised.refused)}, 'deleted_at can only be set to null, which restores the row')`
  const name = identifier(field.name)
  const same = whole ? ` when j.${name} = t0.${name} then t0.${name}` : ''
  return `case when j.${name} is null then null${same} else ${refusal}::timestamptz end`
}

function recordType(entity: Entity, fields: readonly EntityField[]): string {
  return fields.map(field => `${identifier(field.name)} ${valueType(entity, field)}`).join(', ')
}
