import type { Tenant } from '../core/catalog.ts'

/** Makes equal values one object, so that many tenants hold it together. */
function createIntern<T>(textOf: (value: T) => string): (value: T) => T {
  const known = new Map<string, T>()
  return value => {
    const text = textOf(value)
    const first = known.get(text)
    if (first !== undefined) return first
    known.set(text, value)
    return value
  }
}

/** The same tenant, holding for itself only what no other tenant has. */
export function createTenantIntern(): (tenant: Tenant) => Tenant {
  const placement = createIntern<Tenant['placement']>(JSON.stringify)
  const subscriptions = createIntern<Tenant['subscriptions']>(ids => ids.join())
  const state = createIntern<Tenant['state']>(text => text)
  return tenant => ({
    key: tenant.key,
    name: tenant.name === tenant.key ? tenant.key : tenant.name,
    state: state(tenant.state),
    placement: placement(tenant.placement),
    subscriptions: subscriptions(tenant.subscriptions),
    createdAt: tenant.createdAt,
  })
}
