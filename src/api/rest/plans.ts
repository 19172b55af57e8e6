import type { Delete, Insert, Read, Update } from '../../core/plan.ts'
import { parsePatch, parseRows } from './payload.ts'
import {
  bodyOf,
  deletedOf,
  formOf,
  keyConditionOf,
  limitOf,
  locatedBy,
  missingOf,
  onConflictOf,
  type Parts,
  singleOf,
  whereOf,
  writtenBy,
} from './plan-parts.ts'
import { buildQuery } from './query-tree.ts'
import { paginate } from './range.ts'
import { headerOf } from './request.ts'

export function planRead({ request, clauses, preferences, mediaType }: Parts): Read {
  const { method, entity } = request
  const range = method === 'GET' ? headerOf(request, 'range') : undefined
  return {
    kind: 'read',
    entity,
    ...paginate(buildQuery(clauses.select, clauses.scoped), true, range),
    ...(preferences.count && { count: 'exact' }),
    ...deletedOf(request, preferences),
    ...singleOf(mediaType),
    ...formOf(mediaType),
  }
}

/** Filters of the root mean nothing to new rows, as in PostgREST. */
export function planInsert(parts: Parts): Insert {
  const { request, clauses } = parts
  const { fields, text } = parseRows(bodyOf(request), clauses.columns)
  const onConflict = onConflictOf(parts)
  return {
    kind: 'insert',
    entity: request.entity,
    fields,
    rows: text,
    ...missingOf(parts),
    ...(onConflict && { onConflict }),
    ...locatedBy(parts),
    ...writtenBy(parts),
  }
}

/** One row, whose whole key the filters give, put in or in place of the one that is there. */
export function planPut(parts: Parts): Insert {
  const { request, clauses } = parts
  const put = keyConditionOf(parts)
  const { fields, text } = parseRows(bodyOf(request), clauses.columns)
  return {
    kind: 'insert',
    entity: request.entity,
    fields,
    rows: text,
    ...missingOf(parts),
    onConflict: { resolution: 'merge' },
    put,
    ...writtenBy(parts),
  }
}

export function planUpdate(parts: Parts): Update {
  const { request, clauses, preferences } = parts
  const { fields, text } = parsePatch(bodyOf(request), clauses.columns)
  const where = whereOf(clauses)
  return {
    kind: 'update',
    entity: request.entity,
    fields,
    patch: text,
    ...missingOf(parts),
    ...(where && { where }),
    ...deletedOf(request, preferences),
    ...limitOf(preferences),
    ...writtenBy(parts),
  }
}

export function planDelete(parts: Parts): Delete {
  const { request, clauses, preferences } = parts
  const where = whereOf(clauses)
  return {
    kind: 'delete',
    entity: request.entity,
    ...(preferences.purge && { mode: 'purge' }),
    ...(where && { where }),
    ...deletedOf(request, preferences),
    ...limitOf(preferences),
    ...writtenBy(parts),
  }
}
