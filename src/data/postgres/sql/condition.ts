import type {
  CheckedComparison,
  CheckedCondition,
  CheckedEmbed,
  CheckedPath,
  CheckedTest,
} from '../../../core/checked-plan.ts'
import type { Entity } from '../../../core/module-set.ts'
import type { ScalarOperator, SearchOperator } from '../../../core/plan.ts'
import { elementType, valueType } from './types.ts'
import { arrayLiteral, type Binder, identifier } from './writer.ts'

const operators: Readonly<Record<ScalarOperator, string>> = {
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
  return `${not ? 'not ' : ''}(${testSql(test, column, path, entity, binder)})`
}

function testSql(test: CheckedTest, column: string, path: CheckedPath, entity: Entity, binder: Binder): string {
  if (test.operator === 'is') return `${column} ${isTests[test.value]}`
  if ('config' in test) {
    const config = binder.bind(`pg_catalog.${test.config}`, 'regconfig')
    const type = pathType(path, entity)
    // What is neither text nor JSON is left to PostgreSQL, which knows whether it can be searched.
    const words = type === 'text' || type === 'jsonb' ? `to_tsvector(${config}, ${column})` : column
    return `${words} @@ ${searches[test.operator]}(${config}, ${binder.bind(test.value, 'text')})`
  }
  const type = textOperators.has(test.operator) ? 'text' : pathType(path, entity)
  if ('values' in test) {
    const list = binder.bind(arrayLiteral(test.values), `${listType(type, path, entity)}[]`)
    const operator = test.operator === 'in' ? '=' : operators[test.operator]
    return `${column} ${operator} ${test.quantifier === 'all' ? 'all' : 'any'} (${list})`
  }
  return `${column} ${operators[test.operator]} ${binder.bind(test.value, type)}`
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
