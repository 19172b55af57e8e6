import { Connection } from './connection.ts'
import type { ConnectionTarget } from './driver.ts'

export interface SlowLaneOptions {
  /** Connections at the most. */
  readonly most: number
  /** As of `PoolOptions`. */
  lowerPriority(processId: number): boolean
  /** Called when somebody who waits may find a connection. */
  free(): void
}

/** Milliseconds after which a connection that has nothing to do is closed. */
const idleTime = 10_000
/** Milliseconds for which nothing is expected of a server that refused a connection. */
const refusedTime = 1_000

/**
 * Connections for statements that take long, whose server processes get a processor only when nobody else wants it. Opened
 * when they are needed, one at a time, and closed when they no longer are.
 */
export class SlowLane {
  readonly #target: ConnectionTarget
  readonly #options: SlowLaneOptions
  #connections: Connection[] = []
  /** Those that have not been made to give way yet. */
  readonly #rude = new Set<Connection>()
  #opening = false
  #closed = false
  #refusedAt = Number.NEGATIVE_INFINITY
  #shrink: NodeJS.Timeout | undefined

  constructor(target: ConnectionTarget, options: SlowLaneOptions) {
    this.#target = target
    this.#options = options
  }

  get size(): number {
    return this.#connections.length
  }

  /** False while the server gives no more connections: others have to do. */
  get serves(): boolean {
    return this.size > 0 || performance.now() - this.#refusedAt > refusedTime
  }

  /** One that has nothing to do; undefined when there is none, and then perhaps one is opened. */
  pick(): Connection | undefined {
    const connection = this.#connections.find(({ isOpen, load }) => isOpen && load === 0)
    if (connection) this.#lower(connection)
    else if (!this.#closed && !this.#opening && this.size < this.#options.most) void this.#open()
    return connection
  }

  /** Takes over a connection of the others, with what runs on it; false when there is no room. */
  take(connection: Connection): boolean {
    if (this.#closed || this.size >= this.#options.most) return false
    this.#add(connection)
    this.#lower(connection)
    return true
  }

  /** A connection is lost. */
  forget(connection: Connection): void {
    this.#connections = this.#connections.filter(other => other !== connection)
    this.#rude.delete(connection)
  }

  #add(connection: Connection): void {
    this.#connections.push(connection)
    this.#rude.add(connection)
    this.#shrink ??= setInterval(() => this.#closeIdle(), idleTime).unref()
  }

  /** A system that is asked too often refuses for a moment, so it is asked again whenever the connection is used. */
  #lower(connection: Connection): void {
    const { processId } = connection
    if (!this.#rude.has(connection) || processId === null) return
    if (this.#options.lowerPriority(processId)) this.#rude.delete(connection)
  }

  async #open(): Promise<void> {
    this.#opening = true
    try {
      const connection = await Connection.open(this.#target, {
        free: () => this.#options.free(),
        lost: () => this.forget(connection),
      })
      if (this.#closed) return await connection.close()
      this.#add(connection)
      this.#lower(connection)
    } catch {
      this.#refusedAt = performance.now()
    } finally {
      this.#opening = false
      this.#options.free()
    }
  }

  #closeIdle(): void {
    for (const connection of this.#connections.filter(({ load }) => load === 0)) {
      this.forget(connection)
      connection.close().catch(() => {}) // It was on its way out.
    }
    if (this.size > 0) return
    clearInterval(this.#shrink)
    this.#shrink = undefined
  }

  /** Lets what was sent finish; what comes gets new connections. */
  async renew(): Promise<void> {
    const old = this.#connections
    this.#connections = []
    this.#rude.clear()
    await Promise.allSettled(old.map(connection => connection.close()))
  }

  async close(): Promise<void> {
    this.#closed = true
    clearInterval(this.#shrink)
    await this.renew()
  }
}
