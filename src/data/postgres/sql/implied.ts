import type { CheckedPath, CheckedTest } from '../../../core/checked-plan.ts'
import type { Entity } from '../../../core/module-set.ts'
import { hasTwin, isIndexed, twinOf } from './indexes.ts'
import { intersectRanges, likeRange, mergeRanges, type TextRange } from './like-range.ts'
import { elementType } from './types.ts'
import { type Binder, identifier } from './writer.ts'

/** More ranges than these become one, so that the texts of statements stay few. */
const mostRanges = 4

/** What a comparison of decimals says of their floating point twins, which are in the same order but may be equal. */
const twinOperators = { eq: '=', in: '=', gt: '>=', gte: '>=', lt: '<=', lte: '<=' } as const

/** What a field is compared with, bound. */
export interface Operand {
  readonly sql: string
  /** `any ` or `all ` before an array. */
  readonly quantifier: '' | 'any ' | 'all '
}

/**
 * What a test implies, in operators that may be a condition of an index under row security, or nothing. It is true
 * wherever the test is, and null only where the test is, so both together are the same as the test. `operand` is the
 * test's own, bound already.
 */
export function impliedSql(
  test: CheckedTest,
  { field, json }: CheckedPath,
  entity: Entity,
  alias: string,
  operand: Operand,
  binder: Binder,
): string | undefined {
  if (json.length > 0 || field.spec.array) return undefined
  if (test.operator === 'like') {
    const inOrder = elementType(entity, field) === 'text' && (field.spec.collation ?? 'C') === 'C'
    if (!inOrder || !isIndexed(entity, field)) return undefined
    const column = `${alias}.${identifier(field.name)}`
    return 'values' in test ? rangesSql(rangesOf(test), column, binder) : rangeSql(test, column, binder)
  }
  return hasTwin(entity, field) ? twinSql(test, `${alias}.${identifier(twinOf(field))}`, operand, binder) : undefined
}

/** One pattern is often another's with other letters, so its range is made of what is given. */
function rangeSql(
  test: { readonly value: string; readonly slot?: number },
  column: string,
  binder: Binder,
): string | undefined {
  const ends = binder.assume(test, pattern => {
    const range = likeRange(pattern)
    return range && (range.to === null ? 'one' : 'both')
  })
  if (ends === undefined) return undefined
  const least = `${column} >= ${binder.bindGiven(test, 'text', pattern => likeRange(pattern)?.from ?? '')}`
  if (ends === 'one') return least
  return `${least} and ${column} < ${binder.bindGiven(test, 'text', pattern => likeRange(pattern)?.to ?? '')}`
}

function rangesOf(test: Extract<CheckedTest, { readonly values: unknown }>): readonly TextRange[] {
  const ranges = test.values.map(likeRange)
  const known = ranges.filter(range => range !== undefined)
  const [first, ...others] = known
  if (test.quantifier === 'all') return first ? [intersectRanges([first, ...others])] : []
  if (known.length < ranges.length) return []
  const merged = mergeRanges(known)
  const [least, greatest] = [merged[0], merged.at(-1)]
  return merged.length > mostRanges && least && greatest ? [{ from: least.from, to: greatest.to }] : merged
}

function rangesSql(ranges: readonly TextRange[], column: string, binder: Binder): string | undefined {
  const parts = ranges.map(({ from, to }) => {
    const least = `${column} >= ${binder.bind(from, 'text')}`
    return to === null ? least : `${least} and ${column} < ${binder.bind(to, 'text')}`
  })
  if (parts.length < 2) return parts[0]
  return `(${parts.join(' or ')})`
}

function twinSql(test: CheckedTest, twin: string, operand: Operand, binder: Binder): string | undefined {
  const operator = Object.entries(twinOperators).find(([name]) => name === test.operator)?.[1]
  if (operator === undefined) return undefined
  if (test.operator === 'is' || 'config' in test) return undefined
  const { sql, quantifier } = operand
  const plain =
    'values' in test
      ? binder.assumeListed(test, values => values.every(isPlainNumber))
      : binder.assume(test, isPlainNumber)
  if (!plain) return undefined
  return quantifier === ''
    ? `${twin} ${operator} ${sql}::float8`
    : `${twin} ${operator} ${quantifier}(${sql}::float8[])`
}

/** True for digits that have a floating point value; others are left to the exact comparison. */
function isPlainNumber(text: unknown): boolean {
  if (typeof text !== 'string' || !/^[+-]?\d{1,300}(\.\d{0,300})?$/.test(text)) return false
  return Number(text) !== 0 || !/[1-9]/.test(text)
}
