import type { Archive } from '../archive/export.ts'
import type { Catalog } from '../catalog/catalog.ts'
import { TenantryError } from '../core/errors.ts'
import type { ModuleId } from '../core/module.ts'
import { type ModuleSet, quote } from '../core/module-set.ts'
import type { TenantKey } from '../core/tenant.ts'
import {
  resolveRollback,
  resolveUpgrade,
  type UpgradePair,
  type UpgradePlan,
  type UpgradeRecord,
  type UpgradeStore,
} from '../core/upgrade-plan.ts'

/** What operators do to take tenants from one major of a module to the next. */
export interface Upgrades {
  /** What `upgradeTenant` would do. Throws as it does. */
  planUpgrade(key: TenantKey, module: string): Promise<UpgradePlan>
  /**
   * Carries the tenant's rows over to a new major, with every module that depends on it, in one transaction. The old rows stay
   * as they are. Throws `conflict` when something would be lost, `unavailable` while writes do not end.
   */
  upgradeTenant(key: TenantKey, module: string): Promise<UpgradeRecord>
  /** Back to the old major, with what was written meanwhile. Throws `not_found` when no upgrade to it is open. */
  rollbackUpgrade(key: TenantKey, module: string): Promise<UpgradeRecord>
  /**
   * Archives the old rows, verifies the archive, then removes them: there is no way back any more. Throws `conflict` when rows
   * that stay name them; then nothing is changed, and there is no archive.
   */
  confirmUpgrade(key: TenantKey, module: string): Promise<UpgradeRecord & { readonly archive: string }>
  /** The newest first. */
  listUpgrades(filter?: {
    readonly tenant?: TenantKey
    readonly state?: UpgradeRecord['state']
  }): Promise<readonly UpgradeRecord[]>
}

export interface UpgradesDeps {
  readonly catalog: Pick<Catalog, 'refresh' | 'find'>
  readonly modules: ModuleSet
  readonly store: UpgradeStore
  readonly archives: { readonly archive: Archive; readonly folder: string }
}

export function createUpgrades({ catalog, modules, store, archives }: UpgradesDeps): Upgrades {
  const getTenant = async (key: TenantKey) => {
    await catalog.refresh()
    const entry = catalog.find(key)
    if (entry) return entry.tenant
    throw new TenantryError('not_found', `There is no tenant ${quote(key)}`, { hint: 'See: tenantry tenant list' })
  }
  const getOpen = async (key: TenantKey, module: string): Promise<UpgradeRecord> => {
    await getTenant(key)
    const { id } = modules.get(module)
    const open = await store.list({ tenant: key, state: 'upgraded' })
    const found = open.find(({ pairs }) => pairs.some(({ to }) => to === id))
    if (found) return found
    throw new TenantryError('not_found', `${key} has no open upgrade to ${id}`, { hint: 'See: tenantry upgrade list' })
  }
  const planUpgrade = async (key: TenantKey, module: string) => resolveUpgrade(await getTenant(key), module, modules)
  const done = async (record: UpgradeRecord) => {
    await catalog.refresh()
    return record
  }

  return {
    planUpgrade,
    upgradeTenant: async (key, module) => done(await store.upgrade(await planUpgrade(key, module))),
    async rollbackUpgrade(key, module) {
      const { id, pairs } = await getOpen(key, module)
      return done(await store.rollback(id, resolveRollback(await getTenant(key), pairs, modules)))
    },
    async confirmUpgrade(key, module) {
      const { id, pairs } = await getOpen(key, module)
      const { folder } = await archives.archive.exportTenant({
        tenant: key,
        modules: pairs.map(({ from }) => modules.get(from)),
        folder: archives.folder,
      })
      await archives.archive.verifyArchive(folder)
      try {
        return { ...(await store.confirm(id)), archive: folder }
      } catch (error) {
        // After other errors it may have been done all the same. What is refused matters more than what is left of its archive.
        const isRefused = error instanceof TenantryError && error.code === 'conflict'
        if (isRefused) await archives.archive.discardArchive(folder).catch(() => {})
        throw error
      }
    },
    listUpgrades: (filter = {}) => store.list(filter),
  }
}

/** Throws `conflict` for a module whose rows an upgrade of the tenant goes back to. */
export async function refuseFrozen(store: UpgradeStore, key: TenantKey, order: readonly ModuleId[]): Promise<void> {
  const open = await store.list({ tenant: key, state: 'upgraded' })
  const pair = open.flatMap(({ pairs }) => pairs).find(({ from }) => order.includes(from))
  if (pair) throw unconfirmed(key, pair)
}

/** Before the tenant's rows in these modules are written again. Throws as `refuseFrozen` does. */
export async function thaw(store: UpgradeStore, key: TenantKey, order: readonly ModuleId[]): Promise<void> {
  await refuseFrozen(store, key, order)
  const moves = await store.list({ tenant: key })
  const left = order.filter(id => moves.some(({ pairs }) => pairs.some(({ from, to }) => from === id || to === id)))
  if (left.length > 0) await store.thaw(key, left)
}

function unconfirmed(key: TenantKey, pair: UpgradePair): TenantryError {
  return new TenantryError('conflict', `${key} was upgraded from ${pair.from} to ${pair.to}, which is not confirmed`, {
    hint: 'Confirm the upgrade or roll it back first',
  })
}
