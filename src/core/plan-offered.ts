import { noSuchAction } from './call-check.ts'
import { TenantryError } from './errors.ts'
import { type Exposure, quote } from './module-set.ts'
import type { Operation } from './operations.ts'
import type { EntityPlan, Insert, Plan } from './plan.ts'

/**
 * Throws where callers of this API have no such operation, whatever their roles: `not_found` for what is not there at all, else
 * `invalid` (not_offered). Embeds are looked at when they are found.
 */
export function checkOffered(plan: Plan, { entities, actions }: Exposure): void {
  if (plan.kind === 'call') {
    const { module, name } = plan.action
    if (actions.has(plan.action)) return
    throw noSuchAction(`${module.schema}.${name}`, plan.given, undefined)
  }
  const { name } = plan.entity
  const offered = entities.get(plan.entity)
  if (!offered) throw new TenantryError('not_found', `There is no ${quote(name)} here`)
  const missing = operationsOf(plan).find(operation => !offered.has(operation))
  if (missing !== undefined) {
    throw new TenantryError('invalid', `There is no ${missing} of ${name} here`, {
      reason: 'not_offered',
      hint: `There is ${[...offered].join(', ')}`,
    })
  }
  if (plan.kind === 'read' || !plan.returning || offered.has('read')) return
  throw new TenantryError('invalid', `Rows of ${name} are not shown here`, { hint: 'Ask for no rows in the answer' })
}

function operationsOf(plan: EntityPlan): Operation[] {
  if (plan.kind === 'read') return plan.lock ? ['read', 'update'] : ['read']
  return plan.kind === 'insert' ? insertOperations(plan) : [plan.kind]
}

function insertOperations({ onConflict, put }: Insert): Operation[] {
  return put || onConflict?.resolution === 'merge' ? ['insert', 'update'] : ['insert']
}
