import type { SlotValue } from './datasource.ts'
import { TenantryError } from './errors.ts'
import type { Call, EntityPlan, Plan, Query, Selection } from './plan.ts'
import type { Comparison, Condition } from './plan-condition.ts'

/** A plan of the same shape with these values in its slots. */
export function fillPlan(plan: EntityPlan, values: readonly SlotValue[]): EntityPlan {
  const filled = changePlan(plan, comparison => fillComparison(comparison, values))
  if (filled.kind === 'insert') return { ...filled, rows: textOf(filled.slot, values, filled.rows) }
  return filled.kind === 'update' ? { ...filled, patch: textOf(filled.slot, values, filled.patch) } : filled
}

/** The same of a call. */
export function fillCall(plan: Call, values: readonly SlotValue[]): Call {
  const filled = changeQuery(plan, comparison => fillComparison(comparison, values))
  return { ...plan, ...filled, input: textOf(plan.slot, values, plan.input) }
}

/** The slots that a plan's comparisons have, wherever in it they stand. */
export function slotsOf(plan: Plan): ReadonlySet<number> {
  const slots = new Set<number>()
  const note: Change = comparison => {
    if (comparison.operator !== 'is' && comparison.slot !== undefined) slots.add(comparison.slot)
    return comparison
  }
  if (plan.kind === 'call') changeQuery(plan, note)
  else changePlan(plan, note)
  return slots
}

/** The plan with a slot in place of the row, which may be large and is somebody's. */
export function withoutRow(plan: EntityPlan, slot: number): EntityPlan {
  if (plan.kind === 'insert') return { ...plan, rows: '{}', slot }
  return plan.kind === 'update' ? { ...plan, patch: '{}', slot } : plan
}

type Change = (comparison: Comparison) => Comparison

function changePlan(plan: EntityPlan, change: Change): EntityPlan {
  if (plan.kind === 'read') return { ...plan, ...changeQuery(plan, change) }
  const returning = plan.returning && { returning: changeSelections(plan.returning, change) }
  if (plan.kind === 'insert') return { ...plan, ...returning }
  return { ...plan, ...returning, ...(plan.where && { where: changeCondition(plan.where, change) }) }
}

function changeQuery({ select, where }: Query, change: Change): Pick<Query, 'select' | 'where'> {
  return { select: changeSelections(select, change), ...(where && { where: changeCondition(where, change) }) }
}

function changeSelections(select: readonly Selection[], change: Change): readonly Selection[] {
  if (!select.some(({ kind }) => kind === 'embed')) return select
  return select.map(selection =>
    selection.kind === 'embed'
      ? { ...selection, query: { ...selection.query, ...changeQuery(selection.query, change) } }
      : selection,
  )
}

function changeCondition(condition: Condition, change: Change): Condition {
  switch (condition.kind) {
    case 'and':
    case 'or':
      return { ...condition, conditions: condition.conditions.map(inner => changeCondition(inner, change)) }
    case 'compare':
      return change(condition)
    case 'related':
      return condition
  }
}

function fillComparison(comparison: Comparison, values: readonly SlotValue[]): Comparison {
  if (comparison.operator === 'is' || comparison.slot === undefined) return comparison
  if ('values' in comparison) return { ...comparison, values: listOf(comparison.slot, values) }
  return { ...comparison, value: textOf(comparison.slot, values, comparison.value) }
}

function textOf(slot: number | undefined, values: readonly SlotValue[], fixed: string): string {
  if (slot === undefined) return fixed
  const value = values[slot]
  return typeof value === 'string' ? value : missing()
}

function listOf(slot: number, values: readonly SlotValue[]): readonly string[] {
  const value = values[slot]
  return value === undefined || typeof value === 'string' ? missing() : value
}

/** What stands there is somebody else's. */
function missing(): never {
  throw new TenantryError('internal', 'A slot of a plan has no value of its kind')
}
