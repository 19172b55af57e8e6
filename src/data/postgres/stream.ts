import type pg from 'pg'
import { endInTime, stopRunning } from './cancel.ts'
import type { ConnectionTarget, LentClient } from './driver.ts'
import { abandoned, toError } from './errors.ts'
import { FairConnections, type Lent } from './fair-connections.ts'
import { Fetch, type Fetched } from './fetch.ts'
import { allSettings, allSettingsSql, type Settings, tenantSession } from './settings.ts'
import type { RowStream } from './sql/row-stream.ts'
import type { Statement } from './sql/writer.ts'

export interface Streamed {
  readonly rows: number
  readonly total: number | null
  /** The answer's text in parts; ends its transaction when it is read, closed or left alone. */
  readonly parts: AsyncIterable<string>
}

/** Bytes that one part has, more or less. */
const partSize = 256 * 1024
/** Milliseconds for which nobody has to take the next part. */
const stallTime = 15_000
/** Milliseconds that one answer may take. */
const mostTime = 300_000

/** Connections for answers that are too large for one text: rows come as they are taken, all from one snapshot. */
export class StreamPool {
  readonly #connections: FairConnections

  constructor(target: ConnectionTarget, size: number, session = tenantSession) {
    const own = { name: 'tenantry stream', idleInTransaction: stallTime * 2 }
    this.#connections = new FairConnections(target, { ...own, size, session })
  }

  /** Rejects with a TenantryError before the first part, or while parts are read. */
  async open(settings: Settings, stream: RowStream, signal: AbortSignal | undefined): Promise<Streamed> {
    const lent = await this.#connections.lend(settings[1], signal)
    const lease = new Lease(lent, signal, Number(settings[4]))
    try {
      // Number and rows are of one moment.
      await lease.say('begin isolation level repeatable read read only')
      await lease.say(allSettingsSql, allSettings(settings))
      const { rows } = await lease.say(stream.count.text, stream.count.values)
      await lease.say(`declare answer no scroll cursor for ${stream.rows.text}`, stream.rows.values)
      const [count, total] = rows[0] ?? []
      lease.rest()
      return {
        rows: Number(count ?? 0),
        total: total == null ? null : Number(total),
        parts: lease.read(stream),
      }
    } catch (error) {
      lease.stop()
      throw signal?.aborted ? abandoned() : toError(error)
    }
  }

  async close(): Promise<void> {
    await this.#connections.close()
  }
}

/** A connection for the time of one answer. It is given back when the server has stopped working for it, and not before. */
class Lease {
  readonly #client: LentClient
  readonly #giveBack: Lent['giveBack']
  readonly #signal: AbortSignal | undefined
  readonly #stop = () => this.stop()
  readonly #limit: NodeJS.Timeout
  #stall: NodeJS.Timeout
  #fetch: Fetch | undefined
  #over = false

  /** `timeout`: milliseconds that a statement may take. */
  constructor({ client, giveBack }: Lent, signal: AbortSignal | undefined, timeout: number) {
    this.#client = client
    this.#giveBack = giveBack
    this.#signal = signal
    client.on('error', this.#stop)
    signal?.addEventListener('abort', this.#stop, { once: true })
    this.#limit = setTimeout(this.#stop, mostTime)
    this.#stall = setTimeout(this.#stop, timeout + stallTime)
    if (signal?.aborted) this.stop()
  }

  async say(text: string, values: Statement['values'] = []): Promise<pg.QueryArrayResult<(string | null)[]>> {
    this.#check()
    return await this.#client.query<(string | null)[]>({ text, values: [...values], rowMode: 'array' })
  }

  /** From here on somebody has to take the next part in time. */
  rest(): void {
    clearTimeout(this.#stall)
    if (!this.#over) this.#stall = setTimeout(this.#stop, stallTime)
  }

  async *read({ first, between, last }: RowStream): AsyncGenerator<string, void, undefined> {
    let before = first
    try {
      for (let count = 1; count > 0; ) {
        this.#check()
        const fetch = new Fetch(count, partSize)
        this.#fetch = fetch
        this.#client.query(fetch as never)
        let rows = 0
        let length = 0
        for (let over = false; !over; ) {
          const fetched = await this.#take(fetch)
          over = fetched.over
          if (fetched.lines.length === 0) continue
          const text = fetched.lines.join(between)
          rows += fetched.lines.length
          length += text.length
          yield before + text
          before = between
        }
        count = rows < count ? 0 : countAfter(count, length / rows)
      }
      await this.#commit()
      yield before === first ? first + last : last
    } finally {
      this.stop()
    }
  }

  /** When it is over, the connection may be another's, and what was taken last may not be all. */
  #check(): void {
    if (this.#over) throw abandoned()
  }

  async #take(fetch: Fetch): Promise<Fetched> {
    clearTimeout(this.#stall)
    this.#check()
    const fetched = await fetch.take().catch(error => {
      this.#check()
      throw toError(error)
    })
    this.rest()
    return fetched
  }

  async #commit(): Promise<void> {
    this.#check()
    this.#end()
    try {
      await endInTime(this.#client, this.#client.query('commit'))
      this.#leave(true)
    } catch (error) {
      this.#leave(false)
      throw toError(error)
    }
  }

  /** Its transaction ends where it is. Who reads meets that it has. */
  stop(): void {
    if (this.#over) return
    this.#end()
    void this.#rollBack()
  }

  async #rollBack(): Promise<void> {
    const rolledBack = this.#client.query('rollback').then(
      () => true,
      () => false,
    )
    // PostgreSQL may be waiting for somebody to read what it has written, and does not hear that it is to stop until then.
    this.#fetch?.discard()
    const asked = await stopRunning(this.#client, rolledBack)
    this.#leave((await rolledBack) && !asked)
  }

  #end(): void {
    this.#over = true
    clearTimeout(this.#stall)
    clearTimeout(this.#limit)
    this.#signal?.removeEventListener('abort', this.#stop)
  }

  #leave(reusable: boolean): void {
    this.#client.off('error', this.#stop)
    this.#giveBack(reusable)
  }
}

/** As many rows as one part holds when they are like those before, but not many more than were seen. */
function countAfter(count: number, length: number): number {
  return Math.max(1, Math.min(count * 4, 2_000, Math.floor(partSize / (length + 1))))
}
