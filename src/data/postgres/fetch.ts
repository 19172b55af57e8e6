import type { Socket } from 'node:net'
import type pg from 'pg'
import { DriverQuery } from './driver.ts'

export interface Fetched {
  readonly lines: readonly string[]
  /** True when nothing of this fetch is left. */
  readonly over: boolean
}

/**
 * Some rows of a cursor, one text each. What nobody takes is not read from the socket either, so that PostgreSQL waits:
 * however large rows are, hardly more than `size` characters of them and one row are in memory.
 */
export class Fetch extends DriverQuery {
  readonly #count: number
  readonly #size: number
  #socket: Socket | undefined
  #lines: string[] = []
  #length = 0
  #over = false
  #error: unknown
  #wake: (() => void) | undefined
  #unwanted = false

  constructor(count: number, size: number) {
    super('')
    this.#count = Math.trunc(count)
    this.#size = size
  }

  override submit(connection: pg.Connection): null {
    this.#socket = connection.stream as Socket
    connection.query(`fetch ${this.#count} from answer`)
    return null
  }

  /** What has come, as soon as it is enough or all. Rejects with the server's error. */
  async take(): Promise<Fetched> {
    if (!this.#isReady) {
      this.#socket?.resume()
      await new Promise<void>(resolve => {
        this.#wake = resolve
      })
    }
    if (this.#error !== undefined) throw this.#error
    const lines = this.#lines
    this.#lines = []
    this.#length = 0
    return { lines, over: this.#over }
  }

  /** Nobody takes the rest: it is read and forgotten, for whoever comes next on the connection. */
  discard(): void {
    this.#unwanted = true
    this.#lines = []
    this.#socket?.resume()
  }

  get #isReady(): boolean {
    return this.#over || this.#error !== undefined || this.#length >= this.#size
  }

  override handleRowDescription(): void {}

  override handleDataRow({ fields: [line] }: { fields: (string | null)[] }): void {
    if (this.#unwanted) return
    this.#lines.push(line ?? '')
    this.#length += line?.length ?? 0
    if (this.#length < this.#size) return
    this.#socket?.pause()
    this.#wake?.()
  }

  override handleCommandComplete(): void {}

  override handleError(error: unknown): void {
    this.#error = error
    this.#wake?.()
  }

  override handleReadyForQuery(): void {
    this.#over = true
    // Whatever is said next on the connection is read, too.
    this.#socket?.resume()
    this.#wake?.()
  }
}
