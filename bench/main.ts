import { availableParallelism } from 'node:os'
import { cases } from './cases.ts'
import { type Measured, median } from './http-load.ts'
import { openBench } from './open-bench.ts'
import { readOptions } from './options.ts'
import { ask } from './processes.ts'
import { requestText, tenantryRequest } from './request.ts'
import { settle } from './settle.ts'
import { someIds } from './some-ids.ts'
import { loadTenants } from './tenants.ts'
import type { Task } from './worker.ts'

const usage = `npm run bench -- [--rounds 5] [--seconds 2] [--connections 32] [--tenants 20] [--rows 10000] [--only "list of 20"]

Each case runs over HTTP (row security, token check, JSON answer) and as the same prepared statement on the same server
without HTTP, each in a transaction of its own, in turns, from a process of its own. The ratio is HTTP to statement, per round;
the median is shown with the least and the greatest. It can be above 100%: what leaves together over HTTP shares a statement, and
all callers of the lists that are no pages ask for the same.`

const { rounds, seconds, connections, tenants, rows, only } = readOptions(usage, {
  rounds: 5,
  seconds: 2,
  connections: 32,
  tenants: 20,
  rows: 10_000,
  only: '',
})

const { platform, processes, close } = await openBench()
try {
  const tenant = await loadTenants(platform, tenants, rows)
  await settle(platform)
  const [server, { port }] = await processes.server('ignore')
  const target = JSON.stringify(platform.embedded?.connection('postgres'))
  const startWorker = () => processes.worker({ BENCH_TENANT: tenant, BENCH_TARGET: target })
  const [http, statements] = [await startWorker(), await startWorker()]
  const token = await platform.operations.issueToken({ tenant, roles: ['admin'] })
  const ids = await someIds(port, tenant, token, 1_000)
  const [id = ''] = ids

  console.log(
    `${tenants} tenants, ${rows} rows each; ${connections} connections, ${rounds} rounds of ${seconds} s; ${availableParallelism()} cores\n`,
  )
  console.log(
    '| request | over HTTP | p50 / p99 | statement alone | ratio (least–greatest) |\n| --- | ---: | ---: | ---: | ---: |',
  )
  for (const bench of cases.filter(({ name }) => only === '' || name === only)) {
    const requests = ids.map(id => requestText(tenantryRequest(bench, { tenant, token, id })))
    const httpTask: Task = { kind: 'http', port, requests, connections, seconds }
    const statementTask: Task = { kind: 'statement', name: bench.name, id, connections, seconds }
    await ask(http, { ...httpTask, seconds: 1 })
    await ask(statements, { ...statementTask, seconds: 1 })
    const measured: [Measured, Measured][] = []
    for (let round = 0; round < rounds; round++)
      measured.push([await ask(http, httpTask), await ask(statements, statementTask)])
    console.log(row(bench.name, measured))
  }
  server.kill('SIGTERM')
} finally {
  await close()
}

function row(name: string, measured: readonly [Measured, Measured][]): string {
  const ratios = measured.map(([http, statement]) => http.perSecond / statement.perSecond).sort((a, b) => a - b)
  const http = measured.map(([http]) => http)
  const percent = (ratio: number) => `${Math.round(ratio * 100)}%`
  return [
    '',
    name,
    `${Math.round(median(http.map(({ perSecond }) => perSecond)))}/s`,
    `${median(http.map(({ p50 }) => p50)).toFixed(1)} / ${median(http.map(({ p99 }) => p99)).toFixed(1)} ms`,
    `${Math.round(median(measured.map(([, statement]) => statement.perSecond)))}/s`,
    `${percent(median(ratios))} (${percent(ratios[0] ?? 0)}–${percent(ratios.at(-1) ?? 0)})`,
    '',
  ]
    .join(' | ')
    .trim()
}
