import type { Archive } from '../archive/export.ts'
import type { Catalog } from '../catalog/catalog.ts'
import type { TraitsPatch } from '../catalog/traits.ts'
import type { Tenant } from '../core/catalog.ts'
import type { Datasource } from '../core/datasource.ts'
import { TenantryError } from '../core/errors.ts'
import { type Features, noFeatures } from '../core/features.ts'
import type { GroupStore } from '../core/groups.ts'
import type { Seed } from '../core/module.ts'
import { type Entity, type Module, type ModuleSet, quote } from '../core/module-set.ts'
import type { DeseedReport, LeftOut, SeedReport, SeedWish } from '../core/seeds.ts'
import { systemTenant, type TenantKey } from '../core/tenant.ts'
import type { TenantContext } from '../core/tenant-context.ts'
import { TenantData } from '../core/tenant-data.ts'
import type { TenantRows } from '../core/tenant-rows.ts'
import type { UpgradeStore } from '../core/upgrade-plan.ts'
import type { Identity } from '../identity/identity.ts'
import { createGroupOperations, type GroupOperations } from './group-operations.ts'
import { forgetSeeds } from './seeding/markers.ts'
import { removeTemporary, seedModules } from './seeding/seed-tenant.ts'
import { createUpgrades, refuseFrozen, thaw, type Upgrades } from './upgrades.ts'

export interface OperationsDeps {
  readonly catalog: Catalog
  readonly identity: Identity
  readonly modules: ModuleSet
  readonly store: {
    readonly datasource: Datasource
    readonly rows: TenantRows
    readonly archive: Archive
    readonly groups: GroupStore
    readonly upgrades: UpgradeStore
    readonly removeKeys: (tenant: TenantKey) => Promise<void>
    /** Where archives are written. */
    readonly folder: string
  }
}

export interface TenantWish {
  readonly key: string
  readonly name?: string
  readonly edition?: string
  readonly cohort?: string
  /** Flags that are on for it, beside those of its edition. */
  readonly flags?: readonly string[]
  /** Modules to run from the start. */
  readonly subscribe?: readonly string[]
  /** Rows to begin with. */
  readonly rows?: readonly Seed[]
}

export interface Subscribed {
  /** Modules in the order in which they run, dependencies first. */
  readonly order: readonly string[]
  /** Those of them that newly run. */
  readonly added: readonly string[]
  readonly subscriptions: readonly string[]
  /** Seeds that were not added; absent where there are none. */
  readonly leftOut?: readonly LeftOut[]
}

export interface Removed {
  readonly tenant: TenantKey
  /** The folder of the archive. */
  readonly archive: string
  /** How many rows of each entity were archived and removed. */
  readonly rows: Readonly<Record<string, number>>
}

export interface TokenWish {
  readonly tenant: TenantKey
  readonly roles: readonly string[]
  readonly subject?: string
  readonly instance?: string
  /** Seconds; default one day. */
  readonly expiresIn?: number
}

/** What operators do to tenants: the same acts and rules from the command line and over HTTP. */
export interface Operations extends Upgrades, GroupOperations {
  /**
   * Makes a tenant ready to use; one whose making was interrupted is finished. Throws `invalid` for a key that cannot be,
   * `conflict` for one that was ever taken.
   */
  addTenant(wish: TenantWish): Promise<Tenant>
  listTenants(): readonly Tenant[]
  /** Throws `not_found`. */
  showTenant(key: TenantKey): Tenant
  /** Its name, edition, cohort and flags; what is left out stays. */
  setTenant(key: TenantKey, patch: TraitsPatch): Promise<Tenant>
  suspendTenant(key: TenantKey): Promise<Tenant>
  resumeTenant(key: TenantKey): Promise<Tenant>
  /** Archives all rows of a tenant, verifies the archive, then removes rows and keys. May be repeated after a failure. */
  removeTenant(key: TenantKey): Promise<Removed>
  planSubscribe(key: TenantKey, module: string): Promise<Subscribed>
  /** Lets the tenant run a module and what it depends on; adds the seeds that are missing. */
  subscribe(key: TenantKey, module: string): Promise<Subscribed>
  /** The rows stay. Throws `conflict` while another subscription needs the module. */
  unsubscribe(
    key: TenantKey,
    module: string,
  ): Promise<{ readonly removed: readonly string[]; readonly subscriptions: readonly string[] }>
  /**
   * Adds the seeds that are missing, of the modules that run for the tenant or of one of them. Rows of the tenant's own stay as they
   * are. Throws `invalid` with every seed that is refused, and then adds none.
   */
  seedTenant(key: TenantKey, wish: SeedWish): Promise<SeedReport>
  /** Removes the temporary seeds, also of modules that run no longer. Throws `conflict` when the tenant's own rows name them. */
  deseedTenant(key: TenantKey, wish: Pick<SeedWish, 'module' | 'dryRun'>): Promise<DeseedReport>
  /**
   * Archives a tenant's rows of a module that it runs no more, verifies the archive, then removes them. Throws `conflict` while it
   * runs the module, while an upgrade keeps the rows, and while rows of others name them.
   */
  purgeModule(key: TenantKey, module: string): Promise<Removed>
  /** Adds rows that are missing, as the platform. */
  addRows(key: TenantKey, seeds: readonly Seed[]): Promise<void>
  issueToken(wish: TokenWish): Promise<string>
}

