import type { EntityUse } from './access-role.ts'
import type { SearchConfig } from './field.ts'
import type { Action, Entity, EntityField, Relation } from './module-set.ts'
import type { Aggregate, Call, Deleted, OnConflict, Output, Precondition, Shared } from './plan.ts'
import type { JsonStep, ListComparison, ScalarComparison, SearchComparison } from './plan-condition.ts'
import type { Sight } from './sight.ts'

/** A plan whose every name has been found in the definitions. */
export type CheckedPlan = CheckedRead | CheckedInsert | CheckedUpdate | CheckedDelete | CheckedCall

interface CheckedCommon {
  readonly entity: Entity
  readonly output: Output
  readonly single: boolean
  readonly format: 'json' | 'csv'
  readonly stripNulls: boolean
  readonly revision: boolean
  /** Every entity that the plan touches and what it does there. */
  readonly uses: readonly EntityUseOf[]
  /** What it was checked with. */
  readonly sight: Sight
}

export interface EntityUseOf extends EntityUse {
  readonly entity: Entity
}

export interface CheckedRead extends CheckedCommon {
  readonly kind: 'read'
  readonly query: CheckedQuery
  readonly count: boolean
  readonly keyset: CheckedKeyset | null
  readonly lock: boolean
  readonly shared: Shared
}

export interface CheckedKeyset {
  /** No two rows are alike in all of them. */
  readonly terms: readonly CheckedKeysetTerm[]
  readonly after: readonly (string | null)[] | null
}

export interface CheckedKeysetTerm {
  readonly field: EntityField
  readonly direction: 'asc' | 'desc'
  readonly nulls: 'first' | 'last'
}

export interface CheckedCall extends CheckedCommon {
  readonly kind: 'call'
  readonly action: Action
  readonly input: string
  readonly slot: number | undefined
  readonly given: readonly EntityField[]
  readonly stage: Call['stage']
  readonly query: CheckedQuery
  readonly count: boolean
}

interface CheckedWrite extends CheckedCommon {
  readonly returning: CheckedQuery | null
  readonly precondition: Precondition | null
}

export interface CheckedInsert extends CheckedWrite {
  readonly kind: 'insert'
  readonly fields: readonly EntityField[]
  /** Fields of a whole record, which must be as those of the row that is there. */
  readonly kept: readonly EntityField[]
  readonly rows: string
  readonly slot: number | undefined
  /** A row without a field gives the field's default and not null. */
  readonly defaults: boolean
  readonly onConflict: CheckedConflict | null
  readonly put: CheckedCondition | null
}

interface CheckedConflict {
  readonly fields: readonly EntityField[]
  readonly resolution: OnConflict['resolution']
  readonly deleted: NonNullable<OnConflict['deleted']> | null
}

export interface CheckedUpdate extends CheckedWrite {
  readonly kind: 'update'
  readonly fields: readonly EntityField[]
  /** Fields of a whole record, which must be as the row's. */
  readonly kept: readonly EntityField[]
  readonly patch: string
  readonly slot: number | undefined
  readonly defaults: boolean
  readonly where: CheckedCondition | null
  readonly deleted: Deleted
  readonly maxAffected: number | null
}

export interface CheckedDelete extends CheckedWrite {
  readonly kind: 'delete'
  readonly mode: 'soft' | 'purge'
  readonly where: CheckedCondition | null
  readonly deleted: Deleted
  readonly maxAffected: number | null
}

export interface CheckedQuery {
  readonly entity: Entity
  readonly columns: readonly CheckedColumn[]
  readonly embeds: readonly CheckedEmbed[]
  /** Aggregates are among the columns or those of spread embeds: alike rows become one. */
  readonly grouped: boolean
  readonly where: CheckedCondition | null
  readonly order: readonly CheckedOrder[]
  readonly limit: number | null
  readonly offset: number
  /** An offset was given. */
  readonly paged: boolean
  readonly deleted: Deleted
}

/** A name in the answer. One that is not `ours` comes from outside and never becomes part of a statement's text. */
export interface OutputName {
  readonly text: string
  readonly ours: boolean
}

export interface CheckedColumn {
  readonly name: OutputName
  /** Null: rows are counted, or it is a constant. */
  readonly path: CheckedPath | null
  readonly constant?: string
  readonly cast: string | null
  readonly aggregate: CheckedAggregate | null
}

export interface CheckedAggregate {
  readonly function: Aggregate['function']
  readonly cast: string | null
}

export interface CheckedPath {
  readonly field: EntityField
  readonly json: readonly JsonStep[]
}

export interface CheckedEmbed {
  readonly name: OutputName
  readonly relation: Relation
  /** `one`: a row names at most one of the embedded; `many`: any number. */
  readonly arity: 'one' | 'many'
  /** True when the row's own reference is followed; false when others' references to it are. */
  readonly outgoing: boolean
  /** Many-to-many: the junction's reference to the row. `relation` is then its reference to the embedded ones. */
  readonly through: Relation | null
  readonly inner: boolean
  readonly spread: boolean
  readonly query: CheckedQuery
}

export type CheckedCondition =
  | { readonly kind: 'and' | 'or'; readonly not: boolean; readonly conditions: readonly CheckedCondition[] }
  | CheckedComparison
  | { readonly kind: 'related'; readonly embed: CheckedEmbed; readonly not: boolean }

export interface CheckedComparison {
  readonly kind: 'compare'
  readonly path: CheckedPath
  readonly not: boolean
  readonly test: CheckedTest
}

export type CheckedTest =
  | Pick<ScalarComparison, 'operator' | 'value' | 'slot'>
  | Pick<ListComparison, 'operator' | 'values' | 'quantifier' | 'slot'>
  | { readonly operator: 'is'; readonly value: 'null' | 'not_null' | 'true' | 'false' | 'unknown' }
  | (Pick<SearchComparison, 'operator' | 'value' | 'slot'> & { readonly config: SearchConfig })

export interface CheckedOrder {
  readonly path: CheckedPath
  readonly embed: CheckedEmbed | null
  /** In a grouped query: the selected column that it orders by. */
  readonly column: CheckedColumn | null
  readonly direction: 'asc' | 'desc'
  readonly nulls: 'first' | 'last' | null
}
