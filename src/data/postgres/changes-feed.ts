import { setTimeout as sleep } from 'node:timers/promises'
import {
  type Change,
  type ChangeOperation,
  type ChangeOptions,
  type KeyTexts,
  keyFromTexts,
  keyName,
  type RowReader,
} from '../../core/changes.ts'
import { TenantryError } from '../../core/errors.ts'
import { bytesText, decodeRows } from '../../core/exact-json.ts'
import type { Entity } from '../../core/module-set.ts'
import type { Answer, Read } from '../../core/plan.ts'
import { keysCondition } from '../../core/query-plan.ts'
import type { TenantContext } from '../../core/tenant-context.ts'
import { type Cursor, noPosition, parsePosition, positionGone, positionOf } from './changes-position.ts'
import type { ChangeSignal } from './changes-signal.ts'
import { changesSql, pageSize, presentSql } from './sql/changes.ts'
import type { Statement } from './sql/writer.ts'
import type { StatementRow } from './tenant-statement.ts'

/** Milliseconds after which a consumer looks for changes although nobody has called. */
const pollTime = 2_000
/** Between two attempts while the database does not answer. */
const firstDelay = 100
const longestDelay = 5_000

export interface ChangeFeedOptions {
  readonly signal: ChangeSignal
  /** The context as it is now; throws when the tenant is no longer served. */
  readonly contextNow: (context: TenantContext) => TenantContext
  /** Runs a statement of ours as the one who reads this entity, in a round trip of its own. */
  readonly ask: (context: TenantContext, entity: Entity, statement: Statement) => Promise<StatementRow>
  readonly run: (context: TenantContext, plan: Read) => Promise<Answer>
}

interface Recorded {
  readonly position: string
  readonly operation: ChangeOperation
  readonly key: KeyTexts
  readonly at: string
}

interface Page {
  readonly context: TenantContext
  readonly changes: readonly Recorded[]
  readonly since: string
  readonly upto: string
  /** There may be more of them. */
  readonly full: boolean
}

/** Reads the outbox page by page, each in one short statement, and the rows beside it; holds nothing while its consumer thinks. */
export class ChangeFeed {
  readonly #options: ChangeFeedOptions

  constructor(options: ChangeFeedOptions) {
    this.#options = options
  }

  async position(context: TenantContext, entity: Entity): Promise<string> {
    const [present] = await this.#options.ask(this.#contextNow(context, entity), entity, presentSql())
    return positionOf(context.tenant, entity, { since: present ?? '' })
  }

  changes(context: TenantContext, entity: Entity, options?: ChangeOptions): AsyncGenerator<Change, void> {
    return this.changesAs(context, entity, (now, keys) => this.#rows(now, entity, keys), options)
  }

  async *changesAs<R>(
    context: TenantContext,
    entity: Entity,
    read: RowReader<R>,
    options: ChangeOptions = {},
  ): AsyncGenerator<Change<R>, void> {
    const { after, signal: abort } = options
    const { signal } = this.#options
    this.#contextNow(context, entity)
    let cursor = after === undefined ? undefined : parsePosition(context.tenant, entity, after)
    const leave = signal.join()
    try {
      for (let delay = firstDelay; !signal.isClosed && !abort?.aborted; ) {
        const { turn } = signal
        try {
          cursor ??= parsePosition(context.tenant, entity, await this.position(context, entity))
          const page = await this.#page(context, entity, cursor)
          delay = firstDelay
          for await (const part of this.#parts(page, entity, read)) {
            for (const change of part) {
              if (abort?.aborted) return
              yield change
              cursor = parsePosition(context.tenant, entity, change.position)
            }
          }
          cursor = pageEnd(page)
          if (!page.full) await signal.wait(turn, pollTime, abort)
        } catch (error) {
          // The database comes back, or has less to do: nothing is lost, the cursor stands where it stood.
          if (!(error instanceof TenantryError && error.code === 'unavailable')) throw error
          await sleep(delay, undefined, abort && { signal: abort }).catch(() => {}) // Aborted: the loop ends.
          delay = Math.min(delay * 2, longestDelay)
        }
      }
    } finally {
      leave()
    }
    if (signal.isClosed && !abort?.aborted) throw new TenantryError('unavailable', 'The server is going away')
  }

  #contextNow(context: TenantContext, entity: Entity): TenantContext {
    if (context.acrossTenants) {
      throw new TenantryError('invalid', 'Changes are followed inside one tenant', { hint: 'Act in that tenant' })
    }
    if (!entity.changes) {
      throw new TenantryError('invalid', `Changes of ${entity.name} are not recorded`, {
        reason: 'changes_not_recorded',
        hint: 'Give the entity the option changes: true',
      })
    }
    const now = this.#options.contextNow(context)
    if (now.exposure.running.includes(entity.module)) return now
    throw new TenantryError('forbidden', 'The tenant does not run the module of these changes', {
      reason: 'module_not_running',
    })
  }

