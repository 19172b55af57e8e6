import type { CheckedInsert, CheckedUpdate } from '../../../core/checked-plan.ts'
import type { Entity, EntityField } from '../../../core/module-set.ts'
import { raised } from './raised.ts'
import { identifier, literal } from './writer.ts'

/**
 * The value of `updated_at`, which every change sets anyway and the trigger fills in: raises unless the row `t0` has what the
 * given one, `j`, has in these fields. It is evaluated on the row as it is when it is locked, so nothing can come in between.
 */
export function keptSql({ entity, fields, kept }: CheckedUpdate | CheckedInsert): string {
  const compared = kept.filter(({ write }) => write !== 'check')
  const revision = [...fields, ...kept].find(({ write }) => write === 'check')
  // A copy that is stale is told so, and not which of its fields have changed since.
  const stale = revision ? ` when coalesce(j.revision, t0.revision) <> t0.revision then t0.updated_at` : ''
  if (compared.length === 0) return 't0.updated_at'
  return `case${stale} when ${differs(compared)} then ${refusal(entity, compared)}::timestamptz else t0.updated_at end`
}

/** What a new row gives besides its fields may only be what it gets. */
export function keptInNewRow({ entity, fields, kept, onConflict }: CheckedInsert): string {
  const given = kept.map(({ name }) => `(j.${identifier(name)} is not null and ${differs([{ name }])})`).join(' or ')
  return `case when t0.xmax = 0 then (select ${refusal(entity, kept)} from given j where ${sameRow({ entity, fields, onConflict })} and (${given})) end as "kept?"`
}

/** The change of a row that is there by one that is given: `updated_at`, and the revision that its trigger compares. */
export function keptInConflict(plan: CheckedInsert): string {
  const of = (value: string) => `(select ${value} from given j where ${sameRow(plan)})`
  const revision = plan.kept.some(({ write }) => write === 'check')
    ? `, revision = ${of('coalesce(j.revision, t0.revision)')}`
    : ''
  return `updated_at = ${of(keptSql(plan))}${revision}`
}

function sameRow({ entity, fields, onConflict }: Pick<CheckedInsert, 'entity' | 'fields' | 'onConflict'>): string {
  // Rows of several instances may be given that are alike in all else.
  const instance = entity.instanced ? fields.filter(({ name }) => name === 'instance_id') : []
  return [...(onConflict?.fields ?? []), ...instance]
    .map(({ name }) => `j.${identifier(name)} = t0.${identifier(name)}`)
    .join(' and ')
}

function differs(fields: readonly Pick<EntityField, 'name'>[]): string {
  return fields.map(({ name }) => `j.${identifier(name)} is distinct from t0.${identifier(name)}`).join(' or ')
}

/** Raises with the name of the entity and of each field that is unlike. */
function refusal(entity: Entity, fields: readonly EntityField[]): string {
  const names = fields.map(field => `case when ${differs([field])} then ${literal(field.name)} end`)
  return `tenantry.refuse(${literal(raised.kept)}, ${literal(`${entity.name} `)} || concat_ws(',', ${names.join(', ')}))`
}
