import { parseArgs } from 'node:util'
import { entity, integer, text } from 'tenantry'
import { openTwoTenants } from 'tenantry/testing'
import { median } from './http-load.ts'

/** What does recording changes cost a write, and how soon is a consumer told? */
const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '3' },
    rounds: { type: 'string', default: '3' },
    writers: { type: 'string', default: '16' },
  },
})
const [seconds, rounds, writers] = [Number(values.seconds), Number(values.rounds), Number(values.writers)]

const fields = { title: text(), n: integer().default(0) }
const recorded = entity('recorded', fields, { changes: true })
const plain = entity('plain', fields)
const access = { admin: 'tenant_writer' } as const
const { acme, close } = await openTwoTenants({
  modules: [{ name: 'bench', version: '1.0.0', entities: [recorded, plain], access }],
})

type Target = typeof recorded | typeof plain

/** Writes a second, by so many callers at once. */
async function rateOf(callers: number, write: () => Promise<unknown>): Promise<number> {
  const end = performance.now() + seconds * 1_000
  let count = 0
  const caller = async () => {
    for (; performance.now() < end; count++) await write()
  }
  await Promise.all(Array.from({ length: callers }, caller))
  return count / seconds
}

const one = (target: Target) => () => acme.insert(target, { title: 'a row' })
const bulk = (target: Target) => {
  const rows = Array.from({ length: 10_000 }, (_, n) => ({ title: `row ${n}` }))
  return () => acme.insert(target, rows)
}

try {
  await one(recorded)()
  await one(plain)()
  console.log('| write | without | with `changes` | ratio |\n| --- | ---: | ---: | ---: |')
  for (const [name, callers, write] of [
    ['one row, 1 writer', 1, one],
    [`one row, ${writers} writers`, writers, one],
    ['10,000 rows', 1, bulk],
  ] as const) {
    const measured: { without: number; with: number }[] = []
    for (let round = 0; round < rounds; round++)
      measured.push({ without: await rateOf(callers, write(plain)), with: await rateOf(callers, write(recorded)) })
    const [without, recording] = [median(measured.map(m => m.without)), median(measured.map(m => m.with))]
    const ratio = median(measured.map(m => m.with / m.without))
    console.log(`| ${name} | ${show(without)}/s | ${show(recording)}/s | ${Math.round(ratio * 100)}% |`)
  }

  const position = await acme.changePosition(recorded)
  const stop = new AbortController()
  const sent = new Map<string, number>()
  const latencies: number[] = []
  const consumer = (async () => {
    for await (const { row } of acme.changes(recorded, { after: position, signal: stop.signal })) {
      const at = sent.get(row?.title ?? '')
      if (at !== undefined) latencies.push(performance.now() - at)
    }
  })()
  let number = 0
  for (const end = performance.now() + seconds * 1_000; performance.now() < end; ) {
    const title = `told ${number++}`
    await acme.insert(recorded, { title })
    // From the answer to the write, when its writer knows that it is committed.
    sent.set(title, performance.now())
    await new Promise(resolve => setTimeout(resolve, 5))
  }
  await new Promise(resolve => setTimeout(resolve, 500))
  stop.abort()
  await consumer
  latencies.sort((a, b) => a - b)
  const at = (share: number) => (latencies[Math.floor(latencies.length * share)] ?? Number.NaN).toFixed(1)
  console.log(
    `\nfrom a write's answer to its consumer: p50 ${at(0.5)} ms, p99 ${at(0.99)} ms, ${latencies.length} of ${number}`,
  )

  const backlog = await acme.changePosition(recorded)
  for (let n = 0; n < 5; n++) await bulk(recorded)()
  const started = performance.now()
  let told = 0
  for await (const _ of acme.changes(recorded, { after: backlog })) if (++told === 50_000) break
  console.log(`a backlog of 50,000: ${show((told * 1_000) / (performance.now() - started))} changes/s`)
} finally {
  await close()
}

function show(rate: number): string {
  return rate >= 100 ? String(Math.round(rate)) : rate.toFixed(1)
}
