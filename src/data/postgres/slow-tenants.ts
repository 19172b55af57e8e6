import { averaged } from './statement-shapes.ts'

interface SlowTenant {
  /** How many of its statements are on connections. */
  holds: number
  /** Milliseconds that one of them takes; undefined until one has ended. */
  pace: number | undefined
}

export interface SlowTenantsOptions {
  /** How many statements of one tenant run at once. */
  readonly share: number
  /** How many statements of a tenant wait. */
  waiting(tenant: string): number
}

/** Tenants that have statements which may take long, on connections or waiting; no other is known here. */
export class SlowTenants {
  readonly #options: SlowTenantsOptions
  readonly #tenants = new Map<string, SlowTenant>()

  constructor(options: SlowTenantsOptions) {
    this.#options = options
  }

  holdsOf(tenant: string): number {
    return this.#tenants.get(tenant)?.holds ?? 0
  }

  hold(tenant: string): void {
    const slow = this.#tenants.get(tenant)
    if (slow) slow.holds++
    else this.#tenants.set(tenant, { holds: 1, pace: undefined })
  }

  release(tenant: string, milliseconds: number): void {
    const slow = this.#tenants.get(tenant)
    if (!slow) return
    slow.holds--
    slow.pace = averaged(slow.pace, milliseconds)
    this.forget(tenant)
  }

  /** Unless it has still something here. */
  forget(tenant: string): void {
    if (this.holdsOf(tenant) === 0 && this.#options.waiting(tenant) === 0) this.#tenants.delete(tenant)
  }

  /** Milliseconds until one more would have its turn, as those before it went; 0 while nothing is known. */
  waitOf(tenant: string): number {
    const { share, waiting } = this.#options
    return (waiting(tenant) * (this.#tenants.get(tenant)?.pace ?? 0)) / share
  }
}
