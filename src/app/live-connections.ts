import { TenantryError } from '../core/errors.ts'
import type { TenantKey } from '../core/tenant.ts'
import type { LiveLimits } from './live-limits.ts'

/** What stays open, counted: how much a tenant may have of it, and what is to be closed when the server goes away. */
export class LiveConnections {
  readonly limits: LiveLimits
  readonly #open = new Set<() => void>()
  readonly #perTenant = new Map<TenantKey, number>()
  #closing = false

  constructor(limits: LiveLimits) {
    this.limits = limits
  }

  /** Counts one that nobody has said yet whose it is; answers how to leave. Throws `unavailable` when there are too many. */
  enter(goAway: () => void): () => void {
    if (this.#closing) throw serverStopping()
    if (this.#open.size >= this.limits.connections) throw tooMany('There are too many connections')
    // The same function may be given twice.
    const own = () => goAway()
    this.#open.add(own)
    return () => this.#open.delete(own)
  }

  /** Counts one as the tenant's; answers how to leave. Throws `unavailable` when it has its share. */
  take(tenant: TenantKey): () => void {
    const count = this.#perTenant.get(tenant) ?? 0
    if (count >= this.limits.connectionsPerTenant) throw tooMany('The tenant has too many connections')
    this.#perTenant.set(tenant, count + 1)
    let isOpen = true
    return () => {
      if (!isOpen) return
      isOpen = false
      const left = (this.#perTenant.get(tenant) ?? 1) - 1
      if (left > 0) this.#perTenant.set(tenant, left)
      else this.#perTenant.delete(tenant)
    }
  }

  /** Nothing new is taken, and all that is open is asked to go. */
  close(): void {
    this.#closing = true
    for (const goAway of [...this.#open]) goAway()
  }
}

function tooMany(message: string): TenantryError {
  return new TenantryError('unavailable', message, {
    reason: 'graphql_connections',
    hint: 'Close some, or try again later',
    retryAfter: 5,
  })
}

export function serverStopping(): TenantryError {
  return new TenantryError('unavailable', 'The server is stopping', { retryAfter: 1 })
}
