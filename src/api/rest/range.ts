import { TenantryError } from '../../core/errors.ts'
import type { Query } from '../../core/plan.ts'

const rangePattern = /^(\d+)-(\d*)$/
const integer = /^\s*-?\d+\s*$/

/** A number of `limit` or `offset`; nothing when it is none, which PostgREST takes for absent. */
export function parseRowNumber(text: string): number | undefined {
  if (!integer.test(text)) return undefined
  return Math.max(-Number.MAX_SAFE_INTEGER, Math.min(Number(text), Number.MAX_SAFE_INTEGER))
}

/** Resolves the pages of a query and its embeds; with `rows` each holds no more than so many. */
export function paginate({ limit, offset, select, ...query }: Query, rows: number | null, range?: string): Query {
  const page = resolvePage({ ...(limit !== undefined && { limit }), ...(offset !== undefined && { offset }) }, range)
  const paged = offset !== undefined || rangePattern.test(range ?? '')
  return {
    ...query,
    select: select.map(selection =>
      selection.kind === 'embed' ? { ...selection, query: paginate(selection.query, rows) } : selection,
    ),
    ...page,
    ...(paged && { offset: page.offset ?? 0 }),
    ...(rows !== null && { limit: Math.min(page.limit ?? rows, rows) }),
  }
}

type Page = Pick<Query, 'limit' | 'offset'>

interface Rows {
  readonly first: number
  /** Infinity: to the end. */
  readonly last: number
}

/** Where `limit` and `offset` and the `Range` header (`0-19`, `20-`) overlap. Throws `PGRST103` where they do not. */
function resolvePage({ limit, offset = 0 }: Page, range?: string): Page {
  if (limit === 0) return pageOf(Math.max(0, offset), 0)
  const header = parseRange(range)
  const first = Math.max(offset, header.first)
  const last = Math.min(limit === undefined ? Number.POSITIVE_INFINITY : offset + limit - 1, header.last)
  // A page that ends right before the first row is an empty one.
  if (first === 0 && last === -1) return pageOf(0, 0)
  if (last < first) {
    throw notSatisfiable(
      header.last < header.first
        ? 'The lower boundary must be lower than or equal to the upper boundary in the Range header.'
        : 'Limit should be greater than or equal to zero.',
    )
  }
  return pageOf(first, last - first + 1)
}

export function notSatisfiable(details: string): TenantryError {
  return new TenantryError('invalid', 'Requested range not satisfiable', { reason: 'PGRST103', details })
}

function pageOf(offset: number, limit: number): Page {
  return { ...(Number.isFinite(limit) && { limit }), ...(offset > 0 && { offset }) }
}

/** A header that is no range of rows is as good as none. */
function parseRange(range = ''): Rows {
  const [, first, last] = rangePattern.exec(range) ?? []
  return {
    first: parseRowNumber(first ?? '') ?? 0,
    last: parseRowNumber(last ?? '') ?? Number.POSITIVE_INFINITY,
  }
}
