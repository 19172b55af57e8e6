import { randomBytes } from 'node:crypto'
import pg from 'pg'
import type { ConnectionTarget } from '../data/postgres/driver.ts'
import { asSuperuser, dropInstallation, type TestServerRecord, testSecrets, useTestServer } from './test-server.ts'

/** A database of its own on the run's server, and how the platform is set up in it. */
export interface TestDatabase {
  readonly name: string
  /** The bootstrap login, a superuser. */
  readonly target: ConnectionTarget & { readonly host: string; readonly port: number; readonly database: string }
  readonly prefix: string
  readonly secrets: { derive(purpose: string): string; fingerprint(): string }
  readonly server: TestServerRecord
  /** Runs SQL as the superuser, whom row security does not bind. */
  query<Row extends pg.QueryResultRow = Record<string, unknown>>(
    sql: string,
    values?: readonly unknown[],
  ): Promise<Row[]>
  /** Ends every connection to it and drops it. */
  drop(): Promise<void>
}

export interface TestDatabaseOptions {
  /** Roles of its own, for tests that spoil them; dropped with the database. Absent: those of the run. */
  readonly ownRoles?: boolean
}

/** A new, empty database. Several test files may make theirs at once. */
export async function createTestDatabase({ ownRoles = false }: TestDatabaseOptions = {}): Promise<TestDatabase> {
  const server = await useTestServer()
  const { record } = server
  const own = randomBytes(4).toString('hex')
  const prefix = ownRoles ? `${record.prefix}_${own}` : record.prefix
  const name = `${prefix}_test_${own}`
  await asSuperuser(record, 'postgres', `create database "${name}" template template0 encoding 'UTF8'`)
  const { host, port, user, password } = record
  const target = { host, port, user, password, database: name }
  // A test that fails may leave locks behind: others must fail too, and not wait.
  const pool = new pg.Pool({ ...target, max: 2, idleTimeoutMillis: 0, options: '-c lock_timeout=5000' })
  pool.on('error', () => {}) // Dropping the database ends its sessions.
  return {
    name,
    target,
    prefix,
    secrets: testSecrets(record.masterKey),
    server: record,
    query: async <Row extends pg.QueryResultRow>(sql: string, values: readonly unknown[] = []) =>
      (await pool.query<Row>(sql, [...values])).rows,
    drop: async () => {
      await pool.end()
      await asSuperuser(record, 'postgres', `drop database if exists "${name}" with (force)`)
      if (ownRoles) await dropInstallation(record, prefix)
      await server.close()
    },
  }
}
