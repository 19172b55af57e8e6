import type pg from 'pg'
import { TenantryError } from '../../core/errors.ts'
import { createLruCache, type LruCache } from '../../core/lru-cache.ts'
import { DriverQuery } from './driver.ts'
import { isConnectionError, isStalePreparation, isStrayCancel } from './errors.ts'
import { allSettings, allSettingsSql, type Settings, settingsSql } from './settings.ts'
import { joinKeys, joinRows, type Statement } from './sql/writer.ts'
import type { WireBuffer } from './wire.ts'

/** The one row that a statement of ours answers, as PostgreSQL sent it. */
export type StatementRow = readonly (string | null)[]

/** The same for a write that answers no row: how many rows it met, as the server says at its end (`INSERT 0 1`, `UPDATE 3`). */
function rowOfCommand(tag: string): StatementRow | undefined {
  const count = /^(?:INSERT 0|UPDATE|DELETE) (\d+)$/.exec(tag)?.[1]
  return count === undefined ? undefined : ['', count, null, null]
}

/** Of the statement that looks up the rows of several keys. */
const lookupName = (name: string) => `${name}_keys`

/** Of each of those that are one insert. */
const oneInserted: StatementRow = ['', '1', null, null]

/** Characters of rows that one insert takes together, so that large ones do not add up to a statement that takes long. */
const mostGathered = 64 * 1_024

const rowLength = ({ values: [row] }: Statement) => row?.length ?? 0

/** A statement, for whom it runs, and the name under which connections prepare it. */
export interface NamedStatement {
  /** The transaction that begins with it, in the same round trip. Absent: the one that is open, else one of its own. */
  readonly begin?: Begin | undefined
  /** Null where the transaction has them already. */
  readonly settings: Settings | null
  readonly name: string
  readonly statement: Statement
}

/** Names remembered of those that it would be good to have. */
const mostWanted = 100

/** The statements that a connection knows by name; one that was not used lately is closed when there are too many. */
export class PreparedStatements {
  readonly #names: LruCache<string, true>
  readonly #wanted = new Set<string>()
  readonly #left: string[] = []

  constructor(limit: number) {
    this.#names = createLruCache(limit)
  }

  has(name: string): boolean {
    return this.#names.get(name) !== undefined
  }

  /** Remembers a name; answers the one that had to go for it. */
  add(name: string): string | undefined {
    this.#wanted.delete(name)
    const [gone] = this.#names.set(name, true)
    return gone
  }

  /** Where it cannot be prepared now. */
  want(name: string): void {
    const [oldest] = this.#wanted
    if (oldest !== undefined && this.#wanted.size >= mostWanted) this.#wanted.delete(oldest)
    this.#wanted.add(name)
  }

  isWanted(name: string): boolean {
    return this.#wanted.has(name)
  }

  forget(name: string): void {
    this.#names.delete(name)
    this.#left.push(name)
  }

  /** Those that were forgotten since the last time, which the server may still have. */
  takeLeft(): readonly string[] {
    return this.#left.splice(0)
  }
}

export type Begin = 'begin' | 'begin read only'

/** The two settings statements, the second for settings that tell rows of one's own apart. */
const plainSettings = { name: 'tenantry_settings', text: settingsSql }
const settingsWithRows = { name: 'tenantry_settings_rows', text: allSettingsSql }

const settingsFor = (settings: Settings) => (settings.length === 5 ? plainSettings : settingsWithRows)

const beginName = (begin: Begin) => (begin === 'begin' ? 'tenantry_begin' : 'tenantry_begin_read')

/** Writes statements into a connection's buffer and keeps account of what the server has prepared. */
class Preparer {
  readonly #wire: WireBuffer
  readonly #prepared: PreparedStatements
  #parsed: string[] | undefined

  constructor(wire: WireBuffer, prepared: PreparedStatements) {
    this.#wire = wire
    this.#prepared = prepared
  }

