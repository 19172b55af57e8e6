import { resolveAccess, type Verb } from '../core/access-role.ts'
import type { Entity, EntityField, Module } from '../core/module-set.ts'
import { embedNames } from '../core/plan-relations.ts'
import { anonymousRole } from '../core/principal.ts'
import type { Sight } from '../core/sight.ts'
import { withReads } from '../core/view-reads.ts'

/** An entity as a caller may see it. */
export interface Offer {
  readonly entity: Entity
  /** Those of its fields that the caller sees, with what the caller may write. */
  readonly fields: ReadonlyMap<string, EntityField>
  /** The names of its schemas. */
  readonly names: { readonly row: string; readonly insert: string; readonly patch: string }
  readonly writable: boolean
  /** What needs no token. */
  readonly anonymous: Readonly<Record<Verb, boolean>>
  /** The relations that the caller may embed, in the words of `select`. */
  readonly embeds: readonly string[]
}

/**
 * The entities of these modules that a principal of a tenant with these service roles may read; null: all of them. `acting`:
 * it is a principal of the system tenant. `sight`: the caller's.
 */
export function offersOf(
  modules: readonly Module[],
  roles: readonly string[] | null,
  sight: Sight,
  acting = false,
): Offer[] {
  const may = (roles: readonly string[] | null, verb: Verb, entity: Entity) => mayUse(roles, verb, entity, acting)
  const visible = modules
    .flatMap(({ entities }) => entities)
    .filter(entity => !entity.internal && may(roles, 'read', entity))
  const taken = new Set(visible.map(rowName))
  return visible.map(entity => ({
    entity,
    fields: sight.fieldsOf(entity),
    names: {
      row: rowName(entity),
      insert: freeName(`${rowName(entity)}Insert`, taken),
      patch: freeName(`${rowName(entity)}Patch`, taken),
    },
    writable: !entity.view && may(roles, 'write', entity),
    anonymous: { read: may([anonymousRole], 'read', entity), write: may([anonymousRole], 'write', entity) },
    embeds: embedNames(entity, {
      entity: other => visible.includes(other),
      relation: relation => sight.shows(relation),
    }),
  }))
}

/** The rule is the one that requests obey. Roles that reach across tenants do not count here. */
function mayUse(roles: readonly string[] | null, verb: Verb, entity: Entity, acting: boolean): boolean {
  const uses = withReads(entity).map(entity => ({ verb, entity }))
  return !roles || 'role' in resolveAccess({ roles, acrossTenants: false, acting, hasInstance: false, uses })
}

/** `line_items` → `LineItems`. Different for different names: what is not a small letter keeps its `_`. */
export function pascalName({ name }: Pick<Entity, 'name'>): string {
  return name.replace(/(?:^|_)([a-z])/g, (_, letter: string) => letter.toUpperCase())
}

function rowName(entity: Entity): string {
  return `${entity.module.schema}_${pascalName(entity)}`
}

/** An entity may be called what another one's payload would be: `orders_insert` beside `orders`. */
function freeName(wanted: string, taken: Set<string>): string {
  let name = wanted
  while (taken.has(name)) name += '_'
  taken.add(name)
  return name
}
