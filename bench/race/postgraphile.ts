import { randomBytes } from 'node:crypto'
import { SignJWT } from 'jose'
import type { EmbeddedServer } from '../../src/data/postgres/embedded.ts'
import type { Processes } from '../processes.ts'
import type { Competitor } from './competitor.ts'
import { copyTables, keepTenantsApart } from './copy.ts'
import { versionOf } from './peer.ts'

const currentTenant = "current_setting('jwt.claims.tenant', true)"
const fields = 'rowId number customerId status issuedOn dueOn total note createdAt updatedAt revision'
const lineFields = 'rowId invoiceId position productId title quantity unitPrice createdAt updatedAt'

const bodyFor = (lines: string) =>
  JSON.stringify({
    query: `query ($lines: Int!) { allInvoices(first: 20, orderBy: PRIMARY_KEY_ASC) { nodes { ${fields}
  lines: ${lines}(first: $lines) { nodes { ${lineFields} } } } } }`,
    variables: { lines: 5 },
  })

interface Peer {
  readonly tenant: string
  readonly pool: number
}

/** PostGraphile without tenancy, which is its fastest: no roles, no row security, tables that hold the rows of this tenant alone. */
export async function openPostgraphile(
  server: EmbeddedServer,
  processes: Processes,
  { tenant, pool }: Peer,
): Promise<Competitor> {
  const database = 'race_postgraphile'
  const client = await copyTables(server, { database, tenant })
  await client.end()
  const url = new URL(server.url)
  url.pathname = `/${database}`
  return start(processes, {
    name: 'PostGraphile',
    setup: `pool ${pool}, Amber preset, as in production; no tenancy: no token, tables of one tenant's rows alone, no triggers`,
    env: { RACE_DATABASE: url.href, RACE_POOL: String(pool) },
    body: bodyFor('lineItemsByInvoiceId'),
    headers: {},
  })
}

/** PostGraphile that keeps tenants apart as its manual says: a token's claim in policies, over indexes that begin with the tenant. */
export async function openPostgraphileWithTenants(
  server: EmbeddedServer,
  processes: Processes,
  { tenant, pool }: Peer,
): Promise<Competitor> {
  const database = 'race_postgraphile_tenants'
  const client = await copyTables(server, { database, currentTenant })
  const { password } = await keepTenantsApart(client, {
    login: 'race_graphile_login',
    user: 'race_graphile_user',
    currentTenant,
  })
  await client.end()
  const secret = randomBytes(32).toString('hex')
  const token = await new SignJWT({ role: 'race_graphile_user', tenant })
    .setProtectedHeader({ alg: 'HS256' })
    .setAudience('postgraphile')
    .setExpirationTime('1h')
    .sign(new TextEncoder().encode(secret))
  const { host, port } = server
  const url = `postgres://race_graphile_login:${password}@/${database}?host=${encodeURIComponent(host)}&port=${port}`
  return start(processes, {
    name: 'PostGraphile with tenants',
    setup: `pool ${pool}, Amber and JWT presets, as in production; HS256 token, row security on a claim, no triggers`,
    env: { RACE_DATABASE: url, RACE_POOL: String(pool), RACE_SECRET: secret },
    body: bodyFor('lineItemsByTenantIdAndInvoiceId'),
    headers: { authorization: `Bearer ${token}` },
  })
}

interface Start {
  readonly name: string
  readonly setup: string
  readonly env: NodeJS.ProcessEnv
  readonly body: string
  readonly headers: Readonly<Record<string, string>>
}

async function start(processes: Processes, { name, setup, env, body, headers }: Start): Promise<Competitor> {
  const production = { NODE_ENV: 'production', GRAPHILE_ENV: 'production' }
  const [child, { port }] = await processes.fork<{ port: number }>(
    'peers/postgraphile.js',
    { ...env, ...production },
    'inherit',
  )
  return {
    name,
    setup: `${versionOf('postgraphile')}, ${setup}`,
    pid: child.pid ?? 0,
    port,
    request: () => ({
      method: 'POST',
      path: '/graphql',
      headers: { 'content-type': 'application/json', ...headers },
      body,
    }),
    rows,
  }
}

interface Answer {
  readonly data: {
    readonly allInvoices: {
      readonly nodes: readonly { readonly rowId: string; readonly lines: { readonly nodes: readonly unknown[] } }[]
    }
  } | null
  readonly errors?: unknown
}

function rows(body: unknown) {
  const { data, errors } = body as Answer
  if (!data) throw new Error(`PostGraphile answers ${JSON.stringify(errors)}`)
  return data.allInvoices.nodes.map(({ rowId, lines }) => ({ id: rowId, embedded: lines.nodes.length }))
}
