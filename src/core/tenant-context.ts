import type { Features } from './features.ts'
import type { Exposure, Module } from './module-set.ts'
import type { Principal } from './principal.ts'
import type { TenantKey } from './tenant.ts'
import type { Version } from './version.ts'

/** Who acts, where, and through which modules: the only context object. */
export interface TenantContext {
  readonly tenant: TenantKey
  /** The instance inside the tenant, or null when none was chosen. */
  readonly instance: string | null
  /** True where a product chooses the instance of each request: without one, entities that have instances are refused. */
  readonly instanceNeeded?: boolean
  readonly principal: Principal
  /** True when a principal of the system tenant acts across all tenants. */
  readonly acrossTenants: boolean
  /** Set by the platform itself when it acts inside the tenant (seeds): it may read and write there, whatever roles are mapped. */
  readonly platform?: true
  /** Of the request, where a principal of the system tenant acts: it goes into the audit record. */
  readonly requestId?: string
  /** The modules that the tenant sees; shared by all tenants with the same subscriptions. */
  readonly exposure: Exposure
  /** The tenant's edition and flags; shared by all tenants with the same. */
  readonly features: Features
  /** The module that serves the request, where one does. */
  readonly module: Module | null
  /** Its full version; compares as a version (1.10 > 1.9). */
  readonly version: Version | null
}
