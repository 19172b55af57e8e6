import { TenantryError } from '../../../core/errors.ts'
import { describeMigration, type Migration, orderMigrations } from '../../../core/migration.ts'
import type { Module } from '../../../core/module-set.ts'
import { withClient } from '../bootstrap.ts'
import { takeTurn } from '../lock.ts'
import { refuseLossesInUse } from './guard.ts'
import { readLedger, refuseStrayFiles } from './ledger.ts'
import { parseScript } from './parse.ts'
import { asOwner, type DatabaseOptions, runOne, stoppedAt, type UpWish } from './run-one.ts'

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
    await asOwner(client, prefix, () => refuseLossesInUse(client, options, scripts, { ...wish, direction: 'down' }))
    if (losing.length > 0) await wish.beforeLoss(module)
    const done: Migration[] = []
    for (const [migration, script] of scripts) {
      await runOne({
        client,
        options,
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

function losesSomething(migrations: readonly Migration[]): TenantryError {
  return new TenantryError('conflict', 'Something that is kept now would be gone', {
    details: migrations.map(describeMigration).join('\n'),
    hint: 'Say --allow-destructive; the rows of each tenant are archived before',
  })
}
