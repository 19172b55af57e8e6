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

/** The plan with a slot in place of the row, which may be large and is somebody's. */
export function withoutRow(plan: EntityPlan, slot: number): EntityPlan {
  if (plan.kind === 'insert') return { ...plan, rows: '{}', slot }
  return plan.kind === 'update' ? { ...plan, patch: '{}', slot } : plan
}

/** A plan of the same shape with these values in place of its slots. */
export function fillPlan(plan: EntityPlan, values: readonly string[]): EntityPlan {
  if (plan.kind === 'insert') {
    const { slot, rows, ...rest } = plan
    return { ...rest, rows: givenOf(slot, values, rows) }
  }
  const where = plan.where && { where: fillCondition(plan.where, values) }
  if (plan.kind !== 'update') return { ...plan, ...where }
  const { slot, patch, ...rest } = plan
  return { ...rest, ...where, patch: givenOf(slot, values, patch) }
}

/** Slots are in the root's own conditions, all of which have to hold. */
function fillCondition(condition: Condition, values: readonly string[]): Condition {
  switch (condition.kind) {
    case 'and':
    case 'or':
      return { ...condition, conditions: condition.conditions.map(inner => fillCondition(inner, values)) }
    case 'compare': {
      if (!('slot' in condition)) return condition
      const { kind, path, not, operator, slot, value } = condition
      return { kind, path, not, operator, value: givenOf(slot, values, value) }
    }
    case 'related':
      return condition
  }
}

function givenOf(slot: number | undefined, values: readonly string[], fixed: string): string {
  return slot === undefined ? fixed : (values[slot] ?? fixed)
}
