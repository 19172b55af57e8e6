import type { GrantedRole, Verb } from './access-role.ts'
import { type ActionDefinition, entityOfSource, isField } from './action-definition.ts'
import type { EntityDefinition } from './entity.ts'
import { TenantryError } from './errors.ts'
import type { FieldSpec, Fields, OnDelete } from './field.ts'
import type { Limits } from './limits.ts'
import type { ModuleDefinition, ModuleId } from './module.ts'
import { checkModules, type DefinitionProblem } from './module-check.ts'
import { allOperations, type Operations, onlyRead } from './operations.ts'
import { noOwnRules, type OwnRules, ownRulesOf } from './own-rows.ts'
import { type MoveOf, movesOf } from './upgrade-moves.ts'
import { parseVersion, type Version } from './version.ts'
import { withReads } from './view-reads.ts'

/** A module as the house uses it: checked, with its entities resolved. */
export interface Module {
  readonly id: ModuleId
  readonly name: string
  readonly version: Version
  /** The schema of its tables, `customers_v1`. */
  readonly schema: string
  readonly public: boolean
  readonly dependsOn: readonly Module[]
  readonly entities: readonly Entity[]
  readonly actions: readonly Action[]
  /** How it takes a tenant's rows over from an older major; null where it does not. */
  readonly upgrade: ModuleUpgrade | null
  /** True: rows are taken over by it or from it, and writes have to wait meanwhile. */
  readonly upgradable: boolean
  readonly definition: ModuleDefinition
}

export interface Entity {
  readonly name: string
  /** `customers@1.customers` */
  readonly id: string
  readonly module: Module
  /** Its fields in the order of the table, those of the platform included; without `tenant_id`, which is nobody's field. */
  readonly fields: ReadonlyMap<string, EntityField>
  /** Names of the fields that make the primary key inside a tenant. */
  readonly key: readonly string[]
  readonly references: readonly Relation[]
  /** References of other entities (or its own) to this one. */
  readonly referencedBy: readonly Relation[]
  /** Each set is unique inside a tenant (and instance). */
  readonly unique: readonly UniqueSet[]
  readonly indexes: readonly (readonly string[])[]
  readonly revision: boolean
  readonly softDelete: boolean
  readonly instanced: boolean
  readonly authors: boolean
  /** True: requests may use aggregates. */
  readonly aggregates: boolean
  /** True: its changes are recorded. */
  readonly changes: boolean
  /** True: its rows may be shared with groups of tenants, and those that others share are read too. */
  readonly sharing: boolean
  /** True: one table for the whole platform, without a tenant. */
  readonly global: boolean
  /** True: no generated API shows it. */
  readonly internal: boolean
  /** What it reads, where it is a view: nothing is written there, and its rows have no tenant to be seen. */
  readonly view?: View
  /** True: not everybody sees and writes all of its fields, see `Sight`. */
  readonly ruled: boolean
  /** Its own; where it has none, those of the product hold. */
  readonly limits: Limits
  readonly access: ReadonlyMap<string, GrantedRole>
  /** Service roles that reach only rows of their own. */
  readonly own: OwnRules
  readonly definition: EntityDefinition
}

/** The SQL of a view: the entities stand between the texts. */
export interface View {
  readonly texts: readonly string[]
  readonly reads: readonly Entity[]
}

/** An action as the house uses it. */
export interface Action {
  readonly name: string
  /** `invoices@1.pay` */
  readonly id: string
  readonly module: Module
  /** Its parameters, as the fields of an entity that has no table. */
  readonly input: Entity
  readonly output: ActionResult
  /** What it does to each entity that it touches. */
  readonly uses: readonly { readonly entity: Entity; readonly verb: Verb }[]
  /** True: it writes nothing. */
  readonly readOnly: boolean
  /** The only service roles that may call it; null where any may. */
  readonly roles: readonly string[] | null
  readonly definition: ActionDefinition
}

export interface ActionResult {
  readonly kind: 'rows' | 'row' | 'value' | 'nothing'
  /** What the rows are rows of: an entity, or one that has no table. A value is its only field, `value`. */
  readonly entity: Entity
}

export interface EntityField {
  readonly name: string
  readonly spec: FieldSpec
  /** Filled in by the platform, which is why a payload may name it only where `write` says so. */
  readonly platform: boolean
  /**
   * When a payload may write it. `insert`: only in new rows. `check`: a revision, compared with the current one. `restore`: a
   * change to null. What it may not write, a change may still hold as part of a whole record, when it is as the row has it.
   */
  readonly write: 'always' | 'insert' | 'check' | 'restore' | 'never'
  /** A field of the author's that says whose the row is: a new row that does not name it is of who makes it. */
  readonly owner?: true
  /** Not every caller sees it, in a description that is for whoever calls. */
  readonly sometimes?: true
}