  /**
   * Makes room for a name; true when it has to be parsed. Comes before anything that can fail, because after an error the
   * server skips the rest, and a statement that was never closed would stay in its memory.
   */
  prepare(name: string): boolean {
    for (const left of this.#prepared.takeLeft()) this.#wire.close(left)
    if (this.#prepared.has(name)) return false
    const evicted = this.#prepared.add(name)
    if (evicted !== undefined) this.#wire.close(evicted)
    // A name that is left over from a failed parse or an eviction would be refused; closing an unknown one is no error.
    this.#wire.close(name)
    this.#parsed ??= []
    this.#parsed.push(name)
    return true
  }

  /** The server skipped everything up to the Sync, perhaps also the parse; whoever comes next closes it and parses anew. */
  forget(error: unknown, names: Iterable<string>): void {
    for (const name of isStalePreparation(error) ? names : (this.#parsed ?? [])) this.#prepared.forget(name)
  }
}

/**
 * Settings and statement under one Sync, in one round trip, on a connection that one user has: nothing else is on its way, so
 * it is sent at once.
 */
export class LoneStatement extends DriverQuery {
  readonly #statement: NamedStatement
  readonly #wire: WireBuffer
  readonly #preparer: Preparer
  readonly #done: (error: unknown, row: StatementRow | undefined) => void
  /** Commands before the statement's own. */
  readonly #leading: number
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
    this.#preparer = new Preparer(wire, prepared)
    this.#done = done
  }

  override submit(connection: pg.Connection): null {
    const { begin, settings, name, statement } = this.#statement
    const first = settings && settingsFor(settings)
    const newBegin = begin && this.#preparer.prepare(beginName(begin))
    const newSettings = first && this.#preparer.prepare(first.name)
    const newStatement = this.#preparer.prepare(name)
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
    connection.stream.write(this.#wire.take())
    return null
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
    this.#preparer.forget(error, this.#names())
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

/** One of the statements of a shared transaction. */
export interface SharedStatement {
  readonly settings: Settings
  readonly name: string
  readonly statement: Statement
  /** `notRun` in place of an error: the fault is another's. */
  done(error: unknown, row: StatementRow | undefined): void
}

/** What the server is told to run. */
interface Command {
  /** Whom it answers; none: it makes settings. */
  readonly statements: SharedStatement[]
  /** True when it looks up several keys: each row says at its end which one it is of. Else one row is everybody's. */
  numbered: boolean
}

/** A statement whose transaction failed for another one's sake: nothing of it has happened, and its connection is well. */
export const notRun = new TenantryError('unavailable', 'The statement was rolled back with others', {
  hint: 'Try again',
  retryAfter: 1,
})

/**
 * Statements of one tenant under one Sync, which PostgreSQL runs in one implicit transaction, in one round trip; they share its
 * settings and its commit. Each is answered as if it were alone: reads at once, writes when all of them are committed. The
 * first error ends the transaction; what is lost with it has to be run again. See
 * https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-FLOW-PIPELINING
 */
export class SharedTransaction extends DriverQuery {
  readonly #wire: WireBuffer
  readonly #preparer: Preparer
  readonly #prepared: PreparedStatements
  readonly #statements: SharedStatement[]
  readonly #reads: boolean
  readonly #commands: Command[] = []
  /** The last of them, as long as it is not written: what is like it may come in. */
  #gathering: Command | undefined
  /** Characters of the rows in it. */
  #gathered = 0
  /** How many statements the server runs: fewer than are answered where several ask for the same, none where none was sent. */
  #runs = 0
  readonly #rows: (StatementRow | undefined)[] = []
  #settings: Settings
  /** Set when rows of one's own have been told apart, which whoever comes later must not be left with. */
  #withRows: boolean
  /** True when the first statement had to be prepared. */
  #isNew = false
  #completed = 0
  #answered = 0
  /** Rows of the command that runs, by its statements. */
  #found: (string | null)[][] = []

  /** `reads`: none of them writes. */
  constructor(first: SharedStatement, reads: boolean, wire: WireBuffer, prepared: PreparedStatements) {
    super('')
    this.#statements = [first]
    this.#settings = first.settings
    this.#withRows = first.settings.length !== 5
    this.#reads = reads
    this.#wire = wire
    this.#prepared = prepared
    this.#preparer = new Preparer(wire, prepared)
  }

  /** Writes the first statement into the connection's buffer; the connection sends it. */
  override submit(): null {
    const [first] = this.#statements
    if (!first) return null
    const { settings, name, statement } = first
    const { name: settingsName, text } = settingsFor(settings)
    const newSettings = this.#preparer.prepare(settingsName)
    const newStatement = this.#preparer.prepare(name)
    // Of two statements of one text one may be a lookup and the other a list of one.
    const lookup = newStatement || !this.#prepared.isWanted(lookupName(name)) ? undefined : statement.lookup
    const newLookup = lookup !== undefined && this.#preparer.prepare(lookupName(name))
    if (newSettings) this.#wire.parse(settingsName, text)
    this.#wire.execute(settingsName, settings)
    // Behind the settings: whoever parses needs the rights, too.
    if (newStatement) this.#wire.parse(name, statement.text)
    if (newLookup) this.#wire.parse(lookupName(name), lookup())
    this.#isNew = newStatement || newLookup
    this.#commands.push({ statements: [], numbered: false })
    this.#execute(first)
    return null
  }

  get size(): number {
    return this.#statements.length
  }

  get runs(): number {
    return this.#runs
  }

  /** True when `shared` had to be prepared here. */
  hasPrepared(shared: SharedStatement): boolean {
    return this.#isNew && shared === this.#statements[0]
  }

  /** True when another one may come in: of the same tenant, and nothing has to be prepared behind what may fail. */
  takes({ settings, name }: Omit<SharedStatement, 'done'>): boolean {
    return (
      settings[1] === this.#settings[1] &&
      this.#prepared.has(name) &&
      (isSame(settings, this.#settings) || this.#prepared.has(this.#settingsFor(settings).name))
    )
  }

  #settingsFor(settings: Settings): typeof plainSettings {
    return this.#withRows ? settingsWithRows : settingsFor(settings)
  }

  add(shared: SharedStatement): void {
    const { settings } = shared
    this.#statements.push(shared)
    if (!isSame(settings, this.#settings)) {
      this.#writeGathered()
      const { name: settingsName } = this.#settingsFor(settings)
      this.#wire.execute(settingsName, this.#withRows ? allSettings(settings) : settings)
      this.#commands.push({ statements: [], numbered: false })
      this.#settings = settings
      this.#withRows ||= settings.length !== 5
    }
    this.#execute(shared)
  }

  /** One statement of many rows or keys costs the server a fraction of as many statements. */
  #execute(shared: SharedStatement): void {
    if (this.#gathering && this.#gathers(this.#gathering, shared)) this.#gathering.statements.push(shared)
    else {
      this.#writeGathered()
      this.#gathering = { statements: [shared], numbered: false }
      this.#gathered = 0
      this.#commands.push(this.#gathering)
    }
    this.#gathered += rowLength(shared.statement)
  }

  #gathers(command: Command, { name, statement }: SharedStatement): boolean {
    const [first] = command.statements
    if (first?.name !== name) return false
    const { values, takesRows = false, lookup } = statement
    if (!this.#reads) {
      const fits = this.#gathered + rowLength(statement) <= mostGathered
      return takesRows && first.statement.takesRows === true && fits
    }
    // Who asks for the same at the same moment has the same answer.
    if (!command.numbered && isSame(values, first.statement.values)) return true
    if (!lookup) return false
    if (!this.#prepared.has(lookupName(name))) {
      this.#prepared.want(lookupName(name))
      return false
    }
    command.numbered = true
    return true
  }

  #writeGathered(): void {
    if (!this.#gathering) return
    const { statements: shared, numbered } = this.#gathering
    this.#gathering = undefined
    const [first] = shared
    if (!first) return
    const { name, statement } = first
    const statements = shared.map(each => each.statement)
    this.#runs += numbered || statement.takesRows ? statements.length : 1
    if (numbered) this.#wire.execute(lookupName(name), joinKeys(statements))
    else if (statement.takesRows && statements.length > 1) this.#wire.execute(name, [joinRows(statements)])
    else this.#wire.execute(name, statement.values)
  }

  /** Nothing more comes in. */
  end(): void {
    this.#writeGathered()
    this.#wire.sync()
  }

  override handleRowDescription(): void {}

  override handleDataRow({ fields }: { fields: (string | null)[] }): void {
    const isNumbered = this.#commands[this.#completed]?.numbered
    this.#found[isNumbered ? Number(fields.pop()) - 1 : 0] = fields
  }

  override handleCommandComplete({ text }: { text: string }): void {
    const { statements = [], numbered = false } = this.#commands[this.#completed++] ?? {}
    const found = this.#found
    this.#found = []
    if (this.#reads) {
      this.#answered += statements.length
      for (const [index, shared] of statements.entries()) shared.done(undefined, found[numbered ? index : 0])
    } else if (statements.length > 1) {
      // Nobody is told of a row that is not there.
      const row = rowOfCommand(text)?.[1] === String(statements.length) ? oneInserted : undefined
      for (const _ of statements) this.#rows.push(row)
    } else if (statements.length > 0) this.#rows.push(found[0] ?? rowOfCommand(text))
  }

  override handleError(error: unknown): void {
    this.#preparer.forget(error, [
      plainSettings.name,
      settingsWithRows.name,
      ...this.#statements.flatMap(({ name }) => [name, lookupName(name)]),
    ])
    const failed = this.#statements.slice(this.#answered)
    this.#answered = this.#statements.length
    // A read's error is its own, unless others have the same answer or are looked up with it; what a write has met may be another one's doing. Some are nobody's.
    const { length = 0 } = this.#commands[this.#completed]?.statements ?? []
    const own = failed.length === 1 || (this.#reads && length <= 1)
    const all = isConnectionError(error) || isStrayCancel(error) || isStalePreparation(error)
    for (const [index, shared] of failed.entries()) shared.done(all || (own && index === 0) ? error : notRun, undefined)
  }

  override handleReadyForQuery(): void {
    for (; this.#answered < this.#statements.length; this.#answered++)
      this.#statements[this.#answered]?.done(undefined, this.#rows[this.#answered])
  }
}

function isSame(some: readonly (string | null)[], others: readonly (string | null)[]): boolean {
  return some === others || (some.length === others.length && some.every((value, index) => value === others[index]))
}
