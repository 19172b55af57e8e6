import type pg from 'pg'
import type { AuthorRows, AuthorRun } from '../../core/datasource.ts'
import { TenantryError } from '../../core/errors.ts'
import { toError } from './errors.ts'
import { rowTypes } from './row-types.ts'
import { allSettings, allSettingsSql, type Settings } from './settings.ts'
import type { Statement } from './sql/writer.ts'
import {
  type Begin,
  LoneStatement,
  type NamedStatement,
  type PreparedStatements,
  type StatementRow,
} from './tenant-statement.ts'
import { WireBuffer } from './wire.ts'

/** A transaction that is open, or a part of one: each statement runs with settings of its own, which end with the transaction. */
export interface OpenTransaction {
  run(settings: Settings, statement: Statement): Promise<StatementRow>
  /** A part after a savepoint: it is kept when `work` returns and undone when it throws. */
  nested<T>(work: (part: OpenTransaction) => Promise<T>): Promise<T>
  /** Statements whose text is a module author's. */
  author<T>(settings: Settings, work: (run: AuthorRun) => Promise<T>): Promise<T>
}

export interface ConversationOptions {
  readonly client: pg.PoolClient
  readonly begin: Begin
  /** What the connection has prepared. */
  readonly prepared: PreparedStatements
  /** The name under which connections prepare a statement. */
  readonly nameOf: (role: string, text: string) => string
}

/**
 * What is said on the connection of one transaction: one statement after another, each under its own settings. The transaction
 * begins with the first of them, and settings go along with the statement that needs them: neither takes a round trip.
 */
export class Conversation {
  readonly #options: ConversationOptions
  readonly #client: pg.PoolClient
  readonly #interrupted = Promise.withResolvers<never>()
  readonly #wire = new WireBuffer()
  #begun = false
  #last: Promise<unknown> = Promise.resolve()
  /** Turns that are not over, and when the last one was. */
  #turns = 0
  #silentSince = performance.now()
  #current = ''
  #savepoints = 0
  #hasAuthors = false
  #closed = false
  #reason: TenantryError | undefined

  constructor(options: ConversationOptions) {
    this.#options = options
    this.#client = options.client
  }

  /** False: nothing was said, so there is nothing to commit. */
  get hasBegun(): boolean {
    return this.#begun
  }

  /** Milliseconds for which it has said nothing and waits for no answer. */
  get silence(): number {
    return this.#turns > 0 ? 0 : performance.now() - this.#silentSince
  }

  /** Resolves when whatever was said so far is answered. */
  get rest(): Promise<unknown> {
    return this.#last
  }

  /** Once. What `work` was given answers no more when it has ended: the connection may be another tenant's then. */
  async during<T>(work: (transaction: OpenTransaction) => Promise<T>): Promise<T> {
    try {
      const result = await Promise.race([this.#part(work, () => false), this.#interrupted.promise])
      if (this.#reason) throw this.#reason
      return result
    } finally {
      this.#closed = true
      await this.#last
    }
  }

  /** What is asked from now on fails with `reason`, and nothing is kept; the first reason counts. */
  fail(reason: TenantryError): void {
    this.#reason ??= reason
  }

  /** The same, and a function that does not return is left to itself. */
  leave(reason: TenantryError): void {
    this.fail(reason)
    this.#interrupted.reject(this.#reason)
  }

  /** `isOverAbove`: whatever it is a part of has ended, and it with that. */
  async #part<T>(work: (transaction: OpenTransaction) => Promise<T>, isOverAbove: () => boolean): Promise<T> {
    const state = { over: false, inner: false, authors: 0 }
    const isOver = () => state.over || isOverAbove()
    const check = () => {
      if (isOver()) throw isClosed()
      if (this.#reason) throw this.#reason
      if (state.inner) throw innerIsOpen()
    }
    try {
      const result = await work({
        run: async (settings, statement) => {
          check()
          return await this.#next(() => this.#run(settings, statement))
        },
        author: async (settings, inner) => {
          check()
          let over = false
          state.authors++
          try {
            return await inner(async (text, values) => {
              if (over) throw new TenantryError('internal', 'These statements are over')
              check()
              refuseControl(text)
              return await this.#next(() => this.#runAuthors(settings, text, values))
            })
          } finally {
            over = true
            state.authors--
            await this.#last
          }
        },
        nested: async inner => {
          check()
          state.inner = true
          try {
            return await this.#nested(inner, isOver)
          } finally {
            state.inner = false
          }
        },
      })
      // Half of what it does would be kept.
      if (state.inner || state.authors > 0) throw endedEarly()
      return result
    } finally {
      state.over = true
      await this.#last
    }
  }

  /** For what cannot bring its transaction along. */
  async #begin(): Promise<void> {
    if (this.#begun) return
    this.#begun = true
    await this.#say(this.#options.begin)
  }

  async #nested<T>(work: (transaction: OpenTransaction) => Promise<T>, isOver: () => boolean): Promise<T> {
    const name = `part${++this.#savepoints}`
    await this.#next(async () => {
      await this.#begin()
      await this.#say(`savepoint ${name}`)
    })
    try {
      const result = await this.#part(work, isOver)
      if (isOver()) throw isClosed()
      // A statement that failed and was not heard of makes this fail too, so nothing is lost in silence.
      await this.#next(() => this.#say(`release savepoint ${name}`))
      return result
    } catch (error) {
      // Settings that the part made are gone with it. An error here shows again at the next statement or at the commit.
      this.#current = ''
      if (isOver()) throw error
      await this.#next(() => this.#say(`rollback to savepoint ${name}; release savepoint ${name}`)).catch(() => {})
      throw error
    }
  }

