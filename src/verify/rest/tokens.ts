import type { Entity } from '../../core/module-set.ts'
import type { Attack, AttackPlan } from '../attack.ts'
import { type About, addressOf, keyFilters, refused, twins, withQuery } from './parts.ts'

/** The token decides the tenant: other tenants' addresses, tokens of others and forged ones. */
export function* tokenAttacks(plan: AttackPlan, entity: Entity): Generator<Attack> {
  const { scratch, attacker } = plan
  const { own, other, nobody, forged } = scratch
  const about = (operation: string): About => ({ class: 'tokens', target: entity.id, operation })
  const names: readonly [string, string] = [other.tenant, nobody]
  const row = { tenant: other.tenant }
  for (const [operation, request] of [
    ['read', {}],
    ['head', { method: 'HEAD' }],
    ['insert', { body: row }],
    ['update', { method: 'PATCH', body: row }],
    ['delete', { method: 'DELETE' }],
  ] as const) {
    // A key that only scratch tenants have: where a hole is, it is nobody else's row.
    const filters = keyFilters(plan, entity, 1)
    yield twins(about(operation), {
      names,
      ask: tenant => ({ ...request, path: addressOf(tenant, entity, filters) }),
    })
    yield twins(about(operation), {
      names,
      ask: tenant => ({ ...request, path: withQuery(`/${tenant}/rest/v1/${entity.name}`, filters) }),
    })
    yield twins(about(operation), {
      names,
      ask: tenant => ({
        ...{ ...request, path: addressOf(own.tenant, entity, filters), headers: { 'x-tenant': tenant } },
      }),
    })
    const counterpart = scratch.counterparts.get(attacker.name)
    if (counterpart?.token !== undefined)
      yield twins(about(operation), {
        names: [own.tenant, nobody],
        ask: tenant => ({ ...request, path: addressOf(tenant, entity, filters), asOther: counterpart }),
      })
  }
  // They are nobody's: for which attacker they are tried makes no difference.
  if (attacker !== scratch.attackers[0]) return
  for (const [, token] of forged)
    for (const tenant of [own.tenant, other.tenant])
      yield refused(about('read'), { path: addressOf(tenant, entity, { limit: '1' }), token }, [401])
}

/** The platform's own addresses. */
export function* platformAttacks({ scratch: { other } }: AttackPlan): Generator<Attack> {
  const about: About = { class: 'tokens', target: '-', operation: 'platform' }
  const at = `/-/tenants/${other.tenant}`
  for (const path of ['/-/tenants', at, `${at}/subscriptions`, '/-/audit', `/-/audit?tenant=${other.tenant}`])
    yield refused(about, { path }, [401, 403])
  for (const path of [`${at}/suspend`, `${at}/resume`]) yield refused(about, { path, method: 'POST' }, [401, 403])
  yield refused(about, { path: `${at}/subscriptions`, body: { module: 'none@1' } }, [401, 403])
  yield refused(about, { path: at, method: 'DELETE' }, [401, 403])
}
