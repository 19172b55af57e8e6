import { accessRoles } from './access-role.ts'
import { checkActions } from './action-check.ts'
import type { EntityDefinition } from './entity.ts'
import { Field, type FieldSpec, rangeTypes, searchConfigs, type ViewSource } from './field.ts'
import { isAsRestricted, ruleFaults } from './field-rules-check.ts'
import { shareFaults } from './groups.ts'
import { limitsFaults } from './limits.ts'
import type { ModuleDefinition } from './module.ts'
import { ownFaults, ownFieldsOf } from './own-check.ts'
import { seedFaults } from './seed-check.ts'
import { checkUpgrade } from './upgrade-check.ts'
import { compareVersions, parseVersion, parseWantedVersion } from './version.ts'

export interface DefinitionProblem {
  /** Module, entity and field: `customers@1 customers.email_id`. */
  readonly place: string
  readonly message: string
}

const moduleName = /^[a-z][a-z0-9_]{0,40}$/
const entityName = /^[a-z][a-z0-9_]{0,46}$/
const fieldName = /^[a-z][a-z0-9_]{0,46}$/
const serviceRole = /^[a-z][a-z0-9_:.-]{0,62}$/

/** Names that mean something else in a URL or belong to the platform or to PostgreSQL. */
const reservedModules = new Set([
  'rest',
  'graphql',
  'auth',
  'docs',
  'openapi',
  'tenantry',
  'public',
  'information_schema',
])
const reservedEntities = new Set(['rpc', 'graphql', 'docs', 'openapi', 'constructor', 'prototype'])
const platformNames = [
  'id',
  'tenant_id',
  'instance_id',
  'created_at',
  'updated_at',
  'created_by',
  'updated_by',
  'deleted_at',
  'revision',
]
/** Words that stand for something else in a query string. */
const reservedFields = new Set([
  ...platformNames,
  ...[
    'select',
    'order',
    'limit',
    'offset',
    'and',
    'or',
    'not',
    'columns',
    'on_conflict',
    'count',
    'constructor',
    'prototype',
  ],
])
/** A view has no fields of the platform, and may show those of what it reads. */
const shownByViews = new Set(platformNames.filter(name => name !== 'tenant_id' && name !== 'instance_id'))
const identifierBytes = 63

export const moduleNameRule = moduleName.source

/** True for what a module may be called, and so what may stand in its place in an address. */
export function isModuleName(name: string): boolean {
  return moduleName.test(name) && !reservedModules.has(name) && !name.startsWith('pg_')
}

/** Every problem of a set of module definitions; none means that `createModuleSet` may resolve them. */
export function checkModules(definitions: readonly ModuleDefinition[]): DefinitionProblem[] {
  const problems: DefinitionProblem[] = []
  const byId = new Map<string, ModuleDefinition>()
  const owners = new Map<EntityDefinition, string>()
  for (const definition of definitions) {
    const id = `${definition.name}@${definition.version.split('.', 1)[0]}`
    if (byId.has(id)) problems.push({ place: id, message: 'this module is defined twice' })
    byId.set(id, definition)
    for (const entity of definition.entities) {
      if (owners.has(entity))
        problems.push({
          place: `${id} ${entity.name}`,
          message: `this entity belongs to ${owners.get(entity)} already`,
        })
      owners.set(entity, id)
    }
  }
  for (const [id, definition] of byId) new ModuleCheck(id, definition, byId, owners, problems).run()
  problems.push(...circles(byId))
  return problems
}

class ModuleCheck {
  readonly #id: string
  readonly #definition: ModuleDefinition
  readonly #modules: ReadonlyMap<string, ModuleDefinition>
  readonly #owners: ReadonlyMap<EntityDefinition, string>
  readonly #problems: DefinitionProblem[]

  constructor(
    id: string,
    definition: ModuleDefinition,
    modules: ReadonlyMap<string, ModuleDefinition>,
    owners: ReadonlyMap<EntityDefinition, string>,
    problems: DefinitionProblem[],
  ) {
    this.#id = id
    this.#definition = definition
    this.#modules = modules
    this.#owners = owners
    this.#problems = problems
  }

