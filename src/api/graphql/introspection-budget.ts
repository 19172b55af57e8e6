import { TenantryError } from '../../core/errors.ts'

/** Milliseconds that may be spent at once. */
const most = 1_000
/** Of all time. */
const share = 0.2

/** To tell of a large schema takes long, and nothing else is done meanwhile; so it is done a part of the time only. */
export class IntrospectionBudget {
  readonly #now: () => number
  #spent = 0
  #since: number

  constructor(now: () => number) {
    this.#now = now
    this.#since = now()
  }

  /** Throws `limited` when too much was spent lately. */
  spend<T>(work: () => T): T {
    const start = this.#now()
    this.#spent = Math.max(0, this.#spent - share * (start - this.#since))
    this.#since = start
    if (this.#spent > most) {
      throw new TenantryError('limited', 'The schema is asked for too often, in too many ways', {
        reason: 'graphql_introspection',
        hint: 'Ask in the same words as before, or later',
        retryAfter: (this.#spent - most) / share / 1_000,
      })
    }
    try {
      return work()
    } finally {
      this.#spent += this.#now() - start
    }
  }
}
