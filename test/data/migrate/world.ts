import { createHash } from 'node:crypto'
import type { EntityDefinition } from '../../../src/core/entity.ts'
import { type AnyField, text } from '../../../src/core/field.ts'
import type { Migration } from '../../../src/core/migration.ts'
import { createModuleSet, type Module } from '../../../src/core/module-set.ts'
import { createMigrator, type Migrator } from '../../../src/data/postgres/migrate/migrator.ts'
import type { UpWish } from '../../../src/data/postgres/migrate/run-one.ts'
import { createTestDatabase, type TestDatabase } from '../../../src/testing/test-database.ts'

/** A module `crm@1` with one entity, whose fields tests choose. */
export function crm(
  fields: Readonly<Record<string, AnyField>> = {},
  options: EntityDefinition['options'] = {},
): Module {
  const people: EntityDefinition = { name: 'people', fields: { name: text(), ...fields }, options }
  const [module] = createModuleSet([
    { name: 'crm', version: '1.0.0', entities: [people], access: { admin: 'tenant_writer' } },
  ]).modules
  if (!module) throw new Error('there is no module')
  return module
}

export const eager: UpWish = {
  allowDestructive: false,
  takesWhatIsThere: false,
  beforeLoss: async () => {},
  actor: { subject: 'ops', via: 'code' },
  onProgress: () => {},
  lockTimeout: 100,
  delays: [50, 50, 50, 50, 50, 50],
}

export interface MigrationWorld {
  readonly database: TestDatabase
  migrator(module: Module, migrations: readonly Migration[]): Migrator
  /** A start, as it was found. */
  options(module: Module, migrations: readonly Migration[]): Parameters<typeof createMigrator>[0]
  addRow(tenant: string, name: string): Promise<void>
}

export async function openMigrationWorld(): Promise<MigrationWorld> {
  const database = await createTestDatabase()
  const { target, prefix, secrets } = database
  const passwords = { tenant: secrets.derive('login tenant'), platform: secrets.derive('login platform') }
  const options = (module: Module, migrations: readonly Migration[]) => ({
    ...{ target, prefix, passwords, keyFingerprint: secrets.fingerprint() },
    ...{ modules: [module], migrations },
  })
  return {
    database,
    options,
    migrator: (module, migrations) => createMigrator(options(module, migrations)),
    addRow: async (tenant, name) => {
      await database.query('insert into crm_v1.people (tenant_id, name) values ($1, $2)', [tenant, name])
    },
  }
}

/** A file of `crm@1` that somebody wrote. */
export function written(number: number, text: string, undo: string | null = null, name = 'by_hand'): Migration {
  const checksum = createHash('sha256').update(text).digest('hex')
  return { module: 'crm@1', number, name: `${String(number).padStart(4, '0')}_${name}`, text, undo, checksum }
}
