import type { SlotValue } from '../../core/datasource.ts'
import type { Entity } from '../../core/module-set.ts'
import { fillPlan, slotsOf, withoutRow } from '../../core/plan-slots.ts'
import { cursorOf } from './cursor.ts'
import { readConditions } from './etag.ts'
import { parseRest } from './parse.ts'
import { fieldsOfObject } from './payload.ts'
import { bodyOf } from './plan-parts.ts'
import { canonicalQuery, parseQueryString } from './query-string.ts'
import { headerOf, type ParsedRest, type RestRequest } from './request.ts'
import { type Shape, shapeOf } from './shape.ts'

/** Shapes of requests remembered for each entity; the one that was asked longest ago goes first. */
const limit = 500
/** Characters; longer ones are rarely asked twice. */
const longest = { query: 4_000, key: 2_000 }
/** Larger bodies take so long to read that to read them twice, before they are known, costs more than is saved. */
const largestBody = 100_000

/**
 * Parses from memory what differs from a request before in nothing but the values of its filters and of the row that it writes.
 * What is remembered is the request's own words about an entity, and nothing of a tenant, so that all tenants share it.
 */
export function createParseMemory(): (request: RestRequest) => ParsedRest {
  const byEntity = new WeakMap<Entity, Map<string, ParsedRest>>()
  return request => {
    const likeness = likenessOf(request)
    if (!likeness) return parseRest(request)
    const { key, shape } = likeness
    let memory = byEntity.get(request.entity)
    if (!memory) {
      memory = new Map()
      byEntity.set(request.entity, memory)
    }
    const known = memory.get(key) ?? learn(request, shape)
    if (!known) return parseRest(request)
    // A page is asked for once; the list that it is of is remembered.
    if (known.cursor?.token === undefined) {
      memory.delete(key)
      memory.set(key, known)
    }
    if (memory.size > limit) {
      const [oldest] = memory.keys()
      if (oldest !== undefined) memory.delete(oldest)
    }
    return fill(known, request, shape)
  }
}

/** What is the same for all requests of one shape; undefined where a value has been taken out that is none of a filter. */
function learn(request: RestRequest, { parameters, values }: Shape): ParsedRest | undefined {
  const parsed = parseRest({ ...request, locationBase: '' }, parameters)
  if (slotsOf(parsed.plan).size !== values.length) return undefined
  return { ...parsed, plan: withoutRow(parsed.plan, values.length) }
}

function fill(known: ParsedRest, request: RestRequest, shape: Shape): ParsedRest {
  const { locationBase, headers, body = '' } = request
  const { plan, preferences, cursor } = known
  const values: readonly SlotValue[] = writesRow.has(request.method) ? [...shape.values, body] : shape.values
  const query = shape.values.length === 0 ? known.contentLocation : canonicalQuery(shape.parameters)
  return {
    ...known,
    ...(values.length > 0 && { plan: fillPlan(plan, values) }),
    // Where a page begins stands in its token, which is yet to be read.
    ...(values.length > 0 && cursor?.token === undefined && { like: { plan, values } }),
    locationBase,
    contentLocation: query === '' ? locationBase : `${locationBase}?${query}`,
    profiled: headers['accept-profile'] !== undefined,
    cursor: cursor && cursorOf(request, cursor.token, preferences, shape.parameters),
    conditions: plan.kind === 'read' ? readConditions(request, plan) : undefined,
  }
}

/** The headers that a plan or the form of its answer depends on. */
const heard = ['prefer', 'accept', 'range', 'range-unit']
/** In no header (RFC 9110, 5.5): one that is there and says nothing may be refused. */
const absent = '\0'

/** What requests are alike by, and in what they differ; undefined for one that is parsed as a whole. */
function likenessOf(request: RestRequest): { readonly key: string; readonly shape: Shape } | undefined {
  const { method, query, body = '' } = request
  if (query.length > longest.query || body.length > largestBody) return undefined
  const fields = fieldsOf(request)
  const shape = fields && readShape(query)
  if (!shape) return undefined
  const heardOf = heard.map(name => headerOf(request, name) ?? absent)
  // Only what is last may have a line break.
  const key = [method, JSON.stringify(fields), ...heardOf, shape.text].join('\n')
  return key.length > longest.key ? undefined : { key, shape }
}

/** Undefined for a query that is wrong. */
function readShape(query: string): Shape | undefined {
  try {
    return shapeOf(parseQueryString(query))
  } catch {
    return undefined
  }
}

const writesRow: ReadonlySet<string> = new Set(['POST', 'PATCH'])

/** The fields of the row that is written, of a read or a removal none; undefined for what is rarer. */
function fieldsOf(request: RestRequest): readonly string[] | undefined {
  const { method, headers } = request
  if (method === 'GET' || method === 'HEAD') return []
  if (headers['if-match'] !== undefined || headers['if-none-match'] !== undefined) return undefined
  if (method === 'DELETE') return []
  return writesRow.has(method) ? fieldsOfObject(bodyOf(request)) : undefined
}
