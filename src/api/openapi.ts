import type { JsonValue } from '../core/json.ts'
import type { Entity, Module } from '../core/module-set.ts'
import { anyCaller, type Sight } from '../core/sight.ts'
import { formatVersion } from '../core/version.ts'
import { type JsonSchema, jsonSchemaOf } from './json-schema.ts'
import { actionOperations, actionsOf } from './openapi-actions.ts'
import { type Offer, offersOf } from './openapi-offer.ts'
import { operationsOf } from './openapi-operations.ts'
import { errorSchema, filterParameters, headers, responses, sharedParameters } from './openapi-parts.ts'

export interface OpenApiOptions {
  readonly title: string
  readonly version: string
  /** What every path is relative to, without a slash at its end. */
  readonly serverUrl: string
  /** The modules that are exposed. */
  readonly modules: readonly Module[]
  /** The caller's service roles, as a principal of the tenant; null shows everything. */
  readonly roles: readonly string[] | null
  /** Which fields the caller sees; absent: those that any caller may. */
  readonly sight?: Sight
  /** The caller is a principal of the system tenant, whose roles reach into others. */
  readonly acting?: boolean
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
export function createOpenApi({
  title,
  version,
  serverUrl,
  modules,
  roles,
  sight = anyCaller,
  acting,
  pathOf,
}: OpenApiOptions): OpenApiDocument {
  const offers = offersOf(modules, roles, sight, acting)
  const actions = actionsOf(modules, roles, acting)
  const offered = new Set([...offers.map(({ entity }) => entity.module), ...actions.map(({ module }) => module)])
  const shown = modules.filter(module => offered.has(module))
  return {
    openapi: '3.1.0',
    info: { title, version, description },
    servers: [{ url: serverUrl }],
    security: [{ bearer: [] }],
    tags: shown.map(module => ({
      name: module.id,
      description: `Module ${module.name}, version ${formatVersion(module.version)}`,
    })),
    paths: Object.fromEntries([
      ...offers.map(offer => [pathOf(offer.entity), operationsOf(offer)] as const),
      ...actions.map(action => {
        const path = pathOf({ module: action.module, name: `rpc/${action.name}` })
        return [path, actionOperations(action, offers, sight)] as const
      }),
    ]),
    components: {
      schemas: { ...Object.fromEntries(offers.flatMap(schemasOf)), Error: errorSchema },
      parameters: { ...sharedParameters, ...Object.fromEntries(offers.flatMap(filterParameters)) },
      headers,
      responses,
      securitySchemes: { bearer: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' } },
    },
  }
}

function schemasOf({ entity, fields, names, writable }: Offer): [name: string, schema: JsonSchema][] {
  const row: [string, JsonSchema] = [names.row, jsonSchemaOf(entity, 'row', fields)]
  if (!writable) return [row]
  return [
    row,
    [names.insert, jsonSchemaOf(entity, 'insert', fields)],
    [names.patch, jsonSchemaOf(entity, 'patch', fields)],
  ]
}
