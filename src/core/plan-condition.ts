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
  'cs',
  'cd',
  'ov',
  'sl',
  'sr',
  'nxr',
  'nxl',
  'adj',
] as const
export type ScalarOperator = (typeof scalarOperators)[number]

/** Operators that take `any` and `all`. */
export const quantifiableOperators = ['eq', 'gt', 'gte', 'lt', 'lte', 'like', 'ilike', 'match', 'imatch'] as const

/** Full text search: a query in operators, plain words, a phrase, or as web search engines take it. */
export const searchOperators = ['fts', 'plfts', 'phfts', 'wfts'] as const
export type SearchOperator = (typeof searchOperators)[number]

export const isValues = ['null', 'not_null', 'true', 'false', 'unknown'] as const
export type IsValue = (typeof isValues)[number]

export type Comparison = ScalarComparison | ListComparison | IsComparison | SearchComparison

interface ComparisonOf {
  readonly kind: 'compare'
  readonly path: FieldPath
  readonly not: boolean
}

interface Slotted {
  /** Which of the values of a `Likeness` stands here. */
  readonly slot?: number
}

export interface ScalarComparison extends ComparisonOf, Slotted {
  readonly operator: ScalarOperator
  /** The value in PostgreSQL's text form; `like` and `ilike` with `%` and `_`. */
  readonly value: string
}

export interface ListComparison extends ComparisonOf, Slotted {
  /** `in`: equal to one of the values. With a quantifier: the operator holds for any or all of them. */
  readonly operator: 'in' | ScalarOperator
  readonly quantifier?: 'any' | 'all'
  readonly values: readonly string[]
}

export interface IsComparison extends ComparisonOf {
  readonly operator: 'is'
  readonly value: IsValue
}

export interface SearchComparison extends ComparisonOf, Slotted {
  readonly operator: SearchOperator
  readonly value: string
  /** The language in which words are equal. Absent: that of a `searchText` field, else `simple`. */
  readonly config?: string
}

/** Whether an embed of the same query (by alias or relation) has rows: PostgREST's `rel=not.is.null`. */
export interface Related {
  readonly kind: 'related'
  readonly embed: string
  readonly not: boolean
}
