import type { Action, Entity, Exposure, Module } from '../../core/module-set.ts'
import { camelName, pascalName, singularOf } from './words.ts'

/** Types that are made of one with fields. */
const parts = ['Where', 'OrderBy', 'OrderField', 'Input', 'Patch', 'Change', 'Key'] as const
const verbs = ['count', 'insert', 'update', 'delete'] as const

/** What rows are called, and the types that are made of theirs. */
export interface ShapeNames {
  /** `Customer` */
  readonly type: string
  /** `CustomerWhere` */
  part(part: (typeof parts)[number]): string
  /** `CustomerStatus`: the values of a field. */
  enumeration(field: string): string
  /** `CustomerStatusFilter` */
  filter(field: string): string
}

/** What an entity is called in a schema. */
export interface EntityNames extends ShapeNames {
  /** `customers`: its declared name. */
  readonly list: string
  /** `getCustomerById` */
  readonly get: string
  readonly save: string
  /** `countCustomers` */
  verb(verb: (typeof verbs)[number]): string
}

export interface ActionNames {
  readonly field: string
  readonly arguments: ShapeNames
  readonly result: ShapeNames
}

/** What the definitions of a product are called where certain modules are seen. */
export interface Names {
  entity(entity: Entity): EntityNames
  action(action: Action): ActionNames
}

/** Types that are no definition's; filters are called after a type or a field, so that none is. */
const reservedTypes = [
  ...['Query', 'Mutation', 'Subscription', 'String', 'Int', 'Float', 'Boolean', 'ID', 'BigInt', 'Decimal', 'Date'],
  ...['Time', 'DateTime', 'UUID', 'JSON', 'Bytes', 'Direction', 'Nulls', 'Deleted', 'Shared', 'ChangeOperation'],
  ...['String', 'Int', 'BigInt', 'Decimal', 'Boolean', 'Date', 'DateTime', 'UUID', 'JSON', 'Bytes', 'Range'].flatMap(
    name => [`${name}Filter`, `${name}ListFilter`],
  ),
  ...['SearchFilter', 'JSONPathFilter'],
]

/**
 * Decides all names, over all modules of a product: a tenant that subscribes to one more module finds none changed. Names that two
 * modules would share have the module's before them; what still meets another one has `_` behind it. Of several majors of a module
 * that are seen together the lowest has the names, and others have `V2` behind them.
 */
export function createNames(modules: readonly Module[]): (exposure: Pick<Exposure, 'exposed'>) => Names {
  const allocation = new Allocation(modules)
  const known = new WeakMap<object, Names>()
  return exposure => {
    let names = known.get(exposure)
    if (!names) {
      names = namesIn(allocation, [...exposure.exposed])
      known.set(exposure, names)
    }
    return names
  }
}

function namesIn(allocation: Allocation, modules: readonly Module[]): Names {
  const lowest = new Map<string, number>()
  for (const { name, version } of modules) lowest.set(name, Math.min(version.major, lowest.get(name) ?? version.major))
  const suffixOf = ({ name, version }: Module) =>
    version.major > (lowest.get(name) ?? version.major) ? `V${version.major}` : ''
  const shape = (key: string, module: Module): ShapeNames => {
    const type = (part: string) => allocation.type(`${key}${part}`, suffixOf(module))
    return {
      type: type(''),
      part: part => type(`:${part}`),
      enumeration: field => type(`.${field}`),
      filter: field => type(`.${field}?`),
    }
  }
  return {
    entity(entity) {
      const key = keyOf(entity)
      const field = (verb: string) => allocation.field(`${key} ${verb}`, suffixOf(entity.module))
      const own = { list: field('list'), get: field(getVerb(entity)), save: field('save'), verb: field }
      return { ...shape(key, entity.module), ...own }
    },
    action(action) {
      const { module } = action
      const key = keyOf(action)
      return {
        field: allocation.field(`${key} call`, suffixOf(module)),
        arguments: shape(`${key}()`, module),
        result: shape(`${key}()=`, module),
      }
    },
  }
}

/** Majors of a module share their names. */
function keyOf({ module, name }: Pick<Entity, 'module' | 'name'>): string {
  return `${module.name}.${name}`
}

function getVerb({ key }: Pick<Entity, 'key'>): string {
  return `By${key.map(pascalName).join('And')}`
}

interface Wanted {
  readonly entity: Entity
  readonly type: string
  readonly list: string
}

