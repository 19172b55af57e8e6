import { TenantryError } from '../../core/errors.ts'
import { depthFirst, type Entity, type Module } from '../../core/module-set.ts'
import { type LeftOut, type SeedCount, type SeedWish, seedsOf, seedsRefused, sumCounts } from '../../core/seeds.ts'
import type { TenantData } from '../../core/tenant-data.ts'
import { entityNow, type Marker, markersOf, removeMarkers, takeTurn, temporaryMarkers } from './markers.ts'
import { findRows, keysCondition, primaryKey } from './rows.ts'
import { seedEntity } from './seed-entity.ts'

/** Seeds these modules, each after those it depends on, in one transaction. Throws `invalid` with every row that is refused. */
export async function seedModules(
  data: TenantData,
  modules: readonly Module[],
  { force = false, temporary = false, dryRun = false }: SeedWish,
): Promise<{ readonly seeds: readonly SeedCount[]; readonly leftOut: readonly LeftOut[] }> {
  const wanted = modules.map(module => ({ module, seeds: seedsOf(module, temporary) }))
  if (wanted.every(({ seeds }) => seeds.length === 0)) return { seeds: [], leftOut: [] }
  return inTransaction(data, dryRun, async inside => {
    await takeTurn(inside)
    const counts: SeedCount[] = []
    const leftOut: LeftOut[] = []
    for (const { module, seeds } of wanted) {
      const faults: string[] = []
      for (const each of seeds) {
        const outcome = await seedEntity(inside, each, force)
        counts.push(...outcome.counts)
        leftOut.push(...outcome.leftOut)
        faults.push(...outcome.faults)
      }
      if (faults.length > 0) throw seedsRefused(module.id, faults, leftOut)
    }
    return { seeds: sumCounts(counts), leftOut }
  })
}

/**
 * Removes the rows of temporary seeds, of one module or of all, in one transaction. Throws `conflict` when rows of the tenant's
 * own name them. `modules`: all of the product; `running`: those that run for the tenant.
 */
export function removeTemporary(
  data: TenantData,
  { modules, running, module }: Removal,
  dryRun: boolean,
): Promise<Readonly<Record<string, number>>> {
  const entities = modules.flatMap(each => each.entities)
  return inTransaction(data, dryRun, async inside => {
    await takeTurn(inside)
    const markers = await temporaryMarkers(inside)
    const byEntity = Map.groupBy(markers, marker => entityNow(marker, entities, running))
    const sets: RemovedSet[] = []
    for (const entity of depthFirst(entities, ({ references }) => references.map(({ to }) => to)).toReversed()) {
      const markers = byEntity.get(entity)
      if (markers && (!module || entity.module === module)) sets.push(await removedSet(inside, entity, markers))
    }
    await refuseNamed(inside, sets)
    for (const { entity, keys, markers } of sets) {
      const where = keysCondition(primaryKey(entity), keys)
      if (keys.length > 0) await inside.run({ kind: 'delete', entity, mode: 'purge', where })
      await removeMarkers(inside, markers)
    }
    return Object.fromEntries(sets.map(({ entity, keys }) => [entity.id, keys.length]))
  })
}

interface Removal {
  readonly modules: readonly Module[]
  readonly running: readonly Module[]
  /** Only this one. */
  readonly module: Module | undefined
}

interface RemovedSet {
  readonly entity: Entity
  readonly markers: readonly Marker[]
  /** Primary keys of the seeded rows that are there still. */
  readonly keys: readonly string[]
}

async function removedSet(data: TenantData, entity: Entity, found: readonly Marker[]): Promise<RemovedSet> {
  const newest = await markersOf(
    data,
    entity,
    found.map(({ seed_key }) => seed_key),
  )
  // What an earlier major tried out may be a part of this one.
  const markers = found.filter(({ seed_key }) => newest.get(seed_key)?.temporary ?? true)
  const made = new Map(markers.map(({ row_key, row_created_at }) => [row_key, row_created_at]))
  const rows = await findRows(data, entity, primaryKey(entity), [...made.keys()])
  return {
    entity,
    markers,
    keys: rows.filter(({ rowKey, createdAt }) => made.get(rowKey) === createdAt).map(({ rowKey }) => rowKey),
  }
}

/** What names a row that goes would go with it, lose its reference or hold it back; none of that may happen to the tenant's own. */
async function refuseNamed(data: TenantData, sets: readonly RemovedSet[]): Promise<void> {
  const gone = new Map(sets.map(({ entity, keys }) => [entity, new Set(keys)]))
  const named: string[] = []
  for (const { entity, keys } of sets) {
    for (const { from, field, toField } of keys.length === 0 ? [] : entity.referencedBy) {
      const reference = from.fields.get(field)
      const place = primaryKey(entity).findIndex(({ name }) => name === toField)
      const values = keys.map(key => JSON.stringify([(JSON.parse(key) as string[])[place]]))
      const rows = reference ? await findRows(data, from, [reference], values) : []
      const own = rows.filter(({ rowKey }) => !gone.get(from)?.has(rowKey))
      if (own.length > 0) named.push(`${own.length} of ${from.id} by "${field}", which names ${entity.id}`)
    }
  }
  if (named.length === 0) return
  throw new TenantryError('conflict', "Rows of the tenant's own name temporary rows, so none was removed", {
    reason: 'seeds_needed',
    details: named.join('\n'),
    hint: 'Let them name other rows, or delete them, and try again',
  })
}

/** Thrown to roll back. */
class Undone<T> extends Error {
  result: { readonly value: T } | undefined
}

async function inTransaction<T>(data: TenantData, undo: boolean, work: (inside: TenantData) => Promise<T>): Promise<T> {
  if (!undo) return data.transaction(work)
  const undone = new Undone<T>()
  await data
    .transaction(async inside => {
      undone.result = { value: await work(inside) }
      throw undone
    })
    .catch(error => {
      if (error !== undone) throw error
    })
  if (undone.result) return undone.result.value
  throw new TenantryError('internal', 'A dry run had no result')
}
