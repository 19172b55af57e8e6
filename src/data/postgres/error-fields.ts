import type { CheckedCondition, CheckedPlan } from '../../core/checked-plan.ts'
import { TenantryError } from '../../core/errors.ts'
import { constraintName, type Entity, type EntityField } from '../../core/module-set.ts'
import { valueFault } from '../../core/value-fault.ts'
import { withoutUnseen } from './error-mask.ts'
import { isServerError, type ServerError } from './errors.ts'
import { elementType } from './sql/types.ts'

type Faults = Record<string, readonly string[]>

/**
 * A refusal of the database with the fields that it is about. They are looked for only now: a request that is right pays
 * nothing, and one that is wrong learns of all its wrong fields at once. Row security makes PostgreSQL keep the details of
 * keys to itself, so names come from the definition, by the constraint; values never.
 */
export function withFields(error: unknown, planOf: () => CheckedPlan): unknown {
  if (!(error instanceof TenantryError) || !isServerError(error.cause)) return error
  const plan = planOf()
  return withoutUnseen(error.fields ? error : withFaults(error, error.cause, plan), error.cause, plan)
}

function withFaults(error: TenantryError, cause: ServerError, plan: CheckedPlan): TenantryError {
  const found = { ...(isAboutValues(cause) ? valueFaults(cause, plan) : {}), ...constraintFaults(cause, plan) }
  const seen = plan.kind === 'call' ? plan.entity.fields : plan.sight.outside.fieldsOf(plan.entity)
  const faults = Object.fromEntries(Object.entries(found).filter(([name]) => seen.has(name)))
  if (Object.keys(faults).length === 0) return error
  const { code, message, reason, details, detailList, hint, retryAfter } = error
  return new TenantryError(code, message, {
    details,
    hint,
    cause,
    fields: faults,
    ...(reason !== undefined && { reason }),
    ...(detailList && { detailList }),
    ...(retryAfter !== undefined && { retryAfter }),
  })
}

function isAboutValues({ code }: ServerError): boolean {
  return code.startsWith('22') || code === '23502' || code === '23514'
}

function constraintFaults({ code, constraint, column, table }: ServerError, plan: CheckedPlan): Faults {
  const { entity } = plan
  switch (code) {
    case '23502':
      return column !== undefined && entity.fields.has(column) ? { [column]: ['is required'] } : {}
    case '23505': {
      const set = [...entity.unique, { name: `${entity.name}_pkey`, fields: entity.key }].find(
        ({ name }) => name === constraint,
      )
      const message = (set?.fields.length ?? 0) > 1 ? 'is taken together with the others' : 'is taken'
      return Object.fromEntries((set?.fields ?? []).map(name => [name, [message]]))
    }
    case '23503': {
      const own = entity.references.find(({ name, from }) => name === constraint && from.name === table)
      // The table that is named is the referencing one in both cases; of a row that is kept, its key is what is held.
      // Where rows refer to their own kind, it is both: what was written tells.
      if (own && (!entity.referencedBy.includes(own) || writes(plan, own.field)))
        return { [own.field]: ['names no row that is there'] }
      const held = entity.referencedBy.find(({ name, from }) => name === constraint && from.name === table)
      return held ? { [held.toField]: ['is still referenced'] } : {}
    }
    default:
      return {}
  }
}

function writes(plan: CheckedPlan, field: string): boolean {
  return (plan.kind === 'insert' || plan.kind === 'update') && plan.fields.some(({ name }) => name === field)
}

function valueFaults(cause: ServerError, plan: CheckedPlan): Faults {
  const faults: Faults = {}
  const say = ({ name }: EntityField, fault: string | undefined) => {
    if (fault !== undefined) faults[name] = [fault]
  }
  const where =
    plan.kind === 'read' || plan.kind === 'call' ? plan.query.where : plan.kind === 'insert' ? plan.put : plan.where
  if (where) for (const [field, text] of comparedIn(where)) say(field, faultOf(cause, plan.entity, field, text))
  if (plan.kind !== 'insert' && plan.kind !== 'update') return faults
  const rows = rowsOf(plan.kind === 'insert' ? plan.rows : plan.patch)
  for (const row of rows) {
    for (const field of [...plan.fields, ...plan.kept]) {
      const value = row[field.name]
      if (value === undefined && (plan.defaults || plan.kept.includes(field))) continue
      say(field, faultOf(cause, plan.entity, field, value))
    }
  }
  if (plan.kind === 'insert') for (const field of lackingIn(plan.entity, plan.fields)) say(field, 'is required')
  // Without a value to blame, the check says which field it is about.
  const checked = [...plan.entity.fields.values()].find(
    ({ name }) => cause.constraint === constraintName(plan.entity.name, [name], 'check'),
  )
  if (checked && faults[checked.name] === undefined) say(checked, 'is not allowed')
  return faults
}

/** A field whose type only the database reads is to blame when that is what it complains of. */
function faultOf(cause: ServerError, entity: Entity, field: EntityField, value: unknown): string | undefined {
  const { spec } = field
  if (spec.type === 'reference') {
    if (value === null || value === undefined) return valueFault(spec, value)
    return elementType(entity, field) === 'uuid' ? valueFault({ ...spec, type: 'uuid' }, value) : undefined
  }
  const fault = valueFault(spec, value)
  if (fault !== undefined || value === null || value === undefined || spec.array) return fault
  if (!/^220(07|08)$/.test(cause.code) || !Number.isNaN(Date.parse(String(value)))) return undefined
  if (spec.type === 'timestamp') return 'must be a time, as 2026-01-31T12:00:00Z'
  return spec.type === 'date' ? 'must be a day, as 2026-01-31' : undefined
}

/** Fields that a new row needs and that were not named. */
function lackingIn(entity: Entity, given: readonly EntityField[]): EntityField[] {
  return [...entity.fields.values()].filter(
    field =>
      !field.platform &&
      !field.owner &&
      !given.some(({ name }) => name === field.name) &&
      !field.spec.optional &&
      field.spec.default === undefined &&
      field.spec.type !== 'searchText',
  )
}

function comparedIn(condition: CheckedCondition): [EntityField, string][] {
  if (condition.kind === 'related') return []
  if (condition.kind !== 'compare') return condition.conditions.flatMap(comparedIn)
  const { path, test } = condition
  if (path.json.length > 0 || path.field.spec.array || !typed.has(test.operator)) return []
  // Limits are of what is stored, not of what is looked for.
  const { min: _, max: __, values: ___, ...spec } = path.field.spec
  const type = spec.type === 'oneOf' || spec.type === 'text' ? 'json' : spec.type
  const field = { ...path.field, spec: { ...spec, type } }
  return ('values' in test ? test.values : [test.value]).map(value => [field, value])
}

/** Operators that compare with a value of the field's own type. */
const typed: ReadonlySet<string> = new Set(['eq', 'neq', 'gt', 'gte', 'lt', 'lte', 'isdistinct', 'in'])

/** None for a text that is no JSON, which the database has said already. */
function rowsOf(text: string): readonly Readonly<Record<string, unknown>>[] {
  let parsed: unknown
  try {
    parsed = JSON.parse(text)
  } catch {
    return []
  }
  return (Array.isArray(parsed) ? parsed : [parsed]).filter(row => typeof row === 'object' && row !== null)
}
