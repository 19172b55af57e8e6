import { TenantryError } from '../../core/errors.ts'
import type { Condition, Delete, Deleted, Insert, OnConflict, Read, Selection, Update } from '../../core/plan.ts'
import type { Clauses } from './clauses.ts'
import { parsePatch, parseRows } from './payload.ts'
import type { Preferences } from './prefer.ts'
import { buildQuery, conjunction } from './query-tree.ts'
import { paginate } from './range.ts'
import { headerOf, type RestRequest } from './request.ts'

/** What the stages before have read from a request. */
export interface Parts {
  readonly request: RestRequest
  readonly clauses: Clauses
  readonly preferences: Preferences
  /** The caller accepts one object only. */
  readonly single: boolean
}

export function planRead({ request, clauses, preferences, single }: Parts): Read {
  const { method, entity } = request
  const range = method === 'GET' ? headerOf(request, 'range') : undefined
  return {
    kind: 'read',
    entity,
    ...paginate(buildQuery(clauses.select, clauses.scoped), true, range),
    ...(preferences.count && { count: 'exact' }),
    ...deletedOf(request, preferences),
    ...(single && { single }),
  }
}

/** Filters of the root mean nothing to new rows, as in PostgREST. */
export function planInsert(parts: Parts): Insert {
  const { request, clauses, single } = parts
  const { fields, text } = parseRows(request.body, headerOf(request, 'content-type'), clauses.columns)
  const onConflict = onConflictOf(parts)
  const returning = returningOf(parts)
  return {
    kind: 'insert',
    entity: request.entity,
    fields,
    rows: text,
    ...(onConflict && { onConflict }),
    ...(returning ? { returning } : locatedBy(parts)),
    ...(single && { single }),
  }
}

export function planUpdate(parts: Parts): Update {
  const { request, clauses, preferences, single } = parts
  const { fields, text } = parsePatch(request.body, headerOf(request, 'content-type'), clauses.columns)
  const where = whereOf(clauses)
  const returning = returningOf(parts)
  // Giving deleted_at back to a row must reach the row, which is deleted.
  const restores = request.entity.softDelete && fields.includes('deleted_at')
  return {
    kind: 'update',
    entity: request.entity,
    fields,
    patch: text,
    ...(where && { where }),
    ...(restores && { deleted: 'include' }),
    ...deletedOf(request, preferences),
    ...(returning && { returning }),
    ...(single && { single }),
  }
}

export function planDelete(parts: Parts): Delete {
  const { request, clauses, preferences, single } = parts
  const where = whereOf(clauses)
  const returning = returningOf(parts)
  return {
    kind: 'delete',
    entity: request.entity,
    ...(preferences.purge && { mode: 'purge' }),
    ...(where && { where }),
    ...deletedOf(request, preferences),
    ...(returning && { returning }),
    ...(single && { single }),
  }
}

function deletedOf({ entity }: RestRequest, { deleted }: Preferences): { deleted?: Deleted } {
  return deleted && entity.softDelete ? { deleted } : {}
}

function onConflictOf({ clauses: { onConflict }, preferences: { resolution } }: Parts): OnConflict | undefined {
  if (!resolution) return undefined
  return {
    ...(onConflict && { fields: onConflict }),
    resolution: resolution === 'merge-duplicates' ? 'merge' : 'ignore',
  }
}

/** What to send back of the written rows. The clauses of embeds are checked even when nothing is sent back. */
function returningOf({ clauses, preferences }: Parts): readonly Selection[] | undefined {
  const nested = clauses.scoped.filter(({ embeds }) => embeds.length > 0)
  const { select } = paginate(buildQuery(clauses.select, nested), false)
  return preferences.return === 'representation' ? select : undefined
}

/** The key of the new row, for its `Location`; as text, so that no digit of it is lost. */
function locatedBy({ request: { entity }, preferences }: Parts): Pick<Insert, 'returning' | 'output'> {
  if (preferences.return !== 'headers-only') return {}
  return { returning: entity.key.map(field => ({ kind: 'field', path: { field } })), output: 'exact' }
}

/** Throws `PGRST109` for a limit: a plan that left it out would change more rows than were asked for. */
function whereOf({ scoped }: Clauses): Condition | undefined {
  const own = scoped.filter(({ embeds }) => embeds.length === 0).map(({ clause }) => clause)
  if (own.some(({ kind }) => kind === 'page')) {
    throw own.some(({ kind }) => kind === 'order')
      ? limitRefused("A 'limit' cannot be applied to PATCH and DELETE", 'Filter by the keys of the rows')
      : limitRefused("A 'limit' was applied without an explicit 'order'", "Apply an 'order' using unique column(s)")
  }
  return conjunction(own.flatMap(clause => (clause.kind === 'where' ? [clause.condition] : [])))
}

function limitRefused(message: string, hint: string): TenantryError {
  return new TenantryError('invalid', message, { reason: 'PGRST109', hint })
}