export interface UniqueSet {
  readonly name: string
  readonly fields: readonly string[]
}

/** A foreign key: `field` of `from` holds the key `toField` of a row of `to`. */
export interface Relation {
  /** The constraint's name, `customers_email_id_fkey`. */
  readonly name: string
  readonly from: Entity
  readonly field: string
  readonly to: Entity
  readonly toField: string
  readonly onDelete: OnDelete
  /** True when at most one row of `from` names a row of `to`. */
  readonly unique: boolean
}

/** How a major takes a tenant's rows over from an older one. */
export interface ModuleUpgrade {
  readonly from: Module
  readonly moves: readonly Move[]
}

export type Move = MoveOf<Entity>

/** What a tenant with certain subscriptions sees. One object for all tenants that see the same. */
export interface Exposure {
  /** The ids of the exposed modules, sorted and joined. */
  readonly id: string
  /** Modules that run for the tenant, each after those it depends on. */
  readonly running: readonly Module[]
  readonly exposed: ReadonlySet<Module>
  /** What callers of generated APIs reach, with what they can do with it; internal entities are not among them. */
  readonly entities: ReadonlyMap<Entity, Operations>
  readonly actions: ReadonlySet<Action>
  /** The module, or composed API, that an address names; without a major the highest. */
  find(name: string, major?: number): Opened | undefined
  findModule(name: string, major: number): Module | undefined
  /** The highest exposed major of a module. */
  findLatest(name: string): Module | undefined
  /** All exposed entities with this name, but for internal ones. */
  findEntities(name: string): readonly Entity[]
  /** All exposed actions with this name. */
  findActions(name: string): readonly Action[]
  /** The service roles that fields are reserved for, of all modules that run. */
  readonly fieldRoles: readonly string[]
  /** What the code of modules sees: the same, where nothing is left out for those who call. */
  readonly whole: Exposure
}

/** A module at its address, and all that is reached through it. */
export interface Opened {
  readonly module: Module
  readonly exposure: Exposure
}

/** All module versions of a product. */
export interface ModuleSet {
  /** Every module, each after those it depends on. */
  readonly modules: readonly Module[]
  find(id: string): Module | undefined
  get(id: string): Module
  entityOf(definition: EntityDefinition): Entity
  actionOf(definition: ActionDefinition): Action
  /** The modules that run for these subscriptions, dependencies first. Throws `not_found` for an unknown one. */
  resolve(subscriptions: readonly string[]): readonly Module[]
  expose(subscriptions: readonly string[]): Exposure
}

/** The field that names the group with which a row is shared. */
export const sharedField = 'shared_with'

/** The fields that the platform adds to an entity, in the order of the table. */
function platformFields(definition: EntityDefinition): { before: EntityField[]; after: EntityField[] } {
  const { options } = definition
  if (options.view) return { before: [], after: [] }
  const field = (
    name: string,
    type: FieldSpec['type'],
    write: EntityField['write'],
    more: Partial<FieldSpec> = {},
  ): EntityField => ({
    name,
    spec: { type, array: false, optional: false, unique: false, ...more },
    platform: true,
    write,
  })
  const before = options.key ? [] : [field('id', 'uuid', 'insert')]
  const after: EntityField[] = []
  if (options.instanced) after.push(field('instance_id', 'text', 'insert'))
  after.push(field('created_at', 'timestamp', 'never', { default: 'now' }))
  after.push(field('updated_at', 'timestamp', 'never', { default: 'now' }))
  if (options.authors) after.push(field('created_by', 'text', 'never'), field('updated_by', 'text', 'never'))
  if (options.shareWith) after.push(field(sharedField, 'text', 'always', { optional: true }))
  if (options.softDelete) after.push(field('deleted_at', 'timestamp', 'restore', { optional: true }))
  if (options.revision) after.push(field('revision', 'integer', 'check', { default: 1 }))
  return { before, after }
}

interface MutableModule extends Module {
  actions: Action[]
  upgrade: ModuleUpgrade | null
  upgradable: boolean
}

interface Mutable {
  references: Relation[]
  referencedBy: Relation[]
  view?: { texts: readonly string[]; reads: Entity[] }
}

/**
 * Checks the definitions and resolves them into one set. Throws `invalid` with every problem at once in `details`, one a
 * line: `customers@1 customers.email_id: …`.
 */
