import { sendCancel } from './cancel.ts'
import { type ConnectionTarget, createPipelinedClient, type PipelinedClient } from './driver.ts'
import { isConnectionError } from './errors.ts'
import { tenantSession } from './settings.ts'
import { PreparedStatements, type SharedStatement, SharedTransaction, type StatementRow } from './tenant-statement.ts'
import { WireBuffer } from './wire.ts'

/** With which others a statement may share a transaction: reads with reads, inserts with inserts. */
export type Sharing = 'reads' | 'inserts'

/** One statement on its way: given to a connection, it is answered exactly once. */
export interface Job extends Omit<SharedStatement, 'done'> {
  /** Absent: with none. */
  readonly sharing: Sharing | undefined
  /** Set when its caller no longer waits. */
  cancelled: boolean
  /** True when others may wait behind it. */
  readonly isPrompt: boolean
  /**
   * `ran`: the milliseconds that its transaction took, divided by the statements that ran in it; `wasPrepared`: before that
   * transaction.
   */
  done(error: unknown, row: StatementRow | undefined, ran: number, wasPrepared: boolean): void
}

/** A job of this connection, as its transaction knows it. */
interface Sent extends SharedStatement {
  readonly job: Job
  transaction: SharedTransaction | undefined
}

/**
 * So many statements are sent without waiting for the end of the turn of the event loop: the server works on them while the next
 * ones are made, and neither waits for the other.
 */
export const enoughToSend = 8

/** How many statements share a transaction. */
const mostShared = { reads: enoughToSend, inserts: 32 } as const

/** PostgreSQL keeps every prepared statement in memory, per connection. */
const preparedLimit = 500

/** A pipelined connection: statements of many tenants back to back, answered in order. */
export class Connection {
  readonly #onFree: () => void
  readonly #prepared = new PreparedStatements(preparedLimit)
  readonly #sent: Sent[] = []
  readonly #wire = new WireBuffer()
  readonly #client: PipelinedClient
  /** Of this turn of the event loop; others may come in. */
  #filling: { readonly transaction: SharedTransaction; readonly sharing: Sharing | undefined } | undefined
  /** How many statements wait for the end of this turn, but for inserts that gather. */
  #unsent = 0
  /** How many of what was sent may take long. */
  #slow = 0
  /** How many of what was sent may wait for somebody's lock. */
  #writes = 0
  #headSince = 0
  /** Since when the transaction of the head runs. */
  #transactionSince = 0
  #open = false
  #closing = false
  #cancelling = false

  private constructor(client: PipelinedClient, onFree: () => void) {
    this.#client = client
    this.#onFree = onFree
  }

