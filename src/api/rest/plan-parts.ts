import { TenantryError } from '../../core/errors.ts'
import type { Entity } from '../../core/module-set.ts'
import type {
  Condition,
  Deleted,
  EntityPlan,
  Insert,
  OnConflict,
  ScalarComparison,
  Selection,
  Shared,
  Update,
} from '../../core/plan.ts'
import type { MediaType } from './accept.ts'
import type { Clauses } from './clauses.ts'
import type { Body } from './payload.ts'
import type { Preferences } from './prefer.ts'
import { buildQuery, conjunction } from './query-tree.ts'
import { paginate } from './range.ts'
import { headerOf, type RestRequest } from './request.ts'

/** What the stages before have read from a request. */
export interface Parts {
  readonly request: RestRequest
  readonly clauses: Clauses
  readonly preferences: Preferences
  /** What the caller accepts. */
  readonly mediaType: MediaType
}

export function bodyOf(request: RestRequest): Body {
  const { body, entity } = request
  return { text: body, type: headerOf(request, 'content-type'), namesTenant: entity.fields.has('tenant_id') }
}

export function singleOf({ single }: MediaType): Pick<EntityPlan, 'single'> {
  return single ? { single } : {}
}

export function formOf({ format, stripNulls }: MediaType): Pick<EntityPlan, 'format' | 'stripNulls'> {
  return { ...(format !== 'json' && { format }), ...(stripNulls && { stripNulls }) }
}

/** What all writes share: the rows to send back and their form, and whether it is only tried. */
export function writtenBy(parts: Parts): Pick<Insert, 'returning' | 'single' | 'format' | 'stripNulls' | 'rollback'> {
  const { preferences, mediaType } = parts
  const returning = returningOf(parts)
  return {
    ...(returning && { returning, ...formOf(mediaType) }),
    ...singleOf(mediaType),
    ...(preferences.tx === 'rollback' && { rollback: true }),
  }
}

export function missingOf({ preferences: { missing } }: Parts): Pick<Insert, 'missing'> {
  return missing === 'default' ? { missing } : {}
}

export function limitOf({ maxAffected }: Preferences): Pick<Update, 'maxAffected'> {
  return maxAffected === undefined ? {} : { maxAffected }
}

export function deletedOf({ entity }: RestRequest, { deleted }: Preferences): { deleted?: Deleted } {
  return deleted && entity.softDelete ? { deleted } : {}
}

export function sharedOf({ entity }: RestRequest, { shared }: Preferences): { shared?: Shared } {
  return shared && entity.sharing ? { shared } : {}
}

export function onConflictOf({ clauses: { onConflict }, preferences: { resolution } }: Parts): OnConflict | undefined {
  if (!resolution) return undefined
  return {
    ...(onConflict && { fields: onConflict }),
    resolution: resolution === 'merge-duplicates' ? 'merge' : 'ignore',
  }
}

/** What to send back of the written rows. The clauses of embeds are checked even when nothing is sent back. */
function returningOf({ clauses, preferences }: Parts): readonly Selection[] | undefined {
  const nested = clauses.scoped.filter(({ embeds }) => embeds.length > 0)
  const { select } = paginate(buildQuery(clauses.select, nested), null)
  return preferences.return === 'representation' ? select : undefined
}

/** The key of the new row, for its `Location`; as text, so that no digit of it is lost. */
export function locatedBy({ request: { entity }, preferences }: Parts): Pick<Insert, 'returning' | 'output'> {
  if (preferences.return !== 'headers-only') return {}
  return { returning: entity.key.map(field => ({ kind: 'field', path: { field } })), output: 'exact' }
}

/** Throws `PGRST114` for a limit, and `PGRST105` unless each field of the key, and nothing else, is tested with `eq`. */
export function keyConditionOf({ request: { entity }, clauses: { scoped } }: Parts): Condition {
  const own = scoped.filter(({ embeds }) => embeds.length === 0).map(({ clause }) => clause)
  if (own.some(clause => clause.kind === 'page' && Object.values(clause.page).some(number => number !== null))) {
    throw new TenantryError('invalid', 'limit/offset querystring parameters are not allowed for PUT', {
      reason: 'PGRST114',
    })
  }
  const tests = own.flatMap(clause => (clause.kind === 'where' ? [clause.condition] : []))
  const tested = new Set(tests.flatMap(test => (isKeyTest(test, entity.key) ? [test.path.field] : [])))
  const where = conjunction(tests)
  if (where && tests.every(test => isKeyTest(test, entity.key)) && tested.size === entity.key.length) return where
  throw new TenantryError('invalid', "Filters must include all and only primary key columns with 'eq' operators", {
    reason: 'PGRST105',
  })
}

/** True when every field of the key is tested with `eq`, whatever else is. */
export function namesOneRow({ entity, where }: { readonly entity: Entity; readonly where?: Condition }): boolean {
  if (!where) return false
  const tests = where.kind === 'and' && !where.not ? where.conditions : [where]
  return entity.key.every(name => tests.some(test => isKeyTest(test, [name])))
}

function isKeyTest(condition: Condition, key: readonly string[]): condition is ScalarComparison {
  if (condition.kind !== 'compare' || condition.operator !== 'eq' || condition.not) return false
  return !('values' in condition) && !condition.path.json && key.includes(condition.path.field)
}

/** Throws `PGRST109` for a limit: a plan that left it out would change more rows than were asked for. */
export function whereOf({ scoped }: Clauses): Condition | undefined {
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
