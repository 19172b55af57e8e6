import { TenantryError } from '../../core/errors.ts'
import type { Query } from '../../core/plan.ts'

const integer = /^\s*-?\d+\s*$/

/** A number of `limit` or `offset`; nothing when it is none, which PostgREST takes for absent. */
export function parseRowNumber(text: string): number | undefined {
  if (!integer.test(text)) return undefined
  return Math.max(-Number.MAX_SAFE_INTEGER, Math.min(Number(text), Number.MAX_SAFE_INTEGER))
}

/** Resolves the pages of a query and its embeds; with `rows` each holds no more than so many. */
export function paginate({ limit, offset, select, ...query }: Query, rows: number | null, range?: string): Query {
  const header = parseRange(range)
  const { first, count } = resolvePage({ limit, offset }, header)
  const most = Math.min(count, rows ?? Number.POSITIVE_INFINITY)
  return {
    ...query,
    select: select.map(selection =>
      selection.kind === 'embed' ? { ...selection, query: paginate(selection.query, rows) } : selection,
    ),
    ...((offset !== undefined || header) && { offset: first }),
    ...(Number.isFinite(most) && { limit: most }),
  }
}

interface Rows {
  readonly first: number
  /** Infinity: to the end. */
  readonly last: number
}

interface Page {
  readonly first: number
  /** Infinity: to the end. */
  readonly count: number
}

/** Where `limit` and `offset` and the `Range` header (`0-19`, `20-`) overlap. Throws `PGRST103` where they do not. */
function resolvePage(
  { limit = Number.POSITIVE_INFINITY, offset = 0 }: { limit: number | undefined; offset: number | undefined },
  header: Rows = { first: 0, last: Number.POSITIVE_INFINITY },
): Page {
  if (limit === 0) return { first: Math.max(0, offset), count: 0 }
  const first = Math.max(offset, header.first)
  const last = Math.min(offset + limit - 1, header.last)
  // A page that ends right before the first row is an empty one.
  if (first === 0 && last === -1) return { first, count: 0 }
  if (last < first) {
    throw notSatisfiable(
      header.last < header.first
        ? 'The lower boundary must be lower than or equal to the upper boundary in the Range header.'
        : 'Limit should be greater than or equal to zero.',
    )
  }
  return { first, count: last - first + 1 }
}

export function notSatisfiable(details: string): TenantryError {
  return new TenantryError('invalid', 'Requested range not satisfiable', { reason: 'PGRST103', details })
}

/** Undefined for what is no range of rows: it is as good as none. */
function parseRange(range = ''): Rows | undefined {
  const [, first, last] = /^(\d+)-(\d*)$/.exec(range) ?? []
  if (first === undefined) return undefined
  return { first: parseRowNumber(first) ?? 0, last: parseRowNumber(last ?? '') ?? Number.POSITIVE_INFINITY }
}
