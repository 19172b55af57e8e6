import { join } from 'node:path'
import { createArchive } from '../archive/export.ts'
import type { Actor } from '../core/audit.ts'
import { TenantryError } from '../core/errors.ts'
import type { FleetDatabase } from '../core/fleet.ts'
import { describeMigration, type Migration } from '../core/migration.ts'
import type { Module } from '../core/module-set.ts'
import type { LiveNode, NodeStatus } from '../core/node.ts'
import type { PlanStep as PlannedStep } from '../data/postgres/diff/step.ts'
import type { MigrationStatus } from '../data/postgres/migrate/migrator.ts'
import type { Progress as MigrationProgress } from '../data/postgres/migrate/run-one.ts'
import { openMigrator, type PostgresOptions } from '../data/postgres/postgres.ts'
import { openMasterKey } from '../identity/master-key.ts'
import { createSecrets } from '../identity/secrets.ts'
import type { Environment } from './environment.ts'
import type { Log } from './log.ts'
import { readMigrations, writeMigrations } from './migration-files.ts'
import { openServer } from './open-server.ts'
import type { Product } from './product.ts'

export type { MigrationProgress, PlannedStep }

export interface MigrationsOptions {
  readonly product: Product
  readonly environment: Environment
  readonly log: Log
  readonly onNotice?: (text: string) => void
}

export interface UpOptions {
  readonly allowDestructive: boolean
  /** What is there already counts as made. Always so in development, where starts make what is new. */
  readonly baseline: boolean
  /** True: what live nodes read may go all the same. */
  readonly ignoreNodes: boolean
  /** Who does it, for the audit record. */
  readonly actor: Actor
  readonly onProgress: (progress: MigrationProgress) => void
}

export interface MigratedUp {
  readonly applied: readonly string[]
  /** Left because they lose something and that was not allowed, or because they come behind such. */
  readonly held: readonly string[]
  /** Folders of the archives that were taken before. */
  readonly archives: readonly string[]
  /** What the definitions say and no migration does; in production it is refused. */
  readonly remaining: string | null
}

/** Where a database stands, and who serves from it. */
export interface MigrationsStatus {
  readonly migrations: readonly MigrationStatus[]
  readonly nodes: readonly NodeStatus[]
}

export interface MigratedDown {
  readonly undone: readonly string[]
  readonly archives: readonly string[]
}

/** Migrations of a product's database: what is done, from the command line and over HTTP. */
export interface Migrations {
  plan(): Promise<readonly PlannedStep[]>
  /** Answers the files that it wrote. */
  generate(name: string | undefined): Promise<readonly string[]>
  status(): Promise<MigrationsStatus>
  up(options: UpOptions): Promise<MigratedUp>
  /** Up to where the database has seen the migrations of each module. */
  seen(): Promise<FleetDatabase['modules']>
  down(module: string, to: number, options: Omit<UpOptions, 'baseline'>): Promise<MigratedDown>
}

/** A product's database as migrations need it: not compared with the definitions, and nothing is served. */
export interface OpenDatabase extends Parts {
  close(): Promise<void>
}

/** Opens the database of a product for migrations only: it is not compared with the definitions and nothing is served. */
export async function openMigrations(options: MigrationsOptions): Promise<Migrations & { close(): Promise<void> }> {
  const { close, ...parts } = await openDatabase(options)
  try {
    return { ...(await createMigrations(parts)), close }
  } catch (error) {
    await close()
    throw error
  }
}

export async function openDatabase(wanted: MigrationsOptions): Promise<OpenDatabase> {
  const { product, environment, log, onNotice } = wanted
  const embedded = await openServer({ environment, log, mode: 'command', ...(onNotice && { onNotice }) })
  const close = async () => embedded?.close()
  try {
    const masterKey = await openMasterKey({ folder: environment.folder, env: environment.variables })
    const options: PostgresOptions = {
      target: embedded ? embedded.connection('postgres') : { connectionString: environment.databaseUrl ?? '' },
      modules: product.modules.modules,
      secrets: createSecrets(masterKey),
      settings: { prefix: environment.prefix },
    }
    return { product, environment, options, close }
  } catch (error) {
    await close()
    throw error
  }
}

