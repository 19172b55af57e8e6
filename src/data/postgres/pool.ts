import { TenantryError } from '../../core/errors.ts'
import { Connection, type Job } from './connection.ts'
import type { ConnectionTarget } from './driver.ts'
import { abandoned, isConnectionError, isStalePreparation, isStrayCancel, toError, unknownOutcome } from './errors.ts'
import type { Settings } from './settings.ts'
import type { Statement } from './sql/writer.ts'
import type { StatementRow } from './tenant-statement.ts'

export interface PoolOptions {
  /** Connections to hold. */
  readonly size: number
  /** Statements that one connection takes before the first of them has answered. */
  readonly depth?: number
  /** Statements that may wait for a connection; one more is refused with `unavailable`. */
  readonly queue?: number
  /** Milliseconds that a statement may wait for a connection. */
  readonly patience?: number
}

export interface PoolRun {
  readonly settings: Settings
  readonly statement: Statement
  /** True when running it twice is the same as running it once, so that it may be sent again after a lost connection. */
  readonly repeatable: boolean
  readonly signal?: AbortSignal | undefined
}

/** A head that has run longer than this many milliseconds is slow: its connection takes nothing new. */
const slowHead = 4

interface Waiting extends PoolRun {
  attempts: number
  resolve(row: StatementRow): void
  reject(error: unknown): void
  /** Set while it waits in the queue. */
  expires: NodeJS.Timeout | undefined
  /** Set while a connection has it. */
  sent: { connection: Connection; job: Job } | undefined
  settled: boolean
}

/** Few pipelined connections that statements of all tenants share. */
export class Pool {
  readonly #target: ConnectionTarget
  readonly #options: Required<PoolOptions>
  #connections: Connection[] = []
  #opening = 0
  #backoff = 0
  #closed = false
  readonly #queue: Waiting[] = []
  readonly #names = new StatementNames(2_000)
  #recheck: NodeJS.Timeout | undefined

  constructor(target: ConnectionTarget, options: PoolOptions) {
    this.#target = target
    this.#options = { depth: 16, queue: 2_000, patience: 5_000, ...options }
  }

  /** Opens all connections. Rejects when the first cannot be opened. */
  async open(): Promise<void> {
    await this.#openOne()
    await Promise.all(Array.from({ length: this.#options.size - 1 }, () => this.#openOne()))
  }

  /** Statements that wait for a connection. */
  get waiting(): number {
    return this.#queue.length
  }

  get connections(): number {
    return this.#connections.length
  }

  /** Runs one statement; answers its row. Rejects with a TenantryError. */
  run(run: PoolRun): Promise<StatementRow> {
    const { signal } = run
    if (signal?.aborted) return Promise.reject(abandoned())
    return new Promise((resolve, reject) => {
      const waiting: Waiting = {
        ...run,
        attempts: 0,
        resolve,
        reject,
        expires: undefined,
        sent: undefined,
        settled: false,
      }
      if (signal) {
        const abandon = () => this.#abandon(waiting)
        signal.addEventListener('abort', abandon, { once: true })
        waiting.resolve = row => {
          signal.removeEventListener('abort', abandon)
          resolve(row)
        }
        waiting.reject = error => {
          signal.removeEventListener('abort', abandon)
          reject(error)
        }
      }
      this.#submit(waiting)
    })
  }

  #submit(waiting: Waiting): void {
    const connection = this.#queue.length === 0 ? this.#pick() : undefined
    if (connection) this.#send(waiting, connection)
    else this.#enqueue(waiting)
  }

  /** The least loaded connection whose head is not slow. */
  #pick(): Connection | undefined {
    const now = performance.now()
    let best: Connection | undefined
    for (const connection of this.#connections) {
      if (!connection.isOpen) continue
      if (connection.load === 0) return connection
      if (connection.load >= this.#options.depth || connection.headAge(now) > slowHead) continue
      if (!best || connection.load < best.load) best = connection
    }
    return best
  }

  #enqueue(waiting: Waiting): void {
    if (this.#closed || this.#queue.length >= this.#options.queue) {
      waiting.settled = true
      waiting.reject(overloaded())
      return
    }
    waiting.expires = setTimeout(() => {
      this.#queue.splice(this.#queue.indexOf(waiting), 1)
      waiting.settled = true
      waiting.reject(overloaded())
    }, this.#options.patience)
    this.#queue.push(waiting)
  }

  #send(waiting: Waiting, connection: Connection): void {
    clearTimeout(waiting.expires)
    waiting.expires = undefined
    const job: Job = {
      settings: waiting.settings,
      name: this.#names.of(waiting.settings[0], waiting.statement.text),
      statement: waiting.statement,
      cancelled: false,
      done: (error, row) => this.#answer(waiting, job, error, row),
    }
    waiting.sent = { connection, job }
    waiting.attempts++
    connection.send(job)
  }

  #answer(waiting: Waiting, job: Job, error: unknown, row: StatementRow | undefined): void {
    waiting.sent = undefined
    if (waiting.settled) return
    if (error === undefined && row) {
      waiting.settled = true
      waiting.resolve(row)
      return
    }
    const lost = isConnectionError(error)
    const again =
      isStalePreparation(error) ||
      // A cancel request meant for the statement ahead hit this one, which has rolled back.
      (isStrayCancel(error) && !job.cancelled) ||
      (lost && waiting.repeatable)
    // A server that dies takes all connections with it, one after the other.
    if (again && waiting.attempts < (lost ? this.#options.size + 3 : 3) && !this.#closed) {
      this.#submit(waiting)
      return
    }
    waiting.settled = true
    waiting.reject(lost && !waiting.repeatable ? unknownOutcome(error) : toError(error))
  }

  /** Its caller has gone: taken out of the queue, or stopped where it runs. */
  #abandon(waiting: Waiting): void {
    if (waiting.settled) return
    waiting.settled = true
    clearTimeout(waiting.expires)
    const place = this.#queue.indexOf(waiting)
    if (place >= 0) this.#queue.splice(place, 1)
    waiting.sent?.connection.cancel(waiting.sent.job)
    waiting.reject(abandoned())
  }

