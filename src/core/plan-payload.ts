import { TenantryError } from './errors.ts'
import type { Entity, EntityField } from './module-set.ts'
import { plainName, quoteName } from './plan-names.ts'

/** The field of a payload. Throws for one that is unknown or that a payload may not name. */
export function payloadField(entity: Entity, name: string, kind: 'insert' | 'update'): EntityField {
  if (name === 'tenant_id')
    throw new TenantryError('forbidden', 'A payload cannot name the tenant', {
      hint: 'The token decides the tenant; leave "tenant_id" out',
    })
  const field = entity.fields.get(name)
  if (!field) {
    throw new TenantryError(
      'invalid',
      `Could not find the ${quoteName(name)} column of '${entity.name}' in the schema cache`,
      { reason: 'PGRST204' },
    )
  }
  const allowed =
    field.write === 'always' ||
    field.write === 'check' ||
    (field.write === 'insert' && kind === 'insert') ||
    (field.write === 'restore' && kind === 'update')
  if (!allowed && field.write === 'insert') {
    throw new TenantryError('invalid', `"${field.name}" is the key of ${entity.name} and cannot be changed`, {
      hint: 'Leave it out',
      fields: { [field.name]: ['cannot be changed'] },
    })
  }
  if (!allowed) {
    throw new TenantryError('invalid', `The platform fills in "${field.name}" of ${entity.name}`, {
      hint: 'Leave it out',
      fields: { [field.name]: ['is filled in by the platform'] },
    })
  }
  return field
}

/**
 * True for a patch that does nothing but give back a deleted row. Beside other fields `deleted_at` is a part of a whole record
 * that somebody read and sends back, which must not bring back what the filter did not mean.
 */
export function isRestore(fields: readonly string[]): boolean {
  return fields.includes('deleted_at') && fields.every(name => name === 'deleted_at' || name === 'revision')
}

/** The fields that must be a key or a unique set. */
export function conflictFields(entity: Entity, names: readonly string[] = entity.key): EntityField[] {
  const found = names.map(name => {
    const field = entity.fields.get(name)
    if (field) return field
    throw new TenantryError('invalid', `column "${plainName(name)}" does not exist`, { reason: '42703' })
  })
  const same = (set: readonly string[]) => set.length === names.length && set.every(name => names.includes(name))
  if (!same(entity.key) && !entity.unique.some(set => same(set.fields))) {
    throw new TenantryError(
      'invalid',
      'there is no unique or exclusion constraint matching the ON CONFLICT specification',
      { reason: '42P10' },
    )
  }
  return found
}
