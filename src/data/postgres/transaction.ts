import type pg from 'pg'
import type { Verb } from '../../core/access-role.ts'
import { TenantryError } from '../../core/errors.ts'
import { stopRunning } from './cancel.ts'
import { Conversation, type OpenTransaction } from './conversation.ts'
import type { ConnectionTarget } from './driver.ts'
import { abandoned, isConnectionError, toError, unknownOutcome } from './errors.ts'
import { FairConnections } from './fair-connections.ts'
import { tenantSession } from './settings.ts'
import { StatementShapes } from './statement-shapes.ts'
import { PreparedStatements } from './tenant-statement.ts'

export interface TransactionRun {
  readonly verb: Verb
  readonly signal: AbortSignal | undefined
  /** Whose turn it is. */
  readonly tenant: string
}

/** PostgreSQL keeps every prepared statement in memory, per connection. */
const preparedLimit = 200

/** Connections for transactions that go back and forth; apart from the pipelined ones, which they would hold up. */
export class TransactionPool {
  readonly #connections: FairConnections
  readonly #shapes = new StatementShapes(2_000)
  readonly #prepared = new WeakMap<pg.PoolClient, PreparedStatements>()

  constructor(target: ConnectionTarget, size: number, session = tenantSession) {
    // A transaction whose code hangs must not hold its locks for ever.
    const own = { name: 'tenantry transaction', idleInTransaction: 60_000 }
    this.#connections = new FairConnections(target, { ...own, size, session })
  }

  /** Commits when `work` returns, rolls back when it throws or `signal` fires. Rejects with a TenantryError or what `work` threw. */
  async run<T>(
    { verb, signal, tenant }: TransactionRun,
    work: (transaction: OpenTransaction) => Promise<T>,
  ): Promise<T> {
    const { client, giveBack } = await this.#connections.lend(tenant, signal)
    let reusable = true
    const ignore = () => {
      reusable = false
    }
    client.on('error', ignore)
    const conversation = new Conversation({
      client,
      begin: verb === 'read' ? 'begin read only' : 'begin',
      signal,
      prepared: this.#preparedOn(client),
      nameOf: (role, text) => this.#shapes.of(role, text).name,
    })
    let stopping: Promise<boolean> | undefined
    const stop = () => {
      stopping = stopRunning(client, conversation.rest)
    }
    signal?.addEventListener('abort', stop, { once: true })
    try {
      const result = await conversation.during(work)
      if (signal?.aborted) throw abandoned()
      if (conversation.hasBegun) await commit(client)
      return result
    } catch (error) {
      // A connection that cannot roll back is dirty: it is thrown away (THREATS A14).
      if (conversation.hasBegun) await client.query('rollback').catch(ignore)
      throw error
    } finally {
      signal?.removeEventListener('abort', stop)
      if (await stopping) reusable = false
      // Also what was set for the session, as the login that it began with (THREATS A12, A13).
      if (conversation.hasAuthors && reusable) {
        this.#prepared.delete(client)
        await client.query('discard all').catch(ignore)
      }
      client.off('error', ignore)
      giveBack(reusable)
    }
  }

  #preparedOn(client: pg.PoolClient): PreparedStatements {
    const known = this.#prepared.get(client)
    if (known) return known
    const prepared = new PreparedStatements(preparedLimit)
    this.#prepared.set(client, prepared)
    return prepared
  }

  async close(): Promise<void> {
    await this.#connections.close()
  }
}

async function commit(client: pg.PoolClient): Promise<void> {
  const { command } = await client.query('commit').catch(error => {
    throw isConnectionError(error) ? unknownOutcome(error) : toError(error)
  })
  // PostgreSQL answers the commit of a transaction in which a statement failed with a rollback, and calls it no error.
  if (command !== 'COMMIT') {
    throw new TenantryError('conflict', 'A statement of the transaction failed, so nothing of it was kept', {
      hint: 'Let the error of a statement end the transaction, or repeat the transaction without that statement',
    })
  }
}
