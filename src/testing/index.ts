export { type DatasourceFactory, datasourceContract, type OpenDatasource } from './datasource-contract.ts'
export { createTestDatabase, type TestDatabase, type TestDatabaseOptions } from './test-database.ts'
export { startTestServer, type TestServer, type TestServerRecord } from './test-server.ts'
export {
  type ContextOptions,
  createContext,
  openTwoTenants,
  type TwoTenants,
  type TwoTenantsOptions,
} from './two-tenants.ts'
