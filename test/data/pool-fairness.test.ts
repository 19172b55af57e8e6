// Nobody waits in vain: whatever other tenants keep the connections busy with, each statement has its turn.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { entity } from '../../src/core/entity.ts'
import { text } from '../../src/core/field.ts'
import type { Pool } from '../../src/data/postgres/pool.ts'
import { openTwoTenants, type TwoTenants } from '../../src/testing/two-tenants.ts'
import { type Ask, Pools } from './pools.ts'

const notes = entity('notes', { body: text().optional() })
const module = { name: 'pool', version: '1.0.0', entities: [notes], access: { admin: 'tenant_writer' } } as const

let tenants: TwoTenants
let pools: Pools
before(async () => {
  tenants = await openTwoTenants({ modules: [module], settings: { connections: 1 } })
  pools = new Pools(tenants.database)
})
after(async () => {
  await pools.close()
  await tenants.close()
})

const ask = (pool: Pool, statement: string, more?: Ask) => pools.ask(pool, statement, more)
const outcome = (pool: Pool, statement: string, more?: Ask) =>
  ask(pool, statement, more).then(
    () => 'served',
    () => 'refused',
  )
const quick = 'select pg_sleep($1::float8)::text, 1'
const nap = 'select pg_sleep($1::float8)::text'

/** Asks by so many callers, each again as soon as it is answered, while `meanwhile` runs. */
async function beside(
  loads: readonly [number, () => Promise<unknown>][],
  meanwhile: () => Promise<void>,
): Promise<void> {
  let isOver = false
  const callers = loads.flatMap(([many, asked]) =>
    Array.from({ length: many }, async () => {
      while (!isOver) await asked().catch(() => sleep(5)) // They may be refused, being too many.
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

test('what never ran has its turn beside quick statements of one tenant and slow ones of others in the slow lane', async () => {
  const pool = await pools.open({ size: 4, most: 8, tenantSlow: 1, patience: 1_500, lowerPriority: () => true })
  for (let turn = 0; turn < 3; turn++) {
    await ask(pool, nap, { values: ['0.04'] })
    await ask(pool, quick, { values: ['0'] })
  }
  const slow = (tenant: string) => () => ask(pool, nap, { tenant, values: ['0.03'] })
  await beside(
    [
      [120, () => ask(pool, quick, { values: ['0.001'] })],
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
  await beside([[60, () => ask(pool, quick, { values: ['0.001'] })]], async () => {
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
      [60, () => insertFor('acme')],
      [60, () => insertFor('initech')],
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
