import { DriverQuery } from './driver.ts'
import { type Settings, settingsSql } from './settings.ts'
import type { Statement } from './sql/writer.ts'
import type { WireBuffer } from './wire.ts'

/** The one row that a statement of ours answers, as PostgreSQL sent it. */
export type StatementRow = readonly (string | null)[]

/** A statement, for whom it runs, and the name under which connections prepare it. */
export interface NamedStatement {
  readonly settings: Settings
  readonly name: string
  readonly statement: Statement
}

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
  readonly #statement: NamedStatement
  readonly #wire: WireBuffer
  readonly #prepared: PreparedStatements
  readonly #done: (error: unknown, row: StatementRow | undefined) => void
  #parsed: string[] | undefined
  #completed = 0
  #row: StatementRow | undefined

  constructor(
    statement: NamedStatement,
    wire: WireBuffer,
    prepared: PreparedStatements,
    done: (error: unknown, row: StatementRow | undefined) => void,
  ) {
    super('')
    this.#statement = statement
    this.#wire = wire
    this.#prepared = prepared
    this.#done = done
  }

  /** Writes into the connection's buffer; the connection sends it. */
  override submit(): null {
    const { settings, name, statement } = this.#statement
    this.#step(settingsName, settingsSql, settings)
    this.#step(name, statement.text, statement.values)
    this.#wire.sync()
    return null
  }

  #step(name: string, text: string, values: readonly (string | null)[]): void {
    if (!this.#prepared.has(name)) {
      const evicted = this.#prepared.add(name)
      if (evicted !== undefined) this.#wire.close(evicted)
      // A name that is left over from a failed parse or an eviction would be refused; closing an unknown one is no error.
      this.#wire.close(name)
      this.#wire.parse(name, text)
      this.#parsed ??= []
      this.#parsed.push(name)
    }
    this.#wire.execute(name, values)
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
    for (const name of this.#parsed ?? []) this.#prepared.forget(name)
    this.#done(error, undefined)
  }

  override handleReadyForQuery(): void {
    this.#done(undefined, this.#row)
  }
}
