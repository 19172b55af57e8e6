import type { Exposure } from '../../core/module-set.ts'
import { withReads } from '../../core/view-reads.ts'

const known = new WeakMap<Exposure, ReadonlySet<string>>()

/**
 * Those of a caller's service roles that matter there, sorted: who has the same may do and see the same, so that what is made for
 * one of them is for all, in whatever tenant.
 */
export function accessClass(exposure: Exposure, roles: readonly string[]): string[] {
  let mattering = known.get(exposure)
  if (!mattering) {
    mattering = rolesIn(exposure)
    known.set(exposure, mattering)
  }
  return roles.filter(role => mattering.has(role)).sort()
}

/** All service roles that matter to somebody there. */
export function rolesIn({ entities, actions, fieldRoles }: Exposure): Set<string> {
  const used = [...entities.keys(), ...[...actions].flatMap(({ uses }) => uses.map(({ entity }) => entity))]
  const mapped = used.flatMap(entity => withReads(entity)).flatMap(({ access }) => [...access.keys()])
  return new Set([...mapped, ...[...actions].flatMap(({ roles }) => roles ?? []), ...fieldRoles])
}
