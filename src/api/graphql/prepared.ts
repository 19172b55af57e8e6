import type { FieldNode } from 'graphql'
import type { Plan } from '../../core/plan.ts'

/** An operation whose names, arguments and variables are all known: plans, and what stands in the answer without one. */
export interface PreparedOperation {
  readonly kind: 'query' | 'mutation'
  /** In the order of the answer. */
  readonly fields: readonly PreparedField[]
}

export type PreparedField = ConstantField | PlannedField

/** Introspection, and `__typename` of a root. */
export interface ConstantField {
  readonly kind: 'constant'
  readonly name: string
  readonly json: string
}

export interface PlannedField {
  readonly kind: 'plan'
  /** What it answers under. */
  readonly name: string
  readonly plan: Plan
  /** How the datasource's answer becomes the field's: as it is, its only row or null, its only row, the total, `true`. */
  readonly form: 'body' | 'rowOrNull' | 'row' | 'total' | 'done'
  /** Where it stands in the document, for errors. */
  readonly node: FieldNode
}
