import {
  type AndOr,
  type Comparison,
  type Condition,
  type ScalarComparison,
  scalarOperators,
} from '../../../core/plan.ts'
import { checkDepth } from '../limits.ts'
import { anyName, parsePath, parseTreePath } from './names.ts'
import { parseListedValue, parseOperation } from './operation.ts'
import { Scanner } from './scanner.ts'

export interface ScopedCondition {
  /** The embeds that lead from the root to where the condition holds. */
  readonly embeds: readonly string[]
  readonly condition: Condition
}

/** `rel.field->>key=not.eq.value`; `slot` when its value is one of a shape (`shapeOf`). */
export function parseFilter(key: string, value: string, slot?: number): ScopedCondition {
  const { embeds, path } = parseTreePath(key)
  const scanner = new Scanner(value, 'filter')
  const condition = parseOperation(scanner, path, rest => rest.match(/.*/sy) ?? '')
  scanner.expectEnd()
  return { embeds, condition: slot !== undefined && isScalar(condition) ? { ...condition, slot } : condition }
}

function isScalar(condition: Comparison): condition is ScalarComparison {
  return !('values' in condition) && scalarOperators.some(operator => operator === condition.operator)
}

/** `rel.not.or=(a.eq.1,and(b.gt.2,c.is.null))`. Calls `count` for each comparison; nests `maxDepth` levels at most. */
export function parseLogic(key: string, value: string, count: () => void, maxDepth: number): ScopedCondition {
  const { embeds, path } = parseTreePath(key)
  const not = embeds.at(-1) === 'not'
  const head = not ? `not.${path.field}` : path.field
  const scanner = new Scanner(`${head}${value}`, 'logic tree', value)
  const condition = parseAndOr(scanner, { count, maxDepth }, 1)
  scanner.expectEnd()
  return { embeds: not ? embeds.slice(0, -1) : embeds, condition }
}

interface Bounds {
  readonly count: () => void
  readonly maxDepth: number
}

function parseAndOr(scanner: Scanner, bounds: Bounds, depth: number): AndOr {
  checkDepth(depth, bounds.maxDepth, 'Conditions')
  const not = scanner.take('not.')
  const kind = scanner.take('and') ? 'and' : scanner.take('or') ? 'or' : scanner.fail('logic operator (and, or)')
  scanner.skipSpace()
  scanner.expect('(')
  const conditions: Condition[] = []
  do {
    scanner.skipSpace()
    conditions.push(
      startsAndOr(scanner) ? parseAndOr(scanner, bounds, depth + 1) : parseComparison(scanner, bounds.count),
    )
    scanner.skipSpace()
  } while (scanner.take(','))
  scanner.expect(')', '"," or ")"')
  scanner.skipSpace()
  return { kind, not, conditions }
}

function startsAndOr(scanner: Scanner): boolean {
  const start = scanner.position
  const found = scanner.match(/(?:not\.)?(?:and|or)[ \t]*\(/y) !== undefined
  scanner.position = start
  return found
}

function parseComparison(scanner: Scanner, count: () => void): Comparison {
  count()
  const path = parsePath(scanner, `${anyName}, negation operator (not) or logic operator (and, or)`)
  scanner.expect('.', 'delimiter (.)')
  return parseOperation(scanner, path, parseValue)
}

function parseValue(scanner: Scanner): string {
  return scanner.match(/\{[^{}]*\}/y) ?? parseListedValue(scanner)
}
