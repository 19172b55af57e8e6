import type { Condition, EntityPlan } from '../../core/plan.ts'
import type { Parameter } from './query-string.ts'

/** The same parameters where there is nothing to fill. */
export function fillParameters(parameters: readonly Parameter[], values: readonly string[]): readonly Parameter[] {
  if (!parameters.some(({ slot }) => slot !== undefined)) return parameters
  return parameters.map(({ key, value, slot }) => {
    const operator = value.slice(0, value.indexOf('.') + 1)
    return { key, value: slot === undefined ? value : operator + (values[slot] ?? '') }
  })
}

/** A plan of the same shape with these values in its slots. */
export function fillPlan(plan: EntityPlan, values: readonly string[]): EntityPlan {
  if (plan.kind === 'insert') return { ...plan, rows: givenOf(plan.slot, values, plan.rows) }
  const where = plan.where && { where: fillCondition(plan.where, values) }
  return plan.kind === 'update'
    ? { ...plan, ...where, patch: givenOf(plan.slot, values, plan.patch) }
    : { ...plan, ...where }
}

/** The plan for a row with the same fields and nothing in them. */
export function withoutRow(plan: EntityPlan): EntityPlan {
  if (plan.kind === 'insert') return { ...plan, rows: '{}' }
  return plan.kind === 'update' ? { ...plan, patch: '{}' } : plan
}

/** Slots are in the root's own conditions, all of which have to hold. */
function fillCondition(condition: Condition, values: readonly string[]): Condition {
  switch (condition.kind) {
    case 'and':
    case 'or':
      return { ...condition, conditions: condition.conditions.map(inner => fillCondition(inner, values)) }
    case 'compare':
      if (!('slot' in condition)) return condition
      return { ...condition, value: givenOf(condition.slot, values, condition.value) }
    case 'related':
      return condition
  }
}

function givenOf(slot: number | undefined, values: readonly string[], fixed: string): string {
  return slot === undefined ? fixed : (values[slot] ?? fixed)
}
