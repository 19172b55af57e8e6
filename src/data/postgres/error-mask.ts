import type { CheckedPlan } from '../../core/checked-plan.ts'
import { TenantryError } from '../../core/errors.ts'
import { constraintName, type Entity } from '../../core/module-set.ts'
import type { Sight } from '../../core/sight.ts'
import type { ServerError } from './errors.ts'
import { raised } from './sql/raised.ts'

/** A field that the database complains of. */
interface Named {
  readonly entity: Entity
  readonly field: string
}

/**
 * The error without the names of what is not there for a caller with these roles, fields (F2.6) and entities that refer to the row, also where a module's code met
 * it, since what code throws is answered. The author finds the database's own words in its cause.
 */
export function withoutUnseen(error: TenantryError, cause: ServerError, { entity, sight }: CheckedPlan): TenantryError {
  const named = namedIn(cause, entity)
  const isShown = (field: Named) =>
    (field.entity === entity || sight.outside.reaches(field.entity)) && isSeen(field, sight.outside)
  if (named.every(isShown)) return error
  const fields = Object.entries(error.fields ?? {}).filter(([field]) => sight.outside.fieldsOf(entity).has(field))
  return new TenantryError(error.code, 'The module refuses this for a reason that it does not show', {
    cause,
    ...(error.reason !== undefined && { reason: error.reason }),
    ...(fields.length > 0 && { fields: Object.fromEntries(fields) }),
  })
}

function isSeen({ entity, field }: Named, sight: Sight): boolean {
  return !entity.fields.has(field) || sight.fieldsOf(entity).has(field)
}

function namedIn({ code, column, constraint, table, message }: ServerError, entity: Entity): Named[] {
  const own = (fields: readonly string[]) => fields.map(field => ({ entity, field }))
  switch (code) {
    case '23502':
      return column === undefined ? [] : own([column])
    case '23505':
      return own(entity.unique.find(({ name }) => name === constraint)?.fields ?? [])
    case '23514':
      return own([...entity.fields.keys()].filter(name => constraint === constraintName(entity.name, [name], 'check')))
    case '23503':
      return [...entity.references, ...entity.referencedBy]
        .filter(({ name, from }) => name === constraint && from.name === table)
        .map(({ from, field }) => ({ entity: from, field }))
    case raised.kept:
      return own(message.split(' ')[1]?.split(',') ?? [])
    default:
      return []
  }
}