class Allocation {
  readonly #types = new Map<string, string>()
  readonly #fields = new Map<string, string>()
  readonly #takenTypes = new Set(reservedTypes)
  readonly #takenFields = new Set<string>()

  constructor(modules: readonly Module[]) {
    const wanted = wantedNames(modules)
    for (const { entity, type } of wanted) take(this.#types, this.#takenTypes, keyOf(entity), type)
    for (const { entity, list } of wanted) take(this.#fields, this.#takenFields, `${keyOf(entity)} list`, list)
    for (const { entity, list } of wanted) this.#nameVerbs(entity, list)
    for (const { entity } of wanted) this.#nameParts(keyOf(entity), entity)
    // After all entities, so that no action renames one.
    const actions = modules.flatMap(({ actions }) => actions)
    for (const action of actions) this.#nameAction(action, actions)
  }

  type(key: string, suffix: string): string {
    return suffixed(this.#types.get(key) ?? '', suffix, this.#takenTypes)
  }

  field(key: string, suffix: string): string {
    return suffixed(this.#fields.get(key) ?? '', suffix, this.#takenFields)
  }

  #nameVerbs(entity: Entity, list: string): void {
    const key = keyOf(entity)
    const type = this.type(key, '')
    const takeField = (verb: string, name: string) => take(this.#fields, this.#takenFields, `${key} ${verb}`, name)
    // Across tenants the key says whose row it is, too.
    for (const by of [getVerb(entity), getVerb({ key: ['tenant_id', ...entity.key] })]) takeField(by, `get${type}${by}`)
    takeField('save', `save${type}`)
    for (const verb of verbs) takeField(verb, `${verb}${pascalOf(list)}`)
  }

  #nameParts(key: string, { fields }: Entity): void {
    const type = this.type(key, '')
    for (const part of parts) take(this.#types, this.#takenTypes, `${key}:${part}`, `${type}${part}`)
    for (const { name, spec } of fields.values()) {
      if (spec.type !== 'oneOf') continue
      take(this.#types, this.#takenTypes, `${key}.${name}`, `${type}${pascalName(name)}`)
      take(this.#types, this.#takenTypes, `${key}.${name}?`, `${this.type(`${key}.${name}`, '')}Filter`)
    }
  }

  #nameAction(action: Action, all: readonly Action[]): void {
    const { module, name, input, output } = action
    const key = keyOf(action)
    const shared = all.some(other => other.name === name && other.module.name !== module.name)
    const wanted = shared ? `${camelName(module.name)}${pascalName(name)}` : camelName(name)
    const field = this.#takenFields.has(wanted) ? `call${pascalOf(wanted)}` : wanted
    take(this.#fields, this.#takenFields, `${key} call`, field)
    const type = pascalOf(this.field(`${key} call`, ''))
    take(this.#types, this.#takenTypes, `${key}()`, `${type}Arguments`)
    this.#nameParts(`${key}()`, input)
    take(this.#types, this.#takenTypes, `${key}()=`, `${type}Result`)
    this.#nameParts(`${key}()=`, output.entity)
  }
}

/** Before those of other modules are looked at, two entities of one module may be alike in the singular: `person` and `people`. */
function wantedNames(modules: readonly Module[]): Wanted[] {
  const entities = modules.flatMap(module => module.entities)
  const named = entities.map(entity => {
    const alike = entity.module.entities.filter(({ name }) => singularOf(name) === singularOf(entity.name))
    return { entity, type: pascalName(alike.length > 1 ? entity.name : singularOf(entity.name)) }
  })
  return named.map(({ entity, type }) => {
    const { module, name } = entity
    const meets = named.some(
      other => other.entity.module.name !== module.name && (other.type === type || other.entity.name === name),
    )
    if (!meets && !reservedTypes.includes(type)) return { entity, type, list: camelName(name) }
    return { entity, type: pascalName(module.name) + type, list: camelName(module.name) + pascalName(name) }
  })
}

/** The same key has one name: it is that of another major. */
function take(names: Map<string, string>, taken: Set<string>, key: string, wanted: string): void {
  if (names.has(key)) return
  const name = free(wanted, taken)
  taken.add(name)
  names.set(key, name)
}

function suffixed(name: string, suffix: string, taken: ReadonlySet<string>): string {
  return suffix === '' ? name : free(`${name}${suffix}`, taken)
}

function free(wanted: string, taken: ReadonlySet<string>): string {
  let name = wanted
  while (taken.has(name)) name += '_'
  return name
}

function pascalOf(name: string): string {
  return name.slice(0, 1).toUpperCase() + name.slice(1)
}
