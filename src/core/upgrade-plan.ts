import { TenantryError } from './errors.ts'
import type { ModuleId } from './module.ts'
import { depthFirst, type Module, type ModuleSet } from './module-set.ts'
import type { TenantKey } from './tenant.ts'

/** One module that goes from one major to another. */
export interface UpgradePair {
  readonly from: ModuleId
  readonly to: ModuleId
}

/** What an upgrade of a tenant, or its way back, brings. */
export interface UpgradePlan {
  readonly tenant: TenantKey
  /** Each after those it depends on. */
  readonly pairs: readonly UpgradePair[]
  /** Modules that newly run because a new major depends on them. */
  readonly added: readonly ModuleId[]
  /** The tenant's subscriptions before and afterwards. */
  readonly before: readonly ModuleId[]
  readonly after: readonly ModuleId[]
}

export interface Subscriber {
  readonly key: TenantKey
  readonly subscriptions: readonly ModuleId[]
}

/**
 * What has to go along when a tenant goes to a new major of a module: every module of the tenant that depends on the old one,
 * and every module that the new one needs in a newer major. Throws `not_found` for an unknown module, `invalid` for one that
 * upgrades from none, `conflict` when the tenant does not run the old one or something of it would lose what it references.
 */
export function resolveUpgrade(tenant: Subscriber, target: string, modules: ModuleSet): UpgradePlan {
  const wanted = modules.get(target)
  const { upgrade } = wanted
  if (!upgrade) {
    throw new TenantryError('invalid', `${wanted.id} takes over from no older major`, {
      hint: 'A module says so: upgrade: { from, up, down }',
    })
  }
  const running = modules.expose(tenant.subscriptions).running
  if (running.includes(wanted)) throw runsBoth(tenant.key, wanted.id)
  if (!running.includes(upgrade.from)) throw doesNotRun(tenant.key, upgrade.from, running, wanted)

  const pairs = new Map<Module, Module>([[upgrade.from, wanted]])
  const stranded: string[] = []
  // A map is walked in the order in which it grows, so that what is added here is looked at, too.
  for (const [from, to] of pairs) {
    for (const dependent of running) {
      if (!dependent.dependsOn.includes(from) || pairs.has(dependent)) continue
      const next = modules.modules.find(
        ({ upgrade, dependsOn }) => upgrade?.from === dependent && dependsOn.includes(to),
      )
      if (next) pairs.set(dependent, next)
      else stranded.push(`${dependent.id} depends on ${from.id}, and no newer major of it on ${to.id}`)
    }
    for (const needed of to.dependsOn) {
      const older = running.find(({ name }) => name === needed.name)
      if (!older || running.includes(needed) || pairs.get(older) === needed) continue
      if (needed.upgrade?.from === older && !pairs.has(older)) pairs.set(older, needed)
      else if (from.dependsOn.includes(older))
        stranded.push(`${to.id} depends on ${needed.id}, which does not take over from ${older.id}`)
    }
  }
  for (const to of pairs.values()) if (running.includes(to)) throw runsBoth(tenant.key, to.id)
  if (stranded.length > 0) throw strands(tenant.key, wanted.id, stranded)
  return planOf(tenant, pairs, running, modules)
}

/**
 * The way back of an upgrade. Modules that run only because of a new major end with it. Throws `conflict` while another one, which
 * came later, depends on one of the new majors.
 */
export function resolveRollback(tenant: Subscriber, done: readonly UpgradePair[], modules: ModuleSet): UpgradePlan {
  const pairs = new Map(done.map(({ from, to }) => [modules.get(to), modules.get(from)]))
  const running = modules.expose(tenant.subscriptions).running
  // What is reached through a new major is not looked at: it goes with that, or somebody else needs it and is seen.
  const neededBy = (module: Module) => (pairs.has(module) ? [] : module.dependsOn)
  const subscribed = running.filter(({ id }) => tenant.subscriptions.includes(id))
  const stranded = depthFirst(subscribed, neededBy).flatMap(module =>
    neededBy(module)
      .filter(needed => pairs.has(needed))
      .map(({ id }) => `${module.id} depends on ${id}`),
  )
  if (stranded.length > 0) {
    throw new TenantryError('conflict', `The upgrade of ${tenant.key} cannot be rolled back`, {
      reason: 'upgrade_needed',
      details: stranded.join('\n'),
      hint: 'End these subscriptions first',
    })
  }
  return planOf(tenant, pairs, running, modules)
}

