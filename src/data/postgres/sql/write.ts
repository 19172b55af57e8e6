import type { Entity, EntityField } from '../../../core/module-set.ts'
import type {
  CheckedCondition,
  CheckedDelete,
  CheckedInsert,
  CheckedQuery,
  CheckedUpdate,
} from '../../../core/plan-check.ts'
import { deletedConditions, Reader, tableOf } from './read.ts'
import { valueType } from './types.ts'
import { type Binder, identifier, literal } from './writer.ts'

type Write = CheckedInsert | CheckedUpdate | CheckedDelete

/** SQLSTATEs of our own that a statement raises once it knows its rows; `errors.ts` turns them into answers. */
export const raised = { notSingle: 'TN406', stale: 'TN409', refused: 'TN400' } as const

/** One statement: writes in a CTE called `w`, then makes the answer from the rows that were written. */
export function writeSql(plan: Write, binder: Binder): string {
  const reader = new Reader(binder, plan.output)
  const guards: string[] = []
  const write = writeOf(plan, binder, reader, guards)
  if (plan.single) {
    guards.push(
      `case when (select count(*) from w) <> 1 then tenantry.refuse(${literal(raised.notSingle)}, (select count(*) from w)::text) end`,
    )
  }
  const body = plan.returning ? reader.returned(plan.returning, 'w', plan.single) : `''`
  // The guards stand last: they are read by nobody, they only raise.
  return `with w as (${write} returning ${plan.returning || plan.single ? 't0.*' : '1'}) select ${[body, '(select count(*) from w)', 'null', ...guards].join(', ')}`
}

function writeOf(plan: Write, binder: Binder, reader: Reader, guards: string[]): string {
  switch (plan.kind) {
    case 'insert':
      return insertSql(plan, binder)
    case 'update':
      guards.push(...staleGuard(plan, reader))
      return updateSql(plan, binder, reader)
    case 'delete': {
      guards.push(...staleGuard(plan, reader))
      const where = whereSql(plan, reader)
      if (plan.mode === 'soft') return `update ${tableOf(plan.entity)} t0 set deleted_at = now()${where}`
      return `delete from ${tableOf(plan.entity)} t0${where}`
    }
  }
}

function insertSql({ entity, fields, rows, onConflict }: CheckedInsert, binder: Binder): string {
  const text = rows.trimStart().startsWith('{') ? `[${rows}]` : rows
  const given = binder.bind(text, 'json')
  const target = `insert into ${tableOf(entity)} as t0`
  const conflict = onConflict ? conflictSql(entity, fields, onConflict) : ''
  // Rows that give nothing still have to be as many; every table has a creation time, which the trigger sets anyway.
  if (fields.length === 0) return `${target} (created_at) select now() from json_array_elements(${given})${conflict}`
  const names = fields.map(({ name }) => identifier(name)).join(', ')
  return `${target} (${names}) select ${names} from json_to_recordset(${given}) as j(${recordType(entity, fields)})${conflict}`
}

function conflictSql(
  entity: Entity,
  given: readonly EntityField[],
  { fields, resolution }: NonNullable<CheckedInsert['onConflict']>,
): string {
  const scope = [...(entity.global ? [] : ['tenant_id']), ...(entity.instanced ? ['instance_id'] : [])]
  const isKey = fields.length === entity.key.length && fields.every(({ name }) => entity.key.includes(name))
  const columns = [...scope, ...fields.map(({ name }) => identifier(name))].join(', ')
  // Unique keys other than the primary one count only live rows.
  const live = entity.softDelete && !isKey ? ' where deleted_at is null' : ''
  const changed = given.filter(({ name }) => !fields.some(field => field.name === name))
  if (resolution === 'ignore') return ` on conflict (${columns})${live} do nothing`
  const sets = changed.length === 0 ? fields.slice(0, 1) : changed
  return ` on conflict (${columns})${live} do update set ${sets.map(({ name }) => `${identifier(name)} = excluded.${identifier(name)}`).join(', ')}`
}

function updateSql(plan: CheckedUpdate, binder: Binder, reader: Reader): string {
  const { entity, fields, patch } = plan
  if (fields.length === 0) return `update ${tableOf(entity)} t0 set updated_at = updated_at where false`
  const given = binder.bind(patch, 'json')
  const sets = fields.map(field => `${identifier(field.name)} = ${newValue(field)}`).join(', ')
  return `update ${tableOf(entity)} t0 set ${sets} from json_to_record(${given}) as j(${recordType(entity, fields)})${whereSql(plan, reader)}`
}

function newValue({ name, write }: EntityField): string {
  const value = `j.${identifier(name)}`
  if (write !== 'restore') return value
  const refusal = `tenantry.refuse(${literal(raised.refused)}, 'deleted_at can only be set to null, which restores the row')`
  return `case when ${value} is null then null else ${refusal}::timestamptz end`
}

function recordType(entity: Entity, fields: readonly EntityField[]): string {
  return fields.map(field => `${identifier(field.name)} ${valueType(entity, field)}`).join(', ')
}

function whereSql(plan: CheckedUpdate | CheckedDelete, reader: Reader): string {
  const parts = conditionsOf(plan, plan.where, reader)
  return parts.length === 0 ? '' : ` where ${parts.join(' and ')}`
}

function conditionsOf(plan: CheckedUpdate | CheckedDelete, where: CheckedCondition | null, reader: Reader): string[] {
  return [
    ...deletedConditions(plan.entity, plan.deleted, 't0'),
    ...(where
      ? [reader.condition({ entity: plan.entity, where } satisfies Pick<CheckedQuery, 'entity' | 'where'>, 't0')]
      : []),
  ]
}

/**
 * A write that names a revision and finds no row, although the row is there, was made from a stale copy (F3.2): it is
 * refused instead of silently doing nothing.
 */
function staleGuard(plan: CheckedUpdate | CheckedDelete, reader: Reader): string[] {
  if (!plan.entity.revision || !plan.where) return []
  const without = withoutRevision(plan.where)
  if (without === plan.where) return []
  const parts = conditionsOf(plan, without, reader)
  const exists = `exists (select from ${tableOf(plan.entity)} t0${parts.length === 0 ? '' : ` where ${parts.join(' and ')}`})`
  return [
    `case when not exists (select from w) and ${exists} then tenantry.refuse(${literal(raised.stale)}, ${literal(plan.entity.name)}) end`,
  ]
}

/** The condition without a demand on the revision at its top; the same object when there is none. */
function withoutRevision(condition: CheckedCondition): CheckedCondition | null {
  if (isRevisionDemand(condition)) return null
  if (condition.kind !== 'and' || condition.not) return condition
  const rest = condition.conditions.filter(inner => !isRevisionDemand(inner))
  return rest.length === condition.conditions.length ? condition : { ...condition, conditions: rest }
}

function isRevisionDemand(condition: CheckedCondition): boolean {
  return (
    condition.kind === 'compare' &&
    !condition.not &&
    condition.path.field.write === 'check' &&
    condition.test.operator === 'eq'
  )
}
