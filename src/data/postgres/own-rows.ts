import type { RowScope, Verb } from '../../core/access-role.ts'
import type { Entity, EntityField } from '../../core/module-set.ts'
import { ownFields } from '../../core/own-rows.ts'
import { currentTenant, tenantRoleNames } from './policies.ts'
import { tableOf } from './sql/join.ts'
import { arrayLiteral, identifier, literal } from './sql/writer.ts'
import type { Step } from './step.ts'

export const currentSubject = "nullif(current_setting('tenantry.subject', true), '')"

/** The rows that a statement may reach, as `rowsSetting` says it. Absent or empty: none. */
const currentRows = "nullif(current_setting('tenantry.rows', true), '')::text[]"

/** `orders_v1.orders read *`: all rows; `… read created_by`: those of the subject. */
function grantOf(entity: string, verb: Verb, field: string | null): string {
  return `${entity} ${verb} ${field ?? '*'}`
}

/** The value of `tenantry.rows`: what policies of entities with own rows, and of changes, ask for. */
export function rowsSetting(scopes: readonly RowScope[]): string {
  return arrayLiteral(
    scopes.flatMap(({ entity, verb, fields }) => (fields ?? [null]).map(field => grantOf(entity, verb, field))),
  )
}

/**
 * Everything of these entities, for what the platform does inside a tenant: archives, removal. Whatever their definitions say: an
 * archive before a migration is of tables as they are, whose policies may be older.
 */
export function allRowsOf(entities: readonly Pick<Entity, 'id'>[]): RowScope[] {
  return entities.flatMap(({ id }) => (['read', 'write'] as const).map(verb => ({ entity: id, verb, fields: null })))
}

/**
 * What each role's own policy leaves, these narrow, for every role inside a tenant alike: they are restrictive, so that nothing
 * is ever seen because of them. Whoever reaches across tenants has no rows of his own.
 */
export function ownSteps(entity: Entity, prefix: string): Step[] {
  const read = ownCondition(entity, 'read')
  const written = ownCondition(entity, 'write')
  const policy = (command: string, conditions: string): Step => ({
    id: `policy ${entity.module.schema}.${entity.name}.own_${command}`,
    sql: `create policy own_${command} on ${tableOf(entity)} as restrictive for ${command} to ${tenantRoleNames(prefix)} ${conditions}`,
  })
  return [
    ...(read ? [policy('select', `using (${read})`)] : []),
    ...(written
      ? [
          policy('insert', `with check (${written})`),
          policy('update', `using (${written}) with check (${written})`),
          policy('delete', `using (${written})`),
        ]
      : []),
  ]
}

/** What is asked of the settings is asked once for each statement. Without the setting no row passes. */
function ownCondition({ id, own, sharing }: Entity, verb: Verb): string | undefined {
  // Somebody of another tenant may be called alike.
  const ofTenant = sharing ? `tenant_id = (select ${currentTenant}) and ` : ''
  const fields = ownFields(own, verb)
  if (fields.length === 0) return undefined
  const granted = (field: string | null) => `(select ${literal(grantOf(id, verb, field))} = any (${currentRows}))`
  const parts = fields.map(
    field => `(${ofTenant}${identifier(field)} = (select ${currentSubject}) and ${granted(field)})`,
  )
  return `(${[granted(null), ...parts].join(' or ')})`
}

/** Whose a new row is that does not say it: its maker's, and where it may be nobody's, of those only who write by this field. */
export function ownerDefault({ id }: Pick<Entity, 'id'>, { name, spec }: EntityField): string {
  if (!spec.optional) return currentSubject
  return `case when ${literal(grantOf(id, 'write', name))} = any (${currentRows}) then ${currentSubject} end`
}

/** Who may see a change of an entity with own rows, as the recorder notes it: whoever owned one of these rows. */
export function ownersSql({ id, own }: Pick<Entity, 'id' | 'own'>, rows: readonly string[]): string | undefined {
  const fields = ownFields(own, 'read')
  if (fields.length === 0) return undefined
  const owners = rows.flatMap(row =>
    fields.map(field => `${literal(`${grantOf(id, 'read', field)} `)} || ${row}.${identifier(field)}`),
  )
  return `array[${owners.join(', ')}]::text[]`
}

/**
 * What a policy of the outbox asks of a change in the column `owners`; null there: the entity has no own rows, or had none when it
 * was recorded, and then only those see it who see all.
 */
export const ownChange = `(owners is null and (select ${currentRows}) is null or entity || ' read *' = any ((select ${currentRows})::text[])
  or owners && (select array(select g || ' ' || ${currentSubject} from unnest(${currentRows}) g)))`
