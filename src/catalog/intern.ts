import type { Tenant } from '../core/catalog.ts'
import { type Editions, type Features, featuresOf } from '../core/features.ts'

/** The tenants' features, one object for all that have the same edition and flags. */
export function createFeatures(editions: Editions): (tenant: Tenant) => Features {
  const known = new Map<string, Features>()
  return ({ edition, flags }) => {
    const text = `${edition ?? ''} ${flags.join()}`
    const found = known.get(text)
    if (found) return found
    const features = featuresOf({ edition, flags }, editions)
    known.set(text, features)
    return features
  }
}

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
  const word = createIntern<string>(text => text)
  const flags = createIntern<Tenant['flags']>(names => names.join())
  return tenant => ({
    key: tenant.key,
    name: tenant.name === tenant.key ? tenant.key : tenant.name,
    state: state(tenant.state),
    placement: placement(tenant.placement),
    subscriptions: subscriptions(tenant.subscriptions),
    edition: tenant.edition === null ? null : word(tenant.edition),
    cohort: tenant.cohort === null ? null : word(tenant.cohort),
    flags: flags(tenant.flags),
    createdAt: tenant.createdAt,
  })
}
