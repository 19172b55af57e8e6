import { execFileSync } from 'node:child_process'
import { existsSync, openSync, readFileSync } from 'node:fs'
import { availableParallelism, cpus, loadavg } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import pg from 'pg'
import type { EmbeddedServer } from '../src/data/postgres/embedded.ts'
import { type BenchCase, cases } from './cases.ts'
import { openBench } from './open-bench.ts'
import { ask } from './processes.ts'
import type { Competitor } from './race/competitor.ts'
import { cpuOfProcess, cpuOfServer } from './race/cpu.ts'
import { peersFolder } from './race/peer.ts'
import { openPlatformatic } from './race/platformatic.ts'
import { openPostgrest } from './race/postgrest.ts'
import { type Round, table } from './race/table.ts'
import { tenantry } from './race/tenantry.ts'
import { requestText } from './request.ts'
import { loadTenants } from './tenants.ts'

const usage = `npm run bench:race -- [--rounds 7] [--seconds 2] [--connections 32] [--tenants 20] [--rows 10000]
  [--only "list of 20"] [--peers postgrest,platformatic] [--pool 10] [--log info]

Tenantry, PostgREST and Platformatic DB over the same rows on one PostgreSQL server, each in a process of its own, in turns:
A, B, C, A, B, C, …; the load comes from another process. A ratio compares two rounds that follow each other; the median is
shown with the least and the greatest. Processor time is that of the server and of the whole of PostgreSQL for one request.
The peers are installed on first use, into bench/peers.

  --rows   in all tables of a tenant together    --pool  database connections of each peer    --log  level of Tenantry's log`

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '7' },
    seconds: { type: 'string', default: '2' },
    connections: { type: 'string', default: '32' },
    tenants: { type: 'string', default: '20' },
    rows: { type: 'string', default: '10000' },
    only: { type: 'string' },
    peers: { type: 'string', default: 'postgrest,platformatic' },
    pool: { type: 'string', default: '10' },
    log: { type: 'string', default: 'info' },
    help: { type: 'boolean', default: false },
  },
})
if (values.help) {
  console.log(usage)
  process.exit(0)
}
const [rounds, seconds, connections, tenants, rows, pool] = [
  values.rounds,
  values.seconds,
  values.connections,
  values.tenants,
  values.rows,
  values.pool,
].map(Number) as [number, number, number, number, number, number]

const openers = { postgrest: openPostgrest, platformatic: openPlatformatic }
const wanted = values.peers.split(',').filter(name => name !== '')
for (const name of wanted) if (!Object.hasOwn(openers, name)) throw new Error(`There is no peer ${name}`)
if (wanted.length > 0) installPeers()

process.env.LOG_LEVEL = values.log
const { folder, platform, processes, close } = await openBench()
try {
  const { embedded } = platform
  if (!embedded) throw new Error('The race has a PostgreSQL of its own: unset DATABASE_URL')
  const tenant = await loadTenants(platform, tenants, rows)
  const client = new pg.Client(embedded.connection('postgres'))
  await client.connect()
  await client.query('vacuum analyze')
  const head = await settings(client)
  const { rows: found } = await client.query<{ id: string }>(
    'select id from customers_v1.customers where tenant_id = $1 order by id limit 100',
    [tenant],
  )
  await client.end()
  const ids = found.map(({ id }) => id)

  const [server, { port }] = await processes.server(openSync(join(folder, 'tenantry.log'), 'a'))
  const token = await platform.operations.issueToken({ tenant, roles: ['admin'] })
  const ours = tenantry({ pid: server.pid ?? 0, port, tenant, token, logLevel: values.log })
  const peers: Competitor[] = []
  for (const [name, open] of Object.entries(openers)) {
    if (!wanted.includes(name)) continue
    const peer = await open(embedded, processes, { tenant, pool })
    if (peer) peers.push(peer)
    else console.error(`There is no ${name} for this machine.`)
  }
  const competitors = [ours, ...peers]
  const worker = await processes.worker()
  const chosen = cases.filter(({ name }) => values.only === undefined || name === values.only)
  for (const bench of chosen) await compareAnswers(bench, competitors, ids[50] ?? '')

  const results: { readonly bench: BenchCase; readonly measured: readonly (readonly Round[])[] }[] = []
  for (const bench of chosen) {
    const runs = competitors.map(competitor => {
      const requests = ids.map(id => requestText(competitor.request(bench, id)))
      return (seconds: number): Promise<Round> =>
        measure(competitor, embedded, () =>
          ask(worker, { kind: 'http', port: competitor.port, requests, connections, seconds }),
        )
    })
    for (const run of runs) await run(Math.max(1, seconds / 2))
    const measured = runs.map((): Round[] => [])
    for (let round = 0; round < rounds; round++) {
      for (const [index, run] of runs.entries()) measured[index]?.push(await run(seconds))
      console.error(`${bench.name}: round ${round + 1} of ${rounds}, load ${loadavg()[0]?.toFixed(1)}`)
    }
    results.push({ bench, measured })
  }
  console.log([...head, ...competitors.map(({ name, setup }) => `- ${name}: ${setup}`), ''].join('\n'))
  console.log(table(competitors, results))
} finally {
  await close()
}

