import type { Entity, EntityField } from '../../core/module-set.ts'
import type { AttackPlan, Request } from '../attack.ts'
import { addressOf, keyFilters } from './parts.ts'

type Row = Readonly<Record<string, unknown>>

/** What a write answers that is to be compared. */
export const representation = { prefer: 'return=representation, count=exact' }
/** Statuses of what must not be done. */
export const refusals = [400, 401, 403, 404, 405]

/**
 * Of the numbers of rows that only the other tenant has, the one that attacks give to rows of their own for a while; attacks on
 * other entities, which run meanwhile, ask about the others.
 */
export const taken = 0

/** Numbers of rows that an attack makes for itself. */
export const spare = 301

/**
 * A new row of the attacker's under a number, which shows in its key and its unique values alone; its references lead to rows
 * of its own. Undefined where none can be made.
 */
export function newRow({ scratch, attacker }: AttackPlan, entity: Entity, number: number): Row | undefined {
  const { own, rows, instances } = scratch
  const canary = own.canaries.get(entity.instanced ? (attacker.instance ?? instances[0] ?? null) : null) ?? ''
  const row = rows.rowOf(entity, number, canary)
  if (!row) return undefined
  const unique = new Set(entity.unique.flatMap(({ fields }) => fields))
  const references = new Set(entity.references.map(({ field }) => field))
  const valueFor = (field: string) => {
    const distinct = entity.key.includes(field) || unique.has(field)
    if (!references.has(field) || entity.key.includes(field))
      return rows.valueOf(entity, field, distinct ? number : 1, canary)
    const optional = entity.fields.get(field)?.spec.optional ?? false
    return optional && distinct ? null : rows.valueOf(entity, field, 1, canary)
  }
  const [instance] = instances
  return {
    ...Object.fromEntries(
      Object.keys(row)
        .filter(field => mayGive(entity.fields.get(field), attacker.role))
        .map(field => [field, valueFor(field)]),
    ),
    ...(entity.instanced && attacker.instance === null && instance !== undefined && { instance_id: instance }),
  }
}

/** What the definition lets a payload of this role say. */
function mayGive(field: EntityField | undefined, role: string): boolean {
  if (!field || field.owner) return false
  const { hidden, readOnly, reserved } = field.spec.rules ?? {}
  return !hidden && !readOnly && (reserved?.write?.includes(role) ?? true)
}

/** Fields with which somebody could ask whether a value is taken. */
export function uniqueRow(plan: AttackPlan, entity: Entity, number: number): Row | undefined {
  const row = newRow(plan, entity, number)
  if (!row || entity.unique.length === 0) return undefined
  const { rows } = plan.scratch
  const key = entity.key.map(name => [name, rows.valueOf(entity, name, spare, '')] as const)
  return { ...row, ...Object.fromEntries(key) }
}

/** Takes a row away again for good. */
export function removal(plan: AttackPlan, entity: Entity, number: number): Request {
  return {
    method: 'DELETE',
    path: addressOf(plan.scratch.own.tenant, entity, keyFilters(plan, entity, number)),
    headers: { prefer: 'purge, deleted=include' },
  }
}

/** A change of a row that the attacker could make of its own. */
export function changeOf(
  { scratch: { own, rows }, attacker }: AttackPlan,
  entity: Entity,
): Readonly<Record<string, unknown>> {
  const field = [...entity.fields.values()].find(
    field => !field.platform && field.write === 'always' && mayGive(field, attacker.role),
  )
  const canary = own.canaries.get(null) ?? ''
  return field ? { [field.name]: rows.valueOf(entity, field.name, 1, canary) } : {}
}

/** The address of rows with these numbers. */
export function listed({ scratch: { own, rows } }: AttackPlan, entity: Entity, numbers: readonly number[]): string {
  const values = (name: string) => numbers.map(number => `"${rows.keyOf(entity, number)[name]}"`).join()
  return addressOf(own.tenant, entity, Object.fromEntries(entity.key.map(name => [name, `in.(${values(name)})`])))
}
