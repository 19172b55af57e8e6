import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { loadHttp, median } from './http-load.ts'
import { openBench } from './open-bench.ts'
import type { OpenLoad, OpenMeasured } from './open-load.ts'
import { readOptions } from './options.ts'
import { requestText } from './request.ts'
import { loadTenants } from './tenants.ts'

const usage = `npm run bench:upgrades -- [--rounds 5] [--seconds 5] [--rows 20000] [--share 0.3] [--once]

What does a tenant notice of another's upgrade? Point reads and changes of both arrive on a schedule, together at a share of the
most that a closed loop reached just before: first alone, then while the other goes to customers@2 and back, over and over; with
--once it goes up once in each round, and comes back before the next. The aim is a p99 within 1.5 times the p99 alone, and no error.`

const {
  rounds,
  seconds,
  rows,
  share,
  once: goesOnce,
} = readOptions(usage, {
  rounds: 5,
  seconds: 5,
  rows: 20_000,
  share: 0.3,
  once: false,
})

const { platform, processes, close } = await openBench()
const target = platform.embedded?.connection('postgres')
if (!target) throw new Error('The benchmark uses the embedded server')
const client = new pg.Client(target)
try {
  await loadTenants(platform, 2, rows)
  await client.connect()
  await client.query('vacuum analyze')
  const [server, { port }] = await processes.server('ignore')
  const [[reader], [other]] = await Promise.all([
    processes.fork('neighbour-load.ts', {}, 'inherit'),
    processes.fork('neighbour-load.ts', {}, 'inherit'),
  ])
  const requests = await requestsOf('bench-1')
  await loadHttp({ port, requests, connections: 16, seconds: 1 })
  const { perSecond } = await loadHttp({ port, requests, connections: 16, seconds })
  const load: OpenLoad = { port, requests, rate: (perSecond * share) / 2, seconds, connections: 256 }
  // Those of the one that moves are answered, refused for now or not found, as it goes.
  const moving: OpenLoad = { ...load, requests: await requestsOf('bench-2') }
  const measure = async () => (await Promise.all([ask(reader, load), ask(other, moving)]))[0]
  console.log(
    `${rows} rows each; closed loop ${Math.round(perSecond)}/s; each at ${Math.round(load.rate)}/s, one in ten a change\n\n` +
      '| round | p99 alone | p99 while bench-2 is upgraded | ratio | errors | upgrades and ways back | each, median |\n' +
      '| --- | ---: | ---: | ---: | ---: | ---: | ---: |',
  )
  const ratios: number[] = []
  for (let round = 1; round <= rounds; round++) {
    const alone = await measure()
    const times: number[] = []
    let stop = false
    const upgrading = (async () => {
      if (goesOnce) await sleep(seconds * 300)
      for (let turn = 0; goesOnce ? turn < 1 : !stop || turn % 2 === 1; turn++) {
        const begun = performance.now()
        if (turn % 2 === 0) await platform.operations.upgradeTenant('bench-2', 'customers@2')
        else await platform.operations.rollbackUpgrade('bench-2', 'customers@2')
        times.push(performance.now() - begun)
      }
    })()
    const meanwhile = await measure()
    stop = true
    await upgrading
    if (goesOnce) await platform.operations.rollbackUpgrade('bench-2', 'customers@2')
    ratios.push(meanwhile.p99 / alone.p99)
    const errors = alone.refused + alone.lost + meanwhile.refused + meanwhile.lost
    console.log(
      `| ${round} | ${alone.p99.toFixed(1)} ms | ${meanwhile.p99.toFixed(1)} ms | ${(meanwhile.p99 / alone.p99).toFixed(2)} | ${errors} | ${times.length} | ${Math.round(median(times))} ms |`,
    )
  }
  console.log(`\nMedian of the ratios: ${median(ratios).toFixed(2)}`)
  server.kill('SIGTERM')
} finally {
  await client.end().catch(() => {})
  await close()
}

/** Nine point reads, then a change. */
async function requestsOf(tenant: string): Promise<string[]> {
  const token = await platform.operations.issueToken({ tenant, roles: ['admin'] })
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }
  const { rows: found } = await client.query<{ id: string }>(
    'select id from customers_v1.customers where tenant_id = $1 order by id limit 200',
    [tenant],
  )
  return found.map(({ id }, index) => {
    const path = `/${tenant}/customers/v1/customers?id=eq.${id}`
    if (index % 10 !== 9) return requestText({ method: 'GET', path, headers })
    return requestText({
      method: 'PATCH',
      path,
      headers,
      body: JSON.stringify({ status: index % 20 === 9 ? 'active' : 'lead' }),
    })
  })
}

async function ask(child: ChildProcess, load: OpenLoad): Promise<OpenMeasured> {
  child.send(load)
  const [answer] = (await once(child, 'message')) as [{ measured?: OpenMeasured; error?: string }]
  if (answer.measured) return answer.measured
  throw new Error(answer.error)
}
