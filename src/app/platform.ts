import { hostname } from 'node:os'
import { join } from 'node:path'
import { type Archive, createArchive } from '../archive/export.ts'
import { type Catalog, createCatalog } from '../catalog/catalog.ts'
import type { AuditRecord } from '../core/audit.ts'
import type { KeyStore } from '../core/catalog.ts'
import { TenantryError } from '../core/errors.ts'
import { narrowTo } from '../core/published.ts'
import type { Signer } from '../core/signer.ts'
import { createSystemModules, type SystemModules } from '../core/system-modules.ts'
import { Priority } from '../data/postgres/embedded/priority.ts'
import type { EmbeddedServer } from '../data/postgres/embedded.ts'
import { openPostgres, type Postgres, type PostgresOptions, type PostgresSettings } from '../data/postgres/postgres.ts'
import { createIdentity, type Identity } from '../identity/identity.ts'
import { openMasterKey } from '../identity/master-key.ts'
import { createSecrets } from '../identity/secrets.ts'
import { actorFor } from './actor-of-process.ts'
import { type AuditedOperations, auditOperations } from './audited-operations.ts'
import { contextNow } from './context-now.ts'
import type { Environment } from './environment.ts'
import type { Log } from './log.ts'
import { readMigrations } from './migration-files.ts'
import { createMigrations, type Migrations } from './migrations.ts'
import { openServer, type ServerOptions } from './open-server.ts'
import { createOperations } from './operations.ts'
import type { Product } from './product.ts'

/** Everything that is open while a product runs, for the server and for commands. */
export interface Platform {
  readonly product: Product
  readonly environment: Environment
  readonly log: Log
  readonly postgres: Postgres
  readonly catalog: Catalog
  readonly identity: Identity
  readonly operations: AuditedOperations
  /** What was done by the platform and its people, and by whom. */
  readonly audit: AuditRecord
  /** With the files as they are now. */
  migrations(): Promise<Migrations>
  /** The product as the system tenant sees it across all tenants. */
  readonly system: SystemModules
  /** Signs the places in lists that clients come back with. */
  readonly cursors: Signer
  /** Undefined with a DATABASE_URL. */
  readonly embedded: EmbeddedServer | undefined
  /** Without a slash at its end. */
  publicUrl(): string
  /** What this node is reached by; others (commands) take it from the database. */
  setPublicUrl(url: string): Promise<void>
  close(): Promise<void>
}

export interface PlatformOptions extends ServerOptions {
  readonly product: Product
  readonly settings?: PostgresSettings
  /** False: nothing is made in the database or proven of it, for a command that asks what is wrong with it. */
  readonly prepare?: boolean
  /** True: this process is going to serve, which those who change the database can see. */
  readonly serves?: boolean
}

/** How often a process that serves one module looks where the platform is, in milliseconds. */
const followEvery = 2_000