  #drain(): void {
    while (this.#queue.length > 0) {
      const connection = this.#pick()
      if (!connection) return
      const waiting = this.#queue.shift()
      if (waiting) this.#send(waiting, connection)
    }
  }

  async #openOne(): Promise<void> {
    this.#opening++
    try {
      const connection = await Connection.open(this.#target, {
        free: () => {
          if (this.#queue.length > 0) this.#drain()
        },
        lost: () => {
          this.#connections = this.#connections.filter(other => other !== connection)
          this.#reopen()
        },
      })
      if (this.#closed) return await connection.close()
      this.#backoff = 0
      this.#connections.push(connection)
      this.#drain()
    } finally {
      this.#opening--
    }
  }

  /** Opens what is missing, waiting longer after each failure: 25 ms to 1 s. */
  #reopen(): void {
    if (this.#closed || this.#recheck) return
    this.#recheck = setTimeout(async () => {
      const missing = this.#options.size - this.#connections.length - this.#opening
      const opened = await Promise.allSettled(Array.from({ length: missing }, () => this.#openOne()))
      this.#recheck = undefined
      if (opened.some(({ status }) => status === 'rejected'))
        this.#backoff = Math.min(1_000, Math.max(25, this.#backoff * 2))
      // Others may have been lost meanwhile.
      if (this.#connections.length + this.#opening < this.#options.size) this.#reopen()
    }, this.#backoff)
  }

  /** Replaces every connection, so that no plan survives a change of roles or policies; statements under way finish. */
  async renew(): Promise<void> {
    const old = new Set(this.#connections)
    // One after the other: a new connection serves before an old one goes, and a failure leaves the rest as they are.
    for (const connection of old) {
      await this.#openOne()
      this.#connections = this.#connections.filter(other => other !== connection)
      await connection.close()
    }
  }

  /** Takes nothing new, lets what was sent finish, ends the connections. */
  async close(): Promise<void> {
    this.#closed = true
    clearTimeout(this.#recheck)
    for (const waiting of this.#queue.splice(0)) {
      clearTimeout(waiting.expires)
      waiting.settled = true
      waiting.reject(overloaded())
    }
    await Promise.all(this.#connections.map(connection => connection.close()))
    this.#connections = []
  }
}

/** Short names for statements. A cached plan belongs to the role it was made under, so the role is part of the name. */
class StatementNames {
  readonly #limit: number
  readonly #names = new Map<string, string>()
  #count = 0

  constructor(limit: number) {
    this.#limit = limit
  }

  of(role: string, text: string): string {
    const key = `${role}\n${text}`
    const known = this.#names.get(key)
    if (known !== undefined) return known
    if (this.#names.size >= this.#limit) {
      const [oldest] = this.#names.keys()
      if (oldest !== undefined) this.#names.delete(oldest)
    }
    const name = `s${++this.#count}`
    this.#names.set(key, name)
    return name
  }
}

function overloaded(): TenantryError {
  return new TenantryError('unavailable', 'The database is busy or out of reach', {
    hint: 'Try again in a moment',
    retryAfter: 1,
  })
}
