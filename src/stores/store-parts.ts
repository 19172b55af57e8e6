import { TenantryError } from '../core/errors.ts'
import { decodeRows } from '../core/exact-json.ts'
import type { Condition, EntityPlan } from '../core/plan.ts'
import type { TenantData } from '../core/tenant-data.ts'

/** More in one call would hold its locks and its memory for too long. */
const most = 1_000

/** The rows that a plan in `exact` output answers. */
export async function rowsIn(tenant: TenantData, plan: EntityPlan): Promise<Record<string, unknown>[]> {
  return decodeRows(plan.entity, await tenant.run(plan))
}

export function compare(field: string, operator: 'eq' | 'gt', value: string): Condition {
  return { kind: 'compare', path: { field }, not: false, operator, value }
}

export function idIn(field: string, values: readonly string[]): Condition {
  return { kind: 'compare', path: { field }, not: false, operator: 'in', values }
}

/** What is given alone is answered alone. */
export async function oneOrMany<Given, Done>(
  given: Given | readonly Given[],
  work: (many: readonly Given[]) => Promise<Done[]>,
): Promise<Done | Done[]> {
  if (isMany(given)) return given.length === 0 ? [] : work(given)
  const [done] = await work([given])
  if (done === undefined) throw new TenantryError('internal', 'What was written has no answer')
  return done
}

function isMany<Given>(given: Given | readonly Given[]): given is readonly Given[] {
  return Array.isArray(given)
}

export function atLeastOne(rows: readonly unknown[]): void {
  if (rows.length === 0) throw new TenantryError('invalid', 'There is nothing to write')
  if (rows.length > most)
    throw new TenantryError('too_large', `One call takes ${most} at most`, { hint: 'Make several calls' })
}

export function eachOnce(ids: readonly string[]): void {
  if (new Set(ids).size < ids.length)
    throw new TenantryError('invalid', 'An id is given twice', { hint: 'Give each id once' })
}