function planOf(
  { key, subscriptions }: Subscriber,
  pairs: ReadonlyMap<Module, Module>,
  running: readonly Module[],
  modules: ModuleSet,
): UpgradePlan {
  const renamed = new Map([...pairs].map(([from, to]) => [from.id, to.id]))
  const after = [...new Set(subscriptions.map(id => renamed.get(id) ?? id))].sort()
  const next = modules.expose(after).running
  const old = [...pairs.keys()].find(module => next.includes(module))
  if (old) throw runsBoth(key, old.id)
  const targets = [...pairs.values()]
  const ordered = modules.modules.filter(module => targets.includes(module))
  return {
    tenant: key,
    pairs: ordered.flatMap(to =>
      [...pairs].filter(([, target]) => target === to).map(([from]) => ({ from: from.id, to: to.id })),
    ),
    added: next.filter(module => !running.includes(module) && !targets.includes(module)).map(({ id }) => id),
    before: subscriptions,
    after,
  }
}

function doesNotRun(tenant: TenantKey, from: Module, running: readonly Module[], wanted: Module): TenantryError {
  const other = running.find(({ name }) => name === from.name)
  return new TenantryError('conflict', `${tenant} does not run ${from.id}, from which ${wanted.id} takes over`, {
    hint: other ? `It runs ${other.id}: take one major after the other` : `Subscribe it instead: ${wanted.id}`,
  })
}

function runsBoth(tenant: TenantKey, id: ModuleId): TenantryError {
  return new TenantryError('conflict', `${tenant} runs ${id} already`, {
    hint: 'An upgrade would mix the rows of two majors',
  })
}

function strands(tenant: TenantKey, id: ModuleId, stranded: readonly string[]): TenantryError {
  return new TenantryError('conflict', `${tenant} cannot be upgraded to ${id}`, {
    reason: 'upgrade_strands',
    details: stranded.join('\n'),
    hint: 'What is named there would lose the rows that it references',
  })
}

/** An upgrade of a tenant, as it is kept. */
export interface UpgradeRecord {
  readonly id: number
  readonly tenant: TenantKey
  readonly pairs: readonly UpgradePair[]
  /** `upgraded`: open; the old rows are still there and it can be rolled back. `removed`: the tenant was. */
  readonly state: 'upgraded' | 'rolled_back' | 'confirmed' | 'removed'
  /** Rows that were carried over, by the entity they went to. */
  readonly rows: Readonly<Record<string, number>>
  /** ISO 8601. */
  readonly upgradedAt: string
  readonly endedAt: string | null
}

/** Where upgrades are carried out and kept. Each is one transaction; while it runs, writes of the tenant are `unavailable`. */
export interface UpgradeStore {
  /** Throws `conflict` when the tenant's subscriptions are no longer `before`, or the new majors hold rows of it. */
  upgrade(plan: UpgradePlan): Promise<UpgradeRecord>
  /** What was written since is carried back; what was not is as it was before. */
  rollback(id: number, plan: UpgradePlan): Promise<UpgradeRecord>
  /** Removes the old rows for good. */
  confirm(id: number): Promise<UpgradeRecord>
  /** Lets writes of the tenant into these modules again, from which it was moved away. */
  thaw(tenant: TenantKey, modules: readonly ModuleId[]): Promise<void>
  /** Ends open upgrades of a tenant that is removed. */
  forget(tenant: TenantKey): Promise<void>
  /** The newest first. */
  list(filter: {
    readonly tenant?: TenantKey
    readonly state?: UpgradeRecord['state']
  }): Promise<readonly UpgradeRecord[]>
}