  run(): void {
    const { name, version, entities, access } = this.#definition
    if (!moduleName.test(name)) this.#say('', `the name must match ${moduleName.source}`)
    if (reservedModules.has(name) || name.startsWith('pg_')) this.#say('', 'the name is a reserved word')
    const parsed = parseVersion(version)
    if (!parsed || parsed.major === 0)
      this.#say('', `the version ${JSON.stringify(version)} must look like 1.4.0, with a major of at least 1`)
    this.#checkDependencies()
    this.#checkAccess('', access ?? {})
    for (const entityName of repeated(entities.map(({ name }) => name)))
      this.#say(entityName, 'the module has two entities with this name')
    for (const entity of entities) this.#checkEntity(entity)
    for (const seed of this.#definition.seeds ?? []) {
      const { entity } = seed
      if (this.#owners.get(entity) !== this.#id) this.#say(entity.name, 'a module seeds only entities of its own')
      else if (entity.options.view) this.#say(entity.name, 'a view has no rows of its own to seed')
      else for (const fault of seedFaults(seed)) this.#say(entity.name, `seeds: ${fault}`)
    }
    const { upgrade } = this.#definition
    const older = upgrade && this.#modules.get(`${name}@${upgrade.from}`)
    checkUpgrade(this.#definition, older, (where, message) => this.#say(where, message))
    checkActions({
      definition: this.#definition,
      ownerOf: entity => this.#ownerOf(entity),
      checkField: (shape, field, { spec }) => this.#checkField(shape, field, spec),
      say: (where, message) => this.#say(where, message),
    })
  }

  #ownerOf(entity: EntityDefinition): { id: string; reachable: boolean } | undefined {
    const id = this.#owners.get(entity)
    return id === undefined ? undefined : { id, reachable: this.#reaches(id) }
  }

  #reaches(owner: string): boolean {
    return owner === this.#id || (this.#definition.dependsOn ?? []).some(id => id.split('.', 1)[0] === owner)
  }

  #say(where: string, message: string): void {
    this.#problems.push({ place: where ? `${this.#id} ${where}` : this.#id, message })
  }

