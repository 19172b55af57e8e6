import type { Entity } from './module-set.ts'

/**
 * What a request wants, as data. REST, GraphQL and the TypeScript API make plans; every datasource runs them; nothing
 * else reaches a datasource. Names in a plan come from outside and are refused by `checkPlan` when unknown; values are
 * always bound.
 */
export type Plan = Read | Insert | Update | Delete

/** One table's part of a read: of the root or of an embed. */
export interface Query {
  readonly select: readonly Selection[]
  readonly where?: Condition
  readonly order?: readonly Order[]
  readonly limit?: number
  readonly offset?: number
}

/** `exclude` leaves softly deleted rows out, `only` shows nothing else. */
export type Deleted = 'exclude' | 'include' | 'only'

/** `exact`: bigint, decimal and bytes as text, so that a JSON parser loses nothing. `json`: exactly as PostgreSQL's `to_json`. */
export type Output = 'json' | 'exact'

interface Common {
  readonly entity: Entity
  readonly output?: Output
  /** Refuses with `PGRST116` (and rolls back) unless exactly one row is the answer; the answer is then that object. */
  readonly single?: boolean
}

export interface Read extends Common, Query {
  readonly kind: 'read'
  readonly count?: 'exact'
  readonly deleted?: Deleted
}

export interface Insert extends Common {
  readonly kind: 'insert'
  /** The fields that the rows give; a row without one of them gives null. */
  readonly fields: readonly string[]
  /** A JSON array of objects, or one object, as text: numbers keep their digits. */
  readonly rows: string
  readonly onConflict?: OnConflict
  /** Absent: only the number of rows is the answer. */
  readonly returning?: readonly Selection[]
}

export interface OnConflict {
  /** Absent: the primary key. */
  readonly fields?: readonly string[]
  readonly resolution: 'merge' | 'ignore'
}

export interface Update extends Common {
  readonly kind: 'update'
  readonly fields: readonly string[]
  /** A JSON object as text. */
  readonly patch: string
  readonly where?: Condition
  readonly deleted?: Deleted
  readonly returning?: readonly Selection[]
}

export interface Delete extends Common {
  readonly kind: 'delete'
  /** `soft` marks the rows and needs an entity with `softDelete`; `purge` removes them. Absent: soft where it can be. */
  readonly mode?: 'soft' | 'purge'
  readonly where?: Condition
  readonly deleted?: Deleted
  readonly returning?: readonly Selection[]
}

export type Selection = AllFields | FieldSelection | Embed

/** `*`: every field that may be read. */
export interface AllFields {
  readonly kind: 'all'
}

export interface FieldSelection {
  readonly kind: 'field'
  readonly path: FieldPath
  readonly alias?: string
  /** The name of a type of PostgreSQL from a closed list. */
  readonly cast?: string
}

/** Rows of a related entity, nested in each row. */
export interface Embed {
  readonly kind: 'embed'
  /** An entity's name, a reference's field or a foreign key's name. */
  readonly relation: string
  /** Chooses among several relations: a foreign key's name, a reference's field or an entity's name. */
  readonly hint?: string
  readonly alias?: string
  /** `inner` leaves out rows that have no related row. */
  readonly join: 'left' | 'inner'
  /** The fields of a related row that is one at most stand among the row's own. */
  readonly spread: boolean
  readonly query: Query
}

/** A field, or a place inside its JSON. */
export interface FieldPath {
  readonly field: string
  readonly json?: readonly JsonStep[]
}

/** `->` keeps JSON, `->>` (only as the last step) makes text. A number is an array's index. */
export interface JsonStep {
  readonly arrow: '->' | '->>'
  readonly key: string | number
}

export type Condition = AndOr | Comparison | Related

export interface AndOr {
  readonly kind: 'and' | 'or'
  readonly not: boolean
  readonly conditions: readonly Condition[]
}

/** Operators that compare a field with one value in its text form. */
export const scalarOperators = [
  'eq',
  'neq',
  'gt',
  'gte',
  'lt',
  'lte',
  'like',
  'ilike',
  'match',
  'imatch',
  'isdistinct',
] as const
export type ScalarOperator = (typeof scalarOperators)[number]

export const isValues = ['null', 'not_null', 'true', 'false', 'unknown'] as const
export type IsValue = (typeof isValues)[number]

export type Comparison = ScalarComparison | ListComparison | IsComparison

interface ComparisonOf {
  readonly kind: 'compare'
  readonly path: FieldPath
  readonly not: boolean
}

export interface ScalarComparison extends ComparisonOf {
  readonly operator: ScalarOperator
  /** The value in PostgreSQL's text form; `like` and `ilike` with `%` and `_`. */
  readonly value: string
}

export interface ListComparison extends ComparisonOf {
  /** `in`: equal to one of the values. With a quantifier: the operator holds for any or all of them. */
  readonly operator: 'in' | ScalarOperator
  readonly quantifier?: 'any' | 'all'
  readonly values: readonly string[]
}

export interface IsComparison extends ComparisonOf {
  readonly operator: 'is'
  readonly value: IsValue
}

/** Whether an embed of the same query (by alias or relation) has rows: PostgREST's `rel=not.is.null`. */
export interface Related {
  readonly kind: 'related'
  readonly embed: string
  readonly not: boolean
}

export interface Order {
  readonly path: FieldPath
  /** Orders by a field of this embed (by alias or relation), which is one row at most. */
  readonly embed?: string
  readonly direction: 'asc' | 'desc'
  readonly nulls?: 'first' | 'last'
}

/** What a datasource answers to a plan. */
export interface Answer {
  /** JSON text made by the datasource: an array, or an object when `single`; empty when nothing was asked for. */
  readonly body: string
  /** Rows in the body, or rows written. */
  readonly rows: number
  /** All rows that the read's conditions match, when it asked for the count. */
  readonly total: number | null
}
