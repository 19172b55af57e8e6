// Nobody waits in vain: whatever other tenants keep the connections busy with, each statement has its turn.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Pool } from '../../src/data/postgres/pool.ts'
import { type Ask, Pools, poolModule } from './pools.ts'

let pools: Pools
before(async () => {
  pools = await Pools.over({ modules: [poolModule], settings: { connections: 1 } })
})
after(() => pools.end())

const ask = (pool: Pool, statement: string, more?: Ask) => pools.ask(pool, statement, more)
const outcome = (pool: Pool, statement: string, more?: Ask) =>
  ask(pool, statement, more).then(
    () => 'served',
    () => 'refused',
  )
const quick = 'select pg_sleep($1::float8)::text, 1'
const nap = 'select pg_sleep($1::float8)::text'
const who = `select current_setting('tenantry.tenant')`

/** Asks by so many callers, each again as soon as it is answered, while `meanwhile` runs. */
async function beside(
  loads: readonly [number, () => Promise<unknown>][],
  meanwhile: () => Promise<void>,
): Promise<void> {
  let isOver = false
  const callers = loads.flatMap(([many, asked]) =>
    Array.from({ length: many }, async () => {
      while (!isOver) await asked()
    }),
  )
  try {
    await sleep(200)
    await meanwhile()
  } finally {
    isOver = true
    await Promise.all(callers)
  }
}

/** For callers that may be refused, being too many. */
const patiently = (asked: () => Promise<unknown>) => () => asked().catch(() => sleep(5))

for (const size of [1, 2, 4]) {
  test(`new and slow statements have their turn beside quick ones of one tenant that fill ${size} connections, and quick ones beside them`, async () => {
    const pool = await pools.open({ size, patience: 1_500 })
    await ask(pool, nap, { values: ['0.05'] })
    await ask(pool, who)
    await beside([[100, () => ask(pool, who)]], async () => {
      for (let turn = 0; turn < 5; turn++) {
        const [[fresh], , [tenant]] = await Promise.all([
          ask(pool, `select 'new ${turn}'`, { tenant: 'globex' }),
          ask(pool, nap, { tenant: 'globex', values: ['0.05'] }),
          ask(pool, who, { tenant: 'globex' }),
        ])
        assert.deepEqual([fresh, tenant], [`new ${turn}`, 'globex'])
      }
      await beside([[5, () => ask(pool, nap, { values: ['0.05'] })]], async () => {
        for (let turn = 0; turn < 5; turn++) assert.equal((await ask(pool, who, { tenant: 'globex' }))[0], 'globex')
      })
    })
  })
}

test('what never ran has its turn beside quick statements of one tenant and slow ones of others in the slow lane', async () => {
  const pool = await pools.open({ size: 4, most: 8, tenantSlow: 1, patience: 1_500, lowerPriority: () => true })
  for (let turn = 0; turn < 3; turn++) {
    await ask(pool, nap, { values: ['0.04'] })
    await ask(pool, quick, { values: ['0'] })
  }
  const slow = (tenant: string) => patiently(() => ask(pool, nap, { tenant, values: ['0.03'] }))
  await beside(
    [
      [120, patiently(() => ask(pool, quick, { values: ['0.001'] }))],
      [4, slow('initech')],
      [4, slow('umbrella')],
    ],
    async () => {
      for (let turn = 0; turn < 3; turn++)
        assert.equal(await outcome(pool, `select 'fresh ${turn}'`, { tenant: 'globex' }), 'served')
    },
  )
})

test('what turned out to be quick while it waited among the slow goes past those that cannot', async () => {
  const pool = await pools.open({ size: 2, patience: 1_000 })
  await ask(pool, nap, { values: ['0.05'] })
  const fresh = `select pg_sleep(0.005)::text, 'fresh'`
  const asked = [
    outcome(pool, fresh, { tenant: 'globex' }),
    outcome(pool, nap, { values: ['1.5'] }),
    outcome(pool, nap, { tenant: 'initech', values: ['0.1'] }),
    outcome(pool, fresh, { tenant: 'globex' }),
  ]
  const [first, , , again] = await Promise.all(asked)
  assert.deepEqual([first, again], ['served', 'served'])
})

test('what turned out to be slow while it waited among the quick holds up neither its tenant nor others', async () => {
  const pool = await pools.open({ size: 1, depth: 4, patience: 2_000 })
  const turning = `select pg_sleep($1::float8)::text, 'turning'`
  await ask(pool, quick, { values: ['0'] })
  for (let turn = 0; turn < 3; turn++) await ask(pool, turning, { values: ['0.013'] })
  await beside([[60, patiently(() => ask(pool, quick, { values: ['0.001'] }))]], async () => {
    const slow = Array.from({ length: 6 }, () => outcome(pool, turning, { tenant: 'initech', values: ['0.08'] }))
    const others = [
      ...Array.from({ length: 4 }, () => outcome(pool, turning, { tenant: 'globex', values: ['0'] })),
      ...Array.from({ length: 3 }, () => outcome(pool, quick, { tenant: 'globex', values: ['0'] })),
    ]
    assert.deepEqual(new Set(await Promise.all(others)), new Set(['served']))
    await Promise.all(slow)
  })
})

for (const size of [1, 2]) {
  test(`what never ran has its turn beside inserts of two tenants that share transactions, on ${size} connections`, async () => {
    const pool = await pools.open({ size, patience: 1_500 })
    const insert = 'insert into pool_v1.notes (body) select $1 from (select pg_sleep(0.001)) x'
    const insertFor = (tenant: string) => ask(pool, insert, { tenant, values: ['x'], sharing: 'inserts' })
    await ask(pool, quick, { values: ['0'] })
    await insertFor('acme')
    const loads: [number, () => Promise<unknown>][] = [
      [60, patiently(() => insertFor('acme'))],
      [60, patiently(() => insertFor('initech'))],
    ]
    await beside(loads, async () => {
      for (let turn = 0; turn < 4; turn++) {
        const asked = [`select 'fresh ${turn}'`, quick].map(text =>
          outcome(pool, text, { tenant: 'globex', values: text === quick ? ['0'] : [] }),
        )
        assert.deepEqual(await Promise.all(asked), ['served', 'served'])
      }
    })
  })
}
