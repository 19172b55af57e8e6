import type { Entity } from './module-set.ts'
import type { TenantKey } from './tenant.ts'

/** All rows of one tenant at once, softly deleted ones and all instances included: for archives and removal. */
export interface TenantRows {
  /**
   * Calls `onRow` for every row of the entities, as JSON text of all its fields, all from one moment. `seeded` may stand behind
   * them.
   */
  snapshot(
    tenant: TenantKey,
    entities: readonly Entity[],
    onRow: (entity: Entity, row: string) => Promise<void>,
  ): Promise<void>
  /**
   * Removes every row for good, all or none; answers how many there were of each entity. Throws `conflict` and removes
   * nothing when an entity has other than the `expected` number of rows: something was written after they were counted.
   */
  purge(
    tenant: TenantKey,
    entities: readonly Entity[],
    expected: (entity: Entity) => number,
  ): Promise<ReadonlyMap<Entity, number>>
}
