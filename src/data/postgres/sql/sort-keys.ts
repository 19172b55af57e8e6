import type { CheckedPath } from '../../../core/checked-plan.ts'
import type { Entity } from '../../../core/module-set.ts'
import { hasTwin, twinIsExact, twinOf } from './indexes.ts'
import { identifier } from './writer.ts'

/** What rows are sorted by, and how it is made of a value of the field. */
export interface SortKey {
  readonly sql: string
  readonly of: (value: string) => string
}

/**
 * What rows are sorted by to be in the order of a field, whose value is `value`: a decimal's twin is in an index together
 * with the tenant, and sorts alike; where different decimals share a twin they decide among themselves.
 */
export function sortKeys(
  { field, json }: CheckedPath,
  entity: Entity,
  alias: string,
  value: string,
): readonly SortKey[] {
  const own: SortKey = { sql: value, of: given => given }
  if (json.length > 0 || !hasTwin(entity, field)) return [own]
  const twin: SortKey = { sql: `${alias}.${identifier(twinOf(field))}`, of: given => `${given}::float8` }
  return twinIsExact(field) ? [twin] : [twin, own]
}
