import type { Entity } from '../../core/module-set.ts'
import { cursorOf } from './cursor.ts'
import { readConditions } from './etag.ts'
import { fillParameters, fillPlan, withoutRow } from './fill.ts'
import { parseRest } from './parse.ts'
import { fieldsOfObject } from './payload.ts'
import { bodyOf } from './plan-parts.ts'
import { canonicalQuery, type Parameter } from './query-string.ts'
import { headerOf, type ParsedRest, type RestRequest } from './request.ts'
import { isShapeable, shapeOf, slottedParameters } from './shape.ts'

/** Shapes of requests remembered for each entity; the one that was asked longest ago goes first. */
const limit = 500
/** Longer ones are rarely asked twice. */
const longest = 1_000
/** Larger bodies take so long to read that to read them twice, before they are known, costs more than is saved. */
const largestBody = 100_000

/** What is the same for all requests of one shape. */
interface Known {
  readonly parsed: ParsedRest
  readonly parameters: readonly Parameter[]
}

/**
 * Parses from memory what differs from a request before in nothing but the values of its filters and of the row that it writes.
 * What is remembered is the request's own words about an entity, and nothing of a tenant, so that all tenants share it.
 */
export function createParseMemory(): (request: RestRequest) => ParsedRest {
  const byEntity = new WeakMap<Entity, Map<string, Known>>()
  return request => {
    const shape = shapeOfRequest(request)
    if (!shape) return parseRest(request)
    const { key, values } = shape
    let memory = byEntity.get(request.entity)
    if (!memory) {
      memory = new Map()
      byEntity.set(request.entity, memory)
    }
    const known = memory.get(key) ?? learn(request)
    // A page is asked for once; the list that it is of is remembered.
    if (known.parsed.cursor?.token === undefined) {
      memory.delete(key)
      memory.set(key, known)
    }
    if (memory.size > limit) {
      const [oldest] = memory.keys()
      if (oldest !== undefined) memory.delete(oldest)
    }
    return fill(known, request, values)
  }
}

function learn(request: RestRequest): Known {
  const parameters = slottedParameters(request.query)
  const parsed = parseRest({ ...request, locationBase: '' }, parameters)
  const slots = parameters.filter(({ slot }) => slot !== undefined).length
  return { parsed: { ...parsed, plan: withoutRow(parsed.plan, slots) }, parameters }
}

function fill({ parsed, parameters }: Known, request: RestRequest, values: readonly string[]): ParsedRest {
  const { locationBase, headers } = request
  const { plan, preferences, cursor } = parsed
  const filled = fillParameters(parameters, values)
  const query = filled === parameters ? parsed.contentLocation : canonicalQuery(filled)
  return {
    ...parsed,
    ...(values.length > 0 && { plan: fillPlan(plan, values) }),
    // Where a page begins stands in its token, which is yet to be read.
    ...(values.length > 0 && cursor?.token === undefined && { like: { plan, values } }),
    locationBase,
    contentLocation: query === '' ? locationBase : `${locationBase}?${query}`,
    profiled: headers['accept-profile'] !== undefined,
    cursor: cursor && cursorOf(request, cursor.token, preferences, filled),
    conditions: plan.kind === 'read' ? readConditions(request, plan) : undefined,
  }
}

/** The headers that a plan or the form of its answer depends on. */
const heard = ['prefer', 'accept', 'range', 'range-unit']
/** In no header (RFC 9110, 5.5): one that is there and says nothing may be refused. */
const absent = '\0'

/** What requests are alike by, and in what they differ; undefined for one that is parsed as a whole. */
function shapeOfRequest(
  request: RestRequest,
): { readonly key: string; readonly values: readonly string[] } | undefined {
  const { method, query, body = '' } = request
  if (query.length > longest || body.length > largestBody || !isShapeable(query)) return undefined
  const fields = fieldsOf(request)
  if (!fields) return undefined
  const { text, values } = shapeOf(query)
  const key = [method, text, JSON.stringify(fields), ...heard.map(name => headerOf(request, name) ?? absent)].join('\n')
  if (key.length > longest * 2) return undefined
  return { key, values: writesRow.has(method) ? [...values, body] : values }
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