const oneDay = 86_400

export function createOperations({ catalog, identity, modules, store }: OperationsDeps): Operations {
  const getTenant = (key: TenantKey): Tenant => {
    const entry = catalog.find(key)
    if (entry) return entry.tenant
    throw new TenantryError('not_found', `There is no tenant ${quote(key)}`, { hint: 'See: tenantry tenant list' })
  }

  const dataOf = (key: TenantKey): TenantData =>
    new TenantData(platformContext(key, modules, catalog.find(key)?.features), modules, store.datasource)

  const addRows = async (key: TenantKey, seeds: readonly Seed[]): Promise<void> => {
    if (seeds.length === 0) return
    await dataOf(key).transaction(async inside => {
      for (const { entity, rows } of seeds) {
        await inside.insertMissing(entity, rows as never).catch(error => {
          throw seedError(entity.name, error)
        })
      }
    })
  }

  const archiveAndPurge = async (
    tenant: TenantKey,
    archived: readonly Module[],
    entities: readonly Entity[],
  ): Promise<Removed> => {
    const { folder, manifest } = await store.archive.exportTenant({ tenant, modules: archived, folder: store.folder })
    await store.archive.verifyArchive(folder)
    const purged = await store.rows.purge(tenant, entities, ({ id }) => manifest.entities[id]?.rows ?? 0)
    return {
      tenant,
      archive: folder,
      rows: Object.fromEntries([...purged].map(([entity, count]) => [entity.id, count])),
    }
  }

  const subscribe = async (key: TenantKey, module: string): Promise<Subscribed> => {
    await thaw(store.upgrades, key, (await catalog.planSubscribe(key, module)).order)
    const { order, added, subscriptions } = await catalog.subscribe(key, module)
    // All of them, not only the added: seeds that an interrupted run left out are missing still.
    const seedable = order.map(id => modules.get(id))
    const { leftOut } = await seedModules(dataOf(key), seedable, {})
    return { order, added, subscriptions, ...(leftOut.length > 0 && { leftOut }) }
  }

  const seedTenant = async (key: TenantKey, wish: SeedWish): Promise<SeedReport> => {
    const { subscriptions } = getSeedable(key)
    const running = modules.expose(subscriptions).running
    const module = wish.module === undefined ? undefined : modules.get(wish.module)
    if (module && !running.includes(module)) {
      throw new TenantryError('conflict', `${module.id} does not run for ${key}`, {
        hint: `Say: tenantry subscribe ${key} ${module.id}`,
      })
    }
    const chosen = module ? [module] : running
    await refuseFrozen(
      store.upgrades,
      key,
      chosen.map(({ id }) => id),
    )
    return { tenant: key, dryRun: wish.dryRun ?? false, ...(await seedModules(dataOf(key), chosen, wish)) }
  }

  const getSeedable = (key: TenantKey): Tenant => {
    const tenant = getTenant(key)
    if (tenant.state !== 'removing' && key !== systemTenant) return tenant
    throw new TenantryError('conflict', `The tenant ${quote(key)} cannot be seeded`, {
      hint: 'Only one that has rows, and is not being removed',
    })
  }

  const upgrades = createUpgrades({ catalog, modules, store: store.upgrades, archives: store })
  const making = new Set<string>()
  const addTenant = async (wish: TenantWish): Promise<Tenant> => {
    const { key: wished, name, subscribe: wanted = [], rows = [], flags = [], ...traits } = wish
    const isUnfinished = catalog.find(wished)?.tenant.state === 'provisioning'
    for (const module of wanted) modules.get(module)
    const key = isUnfinished
      ? wished
      : (await catalog.create({ key: wished, ...(name === undefined ? {} : { name }) })).key
    if (traits.edition !== undefined || traits.cohort !== undefined || flags.length > 0)
      await catalog.setTraits(key, { ...traits, flags: Object.fromEntries(flags.map(flag => [flag, true])) })
    await identity.ensureKeys(key)
    for (const module of wanted) await subscribe(key, module)
    await addRows(key, rows)
    return catalog.activate(key)
  }

  return {
    ...upgrades,
    async upgradeTenant(key, module) {
      const record = await upgrades.upgradeTenant(key, module)
      await seedModules(dataOf(key), modules.resolve(record.pairs.map(({ to }) => to)), {})
      return record
    },
    async addTenant(wish) {
      // What is being made is not unfinished.
      if (making.has(wish.key)) throw beingMade(wish.key)
      making.add(wish.key)
      return addTenant(wish).finally(() => making.delete(wish.key))
    },
    listTenants: () => catalog.list(),
    showTenant: getTenant,
    setTenant: (key, patch) => catalog.setTraits(key, patch),
    suspendTenant: key => catalog.suspend(key),
    async resumeTenant(key) {
      const { state } = getTenant(key)
      // A creation that was interrupted is finished here.
      await identity.ensureKeys(key)
      return state === 'provisioning' ? catalog.activate(key) : catalog.resume(key)
    },
    async removeTenant(key) {
      getTenant(key)
      await catalog.remove(key)
      await store.groups.removeFromAll(key)
      const all = modules.modules
      // What an open upgrade keeps goes with the rest.
      await store.upgrades.forget(key)
      const removed = await archiveAndPurge(
        key,
        all,
        all.flatMap(({ entities }) => entities),
      )
      await store.removeKeys(key)
      identity.forget(key)
      await catalog.forget(key)
      return removed
    },
    async planSubscribe(key, module) {
      const { order, added, subscriptions } = await catalog.planSubscribe(key, module)
      return { order, added, subscriptions }
    },
    subscribe,
    async unsubscribe(key, module) {
      const { removed, subscriptions } = await catalog.unsubscribe(key, module)
      return { removed, subscriptions }
    },
    seedTenant,
    async deseedTenant(key, { module: id, dryRun = false }) {
      const { running } = modules.expose(getSeedable(key).subscriptions)
      const module = id === undefined ? undefined : modules.get(id)
      const removal = { modules: modules.modules, running, module }
      return { tenant: key, dryRun, removed: await removeTemporary(dataOf(key), removal, dryRun) }
    },
    async purgeModule(key, module) {
      const tenant = getTenant(key)
      const { id, entities } = modules.get(module)
      const { running } = modules.expose(tenant.subscriptions)
      if (running.some(each => each.id === id)) {
        throw new TenantryError('conflict', `${key} runs ${id}`, { hint: 'Unsubscribe it, and what needs it, first' })
      }
      await thaw(store.upgrades, key, [id])
      const removed = await archiveAndPurge(key, [modules.get(id)], entities)
      // A tenant that comes back to the module begins anew.
      await forgetSeeds(dataOf(key), entities)
      return removed
    },
    addRows,
    ...createGroupOperations(store.groups, getTenant),
    async issueToken({ tenant, roles, subject = `${roles[0] ?? 'someone'}@${tenant}`, instance, expiresIn = oneDay }) {
      const { state } = getTenant(tenant)
      if (state === 'removing') throw new TenantryError('conflict', `The tenant ${quote(tenant)} is being removed`)
      return identity.issue({ tenant, subject, roles, expiresIn, ...(instance === undefined ? {} : { instance }) })
    },
  }
}

function beingMade(key: string): TenantryError {
  return new TenantryError('conflict', `The tenant ${quote(key)} is being made`, { hint: 'Wait for it' })
}

/** The platform acting inside one tenant. */
function platformContext(tenant: TenantKey, modules: ModuleSet, features: Features = noFeatures): TenantContext {
  return {
    tenant,
    instance: null,
    principal: { subject: 'tenantry', tenant, roles: [], instance: null, anonymous: false },
    acrossTenants: false,
    platform: true,
    exposure: modules.expose(modules.modules.map(({ id }) => id)),
    features,
    module: null,
    version: null,
  }
}

function seedError(entity: string, error: unknown): unknown {
  if (!(error instanceof TenantryError)) return error
  return new TenantryError(error.code, `The rows of ${entity} cannot be added: ${error.message}`, {
    ...(error.reason === undefined ? {} : { reason: error.reason }),
    details: error.details,
    cause: error,
  })
}