  #checkDependencies(): void {
    for (const wanted of this.#definition.dependsOn ?? []) {
      const [name, version] = wanted.split('@')
      const least = version === undefined ? undefined : parseWantedVersion(version)
      if (!name || !least) {
        this.#say('', `the dependency ${JSON.stringify(wanted)} must look like shared@1 or shared@1.2`)
        continue
      }
      const found = this.#modules.get(`${name}@${least.major}`)
      const present = found && parseVersion(found.version)
      if (!found) this.#say('', `the dependency ${wanted} is missing`)
      else if (present && compareVersions(present, least) < 0)
        this.#say('', `the dependency ${wanted} is not satisfied by ${name} ${found.version}`)
    }
  }

  #checkAccess(where: string, access: Readonly<Record<string, string>>): void {
    for (const [role, granted] of Object.entries(access)) {
      if (!serviceRole.test(role))
        this.#say(where, `access: the service role ${JSON.stringify(role)} must match ${serviceRole.source}`)
      if (!(accessRoles as readonly string[]).includes(granted) || granted === 'main') {
        this.#say(
          where,
          `access: ${JSON.stringify(granted)} is not an access role that can be given; use ${accessRoles.slice(0, -1).join(', ')}`,
        )
      }
    }
  }

  #checkEntity(entity: EntityDefinition): void {
    const { name, fields, options } = entity
    if (!entityName.test(name)) this.#say(name, `the name must match ${entityName.source}`)
    if (reservedEntities.has(name)) this.#say(name, 'the name is a reserved word')
    if (options.scope === 'global' && options.instanced)
      this.#say(name, 'an entity without a tenant cannot have instances')
    if (options.scope === 'global' && options.changes)
      this.#say(name, 'changes: an entity without a tenant has no changes to follow')
    for (const fault of shareFaults(entity)) this.#say(name, `shareWith: ${fault}`)
    if (options.shareWith) this.#checkLength(name, `${name}_shared_with_idx`)
    this.#checkAccess(name, options.access ?? {})
    for (const [field, definition] of Object.entries(fields)) {
      const where = `${name}.${field}`
      if (!fieldName.test(field)) this.#say(where, `the name must match ${fieldName.source}`)
      if (reservedFields.has(field) && !(options.view && shownByViews.has(field)))
        this.#say(where, 'the name is a reserved word')
      if (!(definition instanceof Field)) this.#say(where, 'this is not a field')
      else this.#checkField(entity, field, definition.spec)
    }
    for (const fault of limitsFaults(options.limits ?? {})) this.#say(name, fault)
    this.#checkOwn(entity)
    this.#checkFormerNames(entity)
    if (options.view) this.#checkView(entity, options.view)
    this.#checkKey(entity)
    this.#checkSets(entity, 'unique', options.unique ?? [], 'key')
    this.#checkSets(entity, 'indexes', options.indexes ?? [], 'idx')
  }

  #checkView({ name, fields, options }: EntityDefinition, { reads }: ViewSource): void {
    if (!options.key) this.#say(name, 'view: name the fields that are its key')
    for (const option of [
      'revision',
      'softDelete',
      'instanced',
      'authors',
      'changes',
      'unique',
      'indexes',
      'scope',
      'own',
      'shareWith',
    ] as const)
      if (options[option]) this.#say(name, `view: it keeps no rows, so it cannot have ${option}`)
    for (const [field, definition] of Object.entries(fields)) {
      if (!(definition instanceof Field)) continue
      const { type, unique, default: given } = definition.spec
      if (type === 'searchText' || unique || given !== undefined)
        this.#say(`${name}.${field}`, 'view: a field of a view cannot be searchText, unique or have a default')
    }
    for (const read of reads) {
      const target = read()
      const owner = target && this.#ownerOf(target)
      if (!owner) this.#say(name, `view: ${JSON.stringify(target?.name ?? '')} that it reads belongs to no module`)
      else if (!owner.reachable)
        this.#say(name, `view: it reads ${target.name} of ${owner.id}, which the module does not depend on`)
    }
  }

  #checkOwn(entity: EntityDefinition): void {
    const access = { ...this.#definition.access, ...entity.options.access }
    for (const fault of ownFaults(entity, access)) this.#say(entity.name, `own: ${fault}`)
    for (const field of ownFieldsOf(entity.options)) this.#checkLength(entity.name, `${entity.name}_${field}_own`)
  }

  #checkFormerNames({ name, fields, options }: EntityDefinition): void {
    const former = options.renamedFrom
    if (
      former !== undefined &&
      (!entityName.test(former) || this.#definition.entities.some(other => other.name === former))
    )
      this.#say(name, `renamedFrom: ${JSON.stringify(former)} cannot be a name that no entity has any more`)
    const names = Object.values(fields).flatMap(field => (field instanceof Field ? (field.spec.renamedFrom ?? []) : []))
    for (const field of names)
      if (!fieldName.test(field) || reservedFields.has(field) || fields[field])
        this.#say(name, `renamedFrom: ${JSON.stringify(field)} cannot be a name that no field has any more`)
    for (const field of repeated(names)) this.#say(name, `renamedFrom: two fields were called ${JSON.stringify(field)}`)
  }

  #checkKey({ name, fields, options }: EntityDefinition): void {
    if (!options.key) return
    if (options.key.length === 0) this.#say(name, 'key: name at least one field')
    for (const field of repeated(options.key)) this.#say(`${name}.${field}`, 'key: the field is named twice')
    for (const field of options.key) {
      const spec = fields[field]?.spec
      if (!spec) this.#say(`${name}.${field}`, 'key: there is no such field')
      else if (spec.optional) this.#say(`${name}.${field}`, 'key: a field of the key cannot be optional')
      else if (spec.array || spec.type === 'json')
        this.#say(`${name}.${field}`, 'key: an array or JSON cannot be part of the key')
      else if (spec.type === 'searchText') this.#say(`${name}.${field}`, 'key: searchText cannot be part of the key')
    }
  }

  #checkSets(
    { name, fields, options }: EntityDefinition,
    what: string,
    sets: readonly (readonly string[])[],
    kind: string,
  ): void {
    const platform = new Set(['created_at', 'updated_at', ...(options.key ? [] : ['id'])])
    for (const set of sets) {
      if (set.length === 0) this.#say(name, `${what}: name at least one field`)
      for (const field of set)
        if (!fields[field] && !platform.has(field)) this.#say(`${name}.${field}`, `${what}: there is no such field`)
      for (const field of repeated(set)) this.#say(`${name}.${field}`, `${what}: the field is named twice`)
      const many = set.filter(field => isSearched(fields[field]?.spec))
      if (kind === 'idx' && set.length > 1)
        for (const field of many)
          this.#say(`${name}.${field}`, `${what}: an array, JSON or a range has an index of its own: [['${field}']]`)
      this.#checkLength(name, [name, ...set, kind === 'idx' && many.length > 0 ? 'gist' : kind].join('_'))
    }
  }

  #checkField(entity: EntityDefinition, field: string, spec: FieldSpec): void {
    const where = `${entity.name}.${field}`
    if (spec.min !== undefined && spec.max !== undefined && spec.min > spec.max)
      this.#say(where, 'min is greater than max')
    if ((spec.type === 'text' || spec.type === 'bytes') && (spec.max ?? 1) < 1)
      this.#say(where, 'max must be at least 1')
    if (spec.type === 'decimal') {
      const { precision = 0, scale = 0 } = spec
      const whole = Number.isInteger(precision) && Number.isInteger(scale)
      if (!whole || precision < 1 || precision > 1000 || scale < 0 || scale > precision) {
        this.#say(where, 'decimal takes a precision of 1 to 1000 and a scale of 0 to the precision')
      }
    }
    if (spec.type === 'oneOf') {
      if (!spec.values || spec.values.length === 0) this.#say(where, 'oneOf needs at least one value')
      for (const value of repeated(spec.values ?? [])) this.#say(where, `oneOf names ${JSON.stringify(value)} twice`)
    }
    if (spec.collation !== undefined && !/^[A-Za-z0-9_.@-]{1,63}$/.test(spec.collation))
      this.#say(where, 'that is not the name of a collation')
    if (spec.type === 'range' && !rangeTypes.some(type => type === spec.of))
      this.#say(where, `a range is one of ${rangeTypes.join(', ')}`)
    if (spec.type === 'searchText') this.#checkSearchText(entity, field, spec)
    if (spec.type === 'reference') this.#checkReference(entity, field, spec)
    if (spec.rules) for (const fault of ruleFaults(entity, field, spec, spec.rules)) this.#say(where, fault)
    if (spec.default !== undefined) {
      const fault = defaultFault(spec)
      if (fault) this.#say(where, `default: ${fault}`)
    }
    this.#checkLength(
      where,
      `${entity.name}_${field}_${spec.type === 'reference' ? 'fkey' : spec.unique ? 'key' : 'check'}`,
    )
  }

  /** The database fills it in from the row it stands in, so nothing else about it can be chosen. */
  #checkSearchText(entity: EntityDefinition, field: string, spec: FieldSpec): void {
    const where = `${entity.name}.${field}`
    if (spec.array || spec.optional || spec.unique || spec.default !== undefined)
      this.#say(where, 'searchText cannot be an array, optional, unique or have a default')
    if (!searchConfigs.some(config => config === spec.config))
      this.#say(where, `config: use one of ${searchConfigs.join(', ')}`)
    if (!spec.from || spec.from.length === 0) this.#say(where, 'searchText needs at least one text field')
    for (const name of repeated(spec.from ?? [])) this.#say(where, `searchText names ${JSON.stringify(name)} twice`)
    for (const name of spec.from ?? []) {
      const source = entity.fields[name]?.spec
      if (source?.rules && !isAsRestricted(spec.rules, source.rules))
        this.#say(where, `searchText: ${JSON.stringify(name)} is not for everybody, so neither are its words`)
      if (source?.type !== 'text' || source.array)
        this.#say(where, `searchText: ${JSON.stringify(name)} is no text field of the entity`)
    }
    for (const set of [...(entity.options.unique ?? []), ...(entity.options.indexes ?? [])])
      if (set.some(name => name === field))
        this.#say(where, 'searchText cannot be part of an index or unique set; it has an index of its own')
  }

  #checkReference(entity: EntityDefinition, field: string, spec: FieldSpec): void {
    const where = `${entity.name}.${field}`
    if (spec.array) this.#say(where, 'an array of references is not supported; make an entity for the relation')
    const target = this.#target(spec)
    const owner = target && this.#owners.get(target)
    if (!target || owner === undefined) {
      const name = typeof spec.target === 'string' ? spec.target : target?.name
      this.#say(where, `the entity ${JSON.stringify(name ?? '')} that it references belongs to no module`)
      return
    }
    if (target.options.view) this.#say(where, `${target.name} is a view, whose rows nothing can reference`)
    if (!this.#reaches(owner)) {
      this.#say(where, `it references ${target.name} of ${owner}, which the module does not depend on`)
    }
    if ((target.options.key?.length ?? 1) > 1)
      this.#say(where, `${target.name} has a key of several fields, which a reference cannot name`)
    if (entity.options.scope === 'global' && target.options.scope !== 'global') {
      this.#say(where, `an entity without a tenant cannot reference ${target.name}, which has one`)
    }
    if (target.options.instanced && !entity.options.instanced) {
      this.#say(where, `${target.name} has instances, so only an entity with instances may reference it`)
    }
    if (spec.onDelete === 'setNull' && !spec.optional) this.#say(where, 'onDelete setNull needs an optional reference')
    if (spec.onDelete === 'setNull' && entity.options.key?.includes(field))
      this.#say(where, 'a part of the key cannot be set to null')
    if (spec.onDelete === 'cascade' && target.options.scope === 'global' && entity.options.scope !== 'global') {
      this.#say(where, `deleting a shared row of ${target.name} must not delete rows of tenants`)
    }
    if (spec.onDelete === 'setNull' && target.options.scope === 'global' && entity.options.scope !== 'global') {
      this.#say(where, `deleting a shared row of ${target.name} must not change rows of tenants`)
    }
  }

  #target(spec: FieldSpec): EntityDefinition | undefined {
    if (typeof spec.target === 'string') return this.#definition.entities.find(({ name }) => name === spec.target)
    return spec.target?.()
  }

  #checkLength(where: string, name: string): void {
    if (name.length > identifierBytes)
      this.#say(
        where,
        `its constraint would be called ${name}, which is longer than ${identifierBytes} bytes; choose shorter names`,
      )
  }
}

