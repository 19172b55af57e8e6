import type pg from 'pg'
import type { Verb } from '../../core/access-role.ts'
import { TenantryError } from '../../core/errors.ts'
import { stopRunning } from './cancel.ts'
import { Conversation, type OpenTransaction } from './conversation.ts'
import type { ConnectionTarget } from './driver.ts'
import { abandoned, isConnectionError, silent, toError, unknownOutcome } from './errors.ts'
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

/** Milliseconds that a transaction has in which everything fails by now, to return by itself. */
const grace = 1_000

export interface TransactionPoolOptions {
  /** Connections. */
  readonly size: number
  /** Settings that its sessions begin with. Absent: a tenant's. */
  readonly session?: string
  /** Milliseconds that a transaction may say nothing. A function that hangs must not hold its locks, nor its turn, for ever. */
  readonly silence?: number
}

/** Connections for transactions that go back and forth; apart from the pipelined ones, which they would hold up. */
export class TransactionPool {
  readonly #connections: FairConnections
  readonly #silence: number
  readonly #shapes = new StatementShapes(2_000)
  readonly #prepared = new WeakMap<pg.PoolClient, PreparedStatements>()

  constructor(target: ConnectionTarget, { size, session = tenantSession, silence = 60_000 }: TransactionPoolOptions) {
    this.#silence = silence
    this.#connections = new FairConnections(target, {
      name: 'tenantry transaction',
      idleInTransaction: silence,
      size,
      session,
    })
  }

  /**
   * Commits when `work` returns, rolls back when it throws, `signal` fires or the connection is lost; a function that does not
   * return then is not waited for. Rejects with a TenantryError or what `work` threw.
   */
  async run<T>(
    { verb, signal, tenant }: TransactionRun,
    work: (transaction: OpenTransaction) => Promise<T>,
  ): Promise<T> {
    const { client, giveBack } = await this.#connections.lend(tenant, signal)
    let reusable = true
    let stopping: Promise<boolean> | undefined
    const conversation = new Conversation({
      client,
      begin: verb === 'read' ? 'begin read only' : 'begin',
      prepared: this.#preparedOn(client),
      nameOf: (role, text) => this.#shapes.of(role, text).name,
    })
    let patience: NodeJS.Timeout | undefined
    // The server's own limit is no help where nothing has begun yet, and an author's statement may set it.
    const listen = () => {
      const left = this.#silence - conversation.silence
      if (left > 0) patience = setTimeout(listen, left + 1)
      else conversation.leave(silent())
    }
    listen()
    const end = (reason: TenantryError) => {
      conversation.fail(reason)
      clearTimeout(patience)
      patience = setTimeout(() => conversation.leave(reason), grace)
    }
    const lose = (error: unknown) => {
      reusable = false
      end(toError(error))
    }
    const ignore = () => {
      reusable = false
    }
    const stop = () => {
      stopping = stopRunning(client, conversation.rest)
      end(abandoned())
    }
    client.on('error', lose)
    signal?.addEventListener('abort', stop, { once: true })
    if (signal?.aborted) stop()
    try {
      const result = await conversation.during(work)
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
      client.off('error', lose)
      clearTimeout(patience)
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
