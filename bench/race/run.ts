import { execFileSync } from 'node:child_process'
import { existsSync, openSync, readFileSync } from 'node:fs'
import { availableParallelism, cpus, loadavg } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import type { EmbeddedServer } from '../../src/data/postgres/embedded.ts'
import type { BenchCase } from '../cases.ts'
import { openBench } from '../open-bench.ts'
import { ask, type Processes } from '../processes.ts'
import { requestText } from '../request.ts'
import { loadTenants } from '../tenants.ts'
import type { Competitor } from './competitor.ts'
import { cpuOfProcess, cpuOfServer } from './cpu.ts'
import { peersFolder } from './peer.ts'
import { type Round, table } from './table.ts'

export interface RaceOptions {
  readonly rounds: number
  readonly seconds: number
  readonly connections: number
  readonly tenants: number
  /** In all tables of a tenant together. */
  readonly rows: number
  /** Of Tenantry's log, which goes into a file. */
  readonly logLevel: string
  readonly cases: readonly BenchCase[]
  /** In the order of the table; the first one is compared with the others. */
  open(course: Course): Promise<readonly Competitor[]>
}

/** What competitors are opened on. */
export interface Course {
  readonly embedded: EmbeddedServer
  readonly processes: Processes
  readonly tenant: string
  /** Tenantry's server, and a token for the tenant. */
  readonly pid: number
  readonly port: number
  readonly token: string
}

/** All competitors on each case, in turns; the table goes to standard output. */
export async function race(options: RaceOptions): Promise<void> {
  const { rounds, seconds, connections, cases } = options
  process.env.LOG_LEVEL = options.logLevel
  const { folder, platform, processes, close } = await openBench()
  try {
    const { embedded } = platform
    if (!embedded) throw new Error('The race has a PostgreSQL of its own: unset DATABASE_URL')
    const tenant = await loadTenants(platform, options.tenants, options.rows)
    const client = new pg.Client(embedded.connection('postgres'))
    await client.connect()
    await client.query('vacuum analyze')
    const head = await settings(client, options)
    const { rows: found } = await client.query<{ id: string }>(
      'select id from customers_v1.customers where tenant_id = $1 order by id limit 2000',
      [tenant],
    )
    await client.end()
    const ids = found.map(({ id }) => id)

    const [server, { port }] = await processes.server(openSync(join(folder, 'tenantry.log'), 'a'))
    const token = await platform.operations.issueToken({ tenant, roles: ['admin'] })
    const course = { embedded, processes, tenant, pid: server.pid ?? 0, port, token }
    const competitors = await options.open(course)
    const worker = await processes.worker()
    for (const bench of cases) await compareAnswers(bench, competitors, ids[50] ?? '')

    const results: { readonly bench: BenchCase; readonly measured: readonly (readonly Round[])[] }[] = []
    for (const bench of cases) {
      const runs = competitors.map(competitor => {
        const requests = ids.map(id => requestText(competitor.request(bench, id)))
        return (seconds: number): Promise<Round> =>
          measure(competitor, embedded, () =>
            ask(worker, { kind: 'http', port: competitor.port, requests, connections, seconds }),
          )
      })
      // As long as the engines of those that have one go on compiling.
      for (const run of runs) await run(Math.max(4, seconds))
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
}

/** On first use; they have a lock file of their own, outside the root. */
export function installPeers(): void {
  if (existsSync(join(peersFolder, 'node_modules'))) return
  console.error('Installing the peers into bench/peers …')
  execFileSync('npm', ['ci', '--prefix', peersFolder, '--ignore-scripts', '--no-audit', '--no-fund'], {
    stdio: ['ignore', 'ignore', 'inherit'],
    shell: process.platform === 'win32',
  })
}

/** What the numbers depend on, as the first lines of the answer. */
async function settings(
  client: pg.Client,
  { rounds, seconds, connections, tenants, rows }: RaceOptions,
): Promise<string[]> {
  const { rows: shown } = await client.query<{ name: string; setting: string }>(
    `select name, current_setting(name) as setting from pg_settings
     where name in ('fsync', 'synchronous_commit', 'full_page_writes', 'shared_buffers', 'jit', 'wal_level') order by name`,
  )
  const { rows: versions } = await client.query<{ server_version: string }>('show server_version')
  const { version } = JSON.parse(readFileSync(join(import.meta.dirname, '../../package.json'), 'utf8'))
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
