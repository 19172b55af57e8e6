import { resolveAccess, type Verb } from '../../core/access-role.ts'
import type { Action, Entity } from '../../core/module-set.ts'
import { type Sight, sightOf } from '../../core/sight.ts'
import { systemTenant } from '../../core/tenant.ts'
import type { TenantContext } from '../../core/tenant-context.ts'
import { withReads } from '../../core/view-reads.ts'

/** What callers may do. Those who may the same, in whatever tenant, are of one class and share their schemas. */
export interface AccessClass {
  /** Differs between any two of an exposure. */
  readonly id: string
  readonly sight: Sight
  readonly reads: ReadonlySet<Entity>
  readonly writes: ReadonlySet<Entity>
  readonly calls: ReadonlySet<Action>
}

export type Caller = Pick<TenantContext, 'principal' | 'exposure' | 'acrossTenants'>

/** The rule is the one that requests obey (F2.1): what it would refuse, whatever was asked, is not there for the caller. */
export function accessClassOf({ principal, exposure, acrossTenants }: Caller): AccessClass {
  const { roles } = principal
  const acting = principal.tenant === systemTenant && !acrossTenants
  const may = (uses: readonly { readonly entity: Entity; readonly verb: Verb }[]) =>
    'role' in resolveAccess({ roles, acrossTenants, acting, hasInstance: false, uses })
  const entities = [...exposure.exposed].flatMap(({ entities }) => entities).filter(({ internal }) => !internal)
  const mayUse = (entity: Entity, verb: Verb) => may(withReads(entity).map(entity => ({ entity, verb })))
  const sight = sightOf(exposure, 'caller', roles)
  const reads = entities.filter(entity => sight.fieldsOf(entity).size > 0 && mayUse(entity, 'read'))
  const writes = reads.filter(entity => !entity.view && mayUse(entity, 'write'))
  const calls = [...exposure.exposed]
    .flatMap(({ actions }) => actions)
    .filter(({ roles: named, uses }) => (named?.some(role => roles.includes(role)) ?? true) && may(uses))
  const bits = (all: readonly unknown[], some: readonly unknown[]) =>
    all.map(one => (some.includes(one) ? 1 : 0)).join('')
  const actions = [...exposure.exposed].flatMap(({ actions }) => actions)
  const id = [sight.id, bits(entities, reads), bits(entities, writes), bits(actions, calls)].join('|')
  return { id, sight, reads: new Set(reads), writes: new Set(writes), calls: new Set(calls) }
}

/** The same for principals whose roles are the same: what is known of one is known of the other. */
export function rolesKey({ principal, acrossTenants }: Caller): string {
  const scope = acrossTenants ? 'across' : principal.tenant === systemTenant ? 'acting' : ''
  return [scope, ...new Set(principal.roles)].sort().join(' ')
}
