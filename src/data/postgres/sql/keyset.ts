import type { CheckedKeyset, CheckedKeysetTerm } from '../../../core/checked-plan.ts'
import type { Entity } from '../../../core/module-set.ts'
import { valueType } from './types.ts'
import { type Binder, identifier } from './writer.ts'

export function keysetOrderSql({ terms }: CheckedKeyset, alias: string): string {
  return terms.map(term => `${columnOf(term, alias)} ${term.direction}${nullsSql(term)}`).join(', ')
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
 * True for rows that come after the given values. Alike directions without nulls are one comparison of rows, which an index
 * answers; else the terms are told apart one by one, behind a bound on the first that an index can still begin at.
 */
export function afterSql({ terms, after }: CheckedKeyset, entity: Entity, alias: string, binder: Binder): string {
  const values = after ?? []
  const [first] = terms
  if (!first) return 'true'
  const bind = (term: CheckedKeysetTerm, index: number) =>
    binder.bind(values[index] ?? null, valueType(entity, term.field))
  if (terms.every(({ field, direction }) => !field.spec.optional && direction === first.direction)) {
    const columns = terms.map(term => columnOf(term, alias)).join(', ')
    return `(${columns}) ${operatorOf(first)} (${terms.map(bind).join(', ')})`
  }
  const bound = terms.map((term, index) => (values[index] === null ? null : bind(term, index)))
  const alternatives = terms.map((term, index) => {
    const same = terms.slice(0, index).map((earlier, at) => sameSql(earlier, bound[at] ?? null, alias))
    return [...same, beyondSql(term, bound[index] ?? null, alias)].join(' and ')
  })
  const start =
    !first.field.spec.optional && bound[0] ? `${columnOf(first, alias)} ${operatorOf(first)}= ${bound[0]} and ` : ''
  return `(${start}(${alternatives.map(alternative => `(${alternative})`).join(' or ')}))`
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
