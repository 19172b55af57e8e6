import { createHash, createHmac, randomBytes } from 'node:crypto'
import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { openEmbedded } from '../data/postgres/embedded.ts'

/** Set by a run's global setup for its test files: JSON of a TestServerRecord. */
export const serverVariable = 'TENANTRY_TEST_SERVER'
/** Set by people who want the tests to run on a server of theirs. */
const outsideVariable = 'TENANTRY_TEST_DATABASE_URL'

/** How to reach a server that tests may do anything with. Its password is not worth stealing. */
export interface TestServerRecord {
  readonly host: string
  readonly port: number
  readonly user: string
  readonly password: string
  /** Of the roles of this run; its databases begin with it too. */
  readonly prefix: string
  readonly masterKey: string
}

export interface TestServer {
  readonly record: TestServerRecord
  close(): Promise<void>
}

/**
 * A PostgreSQL for one run of tests: the bundled one without durability in a folder of its own, or the one that
 * TENANTRY_TEST_DATABASE_URL names, on which roles and databases of this run are dropped afterwards.
 */
export async function startTestServer(): Promise<TestServer> {
  const run = { prefix: `t${randomBytes(4).toString('hex')}`, masterKey: randomBytes(32).toString('base64url') }
  const outside = process.env[outsideVariable]
  if (outside !== undefined && outside !== '') {
    const record = { ...partsOf(outside), ...run }
    return { record, close: () => clean(record) }
  }
  const folder = mkdtempSync(join(tmpdir(), 'tenantry-test-'))
  chmodSync(folder, 0o755)
  const settings = { max_connections: '200', max_wal_size: '256MB' }
  const server = await openEmbedded({ folder: join(folder, 'server'), mode: 'own', fsync: false, settings })
  const { host, port, user, password } = server.connection('postgres')
  return {
    record: { host, port, user, password, ...run },
    close: async () => {
      await server.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

let shared: { server: Promise<TestServer>; users: number } | undefined

/** The server of this run; a test file that runs alone starts one, which stops when its last user lets go of it. */
export async function useTestServer(): Promise<TestServer> {
  const given = process.env[serverVariable]
  if (given !== undefined) return { record: JSON.parse(given), close: async () => {} }
  shared ??= { server: startTestServer(), users: 0 }
  const mine = shared
  mine.users++
  const { record } = await mine.server
  return {
    record,
    close: async () => {
      if (--mine.users > 0) return
      shared = undefined
      await (await mine.server).close()
    },
  }
}

/** Stands in for the platform's master key: derives login passwords and tells one key from another. */
export function testSecrets(masterKey: string): { derive(purpose: string): string; fingerprint(): string } {
  return {
    derive: purpose => createHmac('sha256', masterKey).update(purpose).digest('base64url'),
    fingerprint: () => createHash('sha256').update(masterKey).digest('hex').slice(0, 16),
  }
}

/** Runs one statement as the server's superuser and closes the connection. */
export async function asSuperuser<Row extends pg.QueryResultRow>(
  { host, port, user, password }: TestServerRecord,
  database: string,
  sql: string,
  values: readonly unknown[] = [],
): Promise<Row[]> {
  const client = new pg.Client({ host, port, user, password, database })
  await client.connect()
  try {
    return (await client.query<Row>(sql, [...values])).rows
  } finally {
    await client.end()
  }
}

/** Drops the databases and then the roles whose names begin with `prefix` and "_". */
export async function dropInstallation(record: TestServerRecord, prefix: string): Promise<void> {
  const databases = await asSuperuser<{ name: string }>(
    record,
    'postgres',
    'select datname as name from pg_database where starts_with(datname, $1)',
    [`${prefix}_`],
  )
  for (const { name } of databases)
    await asSuperuser(record, 'postgres', `drop database if exists "${name}" with (force)`)
  const roles = await asSuperuser<{ name: string }>(
    record,
    'postgres',
    'select rolname as name from pg_roles where starts_with(rolname, $1)',
    [`${prefix}_`],
  )
  if (roles.length > 0)
    await asSuperuser(record, 'postgres', `drop role ${roles.map(({ name }) => `"${name}"`).join(', ')}`)
}

function clean(record: TestServerRecord): Promise<void> {
  return dropInstallation(record, record.prefix)
}

function partsOf(text: string): Omit<TestServerRecord, 'prefix' | 'masterKey'> {
  const url = new URL(text)
  return {
    host: url.searchParams.get('host') ?? url.hostname,
    port: Number(url.port || 5432),
    user: decodeURIComponent(url.username),
    password: decodeURIComponent(url.password),
  }
}
