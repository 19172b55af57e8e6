import { openPostgres } from '../../src/data/postgres/postgres.ts'
import { datasourceContract } from '../../src/testing/datasource-contract.ts'
import { createTestDatabase } from '../../src/testing/test-database.ts'

datasourceContract('PostgreSQL as a datasource', async ({ modules }) => {
  const database = await createTestDatabase()
  const { target, prefix, secrets } = database
  const postgres = await openPostgres({ target, modules, secrets, settings: { prefix } })
  return {
    datasource: postgres.datasource,
    close: async () => {
      await postgres.close()
      await database.drop()
    },
  }
})
