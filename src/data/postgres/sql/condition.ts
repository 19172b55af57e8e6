import type {
  CheckedComparison,
  CheckedCondition,
  CheckedEmbed,
  CheckedPath,
  CheckedTest,
} from '../../../core/checked-plan.ts'
import type { Entity } from '../../../core/module-set.ts'
import type { ScalarOperator, SearchOperator } from '../../../core/plan.ts'
import { impliedSql, type Operand } from './implied.ts'
import { elementType, valueType } from './types.ts'
import { arrayLiteral, type Binder, identifier } from './writer.ts'

/** The operators of PostgreSQL by their names in plans. */
export const scalarSql: Readonly<Record<ScalarOperator, string>> = {
  eq: '=',
  neq: '<>',
  gt: '>',
  gte: '>=',
  lt: '<',
  lte: '<=',
  like: 'like',
  ilike: 'ilike',
  match: '~',
  imatch: '~*',
  isdistinct: 'is distinct from',
  cs: '@>',
  cd: '<@',
  ov: '&&',
  sl: '<<',
  sr: '>>',
  nxr: '&<',
  nxl: '&>',
  adj: '-|-',
}

/** Operators on the text of a value, whatever its type. */
const textOperators: ReadonlySet<string> = new Set(['like', 'ilike', 'match', 'imatch'])

const searches: Readonly<Record<SearchOperator, string>> = {
  fts: 'to_tsquery',
  plfts: 'plainto_tsquery',
  phfts: 'phraseto_tsquery',
  wfts: 'websearch_to_tsquery',
}

const isTests = {
  null: 'is null',
  not_null: 'is not null',
  true: 'is true',
  false: 'is false',
  unknown: 'is unknown',
} as const

/** How an embed of the same query is asked whether it has rows; given by the reader, who knows how to join it. */
export type EmbedExists = (embed: CheckedEmbed, alias: string) => string

/** A condition on the row called `alias`, as SQL. */
export function conditionSql(
  condition: CheckedCondition,
  entity: Entity,
  alias: string,
  binder: Binder,
  exists: EmbedExists,
): string {
  switch (condition.kind) {
    case 'and':
    case 'or': {
      const parts = condition.conditions.map(inner => conditionSql(inner, entity, alias, binder, exists))
      const joined = parts.length === 0 ? String(condition.kind === 'and') : parts.join(` ${condition.kind} `)
      return `${condition.not ? 'not ' : ''}(${joined})`
    }
    case 'compare':
      return comparisonSql(condition, entity, alias, binder)
    case 'related':
      return `${condition.not ? 'not ' : ''}${exists(condition.embed, alias)}`
  }
}

function comparisonSql({ path, not, test }: CheckedComparison, entity: Entity, alias: string, binder: Binder): string {
  const column = pathSql(path, alias, binder)
  if (test.operator === 'is') return `${not ? 'not ' : ''}(${column} ${isTests[test.value]})`
  if ('config' in test) {
    const type = pathType(path, entity)
    // What is neither text nor JSON is left to PostgreSQL, which knows whether it can be searched.
    const isPlain = type === 'text' || type === 'jsonb'
    const words = isPlain ? `to_tsvector(${configSql(test, binder)}, ${column})` : column
    return `${not ? 'not ' : ''}(${words} @@ ${searchSql(test, binder)})`
  }
  const operand = operandOf(test, path, entity, binder)
  const implied = not ? undefined : impliedSql(test, path, entity, alias, operand, binder)
  const operator = scalarSql[test.operator === 'in' ? 'eq' : test.operator]
  return `${not ? 'not ' : ''}(${implied === undefined ? '' : `${implied} and `}${column} ${operator} ${operand.quantifier}(${operand.sql}))`
}

type Search = Extract<CheckedTest, { readonly config: unknown }>
type Compare = Exclude<CheckedTest, Search | { readonly operator: 'is' }>
type CompareList = Extract<Compare, { readonly values: unknown }>

/** What a full text search looks for, as `tsquery`. */
export function searchSql(test: Search, binder: Binder): string {
  return `${searches[test.operator]}(${configSql(test, binder)}, ${binder.bindGiven(test, 'text')})`
}

function configSql({ config }: Search, binder: Binder): string {
  return binder.bind(`pg_catalog.${config}`, 'regconfig')
}

function operandOf(test: Compare, path: CheckedPath, entity: Entity, binder: Binder): Operand {
  const type = textOperators.has(test.operator) ? 'text' : pathType(path, entity)
  if (!('values' in test)) return { sql: binder.bindGiven(test, type), quantifier: '' }
  return listOperand(test, listType(type, path, entity), binder)
}

/** Longer lists are one array. PostgreSQL takes one that it does not know for so many values. */
const mostSeparate = 10

/**
 * As many parameters as a short list has values. Each number has a plan of its own, which PostgreSQL keeps: of an array it
 * expects more values than there are, so that it would plan each statement anew.
 */
function separateFor({ length }: readonly string[]): number | undefined {
  return length === 0 || length > mostSeparate ? undefined : length
}

function listOperand(test: CompareList, type: string, binder: Binder): Operand {
  const quantifier = test.quantifier === 'all' ? 'all ' : 'any '
  const separate = binder.assumeListed(test, separateFor)
  if (separate === undefined) return { sql: binder.bindListed(test, `${type}[]`, arrayLiteral), quantifier }
  const each = Array.from({ length: separate }, (_, index) =>
    binder.bindListed(test, type, values => values[index] ?? ''),
  )
  return separate === 1 ? { sql: each.join(''), quantifier: '' } : { sql: `array[${each.join(', ')}]`, quantifier }
}

/** An array has no array of arrays to be compared with; its elements' type is the best that can be done. */
function listType(type: string, path: CheckedPath, entity: Entity): string {
  return type.endsWith('[]') ? elementType(entity, path.field) : type
}

/** A field or a place inside its JSON. Keys are bound like any other value. */
export function pathSql({ field, json }: CheckedPath, alias: string, binder: Binder): string {
  const column = `${alias}.${identifier(field.name)}`
  if (json.length === 0) return column
  // What is no JSON is looked into as the JSON that it is shown as.
  const document = field.spec.type === 'json' && !field.spec.array ? column : `to_jsonb(${column})`
  const steps = json.map(({ arrow, key }) => {
    const place = typeof key === 'number' ? binder.bind(String(key), 'integer') : binder.bind(key, 'text')
    return `${arrow === '->>' ? '->>' : '->'} ${place}`
  })
  return `(${document} ${steps.join(' ')})`
}

function pathType({ field, json }: CheckedPath, entity: Entity): string {
  const last = json.at(-1)
  if (!last) return valueType(entity, field)
  return last.arrow === '->>' ? 'text' : 'jsonb'
}
