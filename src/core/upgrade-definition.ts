import type { EntityDefinition, Insert, Row } from './entity.ts'

/** A row as a module's code sees it, whatever its entity. */
export type AnyRow = Readonly<Record<string, unknown>>

/** How each row of one entity becomes a row of another, in another major of the same module. */
export interface RowStep {
  readonly from: EntityDefinition
  readonly to: EntityDefinition
  readonly map: (row: AnyRow) => AnyRow
}

/**
 * How a major takes a tenant's rows over from an older one. Entities that are called the same, and whose fields allow it, are
 * taken over as they are and need no step.
 */
export interface UpgradeDefinition {
  /** The major whose rows it takes over. */
  readonly from: number
  readonly up?: readonly RowStep[]
  /** The way back: for rows that were written after the upgrade. */
  readonly down?: readonly RowStep[]
  /** Entities of the older major whose rows are not taken over; they stay until the upgrade is confirmed. */
  readonly dropped?: readonly EntityDefinition[]
}

/** What the platform itself carries over, whatever a step answers. */
type Carried =
  | 'id'
  | 'instance_id'
  | 'created_at'
  | 'updated_at'
  | 'created_by'
  | 'updated_by'
  | 'deleted_at'
  | 'revision'

/**
 * A step of an upgrade. `map` is a pure function of one row; what it leaves out gets its default. Key, times, authors, revision
 * and deletion are carried over by the platform, and fields that it hands on unchanged are copied inside the database.
 */
export function upgradeRows<From extends EntityDefinition, To extends EntityDefinition>(
  from: From,
  to: To,
  map: (row: Row<From>) => Omit<Insert<To>, Carried> & { readonly [Name in Carried]?: unknown },
): RowStep {
  return { from, to, map: map as RowStep['map'] }
}
