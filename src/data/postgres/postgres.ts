import { randomUUID } from 'node:crypto'
import { availableParallelism } from 'node:os'
import type { Datasource } from '../../core/datasource.ts'
import { TenantryError } from '../../core/errors.ts'
import type { Migration } from '../../core/migration.ts'
import type { Module } from '../../core/module-set.ts'
import type { TenantContext } from '../../core/tenant-context.ts'
import type { TenantRows } from '../../core/tenant-rows.ts'
import type { UpgradeStore } from '../../core/upgrade-plan.ts'
import { bootstrap, findDatabaseFaults } from './bootstrap.ts'
import { ChangeSignal } from './changes-signal.ts'
import { startSweeping, sweepChanges } from './changes-sweep.ts'
import { PostgresDatasource } from './datasource.ts'
import type { ConnectionTarget } from './driver.ts'
import { isServerError, toError } from './errors.ts'
import { createMigrator, type Migrator } from './migrate/migrator.ts'
import { servedModules } from './nodes.ts'
import { PlatformStore } from './platform-store.ts'
import { Pool } from './pool.ts'
import { rolesOf } from './roles.ts'
import { findSessionFaults } from './session-check.ts'
import { platformSession } from './settings.ts'
import { StreamPool } from './stream.ts'
import { PostgresTenantRows } from './tenant-rows.ts'
import { TransactionPool } from './transaction.ts'
import { tidyEmptied } from './upgrade-tidy.ts'
import { PostgresUpgrades } from './upgrades.ts'

export interface PostgresOptions {
  /** The bootstrap login: a URL or its parts. */
  readonly target: ConnectionTarget
  readonly modules: readonly Module[]
  /** Derives the login passwords and tells master keys apart. */
  readonly secrets: { derive(purpose: string): string; fingerprint(): string }
  readonly settings?: PostgresSettings
  /** False: the database is taken as it is found, for whoever wants to know with `inspect` what is wrong with it. */
  readonly prepare?: boolean
  /** As of a pool, where the server is ours to say. */
  readonly lowerPriority?: ((processId: number) => boolean) | undefined
  /** The process that is going to serve, for those who change the database. Absent: it is no node. */
  readonly node?: { readonly host: string; readonly pid: number }
}

export interface PostgresSettings {
  /** Prefix of the installation's roles. Default `tenantry`. */
  readonly prefix?: string
  /** Default `additive`. */
  readonly apply?: 'additive' | 'never'
  /** Migrations of the modules. Those that the database has not seen are named where it lacks something. */
  readonly migrations?: readonly Migration[]
  /** Pipelined connections for tenants' reads; twice as many while slow statements hold them. Default 4. */
  readonly connections?: number
  /** The same for writes. Default twice as many as for reads. */
  readonly writeConnections?: number
  /**
   * How many slow statements of one tenant run at once. Default: half of the processors, or of the connections if that is
   * less, so that the others' statements find a processor too.
   */
  readonly slowStatements?: number
  /** Connections for interactive transactions. Default 8. */
  readonly transactions?: number
  /** Connections for answers that are too large for one text. Default 4. */
  readonly streams?: number
  /** Statements that may wait for a connection before `unavailable` is answered. Default 2,000. */
  readonly queue?: number
  /** Milliseconds that one statement may take. Default 10,000. */
  readonly statementTimeout?: number
  /** How long recorded changes are kept, in hours. Default 168. */
  readonly changesHours?: number
  /** Asked before each page of changes: the context as it is now; throws when the tenant is no longer served. Default: as it was. */
  readonly contextNow?: (context: TenantContext) => TenantContext
}

export interface Postgres {
  readonly datasource: Datasource
  readonly platform: PlatformStore
  readonly rows: TenantRows
  readonly upgrades: UpgradeStore
  /** Ids of what bootstrap made. */
  readonly applied: readonly string[]
  /** Removes changes that are older than they are kept, which happens by itself now and then; answers how many. */
  sweepChanges(): Promise<number>
  /** What is wrong with the database as it is now, one sentence each; changes nothing. */
  inspect(): Promise<readonly string[]>
  /** What the pools do at the moment. */
  load(): { readonly connections: number; readonly waiting: number }
  close(): Promise<void>
}

/**
 * Prepares a database from the definitions, proves that it keeps tenants apart and opens the connections that serve.
 * Throws `conflict` when the database differs from the definitions or its roles could walk around row security,
 * `unavailable` when it cannot be reached.
 */
