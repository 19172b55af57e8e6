import { cases } from './cases.ts'
import { readOptions } from './options.ts'
import type { Competitor } from './race/competitor.ts'
import { openPlatformatic } from './race/platformatic.ts'
import { openPostgrest } from './race/postgrest.ts'
import { installPeers, race } from './race/run.ts'
import { tenantry } from './race/tenantry.ts'

const usage = `npm run bench:race -- [--rounds 7] [--seconds 2] [--connections 32] [--tenants 20] [--rows 10000]
  [--only "list of 20"] [--peers postgrest,platformatic] [--pool 10] [--log error]

Tenantry, PostgREST and Platformatic DB over the same rows on one PostgreSQL server, each in a process of its own, in turns:
A, B, C, A, B, C, …; the load comes from another process. A ratio compares two rounds that follow each other; the median is
shown with the least and the greatest. Processor time is that of the server and of the whole of PostgreSQL for one request.
The peers are installed on first use, into bench/peers.

  --rows   in all tables of a tenant together    --pool  database connections of each peer    --log  level of Tenantry's log`

const { rounds, seconds, connections, tenants, rows, only, peers, pool, log } = readOptions(usage, {
  rounds: 7,
  seconds: 2,
  connections: 32,
  tenants: 20,
  rows: 10_000,
  only: '',
  peers: 'postgrest,platformatic',
  pool: 10,
  // As the peers: PostgREST's own level is `error`, and Platformatic DB is told to be silent.
  log: 'error',
})
const openers = { postgrest: openPostgrest, platformatic: openPlatformatic }
const wanted = peers.split(',').filter(name => name !== '')
for (const name of wanted) if (!Object.hasOwn(openers, name)) throw new Error(`There is no peer ${name}`)
if (wanted.length > 0) installPeers()

await race({
  rounds,
  seconds,
  connections,
  tenants,
  rows,
  logLevel: log,
  cases: cases.filter(({ name }) => only === '' || name === only),
  async open(course) {
    const peers: Competitor[] = []
    for (const [name, open] of Object.entries(openers)) {
      if (!wanted.includes(name)) continue
      const peer = await open(course.embedded, course.processes, { tenant: course.tenant, pool })
      if (peer) peers.push(peer)
      else console.error(`There is no ${name} for this machine.`)
    }
    return [tenantry({ ...course, logLevel: log }), ...peers]
  },
})
