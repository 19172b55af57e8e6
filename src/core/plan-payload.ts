import { TenantryError } from './errors.ts'
import type { Entity, EntityField } from './module-set.ts'
import { fieldMessages, plainName, quoteName } from './plan-names.ts'

/** What a payload's fields are for. */
export interface PayloadFields {
  readonly fields: readonly EntityField[]
  /** Not for a payload to write: a whole record that was read and is sent back has them, and they must be as the row's. */
  readonly kept: readonly EntityField[]
}

const none: readonly EntityField[] = []

/** The fields of an entity that are there for whom it is about. */
type SeenFields = ReadonlyMap<string, EntityField>

/** `merge`: new rows, some of which may be there already. Throws for every field that is unknown or may not be named. */
export function payloadFields(
  entity: Entity,
  seen: SeenFields,
  names: readonly string[],
  kind: 'insert' | 'merge' | 'update',
): PayloadFields {
  const fields = names.map(name => seen.get(name) ?? refuseUnknown(entity, seen, names))
  if (fields.every(({ write }) => writable[kind].has(write))) return { fields, kept: none }
  const kept = fields.filter(({ write }) => !writable[kind].has(write))
  const [first] = kept
  if (kind === 'insert' && first) throw filledIn(entity, first, kept)
  return { fields: fields.filter(({ write }) => writable[kind].has(write)), kept }
}

const writable: Readonly<Record<'insert' | 'merge' | 'update', ReadonlySet<EntityField['write']>>> = {
  insert: new Set<EntityField['write']>(['always', 'insert', 'check']),
  // The row that is there tells whether its revision is the one given; a new row has its first.
  merge: new Set<EntityField['write']>(['always', 'insert']),
  update: new Set<EntityField['write']>(['always', 'check', 'restore']),
}

function refuseUnknown(entity: Entity, seen: SeenFields, names: readonly string[]): never {
  if (names.includes('tenant_id')) {
    throw new TenantryError('forbidden', 'A payload cannot name the tenant', {
      hint: 'The token decides the tenant; leave "tenant_id" out',
    })
  }
  const unknown = names.filter(name => !seen.has(name))
  throw new TenantryError(
    'invalid',
    `Could not find the ${quoteName(unknown[0] ?? '')} column of '${entity.name}' in the schema cache`,
    { reason: 'PGRST204', fields: fieldMessages(unknown, 'is no field') },
  )
}

function filledIn(entity: Entity, { name, spec }: EntityField, kept: readonly EntityField[]): TenantryError {
  const named = (message: string) =>
    fieldMessages(
      kept.map(({ name }) => name),
      message,
    )
  if (spec.rules?.readOnly) {
    return new TenantryError('invalid', `"${name}" of ${entity.name} is read-only`, {
      hint: 'Leave it out',
      fields: named('is read-only'),
    })
  }
  if (spec.rules?.reserved) {
    return new TenantryError('forbidden', `permission denied for "${name}" of ${entity.name}`, {
      reason: '42501',
      hint: 'Leave it out: none of the roles in the token may write it',
      fields: named('may not be written'),
    })
  }
  return new TenantryError('invalid', `The platform fills in "${name}" of ${entity.name}`, {
    hint: 'Leave it out',
    fields: named('is filled in by the platform'),
  })
}

/**
 * True for a patch that does nothing but give back a deleted row. Beside other fields `deleted_at` is a part of a whole record
 * that somebody read and sends back, which must not bring back what the filter did not mean.
 */
export function isRestore(fields: readonly string[]): boolean {
  return fields.includes('deleted_at') && fields.every(name => name === 'deleted_at' || name === 'revision')
}

/** The fields that must be a key or a unique set. */
export function conflictFields(entity: Entity, seen: SeenFields, names: readonly string[] = entity.key): EntityField[] {
  const found = names.map(name => {
    const field = seen.get(name)
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
