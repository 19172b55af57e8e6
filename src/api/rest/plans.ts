import type { Delete, EntityPlan, Insert, OnConflict, Read, Update } from '../../core/plan.ts'
import { isKeyset } from './cursor.ts'
import { createOnly, isTagged, preconditionOf } from './etag.ts'
import { defaultLimits } from './limits.ts'
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
  sharedOf,
  singleOf,
  whereOf,
  writtenBy,
} from './plan-parts.ts'
import { buildQuery } from './query-tree.ts'
import { paginate } from './range.ts'
import { headerOf, type RestRequest } from './request.ts'

export function planRead({ request, clauses, preferences, mediaType }: Parts): Read {
  const { method, entity } = request
  const range = method === 'GET' ? headerOf(request, 'range') : undefined
  const plan: Read = {
    kind: 'read',
    entity,
    ...paginate(buildQuery(clauses.select, clauses.scoped), (request.limits ?? defaultLimits).rows, range),
    ...(preferences.count && { count: 'exact' }),
    ...deletedOf(request, preferences),
    ...sharedOf(request, preferences),
    ...singleOf(mediaType),
    ...formOf(mediaType),
    ...(isKeyset(clauses.after, preferences) && { keyset: {} }),
  }
  return isTagged(plan) ? { ...plan, revision: true } : plan
}

/** Filters of the root mean nothing to new rows, as in PostgREST. */
export function planInsert(parts: Parts): Insert {
  return planRows(parts, onConflictOf(parts), locatedBy(parts))
}

/** One row, whose whole key the filters give, put in or in place of the one that is there. */
export function planPut(parts: Parts): Insert {
  return planRows(parts, { resolution: 'merge' }, { put: keyConditionOf(parts) })
}

function planRows(
  parts: Parts,
  onConflict: OnConflict | undefined,
  own: Pick<Insert, 'put' | 'returning' | 'output'>,
): Insert {
  const { request, clauses } = parts
  const { fields, text, count } = parseRows(bodyOf(request), clauses.columns)
  const plan: Insert = {
    kind: 'insert',
    entity: request.entity,
    fields,
    rows: text,
    ...missingOf(parts),
    ...(onConflict && { onConflict }),
    ...own,
    ...writtenBy(parts),
  }
  return withTag(plan, request, count)
}

export function planUpdate(parts: Parts): Update {
  const { request, clauses, preferences } = parts
  const { fields, text } = parsePatch(bodyOf(request), clauses.columns)
  const where = whereOf(clauses)
  const plan: Update = {
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
  return withTag(plan, request)
}

export function planDelete(parts: Parts): Delete {
  const { request, clauses, preferences } = parts
  const where = whereOf(clauses)
  const plan: Delete = {
    kind: 'delete',
    entity: request.entity,
    ...(preferences.purge && { mode: 'purge' }),
    ...(where && { where }),
    ...deletedOf(request, preferences),
    ...limitOf(preferences),
    ...writtenBy(parts),
  }
  return withTag(plan, request)
}

/** A write with what its conditional headers demand, which answers the revision where the answer has a tag. */
function withTag<P extends Exclude<EntityPlan, Read>>(plan: P, request: RestRequest, rows?: number): P {
  const precondition = preconditionOf(plan, request, rows)
  const tagged = isTagged(plan, rows)
  if (!precondition) return tagged ? { ...plan, revision: true } : plan
  return {
    ...plan,
    ...(tagged && { revision: true }),
    precondition,
    ...(precondition.kind === 'absent' && createOnly(plan)),
  }
}