export function createModuleSet(definitions: readonly ModuleDefinition[]): ModuleSet {
  const problems = checkModules(definitions)
  if (problems.length > 0) throw definitionError(problems)

  const modules = new Map<string, MutableModule>()
  const entities = new Map<EntityDefinition, Entity & Mutable>()
  for (const definition of inLoadOrder(definitions)) {
    const module = createModule(definition, modules, entities)
    modules.set(module.id, module)
  }
  for (const entity of entities.values()) connect(entity, entities)
  for (const module of modules.values()) connectUpgrade(module, modules, entities)
  const actions = new Map<ActionDefinition, Action>()
  for (const module of modules.values()) {
    for (const definition of module.definition.actions ?? []) {
      const action = createAction(module, definition, entities)
      actions.set(definition, action)
      module.actions.push(action)
    }
  }

  const ordered = [...modules.values()]
  const exposures = new Map<string, Exposure>()
  const get = (id: string): Module => {
    const module = modules.get(id)
    if (module) return module
    throw new TenantryError('not_found', `There is no module ${quote(id)}`, {
      hint: `The modules are ${ordered.map(({ id }) => id).join(', ')}`,
    })
  }
  const resolve = (subscriptions: readonly string[]) => closure(subscriptions.map(get))

  return {
    modules: ordered,
    find: id => modules.get(id),
    get,
    resolve,
    entityOf(definition) {
      const entity = entities.get(definition)
      if (entity) return entity
      throw new TenantryError('invalid', `The entity ${quote(definition.name)} belongs to no module of this product`)
    },
    actionOf(definition) {
      const action = actions.get(definition)
      if (action) return action
      throw new TenantryError('invalid', `The action ${quote(definition.name)} belongs to no module of this product`)
    },
    expose(subscriptions) {
      // In one order, whichever they were given in: the same exposure is for all who have the same.
      const known = [...new Set(subscriptions.filter(id => modules.has(id)))].sort()
      const id = known.join(',')
      let exposure = exposures.get(id)
      if (!exposure) {
        exposure = createExposure(id, resolve(known), new Set(known))
        exposures.set(id, exposure)
      }
      return exposure
    },
  }
}

function createModule(
  definition: ModuleDefinition,
  modules: ReadonlyMap<string, Module>,
  entities: Map<EntityDefinition, Entity & Mutable>,
): MutableModule {
  const version = parseVersion(definition.version) ?? { major: 0, minor: 0, patch: 0 }
  const own: Entity[] = []
  const module: MutableModule = {
    id: `${definition.name}@${version.major}`,
    name: definition.name,
    version,
    schema: `${definition.name}_v${version.major}`,
    public: definition.public ?? false,
    dependsOn: (definition.dependsOn ?? []).flatMap(wanted => modules.get(majorOf(wanted)) ?? []),
    entities: own,
    actions: [],
    upgrade: null,
    upgradable: false,
    definition,
  }
  for (const entityDefinition of definition.entities) {
    const entity = createEntity(module, entityDefinition)
    entities.set(entityDefinition, entity)
    own.push(entity)
  }
  return module
}

function createEntity(module: Module, definition: EntityDefinition): Entity & Mutable {
  const { name, options } = definition
  const { before, after } = platformFields(definition)
  const own = ownRulesOf(options)
  const owners = new Set([...own.values()].map(({ field }) => field))
  const authored = Object.entries(definition.fields).map(
    ([field, { spec }]): EntityField => ({
      name: field,
      spec,
      platform: false,
      write: spec.type === 'searchText' || options.view ? 'never' : options.key?.includes(field) ? 'insert' : 'always',
      ...(owners.has(field) && { owner: true }),
    }),
  )
  const uniqueSets = [
    ...authored.filter(({ spec }) => spec.unique).map(field => [field.name] as readonly string[]),
    ...(options.unique ?? []),
  ]
  return {
    name,
    id: `${module.id}.${name}`,
    module,
    fields: new Map([...before, ...authored, ...after].map(field => [field.name, field])),
    key: options.key ?? ['id'],
    references: [],
    referencedBy: [],
    unique: uniqueSets.map(fields => ({ name: constraintName(name, fields, 'key'), fields })),
    indexes: options.indexes ?? [],
    revision: options.revision ?? false,
    softDelete: options.softDelete ?? false,
    instanced: options.instanced ?? false,
    authors: options.authors ?? false,
    aggregates: options.aggregates ?? false,
    changes: options.changes ?? false,
    sharing: options.shareWith ?? false,
    // Its columns name no tenant; the tables that it reads have policies that do.
    global: options.scope === 'global' || options.view !== undefined,
    ...(options.view && { view: { texts: options.view.texts, reads: [] } }),
    internal: options.internal ?? false,
    ruled: authored.some(({ spec: { rules } }) => rules?.hidden || rules?.readOnly || rules?.reserved),
    limits: options.limits ?? {},
    access: new Map(Object.entries({ ...module.definition.access, ...options.access })),
    own,
    definition,
  }
}

