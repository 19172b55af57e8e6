import type { CatalogEntry, CatalogStore, Tenant, TenantChange } from '../core/catalog.ts'
import { TenantryError } from '../core/errors.ts'
import type { Editions } from '../core/features.ts'
import { type ModuleSet, quote } from '../core/module-set.ts'
import { sharedPlacement } from '../core/placement.ts'
import {
  parseNewTenantKey,
  resolveTransition,
  systemTenant,
  type TenantKey,
  type TenantTransition,
} from '../core/tenant.ts'
import { createFollower } from './follower.ts'
import { createFeatures, createTenantIntern } from './intern.ts'
import { resolveSubscribe, resolveUnsubscribe, type SubscribePlan, type UnsubscribePlan } from './subscription.ts'
import { parseTraits, type TraitsPatch } from './traits.ts'

/**
 * All tenants, in memory and as the store has them. What was changed here can be found here as soon as the change
 * resolves; what another node changed, a moment later. Changes throw `not_found` for an unknown tenant and `conflict` when
 * its state does not allow them; asking again for what is so changes nothing and is no error.
 */
export interface Catalog {
  /** Undefined for a tenant that does not exist or was removed. */
  find(key: TenantKey): CatalogEntry | undefined
  /** All but the removed, sorted by key. */
  list(): readonly Tenant[]
  /** A tenant that is `provisioning`. Throws `invalid` for a key or name that cannot be, `conflict` for a key ever taken. */
  create(tenant: { key: string; name?: string }): Promise<Tenant>
  /** It has what it needs: `provisioning` becomes `active`. */
  activate(key: TenantKey): Promise<Tenant>
  suspend(key: TenantKey): Promise<Tenant>
  resume(key: TenantKey): Promise<Tenant>
  /** Begins the removal: the tenant is `removing`. */
  remove(key: TenantKey): Promise<Tenant>
  /** Ends the removal: the tenant is `removed`, its key stays taken. */
  forget(key: TenantKey): Promise<Tenant>
  /** Its name, edition, cohort and flags; what is left out stays. Throws `invalid` for an edition that the product has not. */
  setTraits(key: TenantKey, patch: TraitsPatch): Promise<Tenant>
  /** What `subscribe` would do. */
  planSubscribe(key: TenantKey, moduleId: string): Promise<SubscribePlan>
  subscribe(key: TenantKey, moduleId: string): Promise<SubscribePlan & { readonly change: TenantChange }>
  /** Refused with `conflict` while another subscription needs the module. The data stays. */
  unsubscribe(key: TenantKey, moduleId: string): Promise<UnsubscribePlan & { readonly change: TenantChange }>
  /** Resolves when all that was changed before, by anybody, can be found here. */
  refresh(): Promise<void>
  close(): Promise<void>
}

type HeldEntry = CatalogEntry & TenantChange

/** How often a change is tried anew when others change the same tenant meanwhile; each time one of them succeeds. */
const tries = 100

/**
 * Reads all tenants and follows their changes. `onChange` is called for each tenant that changed after that, here or on
 * another node; `onError` when the store could not be read (it is tried again) or `onChange` threw.
 */
