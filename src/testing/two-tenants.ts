import type { Datasource } from '../core/datasource.ts'
import type { ModuleDefinition } from '../core/module.ts'
import { createModuleSet, type ModuleSet } from '../core/module-set.ts'
import type { TenantContext } from '../core/tenant-context.ts'
import { TenantData } from '../core/tenant-data.ts'
import { openPostgres, type Postgres, type PostgresSettings } from '../data/postgres/postgres.ts'
import { type ContextOptions, createContext } from './context.ts'
import { createTestDatabase, type TestDatabase } from './test-database.ts'

/** Two tenants on a real PostgreSQL, where the same modules run for both. */
export interface TwoTenants {
  /** Data of `acme` and of `globex`, each as a principal with the service role `admin`. */
  readonly acme: TenantData
  readonly globex: TenantData
  readonly modules: ModuleSet
  readonly datasource: Datasource
  readonly postgres: Postgres
  readonly database: TestDatabase
  /** A context of any tenant; tenants need not be in the catalog to have rows. */
  contextOf(tenant: string, options?: ContextOptions): TenantContext
  dataOf(tenant: string, options?: ContextOptions): TenantData
  /** Closes all connections and drops the database. */
  close(): Promise<void>
}

export interface TwoTenantsOptions {
  readonly modules: readonly ModuleDefinition[]
  readonly settings?: PostgresSettings
}

/** Enough for statements beside each other; opening each is a process of the server. */
const fewConnections = { connections: 2, writeConnections: 2 } as const

/** Opens a database of its own for these modules. Call `close` when the tests are over. */
export async function openTwoTenants({ modules: definitions, settings = {} }: TwoTenantsOptions): Promise<TwoTenants> {
  const modules = createModuleSet(definitions)
  const database = await createTestDatabase()
  const { target, prefix, secrets } = database
  try {
    const postgres = await openPostgres({
      target,
      modules: modules.modules,
      secrets,
      settings: { prefix, ...fewConnections, ...settings },
    })
    const { datasource } = postgres
    const contextOf = (tenant: string, options: ContextOptions = {}) => createContext(modules, tenant, options)
    const dataOf = (tenant: string, options: ContextOptions = {}) =>
      new TenantData(contextOf(tenant, options), modules, datasource)
    return {
      acme: dataOf('acme'),
      globex: dataOf('globex'),
      modules,
      datasource,
      postgres,
      database,
      contextOf,
      dataOf,
      close: async () => {
        await postgres.close()
        await database.drop()
      },
    }
  } catch (error) {
    await database.drop()
    throw error
  }
}
