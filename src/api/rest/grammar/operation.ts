import {
  type Comparison,
  type FieldPath,
  isValues,
  quantifiableOperators,
  scalarOperators,
  searchOperators,
} from '../../../core/plan.ts'
import { createCounter, maxValues } from '../limits.ts'
import { parseArrayLiteral } from './array-literal.ts'
import { parseQuoted } from './names.ts'
import type { Scanner } from './scanner.ts'

const anyOperator = 'operator (eq, gt, ...)'

/** Which slot, if any, the value that begins there is (`shapeOf`). */
export type SlotAt = (position: number) => number | undefined

/** `not.eq.value`, `in.(a,b)`, `is.null`, `like(any).{a*,b*}`, `fts(english).a&b`. `readValue` reads a single value to where it ends. */
export function parseOperation(
  scanner: Scanner,
  path: FieldPath,
  readValue: (scanner: Scanner) => string,
  slotAt: SlotAt,
): Comparison {
  const not = scanner.take('not.')
  const start = scanner.position
  const name = scanner.match(/[a-z]+/y) ?? ''
  const base = { kind: 'compare', path, not } as const
  if (name === 'in') {
    scanner.expect('.', anyOperator)
    const slot = slottedAt(scanner, slotAt)
    return { ...base, operator: 'in', values: parseList(scanner), ...slot }
  }
  if (name === 'is') {
    scanner.expect('.', anyOperator)
    return { ...base, operator: 'is', value: parseIsValue(scanner) }
  }
  const search = searchOperators.find(operator => operator === name)
  if (search) {
    const config = parseConfig(scanner)
    scanner.expect('.', anyOperator)
    const slot = slottedAt(scanner, slotAt)
    return { ...base, operator: search, value: readValue(scanner), ...(config !== undefined && { config }), ...slot }
  }
  const operator = scalarOperators.find(operator => operator === name)
  if (!operator) scanner.fail(not ? anyOperator : `"not" or ${anyOperator}`, start)
  const quantifier = quantifiableOperators.some(name => name === operator) ? parseQuantifier(scanner) : undefined
  scanner.expect('.', anyOperator)
  const slot = slottedAt(scanner, slotAt)
  const value = patternOf(operator, readValue(scanner))
  if (quantifier === undefined) return { ...base, operator, value, ...slot }
  return { ...base, operator, quantifier, values: parseArrayLiteral(value) }
}

function slottedAt({ position }: Scanner, slotAt: SlotAt): { readonly slot?: number } {
  const slot = slotAt(position)
  return slot === undefined ? {} : { slot }
}

/** In a pattern `*` stands for `%`, which would have to be encoded. */
export function patternOf(operator: string, value: string): string {
  return operator === 'like' || operator === 'ilike' ? value.replaceAll('*', '%') : value
}

/** `(english)` */
function parseConfig(scanner: Scanner): string | undefined {
  if (!scanner.take('(')) return undefined
  const config = scanner.match(/[\p{L}\p{N}_]+/uy)
  if (config === undefined || !scanner.take(')')) scanner.fail(anyOperator)
  return config
}

function parseQuantifier(scanner: Scanner): 'any' | 'all' | undefined {
  if (scanner.take('(any)')) return 'any'
  if (scanner.take('(all)')) return 'all'
  return undefined
}

function parseIsValue(scanner: Scanner): (typeof isValues)[number] {
  const start = scanner.position
  const word = scanner.match(/[a-z_]+/iy)?.toLowerCase()
  return isValues.find(value => value === word) ?? scanner.fail(`isVal: (${isValues.join(', ')})`, start)
}

/** `(a,"b,c")`; nothing between the parentheses is no value. */
export function parseList(scanner: Scanner): string[] {
  const count = createCounter(maxValues, 'values in a list')
  scanner.skipSpace()
  scanner.expect('(')
  scanner.skipSpace()
  const values: string[] = []
  if (!scanner.sees(')')) {
    do {
      count()
      values.push(parseListedValue(scanner))
    } while (scanner.take(','))
  }
  scanner.expect(')', '"," or ")"')
  scanner.skipSpace()
  return values
}

/** A value that a comma or parenthesis ends, unless it is quoted. */
export function parseListedValue(scanner: Scanner): string {
  const start = scanner.position
  const quoted = parseQuoted(scanner)
  if (quoted !== undefined && (scanner.atEnd || scanner.sees(',') || scanner.sees(')'))) return quoted
  scanner.position = start
  return scanner.match(/[^,)]*/y) ?? ''
}
