/** What a tenant may use beyond its modules: its edition, and which flags are on for it. One object for all that have the same. */
export interface Features {
  /** Null: none. */
  readonly edition: string | null
  /** True when the flag is on, by the tenant's edition or for itself. */
  has(flag: string): boolean
  /** All that are on, sorted. */
  readonly flags: readonly string[]
}

/** The editions of a product and the flags that each turns on. */
export type Editions = Readonly<Record<string, readonly string[]>>

/** What an operator may say of a tenant beside its state and its modules. */
export interface TenantTraits {
  readonly edition: string | null
  /** Tenants that are upgraded together. */
  readonly cohort: string | null
  /** Flags that are on for itself, whatever its edition; sorted. */
  readonly flags: readonly string[]
}

export const noTraits: TenantTraits = { edition: null, cohort: null, flags: [] }

/** `^[a-z][a-z0-9_.-]{0,62}$`: how editions, cohorts and flags are called. */
export const traitName = /^[a-z][a-z0-9_.-]{0,62}$/

export function featuresOf({ edition, flags }: Pick<TenantTraits, 'edition' | 'flags'>, editions: Editions): Features {
  const brought = edition !== null && Object.hasOwn(editions, edition) ? (editions[edition] ?? []) : []
  const on = new Set([...brought, ...flags])
  return { edition, has: flag => on.has(flag), flags: [...on].sort() }
}

export const noFeatures = featuresOf(noTraits, {})