  /** `free` is called whenever a statement has been answered, `lost` once when an established connection is gone. */
  static async open(target: ConnectionTarget, on: { free(): void; lost(): void }): Promise<Connection> {
    const client = createPipelinedClient({
      ...target,
      application_name: 'tenantry',
      keepAlive: true,
      connectionTimeoutMillis: 5_000,
      // A row that somebody has locked is waited for, but not as long as a statement may take.
      options: `${tenantSession} -c lock_timeout=3000`,
    })
    const connection = new Connection(client, on.free)
    let established = false
    client.on('error', () => {}) // Each statement under way is told by the driver; `end` tells the pool.
    client.on('end', () => {
      connection.#open = false
      if (established && !connection.#closing) on.lost()
    })
    await client.connect()
    established = true
    connection.#open = true
    return connection
  }

  get isOpen(): boolean {
    return this.#open
  }

  /** Of the process that serves it, where the server is. */
  get processId(): number | null {
    return this.#client.processID
  }

  /** Statements sent and not yet answered. */
  get load(): number {
    return this.#sent.length
  }

  /** True when a transaction has been sent behind the one that runs. */
  get isAhead(): boolean {
    return this.#sent[0]?.transaction !== this.#sent.at(-1)?.transaction
  }

  /** True when statements will leave together at the end of this turn of the event loop. */
  get isFilling(): boolean {
    return this.#filling !== undefined
  }

  /** True when `job` would share the transaction that is being filled. */
  takes(job: Pick<Job, 'settings' | 'name' | 'statement' | 'sharing'>): boolean {
    if (!this.#filling || job.sharing === undefined || this.#filling.sharing !== job.sharing) return false
    const { transaction } = this.#filling
    return transaction.size < mostShared[job.sharing] && transaction.takes(job)
  }

  /** True when a statement here may take long, so that nothing else should wait behind it. */
  get isHeld(): boolean {
    return this.#slow > 0
  }

  /** True when it is at work, on nothing but reads that share. */
  get isReading(): boolean {
    return this.#sent.length > 0 && this.#writes === 0
  }

  /** Milliseconds for which the statement at the head has been running. */
  headAge(now: number): number {
    return this.#sent.length === 0 ? 0 : now - this.#headSince
  }

  send(job: Job): void {
    if (this.#sent.length === 0) {
      this.#headSince = performance.now()
      this.#transactionSince = this.#headSince
    }
    const { settings, name, statement } = job
    const done = (error: unknown, row: StatementRow | undefined) => this.#answer(sent, error, row)
    const sent: Sent = { settings, name, statement, job, transaction: undefined, done }
    this.#sent.push(sent)
    if (!job.isPrompt) this.#slow++
    if (job.sharing !== 'reads') this.#writes++
    if (this.#filling && this.takes(job)) {
      sent.transaction = this.#filling.transaction
      sent.transaction.add(sent)
    } else this.#begin(sent)
    // Inserts that come later may share their commit.
    if (job.sharing !== 'inserts' && ++this.#unsent >= enoughToSend) this.#flush()
  }

  #begin(sent: Sent): void {
    const { job } = sent
    this.#filling?.transaction.end()
    const isFirst = this.#filling === undefined
    const transaction = new SharedTransaction(sent, job.sharing === 'reads', this.#wire, this.#prepared)
    sent.transaction = transaction
    this.#filling = { transaction, sharing: job.sharing }
    this.#client.query(transaction as never)
    // Whatever else comes in this turn of the event loop leaves in the same write: writes cost more than anything else here.
    if (isFirst) setImmediate(() => this.#flush())
  }

  #answer(sent: Sent, error: unknown, row: StatementRow | undefined): void {
    const { job, transaction } = sent
    const now = performance.now()
    // The server tells of all of them when the last is done: what takes long must not hide behind what is quick.
    const ran = (now - this.#transactionSince) / (transaction?.runs || 1)
    this.#sent.splice(this.#sent.indexOf(sent), 1)
    if (!job.isPrompt) this.#slow--
    if (job.sharing !== 'reads') this.#writes--
    if (error !== undefined && isConnectionError(error)) this.#giveUp()
    const [next] = this.#sent
    if (next) {
      this.#headSince = now
      if (next.transaction !== transaction) this.#beginTransaction(next, now)
    }
    job.done(error, row, ran, !transaction?.hasPrepared(sent))
    this.#onFree()
  }

  #beginTransaction(head: Sent, now: number): void {
    this.#transactionSince = now
    for (const sent of this.#sent) {
      if (sent.transaction !== head.transaction) return
      if (!sent.job.cancelled) continue
      // Nobody waits for it: it is its turn, so a cancel request meets it and not a neighbour. Unless it is answered, too.
      queueMicrotask(() => this.#cancelHead(sent))
      return
    }
  }

  #flush(): void {
    this.#filling?.transaction.end()
    this.#filling = undefined
    this.#unsent = 0
    if (!this.#wire.isEmpty) this.#client.connection.stream.write(this.#wire.take())
  }

  /** Takes nothing more and makes sure that the connection ends, also when only the server's word says that it has. */
  #giveUp(): void {
    if (!this.#open) return
    this.#open = false
    this.#client.end().catch(() => {}) // `end` tells the pool.
  }

  /**
   * Asks the server to stop `job` if its transaction is the one that runs; one that waits is stopped when its turn comes.
   * Others in that transaction are met, too, and are run again.
   */
  cancel(job: Job): void {
    job.cancelled = true
    const sent = this.#sent.find(other => other.job === job)
    if (sent) this.#cancelHead(sent)
  }

  /** A request that comes before the statement has begun is lost, so it is repeated while its transaction is at the head. */
  #cancelHead(sent: Sent, pause = 10): void {
    if (this.#sent[0]?.transaction !== sent.transaction || !this.#sent.includes(sent) || !this.#open) return
    this.#sendCancel()
    setTimeout(() => this.#cancelHead(sent, Math.min(500, pause * 2)), pause).unref()
  }

  /**
   * When it is late and hits the statement behind, the pool sends that one again. One is under way at most: callers who come
   * and go must not take the server's places for connections.
   */
  #sendCancel(): void {
    if (this.#cancelling) return
    this.#cancelling = true
    sendCancel(this.#client, () => {
      this.#cancelling = false
    })
  }

  /** Ends the connection when what it has taken is answered. */
  async close(): Promise<void> {
    this.#open = false
    this.#closing = true
    await this.#client.end()
  }
}
