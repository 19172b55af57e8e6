import type { EntityDefinition, FieldRules, FieldSpec } from './field.ts'
import { ownFieldsOf } from './own-check.ts'

const serviceRole = /^[a-z][a-z0-9_:.-]{0,62}$/

/** What is wrong with the rules of a field. */
export function ruleFaults({ options }: EntityDefinition, field: string, spec: FieldSpec, rules: FieldRules): string[] {
  const { hidden, readOnly, writeOnce, reserved } = rules
  const isOwner = ownFieldsOf(options).includes(field)
  const filled = spec.optional || spec.default !== undefined || spec.type === 'searchText' || isOwner
  const isKey = options.key?.includes(field) ?? false
  const faults: string[] = []
  if (isKey && (hidden || reserved)) faults.push('a field of the key is there for everybody who sees the row')
  if (isKey && readOnly) faults.push('a field of the key is given with a new row, so it cannot be read-only')
  if (hidden && !filled)
    faults.push('a hidden field needs a default, or is optional: no generated API gives it a value')
  if (readOnly && !filled)
    faults.push('a read-only field needs a default, or is optional: no generated API gives it a value')
  if (spec.type === 'searchText' && (readOnly || writeOnce || reserved?.write))
    faults.push('searchText is kept by the database; it can only be hidden or reserved for readers')
  if (writeOnce && spec.onDelete === 'setNull') faults.push('onDelete setNull would change what is written once')
  if (reserved) faults.push(...reservedFaults(reserved))
  return faults
}

function reservedFaults({ read, write }: NonNullable<FieldRules['reserved']>): string[] {
  const roles = [...(read ?? []), ...(write ?? [])]
  const unread = read && write?.find(role => !read.includes(role))
  return [
    ...(roles.length === 0 || read?.length === 0 || write?.length === 0
      ? ['reserved: name at least one service role to read, to write or for each']
      : []),
    ...roles
      .filter(role => !serviceRole.test(role))
      .map(role => `reserved: the service role ${JSON.stringify(role)} must match ${serviceRole.source}`),
    ...(unread === undefined
      ? []
      : [`reserved: ${JSON.stringify(unread)} may write it, and has to be able to read it`]),
  ]
}

/** True when nobody sees what has `rules` who must not see what has `source`. */
export function isAsRestricted(rules: FieldRules | undefined, source: FieldRules): boolean {
  if (source.hidden && !rules?.hidden) return false
  const readers = source.reserved?.read
  // Code sees hidden fields on behalf of everybody.
  return !readers || (rules?.reserved?.read?.every(role => readers.includes(role)) ?? false)
}
