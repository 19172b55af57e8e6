import type { CheckedComparison, CheckedCondition, CheckedQuery } from '../../../core/checked-plan.ts'
import type { Entity } from '../../../core/module-set.ts'
import { searchSql } from './condition.ts'
import { mostCandidates, type SearchedOperator, searchFunction, searchIndexesOf } from './indexes.ts'
import { type Binder, identifier } from './writer.ts'

export const fewestCandidates = 2_000
const candidatesOfRow = 20

/**
 * How many row ids are worth naming. Who reads on until there are enough rows finds them sooner where more match than this;
 * who counts or wants all has to look at all rows otherwise.
 */
export function candidateLimit({ limit, grouped }: Pick<CheckedQuery, 'limit' | 'grouped'>, counted: boolean): number {
  if (counted || grouped || limit === null) return mostCandidates
  return Math.min(mostCandidates, Math.max(fewestCandidates, candidatesOfRow * Math.trunc(limit)))
}

/** True when a query names rows by their key or by a reference: the index that begins with it is as good as any search. */
export function namesFewRows({ entity, where }: Pick<CheckedQuery, 'entity' | 'where'>): boolean {
  const sets = [
    entity.key,
    ...entity.unique.map(({ fields }) => fields),
    ...entity.references.map(({ field }) => [field]),
  ]
  return demandsOf(where).some(({ path: { field }, test }) => {
    const named = test.operator === 'eq' || test.operator === 'in'
    if (!named || ('quantifier' in test && test.quantifier === 'all')) return false
    return sets.some(fields => fields.length === 1 && fields[0] === field.name)
  })
}

/**
 * The row ids that a query's search functions name, as one SQL expression of type `tid[]`; undefined when nothing that the
 * query demands is searched. Null at run time: too many, or no single tenant; then all rows have to be looked at. What is
 * named is no more than candidates: the query's own conditions and row security still decide. Undefined also for a query
 * that names few rows in another way.
 */
export function candidatesSql(
  { entity, where }: Pick<CheckedQuery, 'entity' | 'where'>,
  most: number,
  binder: Binder,
): string | undefined {
  if (!where || entity.global || searchIndexesOf(entity).length === 0) return undefined
  if (namesFewRows({ entity, where })) return undefined
  const calls = demandsOf(where).flatMap(demand => callSql(demand, entity, most, binder) ?? [])
  return calls.length < 2 ? calls[0] : `coalesce(${calls.join(', ')})`
}

/** The rows of a table under an alias, reached by way of `candidates` or, where that is null, by all other ways. */
export function foundRowsSql(table: string, alias: string, candidates: string, where: string, tail = ''): string {
  const branch = (condition: string) =>
    `(select * from ${table} ${alias}${where === '' ? ' where' : `${where} and`} ${condition}${tail})`
  return `(${branch(`${alias}.ctid = any (${candidates}::tid[])`)} union all ${branch(`${candidates} is null`)}) ${alias}`
}

/** Comparisons that every row has to satisfy. */
function demandsOf(condition: CheckedCondition | null): CheckedComparison[] {
  if (condition === null || condition.not) return []
  if (condition.kind === 'compare') return condition.path.json.length === 0 ? [condition] : []
  if (condition.kind === 'related' || (condition.kind === 'or' && condition.conditions.length !== 1)) return []
  return condition.conditions.flatMap(demandsOf)
}

function callSql({ path, test }: CheckedComparison, entity: Entity, most: number, binder: Binder): string | undefined {
  const index = searchIndexesOf(entity).find(({ field }) => field === path.field)
  if (!index || test.operator === 'is' || 'values' in test) return undefined
  const wanted = 'config' in test ? 'fts' : test.operator
  const operator: SearchedOperator | undefined = index.operators.find(name => name === wanted)
  if (!operator) return undefined
  const operand = 'config' in test ? searchSql(test, binder) : binder.bindGiven(test, index.operand)
  const name = identifier(searchFunction(entity, index.field, operator))
  return `${identifier(entity.module.schema)}.${name}(${operand}, ${most})`
}
