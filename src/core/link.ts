import type { Relation } from './module-set.ts'

/** A way from one entity to another: along a reference, against one, or through a junction that refers to both. */
export interface Link {
  readonly relation: Relation
  readonly outgoing: boolean
  readonly through: Relation | null
}
