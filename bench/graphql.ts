import { cases } from './cases.ts'
import { readOptions } from './options.ts'
import { openPlatformatic } from './race/platformatic.ts'
import { openPostgraphile, openPostgraphileWithTenants } from './race/postgraphile.ts'
import { installPeers, race } from './race/run.ts'
import { tenantry, tenantryGraphql } from './race/tenantry.ts'

const usage = `npm run bench:graphql -- [--rounds 7] [--seconds 2] [--connections 32] [--tenants 20] [--rows 10000] [--pool 10]

20 invoices with 5 lines each: Tenantry's GraphQL, its REST, the GraphQL of Platformatic DB and of PostGraphile (with tenants and without), over the same rows
on one PostgreSQL server, each in a process of its own, in turns; the load comes from another process. A ratio compares two rounds
that follow each other; the median is shown with the least and the greatest. The peers are installed on first use, into bench/peers.

  --rows   in all tables of a tenant together    --pool  database connections of each peer`

const { rounds, seconds, connections, tenants, rows, pool } = readOptions(usage, {
  rounds: 7,
  seconds: 2,
  connections: 32,
  tenants: 20,
  rows: 10_000,
  pool: 10,
})
installPeers()

await race({
  rounds,
  seconds,
  connections,
  tenants,
  rows,
  logLevel: 'info',
  cases: cases.filter(({ name }) => name === 'nested 20x5'),
  async open({ embedded, processes, ...course }) {
    const peer = { tenant: course.tenant, pool }
    return [
      tenantryGraphql(course),
      tenantry({ ...course, logLevel: 'info' }),
      await openPlatformatic(embedded, processes, peer),
      await openPostgraphileWithTenants(embedded, processes, peer),
      await openPostgraphile(embedded, processes, peer),
    ]
  },
})
