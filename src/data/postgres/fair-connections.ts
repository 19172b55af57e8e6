import type pg from 'pg'
import { TenantryError } from '../../core/errors.ts'
import { atDatabase } from './bootstrap.ts'
import { type ConnectionTarget, createPool, type LentClient, lendClient } from './driver.ts'
import { abandoned } from './errors.ts'
import { Turnstile } from './turnstile.ts'

export interface FairConnectionsOptions {
  readonly size: number
  /** As the server shows it. */
  readonly name: string
  /** Milliseconds for which a transaction may be open and say nothing, before the server ends it. */
  readonly idleInTransaction: number
  /** Settings that its sessions begin with, as the server's command line takes them. */
  readonly session: string
}

/** A connection that is one user's until it is given back. */
export interface Lent {
  readonly client: LentClient
  /** Once. What is not `reusable` is thrown away. */
  giveBack(reusable: boolean): void
}

/** Connections that are lent for the time of one transaction, to each tenant half of them at most. */
export class FairConnections {
  readonly #pool: pg.Pool
  readonly #turnstile: Turnstile

  constructor(target: ConnectionTarget, { size, name, idleInTransaction, session }: FairConnectionsOptions) {
    this.#pool = createPool({
      ...atDatabase(target),
      max: size,
      connectionTimeoutMillis: 5_000,
      idleTimeoutMillis: 30_000,
      application_name: name,
      options: `${session} -c idle_in_transaction_session_timeout=${idleInTransaction}`,
    })
    this.#turnstile = new Turnstile({ size })
  }

  /** Throws `unavailable` when none is free in time or `signal` fires. */
  async lend(tenant: string, signal: AbortSignal | undefined): Promise<Lent> {
    const leave = await this.#turnstile.enter(tenant, signal)
    const client = await lendClient(this.#pool).catch(error => {
      leave()
      throw new TenantryError('unavailable', 'No connection is free for this', { retryAfter: 1, cause: error })
    })
    const lent: Lent = {
      client,
      giveBack(reusable) {
        client.release(!reusable)
        leave()
      },
    }
    // Who has gone while it was opened is told of by no signal any more.
    if (!signal?.aborted) return lent
    lent.giveBack(true)
    throw abandoned()
  }

  async close(): Promise<void> {
    await this.#pool.end()
  }
}
