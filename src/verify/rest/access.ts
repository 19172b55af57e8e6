import type { Entity } from '../../core/module-set.ts'
import type { Attack, AttackPlan } from '../attack.ts'
import { changeOf, newRow, refusals, representation, spare } from './new-row.ts'
import { type About, addressOf, keyFilters, refused } from './parts.ts'

/** As the definition says; said once more here, so that a mistake in how access is decided shows. */
export function mayRead({ attacker }: AttackPlan, entity: Entity): boolean {
  return (entity.access.get(attacker.role) ?? 'none').startsWith('tenant_')
}

function mayWrite(plan: AttackPlan, entity: Entity): boolean {
  const granted = entity.access.get(plan.attacker.role) ?? 'none'
  return mayRead(plan, entity) && granted.endsWith('writer') && !entity.global
}

/** What no role of the attacker allows. */
export function* roleAttacks(plan: AttackPlan, entity: Entity): Generator<Attack> {
  const { scratch } = plan
  const reads = mayRead(plan, entity)
  const writes = mayWrite(plan, entity)
  const about = (operation: string): About => ({ class: 'roles', target: entity.id, operation })
  const path = addressOf(scratch.own.tenant, entity)
  const first = addressOf(scratch.own.tenant, entity, keyFilters(plan, entity, 1))
  const body = newRow(plan, entity, spare) ?? {}
  if (!reads)
    for (const at of [path, first, `/${scratch.own.tenant}/rest/v1/${entity.name}`]) {
      yield refused(about('read'), { path: at, headers: { 'accept-profile': entity.module.id } }, refusals)
      yield refused(
        about('head'),
        { path: at, method: 'HEAD', headers: { 'accept-profile': entity.module.id } },
        refusals,
      )
    }
  if (!writes) {
    yield refused(about('insert'), { path, body, headers: representation }, refusals)
    yield refused(about('upsert'), { path, body, headers: { prefer: 'resolution=merge-duplicates' } }, refusals)
    yield refused(about('update'), { method: 'PATCH', path: first, body: changeOf(plan, entity) }, refusals)
    yield refused(about('delete'), { method: 'DELETE', path: first }, refusals)
  }
}
