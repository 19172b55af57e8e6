import type { EmbeddedServer } from '../../src/data/postgres/embedded.ts'
import type { Processes } from '../processes.ts'
import type { Competitor } from './competitor.ts'
import { copyTables } from './copy.ts'
import { versionOf } from './peer.ts'

const fields = 'rowId number customerId status issuedOn dueOn total note createdAt updatedAt revision'
const lineFields = 'rowId invoiceId position productId title quantity unitPrice createdAt updatedAt'
const query = `query ($lines: Int!) { allInvoices(first: 20, orderBy: PRIMARY_KEY_ASC) { nodes { ${fields}
  lineItemsByInvoiceId(first: $lines) { nodes { ${lineFields} } } } } }`
const body = JSON.stringify({ query, variables: { lines: 5 } })

/** PostGraphile without tenancy, which is its fastest: no roles, no row security, tables that hold the rows of this tenant alone. */
export async function openPostgraphile(
  server: EmbeddedServer,
  processes: Processes,
  { tenant, pool }: { readonly tenant: string; readonly pool: number },
): Promise<Competitor> {
  const database = 'race_postgraphile'
  const client = await copyTables(server, { database, tenant })
  await client.end()
  const url = new URL(server.url)
  url.pathname = `/${database}`
  const env = { RACE_DATABASE: url.href, RACE_POOL: String(pool), NODE_ENV: 'production', GRAPHILE_ENV: 'production' }
  const [child, { port }] = await processes.fork<{ port: number }>('peers/postgraphile.js', env, 'inherit')
  return {
    name: 'PostGraphile',
    setup: `${versionOf('postgraphile')}, pool ${pool}, Amber preset, as in production; no tenancy: no token, tables of one tenant's rows alone, no triggers`,
    pid: child.pid ?? 0,
    port,
    request: () => ({ method: 'POST', path: '/graphql', headers: { 'content-type': 'application/json' }, body }),
    rows,
  }
}

interface Answer {
  readonly data: {
    readonly allInvoices: {
      readonly nodes: readonly {
        readonly rowId: string
        readonly lineItemsByInvoiceId: { readonly nodes: readonly unknown[] }
      }[]
    }
  } | null
  readonly errors?: unknown
}

function rows(body: unknown) {
  const { data, errors } = body as Answer
  if (!data) throw new Error(`PostGraphile answers ${JSON.stringify(errors)}`)
  return data.allInvoices.nodes.map(({ rowId, lineItemsByInvoiceId }) => ({
    id: rowId,
    embedded: lineItemsByInvoiceId.nodes.length,
  }))
}