function connect(entity: Entity & Mutable, entities: ReadonlyMap<EntityDefinition, Entity & Mutable>): void {
  for (const read of entity.definition.options.view?.reads ?? []) {
    const found = entities.get(read())
    if (found) entity.view?.reads.push(found)
  }
  for (const field of entity.fields.values()) {
    if (field.spec.type !== 'reference') continue
    const to = targetOf(field.spec, entity, entities)
    const toField = to?.key[0]
    if (!to || toField === undefined) continue
    const relation: Relation = {
      name: constraintName(entity.name, [field.name], 'fkey'),
      from: entity,
      field: field.name,
      to,
      toField,
      onDelete: field.spec.onDelete ?? 'restrict',
      unique: [entity.key, ...entity.unique.map(set => set.fields)].some(
        fields => fields.length === 1 && fields[0] === field.name,
      ),
    }
    entity.references.push(relation)
    to.referencedBy.push(relation)
  }
}

function connectUpgrade(module: MutableModule, modules: ReadonlyMap<string, MutableModule>, entities: Entities): void {
  const { upgrade } = module.definition
  const from = upgrade && modules.get(`${module.name}@${upgrade.from}`)
  if (!from) return
  module.upgrade = { from, moves: movesOf(module, from, definition => entities.get(definition)) }
  module.upgradable = true
  from.upgradable = true
}

function targetOf(
  spec: FieldSpec,
  from: Pick<Entity, 'module'>,
  entities: ReadonlyMap<EntityDefinition, Entity & Mutable>,
) {
  if (typeof spec.target === 'function') return entities.get(spec.target())
  const definition = from.module.definition.entities.find(({ name }) => name === spec.target)
  return definition && entities.get(definition)
}

type Entities = ReadonlyMap<EntityDefinition, Entity & Mutable>

function createAction(module: Module, definition: ActionDefinition, entities: Entities): Action {
  const { name, input, reads, writes, roles } = definition
  const found = (sources: typeof reads, verb: Verb) =>
    sources.flatMap(source => {
      const target = entityOfSource(source)
      const entity = target && entities.get(target)
      return entity ? withReads<Entity>(entity).map(entity => ({ entity, verb })) : []
    })
  return {
    name,
    id: `${module.id}.${name}`,
    module,
    input: createShape(module, name, input, entities),
    output: resultOf(module, definition, entities),
    uses: [...found(writes, 'write'), ...found(reads, 'read')],
    readOnly: writes.length === 0,
    roles: roles ?? null,
    definition,
  }
}

function resultOf(module: Module, { name, output }: ActionDefinition, entities: Entities): ActionResult {
  if (output === undefined) return { kind: 'nothing', entity: createShape(module, name, {}, entities) }
  if (isField(output)) return { kind: 'value', entity: createShape(module, name, { value: output }, entities) }
  const kind = output.many ? 'rows' : 'row'
  const definition = entityOfSource(output.of)
  const entity = definition && entities.get(definition)
  if (entity) return { kind, entity }
  return { kind, entity: createShape(module, name, definition ? {} : (output.of as Fields), entities) }
}

/** Fields as an entity that has no table, which nothing refers to and no role is needed for. */
function createShape(module: Module, name: string, fields: Fields, entities: Entities): Entity {
  const shape: Entity = {
    name,
    id: `${module.id}.${name}`,
    module,
    fields: new Map(
      Object.entries(fields).map(([field, { spec }]) => [
        field,
        { name: field, spec: keySpec(spec, module, entities), platform: false, write: 'always' },
      ]),
    ),
    ...{ key: [], references: [], referencedBy: [], unique: [], indexes: [] },
    ...{
      revision: false,
      softDelete: false,
      instanced: false,
      authors: false,
      aggregates: true,
      changes: false,
      sharing: false,
      global: true,
      internal: false,
      ruled: false,
    },
    access: new Map(),
    own: noOwnRules,
    limits: {},
    definition: { name, fields, options: {} },
  }
  return shape
}

