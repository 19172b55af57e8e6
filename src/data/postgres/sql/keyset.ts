import type { CheckedKeyset, CheckedKeysetTerm } from '../../../core/checked-plan.ts'
import { TenantryError } from '../../../core/errors.ts'
import type { Entity } from '../../../core/module-set.ts'
import { type SortKey, sortKeys } from './sort-keys.ts'
import { valueType } from './types.ts'
import { type Binder, identifier } from './writer.ts'

export function keysetOrderSql({ terms }: CheckedKeyset, entity: Entity, alias: string): string {
  return terms
    .flatMap(term => keysOf(term, entity, alias).map(({ sql }) => `${sql} ${term.direction}${nullsSql(term)}`))
    .join(', ')
}

function keysOf(term: CheckedKeysetTerm, entity: Entity, alias: string): readonly SortKey[] {
  return sortKeys({ field: term.field, json: [] }, entity, alias, columnOf(term, alias))
}

/** Only where it is not PostgreSQL's own way, so that an index in its own way serves it. */
function nullsSql({ field, direction, nulls }: CheckedKeysetTerm): string {
  return field.spec.optional && nulls !== (direction === 'asc' ? 'last' : 'first') ? ` nulls ${nulls}` : ''
}

/** The values that a row is ordered by, as a JSON array of texts. */
export function keysetValuesSql({ terms }: CheckedKeyset, alias: string): string {
  return `json_build_array(${terms.map(term => `${columnOf(term, alias)}::text`).join(', ')})::text`
}

/**
 * True for rows that come after the given values, as conditions of which each row meets one at most: two where rows with a value
 * and those without are in different places of an index. Alike directions without nulls are one comparison of rows, which
 * an index answers; else the terms are told apart one by one, behind a bound on the first that an index can still begin at.
 */
export function afterSql(
  { terms, after }: CheckedKeyset,
  entity: Entity,
  alias: string,
  binder: Binder,
): readonly string[] {
  const values = after ?? []
  const bound = terms.map(({ field }, index) => {
    const value = values[index] ?? null
    return value === null ? null : binder.bind(value, valueType(entity, field))
  })
  const keys = terms.flatMap((term, index) =>
    keysOf(term, entity, alias).map(({ sql, of }) => ({ sql, value: of(bound[index] ?? 'null') })),
  )
  const [[first], [start]] = [terms, keys]
  if (!first || !start) throw new TenantryError('internal', 'A page has nothing that it is ordered by')
  const begins = `${start.sql} ${operatorOf(first)}= ${start.value}`
  if (terms.every(({ field, direction }) => !field.spec.optional && direction === first.direction)) {
    const rows = `(${keys.map(({ sql }) => sql).join(', ')}) ${operatorOf(first)} (${keys.map(({ value }) => value).join(', ')})`
    // Two keys of one term: the second is compared by what no index may be asked under row security.
    return [keys.length === terms.length ? rows : `(${begins} and ${rows})`]
  }
  const alternatives = terms.map((term, index) => {
    const same = terms.slice(0, index).map((earlier, at) => sameSql(earlier, bound[at] ?? null, alias))
    return `(${[...same, beyondSql(term, bound[index] ?? null, alias)].join(' and ')})`
  })
  const beyond = `(${alternatives.join(' or ')})`
  if (bound[0]) {
    const withValue = `(${begins} and ${beyond})`
    return first.field.spec.optional && first.nulls === 'last' ? [withValue, `${start.sql} is null`] : [withValue]
  }
  const withoutValue = `(${start.sql} is null and ${beyond})`
  return first.nulls === 'first' ? [withoutValue, `${start.sql} is not null`] : [withoutValue]
}

function sameSql(term: CheckedKeysetTerm, value: string | null, alias: string): string {
  return value === null ? `${columnOf(term, alias)} is null` : `${columnOf(term, alias)} = ${value}`
}

function beyondSql(term: CheckedKeysetTerm, value: string | null, alias: string): string {
  const column = columnOf(term, alias)
  if (value === null) return term.nulls === 'first' ? `${column} is not null` : 'false'
  const beyond = `${column} ${operatorOf(term)} ${value}`
  return term.field.spec.optional && term.nulls === 'last' ? `(${beyond} or ${column} is null)` : beyond
}

function operatorOf({ direction }: CheckedKeysetTerm): '>' | '<' {
  return direction === 'asc' ? '>' : '<'
}

function columnOf({ field }: CheckedKeysetTerm, alias: string): string {
  return `${alias}.${identifier(field.name)}`
}