function installPeers(): void {
  if (existsSync(join(peersFolder, 'node_modules'))) return
  console.error('Installing the peers into bench/peers …')
  execFileSync('npm', ['ci', '--prefix', peersFolder, '--ignore-scripts', '--no-audit', '--no-fund'], {
    stdio: ['ignore', 'ignore', 'inherit'],
    shell: process.platform === 'win32',
  })
}

/** What the numbers depend on, as the first lines of the answer. */
async function settings(client: pg.Client): Promise<string[]> {
  const { rows: shown } = await client.query<{ name: string; setting: string }>(
    `select name, current_setting(name) as setting from pg_settings
     where name in ('fsync', 'synchronous_commit', 'full_page_writes', 'shared_buffers', 'jit', 'wal_level') order by name`,
  )
  const { rows: versions } = await client.query<{ server_version: string }>('show server_version')
  const { version } = JSON.parse(readFileSync(join(import.meta.dirname, '../package.json'), 'utf8'))
  const model = cpus()[0]?.model.trim() ?? 'unknown processor'
  return [
    `Tenantry ${version}, ${new Date().toISOString().slice(0, 10)}, Node ${process.versions.node}, PostgreSQL ${versions[0]?.server_version} (${shown.map(({ name, setting }) => `${name}=${setting}`).join(', ')}), ${availableParallelism()} cores of ${model}, load ${loadavg()[0]?.toFixed(1)} before the start.`,
    `${tenants} tenants with ${rows} rows each; ${connections} connections, ${rounds} rounds of ${seconds} s in turns; servers, database and load on the same machine.`,
    '',
  ]
}

/** Who answers other rows does other work. */
async function compareAnswers(bench: BenchCase, competitors: readonly Competitor[], id: string): Promise<void> {
  if (bench.method !== 'GET') return
  const answers = await Promise.all(
    competitors.map(async competitor => {
      const { method, path, headers, body } = competitor.request(bench, id)
      const url = `http://127.0.0.1:${competitor.port}${path}`
      const response = await fetch(url, { method, headers, ...(body === undefined ? {} : { body }) })
      if (!response.ok) throw new Error(`${competitor.name} answers ${bench.name}: ${await response.text()}`)
      return JSON.stringify(competitor.rows(await response.json()))
    }),
  )
  const other = competitors.find((_, index) => answers[index] !== answers[0])
  if (other) throw new Error(`${other.name} answers ${bench.name} with other rows`)
}

async function measure(
  { pid }: Competitor,
  database: EmbeddedServer,
  run: () => ReturnType<typeof ask>,
): Promise<Round> {
  const postmaster = Number(readFileSync(join(database.folder, 'postmaster.pid'), 'utf8').split('\n', 1)[0])
  const before = [cpuOfProcess(pid), cpuOfServer(postmaster)] as const
  const measured = await run()
  const after = [cpuOfProcess(pid), cpuOfServer(postmaster)] as const
  const spent = (index: 0 | 1) => ((after[index] ?? Number.NaN) - (before[index] ?? Number.NaN)) / measured.requests
  return { ...measured, serverCpu: spent(0), databaseCpu: spent(1) }
}
