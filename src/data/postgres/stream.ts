import type pg from 'pg'
import type { ConnectionTarget } from './driver.ts'
import { abandoned, toError } from './errors.ts'
import { FairConnections, type Lent } from './fair-connections.ts'
import { Fetch, type Fetched } from './fetch.ts'
import { allSettings, allSettingsSql, type Settings, tenantSession } from './settings.ts'
import type { RowStream } from './sql/row-stream.ts'

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
    const { client } = lent
    const lease = new Lease(lent, signal)
    try {
      // Number and rows are of one moment.
      await client.query('begin isolation level repeatable read read only')
      await client.query(allSettingsSql, allSettings(settings))
      const { rows } = await client.query<(string | null)[]>({ ...asQuery(stream.count), rowMode: 'array' })
      await client.query(asQuery({ ...stream.rows, text: `declare answer no scroll cursor for ${stream.rows.text}` }))
      const [count, total] = rows[0] ?? []
      return {
        rows: Number(count ?? 0),
        total: total == null ? null : Number(total),
        parts: lease.read(stream),
      }
    } catch (error) {
      lease.end(false)
      throw signal?.aborted ? abandoned() : toError(error)
    }
  }

  async close(): Promise<void> {
    await this.#connections.close()
  }
}

/** A connection for the time of one answer. It is given back at the end, and thrown away when it did not get there. */
class Lease {
  readonly #client: pg.PoolClient
  readonly #giveBack: Lent['giveBack']
  readonly #signal: AbortSignal | undefined
  readonly #end = () => this.end(false)
  #stall: NodeJS.Timeout
  readonly #limit: NodeJS.Timeout
  #over = false

  constructor({ client, giveBack }: Lent, signal: AbortSignal | undefined) {
    this.#client = client
    this.#giveBack = giveBack
    this.#signal = signal
    client.on('error', this.#end)
    signal?.addEventListener('abort', this.#end, { once: true })
    this.#stall = setTimeout(this.#end, stallTime)
    this.#limit = setTimeout(this.#end, mostTime)
  }

  async *read({ first, between, last }: RowStream): AsyncGenerator<string, void, undefined> {
    let before = first
    try {
      for (let count = 1; count > 0; ) {
        const fetch = new Fetch(count, partSize)
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
      this.end(false)
    }
  }

  async #take(fetch: Fetch): Promise<Fetched> {
    clearTimeout(this.#stall)
    if (this.#over) throw abandoned()
    const fetched = await fetch.take().catch(error => {
      throw this.#over ? abandoned() : toError(error)
    })
    if (!this.#over) this.#stall = setTimeout(this.#end, stallTime)
    return fetched
  }

  async #commit(): Promise<void> {
    await this.#client.query('commit').catch(error => {
      throw toError(error)
    })
    this.end(true)
  }

  /** `whole`: its transaction is over, so that the next one may have the connection. */
  end(whole: boolean): void {
    if (this.#over) return
    this.#over = true
    clearTimeout(this.#stall)
    clearTimeout(this.#limit)
    this.#signal?.removeEventListener('abort', this.#end)
    this.#client.off('error', this.#end)
    if (!whole) {
      this.#client.on('error', () => {}) // It is thrown away.
      // PostgreSQL may be waiting for somebody to read what it has written.
      this.#client.connection.stream.destroy()
    }
    this.#giveBack(whole)
  }
}

/** As many rows as one part holds when they are like those before, but not many more than were seen. */
function countAfter(count: number, length: number): number {
  return Math.max(1, Math.min(count * 4, 2_000, Math.floor(partSize / (length + 1))))
}

function asQuery({ text, values }: RowStream['rows']): { text: string; values: (string | null)[] } {
  return { text, values: [...values] }
}
