import type { Likeness } from '../../core/datasource.ts'
import { TenantryError } from '../../core/errors.ts'
import type { Action } from '../../core/module-set.ts'
import type { Call } from '../../core/plan.ts'
import { type MediaType, negotiate } from './accept.ts'
import { type Arguments, argumentsOfBody, argumentsOfQuery, splitQuery } from './call-arguments.ts'
import { parseClauses } from './clauses.ts'
import { defaultLimits } from './limits.ts'
import { formOf, singleOf } from './plan-parts.ts'
import { type Preferences, parsePrefer } from './prefer.ts'
import { type Parameter, parseQueryString, type SlottedParameter } from './query-string.ts'
import { buildQuery } from './query-tree.ts'
import { paginate } from './range.ts'
import { headerOf, type RestRequest } from './request.ts'

/** An HTTP request to an action. */
export type CallRequest = Pick<RestRequest, 'method' | 'query' | 'headers' | 'body' | 'limits' | 'allowRollback'> & {
  readonly action: Action
}

/** The plan to run, and what the answer's form depends on. */
export interface ParsedCall {
  readonly plan: Call
  /** Another plan that this one is like. */
  readonly like?: Likeness
  readonly head: boolean
  readonly mediaType: MediaType
  readonly preferences: Preferences
}

/**
 * A call in PostgREST's dialect (version 12) as a plan, whose conditions have the slots that `slotted`, the filters of its query,
 * has. Throws only `TenantryError`s.
 */
export function parseCall(request: CallRequest, slotted?: readonly SlottedParameter[]): ParsedCall {
  const { action, method } = request
  const reading = method === 'GET' || method === 'HEAD'
  checkMethod(method, action)
  const parameters = parseQueryString(request.query)
  const { filters, values } = reading ? splitQuery(parameters) : { filters: parameters, values: [] }
  const limits = request.limits ?? defaultLimits
  const clauses = parseClauses(slotted ?? filters, limits)
  const preferences = parsePrefer(headerOf(request, 'prefer'), request.allowRollback)
  const mediaType = negotiate(headerOf(request, 'accept'))
  const { given, text } = reading ? argumentsOfQuery(action, values) : bodyArguments(request, clauses.columns)
  const range = method === 'GET' ? headerOf(request, 'range') : undefined
  const plan: Call = {
    kind: 'call',
    action,
    input: text,
    given,
    ...paginate(buildQuery(clauses.select, clauses.scoped), limits.rows, range),
    ...(preferences.count && { count: 'exact' }),
    ...singleOf(mediaType),
    ...formOf(mediaType),
    ...(preferences.tx === 'rollback' && { rollback: true }),
  }
  return { plan, head: method === 'HEAD', mediaType, preferences }
}

function bodyArguments(request: CallRequest, columns: readonly string[] | undefined): Arguments {
  return argumentsOfBody({ text: request.body, type: headerOf(request, 'content-type') }, columns)
}

/** The names that a request gives arguments for, however they come; of an action that is not there. */
export function argumentNames(request: Omit<CallRequest, 'action'>): readonly string[] {
  if (request.method !== 'GET' && request.method !== 'HEAD') return Object.keys(bodyObject(request.body))
  return splitQuery(parseQueryString(request.query)).values.map(({ key }: Parameter) => key)
}

function bodyObject(body: string | undefined): object {
  try {
    const value: unknown = JSON.parse(body ?? '{}')
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : {}
  } catch {
    return {}
  }
}

/** What writes is not to be done by a link. */
function checkMethod(method: string, { readOnly, name }: Action): void {
  if (method === 'POST') return
  const reading = method === 'GET' || method === 'HEAD'
  if (reading && readOnly) return
  throw new TenantryError('invalid', `Cannot use the ${method} method on RPC`, {
    reason: 'PGRST101',
    hint: reading ? `${name} writes: call it with POST` : 'Call an action with POST, or with GET when it only reads',
  })
}
