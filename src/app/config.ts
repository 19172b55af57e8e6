import type { GraphqlLimits } from '../api/graphql/limits.ts'
import type { Editions } from '../core/features.ts'
import type { Limits } from '../core/limits.ts'
import type { Seed } from '../core/module.ts'
import type { Principal } from '../core/principal.ts'
import type { ApiDefinitions } from '../core/published.ts'
import type { LiveLimits } from './live-limits.ts'

/** What a product's own functions learn of a request. */
export interface RequestFacts {
  readonly method: string
  /** As it was sent, without the query. */
  readonly path: string
  /** By small letters. They come from outside: nothing in them is checked. */
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>
}

/** What an authorizer changes; what it leaves out stays as the token says. */
export interface Authorized {
  readonly roles?: readonly string[]
  readonly subject?: string
}

export type Authorizer = (principal: Principal, request: RequestFacts) => Authorized | Promise<Authorized>
export type Instancer = (request: RequestFacts, principal: Principal) => string | null | Promise<string | null>

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
  readonly graphql?: GraphqlConfig
  /** How long the answer to a write with an `Idempotency-Key` is kept, in hours. Default 24. */
  readonly idempotencyHours?: number
  /**
   * Decides on each request which service roles and subject the principal of its checked token has; never the tenant. Throw a
   * `TenantryError` to refuse. Of principals of the tenant `system` it can only take roles away.
   */
  readonly authorizer?: Authorizer
  /**
   * Names the instance that each request is for; with null entities that have instances are refused. Absent: the instance
   * of the token, and without one all instances of the tenant.
   */
  readonly instancer?: Instancer
  /** How long recorded changes of entities with `changes: true` are kept, in hours. Default 168, a week. */
  readonly changesHours?: number
  /** The editions that tenants may have, and the flags that each turns on: `{ basic: [], pro: ['reports'] }`. */
  readonly editions?: Editions
  /**
   * APIs that are composed of operations of several modules, each served as a module of this name would be:
   * `{ storefront: ['customers.customers.read', 'invoices.rpc.pay'] }`. `storefront@2` is its second major.
   */
  readonly products?: ApiDefinitions
  /** Where `tenantry serve` listens, by module or composed API: `{ 'customers@1': 4041 }`. */
  readonly ports?: Readonly<Record<string, number>>
  /** What a fresh installation starts with outside production. */
  readonly development?: { readonly tenants?: Readonly<Record<string, DevelopmentTenant>> }
}

export interface GraphqlConfig {
  /** Callers may ask for the schema, and are told what they may have meant. Default true. */
  readonly introspection?: boolean
  /** What one document may ask for. */
  readonly limits?: Partial<GraphqlLimits>
  /** How many connections and subscriptions there may be; each process counts its own. */
  readonly live?: Partial<LiveLimits>
  /** Whether documents are run by their ids (`also`), only so (`only`), or not at all so (`off`, the default). */
  readonly documents?: 'only' | 'also' | 'off'
  /** The folder of these documents, from the config's own: files `*.graphql`, one document in each. Default `documents`. */
  readonly documentsFolder?: string
}

export interface DevelopmentTenant {
  readonly name?: string
  readonly edition?: string
  readonly cohort?: string
  readonly flags?: readonly string[]
  readonly subscribe?: readonly string[]
  readonly rows?: readonly Seed[]
}

/** The config of a product, checked by its types. */
export function defineConfig(config: Config): Config {
  return config
}
