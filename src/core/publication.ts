import { isModuleName, moduleNameRule } from './module-check.ts'
import type { Action, Entity, Exposure, Module } from './module-set.ts'
import { allOperations, commonOperations, type Operation, type Operations, onlyRead, operations } from './operations.ts'

/** Operations on entities, and actions: what is published of modules. */
export interface Publication {
  readonly entities: ReadonlyMap<Entity, Operations>
  readonly actions: ReadonlySet<Action>
}

/** An API that is composed of operations of several modules. */
export interface Api {
  readonly name: string
  readonly major: number
  /** What of it a tenant with this exposure has. */
  pick(exposure: Exposure): Publication
}

/** What a name in a list means: the same thing in each major that it may be of, the highest first. */
interface Meant {
  readonly name: string
  /** The module as it is named there, with a major or without. */
  readonly module: string
  readonly places: readonly Place[]
}

type Place = { readonly module: Module } & (
  | { readonly entity: Entity; readonly operations: Operations }
  | { readonly action: Action }
)

const form = /^([a-z][a-z0-9_]*(?:@[1-9]\d*)?)\.(?:(rpc)\.)?([a-z][a-z0-9_]*)(?:\.([a-z]+))?$/
const apiForm = /^([^@]*)(?:@([1-9]\d{0,4}))?$/

/** What each module publishes of those that it depends on. What is wrong is added to `problems`, a line each. */
export function resolvePublishes(modules: readonly Module[], problems: string[]): ReadonlyMap<Module, Publication> {
  const published = new Map<Module, Publication>()
  for (const module of modules) {
    const names = module.definition.publishes ?? []
    if (names.length === 0) continue
    const say = (message: string) => problems.push(`${module.id} publishes: ${message}`)
    const meant = names.flatMap(name => meaningOf(name, module.dependsOn, say, 'the module depends on') ?? [])
    for (const { name, places } of meant)
      if (places.length > 1) say(`${quoted(name)} may be of ${places.map(place => place.module.id).join(' or ')}`)
    checkMeant(meant, [...module.entities, ...module.actions], say)
    published.set(module, publicationOf(meant.flatMap(({ places }) => places.slice(0, 1))))
  }
  return published
}

/** The composed APIs of a product. What is wrong is added to `problems`, a line each. */
export function resolveApis(
  modules: readonly Module[],
  definitions: Readonly<Record<string, readonly string[]>>,
  problems: string[],
): Api[] {
  return Object.entries(definitions).map(([id, names]) => {
    const say = (message: string) => problems.push(`products ${id}: ${message}`)
    const [, name = '', major = '1'] = apiForm.exec(id) ?? []
    if (!isModuleName(name))
      say(`the name must match ${moduleNameRule}, with @ and a major after it where it has several`)
    const same = modules.find(module => module.name === name)
    if (same) say(`there is a module of this name, ${same.id}, which has the same address`)
    if (id.endsWith('@1') && definitions[name]) say(`${quoted(name)} is ${id} already`)
    if (names.length === 0) say('name at least one operation')
    const meant = names.flatMap(each => meaningOf(each, modules, say, 'there are') ?? [])
    checkMeant(meant, [], say)
    return { name, major: Number(major), pick: exposure => pick(meant, exposure) }
  })
}

function meaningOf(
  name: string,
  modules: readonly Module[],
  say: (message: string) => void,
  there: string,
): Meant | undefined {
  const [, wanted, rpc, what = '', operation] = form.exec(name) ?? []
  if (wanted === undefined || (rpc && operation)) {
    say(`${quoted(name)} must look like customers.customers, customers.customers.read or invoices.rpc.pay`)
    return undefined
  }
  const majors = modules
    .filter(module => module.id === wanted || module.name === wanted)
    .toSorted((a, b) => b.version.major - a.version.major)
  if (majors.length === 0) {
    say(`${quoted(name)}: there is no module ${quoted(wanted)}; ${there} ${listOf(modules.map(({ id }) => id))}`)
    return undefined
  }
  if (operation !== undefined && !isOperation(operation)) {
    say(`${quoted(name)}: there is no operation ${quoted(operation)}; there are ${operations.join(', ')}`)
    return undefined
  }
  const places = majors.flatMap(module => (rpc ? actionIn(module, what) : entityIn(module, what, operation)) ?? [])
  if (places.length === 0) {
    const known = majors.flatMap(module => (rpc ? module.actions : shownIn(module)).map(({ name }) => name))
    const ids = majors.map(({ id }) => id).join(' and ')
    say(`${quoted(name)}: ${ids} has no ${rpc ? 'action' : 'entity'} ${quoted(what)}; there is ${listOf(known)}`)
    return undefined
  }
  const [first] = places
  if (operation && first && 'entity' in first && first.operations.size === 0) {
    say(`${quoted(name)}: ${what} is a view, which can only be read`)
    return undefined
  }
  return { name, module: wanted, places }
}

