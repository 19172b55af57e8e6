import type { CheckedCondition, CheckedPlan } from '../../../core/checked-plan.ts'
import type { Entity } from '../../../core/module-set.ts'
import { elementType } from './types.ts'
import { Binder } from './writer.ts'

/** Types of keys that are found in their index as what they are: nothing is made of them first, which row security may forbid. */
const keyTypes: ReadonlySet<string> = new Set(['uuid', 'text', 'integer', 'bigint'])

/** True when the plan reads the row of one key, and nothing with it. */
export function isLookup(plan: CheckedPlan): boolean {
  if (plan.kind !== 'read' || plan.keyset || plan.lock) return false
  const { entity, where, embeds, grouped, order, paged } = plan.query
  if (entity.view || entity.sharing || embeds.length > 0 || grouped || order.length > 0 || paged) return false
  const named = where?.kind === 'and' && !where.not ? where.conditions : where ? [where] : []
  const fields = named.map(condition => keyField(condition, entity))
  return fields.length === entity.key.length && entity.key.every(name => fields.includes(name))
}

/** The field of the key that must be as it is given. */
function keyField(condition: CheckedCondition, entity: Entity): string | undefined {
  if (condition.kind !== 'compare' || condition.not || condition.test.operator !== 'eq') return undefined
  const { field, json } = condition.path
  const isGiven = 'value' in condition.test && json.length === 0 && keyTypes.has(elementType(entity, field))
  return isGiven ? field.name : undefined
}

/**
 * The same statement for several keys: `text` makes it with a binder, and of all values that it binds each key has its own. One statement
 * of many keys costs the server a fraction of as many statements. Each row of the answer has the number of its key at its end, from 1.
 */
export function lookupSql(types: readonly string[], text: (binder: Binder) => string): string {
  const binder = new Binder(number => `given.value${number}`)
  const one = text(binder)
  const names = types.map((_, index) => `value${index + 1}`)
  // PostgreSQL must not look into the arrays: of few elements it would hope for a better plan each time, and make one.
  const values = types.map((type, index) => `(select $${index + 1}::${type}[])`)
  return `select found.*, given.number from unnest(${values.join(', ')}) with ordinality given(${names.join(', ')}, number) cross join lateral (${one}) found`
}