  async #page(given: TenantContext, entity: Entity, cursor: Cursor): Promise<Page> {
    const context = this.#contextNow(given, entity)
    const [changes, upto, isLost, isFuture] = await this.#options
      .ask(context, entity, changesSql(entity, cursor))
      .catch(error => {
        throw error instanceof TenantryError && error.code === 'invalid' ? noPosition() : error
      })
    if (isFuture === 'true') throw noPosition()
    if (isLost === 'true') throw positionGone(await this.position(context, entity))
    const recorded = (JSON.parse(changes ?? '[]') as [string, ChangeOperation, string[], string][]).map(
      ([position, operation, key, at]): Recorded => ({ position, operation, key, at }),
    )
    return { context, changes: recorded, since: cursor.since, upto: upto ?? '', full: recorded.length === pageSize }
  }

  /** The changes of a page with their rows as the reader may see them. What is too large together comes in parts. */
  async *#parts<R>(page: Page, entity: Entity, read: RowReader<R>): AsyncGenerator<readonly Change<R>[], void> {
    const { context, changes } = page
    for (let start = 0, size = changes.length; start < changes.length; ) {
      try {
        const part = changes.slice(start, start + size)
        const wanted = part.filter(({ operation }) => operation !== 'delete').map(({ key }) => key)
        const keys = [...new Map(wanted.map(key => [keyName(key), key])).values()]
        const rows = keys.length > 0 ? await read(context, keys) : undefined
        yield part.map((change, index) => toChange(entity, page, start + index, rows?.get(keyName(change.key))))
        start += size
      } catch (error) {
        if (!(error instanceof TenantryError && error.code === 'too_large') || size === 1) throw error
        size = Math.ceil(size / 2)
      }
    }
  }

  async #rows(
    context: TenantContext,
    entity: Entity,
    keys: readonly KeyTexts[],
  ): Promise<ReadonlyMap<string, Readonly<Record<string, unknown>>>> {
    const answer = await this.#options.run(context, {
      kind: 'read',
      asker: 'code',
      entity,
      select: [{ kind: 'all' }],
      output: 'exact',
      deleted: 'include',
      // A row of another tenant's may have the key of one that is gone.
      shared: 'exclude',
      where: keysCondition(
        entity,
        keys.map(key => keyFromTexts(entity, key)),
      ),
    })
    const rows = decodeRows(entity, answer)
    return new Map(rows.map(row => [keyName(entity.key.map(name => keyText(row[name]))), row]))
  }
}

/** Where the page ends: a full one goes on inside the same two snapshots. */
function pageEnd({ changes, since, upto, full }: Page): Cursor {
  return full ? { since, within: { upto, after: changes.at(-1)?.position ?? '' } } : { since: upto }
}

function toChange<R>(entity: Entity, page: Page, index: number, row: R | undefined): Change<R> {
  const { position, operation, key, at } = page.changes[index] ?? { position: '', operation: 'delete', key: [], at: '' }
  const isLast = index === page.changes.length - 1
  const end = isLast ? pageEnd(page) : { since: page.since, within: { upto: page.upto, after: position } }
  return {
    position: positionOf(page.context.tenant, entity, end),
    operation,
    key: keyFromTexts(entity, key),
    ...(row !== undefined && operation !== 'delete' && { row }),
    at,
  }
}

function keyText(value: unknown): string {
  return value instanceof Uint8Array ? bytesText(value) : String(value)
}
