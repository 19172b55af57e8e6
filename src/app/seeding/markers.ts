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

export function markersOf(data: TenantData, { id }: Entity, seedKeys: readonly string[]): Promise<readonly Marker[]> {
  return readMarkers(data, [test('entity', [id]), test('seed_key', seedKeys)])
}

/** Of these modules, or of all. */
export async function temporaryMarkers(data: TenantData, module: Module | undefined): Promise<readonly Marker[]> {
  const markers = await readMarkers(data, [test('temporary', ['true'])])
  return module ? markers.filter(({ entity }) => module.entities.some(({ id }) => id === entity)) : markers
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

export async function removeMarkers(data: TenantData, entity: string, seedKeys: readonly string[]): Promise<void> {
  const where = { kind: 'and', not: false, conditions: [test('entity', [entity]), test('seed_key', seedKeys)] } as const
  await data.run({ kind: 'delete', entity: seeded, mode: 'purge', where })
}

function test(field: string, values: readonly string[]): Condition {
  return { kind: 'compare', path: { field }, not: false, operator: 'in', values }
}
