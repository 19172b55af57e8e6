import type { Limits } from '../core/limits.ts'
import type { Seed } from '../core/module.ts'

/** What `tenantry.config.ts` says about a product. */
export interface Config {
  /** Shown to people. */
  readonly name: string
  /** The folder of the modules, from the config's own. Default `modules`. */
  readonly modules?: string
  /** Tenants may be named by the host: `acme.example.com` where this is `example.com`. */
  readonly tenantDomain?: string
  /** `Prefer: tx=rollback` is heard: a write answers as if it had been done, and is undone. For tests of clients. */
  readonly allowRollback?: boolean
  /** What one request may ask for; an entity's own `limits` count more. */
  readonly limits?: Limits
  /** How long the answer to a write with an `Idempotency-Key` is kept, in hours. Default 24. */
  readonly idempotencyHours?: number
  /** How long recorded changes of entities with `changes: true` are kept, in hours. Default 168, a week. */
  readonly changesHours?: number
  /** What a fresh installation starts with outside production. */
  readonly development?: { readonly tenants?: Readonly<Record<string, DevelopmentTenant>> }
}

export interface DevelopmentTenant {
  readonly name?: string
  readonly subscribe?: readonly string[]
  readonly rows?: readonly Seed[]
}

/** The config of a product, checked by its types. */
export function defineConfig(config: Config): Config {
  return config
}
