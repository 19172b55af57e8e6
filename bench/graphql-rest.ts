import { cases } from './cases.ts'
import { compareInTurns } from './in-turns.ts'
import { openBench } from './open-bench.ts'
import { readOptions } from './options.ts'
import { requestText, tenantryRequest } from './request.ts'
import { someIds } from './some-ids.ts'
import { loadTenants } from './tenants.ts'
import type { Task } from './worker.ts'

const usage = `npm run bench:graphql-rest -- [--rounds 5] [--seconds 2] [--connections 32] [--rows 10000] [--ids 500] [--only "list of 20"]

The same rows over GraphQL and over REST, in turns. "point reads" asks for a different row each time, by a variable.`

const {
  rounds,
  seconds,
  connections,
  rows,
  ids: count,
  only,
} = readOptions(usage, {
  rounds: 5,
  seconds: 2,
  connections: 32,
  rows: 10_000,
  ids: 500,
  only: '',
})

const customer = 'id title status emailId addressId phoneId credit createdAt updatedAt deletedAt revision'
const lineItem = 'id invoiceId position productId title quantity unitPrice createdAt updatedAt'
const invoice = 'id number customerId status issuedOn dueOn total note createdAt updatedAt revision'
const documents: Readonly<Record<string, { readonly module: string; readonly query: string }>> = {
  'point read': {
    module: 'customers',
    query: `query($id: UUID!) { getCustomerById(id: $id) { ${customer} } }`,
  },
  'list of 20': { module: 'customers', query: `{ customers(orderBy: [{ field: id }], limit: 20) { ${customer} } }` },
  'nested 20x5': {
    module: 'invoices',
    query: `{ invoices(orderBy: [{ field: id }], limit: 20) { ${invoice} lineItems(limit: 5) { ${lineItem} } } }`,
  },
}

const { platform, processes, close } = await openBench()
try {
  const tenant = await loadTenants(platform, 1, rows)
  const [server, { port }] = await processes.server('ignore')
  const worker = await processes.worker({ BENCH_TENANT: tenant, BENCH_TARGET: '' })
  const token = await platform.operations.issueToken({ tenant, roles: ['admin'] })
  const ids = await someIds(port, tenant, token, count)
  const graphql = (name: string, id: string) => {
    const { module = '', query = '' } = documents[name] ?? {}
    const variables = query.includes('$id') ? { id } : undefined
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }
    const path = `/${tenant}/${module}/v1/graphql`
    return requestText({ method: 'POST', path, headers, body: JSON.stringify({ query, variables }) })
  }
  console.log('| request | GraphQL | REST | ratio (least–greatest) |\n| --- | ---: | ---: | ---: |')
  for (const [name, some] of [
    ...cases.map(({ name }) => [name, ids.slice(0, 1)] as const),
    ['point reads', ids] as const,
  ]) {
    const bench = cases.find(bench => bench.name === name.replace('reads', 'read'))
    if (!bench || !documents[bench.name] || (only !== '' && name !== only)) continue
    const rest: Task = {
      ...{ kind: 'http', port, connections, seconds },
      requests: some.map(id => requestText(tenantryRequest(bench, { tenant, token, id }))),
    }
    const ours: Task = { ...rest, requests: some.map(id => graphql(bench.name, id)) }
    console.log(`| ${name} | ${await compareInTurns(worker, ours, rest, rounds)} |`)
  }
  server.kill('SIGTERM')
} finally {
  await close()
}
