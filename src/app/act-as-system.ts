import { TenantryError } from '../core/errors.ts'
import type { Principal } from '../core/principal.ts'
import { systemTenant, type TenantKey } from '../core/tenant.ts'
import type { TenantContext } from '../core/tenant-context.ts'
import { TenantData } from '../core/tenant-data.ts'
import { resolveTenant } from '../gateway/resolve-tenant.ts'
import type { Platform } from './platform.ts'

export interface SystemWish {
  /** Who acts, for the record. */
  readonly subject: string
  /** Absent: across all tenants, with `tenant_id` as a field of every row. */
  readonly tenant?: TenantKey
  /** `service_admin` unless given. */
  readonly role?: 'service_admin' | 'service_auditor'
  readonly instance?: string
}

/**
 * Rows for code of the platform: of one tenant, or of all. What the role may do is what entities say, and every act is
 * recorded. Throws `not_found` and `forbidden` for a tenant that is not there or not active.
 */
export function actAsSystem({ catalog, product, system, postgres }: Platform, wish: SystemWish): TenantData {
  const { subject, tenant = systemTenant, role = 'service_admin', instance = null } = wish
  if (subject === '') throw new TenantryError('invalid', 'An act of the platform needs a subject')
  const claimed: Principal = { subject, tenant: systemTenant, roles: [role], instance, anonymous: false }
  const question = { named: tenant, header: undefined, principal: claimed }
  const { entry, principal, acrossTenants } = resolveTenant(question, key => catalog.find(key))
  const context: TenantContext = {
    tenant: entry.tenant.key,
    instance,
    principal,
    acrossTenants,
    exposure: acrossTenants ? system.exposure : entry.exposure,
    features: entry.features,
    module: null,
    version: null,
  }
  return new TenantData(context, acrossTenants ? system.modules : product.modules, postgres.datasource)
}
