import type { CheckedKeyset, CheckedKeysetTerm, CheckedOrder, CheckedQuery } from './checked-plan.ts'
import { TenantryError } from './errors.ts'
import type { EntityField } from './module-set.ts'
import type { Keyset } from './plan.ts'

/**
 * The order of a read as terms that no two rows share, because the key is among them: what a page begins after. Throws
 * `invalid` for an order whose values a row does not have by itself.
 */
export function checkKeyset({ entity, order, grouped, offset, limit }: CheckedQuery, { after }: Keyset): CheckedKeyset {
  if (grouped) throw refused('rows that are grouped have no place of their own', 'Leave the aggregates out')
  if (offset > 0 || limit === null) throw refused('the page has an offset or no limit', 'Follow the links instead')
  const given = order.map(termOf)
  const direction = given.at(-1)?.direction ?? 'asc'
  // In the direction of the last term, so that one index serves all of them, forwards or backwards.
  const key = [...entity.key, ...(entity.instanced ? ['instance_id'] : [])].flatMap(name => {
    const field = entity.fields.get(name)
    return field && !given.some(term => term.field.name === name) ? [plainTerm(field, direction, null)] : []
  })
  const terms = [...given, ...key]
  if (after && after.length !== terms.length) throw refused('the page begins after another order', 'Begin again')
  return { terms, after: after ?? null }
}

function termOf({ path, embed, direction, nulls }: CheckedOrder): CheckedKeysetTerm {
  if (embed || path.json.length > 0) {
    throw refused('it orders by more than plain fields of the rows', 'Order by fields of the entity itself')
  }
  return plainTerm(path.field, direction, nulls)
}

/** Null is the greatest value, as PostgreSQL has it, unless the order says otherwise. */
function plainTerm(field: EntityField, direction: 'asc' | 'desc', nulls: 'first' | 'last' | null): CheckedKeysetTerm {
  return { field, direction, nulls: nulls ?? (direction === 'asc' ? 'last' : 'first') }
}

function refused(why: string, hint: string): TenantryError {
  return new TenantryError('invalid', `paging=keyset is not possible: ${why}`, { hint })
}
