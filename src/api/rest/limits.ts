import { TenantryError } from '../../core/errors.ts'

/** Rows of a list, and of every embed in it, when the request gives no limit. */
export const defaultRows = 1000
/** A larger limit is lowered to this one, as PostgREST's `db-max-rows` does. */
export const maxRows = 1000
/** Levels of embeds, and of `and`/`or` in each other. */
const maxDepth = 20
/** Fields and embeds of one `select`, at all levels. */
export const maxSelections = 500
/** Parameters of one query string. */
export const maxParameters = 2000
/** Conditions of one request, at all levels. */
export const maxFilters = 200
/** Values in one `in.(…)` or `{…}`. */
export const maxValues = 5000
/** Terms of one `order`. */
export const maxOrders = 50
/** Names in `columns` or `on_conflict`, and different keys in a payload. */
export const maxColumns = 500
/** Values in a body of CSV. */
export const maxCells = 250_000
/** Bytes of a name: PostgreSQL would cut a longer one. */
export const maxNameBytes = 63

/** A function to call for each thing; throws when called more often than `limit`. */
export function createCounter(limit: number, things: string): () => void {
  let count = 0
  return () => {
    count += 1
    if (count > limit) throw tooMany(`The request has more than ${limit} ${things}`)
  }
}

export function checkDepth(depth: number, things: string): void {
  if (depth > maxDepth) throw tooMany(`${things} are nested deeper than ${maxDepth} levels`)
}

function tooMany(message: string): TenantryError {
  return new TenantryError('invalid', message, { reason: 'PGRST100', hint: 'Split it into several requests' })
}
