import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import pg from 'pg'
import { generateRows } from '../examples/backoffice/generate.ts'
import { loadHttp, median } from './http-load.ts'
import { openBench } from './open-bench.ts'
import type { OpenLoad, OpenMeasured } from './open-load.ts'
import { readOptions } from './options.ts'

import { requestText } from './request.ts'
import { Burners, calibrate, Lock, slowTime } from './slow-neighbour.ts'
import { loadTenants } from './tenants.ts'

const usage = `npm run bench:neighbours -- [--rounds 5] [--seconds 10] [--tenants 10] [--rows 10000] [--share 0.5]

What does a tenant whose requests take ${slowTime} ms do to the others? Their point reads arrive on a schedule, at a share of
the most that a closed loop reached before the round; a time runs from when a request was due. In turns: alone, beside a
tenant whose reads wait (for a lock that is held outside of Tenantry), and beside one whose reads burn PostgreSQL's
processor; it sends one request for every 100 of the others. For comparison: alone once again, which shows how far two measurements
of the same differ here; and sessions outside of Tenantry that do the same work, one at the priority that a tenant's slow statements
have, which is the least that such work costs here, and at the usual priority as many as one tenant may hold of its read
connections. The aim is a p99 within twice the p99 alone.`

const { rounds, seconds, tenants, rows, share } = readOptions(usage, {
  rounds: 5,
  seconds: 10,
  tenants: 10,
  rows: 10_000,
  share: 0.5,
})

const kinds = ['alone', 'waits', 'burns', 'again', 'idle', 'outside'] as const
type Kind = (typeof kinds)[number]

/** What one round of a kind showed. */
interface Round {
  readonly others: OpenMeasured
  readonly slow: OpenMeasured | undefined
  /** Sessions of Tenantry that were at work, on average, and how many were opened meanwhile. */
  readonly active: number
  readonly connected: number
  /** Cores that the server's own process used. */
  readonly serverCores: number
}

const { platform, processes, close } = await openBench()
const target = platform.embedded?.connection('postgres')
if (!target) throw new Error('The benchmark uses the embedded server')
const client = new pg.Client(target)
const lock = new Lock(target)
const burners = {
  idle: new Burners(target, 1, 'idle'),
  /** Half of the most connections that reads may have. */
  outside: new Burners(target, 4, 'usual'),
}
try {
  await loadTenants(platform, tenants, rows)
  const slowTenant = 'bench-slow'
  await platform.operations.addTenant({ key: slowTenant, subscribe: ['customers@1', 'products@1', 'invoices@1'] })
  // Enough to be slow over.
  for (const batch of generateRows(0, rows * 16)) await platform.operations.addRows(slowTenant, [batch])
  await client.connect()
  await client.query('vacuum analyze')
  await lock.open()
  for (const sessions of Object.values(burners)) await sessions.open()
  const [server, { port }] = await processes.server('ignore')
  const [reader] = await processes.fork('neighbour-load.ts', {}, 'inherit')
  const [neighbour] = await processes.fork('neighbour-load.ts', {}, 'inherit')

  const tokens = new Map<string, string>()
  for (const key of [...Array.from({ length: tenants }, (_, n) => `bench-${n + 1}`), slowTenant])
    tokens.set(key, await platform.operations.issueToken({ tenant: key, roles: ['admin'] }))
  const headersOf = (tenant: string) => ({ authorization: `Bearer ${tokens.get(tenant)}` })
  const get = (tenant: string, path: string) => requestText({ method: 'GET', path, headers: headersOf(tenant) })
  const points: string[] = []
  for (const tenant of tokens.keys()) {
    if (tenant === slowTenant) continue
    const { rows: found } = await client.query<{ id: string }>(
      'select id from customers_v1.customers where tenant_id = $1 order by id limit 500',
      [tenant],
    )
    points.push(...found.map(({ id }) => get(tenant, `/${tenant}/customers/v1/customers?id=eq.${id}`)))
  }
  const mixed = points.map((_, n) => points[(n * 37) % points.length] ?? '')
  const burning = await calibrate(slowTenant, async path => {
    const started = performance.now()
    const answer = await fetch(`http://127.0.0.1:${port}${path}`, { headers: headersOf(slowTenant) })
    await answer.text()
    if (answer.status !== 200) throw new Error(`The slow request is answered with ${answer.status}`)
    return performance.now() - started
  })
  const slowRequests = {
    waits: get(slowTenant, `/${slowTenant}/shared/v1/phones?select=id&limit=1`),
    burns: get(slowTenant, burning.path),
  }

  const closedLoop = async (seconds: number) =>
    (await loadHttp({ port, requests: mixed, connections: 32, seconds })).perSecond
  await closedLoop(seconds)
  console.log(
    `${tenants} tenants, ${rows} rows each; ${availableParallelism()} cores; ${rounds} rounds of ${seconds} s\n` +
      `slow requests are one for 100 of the others, each ${Math.round(burning.time)} ms alone\n`,
  )
  console.log(
    '| | p50 | p99 | p99.9 | to alone | not served | slow: served, p50 | sessions at work (opened) | server | load stood still |',
  )
  console.log('| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |')

  const measure = async (kind: Kind, rate: number): Promise<Round> => {
    // What opening hundreds of connections does to others is not asked for here.
    const begin = Date.now() + 500
    const load: OpenLoad = { port, requests: mixed, rate, seconds, connections: 256, begin }
    if (kind === 'waits') lock.start()
    const sessions = kind === 'idle' || kind === 'outside' ? burners[kind] : undefined
    sessions?.start(burning.sql)
    const watched = watch(client, server.pid)
    const [[others, seen], slow] = await Promise.all([
      ask(reader, load).then(async measured => [measured, await watched()] as const),
      kind === 'waits' || kind === 'burns'
        ? ask(neighbour, { ...load, requests: [slowRequests[kind]], rate: rate / 100, connections: 512 })
        : undefined,
    ])
    if (kind === 'waits') await lock.stop()
    await sessions?.stop()
    return { others, slow, ...seen }
  }
  const measured: Readonly<Record<Kind, Round[]>> = {
    alone: [],
    waits: [],
    burns: [],
    again: [],
    idle: [],
    outside: [],
  }
  for (let round = 0; round <= rounds; round++) {
    // The machine is not as fast at all times.
    const most = await closedLoop(3)
    // After a closed loop V8 compiles again for requests that come one by one, which is nobody's doing.
    const warm = (seconds: number) =>
      ask(reader, { port, requests: mixed, rate: most * share, seconds, connections: 256 })
    await warm(2)
    // What ran before is felt: another one each time.
    for (const kind of shuffled(kinds)) {
      await warm(1)
      const shown = await measure(kind, most * share)
      // In the first one V8 compiles for what it has not met yet.
      if (round > 0) measured[kind].push(shown)
    }
    console.error(`round ${round}: closed loop ${Math.round(most)}/s, point reads at ${Math.round(most * share)}/s`)
  }
  for (const kind of kinds) {
    for (const [index, round] of measured[kind].entries())
      console.log(row(`${kind} ${index + 1}`, round, measured.alone[index]))
  }
  const p99Of = (kind: Kind) => median(measured[kind].map(({ others }) => others.p99))
  for (const kind of kinds) {
    const ratios = measured[kind].map(
      ({ others }, index) => others.p99 / (measured.alone[index]?.others.p99 ?? others.p99),
    )
    const each = ratios.map(ratio => ratio.toFixed(2)).join(' ')
    console.log(
      `\n${kind}: p99 of the others is ${p99Of(kind).toFixed(1)} ms in the middle round, ${(p99Of(kind) / p99Of('alone')).toFixed(2)} times that alone; ` +
        `${median(ratios).toFixed(2)} times that of its own round (${each})`,
    )
  }
  server.kill('SIGTERM')
} finally {
  await Promise.allSettled([client.end(), lock.close(), ...Object.values(burners).map(sessions => sessions.close())])
  await close()
}

