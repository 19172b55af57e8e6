import type { CatalogEntry } from '../core/catalog.ts'
import type { TenantContext } from '../core/tenant-context.ts'
import { resolveTenant } from '../gateway/resolve-tenant.ts'

/** The context as the catalog says that it is now. Throws as a request of the same principal would, when the tenant is not served. */
export function contextNow(context: TenantContext, find: (tenant: string) => CatalogEntry | undefined): TenantContext {
  const { tenant, principal } = context
  const question = { named: tenant, header: undefined, principal: { ...principal, tenant } }
  const { exposure, features } = resolveTenant(question, find).entry
  return { ...context, exposure, features }
}