function actionIn(module: Module, name: string): Place | undefined {
  const action = module.actions.find(action => action.name === name)
  return action && { module, action }
}

function entityIn(module: Module, name: string, operation: Operation | undefined): Place | undefined {
  const entity = shownIn(module).find(entity => entity.name === name)
  if (!entity) return undefined
  const wanted: Operations = operation ? new Set([operation]) : allOperations
  return { module, entity, operations: commonOperations(wanted, entity.view ? onlyRead : allOperations) }
}

function shownIn({ entities }: Module): readonly Entity[] {
  return entities.filter(({ internal }) => !internal)
}

/** One name means one thing, and rows are found by what they hold only by who may read it. */
function checkMeant(
  meant: readonly Meant[],
  own: readonly { readonly name: string }[],
  say: (message: string) => void,
): void {
  const owners = new Map<string, string>()
  const found = new Map<Entity, { name: string; operations: Set<Operation> }>()
  for (const { name, module, places } of meant) {
    const [place] = places
    if (!place) continue
    const isEntity = 'entity' in place
    const called = isEntity ? place.entity.name : `rpc/${place.action.name}`
    const owner = owners.get(called) ?? module
    owners.set(called, module)
    if (owner !== module) say(`${quoted(name)}: ${called} is that of ${owner} already`)
    if (
      own.some(
        other =>
          (isEntity ? other !== place.entity && 'fields' in other : 'uses' in other) &&
          other.name === (isEntity ? place.entity.name : place.action.name),
      )
    )
      say(`${quoted(name)}: the module has ${called} of its own`)
    if (!isEntity) continue
    const operations = found.get(place.entity)?.operations ?? new Set()
    found.set(place.entity, { name, operations: new Set([...operations, ...place.operations]) })
  }
  for (const { name, operations } of found.values()) {
    const blind = [...operations].filter(operation => operation === 'update' || operation === 'delete')
    if (blind.length > 0 && !operations.has('read'))
      say(`${quoted(name)}: ${blind.join(' and ')} find rows by what they hold, so they need read too`)
  }
}

function publicationOf(places: readonly Place[]): Publication {
  const entities = new Map<Entity, Operations>()
  const actions = new Set<Action>()
  for (const place of places) {
    if ('action' in place) actions.add(place.action)
    else entities.set(place.entity, new Set([...(entities.get(place.entity) ?? []), ...place.operations]))
  }
  return { entities, actions }
}

/** Of each module that is named without a major, the highest that the tenant sees anything of. */
function pick(meant: readonly Meant[], exposure: Exposure): Publication {
  const seen = publicationOf(meant.flatMap(({ places }) => places.find(place => isSeen(place.module, exposure)) ?? []))
  const entities = [...seen.entities].map(
    ([entity, wanted]) => [entity, commonOperations(wanted, exposure.entities.get(entity) ?? new Set())] as const,
  )
  return {
    entities: new Map(entities.filter(([, offered]) => offered.size > 0)),
    actions: new Set([...seen.actions].filter(action => exposure.actions.has(action))),
  }
}

function isSeen({ entities, actions }: Module, exposure: Exposure): boolean {
  return entities.some(entity => exposure.entities.has(entity)) || actions.some(action => exposure.actions.has(action))
}

function isOperation(text: string): text is Operation {
  return operations.some(operation => operation === text)
}

function listOf(names: readonly string[]): string {
  return names.length === 0 ? 'none' : [...new Set(names)].join(', ')
}

function quoted(text: string): string {
  return JSON.stringify(text)
}
