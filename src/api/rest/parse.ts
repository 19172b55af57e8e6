import { TenantryError } from '../../core/errors.ts'
import type { EntityPlan } from '../../core/plan.ts'
import { negotiate } from './accept.ts'
import { parseClauses } from './clauses.ts'
import { afterParameter, cursorOf } from './cursor.ts'
import { readConditions } from './etag.ts'
import { defaultLimits } from './limits.ts'
import type { Parts } from './plan-parts.ts'
import { planDelete, planInsert, planPut, planRead, planUpdate } from './plans.ts'
import { parsePrefer } from './prefer.ts'
import { parseQueryString, QueryText, type SlottedParameter } from './query-string.ts'
import { headerOf, type ParsedRest, type RestRequest } from './request.ts'

const planners: Readonly<Record<string, (parts: Parts) => EntityPlan>> = {
  GET: planRead,
  HEAD: planRead,
  POST: planInsert,
  PUT: planPut,
  PATCH: planUpdate,
  DELETE: planDelete,
}

/**
 * A request in PostgREST's dialect (version 12) as a plan, whose conditions have the slots that `slotted`, the parameters of its
 * query, has. Throws only `TenantryError`s.
 */
export function parseRest(request: RestRequest, slotted?: readonly SlottedParameter[]): ParsedRest {
  const makePlan = findPlanner(request.method)
  const parameters = slotted ?? parseQueryString(request.query)
  const clauses = parseClauses(parameters, request.limits ?? defaultLimits)
  const preferences = parsePrefer(headerOf(request, 'prefer'), request.allowRollback)
  const mediaType = negotiate(headerOf(request, 'accept'))
  if (clauses.after !== undefined && request.method !== 'GET' && request.method !== 'HEAD') {
    throw new TenantryError('invalid', `${afterParameter} is a place in a list that is read`, { hint: 'Leave it out' })
  }
  const plan = makePlan({ request, clauses, preferences, mediaType })
  return {
    plan,
    head: request.method === 'HEAD',
    mediaType,
    preferences,
    offset: plan.kind === 'read' ? (plan.offset ?? 0) : 0,
    locationBase: request.locationBase,
    query: new QueryText(parameters),
    profiled: request.headers['accept-profile'] !== undefined,
    cursor: plan.kind === 'read' ? cursorOf(request, clauses.after, preferences, parameters) : undefined,
    conditions: plan.kind === 'read' ? readConditions(request, plan) : undefined,
  }
}

function findPlanner(method: string): (parts: Parts) => EntityPlan {
  const planner = Object.hasOwn(planners, method) ? planners[method] : undefined
  if (planner) return planner
  throw new TenantryError('invalid', `Unsupported HTTP method: ${method}`, {
    reason: 'PGRST117',
    hint: `Use one of ${Object.keys(planners).join(', ')}`,
  })
}