/** A reference outside a table is a value like the key that it names. */
function keySpec(spec: FieldSpec, module: Module, entities: Entities): FieldSpec {
  if (spec.type !== 'reference') return spec
  const { array, optional, unique } = spec
  let key: FieldSpec | undefined = spec
  let from = { module }
  while (key?.type === 'reference') {
    const to: Entity | undefined = targetOf(key, from, entities)
    key = to?.fields.get(to.key[0] ?? '')?.spec
    if (to) from = to
  }
  const { default: _, ...rest } = key ?? { type: 'uuid' as const }
  return { ...rest, array, optional, unique }
}

/** PostgreSQL's own way to name a constraint: `{table}_{fields}_{kind}`. `checkModules` keeps it within 63 bytes. */
export function constraintName(
  table: string,
  fields: readonly string[],
  kind: 'key' | 'fkey' | 'check' | 'idx' | 'num' | 'gin' | 'gist' | 'own',
): string {
  return [table, ...fields, kind].join('_')
}

/** `shared@1.2` → `shared@1` */
function majorOf(wanted: string): string {
  return wanted.split('.', 1)[0] ?? wanted
}

function inLoadOrder(definitions: readonly ModuleDefinition[]): ModuleDefinition[] {
  const byId = new Map(
    definitions.map(definition => [`${definition.name}@${definition.version.split('.', 1)[0]}`, definition]),
  )
  return depthFirst(definitions, definition => (definition.dependsOn ?? []).flatMap(id => byId.get(majorOf(id)) ?? []))
}

function closure(modules: readonly Module[]): readonly Module[] {
  return depthFirst(modules, module => module.dependsOn)
}

/** Each after those it needs, otherwise in the order given (F7.2). */
export function depthFirst<T>(roots: readonly T[], needs: (item: T) => readonly T[]): T[] {
  const done = new Set<T>()
  const entered = new Set<T>()
  const visit = (item: T): void => {
    if (entered.has(item)) return
    entered.add(item)
    for (const needed of needs(item)) visit(needed)
    done.add(item)
  }
  for (const root of roots) visit(root)
  return [...done]
}

function createExposure(id: string, running: readonly Module[], subscribed: ReadonlySet<string>): Exposure {
  const exposed = new Set(running.filter(module => module.public || subscribed.has(module.id)))
  const byId = new Map([...exposed].map(module => [module.id, module]))
  const entities = operationsIn(exposed)
  const actions = new Set([...exposed].flatMap(module => module.actions))
  const entitiesByName = Map.groupBy(entities.keys(), ({ name }) => name)
  const actionsByName = Map.groupBy(actions, ({ name }) => name)
  const latest = new Map<string, Module>()
  for (const module of exposed) {
    const known = latest.get(module.name)
    if (!known || known.version.major < module.version.major) latest.set(module.name, module)
  }
  const findModule = (name: string, major: number) => byId.get(`${name}@${major}`)
  const exposure: Exposure = {
    id,
    running,
    exposed,
    entities,
    actions,
    find: (name, major) => opened.get(major === undefined ? (latest.get(name)?.id ?? '') : `${name}@${major}`),
    findModule,
    findLatest: name => latest.get(name),
    findEntities: name => entitiesByName.get(name) ?? [],
    findActions: name => actionsByName.get(name) ?? [],
    fieldRoles: fieldRolesOf(running),
    get whole() {
      return exposure
    },
  }
  const opened = new Map<string, Opened>([...exposed].map(module => [module.id, { module, exposure }]))
  return exposure
}

/** All that can be done with the entities of these modules through a generated API. */
export function operationsIn(modules: Iterable<Module>): Map<Entity, Operations> {
  const shown = [...modules].flatMap(({ entities }) => entities.filter(({ internal }) => !internal))
  return new Map(shown.map(entity => [entity, entity.view ? onlyRead : allOperations]))
}

/** Sorted, each once. */
export function fieldRolesOf(modules: readonly Module[]): string[] {
  const fields = modules.flatMap(({ entities }) => entities.flatMap(entity => [...entity.fields.values()]))
  const reserved = fields.flatMap(({ spec: { rules } }) => rules?.reserved ?? [])
  return [...new Set(reserved.flatMap(({ read = [], write = [] }) => [...read, ...write]))].sort()
}

function definitionError(problems: readonly DefinitionProblem[]): TenantryError {
  const count = problems.length === 1 ? 'a problem' : `${problems.length} problems`
  return new TenantryError('invalid', `The module definitions have ${count}`, {
    details: problems.map(({ place, message }) => `${place}: ${message}`).join('\n'),
    hint: 'Mend them all and start again',
  })
}

/** Text from outside, safe to show in a message. */
export function quote(text: string): string {
  return JSON.stringify(text.length > 64 ? `${text.slice(0, 64)}…` : text)
}
