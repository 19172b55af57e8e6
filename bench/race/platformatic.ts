import type { EmbeddedServer } from '../../src/data/postgres/embedded.ts'
import type { BenchCase } from '../cases.ts'
import type { Processes } from '../processes.ts'
import type { RequestParts } from '../request.ts'
import { type AnsweredRow, type Competitor, rowsOfGraphql } from './competitor.ts'
import { copyTables } from './copy.ts'
import { versionOf } from './peer.ts'

const fields = 'id number customerId status issuedOn dueOn total note createdAt updatedAt revision'
const lineFields = 'id position productId title quantity unitPrice createdAt updatedAt'

/** Its REST cannot embed the lines of many invoices in one request, its GraphQL can; there a reference is no plain field. */
const nested = (where = '') =>
  `{ invoices(limit: 20, orderBy: { field: id, direction: ASC }${where}) { ${fields} lineItems(limit: 5) { ${lineFields} } } }`

const json = { 'content-type': 'application/json' }

/**
 * Platformatic DB without tenancy, which is its fastest: no authorization, and tables that hold the rows of this tenant alone.
 */
export async function openPlatformatic(
  server: EmbeddedServer,
  processes: Processes,
  { tenant, pool }: { readonly tenant: string; readonly pool: number },
): Promise<Competitor> {
  const database = 'race_platformatic'
  const client = await copyTables(server, { database, tenant })
  await client.end()
  const url = new URL(server.url)
  url.pathname = `/${database}`
  const [child, { port }] = await processes.fork<{ port: number }>(
    'peers/platformatic.js',
    { RACE_DATABASE: url.href, RACE_POOL: String(pool) },
    'inherit',
  )
  return {
    name: 'Platformatic DB',
    setup: `${versionOf('@platformatic/db')}, pool ${pool}, log off; no tenancy: no token, tables of one tenant's rows alone, no triggers; nested by GraphQL, since its REST has no embeds`,
    pid: child.pid ?? 0,
    port,
    request,
    rows,
  }
}

function request({ name, body }: BenchCase, id: string): RequestParts {
  switch (name) {
    case 'point read':
      return { method: 'GET', path: `/customers/${id}`, headers: {} }
    case 'list of 20':
      return { method: 'GET', path: '/customers/?limit=20&orderby.id=asc', headers: {} }
    case 'nested 20x5':
      return { method: 'POST', path: '/graphql', headers: json, body: JSON.stringify({ query: nested() }) }
    case 'page of 20':
      return { method: 'GET', path: `/customers/?where.id.gt=${id}&limit=20&orderby.id=asc`, headers: {} }
    case 'nested page 20x5': {
      const query = nested(`, where: { id: { gt: "${id}" } }`)
      return { method: 'POST', path: '/graphql', headers: json, body: JSON.stringify({ query }) }
    }
    default:
      return { method: 'POST', path: '/customers/', headers: json, body }
  }
}

function rows(body: unknown): readonly AnsweredRow[] {
  if (typeof body === 'object' && body !== null && 'data' in body) return rowsOfGraphql(body)
  return ((Array.isArray(body) ? body : [body]) as { id: string }[]).map(({ id }) => ({ id, embedded: 0 }))
}