export async function createCatalog(deps: {
  store: CatalogStore
  modules: ModuleSet
  editions?: Editions
  onChange?: (tenant: Tenant) => void
  onError?: (error: unknown) => void
}): Promise<Catalog> {
  const { store, modules, editions = {}, onError = () => undefined } = deps
  const entries = new Map<TenantKey, HeldEntry>()
  const intern = createTenantIntern()
  const features = createFeatures(editions)
  let onChange: (tenant: Tenant) => void = () => undefined
  let readUpTo = 0

  /** News of one tenant may come twice and out of order: an older version never replaces a newer one. */
  function apply({ version, tenant }: TenantChange): Tenant {
    const held = entries.get(tenant.key)
    if (held && held.version >= version) return tenant
    const interned = intern(tenant)
    entries.set(interned.key, {
      version,
      tenant: interned,
      exposure: modules.expose(interned.subscriptions),
      features: features(interned),
    })
    try {
      onChange(interned)
    } catch (error) {
      onError(error)
    }
    return interned
  }

  const follower = createFollower(async () => {
    for (const change of await store.changes(readUpTo)) {
      apply(change)
      // Only reading moves the mark: below a change of our own there may be others' that we have not read yet.
      readUpTo = Math.max(readUpTo, change.version)
    }
  }, onError)

  function getHeld(key: TenantKey): HeldEntry {
    const held = entries.get(key)
    if (held) return held
    throw new TenantryError('not_found', `There is no tenant ${quote(key)}`, { hint: 'Look at the list of tenants' })
  }

  /** Decides on what the store has now, and again when another change came between deciding and writing. */
  async function change<T>(
    key: TenantKey,
    attempt: (held: HeldEntry) => Promise<{ change: TenantChange | undefined; result: T }>,
  ): Promise<{ change: TenantChange; result: T }> {
    for (let left = tries; left > 0; left--) {
      await follower.refresh()
      const { change, result } = await attempt(getHeld(key))
      if (change) return { change: { version: change.version, tenant: apply(change) }, result }
    }
    throw new TenantryError('unavailable', 'The tenant is being changed by others', {
      hint: 'Try again in a moment',
      retryAfter: 1,
    })
  }

  async function transition(key: TenantKey, wanted: TenantTransition): Promise<Tenant> {
    const { change: done } = await change(key, async held => {
      const { state } = held.tenant
      if (key === systemTenant && !['activate', 'resume'].includes(wanted)) throw protectedTenant(wanted)
      const to = resolveTransition(state, wanted)
      return { change: to === state ? held : await store.setState(key, [state], to), result: undefined }
    })
    return done.tenant
  }

  async function changeSubscriptions<P extends SubscribePlan | UnsubscribePlan>(
    key: TenantKey,
    moduleId: string,
    resolve: (tenant: Tenant, moduleId: string, modules: ModuleSet) => P,
  ): Promise<P & { readonly change: TenantChange }> {
    const done = await change(key, async held => {
      const from = held.tenant.subscriptions
      const plan = resolve(held.tenant, moduleId, modules)
      const same = plan.subscriptions.join() === from.join()
      return { change: same ? held : await store.setSubscriptions(key, from, plan.subscriptions), result: plan }
    })
    return { ...done.result, change: done.change }
  }

  // Listening begins before reading: what changes in between is read once more instead of missed.
  const watch = await store.watch(follower.notify)
  try {
    await follower.refresh()
  } catch (error) {
    await Promise.allSettled([watch.close(), follower.close()])
    throw error
  }
  onChange = deps.onChange ?? onChange

  return {
    find(key) {
      const held = entries.get(key)
      return held?.tenant.state === 'removed' ? undefined : held
    },
    list() {
      const tenants = [...entries.values()].map(({ tenant }) => tenant).filter(({ state }) => state !== 'removed')
      return tenants.sort((a, b) => (a.key < b.key ? -1 : 1))
    },
    async create({ key, name }) {
      const parsed = parseNewTenantKey(key)
      const named = parseName(name ?? parsed)
      return apply(await store.create({ key: parsed, name: named, placement: sharedPlacement, state: 'provisioning' }))
    },
    activate: key => transition(key, 'activate'),
    suspend: key => transition(key, 'suspend'),
    resume: key => transition(key, 'resume'),
    remove: key => transition(key, 'remove'),
    forget: key => transition(key, 'forget'),
    async setTraits(key, patch) {
      const { change: done } = await change(key, async held => {
        const { name, ...traits } = parseTraits(held.tenant, patch, editions)
        const set = await store.setTraits(key, held.version, {
          ...traits,
          name: name === undefined ? held.tenant.name : parseName(name),
        })
        return { change: set, result: undefined }
      })
      return done.tenant
    },
    async planSubscribe(key, moduleId) {
      await follower.refresh()
      return resolveSubscribe(getHeld(key).tenant, moduleId, modules)
    },
    subscribe: (key, moduleId) => changeSubscriptions(key, moduleId, resolveSubscribe),
    unsubscribe: (key, moduleId) => changeSubscriptions(key, moduleId, resolveUnsubscribe),
    refresh: () => follower.refresh(),
    async close() {
      await watch.close()
      await follower.close()
    },
  }
}

function protectedTenant(wanted: TenantTransition): TenantryError {
  return new TenantryError('conflict', `The system tenant cannot ${wanted}`, {
    hint: 'The platform itself lives in it',
  })
}

function parseName(text: string): string {
  const name = text.trim()
  if (/^\P{Cc}{1,200}$/u.test(name) && name.isWellFormed()) return name
  throw new TenantryError('invalid', 'That is not a name for a tenant', {
    hint: 'A name has 1 to 200 characters, none of them a control character',
  })
}
