import type {
  CheckedCondition,
  CheckedDelete,
  CheckedInsert,
  CheckedQuery,
  CheckedUpdate,
} from '../../../core/checked-plan.ts'
import type { Precondition } from '../../../core/plan.ts'
import { deletedConditions, tableOf } from './join.ts'
import { raised } from './raised.ts'
import type { Reader } from './read.ts'
import { ownTenant } from './sharing.ts'
import { arrayLiteral, type Binder, literal } from './writer.ts'

export type Write = CheckedInsert | CheckedUpdate | CheckedDelete

/** What a merging insert says of each row; no field can be called so. */
export const inserted = '"inserted?"'

const rows = '(select count(*) from w)'

/** What makes a write refuse itself once it knows its rows, which it calls `w`. */
export function guardsOf(plan: Write, binder: Binder, reader: Reader): string[] {
  const refuse = (code: string, condition: string, number = rows) =>
    `case when ${condition} then tenantry.refuse(${literal(code)}, ${number}::text) end`
  const notSingle = () => {
    const shown = reader.returnedCount(plan.returning, 'w')
    return refuse(raised.notSingle, `${shown} <> 1`, shown)
  }
  const tooMany = (limit: number) => `${rows} > ${binder.bind(String(limit), 'bigint')}`
  return [
    ...(plan.precondition ? preconditionGuards(plan, plan.precondition, binder, reader) : []),
    ...(plan.kind === 'insert' ? [] : staleGuard(plan, reader)),
    ...(plan.kind === 'insert' && plan.put ? [refuse(raised.notPut, `${rows} <> 1`)] : []),
    ...(plan.kind === 'insert' || plan.maxAffected === null ? [] : [refuse(raised.tooMany, tooMany(plan.maxAffected))]),
    ...(plan.single ? [notSingle()] : []),
  ]
}

/** ` where …` for the rows that a write changes, or nothing. */
export function whereSql(plan: CheckedUpdate | CheckedDelete, binder: Binder, reader: Reader): string {
  const parts = [
    ...conditionsOf(plan, plan.where, reader),
    ...revisionConditions(plan, binder),
    ...reader.foundKeys(plan, 't0'),
  ]
  return parts.length === 0 ? '' : ` where ${parts.join(' and ')}`
}

/** A row in another revision than the precondition names is not written; the guard then misses it. */
export function revisionConditions({ precondition }: Write, binder: Binder): string[] {
  if (precondition?.kind !== 'present' || !precondition.revisions) return []
  return [`t0.revision = any (${binder.bind(arrayLiteral(precondition.revisions.map(String)), 'integer[]')})`]
}

/**
 * Exactly one row must have been written, and none besides it be meant: filters that name a whole key still meet several
 * rows for whoever sees several instances or tenants.
 */
function preconditionGuards(plan: Write, { kind }: Precondition, binder: Binder, reader: Reader): string[] {
  const refuse = (condition: string) =>
    `case when ${condition} then tenantry.refuse(${literal(raised.precondition)}, ${literal(kind)}) end`
  if (plan.kind === 'insert') {
    return [refuse(`${rows} = 0${kind === 'present' ? ` or exists (select from w where ${inserted})` : ''}`)]
  }
  const found = (...more: string[]) => {
    const parts = [...conditionsOf(plan, plan.where, reader), ...more]
    return `(select count(*) from ${tableOf(plan.entity)} t0${parts.length === 0 ? '' : ` where ${parts.join(' and ')}`})`
  }
  // A patch of nothing writes no row, and still has to find it.
  const written =
    plan.kind === 'update' && plan.fields.length + plan.kept.length === 0
      ? found(...revisionConditions(plan, binder))
      : rows
  return [refuse(`${written} <> 1 or ${found()} > 1`)]
}

function conditionsOf(plan: CheckedUpdate | CheckedDelete, where: CheckedCondition | null, reader: Reader): string[] {
  return [
    ...deletedConditions(plan.entity, plan.deleted, 't0'),
    ...ownTenant(plan.entity, 't0'),
    ...reader.narrowed(plan.entity, 'write', 't0'),
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