export interface Parts {
  readonly product: Product
  readonly environment: Environment
  readonly options: PostgresOptions
  /** Nodes that are written down in another database. Default none. */
  readonly nodesBeside?: () => Promise<readonly LiveNode[]>
}

/**
 * Migrations of a product, whose files are read now; those in the settings are the ones that its definitions were read with.
 * Throws `invalid` for files that are none.
 */
export async function createMigrations({
  product,
  environment,
  options: given,
  nodesBeside = async () => [],
}: Parts): Promise<Migrations> {
  const migrations = await readMigrations(product)
  const known = given.settings?.migrations ?? migrations
  const later = migrations.filter(
    ({ module, name, checksum }) =>
      !known.some(file => file.module === module && file.name === name && file.checksum === checksum),
  )
  const options = { ...given, settings: { ...given.settings, migrations } }
  const { migrator, rows } = openMigrator(options)
  const archive = createArchive({ rows })
  const archiving = () => {
    const archives: string[] = []
    const beforeLoss = async (module: Module) => {
      const live = await migrator.liveRows(module)
      for (const [tenant, counts] of live.tenants) {
        const wish = { tenant, modules: [live.module], folder: join(environment.folder, 'archives') }
        const { folder, manifest } = await archive.exportTenant(wish)
        await archive.verifyArchive(folder)
        const lacking = [...counts].filter(([entity, count]) => (manifest.entities[entity]?.rows ?? 0) < count)
        if (lacking.length > 0) throw archiveLacks(lacking.map(([entity]) => entity))
        archives.push(folder)
      }
    }
    return { archives, beforeLoss }
  }
  const names = (migrations: readonly Migration[]) => migrations.map(describeMigration)
  return {
    plan: () => migrator.plan(),
    generate: async name => writeMigrations(product, await migrator.generate(checkName(name))),
    async status() {
      const [migrations, nodes] = await Promise.all([migrator.status(), migrator.nodes()])
      return { migrations, nodes }
    },
    seen: () => migrator.seen(),
    async up({ allowDestructive, baseline, ignoreNodes, actor, onProgress }) {
      const { archives, beforeLoss } = archiving()
      const takesWhatIsThere = baseline || !environment.production
      const { applied, held } = await migrator.up({
        ...{ allowDestructive, takesWhatIsThere, ignoreNodes, later, nodesBeside, beforeLoss, actor, onProgress },
      })
      const remaining = await migrator.verify().then(
        () => null,
        (error: unknown) => {
          if (environment.production || !(error instanceof TenantryError)) throw error
          return error.details ?? error.message
        },
      )
      return { applied: names(applied), held: names(held), archives, remaining }
    },
    async down(id, to, { allowDestructive, ignoreNodes, actor, onProgress }) {
      const { archives, beforeLoss } = archiving()
      const module = product.modules.get(id)
      const undone = await migrator.down({
        ...{ module, to, allowDestructive, ignoreNodes, later, nodesBeside, beforeLoss, actor, onProgress },
      })
      return { undone: names(undone), archives }
    },
  }
}

/** Rows that a policy hides would be lost without a trace. */
function archiveLacks(entities: readonly string[]): TenantryError {
  return new TenantryError('conflict', 'The archive has fewer rows than there were, so nothing was lost', {
    details: entities.join('\n'),
    hint: 'Were rows deleted meanwhile? Then start it again',
  })
}

function checkName(name: string | undefined): string | undefined {
  if (name === undefined || /^[a-z0-9][a-z0-9_]{0,59}$/.test(name)) return name
  throw new TenantryError('invalid', 'That cannot be part of the name of a migration', {
    hint: 'Use up to 60 of a-z, 0-9 and "_", for example add_phone',
  })
}
