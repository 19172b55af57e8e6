import { performance } from 'node:perf_hooks'
import type pg from 'pg'
import { type Actor, allTenants } from '../../../core/audit.ts'
import { TenantryError } from '../../../core/errors.ts'
import { describeMigration, type Migration } from '../../../core/migration.ts'
import type { Module } from '../../../core/module-set.ts'
import type { LiveNode } from '../../../core/node.ts'
import { recordStatement } from '../audit.ts'
import type { BootstrapOptions } from '../bootstrap.ts'
import { rolesOf } from '../roles.ts'
import { identifier } from '../sql/writer.ts'
import { refuseLossesInUse } from './guard.ts'
import { type Entry, removeEntry, writeEntry } from './ledger.ts'
import type { Script } from './parse.ts'
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
  /** True: what live nodes read may go all the same. Default false. */
  readonly ignoreNodes?: boolean
  /** Files that came after this process had read its definitions. Default none. */
  readonly later?: readonly Migration[]
  /** Nodes that are written down in another database and may serve from this one as well. Default none. */
  readonly nodesBeside?: () => Promise<readonly LiveNode[]>
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

const patience = [250, 500, 1_000, 2_000, 4_000, 8_000, 15_000]

interface One {
  readonly client: pg.ClientBase
  readonly options: DatabaseOptions
  readonly wish: UpWish
  readonly module: Module
  readonly migration: Migration
  readonly script: Script
  readonly undo: boolean
}

/** Runs one migration, and notes it down in its transaction: in the ledger and in the audit record. */
export async function runOne({ client, options, wish, module, migration, script, undo }: One): Promise<void> {
  const { actor, onProgress, takesWhatIsThere, lockTimeout = 3_000, delays = patience } = wish
  const { prefix } = options
  onProgress({ kind: 'begun', migration })
  const began = performance.now()
  let outcome: Entry['outcome'] = 'applied'
  await runScript(script, {
    ...{ client, prefix, lockTimeout, delays, takesWhatIsThere },
    name: describeMigration(migration),
    schema: module.schema,
    onRetry: code => onProgress({ kind: 'retried', migration, code }),
    note: async there => {
      // Nobody can have begun meanwhile what would need it.
      const direction = undo ? 'down' : 'up'
      await refuseLossesInUse(client, options, new Map([[migration, script]]), { ...wish, direction })
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

/** The error with which a run ends, and where the database stands. */
export function stoppedAt(
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
