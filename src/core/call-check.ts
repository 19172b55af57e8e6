import type { CheckedCall, CheckedQuery, EntityUseOf } from './checked-plan.ts'
import { TenantryError } from './errors.ts'
import type { Action, Entity, EntityField } from './module-set.ts'
import type { Call, Deleted, Query, Selection } from './plan.ts'
import { plainName } from './plan-names.ts'
import type { Sight } from './sight.ts'

/** What the check of every plan does for this one. */
interface Check {
  readonly uses: EntityUseOf[]
  readonly sight: Sight
  use(entity: Entity, verb: 'read' | 'write'): void
  query(entity: Entity, query: Query, deleted: Deleted, depth: number): CheckedQuery
}

const everything: readonly Selection[] = [{ kind: 'all' }]

/** Resolves the names of a call. Throws PGRST202 for arguments that the action does not have, and for those that it lacks. */
export function checkCall(plan: Call, check: Check): CheckedCall {
  const { action, stage } = plan
  const given = plan.given.flatMap(name => action.input.fields.get(name) ?? [])
  const lacks = [...action.input.fields.values()].some(field => isNeeded(field) && !given.includes(field))
  if (given.length < plan.given.length || lacks) throw noSuchCall(action, plan.given)
  for (const { entity, verb } of action.uses) check.use(entity, verb)
  const { kind, entity } = stage === 'arguments' ? ({ kind: 'row', entity: action.input } as const) : action.output
  const isRows = kind === 'rows' || (kind === 'row' && stage !== 'arguments')
  return {
    kind: 'call',
    action,
    entity,
    output: plan.output ?? 'json',
    single: kind === 'row' || (kind === 'rows' && (plan.single ?? false)),
    format: plan.format ?? 'json',
    stripNulls: plan.stripNulls ?? false,
    revision: false,
    uses: check.uses,
    sight: check.sight,
    input: plan.input,
    slot: plan.slot,
    given,
    stage,
    // What an action shows of an entity it shows; rows that are softly deleted are among them when its body says so.
    query: check.query(entity, isRows ? plan : { select: everything }, 'include', 0),
    count: plan.count === 'exact',
  }
}

function isNeeded({ spec }: EntityField): boolean {
  return !spec.optional && spec.default === undefined
}

/** PostgREST's words, and what the action does take. */
function noSuchCall(action: Action, given: readonly string[]): TenantryError {
  const parameters = [...action.input.fields.values()].map(field =>
    isNeeded(field) ? field.name : `${field.name} (optional)`,
  )
  return noSuchAction(`${action.module.schema}.${action.name}`, given, parameters)
}

/** `name` with its schema. `parameters`: of the action that there is, with this name. */
export function noSuchAction(
  name: string,
  given: readonly string[],
  parameters: readonly string[] | undefined,
): TenantryError {
  const names = given.toSorted().map(plainName)
  const shown = names.join(', ')
  const called = `the function ${plainName(name)}`
  const arguments_ =
    names.length === 0 ? ' without parameters' : ` with parameter${names.length > 1 ? 's' : ''} ${shown}`
  return new TenantryError(
    'not_found',
    `Could not find ${called}${names.length === 0 ? ' without parameters' : `(${shown})`} in the schema cache`,
    {
      reason: 'PGRST202',
      details: `Searched for ${called}${arguments_}, but no matches were found in the schema cache.`,
      hint: parameters ? `It takes ${parameters.length === 0 ? 'no parameters' : parameters.join(', ')}` : null,
    },
  )
}
