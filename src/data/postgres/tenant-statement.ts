import { DriverQuery, type Wire } from './driver.ts'
import { type Settings, settingsSql } from './settings.ts'
import type { Statement } from './sql/writer.ts'

/** The one row that a statement of ours answers, as PostgreSQL sent it. */
export type StatementRow = readonly (string | null)[]

/** The statements that a connection knows by name; the least recently used is closed when there are too many. */
export class PreparedStatements {
  readonly #limit: number
  readonly #names = new Set<string>()

  constructor(limit: number) {
    this.#limit = limit
  }

  has(name: string): boolean {
    if (!this.#names.delete(name)) return false
    this.#names.add(name)
    return true
  }

  /** Remembers a name; answers the one that had to go for it. */
  add(name: string): string | undefined {
    this.#names.add(name)
    if (this.#names.size <= this.#limit) return undefined
    const [oldest] = this.#names
    if (oldest !== undefined) this.#names.delete(oldest)
    return oldest
  }

  forget(name: string): void {
    this.#names.delete(name)
  }
}

const settingsName = 'tenantry_settings'

/**
 * Settings and statement under one Sync: PostgreSQL runs both in one implicit transaction, in one round trip. See
 * https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-FLOW-PIPELINING
 */
export class TenantStatement extends DriverQuery {
  readonly #settings: Settings
  readonly #name: string
  readonly #statement: Statement
  readonly #prepared: PreparedStatements
  readonly #done: (error: unknown, row: StatementRow | undefined) => void
  #parsed: string[] = []
  #completed = 0
  #row: StatementRow | undefined

  constructor(
    settings: Settings,
    name: string,
    statement: Statement,
    prepared: PreparedStatements,
    done: (error: unknown, row: StatementRow | undefined) => void,
  ) {
    super(statement.text)
    this.#settings = settings
    this.#name = name
    this.#statement = statement
    this.#prepared = prepared
    this.#done = done
  }

  override submit(connection: Wire): null {
    connection.stream.cork()
    try {
      this.#step(connection, settingsName, settingsSql, this.#settings)
      this.#step(connection, this.#name, this.#statement.text, this.#statement.values)
      connection.sync()
    } finally {
      connection.stream.uncork()
    }
    return null
  }

  #step(connection: Wire, name: string, text: string, values: readonly (string | null)[]): void {
    if (!this.#prepared.has(name)) {
      const evicted = this.#prepared.add(name)
      if (evicted !== undefined) connection.close({ type: 'S', name: evicted })
      // A name that is left over from a failed parse or an eviction would be refused; closing an unknown one is no error.
      connection.close({ type: 'S', name })
      connection.parse({ name, text })
      this.#parsed.push(name)
    }
    connection.bind({ portal: '', statement: name, values })
    connection.execute({ portal: '', rows: 0 })
  }

  override handleRowDescription(): void {}

  override handleDataRow(message: { fields: (string | null)[] }): void {
    if (this.#completed === 1) this.#row = message.fields
  }

  override handleCommandComplete(): void {
    this.#completed++
  }

  override handleError(error: unknown): void {
    // The server skipped everything up to the Sync, perhaps also the parse; whoever comes next parses anew.
    for (const name of this.#parsed) this.#prepared.forget(name)
    this.#done(error, undefined)
  }

  override handleReadyForQuery(): void {
    this.#done(undefined, this.#row)
  }
}
