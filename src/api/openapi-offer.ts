import { resolveAccess, type Verb } from '../core/access-role.ts'
import type { Entity, EntityField, Module } from '../core/module-set.ts'
import type { Operations } from '../core/operations.ts'
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
  /** What the caller can do with it. */
  readonly operations: Operations
  /** What needs no token. */
  readonly anonymous: Readonly<Record<Verb, boolean>>
  /** The relations that the caller may embed, in the words of `select`. */
  readonly embeds: readonly string[]
}

/** Who reads a document. */
export interface Reader {
  /** Its service roles, as a principal of the tenant; null shows everything. */
  readonly roles: readonly string[] | null
  /** Which fields it sees. */
  readonly sight: Sight
  /** It is a principal of the system tenant, whose roles reach into others. */
  readonly acting: boolean
}

/** What there is: the entities with what callers can do with them, whatever their roles. */
export type Offered = ReadonlyMap<Entity, Operations>

/** The entities of these modules that the reader can do something with, each once. */
export function offersOf(modules: readonly Module[], offered: Offered, reader: Reader): Offer[] {
  const { sight } = reader
  const usable = new Map<Entity, Operations>()
  for (const entity of modules.flatMap(({ entities }) => entities)) {
    const operations = operationsFor(entity, offered.get(entity), reader)
    if (operations.size > 0) usable.set(entity, operations)
  }
  const taken = new Set([...usable.keys()].map(rowName))
  const anonymous: Reader = { roles: [anonymousRole], sight, acting: false }
  return [...usable].map(([entity, operations]) => ({
    entity,
    fields: sight.fieldsOf(entity),
    names: {
      row: rowName(entity),
      insert: freeName(`${rowName(entity)}Insert`, taken),
      patch: freeName(`${rowName(entity)}Patch`, taken),
    },
    operations,
    anonymous: { read: mayUse(anonymous, 'read', entity), write: mayUse(anonymous, 'write', entity) },
    embeds: embedNames(entity, {
      entity: other => operationsFor(other, offered.get(other), reader).has('read'),
      relation: relation => sight.shows(relation),
    }),
  }))
}

function operationsFor(entity: Entity, there: Operations | undefined, reader: Reader): Operations {
  const may = { read: mayUse(reader, 'read', entity), write: !entity.view && mayUse(reader, 'write', entity) }
  return new Set([...(there ?? [])].filter(operation => may[operation === 'read' ? 'read' : 'write']))
}

/** The rule is the one that requests obey. Roles that reach across tenants do not count here. */
function mayUse({ roles, acting }: Omit<Reader, 'sight'>, verb: Verb, entity: Entity): boolean {
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
