import { performance } from 'node:perf_hooks'
import type pg from 'pg'
import { type Actor, allTenants } from '../../../core/audit.ts'
import { TenantryError } from '../../../core/errors.ts'
import { describeMigration, type Migration, orderMigrations } from '../../../core/migration.ts'
import type { Module } from '../../../core/module-set.ts'
import { recordStatement } from '../audit.ts'
import { type BootstrapOptions, bootstrap, withClient } from '../bootstrap.ts'
import { takeTurn } from '../lock.ts'
import { rolesOf } from '../roles.ts'
import { extensionSteps } from '../search-functions.ts'
import { identifier } from '../sql/writer.ts'
import { type Entry, pendingOf, readLedger, refuseStrayFiles, removeEntry, writeEntry } from './ledger.ts'
import { parseScript, type Script } from './parse.ts'
import { runScript } from './run-script.ts'

/** An installation's database, as whoever prepares it sees it. */
export type DatabaseOptions = Omit<BootstrapOptions, 'apply' | 'migrations' | 'part'> & {
  readonly migrations: readonly Migration[]
}

export interface UpWish {
  readonly allowDestructive: boolean
  /** What is there already counts as made by the command that would make it; what it is like is compared at the end. */
  readonly takesWhatIsThere: boolean
  /** Called before anything that loses rows of a module; when it rejects, nothing is lost. */
  readonly beforeLoss: (module: Module) => Promise<void>
  /** Stands in the audit record, with each migration and in its transaction. */
  readonly actor: Actor
  readonly onProgress: (progress: Progress) => void
  /** Milliseconds for which a command waits for a lock. Default 3,000. */
  readonly lockTimeout?: number
  /** How long to wait before each further try, in milliseconds. */
  readonly delays?: readonly number[]
}

export type Progress =
  | { readonly kind: 'waiting' }
  | { readonly kind: 'begun'; readonly migration: Migration }
  | { readonly kind: 'retried'; readonly migration: Migration; readonly code: string }
  | {
      readonly kind: 'done'
      readonly migration: Migration
      readonly outcome: Entry['outcome']
      readonly milliseconds: number
    }

export interface UpResult {
  readonly applied: readonly Migration[]
  /** Those that lose something, and what comes behind them: left for a run that is allowed to. */
  readonly held: readonly Migration[]
}

const patience = [250, 500, 1_000, 2_000, 4_000, 8_000, 15_000]

/**
 * Runs what a database has not seen, each migration all or not at all. Safe to start twice and to kill: whoever comes next
 * goes on behind the last whole one. Throws `conflict` for files that are not those the database has seen, and for a
 * migration that fails, naming where the database stands.
 */
export async function migrateUp(options: DatabaseOptions, wish: UpWish): Promise<UpResult> {
  await bootstrap({ ...options, modules: [], apply: 'additive', part: 'platform' })
  return withClient(options.target, async client => {
    await takeTurn(client, () => wish.onProgress({ kind: 'waiting' }))
    const { modules, migrations, prefix } = options
    const ids = modules.map(({ id }) => id)
    const ledger = await asOwner(client, prefix, () => readLedger(client))
    refuseStrayFiles(migrations, ledger, ids)
    const pending = pendingOf(orderMigrations(migrations, ids), ledger)
    const scripts = new Map(pending.map(migration => [migration, parseScript(migration, prefix)]))
    const held = wish.allowDestructive ? [] : heldBack(pending, scripts)
    const applied: Migration[] = []
    const archived = new Set<Module>()
    for (const [migration, script] of scripts) {
      const module = modules.find(({ id }) => id === migration.module)
      if (!module || held.includes(migration)) continue
      if (script.destructive && !archived.has(module)) await wish.beforeLoss(module)
      if (script.destructive) archived.add(module)
      await makeRoom(client, module, prefix)
      await runOne({ client, prefix, wish, module, migration, script, undo: false }).catch(error => {
        throw stoppedAt(error, migration, [...ledger, ...applied])
      })
      applied.push(migration)
    }
    if (applied.length > 0) await client.query('notify tenantry_schema')
    return { applied, held }
  })
}

export interface DownWish extends Omit<UpWish, 'takesWhatIsThere'> {
  readonly module: Module
  /** The number of the last migration that stays; 0 for none. */
  readonly to: number
}

