import type pg from 'pg'
import { type Migration, orderMigrations } from '../../../core/migration.ts'
import type { Module } from '../../../core/module-set.ts'
import { bootstrap, withClient } from '../bootstrap.ts'
import { takeTurn } from '../lock.ts'
import { rolesOf } from '../roles.ts'
import { extensionSteps } from '../search-functions.ts'
import { identifier } from '../sql/writer.ts'
import { refuseLossesInUse } from './guard.ts'
import { pendingOf, readLedger, refuseStrayFiles } from './ledger.ts'
import { parseScript, type Script } from './parse.ts'
import { asOwner, type DatabaseOptions, runOne, stoppedAt, type UpWish } from './run-one.ts'

export interface UpResult {
  readonly applied: readonly Migration[]
  /** Those that lose something, and what comes behind them: left for a run that is allowed to. */
  readonly held: readonly Migration[]
}

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
    const due = new Map([...scripts].filter(([migration]) => !held.includes(migration)))
    await asOwner(client, prefix, () => refuseLossesInUse(client, options, due, { ...wish, direction: 'up' }))
    const applied: Migration[] = []
    const archived = new Set<Module>()
    for (const [migration, script] of due) {
      const module = modules.find(({ id }) => id === migration.module)
      if (!module) continue
      if (script.destructive && !archived.has(module)) await wish.beforeLoss(module)
      if (script.destructive) archived.add(module)
      await makeRoom(client, module, prefix)
      await runOne({ client, options, wish, module, migration, script, undo: false }).catch(error => {
        throw stoppedAt(error, migration, [...ledger, ...applied])
      })
      applied.push(migration)
    }
    if (applied.length > 0) await client.query('notify tenantry_schema')
    return { applied, held }
  })
}

/** What only the login that prepares the database can make: a module's schema, and extensions for its indexes. */
async function makeRoom(client: pg.ClientBase, module: Module, prefix: string): Promise<void> {
  for (const { sql } of extensionSteps(module)) await client.query(sql)
  await client.query(
    `create schema if not exists ${identifier(module.schema)} authorization ${identifier(rolesOf(prefix).main)}`,
  )
}

/** Those that lose something, what comes behind them in their module, and what must come after any of these. */
export function heldBack(pending: readonly Migration[], scripts: ReadonlyMap<Migration, Script>): Migration[] {
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
