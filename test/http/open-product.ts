import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Config } from '../../src/app/config.ts'
import { parseEnvironment } from '../../src/app/environment.ts'
import { createLog } from '../../src/app/log.ts'
import type { TenantWish, TokenWish } from '../../src/app/operations.ts'
import { openPlatform, type Platform } from '../../src/app/platform.ts'
import { aloneIn, type Product } from '../../src/app/product.ts'
import { startServer } from '../../src/app/server.ts'
import type { ModuleDefinition } from '../../src/core/module.ts'
import { createModuleSet } from '../../src/core/module-set.ts'
import { publishModules } from '../../src/core/published.ts'
import type { PostgresSettings } from '../../src/data/postgres/postgres.ts'
import { createTestDatabase, type TestDatabase } from '../../src/testing/test-database.ts'
import { type Client, createClient } from './client.ts'

/** A product that is served on a port and a database of its own. */
export interface OpenProduct extends Client {
  readonly platform: Platform
  readonly database: TestDatabase
  /** What was logged so far, as text. */
  readonly logged: () => string
  /** A token of a tenant; by default one of its admin. */
  token(tenant: string, wish?: Partial<TokenWish>): Promise<string>
  close(): Promise<void>
}

export interface ProductOptions {
  readonly modules: readonly ModuleDefinition[]
  readonly tenants?: readonly TenantWish[]
  readonly config?: Partial<Config>
  readonly settings?: PostgresSettings
  readonly variables?: NodeJS.ProcessEnv
  /** Another product's database, to be one more node beside it; the one that made it drops it. */
  readonly database?: TestDatabase
  /** The only module or composed API that is served. */
  readonly alone?: string
}

/** Variables of an environment that uses a database of the test server, with roles that only these tests have. */
export function variablesFor({ target, server }: TestDatabase, folder: string): NodeJS.ProcessEnv {
  const { host, port, user, password, database } = target
  const url = new URL(`postgres://localhost:${port}/${database}`)
  url.username = String(user)
  url.password = String(password)
  if (host.startsWith('/')) url.searchParams.set('host', host)
  else url.hostname = host
  return {
    HOST: '127.0.0.1',
    PORT: '0',
    DATABASE_URL: url.href,
    TENANTRY_FOLDER: folder,
    // Login passwords come from the master key, so whoever shares it shares the roles too.
    TENANTRY_PREFIX: `${server.prefix}http`,
    TENANTRY_MASTER_KEY: server.masterKey,
    LOG_LEVEL: 'info',
  }
}

/** Connections: opening each is a process of the server. */
const few = { connections: 2, writeConnections: 2 } as const

export async function openProduct(options: ProductOptions): Promise<OpenProduct> {
  const { modules, tenants = [], config = {}, settings = {}, variables = {} } = options
  const folder = mkdtempSync(join(tmpdir(), 'tenantry-http-'))
  const database = options.database ?? (await createTestDatabase())
  const undo: (() => unknown)[] = [() => rmSync(folder, { recursive: true, force: true })]
  if (!options.database) undo.push(() => database.drop())
  const close = async () => {
    for (const step of undo.splice(0).reverse()) await step()
  }
  try {
    let logged = ''
    const environment = parseEnvironment({ ...variablesFor(database, folder), ...variables }, folder)
    const whole: Product = {
      dir: folder,
      config: { name: 'Test', ...config },
      modules: publishModules(createModuleSet(modules), config.products),
    }
    const product = options.alone === undefined ? whole : aloneIn(whole, options.alone)
    const log = createLog(environment.logLevel, {
      write: line => {
        logged += line
      },
    })
    const platform = await openPlatform({
      product,
      environment,
      log,
      mode: product.alone === undefined ? 'serve' : 'share',
      settings: { ...few, ...settings },
      serves: true,
    })
    undo.push(() => platform.close())
    const server = await startServer(platform)
    undo.push(() => server.close())
    for (const tenant of tenants) await platform.operations.addTenant(tenant)
    const client = createClient(server.url)
    undo.push(() => client.end())
    return {
      ...client,
      platform,
      database,
      logged: () => logged,
      token: (tenant, wish = {}) => platform.operations.issueToken({ tenant, roles: ['admin'], ...wish }),
      close,
    }
  } catch (error) {
    await close()
    throw error
  }
}
