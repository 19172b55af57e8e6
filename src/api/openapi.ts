import type { JsonValue } from '../core/json.ts'
import { type Entity, type Exposure, type Module, operationsIn } from '../core/module-set.ts'
import { anyCaller, type Sight } from '../core/sight.ts'
import { formatVersion } from '../core/version.ts'
import { type JsonSchema, jsonSchemaOf } from './json-schema.ts'
import { actionOperations, actionsOf } from './openapi-actions.ts'
import { type Offer, offersOf } from './openapi-offer.ts'
import { operationsOf } from './openapi-operations.ts'
import { errorSchema, filterParameters, headers, responses, sharedParameters } from './openapi-parts.ts'
import { type ModuleRoute, routeItems } from './openapi-routes.ts'

export interface OpenApiOptions {
  readonly title: string
  readonly version: string
  /** What every path is relative to, without a slash at its end. It may be relative to the document itself. */
  readonly serverUrl: string
  /** Whose entities and actions are described. */
  readonly modules: readonly Module[]
  /** What callers can do where this is served; absent: everything with the entities and actions of `modules`. */
  readonly exposure?: Pick<Exposure, 'entities' | 'actions'>
  /** The caller's service roles, as a principal of the tenant; null shows everything. */
  readonly roles: readonly string[] | null
  /** Which fields the caller sees; absent: those that any caller may. */
  readonly sight?: Sight
  /** The caller is a principal of the system tenant, whose roles reach into others. */
  readonly acting?: boolean
  /** Routes of the modules' own, which are shown to who may use anything else of their module. */
  readonly routes?: readonly ModuleRoute[]
  /** Where an entity is served: `/customers`; an action is called `rpc/{name}`. Different for different names. */
  pathOf(what: Pick<Entity, 'module' | 'name'>): string
}

export interface OpenApiDocument {
  readonly openapi: string
  readonly info: { readonly title: string; readonly version: string; readonly description: string }
  readonly servers: readonly { readonly url: string }[]
  readonly security: JsonValue
  readonly tags: readonly { readonly name: string; readonly description: string }[]
  /** Path items by path. */
  readonly paths: Readonly<Record<string, JsonSchema>>
  readonly components: Readonly<Record<string, Readonly<Record<string, JsonSchema>>>>
}

const description = `REST in the dialect of PostgREST, so its clients work.

Every field is a filter: \`field=operator.value\` with the operators \`eq neq gt gte lt lte like ilike match imatch in is
isdistinct\`, after \`not.\` to turn them round. Filters that are repeated all hold; \`or=(…)\` and \`and=(…)\` combine them.
\`select\` chooses fields and embeds related rows; \`order\`, \`limit\` and \`offset\` (or \`Range\`) page through the answer.`

/** The OpenAPI 3.1 document of what a caller may do, in the order of the modules and their entities. */
export function createOpenApi(options: OpenApiOptions): OpenApiDocument {
  const { title, version, serverUrl, modules, roles, sight = anyCaller, acting = false, routes = [], pathOf } = options
  const there = options.exposure ?? {
    entities: operationsIn(modules),
    actions: new Set(modules.flatMap(({ actions }) => actions)),
  }
  const reader = { roles, sight, acting }
  const offers = offersOf(modules, there.entities, reader)
  const actions = actionsOf(modules, there.actions, reader)
  // A module without either may still have routes.
  const bare = modules.filter(({ entities, actions }) => entities.length === 0 && actions.length === 0)
  const used = [...offers.map(({ entity }) => entity.module), ...actions.map(({ module }) => module), ...bare]
  const shown = new Map([...modules.filter(module => isIn(used, module)), ...used].map(module => [module.id, module]))
  const paths = new Map<string, JsonSchema>()
  for (const offer of offers) paths.set(pathOf(offer.entity), operationsOf(offer))
  for (const action of actions) {
    const path = pathOf({ module: action.module, name: `rpc/${action.name}` })
    paths.set(path, actionOperations(action, offers, sight))
  }
  // What a module answers itself comes before what is made of its entities.
  for (const { path, item, module } of routeItems(
    routes.filter(({ module }) => shown.has(module.id) && isIn(modules, module)),
  )) {
    const whole = pathOf({ module, name: path })
    paths.set(whole, { ...paths.get(whole), ...item })
  }
  const readable = offers.filter(({ operations }) => operations.has('read'))
  return {
    openapi: '3.1.0',
    info: { title, version, description },
    servers: [{ url: serverUrl }],
    security: [{ bearer: [] }],
    tags: [...shown.values()].map(module => ({
      name: module.id,
      description: `Module ${module.name}, version ${formatVersion(module.version)}`,
    })),
    paths: Object.fromEntries(paths),
    components: {
      schemas: { ...Object.fromEntries(offers.flatMap(schemasOf)), Error: errorSchema },
      parameters: { ...sharedParameters, ...Object.fromEntries(readable.flatMap(filterParameters)) },
      headers,
      responses,
      securitySchemes: { bearer: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' } },
    },
  }
}

/** What a module shows besides its own makes it another object. */
function isIn(modules: readonly Module[], { id }: Module): boolean {
  return modules.some(module => module.id === id)
}

function schemasOf({ entity, fields, names, operations }: Offer): [name: string, schema: JsonSchema][] {
  const kinds = [
    ['read', names.row, 'row'],
    ['insert', names.insert, 'insert'],
    ['update', names.patch, 'patch'],
  ] as const
  return kinds
    .filter(([operation]) => operations.has(operation))
    .map(([, name, kind]) => [name, jsonSchemaOf(entity, kind, fields)])
}
