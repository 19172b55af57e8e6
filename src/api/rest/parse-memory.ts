import type { Entity } from '../../core/module-set.ts'
import { readConditions } from './etag.ts'
import { parseRest } from './parse.ts'
import { headerOf, type ParsedRest, type RestRequest } from './request.ts'

/** Requests remembered for each entity; the one that was asked longest ago goes first. */
const limit = 500
/** Longer ones are rarely asked twice. */
const longest = 1_000

/**
 * Parses reads that were parsed before from memory. What is remembered is the request's own words about an entity, and
 * nothing of a tenant, so that all tenants share it.
 */
export function createParseMemory(): (request: RestRequest) => ParsedRest {
  const byEntity = new WeakMap<Entity, Map<string, ParsedRest>>()
  return request => {
    const { method, entity, query, locationBase } = request
    if ((method !== 'GET' && method !== 'HEAD') || query.length > longest) return parseRest(request)
    const key = [
      method,
      query,
      ...['prefer', 'accept', 'range', 'range-unit'].map(name => headerOf(request, name) ?? ''),
    ].join('\n')
    if (key.length > longest * 2) return parseRest(request)
    let memory = byEntity.get(entity)
    if (!memory) {
      memory = new Map()
      byEntity.set(entity, memory)
    }
    const known = memory.get(key) ?? parseRest({ ...request, locationBase: '' })
    // A page is asked for once; the list that it is of is remembered.
    if (known.cursor?.token === undefined) {
      memory.delete(key)
      memory.set(key, known)
    }
    if (memory.size > limit) {
      const [oldest] = memory.keys()
      if (oldest !== undefined) memory.delete(oldest)
    }
    const { contentLocation } = known
    return {
      ...known,
      locationBase,
      contentLocation: contentLocation === '' ? locationBase : `${locationBase}?${contentLocation}`,
      profiled: request.headers['accept-profile'] !== undefined,
      conditions: readConditions(request, known.plan),
    }
  }
}
