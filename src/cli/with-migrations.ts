import type { Fleet } from '../app/fleet.ts'
import type { MigrationProgress, Migrations } from '../app/migrations.ts'
import { describeMigration } from '../core/migration.ts'
import type { Input } from './command.ts'
import { findProductFolder } from './product-folder.ts'

/** Opens a product's database for migrations, beside a running server or alone, and closes it whatever happens. */
export async function withMigrations<T>(
  { globals, output }: Pick<Input, 'globals' | 'output'>,
  work: (migrations: Migrations) => Promise<T>,
): Promise<T> {
  const [{ parseEnvironment }, { createLog }, { openMigrations }, { loadProduct }] = await Promise.all([
    import('../app/environment.ts'),
    import('../app/log.ts'),
    import('../app/migrations.ts'),
    import('../app/product.ts'),
  ])
  const dir = findProductFolder(globals.dir)
  const environment = parseEnvironment(process.env, dir)
  const product = await loadProduct(dir)
  const log = createLog(globals.json ? 'silent' : 'warn')
  const migrations = await openMigrations({ product, environment, log, onNotice: text => output.note(`note: ${text}`) })
  try {
    return await work(migrations)
  } finally {
    await migrations.close()
  }
}

/** Opens a product's fleet of databases, and closes it whatever happens. */
export async function withFleet<T>(
  { globals, output }: Pick<Input, 'globals' | 'output'>,
  work: (fleet: Fleet) => Promise<T>,
): Promise<T> {
  const [{ parseEnvironment }, { createLog }, { openFleet }, { loadProduct }] = await Promise.all([
    import('../app/environment.ts'),
    import('../app/log.ts'),
    import('../app/fleet.ts'),
    import('../app/product.ts'),
  ])
  const dir = findProductFolder(globals.dir)
  const environment = parseEnvironment(process.env, dir)
  const product = await loadProduct(dir)
  const log = createLog(globals.json ? 'silent' : 'warn')
  const fleet = await openFleet({ product, environment, log, onNotice: text => output.note(`note: ${text}`) })
  try {
    return await work(fleet)
  } finally {
    await fleet.close()
  }
}

/** What happens along the way, a line each. */
export function progressText(progress: MigrationProgress): string | undefined {
  switch (progress.kind) {
    case 'waiting':
      return 'Another process prepares this database; waiting for it'
    case 'begun':
      return undefined
    case 'retried':
      return `${describeMigration(progress.migration)}: others hold the locks that it needs (${progress.code}); trying again`
    case 'done': {
      const { migration, milliseconds, outcome } = progress
      const told = outcome === 'baseline' ? 'was there already' : `${Math.round(milliseconds)} ms`
      return `${describeMigration(migration)}  ${told}`
    }
  }
}
