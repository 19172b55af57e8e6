import { TenantryError } from '../../core/errors.ts'
import { payloadText } from '../../core/exact-json.ts'
import type { Entity, EntityField } from '../../core/module-set.ts'
import type { Condition, Selection } from '../../core/plan.ts'
import { givenNames, type Payload, textOf } from '../../core/query-values.ts'
import { keyText } from '../../core/seeds.ts'
import type { TenantData } from '../../core/tenant-data.ts'

/** What is known of a row that is there. */
export interface FoundRow {
  /** Of its primary key, as markers have it. */
  readonly rowKey: string
  readonly createdAt: string
  /** Softly. */
  readonly deleted: boolean
  readonly values: Payload
}

/** The fields of the primary key inside a tenant, as rows are named here. */
export function primaryKey(entity: Entity): readonly EntityField[] {
  const names = [...entity.key, ...(entity.instanced ? ['instance_id'] : [])]
  return names.flatMap(name => entity.fields.get(name) ?? [])
}

/** Rows whose `fields` have these texts, softly deleted ones too. `more`: fields to read besides. */
export async function findRows(
  data: TenantData,
  entity: Entity,
  fields: readonly EntityField[],
  keys: readonly string[],
  more: readonly EntityField[] = [],
): Promise<readonly FoundRow[]> {
  if (keys.length === 0) return []
  const answer = await data.run({
    // What other tenants share is not in the way of one's own.
    ...{ kind: 'read', entity, output: 'exact', deleted: 'include', shared: 'exclude' },
    select: selectionOf(entity, [...fields, ...more]),
    where: keysCondition(fields, keys),
  })
  return foundRows(entity, answer.body)
}

/** Adds a row or several, all or none. */
export async function insertRows(
  data: TenantData,
  entity: Entity,
  key: readonly EntityField[],
  rows: readonly Payload[],
): Promise<readonly FoundRow[]> {
  const fields = [...new Set(rows.flatMap(givenNames))].sort()
  const answer = await data.transaction(part =>
    part.run({
      ...{ kind: 'insert', entity, fields, rows: payloadText(rows), missing: 'default', output: 'exact' },
      returning: selectionOf(entity, key),
    }),
  )
  return foundRows(entity, answer.body)
}

/** Makes the row as it is given, and brings it back when it was deleted; answers whether anything of it was otherwise. */
export async function forceRow(data: TenantData, entity: Entity, row: FoundRow, given: Payload): Promise<boolean> {
  const fields = givenNames(given).flatMap(name => entity.fields.get(name) ?? [])
  const changed = fields.filter(
    ({ name, spec, write }) => write === 'always' && !(spec.rules?.writeOnce && row.values[name] !== null),
  )
  const differs = {
    kind: 'or',
    not: false,
    conditions: changed.map(field => differsFrom(field, given[field.name])),
  } as const
  const named = keysCondition(primaryKey(entity), [row.rowKey])
  if (changed.length === 0 && !row.deleted) return false
  const patch = {
    ...Object.fromEntries(changed.map(({ name }) => [name, given[name]])),
    ...(row.deleted && { deleted_at: null }),
  }
  const { rows } = await data.run({
    ...{ kind: 'update', entity, fields: Object.keys(patch), patch: payloadText(patch), deleted: 'include' },
    where: row.deleted ? named : { kind: 'and', not: false, conditions: [named, differs] },
  })
  return rows > 0
}

export function keysCondition(fields: readonly EntityField[], keys: readonly string[]): Condition {
  const texts = keys.map(key => JSON.parse(key) as string[])
  const [only, ...others] = fields
  if (only && others.length === 0) {
    const values = texts.flatMap(([text]) => text ?? [])
    return { kind: 'compare', path: { field: only.name }, not: false, operator: 'in', values }
  }
  const conditions = texts.map(values => ({
    ...{ kind: 'and', not: false },
    conditions: fields.map(({ name }, index) => ({
      ...{ kind: 'compare', path: { field: name }, not: false, operator: 'eq' },
      value: values[index] ?? '',
    })),
  })) as Condition[]
  return { kind: 'or', not: false, conditions }
}

function selectionOf(entity: Entity, fields: readonly EntityField[]): Selection[] {
  const known = ['created_at', ...(entity.softDelete ? ['deleted_at'] : [])]
  const names = new Set([...primaryKey(entity), ...fields].map(({ name }) => name).concat(known))
  return [...names].map(field => ({ kind: 'field', path: { field } }))
}

function foundRows(entity: Entity, body: string): FoundRow[] {
  const rows: Record<string, unknown>[] = JSON.parse(body)
  const key = primaryKey(entity)
  return rows.map(values => ({
    rowKey: keyText(key, values),
    createdAt: String(values.created_at),
    deleted: values.deleted_at != null,
    values,
  }))
}

function differsFrom(field: EntityField, value: unknown): Condition {
  const common = { kind: 'compare', path: { field: field.name } } as const
  if (value === null) return { ...common, not: false, operator: 'is', value: 'not_null' }
  return { ...common, not: false, operator: 'isdistinct', value: textOf(field, value) }
}

/** What a row can be refused for; everything else ends the work. */
export function isRefusal(error: unknown): error is TenantryError {
  return error instanceof TenantryError && (error.code === 'invalid' || error.code === 'conflict')
}
