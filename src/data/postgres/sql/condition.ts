import type { Entity } from '../../../core/module-set.ts'
import type { ScalarOperator } from '../../../core/plan.ts'
import type { CheckedComparison, CheckedCondition, CheckedEmbed, CheckedPath } from '../../../core/plan-check.ts'
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
}

/** Operators on the text of a value, whatever its type. */
const textOperators: ReadonlySet<string> = new Set(['like', 'ilike', 'match', 'imatch'])

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
  const prefix = not ? 'not ' : ''
  if (test.operator === 'is') return `${prefix}(${column} ${isTests[test.value]})`
  const type = textOperators.has(test.operator) ? 'text' : pathType(path, entity)
  if ('values' in test) {
    const list = binder.bind(arrayLiteral(test.values), `${listType(type, path, entity)}[]`)
    const operator = test.operator === 'in' ? '=' : operators[test.operator]
    return `${prefix}(${column} ${operator} ${test.quantifier ?? 'any'} (${list}))`
  }
  return `${prefix}(${column} ${operators[test.operator as ScalarOperator]} ${binder.bind(test.value, type)})`
}

/** An array has no array of arrays to be compared with; its elements' type is the best that can be done. */
function listType(type: string, path: CheckedPath, entity: Entity): string {
  return type.endsWith('[]') ? elementType(entity, path.field) : type
}

/** A field or a place inside its JSON. Keys are bound like any other value. */
export function pathSql({ field, json }: CheckedPath, alias: string, binder: Binder): string {
  const column = `${alias}.${identifier(field.name)}`
  if (json.length === 0) return column
  const steps = json.map(({ arrow, key }) =>
    typeof key === 'number'
      ? `${arrow} ${binder.bind(String(key), 'integer')}`
      : `${arrow} ${binder.bind(key, 'text')}`,
  )
  return `(${column} ${steps.join(' ')})`
}

function pathType({ field, json }: CheckedPath, entity: Entity): string {
  const last = json.at(-1)
  if (!last) return valueType(entity, field)
  return last.arrow === '->>' ? 'text' : 'jsonb'
}
