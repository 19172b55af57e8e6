import type { Action } from '../../core/module-set.ts'
import { fillCall, slotsOf } from '../../core/plan-slots.ts'
import { type CallRequest, type ParsedCall, parseCall } from './call.ts'
import { type Arguments, argumentsOfBody, argumentsOfQuery, splitQuery } from './call-arguments.ts'
import { heardBy, isShort } from './heard.ts'
import { parseQueryString } from './query-string.ts'
import { headerOf } from './request.ts'
import { type Shape, shapeOf } from './shape.ts'
import { ShapeMemory } from './shape-memory.ts'

/**
 * Parses from memory what differs from a call before in nothing but its arguments and the values of its filters. Only of actions
 * in SQL: the body of another makes plans of its own.
 */
export function createCallMemory(): (request: CallRequest) => ParsedCall {
  const memory = new ShapeMemory<Action, ParsedCall>()
  return request => {
    const { action } = request
    const likeness = action.definition.run ? undefined : likenessOf(request)
    if (!likeness) return parseCall(request)
    const { key, shape, text } = likeness
    const known = memory.find(action, key)
    if (known) return fill(known, shape, text)
    const learnt = learn(request, shape)
    if (!learnt) return parseCall(request)
    memory.keep(action, key, learnt, request.query)
    return fill(learnt, shape, text)
  }
}

function fill(known: ParsedCall, shape: Shape, text: string): ParsedCall {
  const { plan } = known
  const values = [...shape.values, text]
  return { ...known, plan: fillCall(plan, values), like: { plan, values } }
}

/** What is the same for all calls of one shape; undefined where a value has been taken out that is none of a filter. */
function learn(request: CallRequest, { parameters, values }: Shape): ParsedCall | undefined {
  const parsed = parseCall(request, parameters)
  if (slotsOf(parsed.plan).size !== values.length) return undefined
  return { ...parsed, plan: { ...parsed.plan, input: '{}', slot: values.length } }
}

interface CallLikeness {
  readonly key: string
  readonly shape: Shape
  /** The arguments. */
  readonly text: string
}

/** Undefined for one that is parsed as a whole, also because it is wrong. */
function likenessOf(request: CallRequest): CallLikeness | undefined {
  if (!isShort(request)) return undefined
  try {
    const { shape, given, text } = asked(request)
    const key = heardBy(request, [JSON.stringify(given), shape.text])
    return key === undefined ? undefined : { key, shape, text }
  } catch {
    return undefined
  }
}

function asked(request: CallRequest): { readonly shape: Shape } & Arguments {
  const { method, action, body } = request
  const parameters = parseQueryString(request.query)
  if (method === 'POST') {
    const type = headerOf(request, 'content-type')
    return { shape: shapeOf(parameters), ...argumentsOfBody({ text: body, type }, undefined) }
  }
  const { filters, values } = splitQuery(parameters)
  return { shape: shapeOf(filters), ...argumentsOfQuery(action, values) }
}
