import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import pg from 'pg'
import { openProduct } from 'tenantry/platform'
import { loadHttp, median } from './http-load.ts'

/** Does the number of tenants in the catalog cost anything? Two installations, one with many, asked in turns. */
const { values } = parseArgs({
  options: {
    tenants: { type: 'string', default: '10000' },
    rounds: { type: 'string', default: '7' },
    seconds: { type: 'string', default: '2' },
  },
})
const [many, rounds, seconds] = [Number(values.tenants), Number(values.rounds), Number(values.seconds)]
const dir = join(import.meta.dirname, '../examples/backoffice')
process.env.PUBLIC_URL = 'http://bench.localhost'

interface Installation {
  readonly tenants: number
  readonly folder: string
  readonly server: ChildProcess
  readonly port: number
  /** Milliseconds from the start of the process until it listens, and its memory then in bytes. */
  readonly startTime: number
  readonly memory: number
  readonly token: string
}

const installations: Installation[] = []
try {
  for (const tenants of [1, many]) installations.push(await install(tenants))
  const rates = installations.map((): number[] => [])
  for (let round = 0; round < rounds; round++) {
    // In turns, each first as often as the other: whoever comes second meets what the first has left to do.
    const order = [...installations.entries()]
    for (const [index, { port, token }] of round % 2 === 0 ? order : order.reverse()) {
      const requests = [
        `GET /acme/customers/v1/customers?id=eq.00000000-0000-7000-8000-c00000000001 HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${token}\r\n\r\n`,
      ]
      rates[index]?.push((await loadHttp({ port, requests, connections: 32, seconds })).perSecond)
    }
  }
  console.log('| tenants | start | memory | point reads |\n| ---: | ---: | ---: | ---: |')
  for (const [index, { tenants, startTime, memory }] of installations.entries()) {
    console.log(
      `| ${tenants} | ${Math.round(startTime)} ms | ${(memory / 1e6).toFixed(1)} MB | ${Math.round(median(rates[index] ?? []))}/s |`,
    )
  }
  const ratios = (rates[1] ?? []).map((rate, round) => rate / (rates[0]?.[round] ?? rate))
  console.log(
    `\nrate with ${many} against 1: ${Math.round(median(ratios) * 100)}%, per round ${ratios.map(ratio => `${Math.round(ratio * 100)}%`).join(' ')}`,
  )
} finally {
  for (const { server } of installations) server.kill('SIGTERM')
  await Promise.all(installations.map(({ server }) => once(server, 'exit')))
  for (const { folder } of installations) rmSync(folder, { recursive: true, force: true })
}

async function install(tenants: number): Promise<Installation> {
  const folder = mkdtempSync(join(tmpdir(), 'tenantry-bench-'))
  // As root the database runs under another account, which has to walk through this folder.
  chmodSync(folder, 0o755)
  process.env.TENANTRY_FOLDER = folder
  const platform = await openProduct(dir)
  await platform.operations.addTenant({ key: 'acme', subscribe: ['invoices@1', 'customers@1', 'products@1'] })
  const token = await platform.operations.issueToken({ tenant: 'acme', roles: ['admin'] })
  if (platform.embedded && tenants > 1) {
    const client = new pg.Client(platform.embedded.connection('postgres'))
    await client.connect()
    await client.query(
      `insert into tenantry.tenants (key, name, state, cell, isolation, process, datasource, subscriptions)
       select 'bench-' || n, 'Bench ' || n, 'active', 'main', 'row', 'shared', 'postgres', array['customers@1', 'products@1'] from generate_series(1, $1::int) n`,
      [tenants],
    )
    // What the server would do about that by itself some time later.
    await client.query('vacuum analyze')
    await client.end()
  }
  await platform.close()
  const started = performance.now()
  const server = fork(join(import.meta.dirname, 'serve.ts'), {
    env: { ...process.env, BENCH_DIR: dir, LOG_LEVEL: 'warn' },
    execArgv: ['--conditions=tenantry-source', '--expose-gc'],
  })
  const [{ port, memory }] = (await once(server, 'message')) as [{ port: number; memory: number }]
  return { tenants, folder, server, port, startTime: performance.now() - started, memory, token }
}