  /** Settings and their statement stay together: two plans at once must not run under each other's role. */
  #next<T>(turn: () => Promise<T>): Promise<T> {
    // Whatever asks: the connection is no longer this transaction's.
    if (this.#closed) return Promise.reject(this.#reason ?? isClosed())
    const mine = this.#last.then(() => {
      if (this.#reason) throw this.#reason
      return turn()
    })
    this.#turns++
    const end = () => {
      this.#turns--
      this.#silentSince = performance.now()
    }
    this.#last = mine.then(end, end)
    return mine
  }

  async #run(settings: Settings, statement: Statement): Promise<StatementRow> {
    const wanted = settings.join('\n')
    const name = this.#options.nameOf(settings[0], statement.text)
    const begin = this.#begun ? undefined : this.#options.begin
    this.#begun = true
    try {
      const row = await this.#send({
        begin,
        // All of them: a statement before may have set what this one does not name.
        settings: wanted === this.#current ? null : allSettings(settings),
        name,
        statement,
      })
      this.#current = wanted
      return row
    } catch (error) {
      throw this.#toError(error)
    }
  }

  #send(statement: NamedStatement): Promise<StatementRow> {
    return new Promise((resolve, reject) => {
      const query = new LoneStatement(statement, this.#wire, this.#options.prepared, (error, row) =>
        error === undefined ? resolve(row ?? []) : reject(error),
      )
      this.#client.query(query as never)
    })
  }

  /** Whatever role or tenant an author's statement sets ends with it: settings are made anew before the next. */
  async #runAuthors(settings: Settings, text: string, values: readonly unknown[]): Promise<AuthorRows> {
    this.#hasAuthors = true
    this.#current = ''
    await this.#begin()
    try {
      await this.#client.query(allSettingsSql, allSettings(settings))
      // Extended: the server takes one statement and no more.
      const config = { text, values: [...values], types: rowTypes, queryMode: 'extended' }
      const { rows, rowCount } = await this.#client.query<Record<string, unknown>>(config)
      return { rows, count: rowCount ?? rows.length }
    } catch (error) {
      throw this.#toError(error)
    }
  }

  /** True: settings of the session may have been changed, so that the connection must not go on with them. */
  get hasAuthors(): boolean {
    return this.#hasAuthors
  }

  /** When nobody waits any more, what failed has been stopped for that, or comes after what was. */
  #toError(error: unknown): TenantryError {
    return this.#reason ?? toError(error)
  }

  async #say(sql: string): Promise<void> {
    await this.#client.query(sql).catch(error => {
      throw this.#toError(error)
    })
  }
}

/** Of one statement the first word says what it is. */
const readsOrWrites = /^[\s(]*(?:select|with|values|insert|update|delete|merge)\b/i

function refuseControl(text: string): void {
  if (readsOrWrites.test(text)) return
  throw new TenantryError('invalid', 'That statement neither reads nor writes rows', {
    hint: 'Transactions, roles, settings and tables are not changed here',
  })
}

function isClosed(): TenantryError {
  return new TenantryError('internal', 'The transaction is over')
}

/** Something is still under way in a transaction whose function has returned. */
export function endedEarly(): TenantryError {
  return new TenantryError('invalid', 'The transaction has ended while something in it was open', {
    hint: 'Wait for each part and for all statements before the function returns',
  })
}

function innerIsOpen(): TenantryError {
  return new TenantryError('invalid', 'A transaction inside this one is open', {
    hint: 'Use the data that the inner transaction was given, and begin the next one when it has ended',
  })
}