function shuffled<T>(items: readonly T[]): readonly T[] {
  return items
    .map(item => ({ item, place: Math.random() }))
    .toSorted((a, b) => a.place - b.place)
    .map(({ item }) => item)
}

async function ask(child: ChildProcess, load: OpenLoad): Promise<OpenMeasured> {
  child.send(load)
  const [answer] = (await once(child, 'message')) as [{ measured?: OpenMeasured; error?: string }]
  if (answer.measured) return answer.measured
  throw new Error(answer.error)
}

/** Looks at the server's sessions and its processor time until it is asked what it saw. */
function watch(
  client: pg.Client,
  pid: number | undefined,
): () => Promise<Pick<Round, 'active' | 'connected' | 'serverCores'>> {
  const seen: { active: number; connected: number }[] = []
  const started = performance.now()
  const before = processorTime(pid)
  const look = async () => {
    const { rows } = await client.query<{ active: number; connected: number }>(
      `select count(*) filter (where state = 'active')::int as active, count(*)::int as connected
       from pg_stat_activity where application_name = 'tenantry'`,
    )
    seen.push(...rows)
  }
  const timer = setInterval(() => look().catch(() => {}), 100) // One look less changes nothing.
  return async () => {
    clearInterval(timer)
    const serverCores = (processorTime(pid) - before) / (performance.now() - started)
    return {
      active: seen.reduce((sum, { active }) => sum + active, 0) / Math.max(1, seen.length),
      connected: Math.max(0, ...seen.map(({ connected }) => connected)) - (seen[0]?.connected ?? 0),
      serverCores,
    }
  }
}

/** Milliseconds of processor that a process has used; 0 where there is no /proc. */
function processorTime(pid: number | undefined): number {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? []
    return (Number(fields[11]) + Number(fields[12])) * 10
  } catch {
    return 0
  }
}

function row(name: string, { others, slow, active, connected, serverCores }: Round, alone: Round | undefined): string {
  const slowText = slow
    ? `${slow.requests - slow.refused - slow.lost} of ${slow.requests}, ${Math.round(slow.p50)} ms`
    : ''
  return `| ${[
    name,
    `${others.p50.toFixed(1)} ms`,
    `${others.p99.toFixed(1)} ms`,
    `${others.p999.toFixed(1)} ms`,
    (others.p99 / (alone?.others.p99 ?? others.p99)).toFixed(2),
    String(others.refused + others.lost),
    slowText,
    `${active.toFixed(1)} (+${connected})`,
    `${Math.round(serverCores * 100)}%`,
    `${others.pause.toFixed(0)} ms`,
  ].join(' | ')} |`
}
