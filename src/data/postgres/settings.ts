import type { RowScope, ServingRole } from '../../core/access-role.ts'
import type { TenantContext } from '../../core/tenant-context.ts'
import { rowsSetting } from './own-rows.ts'

/**
 * What a session begins with that serves all tenants at once. A statement is the work of one process: more would come at the
 * cost of others, and would not give way where that process does.
 */
export const platformSession = '-c timezone=UTC -c max_parallel_workers_per_gather=0'

/**
 * What a session begins with that serves one tenant at a time. Every index of theirs begins with the tenant, so that nobody has to
 * walk over the rows of others to his own; PostgreSQL would, for the first rows in any order, since it expects rows of all tenants to
 * lie mixed. Before version 18 that puts so high a price on a plan which no index serves that it would be compiled, too.
 */
export const tenantSession = `${platformSession} -c enable_seqscan=off -c jit=off`

/**
 * The one statement that says for whom the rest of its transaction runs. All settings are local: they end with the
 * transaction, also after an error. An absent tenant or instance is the empty text, which no policy takes for one.
 */
export const settingsSql =
  "select set_config('role', $1, true), set_config('tenantry.tenant', $2, true), set_config('tenantry.instance', $3, true), " +
  "set_config('tenantry.subject', $4, true), set_config('statement_timeout', $5, true)"

/** The same where rows of one's own are told apart, and wherever other settings may have been made before. */
export const allSettingsSql = `${settingsSql}, set_config('tenantry.rows', $6, true)`

type PlainSettings = readonly [role: string, tenant: string, instance: string, subject: string, timeout: string]

/** `rows`: which rows of entities with own rows are reached; without it nothing of such an entity is. */
export type Settings = PlainSettings | readonly [...PlainSettings, rows: string]

/** `timeout` in milliseconds; `scopes`: what the statement reaches of entities with own rows, null when it touches none. */
export function settingsOf(
  prefix: string,
  role: ServingRole,
  context: TenantContext,
  timeout: number,
  scopes: readonly RowScope[] | null = null,
): Settings {
  const tenant = context.acrossTenants ? '' : context.tenant
  const { subject } = context.principal
  const settings = [`${prefix}_${role}`, tenant, context.instance ?? '', subject, String(timeout)] as const
  return scopes === null ? settings : [...settings, rowsSetting(scopes)]
}

/** The values of `allSettingsSql`. */
export function allSettings(settings: Settings): [...PlainSettings, rows: string] {
  return settings.length === 5 ? [...settings, ''] : [...settings]
}