/** Opens database, catalog and identity, each with what it needs from those before. Whatever was opened is closed on failure. */
export async function openPlatform(options: PlatformOptions): Promise<Platform> {
  const { product, environment, log, settings, prepare = true, serves = false } = options
  const open: (() => Promise<void>)[] = []
  const close = async () => {
    for (const step of open.splice(0).reverse()) await step()
  }
  try {
    const embedded = await openServer(options)
    if (embedded) open.push(() => embedded.close())
    // Another server's processes are elsewhere, or another account's.
    const priority = embedded && new Priority()
    if (priority) open.push(async () => priority.close())

    const masterKey = await openMasterKey({ folder: environment.folder, env: environment.variables })
    const wanted: PostgresOptions = {
      target: embedded ? embedded.connection('postgres') : { connectionString: environment.databaseUrl ?? '' },
      modules: product.modules.modules,
      secrets: createSecrets(masterKey),
      prepare,
      ...(priority && { lowerPriority: processId => priority.lower(processId) }),
      ...(serves && { node: { host: hostname(), pid: process.pid } }),
      settings: {
        prefix: environment.prefix,
        apply: environment.production ? 'never' : 'additive',
        ...(product.config.limits?.timeoutMs !== undefined && { statementTimeout: product.config.limits.timeoutMs }),
        ...(product.config.changesHours !== undefined && { changesHours: product.config.changesHours }),
        migrations: await readMigrations(product),
        contextNow: context => contextNow(context, key => catalog.find(key)),
        ...settings,
      },
    }
    const postgres = await openPostgres(wanted)
    open.push(() => postgres.close())

    let publicUrl = environment.publicUrl ?? (await postgres.platform.publicUrl()) ?? defaultPublicUrl(environment)
    if (product.alone !== undefined && environment.publicUrl === undefined) {
      // Whoever serves all modules says who issues the tokens, and may start later than this.
      const timer = setInterval(() => {
        const now = postgres.platform.publicUrl().catch(() => null)
        now.then(url => {
          publicUrl = url ?? publicUrl
        })
      }, followEvery)
      open.push(async () => clearInterval(timer))
    }
    const keyStore = keysOfKnownTenants(postgres.platform, key => catalog.find(key) !== undefined)
    const identity = createIdentity({ store: keyStore, masterKey, publicUrl: () => publicUrl })
    const catalog = await createCatalog({
      store: postgres.platform,
      modules: product.modules,
      editions: product.config.editions ?? {},
      onChange: ({ key }) => identity.forget(key),
      onError: error => log.error({ err: error }, 'the catalog could not be read'),
    })
    open.push(() => catalog.close())

    const archive: Archive = createArchive({ rows: postgres.rows })
    const inner = createOperations({
      catalog,
      identity,
      modules: product.modules,
      store: {
        datasource: postgres.datasource,
        rows: postgres.rows,
        archive,
        groups: postgres.platform.groups,
        upgrades: postgres.upgrades,
        removeKeys: key => postgres.platform.removeKeys(key),
        folder: join(environment.folder, 'archives'),
      },
    })
    const operations = auditOperations(inner, act => postgres.platform.record(act), actorFor(options.mode))
    await identity.ensureKeys('system')
    return {
      product,
      environment,
      log,
      postgres,
      catalog,
      identity,
      operations,
      audit: postgres.platform,
      migrations: () => createMigrations({ product, environment, options: wanted }),
      system: systemOf(product),
      cursors: identity.secrets.signer('cursor'),
      embedded,
      publicUrl: () => publicUrl,
      async setPublicUrl(url) {
        publicUrl = url
        await postgres.platform.setPublicUrl(url)
      },
      close,
    }
  } catch (error) {
    await close().catch(() => {}) // The first failure is the one to tell.
    throw error
  }
}

function systemOf({ modules, alone }: Product): SystemModules {
  const system = createSystemModules(modules)
  return alone === undefined ? system : { ...system, exposure: narrowTo(system.exposure, alone) }
}

function defaultPublicUrl({ host, port }: Environment): string {
  const name = ['0.0.0.0', '::', '::1'].includes(host) ? 'localhost' : host
  return `http://${name.includes(':') ? `[${name}]` : name}:${port}`
}

/** Tokens that name made-up tenants never reach the database. */
function keysOfKnownTenants(store: KeyStore, isKnown: (tenant: string) => boolean): KeyStore {
  return {
    keys: async tenant => (isKnown(tenant) ? store.keys(tenant) : []),
    addFirstKey: (tenant, key) => store.addFirstKey(tenant, key),
    removeKeys: tenant => store.removeKeys(tenant),
  }
}

/** Makes the tenants that a config wants in development and that were never made. */
export async function addDevelopmentTenants({ product, operations, catalog }: Platform): Promise<readonly string[]> {
  const added: string[] = []
  for (const [key, wish] of Object.entries(product.config.development?.tenants ?? {})) {
    const state = catalog.find(key)?.tenant.state
    if (state !== undefined && state !== 'provisioning') continue
    try {
      await operations.addTenant({ key, ...wish })
      added.push(key)
    } catch (error) {
      // Removed on purpose: its key stays taken and it is not made again.
      if (!(error instanceof TenantryError && error.code === 'conflict')) throw error
    }
  }
  // What another process made at the same time is here as well.
  await catalog.refresh()
  return added
}
