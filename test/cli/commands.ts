import { join } from 'node:path'
import { createTestDatabase, type TestDatabase } from '../../src/testing/test-database.ts'
import { variablesFor } from '../http/open-product.ts'
import { newFolder } from './product-files.ts'
import { environmentOf, type Ran, type RunOptions } from './run.ts'
import { runWarm } from './warm.ts'

/** A product in a folder, with a database of its own on the server of this run, and commands for it. */
export interface Commands {
  readonly dir: string
  readonly database: TestDatabase
  /** What its commands find in their environment. */
  readonly env: Readonly<Record<string, string>>
  tenantry(args: readonly string[], env?: RunOptions['env']): Promise<Ran>
  close(): Promise<void>
}

export async function openCommands(files: Readonly<Record<string, string>>): Promise<Commands> {
  const { dir, remove } = newFolder(files)
  const database = await createTestDatabase()
  const variables = variablesFor(database, join(dir, '.tenantry'))
  const { DATABASE_URL = '', TENANTRY_FOLDER = '', TENANTRY_PREFIX = '', TENANTRY_MASTER_KEY = '' } = variables
  const env = environmentOf({ DATABASE_URL, TENANTRY_FOLDER, TENANTRY_PREFIX, TENANTRY_MASTER_KEY })
  return {
    dir,
    database,
    env,
    tenantry: (args, more = {}) => runWarm(args, { dir, env: { ...env, ...more } }),
    close: async () => {
      await database.drop()
      remove()
    },
  }
}
