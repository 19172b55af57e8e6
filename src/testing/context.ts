import { type Features, noFeatures } from '../core/features.ts'
import type { ModuleSet } from '../core/module-set.ts'
import type { TenantContext } from '../core/tenant-context.ts'

export interface ContextOptions {
  /** Service roles. Default `['admin']`. */
  readonly roles?: readonly string[]
  readonly instance?: string | null
  readonly subject?: string
  /** True: a principal of the system tenant that acts across all tenants. */
  readonly acrossTenants?: boolean
  readonly anonymous?: boolean
  /** Default: every module. */
  readonly subscriptions?: readonly string[]
  /** Default: no edition and no flags. */
  readonly features?: Features
}

/** A context as the platform makes it from a checked token. */
export function createContext(modules: ModuleSet, tenant: string, options: ContextOptions = {}): TenantContext {
  const { roles = ['admin'], instance = null, subject = `somebody at ${tenant}` } = options
  const { acrossTenants = false, anonymous = false } = options
  return {
    tenant,
    instance,
    principal: { subject, tenant: acrossTenants ? 'system' : tenant, roles, instance, anonymous },
    acrossTenants,
    features: options.features ?? noFeatures,
    exposure: modules.expose(options.subscriptions ?? modules.modules.map(({ id }) => id)),
    module: null,
    version: null,
  }
}
