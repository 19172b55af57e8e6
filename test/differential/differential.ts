import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import fc from 'fast-check'
import { corpus } from './corpus/corpus.ts'
import { differences } from './differences.ts'
import { type Exchange, type Part, showExchange } from './exchange.ts'
import { requests } from './generate.ts'
import { whyNoPostgrest } from './postgrest.ts'
import type { Request } from './request.ts'
import { openSides, type Sides } from './sides.ts'

/** How many requests a run makes up, and from which seed; both can be given to repeat a run. */
const generated = Number(process.env.DIFFERENTIAL_REQUESTS ?? 5000)
const seed = Number(process.env.DIFFERENTIAL_SEED ?? Date.now() % 2 ** 31)

/** So many unlike requests are made as simple as they can be; it takes a while. */
const shrunk = 5

const missing = whyNoPostgrest()
// In CI a proof that did not take place is a failure; before() says why.
const skip = process.env.CI === 'true' ? false : (missing ?? false)

describe('PostgREST and Tenantry answer the same requests alike', { skip }, () => {
  let sides: Sides
  const seen = new Set<string>()

  before(async () => {
    assert.equal(missing, undefined)
    sides = await openSides()
  })
  after(() => sides?.close())

  /** What is unlike in an answer and is not in the list of deliberate differences. */
  async function findUnlike(request: Request): Promise<Exchange | undefined> {
    const exchange = await sides.exchange(request)
    if (exchange.unlike.length === 0) return undefined
    const applying = differences.filter(
      difference => difference.parts.some(part => exchange.unlike.includes(part)) && difference.applies(exchange),
    )
    for (const { name } of applying) seen.add(name)
    const excused = new Set<Part>(applying.flatMap(({ parts }) => parts))
    const unlike = exchange.unlike.filter(part => !excused.has(part))
    return unlike.length > 0 ? { ...exchange, unlike } : undefined
  }

  /** The simplest request that is unlike in place of a generated one. */
  async function shrink(index: number): Promise<Exchange | undefined> {
    const isAlike = async (request: Request) => (await findUnlike(request)) === undefined
    const property = fc.asyncProperty(requests, isAlike)
    const { counterexample } = await fc.check(property, { seed, path: String(index), numRuns: 1 })
    return counterexample ? findUnlike(counterexample[0]) : undefined
  }

  for (const { name, requests } of corpus) {
    test(`${name} (${requests.length} requests)`, async () => {
      const unlike: Exchange[] = []
      for (const request of requests) {
        const found = await findUnlike(request)
        if (found) unlike.push(found)
      }
      report(unlike, requests.length)
    })
  }

  test(`${generated} generated requests (seed ${seed})`, async context => {
    context.diagnostic(`repeat with DIFFERENTIAL_SEED=${seed}`)
    const unlike: Exchange[] = []
    for (const [index, request] of fc.sample(requests, { seed, numRuns: generated }).entries()) {
      const found = await findUnlike(request)
      if (found) unlike.push(unlike.length < shrunk ? ((await shrink(index)) ?? found) : found)
    }
    report(unlike, generated)
  })

  test('every deliberate difference has a request that shows it', () => {
    assert.deepEqual(
      differences.filter(({ name, byChance }) => !byChance && !seen.has(name)).map(({ name }) => name),
      [],
    )
  })
})

function report(unlike: readonly Exchange[], all: number): void {
  if (unlike.length === 0) return
  const shown = unlike.slice(0, 20).map(showExchange)
  const rest = unlike.length > shown.length ? [`… and ${unlike.length - shown.length} more`] : []
  assert.fail([`${unlike.length} of ${all} answers are unlike:`, ...shown, ...rest].join('\n\n'))
}