/** Values that are searched for what they hold, and not compared as a whole. */
function isSearched(spec: FieldSpec | undefined): boolean {
  return spec !== undefined && (spec.array || spec.type === 'json' || spec.type === 'range')
}

function defaultFault({ type, array, default: value, values }: FieldSpec): string | undefined {
  if (array) return Array.isArray(value) ? undefined : 'an array is needed'
  switch (type) {
    case 'integer':
      return Number.isInteger(value) ? undefined : 'a whole number is needed'
    case 'bigint':
      return Number.isSafeInteger(value) || (typeof value === 'string' && /^-?\d{1,19}$/.test(value))
        ? undefined
        : 'a whole number is needed'
    case 'decimal':
      return typeof value === 'string' && /^-?\d+(\.\d+)?$/.test(value)
        ? undefined
        : "a decimal as text is needed, '0.00'"
    case 'boolean':
      return typeof value === 'boolean' ? undefined : 'true or false is needed'
    case 'oneOf':
      return typeof value === 'string' && values?.includes(value) ? undefined : 'one of its values is needed'
    case 'timestamp':
    case 'date':
      return value === 'now' || (typeof value === 'string' && !Number.isNaN(Date.parse(value)))
        ? undefined
        : "'now' or a time as text is needed"
    case 'reference':
      return 'a reference has no default'
    case 'json':
      return undefined
    default:
      return typeof value === 'string' ? undefined : 'a text is needed'
  }
}

function repeated(names: readonly string[]): Set<string> {
  return new Set(names.filter((name, index) => names.indexOf(name) !== index))
}

/** Each circle of dependencies once, named from its start: `1 -> 2 -> 3 -> 1`. */
function circles(modules: ReadonlyMap<string, ModuleDefinition>): DefinitionProblem[] {
  const problems: DefinitionProblem[] = []
  const finished = new Set<string>()
  const path: string[] = []
  const visit = (id: string): void => {
    const start = path.indexOf(id)
    if (start >= 0) {
      problems.push({
        place: id,
        message: `the dependencies run in a circle: ${[...path.slice(start), id].join(' -> ')}`,
      })
      return
    }
    if (finished.has(id)) return
    path.push(id)
    for (const wanted of modules.get(id)?.dependsOn ?? []) if (modules.has(majorId(wanted))) visit(majorId(wanted))
    path.pop()
    finished.add(id)
  }
  for (const id of modules.keys()) visit(id)
  return problems
}

const majorId = (wanted: string): string => wanted.split('.', 1)[0] ?? wanted
