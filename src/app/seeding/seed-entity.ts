import {
  type EntitySeeds,
  faultLine,
  keyName,
  keyText,
  type LeftOut,
  reasonOf,
  type SeedCount,
  type SeedRow,
} from '../../core/seeds.ts'
import type { TenantData } from '../../core/tenant-data.ts'
import { type Marker, markersOf, writeMarkers } from './markers.ts'
import { type FoundRow, findRows, forceRow, insertRows, isRefusal, primaryKey } from './rows.ts'

/** Rows of one statement. */
const batch = 1_000

interface EntityOutcome {
  readonly count: SeedCount
  readonly leftOut: readonly LeftOut[]
  /** Rows that the database refuses, one a line. */
  readonly faults: readonly string[]
}

/** Compares the seeds of one entity with its rows, and adds those that are missing. Inside a transaction. */
export async function seedEntity(
  data: TenantData,
  seeds: EntitySeeds,
  force: boolean,
): Promise<Omit<EntityOutcome, 'count'> & { readonly counts: readonly SeedCount[] }> {
  const outcomes: EntityOutcome[] = []
  for (let start = 0; start < seeds.rows.length; start += batch) {
    const part = new EntitySeeding(data, { ...seeds, rows: seeds.rows.slice(start, start + batch) }, force)
    outcomes.push(await part.run())
  }
  return {
    counts: outcomes.map(({ count }) => count),
    leftOut: outcomes.flatMap(({ leftOut }) => leftOut),
    faults: outcomes.flatMap(({ faults }) => faults),
  }
}

class EntitySeeding {
  readonly #data: TenantData
  readonly #seeds: EntitySeeds
  readonly #force: boolean
  readonly #count = { inserted: 0, updated: 0, restored: 0, unchanged: 0 }
  readonly #leftOut: LeftOut[] = []
  readonly #faults: string[] = []
  readonly #marked: Marker[] = []

  constructor(data: TenantData, seeds: EntitySeeds, force: boolean) {
    this.#data = data
    this.#seeds = seeds
    this.#force = force
  }

  async run(): Promise<EntityOutcome> {
    const { entity, temporary, key, rows } = this.#seeds
    const seedKeys = rows.map(row => row.key)
    const markers = await markersOf(this.#data, entity, seedKeys)
    const rowKeys = [...markers.values()].map(({ row_key }) => row_key)
    const once = [...entity.fields.values()].filter(({ spec }) => spec.rules?.writeOnce)
    const marked = await findRows(this.#data, entity, primaryKey(entity), rowKeys, once)
    const ours = new Map(marked.map(row => [row.rowKey, row]))
    const taken = new Set((await findRows(this.#data, entity, key, seedKeys)).map(({ values }) => keyText(key, values)))

    const missing: SeedRow[] = []
    for (const row of rows) {
      const marker = markers.get(row.key)
      const found = marker && ours.get(marker.row_key)
      // A row of the same key that was made at another time is not the one that was seeded.
      if (marker && found && found.createdAt === marker.row_created_at) await this.#meet(row, marker, found)
      else if (taken.has(row.key)) this.#leaveOut(row, 'own')
      else if (marker && !this.#force) this.#leaveOut(row, 'deleted')
      else missing.push(row)
    }
    await this.#insert(missing, row => markers.has(row.key))
    await writeMarkers(this.#data, this.#marked)
    return {
      count: { entity: entity.id, temporary, ...this.#count },
      leftOut: this.#leftOut,
      faults: this.#faults,
    }
  }

  /** The row is there, as it was seeded or as it was changed since. */
  async #meet(row: SeedRow, marker: Marker, found: FoundRow): Promise<void> {
    const temporary = marker.temporary && this.#seeds.temporary
    const { id } = this.#seeds.entity
    // What was only for trying out is part of the module now; or it was carried over from another major.
    if (marker.temporary !== temporary || marker.entity !== id) this.#marked.push({ ...marker, entity: id, temporary })
    if (!this.#force) {
      if (found.deleted) this.#leaveOut(row, 'deleted')
      else this.#count.unchanged++
      return
    }
    await this.#trying(row, async () => {
      const changed = await this.#data.transaction(part => forceRow(part, this.#seeds.entity, found, row.values))
      this.#count[found.deleted ? 'restored' : changed ? 'updated' : 'unchanged']++
    })
  }

  /** All at once; where one of them is refused, one after the other, so that each fault has its row. */
  async #insert(rows: readonly SeedRow[], wasThere: (row: SeedRow) => boolean): Promise<void> {
    if (rows.length === 0) return
    const insert = async (some: readonly SeedRow[]) => {
      const { entity, key, temporary } = this.#seeds
      const made = await insertRows(
        this.#data,
        entity,
        key,
        some.map(({ values }) => values),
      )
      const byKey = new Map(made.map(row => [keyText(key, row.values), row]))
      for (const row of some) {
        const { rowKey = '', createdAt = '' } = byKey.get(row.key) ?? {}
        this.#marked.push({
          ...{ entity: entity.id, seed_key: row.key, row_key: rowKey, row_created_at: createdAt, temporary },
        })
        this.#count[wasThere(row) ? 'restored' : 'inserted']++
      }
    }
    try {
      await insert(rows)
    } catch (error) {
      if (!isRefusal(error)) throw error
      for (const row of rows) await this.#trying(row, () => insert([row]))
    }
  }

  async #trying(row: SeedRow, work: () => Promise<void>): Promise<void> {
    const { entity } = this.#seeds
    await work().catch(error => {
      if (!isRefusal(error)) throw error
      if (error.reason === '23505') this.#leaveOut(row, 'taken')
      else this.#faults.push(faultLine(entity, row.number, row.key, reasonOf(error)))
    })
  }

  #leaveOut(row: SeedRow, reason: LeftOut['reason']): void {
    this.#leftOut.push({ entity: this.#seeds.entity.id, key: keyName(this.#seeds, row.key), reason })
  }
}
