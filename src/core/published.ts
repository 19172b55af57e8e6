import { TenantryError } from './errors.ts'
import type { Entity, Exposure, Module, ModuleSet, Opened } from './module-set.ts'
import type { Operations } from './operations.ts'
import { type Api, type Publication, resolveApis, resolvePublishes } from './publication.ts'

/** Names of operations by the name of a composed API: `{ storefront: ['customers.customers.read', 'invoices.rpc.pay'] }`. */
export type ApiDefinitions = Readonly<Record<string, readonly string[]>>

/**
 * The modules with what they publish of others, and with composed APIs, which are found by name and major as modules are.
 * Throws `invalid` with every name that is wrong, and what there is in its place.
 */
export function publishModules(base: ModuleSet, definitions: ApiDefinitions = {}): ModuleSet {
  const problems: string[] = []
  const published = resolvePublishes(base.modules, problems)
  const apis = resolveApis(base.modules, definitions, problems)
  if (problems.length > 0) {
    throw new TenantryError('invalid', 'What is published has problems', {
      details: problems.join('\n'),
      hint: 'Mend them all and start again',
    })
  }
  if (published.size === 0 && apis.length === 0) return base
  const fronts = new Map([...published].map(([module, publication]) => [module, frontOf(module, publication)]))
  const exposures = new WeakMap<Exposure, Exposure>()
  return {
    ...base,
    expose(subscriptions) {
      const plain = base.expose(subscriptions)
      let exposure = exposures.get(plain)
      if (!exposure) {
        exposure = withApis(withPublished(plain, published, fronts), apis)
        exposures.set(plain, exposure)
      }
      return exposure
    },
  }
}

/** The same for a process that serves one module or composed API alone: `customers@1`. */
export function exposeAlone(base: ModuleSet, id: string): ModuleSet {
  const exposures = new WeakMap<Exposure, Exposure>()
  return {
    ...base,
    expose(subscriptions) {
      const whole = base.expose(subscriptions)
      let alone = exposures.get(whole)
      if (!alone) {
        alone = narrowTo(whole, id)
        exposures.set(whole, alone)
      }
      return alone
    },
  }
}

/** An exposure of nothing but this module or composed API; of nothing at all to a tenant that does not see it. */
export function narrowTo(whole: Exposure, id: string): Exposure {
  const [name = '', major = ''] = id.split('@')
  const found = whole.find(name, Number(major))
  const entities = new Map<Entity, Operations>()
  for (const entity of found?.module.entities ?? []) {
    const offered = found?.exposure.entities.get(entity)
    if (offered) entities.set(entity, offered)
  }
  const actions = new Set(found?.module.actions.filter(action => found.exposure.actions.has(action)))
  return narrowed(whole, `${whole.id}/${id}`, found?.module, { entities, actions })
}

function narrowed(
  whole: Exposure,
  id: string,
  module: Module | undefined,
  { entities, actions }: Publication,
): Exposure {
  const named = Map.groupBy(entities.keys(), ({ name }) => name)
  const called = Map.groupBy(actions, ({ name }) => name)
  const isIt = (name: string, major: number | undefined) =>
    module?.name === name && (major ?? module.version.major) === module.version.major
  const exposure: Exposure = {
    ...{ id, whole: whole.whole, running: whole.running, fieldRoles: whole.fieldRoles },
    ...{ exposed: new Set(module ? [module] : []), entities, actions },
    find: (name, major) => (module && isIt(name, major) ? { module, exposure } : undefined),
    findModule: (name, major) => (isIt(name, major) ? module : undefined),
    findLatest: name => (isIt(name, undefined) ? module : undefined),
    findEntities: name => named.get(name) ?? [],
    findActions: name => called.get(name) ?? [],
  }
  return exposure
}

/** A module as its callers see it: with what it publishes of others. */
function frontOf(module: Module, { entities, actions }: Publication): Module {
  return {
    ...module,
    entities: [...module.entities, ...entities.keys()],
    actions: [...module.actions, ...actions],
  }
}

/** What exposed modules publish is exposed too, also where the module that it belongs to only runs. */
function withPublished(
  plain: Exposure,
  published: ReadonlyMap<Module, Publication>,
  fronts: ReadonlyMap<Module, Module>,
): Exposure {
  const publishing = [...plain.exposed].filter(module => published.has(module))
  if (publishing.length === 0) return plain
  const entities = new Map(plain.entities)
  const actions = new Set(plain.actions)
  for (const module of publishing) {
    for (const [entity, offered] of published.get(module)?.entities ?? [])
      entities.set(entity, new Set([...(entities.get(entity) ?? []), ...offered]))
    for (const action of published.get(module)?.actions ?? []) actions.add(action)
  }
  const front = (module: Module) => fronts.get(module) ?? module
  const named = Map.groupBy(entities.keys(), ({ name }) => name)
  const called = Map.groupBy(actions, ({ name }) => name)
  const addresses = new Map<Module, Exposure>()
  const at = (module: Module): Exposure => {
    const publication = published.get(module)
    if (!publication) return exposure
    let there = addresses.get(module)
    if (!there) {
      // At the module's own address nothing more can be done with it than the module says.
      there = {
        ...exposure,
        id: `${exposure.id}/${module.id}`,
        entities: new Map([...entities, ...publication.entities]),
      }
      addresses.set(module, there)
    }
    return there
  }
  const exposure: Exposure = {
    ...{ ...plain, entities, actions },
    get whole() {
      return exposure
    },
    exposed: new Set([...plain.exposed].map(front)),
    find(name, major) {
      const found = plain.find(name, major)
      return found && { module: front(found.module), exposure: at(found.module) }
    },
    findModule(name, major) {
      const found = plain.findModule(name, major)
      return found && front(found)
    },
    findLatest(name) {
      const found = plain.findLatest(name)
      return found && front(found)
    },
    findEntities: name => named.get(name) ?? [],
    findActions: name => called.get(name) ?? [],
  }
  return exposure
}

function withApis(base: Exposure, apis: readonly Api[]): Exposure {
  if (apis.length === 0) return base
  const opened = new Map<Api, Opened | undefined>()
  const descending = apis.toSorted((a, b) => b.major - a.major)
  return {
    ...base,
    find(name, major) {
      const api = descending.find(api => api.name === name && (major ?? api.major) === api.major)
      if (!api) return base.find(name, major)
      if (!opened.has(api)) opened.set(api, openApi(base, api))
      return opened.get(api)
    },
  }
}

/** In the form of a module, so that it is served as one; undefined where the tenant has nothing of it. */
function openApi(base: Exposure, api: Api): Opened | undefined {
  const { name, major } = api
  const publication = api.pick(base)
  const { entities, actions } = publication
  if (entities.size === 0 && actions.size === 0) return undefined
  const module: Module = {
    ...{ id: `${name}@${major}`, name, version: { major, minor: 0, patch: 0 }, schema: `${name}_v${major}` },
    ...{ public: false, dependsOn: [], entities: [...entities.keys()], actions: [...actions] },
    ...{ upgrade: null, upgradable: false, definition: { name, version: `${major}.0.0`, entities: [] } },
  }
  return { module, exposure: narrowed(base, `${base.id}/${module.id}`, module, publication) }
}
