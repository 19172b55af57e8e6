import type pg from 'pg'
import { DriverQuery } from './driver.ts'
import { isStalePreparation } from './errors.ts'
import { allSettingsSql, type Settings, settingsSql } from './settings.ts'
import type { Statement } from './sql/writer.ts'
import type { WireBuffer } from './wire.ts'

/** The one row that a statement of ours answers, as PostgreSQL sent it. */
export type StatementRow = readonly (string | null)[]

/** The same for a write that answers no row: how many rows it met, as the server says at its end (`INSERT 0 1`, `UPDATE 3`). */
function rowOfCommand(tag: string): StatementRow | undefined {
  const count = /^(?:INSERT 0|UPDATE|DELETE) (\d+)$/.exec(tag)?.[1]
  return count === undefined ? undefined : ['', count, null, null]
}

/** A statement, for whom it runs, and the name under which connections prepare it. */
export interface NamedStatement {
  /** The transaction that begins with it, in the same round trip. Absent: the one that is open, else one of its own. */
  readonly begin?: Begin | undefined
  /** Null where the transaction has them already. */
  readonly settings: Settings | null
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

export type Begin = 'begin' | 'begin read only'

/** The two settings statements, the second for settings that tell rows of one's own apart. */
const plainSettings = { name: 'tenantry_settings', text: settingsSql }
const settingsWithRows = { name: 'tenantry_settings_rows', text: allSettingsSql }

const settingsFor = (settings: Settings) => (settings.length === 5 ? plainSettings : settingsWithRows)

const beginName = (begin: Begin) => (begin === 'begin' ? 'tenantry_begin' : 'tenantry_begin_read')

/**
 * Settings and statement under one Sync: PostgreSQL runs both in one implicit transaction, in one round trip. See
 * https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-FLOW-PIPELINING
 */
export class TenantStatement extends DriverQuery {
  readonly #statement: NamedStatement
  readonly #wire: WireBuffer
  readonly #prepared: PreparedStatements
  readonly #done: (error: unknown, row: StatementRow | undefined) => void
  /** Commands before the statement's own. */
  readonly #leading: number
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
    this.#leading = (statement.begin ? 1 : 0) + (statement.settings ? 1 : 0)
    this.#wire = wire
    this.#prepared = prepared
    this.#done = done
  }

  /** Writes into the connection's buffer; the connection sends it. */
  override submit(_connection: pg.Connection): null {
    const { begin, settings, name, statement } = this.#statement
    const first = settings && settingsFor(settings)
    const newBegin = begin && this.#prepare(beginName(begin))
    const newSettings = first && this.#prepare(first.name)
    const newStatement = this.#prepare(name)
    if (begin) {
      if (newBegin) this.#wire.parse(beginName(begin), begin)
      this.#wire.execute(beginName(begin), [])
    }
    if (first) {
      if (newSettings) this.#wire.parse(first.name, first.text)
      this.#wire.execute(first.name, settings)
    }
    if (newStatement) this.#wire.parse(name, statement.text)
    this.#wire.execute(name, statement.values)
    this.#wire.sync()
    return null
  }

  /**
   * Makes room for a name; true when it has to be parsed. Comes before anything that can fail, because after an error the
   * server skips the rest, and a statement that was never closed would stay in its memory.
   */
  #prepare(name: string): boolean {
    if (this.#prepared.has(name)) return false
    const evicted = this.#prepared.add(name)
    if (evicted !== undefined) this.#wire.close(evicted)
    // A name that is left over from a failed parse or an eviction would be refused; closing an unknown one is no error.
    this.#wire.close(name)
    this.#parsed ??= []
    this.#parsed.push(name)
    return true
  }

  override handleRowDescription(): void {}

  override handleDataRow(message: { fields: (string | null)[] }): void {
    if (this.#completed === this.#leading) this.#row = message.fields
  }

  override handleCommandComplete({ text }: { text: string }): void {
    if (this.#completed === this.#leading) this.#row ??= rowOfCommand(text)
    this.#completed++
  }

  override handleError(error: unknown): void {
    // The server skipped everything up to the Sync, perhaps also the parse; whoever comes next parses anew.
    const doubtful = isStalePreparation(error) ? this.#names() : (this.#parsed ?? [])
    for (const name of doubtful) this.#prepared.forget(name)
    this.#done(error, undefined)
  }

  #names(): string[] {
    const { begin, settings, name } = this.#statement
    return [...(begin ? [beginName(begin)] : []), ...(settings ? [settingsFor(settings).name] : []), name]
  }

  override handleReadyForQuery(): void {
    this.#done(undefined, this.#row)
  }
}

/** The same on a connection that one user has, where nothing else is on its way: it is sent at once. */
export class LoneStatement extends TenantStatement {
  readonly #wire: WireBuffer

  constructor(...given: ConstructorParameters<typeof TenantStatement>) {
    super(...given)
    this.#wire = given[1]
  }

  override submit(connection: pg.Connection): null {
    super.submit(connection)
    connection.stream.write(this.#wire.take())
    return null
  }
}