/** Takes back the migrations of a module behind a number, the last first. Throws `conflict` where others stand on them. */
export async function migrateDown(options: DatabaseOptions, wish: DownWish): Promise<readonly Migration[]> {
  return withClient(options.target, async client => {
    await takeTurn(client, () => wish.onProgress({ kind: 'waiting' }))
    const { modules, migrations, prefix } = options
    const { module, to } = wish
    const ledger = await asOwner(client, prefix, () => readLedger(client))
    refuseStrayFiles(
      migrations,
      ledger,
      modules.map(({ id }) => id),
    )
    const isSeen = (migration: Migration) =>
      ledger.some(entry => entry.module === migration.module && entry.number === migration.number)
    const seen = orderMigrations(
      migrations,
      modules.map(({ id }) => id),
    ).filter(isSeen)
    const wanted = seen.filter(migration => migration.module === module.id && migration.number > to).toReversed()
    const standing = seen.filter(
      migration =>
        migration.module !== module.id &&
        parseScript(migration, prefix).after.some(after => after.module === module.id && after.number > to),
    )
    if (standing.length > 0) {
      throw new TenantryError('conflict', `Migrations of other modules came after those of ${module.id}`, {
        details: standing.map(describeMigration).join('\n'),
        hint: 'Take these back first',
      })
    }
    const scripts = new Map(wanted.map(migration => [migration, parseScript(migration, prefix, true)]))
    const losing = [...scripts].filter(([, { destructive }]) => destructive).map(([migration]) => migration)
    if (losing.length > 0 && !wish.allowDestructive) throw losesSomething(losing)
    if (losing.length > 0) await wish.beforeLoss(module)
    const done: Migration[] = []
    for (const [migration, script] of scripts) {
      await runOne({
        client,
        prefix,
        wish: { ...wish, takesWhatIsThere: false },
        module,
        migration,
        script,
        undo: true,
      }).catch(error => {
        throw stoppedAt(
          error,
          migration,
          ledger.filter(
            entry => !done.some(({ module, number }) => entry.module === module && entry.number === number),
          ),
        )
      })
      done.push(migration)
    }
    if (done.length > 0) await client.query('notify tenantry_schema')
    return done
  })
}

interface One {
  readonly client: pg.ClientBase
  readonly prefix: string
  readonly wish: UpWish
  readonly module: Module
  readonly migration: Migration
  readonly script: Script
  readonly undo: boolean
}

async function runOne({ client, prefix, wish, module, migration, script, undo }: One): Promise<void> {
  const { actor, onProgress, takesWhatIsThere, lockTimeout = 3_000, delays = patience } = wish
  onProgress({ kind: 'begun', migration })
  const began = performance.now()
  let outcome: Entry['outcome'] = 'applied'
  await runScript(script, {
    ...{ client, prefix, lockTimeout, delays, takesWhatIsThere },
    name: describeMigration(migration),
    schema: module.schema,
    onRetry: code => onProgress({ kind: 'retried', migration, code }),
    note: async there => {
      outcome = there > 0 ? 'baseline' : 'applied'
      if (undo) await removeEntry(client, migration)
      else await writeEntry(client, migration, outcome, performance.now() - began)
      const act = { tenant: allTenants, instance: null, verb: undo ? 'migrate.down' : 'migrate.up', rows: null }
      const target = describeMigration(migration)
      const { text, values } = recordStatement({ ...actor, ...act, target, outcome: 'done' })
      await client.query(text, [...values])
    },
  })
  onProgress({ kind: 'done', migration, outcome, milliseconds: performance.now() - began })
}

/** What only the login that prepares the database can make: a module's schema, and extensions for its indexes. */
async function makeRoom(client: pg.ClientBase, module: Module, prefix: string): Promise<void> {
  for (const { sql } of extensionSteps(module)) await client.query(sql)
  await client.query(
    `create schema if not exists ${identifier(module.schema)} authorization ${identifier(rolesOf(prefix).main)}`,
  )
}

/** Those that lose something, what comes behind them in their module, and what must come after any of these. */
function heldBack(pending: readonly Migration[], scripts: ReadonlyMap<Migration, Script>): Migration[] {
  const held: Migration[] = []
  for (const migration of pending) {
    const script = scripts.get(migration)
    const waits = held.some(
      other =>
        other.module === migration.module ||
        script?.after.some(({ module, number }) => module === other.module && number >= other.number),
    )
    if (script?.destructive || waits) held.push(migration)
  }
  return held
}

function losesSomething(migrations: readonly Migration[]): TenantryError {
  return new TenantryError('conflict', 'Something that is kept now would be gone', {
    details: migrations.map(describeMigration).join('\n'),
    hint: 'Say --allow-destructive; the rows of each tenant are archived before',
  })
}

function stoppedAt(
  error: unknown,
  migration: Migration,
  seen: readonly Pick<Migration, 'module' | 'number' | 'name'>[],
): unknown {
  if (!(error instanceof TenantryError)) return error
  const last = seen.filter(({ module }) => module === migration.module).sort((a, b) => b.number - a.number)[0]
  const stand = last ? `${migration.module} stands at ${last.name}` : `${migration.module} has no migration yet`
  return new TenantryError(error.code, error.message, {
    ...(error.reason !== undefined && { reason: error.reason }),
    details: [...(error.details ? [error.details] : []), `The database is whole: ${stand}`].join('\n'),
    hint: error.hint,
    cause: error.cause,
  })
}

export async function asOwner<T>(client: pg.ClientBase, prefix: string, work: () => Promise<T>): Promise<T> {
  await client.query(`set role ${identifier(rolesOf(prefix).main)}`)
  const result = await work()
  await client.query('reset role')
  return result
}
