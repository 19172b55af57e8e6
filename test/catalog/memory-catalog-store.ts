import type { CatalogStore, Tenant, TenantChange } from '../../src/core/catalog.ts'
import { TenantryError } from '../../src/core/errors.ts'
import { noTraits } from '../../src/core/features.ts'
import { sharedPlacement } from '../../src/core/placement.ts'

/** A catalog store whose events come late, twice and out of order, as those of a network do. */
export function createMemoryCatalogStore(options: { random?: () => number; slowest?: number } = {}) {
  const { random = Math.random, slowest = 8 } = options
  const rows = new Map<string, TenantChange>()
  const watchers = new Set<() => void>()
  const figures = { reads: 0, readsAtOnce: 0, mostReadsAtOnce: 0 }
  let version = 0
  let connected = true
  let failing = 0

  const pause = () => new Promise(resolve => setTimeout(resolve, random() * slowest))

  function commit(tenant: Tenant): TenantChange {
    const change = { version: ++version, tenant }
    rows.set(tenant.key, change)
    if (connected) for (const watcher of watchers) deliver(watcher)
    return structuredClone(change)
  }

  function deliver(watcher: () => void): void {
    const times = random() < 0.3 ? 2 : 1
    for (let time = 0; time < times; time++) {
      setTimeout(() => watchers.has(watcher) && watcher(), random() * slowest * 3)
    }
  }

  const store: CatalogStore = {
    async changes(after) {
      figures.reads++
      figures.mostReadsAtOnce = Math.max(figures.mostReadsAtOnce, ++figures.readsAtOnce)
      try {
        await pause()
        if (failing > 0 && failing-- > 0) throw new TenantryError('unavailable', 'The database cannot be reached')
        // Taken here: what is committed while the answer travels is not in it.
        const found = structuredClone([...rows.values()].filter(change => change.version > after))
        await pause()
        return found.sort((a, b) => a.version - b.version)
      } finally {
        figures.readsAtOnce--
      }
    },
    async watch(onChange) {
      await pause()
      // A function of its own for each, so that one given twice counts twice.
      const watcher = () => onChange()
      watchers.add(watcher)
      return {
        async close() {
          watchers.delete(watcher)
        },
      }
    },
    async create(tenant) {
      await pause()
      if (rows.has(tenant.key)) throw new TenantryError('conflict', 'There is a tenant with this key')
      const change = commit({ ...tenant, subscriptions: [], ...noTraits, createdAt: '2026-01-01T00:00:00.000Z' })
      await pause()
      return change
    },
    async setState(key, from, to) {
      await pause()
      const row = rows.get(key)
      if (!row || !from.includes(row.tenant.state)) return undefined
      const change = commit({ ...row.tenant, state: to })
      await pause()
      return change
    },
    async setTraits(key, at, traits) {
      await pause()
      const row = rows.get(key)
      if (!row || row.version !== at) return undefined
      const change = commit({ ...row.tenant, ...traits })
      await pause()
      return change
    },
    async setSubscriptions(key, from, to) {
      await pause()
      const row = rows.get(key)
      if (!row || row.tenant.subscriptions.join() !== from.join()) return undefined
      const change = commit({ ...row.tenant, subscriptions: [...to] })
      await pause()
      return change
    },
  }

  commit({
    key: 'system',
    name: 'system',
    state: 'active',
    placement: sharedPlacement,
    subscriptions: [],
    ...noTraits,
    createdAt: '2026-01-01T00:00:00.000Z',
  })

  return {
    store,
    figures,
    commit,
    watchers,
    /** Events are lost until `reconnect`, which says that something may have been missed. */
    disconnect() {
      connected = false
    },
    reconnect() {
      connected = true
      for (const watcher of watchers) deliver(watcher)
    },
    failReads(times: number) {
      failing = times
    },
    versionOf: (key: string) => rows.get(key)?.version,
    tenantOf: (key: string) => rows.get(key)?.tenant,
  }
}

/** A generator of numbers between 0 and 1 that always gives the same for the same seed (mulberry32). */
export function seededRandom(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
