import type { Features, TenantTraits } from './features.ts'
import type { ModuleId } from './module.ts'
import type { Exposure } from './module-set.ts'
import type { Placement } from './placement.ts'
import type { TenantKey, TenantState } from './tenant.ts'

/** What the tenant catalog knows of one tenant: one row. */
export interface Tenant extends TenantTraits {
  readonly key: TenantKey
  /** A name for people; the key when none was given. */
  readonly name: string
  readonly state: TenantState
  readonly placement: Placement
  /** What the tenant asked to run, sorted; dependencies are not listed. */
  readonly subscriptions: readonly ModuleId[]
  /** ISO 8601. */
  readonly createdAt: string
}

/** A tenant and what it sees. */
export interface CatalogEntry {
  readonly tenant: Tenant
  readonly exposure: Exposure
  readonly features: Features
}

/** A tenant as it stood after the catalog's change number `version`. */
export interface TenantChange {
  readonly version: number
  readonly tenant: Tenant
}

/**
 * Where the catalog is kept. Every change gets the next number of one counter in the transaction that makes it, so whoever
 * has read up to a number has missed nothing below it.
 */
export interface CatalogStore {
  /** Tenants changed after change number `after`, in order of change; 0 gives all. Removed ones are among them. */
  changes(after: number): Promise<readonly TenantChange[]>
  /**
   * Calls `onChange` after every committed change, by any node, and after every reconnection (something may have been
   * missed meanwhile). Resolves when it listens.
   */
  watch(onChange: () => void): Promise<{ close(): Promise<void> }>
  /** Throws `conflict` when the key is taken, also by a tenant that was removed. */
  create(tenant: { key: TenantKey; name: string; placement: Placement; state: TenantState }): Promise<TenantChange>
  /** Sets the state if it is one of `from`; undefined when there is no such tenant or it is in another state. */
  setState(key: TenantKey, from: readonly TenantState[], to: TenantState): Promise<TenantChange | undefined>
  /** Replaces the subscriptions if they are still `from`; undefined when they are not. */
  setSubscriptions(
    key: TenantKey,
    from: readonly ModuleId[],
    to: readonly ModuleId[],
  ): Promise<TenantChange | undefined>
  /** Replaces name and traits if the tenant is still as it was after change number `version`; undefined when it is not. */
  setTraits(
    key: TenantKey,
    version: number,
    traits: TenantTraits & { readonly name: string },
  ): Promise<TenantChange | undefined>
}

/** A tenant's signing key as it is stored: the private part is sealed under the master key. */
export interface StoredKey {
  readonly kid: string
  /** JSON of the public JWK. */
  readonly publicJwk: string
  /** The sealed private JWK; opens only for this tenant and key id. */
  readonly sealedPrivateJwk: string
  /** ISO 8601. */
  readonly createdAt: string
}

export interface KeyStore {
  /** The keys of a tenant, newest first; empty for an unknown tenant. */
  keys(tenant: TenantKey): Promise<readonly StoredKey[]>
  /** Adds a key unless the tenant has one already; answers the keys it has afterwards. */
  addFirstKey(tenant: TenantKey, key: Omit<StoredKey, 'createdAt'>): Promise<readonly StoredKey[]>
  removeKeys(tenant: TenantKey): Promise<void>
}
