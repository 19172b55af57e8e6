import type { Entity, EntityField } from '../../../core/module-set.ts'
import type { ScalarOperator } from '../../../core/plan.ts'
import { valueType } from './types.ts'

/** Operators that a search function serves; `fts` stands for all full text searches. */
export type SearchedOperator =
  | Extract<ScalarOperator, 'eq' | 'cs' | 'cd' | 'ov' | 'sl' | 'sr' | 'nxr' | 'nxl' | 'adj'>
  | 'fts'

/**
 * An index whose operators are not leakproof, so that under row security a condition cannot be asked of it. Functions that
 * belong to the search role search it and name the rows they find; a table without a tenant needs none.
 */
export interface SearchIndex {
  readonly field: EntityField
  readonly method: 'gin' | 'gist'
  /** Other than the type's usual one. */
  readonly operatorClass?: string
  readonly operators: readonly SearchedOperator[]
  /** The type of what is looked for. */
  readonly operand: string
}

/** More row ids than these are never named: to look at all rows is then as good. */
export const mostCandidates = 50_000

const ofArrays = ['eq', 'cs', 'cd', 'ov'] as const
const ofRanges = ['eq', 'cs', 'cd', 'ov', 'sl', 'sr', 'nxr', 'nxl', 'adj'] as const

const known = new WeakMap<Entity, readonly SearchIndex[]>()

/** Every searchText field has one; arrays, ranges and JSON have one where the definition asks for an index on them. */
export function searchIndexesOf(entity: Entity): readonly SearchIndex[] {
  let found = known.get(entity)
  if (!found) {
    found = [...entity.fields.values()].flatMap(field => searchIndexOf(entity, field) ?? [])
    known.set(entity, found)
  }
  return found
}

function searchIndexOf(entity: Entity, field: EntityField): SearchIndex | undefined {
  const operand = valueType(entity, field)
  if (field.spec.type === 'searchText') return { field, method: 'gin', operators: ['fts'], operand: 'tsquery' }
  if (!entity.indexes.some(fields => fields.length === 1 && fields[0] === field.name)) return undefined
  if (field.spec.array) return { field, method: 'gin', operators: ofArrays, operand }
  if (field.spec.type === 'json')
    return { field, method: 'gin', operatorClass: 'jsonb_path_ops', operators: ['cs'], operand }
  if (field.spec.type === 'range') return { field, method: 'gist', operators: ofRanges, operand }
  return undefined
}

/** The index that serves a set of fields is one that is searched by functions. */
export function isSearched(entity: Entity, fields: readonly string[]): boolean {
  return fields.length === 1 && searchIndexesOf(entity).some(({ field }) => field.name === fields[0])
}

/** True for fields in an index: only there an implied condition may help. */
export function isIndexed(entity: Entity, { name }: EntityField): boolean {
  return [entity.key, ...entity.indexes, ...entity.unique.map(({ fields }) => fields)].some(fields =>
    fields.includes(name),
  )
}

/** Digits before and after the point with which every value has a floating point one. */
const mostDigits = 300

/**
 * True for decimals in an index of a tenant's table, other than keys. No comparison of `numeric` is leakproof, those of `float8` are: the database keeps such a
 * decimal a second time as floating point, which has the same order, and that twin is in the index.
 */
export function hasTwin(entity: Entity, field: EntityField): boolean {
  const { type, array, precision = 0, scale = 0 } = field.spec
  if (entity.global || type !== 'decimal' || array || precision - scale > mostDigits || scale > mostDigits) return false
  return !entity.key.includes(field.name) && entity.indexes.some(fields => fields.includes(field.name))
}

/** No field can be called so. */
export function twinOf({ name }: EntityField): string {
  return `${name}?`
}

/** True when no two values of a decimal have the same twin: every one of 15 digits has a floating point value of its own. */
export function twinIsExact({ spec }: EntityField): boolean {
  return (spec.precision ?? 0) <= 15
}

/** `"orders.tags cs"` */
export function searchFunction(entity: Entity, field: EntityField, operator: SearchedOperator): string {
  return `${entity.name}.${field.name} ${operator}`
}
