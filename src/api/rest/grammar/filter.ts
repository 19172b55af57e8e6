import type { AndOr, Comparison, Condition } from '../../../core/plan.ts'
import { checkDepth } from '../limits.ts'
import { type SlottedParameter, slotAt } from '../query-string.ts'
import { anyName, parsePath, parseTreePath } from './names.ts'
import { parseListedValue, parseOperation, type SlotAt } from './operation.ts'
import { Scanner } from './scanner.ts'

export interface ScopedCondition {
  /** The embeds that lead from the root to where the condition holds. */
  readonly embeds: readonly string[]
  readonly condition: Condition
}

/** `rel.field->>key=not.eq.value` */
export function parseFilter({ key, value, slots }: SlottedParameter): ScopedCondition {
  const { embeds, path } = parseTreePath(key)
  const scanner = new Scanner(value, 'filter')
  const condition = parseOperation(
    scanner,
    path,
    rest => rest.match(/.*/sy) ?? '',
    position => slotAt(slots, position),
  )
  scanner.expectEnd()
  return { embeds, condition }
}

/** `rel.not.or=(a.eq.1,and(b.gt.2,c.is.null))`. Calls `count` for each comparison; nests `maxDepth` levels at most. */
export function parseLogic(
  { key, value, slots }: SlottedParameter,
  count: () => void,
  maxDepth: number,
): ScopedCondition {
  const { embeds, path } = parseTreePath(key)
  const not = embeds.at(-1) === 'not'
  const head = not ? `not.${path.field}` : path.field
  const scanner = new Scanner(`${head}${value}`, 'logic tree', value)
  const bounds = { count, maxDepth, slotAt: (position: number) => slotAt(slots, position - head.length) }
  const condition = parseAndOr(scanner, bounds, 1)
  scanner.expectEnd()
  return { embeds: not ? embeds.slice(0, -1) : embeds, condition }
}

interface Bounds {
  readonly count: () => void
  readonly maxDepth: number
  readonly slotAt: SlotAt
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
    conditions.push(startsAndOr(scanner) ? parseAndOr(scanner, bounds, depth + 1) : parseComparison(scanner, bounds))
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

function parseComparison(scanner: Scanner, { count, slotAt }: Bounds): Comparison {
  count()
  const path = parsePath(scanner, `${anyName}, negation operator (not) or logic operator (and, or)`)
  scanner.expect('.', 'delimiter (.)')
  return parseOperation(scanner, path, parseValue, slotAt)
}

function parseValue(scanner: Scanner): string {
  return scanner.match(/\{[^{}]*\}/y) ?? parseListedValue(scanner)
}
