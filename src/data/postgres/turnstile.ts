import { TenantryError } from '../../core/errors.ts'
import { abandoned } from './errors.ts'
import { FairQueue, isWithinShare } from './fair-queue.ts'

export interface TurnstileOptions {
  /** How many may be inside at once. */
  readonly size: number
  /** How many may wait, of one tenant at most half of them. When it is one more, a tenant of which most wait is refused. Default 1,000. */
  readonly queue?: number
  /** Milliseconds that somebody waits. Default 5,000. */
  readonly patience?: number
}

interface Waiting {
  readonly tenant: string
  admit(): void
  refuse(): void
}

/** Lets a number in at once, of one tenant at most half of them. Others wait, and tenants take turns. */
export class Turnstile {
  readonly #options: Required<TurnstileOptions>
  readonly #share: number
  readonly #inside = new Map<string, number>()
  readonly #queue = new FairQueue<Waiting>(({ tenant }) => tenant)
  #count = 0

  constructor(options: TurnstileOptions) {
    this.#options = { queue: 1_000, patience: 5_000, ...options }
    this.#share = Math.max(1, Math.floor(options.size / 2))
  }

  /** Resolves with what to call, once, on the way out. Throws `unavailable` when it takes too long or `signal` fires. */
  enter(tenant: string, signal: AbortSignal | undefined): Promise<() => void> {
    if (signal?.aborted) return Promise.reject(abandoned())
    if (this.#hasRoomFor(tenant)) return Promise.resolve(this.#admit(tenant))
    const { queue, patience } = this.#options
    const own = this.#queue.sizeOf(tenant)
    if (own >= queue / 2 || (this.#queue.size >= queue && !this.#makeRoom(own))) return Promise.reject(full())
    return new Promise((resolve, reject) => {
      const settle = () => {
        clearTimeout(timer)
        signal?.removeEventListener('abort', onAbort)
      }
      const giveUp = (error: TenantryError) => {
        this.#queue.remove(waiting)
        settle()
        reject(error)
      }
      const waiting: Waiting = {
        tenant,
        admit: () => {
          settle()
          resolve(this.#admit(tenant))
        },
        refuse: () => giveUp(full()),
      }
      const onAbort = () => giveUp(abandoned())
      const timer = setTimeout(waiting.refuse, patience)
      signal?.addEventListener('abort', onAbort, { once: true })
      this.#queue.add(waiting)
    })
  }

  /** Of whose tenant fewer wait is not refused for those of others: the one that came last of the tenant with most of them is. */
  #makeRoom(own: number): boolean {
    if (!isWithinShare(own, this.#queue.lanes, this.#options.queue)) return false
    const last = this.#queue.longest.at(-1)
    last?.refuse()
    return last !== undefined
  }

  #hasRoomFor(tenant: string): boolean {
    return this.#count < this.#options.size && (this.#inside.get(tenant) ?? 0) < this.#share
  }

  #admit(tenant: string): () => void {
    this.#count++
    this.#inside.set(tenant, (this.#inside.get(tenant) ?? 0) + 1)
    return () => {
      this.#count--
      const left = (this.#inside.get(tenant) ?? 0) - 1
      if (left > 0) this.#inside.set(tenant, left)
      else this.#inside.delete(tenant)
      this.#queue.drain(({ tenant, admit }) => {
        if (this.#count >= this.#options.size) return 'full'
        if (!this.#hasRoomFor(tenant)) return 'refused'
        admit()
        return 'taken'
      })
    }
  }
}

function full(): TenantryError {
  return new TenantryError('unavailable', 'No connection is free for this', { retryAfter: 1 })
}
