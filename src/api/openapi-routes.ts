import type { JsonValue } from '../core/json.ts'
import type { Module } from '../core/module-set.ts'
import type { JsonSchema } from './json-schema.ts'
import { isObject, plainSchema } from './openapi-foreign.ts'
import { failures } from './openapi-parts.ts'

/** A route of a module's own, as its author describes it to Fastify. */
export interface ModuleRoute {
  readonly module: Module
  /** Below the module, in the router's words: `/statements/:customer_id`. */
  readonly path: string
  readonly methods: readonly string[]
  /** What Fastify knows as the route's `schema`. */
  readonly schema: unknown
  /** Schemas that it may refer to, by their `$id`. */
  shared(): Readonly<Record<string, unknown>>
}

interface RouteItem {
  readonly module: Module
  /** Without a slash in front: `statements/{customer_id}`. */
  readonly path: string
  readonly item: JsonSchema
}

const described = new Set(['get', 'post', 'put', 'patch', 'delete', 'head', 'options', 'trace'])

/** Path items of routes that are not hidden (`schema: { hide: true }`). */
export function routeItems(routes: readonly ModuleRoute[]): RouteItem[] {
  const ids = new Set<string>()
  return routes.flatMap(route => {
    const schema = isObject(route.schema) ? route.schema : {}
    if (schema.hide === true) return []
    const known = route.shared()
    return pathsOf(route.path).map(path => {
      const methods = route.methods.map(method => method.toLowerCase()).filter(method => described.has(method))
      const operations = methods.map(
        method => [method, operationOf(route, known, { schema, method, path }, ids)] as const,
      )
      return { module: route.module, path, item: Object.fromEntries(operations) }
    })
  })
}

function operationOf(
  { module }: ModuleRoute,
  known: Readonly<Record<string, unknown>>,
  { schema, method, path }: { schema: Readonly<Record<string, unknown>>; method: string; path: string },
  ids: Set<string>,
): JsonSchema {
  const read = (part: unknown) => plainSchema(part, known)
  const body = schema.body === undefined ? undefined : read(schema.body)
  return {
    operationId: newName(`${module.schema}_${method}_${path.replaceAll(/\W+/g, '_')}`, ids),
    summary: textOf(schema.summary) ?? `${method.toUpperCase()} /${path}`,
    ...(textOf(schema.description) !== undefined && { description: textOf(schema.description) ?? '' }),
    ...(schema.deprecated === true && { deprecated: true }),
    tags: [module.id],
    parameters: [
      ...pathParameters(path, read(schema.params)),
      ...parametersOf(read(schema.querystring ?? schema.query), 'query'),
      ...parametersOf(read(schema.headers), 'header'),
    ],
    ...(body && { requestBody: { required: true, content: { 'application/json': { schema: body } } } }),
    responses: { ...responsesOf(schema.response, read), ...failures(401, 403, 404) },
  }
}

/** Fastify's own way to describe answers: a schema by status, or one with a description or by media type. */
function responsesOf(response: unknown, read: (part: unknown) => JsonSchema): JsonSchema {
  const answers = Object.entries(isObject(response) ? response : {}).map(([status, answer]) => {
    const schema = read(answer)
    const description = textOf(schema.description) ?? 'What the route answers'
    const content = isObject(schema.content) ? schema.content : { 'application/json': { schema } }
    return [status === 'default' ? status : status.toUpperCase(), { description, content }] as const
  })
  if (answers.length === 0) return { 200: { description: 'What the route answers' } }
  return Object.fromEntries(answers) as JsonSchema
}

function parametersOf(schema: JsonSchema, place: 'query' | 'header'): JsonSchema[] {
  const required = Array.isArray(schema.required) ? schema.required : []
  return Object.entries(isObject(schema.properties) ? schema.properties : {}).map(([name, property]) => ({
    name,
    in: place,
    ...(required.includes(name) && { required: true }),
    schema: property as JsonValue,
  }))
}

function pathParameters(path: string, schema: JsonSchema): JsonSchema[] {
  const properties = isObject(schema.properties) ? schema.properties : {}
  return [...path.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => ({
    name,
    in: 'path',
    required: true,
    schema: (properties[name] ?? { type: 'string' }) as JsonValue,
  }))
}

/** A last parameter that may be left out makes two paths, and `*` is any rest. */
function pathsOf(path: string): string[] {
  const plain = path.replace(/^\//, '').replaceAll('::', ':')
  const named = plain
    .replaceAll(/:(\w+)(?:\((?:[^()]|\([^()]*\))*\))?/g, (_, name: string) => `{${name}}`)
    .replaceAll('*', '{rest}')
  if (!named.endsWith('?')) return [named]
  const whole = named.slice(0, -1)
  return [whole.replace(/\/?\{\w+\}$/, ''), whole]
}

function newName(wanted: string, taken: Set<string>): string {
  let name = wanted
  while (taken.has(name)) name += '_'
  taken.add(name)
  return name
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined
}
