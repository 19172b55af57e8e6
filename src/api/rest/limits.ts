import { TenantryError } from '../../core/errors.ts'
import type { Limits } from '../../core/limits.ts'

/** What holds where neither product nor entity says otherwise. `bodyBytes` and `timeoutMs` are kept where those are known. */
export const defaultLimits = {
  /** Rows when the request gives no limit; a larger one is lowered to it, as PostgREST's `db-max-rows` does. */
  rows: 1000,
  depth: 20,
  filters: 200,
  bodyBytes: 10 * 1024 * 1024,
} as const

export type RestLimits = Readonly<Record<keyof typeof defaultLimits, number>>

/** The limits of an entity: its own, else the product's, else the default. */
export function limitsOf(own: Limits, ofProduct: Limits): RestLimits {
  const { rows, depth, filters, bodyBytes } = { ...defaultLimits, ...ofProduct, ...own }
  return { rows, depth, filters, bodyBytes }
}

/** Fields and embeds of one `select`, at all levels. */
export const maxSelections = 500
/** Parameters of one query string. */
export const maxParameters = 2000
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

export function checkDepth(depth: number, limit: number, things: string): void {
  if (depth > limit) throw tooMany(`${things} are nested deeper than ${limit} levels`)
}

function tooMany(message: string): TenantryError {
  return new TenantryError('invalid', message, { reason: 'PGRST100', hint: 'Split it into several requests' })
}
