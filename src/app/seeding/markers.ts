import type { Entity, Module } from '../../core/module-set.ts'
import type { Condition } from '../../core/plan.ts'
import { seeded } from '../../core/seeded.ts'
import type { TenantData } from '../../core/tenant-data.ts'

/** That a row was seeded. */
export interface Marker {
  /** The entity's id. */
  readonly entity: string
  readonly seed_key: string
  readonly row_key: string
  /** As the database writes it. */
  readonly row_created_at: string
  readonly temporary: boolean
}

/** No entity and no row are called so: who seeds a tenant writes it first, and others wait. */
const turn: Marker = { entity: '', seed_key: '', row_key: '', row_created_at: 'epoch', temporary: false }

/** Waits for whoever seeds the tenant meanwhile, on whatever node. */
export async function takeTurn(data: TenantData): Promise<void> {
  await writeMarkers(data, [turn])
}

/**
 * Of these seeds, by their keys. Where an upgrade has carried rows over from an earlier major of the module, what was seeded there
 * was seeded here: the rows have kept their keys and the times when they were made.
 */
export async function markersOf(
  data: TenantData,
  { id, name, module }: Entity,
  seedKeys: readonly string[],
): Promise<ReadonlyMap<string, Marker>> {
  const majors = Array.from({ length: module.version.major }, (_, index) => `${module.name}@${index + 1}.${name}`)
  const markers = await readMarkers(data, [test('entity', majors), test('seed_key', seedKeys)])
  const found = new Map<string, Marker>()
  for (const marker of markers) {
    const other = found.get(marker.seed_key)
    if (!other || marker.entity === id || (other.entity !== id && majorOf(other) < majorOf(marker)))
      found.set(marker.seed_key, marker)
  }
  return found
}

function majorOf({ entity }: Pick<Marker, 'entity'>): number {
  return Number(/@(\d+)\./.exec(entity)?.[1] ?? 0)
}

export function temporaryMarkers(data: TenantData): Promise<readonly Marker[]> {
  return readMarkers(data, [test('temporary', ['true'])])
}

/** Where the row is now: an upgrade may have carried it to a later major, which runs then. */
export function entityNow(
  { entity: id }: Marker,
  entities: readonly Entity[],
  running: readonly Module[],
): Entity | undefined {
  const found = entities.find(entity => entity.id === id)
  const later = entities.filter(
    ({ name, module }) =>
      running.includes(module) &&
      id.endsWith(`.${name}`) &&
      id.startsWith(`${module.name}@`) &&
      majorOf({ entity: id }) <= module.version.major,
  )
  return later.toSorted((a, b) => b.module.version.major - a.module.version.major)[0] ?? found
}

async function readMarkers(data: TenantData, conditions: readonly Condition[]): Promise<readonly Marker[]> {
  const where = { kind: 'and', not: false, conditions } as const
  const answer = await data.run({ kind: 'read', entity: seeded, select: [{ kind: 'all' }], where })
  return JSON.parse(answer.body)
}

/** Adds them, or puts them in place of those of the same seeds. */
export async function writeMarkers(data: TenantData, markers: readonly Marker[]): Promise<void> {
  if (markers.length === 0) return
  await data.run({
    kind: 'insert',
    entity: seeded,
    fields: ['entity', 'seed_key', 'row_key', 'row_created_at', 'temporary'],
    rows: JSON.stringify(markers),
    onConflict: { resolution: 'merge' },
  })
}

/** That rows of these entities were seeded is no more. */
export async function forgetSeeds(data: TenantData, entities: readonly Entity[]): Promise<void> {
  const where = test(
    'entity',
    entities.map(({ id }) => id),
  )
  await data.run({ kind: 'delete', entity: seeded, mode: 'purge', where })
}

export async function removeMarkers(data: TenantData, markers: readonly Marker[]): Promise<void> {
  for (const [entity, of] of Map.groupBy(markers, marker => marker.entity)) {
    const conditions = [
      test('entity', [entity]),
      test(
        'seed_key',
        of.map(({ seed_key }) => seed_key),
      ),
    ]
    await data.run({ kind: 'delete', entity: seeded, mode: 'purge', where: { kind: 'and', not: false, conditions } })
  }
}

function test(field: string, values: readonly string[]): Condition {
  return { kind: 'compare', path: { field }, not: false, operator: 'in', values }
}
