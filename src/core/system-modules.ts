import type { EntityDefinition } from './entity.ts'
import {
  type Entity,
  type EntityField,
  type Exposure,
  fieldRolesOf,
  type Module,
  type ModuleSet,
  operationsIn,
  type Relation,
} from './module-set.ts'

/** What says of each row whose it is, where rows of all tenants are seen. */
const tenantField: EntityField = {
  name: 'tenant_id',
  spec: { type: 'text', array: false, optional: false, unique: false, collation: 'C' },
  platform: true,
  write: 'insert',
}

/** What the system tenant sees of a product. */
export interface SystemModules {
  readonly exposure: Exposure
  /** For `TenantData` across tenants. */
  readonly modules: ModuleSet
}

/**
 * All modules as they look across tenants: `tenant_id` is the first field of every entity that has tenants, and part of its key
 * and of all that is unique. There are no actions, since each is written for one tenant. Made once for a product.
 */
export function createSystemModules(base: ModuleSet): SystemModules {
  const entities = new Map<Entity, Mutable>()
  const modules = new Map<Module, Module>()
  for (const module of base.modules) {
    const own: Entity[] = []
    const seen = {
      ...module,
      dependsOn: module.dependsOn.flatMap(other => modules.get(other) ?? []),
      entities: own,
      actions: [],
    }
    modules.set(module, seen)
    // A view says of no row whose it is.
    for (const entity of module.entities.filter(({ view }) => !view)) {
      const across = acrossOf(entity, seen)
      entities.set(entity, across)
      own.push(across)
    }
  }
  for (const [entity, across] of entities) {
    for (const relation of entity.references) {
      const [from, to] = [across, entities.get(relation.to)]
      if (!to) continue
      const seen: Relation = { ...relation, from, to }
      from.references.push(seen)
      to.referencedBy.push(seen)
    }
  }
  const all = [...modules.values()]
  const exposure = exposureOf(all)
  const entityOf = (definition: EntityDefinition) => {
    const entity = base.entityOf(definition)
    return entities.get(entity) ?? entity
  }
  const get = (id: string) => modules.get(base.get(id)) ?? base.get(id)
  const find = (id: string) => {
    const module = base.find(id)
    return module && modules.get(module)
  }
  const resolve = () => all
  const set: ModuleSet = { ...base, modules: all, find, get, entityOf, resolve, expose: () => exposure }
  return { exposure, modules: set }
}

interface Mutable extends Entity {
  readonly references: Relation[]
  readonly referencedBy: Relation[]
}

function acrossOf(entity: Entity, module: Module): Mutable {
  const seen: Mutable = { ...entity, module, references: [], referencedBy: [] }
  if (entity.global) return seen
  return {
    ...seen,
    // All rows are seen anyway.
    sharing: false,
    fields: new Map([[tenantField.name, tenantField], ...entity.fields]),
    key: [tenantField.name, ...entity.key],
    unique: entity.unique.map(({ name, fields }) => ({ name, fields: [tenantField.name, ...fields] })),
  }
}

function exposureOf(modules: readonly Module[]): Exposure {
  const latest = new Map<string, Module>()
  for (const module of modules) {
    const known = latest.get(module.name)
    if (!known || known.version.major < module.version.major) latest.set(module.name, module)
  }
  const entities = Map.groupBy(
    modules.flatMap(module => module.entities),
    ({ name }) => name,
  )
  const findModule = (name: string, major: number) => modules.find(module => module.id === `${name}@${major}`)
  const exposure: Exposure = {
    id: 'system',
    running: modules,
    exposed: new Set(modules),
    entities: operationsIn(modules),
    actions: new Set(),
    find(name, major) {
      const module = major === undefined ? latest.get(name) : findModule(name, major)
      return module && { module, exposure }
    },
    findModule,
    findLatest: name => latest.get(name),
    findEntities: name => entities.get(name) ?? [],
    findActions: () => [],
    fieldRoles: fieldRolesOf(modules),
    get whole() {
      return exposure
    },
  }
  return exposure
}