export async function openPostgres(options: PostgresOptions): Promise<Postgres> {
  const { target, modules, secrets, settings = {}, prepare = true } = options
  const {
    prefix = 'tenantry',
    apply = 'additive',
    migrations = [],
    connections = 4,
    writeConnections = connections * 2,
    slowStatements = Math.max(1, Math.min(connections, Math.floor(availableParallelism() / 2))),
    transactions = 8,
    streams = 4,
    queue = 2_000,
    statementTimeout = 10_000,
    changesHours = 168,
    contextNow = context => context,
  } = settings
  const passwords = passwordsOf(secrets)
  const keyFingerprint = secrets.fingerprint()
  const wanted = { target, prefix, passwords, keyFingerprint, modules, apply, migrations }
  const node = options.node && { id: randomUUID(), ...options.node, modules: servedModules(modules, prefix) }
  const applied = prepare ? await bootstrap({ ...wanted, ...(node && { node }) }) : []

  const roles = rolesOf(prefix)
  const tenantTarget = asLogin(target, roles.tenantLogin, passwords.tenant)
  const platformTarget = asLogin(target, roles.platformLogin, passwords.platform)
  const poolOf = (size: number, lowerPriority?: PostgresOptions['lowerPriority']) =>
    new Pool(tenantTarget, {
      size,
      most: size * 2,
      queue,
      tenantQueue: Math.ceil(queue / 4),
      tenantSlow: slowStatements,
      lowerPriority,
    })
  const tenantLane = {
    // A write that gave way would hold its locks for longer.
    reads: poolOf(connections, options.lowerPriority),
    writes: poolOf(writeConnections),
    transactions: new TransactionPool(tenantTarget, { size: transactions }),
    streams: new StreamPool(tenantTarget, streams),
  }
  const platformLane = {
    transactions: new TransactionPool(platformTarget, { size: 2, session: platformSession }),
    streams: new StreamPool(platformTarget, 2, platformSession),
  }
  const pools = [tenantLane.reads, tenantLane.writes]
  const platform = new PlatformStore(platformTarget, prefix)
  const presence = node && platform.keepNode(node)
  const signal = new ChangeSignal(onChange => platform.watchChanges(onChange))
  const changes = { signal, contextNow }
  const datasource = new PostgresDatasource({ prefix, tenantLane, platformLane, statementTimeout, changes })
  const sweep = () => sweepChanges(platformTarget, prefix, changesHours)
  try {
    await Promise.all(pools.map(pool => pool.open()))
    const watch = await platform.watchSchema(() => {
      for (const pool of pools) pool.renew().catch(() => {}) // The old connections go on serving.
    })
    const sweeping = modules.some(({ entities }) => entities.some(entity => entity.changes))
      ? startSweeping(sweep, changesHours)
      : undefined
    return {
      datasource,
      platform,
      rows: new PostgresTenantRows(tenantTarget, prefix),
      upgrades: new PostgresUpgrades(platformTarget, prefix, modules, emptied => tidyEmptied(target, prefix, emptied)),
      applied,
      sweepChanges: sweep,
      inspect: async () => [
        ...(await findDatabaseFaults(wanted)),
        ...(await findSessionFaults(
          tenantTarget,
          prefix,
          modules.flatMap(({ entities }) => entities),
        )),
      ],
      load: () => ({
        connections: pools.reduce((sum, pool) => sum + pool.connections, 0),
        waiting: pools.reduce((sum, pool) => sum + pool.waiting, 0),
      }),
      close: async () => {
        sweeping?.close()
        await watch.close()
        await datasource.close()
        await presence?.close()
        await platform.close()
      },
    }
  } catch (error) {
    await presence?.close()
    await Promise.allSettled([datasource.close(), platform.close()])
    throw loginError(error, prefix)
  }
}

function passwordsOf(secrets: PostgresOptions['secrets']) {
  return { tenant: secrets.derive('login tenant'), platform: secrets.derive('login platform') }
}

/** For migrations alone: nothing is connected before it is asked for, and nothing compared. */
export function openMigrator({ target, modules, secrets, settings = {} }: PostgresOptions): {
  readonly migrator: Migrator
  readonly rows: TenantRows
} {
  const { prefix = 'tenantry', migrations = [] } = settings
  const passwords = passwordsOf(secrets)
  const keyFingerprint = secrets.fingerprint()
  return {
    migrator: createMigrator({ target, prefix, passwords, keyFingerprint, modules, migrations }),
    rows: new PostgresTenantRows(asLogin(target, rolesOf(prefix).tenantLogin, passwords.tenant), prefix),
  }
}

function asLogin({ connectionString, ...rest }: ConnectionTarget, user: string, password: string): ConnectionTarget {
  if (connectionString === undefined) return { ...rest, user, password }
  const url = new URL(connectionString)
  url.username = encodeURIComponent(user)
  url.password = encodeURIComponent(password)
  return { ...rest, connectionString: url.href }
}

function loginError(error: unknown, prefix: string): TenantryError {
  if (isServerError(error) && (error.code === '28P01' || error.code === '28000')) {
    return new TenantryError('conflict', `The server refuses the logins with the prefix "${prefix}"`, {
      hint: 'Roles belong to the server: another installation with another master key has this prefix. Choose another one (TENANTRY_PREFIX)',
      cause: error,
    })
  }
  return toError(error)
}
