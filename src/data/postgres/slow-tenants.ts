import { averaged, isKnown, type StatementShape } from './statement-shapes.ts'

interface SlowTenant {
  /** How many of its statements are on connections. */
  holds: number
  /** Milliseconds that one of them takes; undefined until one has ended. */
  pace: number | undefined
  /** When the last of them ended. */
  endedAt: number
}

export interface SlowTenantsOptions {
  /** How many statements of one tenant run at once. */
  readonly share: number
  /** What waits of a tenant. */
  waiting(tenant: string): readonly { readonly shape: StatementShape }[]
}

/** Milliseconds for which it is remembered how a tenant's statements went. */
const memory = 60_000

/** Tenants that have statements on connections which may take long, or had some lately; no other is known here. */
export class SlowTenants {
  readonly #options: SlowTenantsOptions
  /** Since the last look at who has gone. */
  #recent = new Map<string, SlowTenant>()
  #older = new Map<string, SlowTenant>()
  #lookedAt = performance.now()

  constructor(options: SlowTenantsOptions) {
    this.#options = options
  }

  holdsOf(tenant: string): number {
    return this.#find(tenant)?.holds ?? 0
  }

  hold(tenant: string): void {
    this.#forgetOld()
    const slow = this.#find(tenant) ?? { holds: 0, pace: undefined, endedAt: 0 }
    slow.holds++
    this.#recent.set(tenant, slow)
  }

  release(tenant: string, milliseconds: number): void {
    const slow = this.#find(tenant)
    if (!slow) return
    slow.holds--
    slow.pace = averaged(this.#paceOf(slow), milliseconds)
    slow.endedAt = performance.now()
  }

  /**
   * Milliseconds until one more would have its turn; 0 while it is not known what that takes. Each of those before it
   * takes as long as the tenant's own did lately, or as others of its shape did where that is less: neither is held against
   * it alone. One whose shape is not known yet may be quick.
   */
  waitOf(tenant: string, shape: StatementShape): number {
    const slow = this.#find(tenant)
    const pace = (slow && this.#paceOf(slow)) ?? 0
    if (pace === 0 || !isKnown(shape)) return 0
    let wait = 0
    for (const { shape: before } of this.#options.waiting(tenant)) {
      if (isKnown(before)) wait += Math.min(pace, before.cost ?? 0)
    }
    return wait / this.#options.share
  }

  #paceOf({ pace, endedAt }: SlowTenant): number | undefined {
    return performance.now() - endedAt < memory ? pace : undefined
  }

  #find(tenant: string): SlowTenant | undefined {
    return this.#recent.get(tenant) ?? this.#older.get(tenant)
  }

  #forgetOld(): void {
    const now = performance.now()
    if (now - this.#lookedAt < memory) return
    this.#lookedAt = now
    for (const [tenant, slow] of this.#older) if (slow.holds > 0) this.#recent.set(tenant, slow)
    this.#older = this.#recent
    this.#recent = new Map()
  }
}
