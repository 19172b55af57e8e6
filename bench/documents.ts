import { parseArgs } from 'node:util'
import { create, fromBinary, toBinary } from '@bufbuild/protobuf'
import { bytes, entity } from 'tenantry'
import { documents } from 'tenantry/stores'
import { openTwoTenants } from 'tenantry/testing'
import { GreetingSchema } from '../test/stores/generated/greeting_pb.ts'

/** Documents against a plain entity that holds the same bytes, in turns; no HTTP. Prints rates in the median of the rounds. */
const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    count: { type: 'string', default: '2000' },
    bytes: { type: 'string', default: '500' },
  },
})
const [rounds, count, size] = [Number(values.rounds), Number(values.count), Number(values.bytes)]
const atOnce = 32

const greetings = documents('greetings', GreetingSchema)
const plain = entity('plain', { payload: bytes() }, { revision: true, softDelete: true })
const modules = [
  { name: 'bench', version: '1.0.0', entities: [greetings.entity, plain], access: { admin: 'tenant_writer' } as const },
]
const tenants = await openTwoTenants({ modules })
const message = create(GreetingSchema, { text: 'x'.repeat(size), count: 1n })

type Deed = (n: number) => Promise<unknown>
const rates = new Map<string, number[]>()

async function measure(name: string, deed: Deed): Promise<void> {
  let next = 0
  const started = performance.now()
  await Promise.all(
    Array.from({ length: atOnce }, async () => {
      while (next < count) await deed(next++)
    }),
  )
  const rate = (count * 1000) / (performance.now() - started)
  rates.set(name, [...(rates.get(name) ?? []), rate])
}

try {
  for (let round = 0; round <= rounds; round++) {
    if (round === 1) rates.clear() // The first one only warms up.
    const data = tenants.dataOf(`tenant${round}`)
    const store = greetings.of(data)
    const keys: string[] = []
    const rowId = (n: number) => keys[n % keys.length] ?? ''
    const documentDeeds: [string, Deed][] = [
      ['insert', n => store.insert({ id: `d${n}`, message })],
      ['find', n => store.findById(`d${n}`)],
      ['update', n => store.update({ id: `d${n}`, message })],
    ]
    const plainDeeds: [string, Deed][] = [
      ['insert', async () => keys.push((await data.insert(plain, { payload: toBinary(GreetingSchema, message) })).id)],
      ['find', async n => fromBinary(GreetingSchema, (await data.get(plain, rowId(n))).payload)],
      ['update', n => data.update(plain, rowId(n), { payload: toBinary(GreetingSchema, message) })],
    ]
    for (const [index, [name, deed]] of documentDeeds.entries()) {
      const other: [string, Deed] = [`${name} plain`, plainDeeds[index]?.[1] ?? deed]
      const pair: [string, Deed][] = [[name, deed], other]
      for (const [what, work] of round % 2 ? pair : pair.reverse()) await measure(what, work)
    }
  }
  console.log(`| ${size} bytes, ${atOnce} at once | documents | plain entity | ratio |\n| --- | ---: | ---: | ---: |`)
  const median = (name: string) => (rates.get(name) ?? []).toSorted((a, b) => a - b)[Math.floor(rounds / 2)] ?? 0
  for (const name of ['insert', 'find', 'update']) {
    const [one, other] = [median(name), median(`${name} plain`)]
    console.log(`| ${name} | ${Math.round(one)}/s | ${Math.round(other)}/s | ${Math.round((one / other) * 100)}% |`)
  }
} finally {
  await tenants.close()
}
