import { availableParallelism } from 'node:os'
import type { DataCase } from './data/case.ts'
import { changeCases } from './data/change-cases.ts'
import { documentCases } from './data/document-cases.ts'
import { openDataWorld } from './data/open-world.ts'
import { rowCases } from './data/row-cases.ts'
import { loadCalls, type Measured, median } from './http-load.ts'
import { readOptions } from './options.ts'

const usage = `npm run bench:data -- [--rounds 5] [--seconds 1] [--callers 32] [--only documents]

What code asks of the data layer, without HTTP, and the same statements as one would write them by hand: with pg and its
pool, prepared, naming the tenant themselves, by a login that row security does not bind. In turns, on one database
without fsync, so that no wait for a disk hides what the layer costs. The ratio is the data layer's rate to that by hand,
per round; the median is shown with the least and the greatest.`

const { rounds, seconds, callers, only } = readOptions(usage, {
  rounds: 5,
  seconds: 1,
  callers: 32,
  only: '',
})

const world = await openDataWorld()
try {
  const cases = [...rowCases(world, callers), ...documentCases(world, callers), ...changeCases(world, callers)]
  console.log(`${callers} callers, ${rounds} rounds of ${seconds} s; ${availableParallelism()} cores\n`)
  console.log('| what | data layer | p50 / p99 | by hand | p50 / p99 | ratio (least–greatest) |')
  console.log('| --- | ---: | ---: | ---: | ---: | ---: |')
  for (const each of cases.filter(({ name }) => name.includes(only))) console.log(await rowOf(each))
} finally {
  await world.close()
}

async function rowOf(each: DataCase): Promise<string> {
  const measure = async (run: () => Promise<unknown>, seconds: number) => {
    await each.prepare?.()
    return loadCalls({ run, concurrency: each.callers ?? callers, seconds })
  }
  const measured: { readonly ours: Measured; readonly byHand: Measured }[] = []
  for (let round = 0; round <= rounds; round++) {
    const ours = () => measure(each.ours, round === 0 ? 0.3 : seconds)
    const byHand = () => measure(each.byHand, round === 0 ? 0.3 : seconds)
    const first = round % 2 === 0 ? { ours: await ours(), byHand: await byHand() } : undefined
    const turned = first ?? { byHand: await byHand(), ours: await ours() }
    if (round > 0) measured.push(turned) // The first one only warms up.
  }
  const ratios = measured.map(({ ours, byHand }) => ours.perSecond / byHand.perSecond).sort((a, b) => a - b)
  const percent = (ratio = 0) => `${Math.round(ratio * 100)}%`
  const cells = [
    each.name,
    ...shown(measured.map(({ ours }) => ours)),
    ...shown(measured.map(({ byHand }) => byHand)),
    `${percent(median(ratios))} (${percent(ratios[0])}–${percent(ratios.at(-1))})`,
  ]
  return `| ${cells.join(' | ')} |`

  function shown(all: readonly Measured[]): string[] {
    const rate = median(all.map(({ perSecond }) => perSecond)) * (each.rows ?? 1)
    const times = [median(all.map(({ p50 }) => p50)), median(all.map(({ p99 }) => p99))]
    return [`${rate.toFixed(rate < 100 ? 1 : 0)}/s`, `${times.map(time => time.toFixed(1)).join(' / ')} ms`]
  }
}
