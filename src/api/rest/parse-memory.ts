import type { SlotValue } from '../../core/datasource.ts'
import type { Entity } from '../../core/module-set.ts'
import { fillPlan, slotsOf, withoutRow } from '../../core/plan-slots.ts'
import { cursorOf } from './cursor.ts'
import { readConditions } from './etag.ts'
import { heardBy, isShort } from './heard.ts'
import { parseRest } from './parse.ts'
import { fieldsOfObject } from './payload.ts'
import { bodyOf } from './plan-parts.ts'
import { parseQueryString, QueryText } from './query-string.ts'
import type { Cursor, ParsedRest, RestRequest } from './request.ts'
import { type Shape, shapeOf } from './shape.ts'
import { ShapeMemory } from './shape-memory.ts'

/** Without the texts that a query with values in it makes, which are somebody's. */
interface Remembered extends Omit<ParsedRest, 'query' | 'cursor'> {
  readonly query?: QueryText
  readonly cursor: Pick<Cursor, 'token'> | undefined
}

/**
 * Parses from memory what differs from a request before in nothing but the values of its filters and of the row that it writes.
 * All tenants share what is remembered: what was first asked of an entity, in which each request has its own values, and of a row
 * that is written only the fields.
 */
export function createParseMemory(): (request: RestRequest) => ParsedRest {
  const memory = new ShapeMemory<Entity, Remembered>()
  return request => {
    const likeness = likenessOf(request)
    if (!likeness) return parseRest(request)
    const { key, shape } = likeness
    const known = memory.find(request.entity, key)
    if (known) return fill(known, request, shape)
    const learnt = learn(request, shape)
    if (!learnt) return parseRest(request)
    // A page is asked for once; the list that it is of is remembered.
    if (learnt.cursor?.token === undefined) memory.keep(request.entity, key, learnt, request.query)
    return fill(learnt, request, shape)
  }
}

/** What is the same for all requests of one shape; undefined where a value has been taken out that is none of a filter. */
function learn(request: RestRequest, { parameters, values }: Shape): Remembered | undefined {
  const parsed = parseRest({ ...request, locationBase: '' }, parameters)
  if (slotsOf(parsed.plan).size !== values.length) return undefined
  const { query, cursor, ...rest } = parsed
  const plan = withoutRow(parsed.plan, values.length)
  const remembered = { ...rest, plan, cursor: cursor && { token: cursor.token } }
  return values.length === 0 ? { ...remembered, query } : remembered
}

function fill(known: Remembered, request: RestRequest, shape: Shape): ParsedRest {
  const { locationBase, headers, body = '' } = request
  const { plan, preferences, cursor } = known
  const values: readonly SlotValue[] = writesRow.has(request.method) ? [...shape.values, body] : shape.values
  return {
    ...known,
    ...(values.length > 0 && { plan: fillPlan(plan, values) }),
    // Where a page begins stands in its token, which is yet to be read.
    ...(values.length > 0 && cursor?.token === undefined && { like: { plan, values } }),
    locationBase,
    query: known.query ?? new QueryText(shape.parameters),
    profiled: headers['accept-profile'] !== undefined,
    cursor: cursor && cursorOf(request, cursor.token, preferences, shape.parameters),
    conditions: plan.kind === 'read' ? readConditions(request, plan) : undefined,
  }
}

/** What requests are alike by, and in what they differ; undefined for one that is parsed as a whole. */
function likenessOf(request: RestRequest): { readonly key: string; readonly shape: Shape } | undefined {
  const fields = isShort(request) ? fieldsOf(request) : undefined
  const shape = fields && readShape(request.query)
  if (!shape) return undefined
  const key = heardBy(request, [JSON.stringify(fields), shape.text])
  return key === undefined ? undefined : { key, shape }
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
