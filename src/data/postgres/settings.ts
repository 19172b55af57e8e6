import type { ServingRole } from '../../core/access-role.ts'
import type { TenantContext } from '../../core/tenant-context.ts'

/**
 * The one statement that says for whom the rest of its transaction runs. All settings are local: they end with the
 * transaction, also after an error. An absent tenant or instance is the empty text, which no policy takes for one.
 */
export const settingsSql =
  "select set_config('role', $1, true), set_config('tenantry.tenant', $2, true), set_config('tenantry.instance', $3, true), " +
  "set_config('tenantry.subject', $4, true), set_config('statement_timeout', $5, true)"

export type Settings = readonly [role: string, tenant: string, instance: string, subject: string, timeout: string]

/** `timeout` in milliseconds. */
export function settingsOf(prefix: string, role: ServingRole, context: TenantContext, timeout: number): Settings {
  return [
    `${prefix}_${role}`,
    context.acrossTenants ? '' : context.tenant,
    context.instance ?? '',
    context.principal.subject,
    String(timeout),
  ]
}
