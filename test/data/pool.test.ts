import assert from 'node:assert/strict'
import { chmodSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { sql } from 'kysely'
import pg from 'pg'
import { TenantryError } from '../../src/core/errors.ts'
import { createModuleSet } from '../../src/core/module-set.ts'
import { TenantData } from '../../src/core/tenant-data.ts'
import { openEmbedded } from '../../src/data/postgres/embedded.ts'
import { kyselyIn } from '../../src/data/postgres/kysely.ts'
import type { Pool, PoolOptions } from '../../src/data/postgres/pool.ts'
import { openPostgres } from '../../src/data/postgres/postgres.ts'
import { settingsSql } from '../../src/data/postgres/settings.ts'
import { StreamPool } from '../../src/data/postgres/stream.ts'
import type { StatementRow } from '../../src/data/postgres/tenant-statement.ts'
import { createContext } from '../../src/testing/context.ts'
import { asSuperuser, testSecrets } from '../../src/testing/test-server.ts'
import type { TwoTenants } from '../../src/testing/two-tenants.ts'
import { type Ask, failure, notes, Pools, poolModule, randomFrom, until } from './pools.ts'

let tenants: TwoTenants
let pools: Pools

before(async () => {
  pools = await Pools.over({ modules: [poolModule], settings: { connections: 1 } })
  tenants = pools.tenants
})
after(() => pools.end())

const openPool = (options?: Partial<PoolOptions>) => pools.open(options)
const ask = (pool: Pool, text: string, more?: Ask) => pools.ask(pool, text, more)
const backends = () => pools.backends()

const who = `select current_setting('tenantry.tenant'), current_user::text, current_setting('tenantry.instance'), current_setting('tenantry.subject')`

/** How often a statement runs until its time is held against others: the first time, where it is prepared, tells nothing. */
const untilKnown = 5

describe('a pipelined connection', () => {
  test('answers the neighbours of a statement that fails', async () => {
    const pool = await openPool()
    const outcomes = await Promise.allSettled(
      Array.from({ length: 30 }, (_, index) =>
        index % 3 === 1
          ? ask(pool, `select (1 / $1::int)::text`, { values: ['0'] })
          : ask(pool, `select $1::text`, { values: [String(index)] }),
      ),
    )
    outcomes.forEach((outcome, index) => {
      if (index % 3 === 1) assert.equal(outcome.status === 'rejected' && outcome.reason.reason, '22012')
      else assert.deepEqual(outcome.status === 'fulfilled' && outcome.value, [String(index)])
    })
  })

  test('undoes what a failed statement wrote, and nothing of its neighbours', async () => {
    const pool = await openPool()
    const tenant = 'undo'
    const insert = (body: string) =>
      ask(pool, 'insert into pool_v1.notes (body) values ($1) returning body', { tenant, values: [body] })
    const half = ask(
      pool,
      `with w as (insert into pool_v1.notes (body) values ('half') returning 1) select (1 / (count(*) - 1))::text from w`,
      { tenant },
    )
    const outcomes = await Promise.allSettled([insert('a'), half, insert('b')])
    assert.deepEqual(
      outcomes.map(({ status }) => status),
      ['fulfilled', 'rejected', 'fulfilled'],
    )
    const [bodies] = await ask(pool, `select string_agg(body, ',' order by body) from pool_v1.notes`, { tenant })
    assert.equal(bodies, 'a,b')
  })

  test('runs each statement with its own settings and leaves none behind, also after errors', async () => {
    const pool = await openPool()
    const p = tenants.database.prefix
    const first = ask(pool, who)
    const error = ask(pool, 'select 1 / 0', { tenant: 'globex' }).catch(() => {})
    const second = ask(pool, who, { tenant: 'globex', role: 'tenant_reader' })
    assert.deepEqual(await first, ['acme', `${p}_tenant_writer`, 'eu', 'subject of acme'])
    assert.deepEqual(await second, ['globex', `${p}_tenant_reader`, 'eu', 'subject of globex'])
    await error
    // A role that does not exist fails before the main statement, which must then not have run.
    const wrong = await failure(
      ask(pool, `insert into pool_v1.notes (body) values ('never') returning body`, { role: 'nobody' }),
    )
    assert.ok(wrong.code === 'invalid' || wrong.code === 'internal', wrong.code)
    const idle = await tenants.database.query<{ pid: number }>(
      'select pid from pg_stat_activity where datname = current_database() and state = $1',
      ['idle in transaction'],
    )
    assert.deepEqual(idle, [])
    const [none] = await ask(pool, `select count(*)::text from pool_v1.notes where body = 'never'`)
    assert.equal(none, '0')
    const client = await ask(
      pool,
      `select coalesce(current_setting('tenantry.tenant', true), 'null'), session_user::text`,
      { tenant: '' },
    )
    assert.deepEqual(client, ['', `${p}_tenant_login`])
  })

  test('has settings that end with their transaction, whether it commits or fails', async () => {
    const { target, prefix, secrets } = tenants.database
    const client = new pg.Client({
      ...target,
      user: `${prefix}_tenant_login`,
      password: secrets.derive('login tenant'),
    })
    await client.connect()
    try {
      const settings = [`${prefix}_tenant_writer`, 'acme', 'eu', 'somebody', '1234']
      const left = `select current_user::text as user, current_setting('tenantry.tenant', true) as tenant, current_setting('tenantry.instance', true) as instance,
        current_setting('tenantry.subject', true) as subject, current_setting('statement_timeout') as timeout`
      const nothing = { user: `${prefix}_tenant_login`, tenant: '', instance: '', subject: '', timeout: '0' }
      await client.query(settingsSql, settings)
      assert.deepEqual((await client.query(left)).rows, [nothing])
      for (const end of ['commit', 'rollback', 'select 1 / 0']) {
        await client.query('begin')
        await client.query(settingsSql, settings)
        assert.equal((await client.query<{ tenant: string }>(left)).rows[0]?.tenant, 'acme')
        await client.query(end).catch(() => client.query('commit'))
        assert.deepEqual((await client.query(left)).rows, [nothing], end)
        await assert.rejects(client.query('select * from pool_v1.notes'), { code: '42501' })
      }
    } finally {
      await client.end()
    }
  })

  test('refuses the roles that reach across tenants', async () => {
    const pool = await openPool()
    for (const role of ['reader', 'writer', 'instance_reader', 'instance_writer', 'main']) {
      const { code } = await failure(ask(pool, who, { role }))
      assert.equal(code, 'forbidden', role)
    }
  })

  test('carries null, empty, long and odd values unchanged', async () => {
    const pool = await openPool()
    for (const value of [null, '', ' ', `'"\\$1{}%_;--`, '\u0001\u007f\u2028😀é', 'x'.repeat(1_000_000)])
      assert.deepEqual(await ask(pool, 'select $1::text', { values: [value] }), [value])
    assert.deepEqual(await ask(pool, 'select null, null::int, $1::text', { values: ['a'] }), [null, null, 'a'])
    for (const values of [['nul\0byte'], [], ['a', 'b']] as const) {
      const { code } = await failure(ask(pool, 'select $1::text', { values }))
      assert.ok(code === 'invalid' || code === 'unavailable' || code === 'internal', code)
    }
    for (const tenant of [
      `'; set role postgres; --`,
      `acme', true), set_config('role', 'postgres`,
      'acme\nglobex',
      '😀',
    ])
      assert.equal((await ask(pool, who, { tenant }))[0], tenant)
    const { code } = await failure(ask(pool, who, { tenant: 'acme\0globex' }))
    assert.equal(code, 'invalid')
    assert.equal((await ask(pool, who))[0], 'acme')
  })
})

test('a thousand interleaved requests of fifty tenants on four connections never mix', async () => {
  const seed = Math.floor(Math.random() * 2 ** 31)
  console.log(`seed ${seed}`)
  const random = randomFrom(seed)
  const pool = await openPool({ size: 4 })
  const mixed: string[] = []
  await Promise.all(
    Array.from({ length: 1_000 }, async (_, index) => {
      const tenant = `tenant-${Math.floor(random() * 50)}`
      const role = random() < 0.5 ? 'tenant_reader' : 'tenant_writer'
      const kind = Math.floor(random() * 5)
      if (random() < 0.2) await sleep(random() * 20)
      if (kind === 0) {
        const { reason } = await failure(ask(pool, 'select (1 / 0)::text', { tenant, role }))
        if (reason !== '22012') mixed.push(`${index}: ${reason}`)
        return
      }
      if (kind === 1 && role === 'tenant_writer') {
        const [stored] = await ask(pool, 'insert into pool_v1.notes (body) values ($1) returning tenant_id', {
          tenant,
          values: [tenant],
        })
        if (stored !== tenant) mixed.push(`${index}: ${stored} for ${tenant}`)
        return
      }
      const [found, user, , subject] = await ask(pool, kind === 2 ? `${who}, pg_sleep(0.001)::text` : who, {
        tenant,
        role,
      })
      if (found !== tenant || user !== `${tenants.database.prefix}_${role}` || subject !== `subject of ${tenant}`)
        mixed.push(`${index}: ${found} ${user} ${subject} for ${tenant}`)
      const [strangers] = await ask(pool, 'select count(*)::text from pool_v1.notes where tenant_id <> $1', {
        tenant,
        role,
        values: [tenant],
      })
      if (strangers !== '0') mixed.push(`${index}: ${strangers} rows of others for ${tenant}`)
    }),
  )
  assert.deepEqual(mixed, [])
  const wrong = await tenants.database.query(
    `select * from pool_v1.notes where body ~ '^tenant-' and body <> tenant_id`,
  )
  assert.deepEqual(wrong, [])
})

describe('a pool', () => {
  test('does not let a slow statement hold up the others', async () => {
    const pool = await openPool({ size: 2 })
    await ask(pool, who)
    const slow = ask(pool, `select pg_sleep(0.6)::text`)
    await sleep(20)
    const start = performance.now()
    await Promise.all(
      Array.from({ length: 50 }, (_, index) => ask(pool, who, { tenant: index % 2 ? 'acme' : 'globex' })),
    )
    assert.ok(performance.now() - start < 500, 'the others waited for the slow one')
    await slow
  })

  test('leaves half of its connections to the others when one tenant sends nothing but slow statements', async () => {
    const pool = await openPool({ size: 2, most: 4 })
    await ask(pool, who)
    const nap = 'select pg_sleep($1::float8)::text'
    await ask(pool, nap, { values: ['0.05'] })
    const naps: Promise<StatementRow>[] = []
    for (let burst = 0; burst < 3; burst++) {
      naps.push(...Array.from({ length: 2 }, () => ask(pool, nap, { values: ['0.8'] })))
      await sleep(40)
    }
    const start = performance.now()
    await Promise.all(Array.from({ length: 50 }, () => ask(pool, who, { tenant: 'globex' })))
    assert.ok(performance.now() - start < 400, 'the others waited for the tenant with the slow ones')
    await Promise.all(naps)
    assert.ok(pool.connections <= 4)
  })

  test('does not let a statement that turned slow hold what another tenant sends in the same moment', async () => {
    const pool = await openPool({ size: 2, most: 2 })
    const nap = 'select pg_sleep($1::float8)::text'
    for (let round = 0; round < 20; round++) await ask(pool, nap, { values: ['0'] })
    await ask(pool, who)
    for (let round = 0; round < 3; round++) await ask(pool, nap, { values: ['0.2'] })
    // Known to be slow by now: nothing is put behind it, and it is put behind nothing.
    const slow = ask(pool, nap, { values: ['0.5'] })
    const start = performance.now()
    await Promise.all(Array.from({ length: 8 }, () => ask(pool, who, { tenant: 'globex' })))
    assert.ok(performance.now() - start < 400, 'the other tenant waited')
    await slow
  })

  test('still trusts what used to be quick when all of it stood still once', async () => {
    const lowered: number[] = []
    const pool = await openPool({ size: 2, most: 4, lowerPriority: pid => lowered.push(pid) > 0 })
    const quick = (tenant: string) =>
      ask(pool, 'select pg_backend_pid()::text, count(*)::text from pool_v1.notes', { tenant })
    for (let turn = 0; turn < 40; turn++) await quick(turn % 2 ? 'acme' : 'globex')
    const standing = tenants.database.query(
      'do $$ begin lock table pool_v1.notes in access exclusive mode; perform pg_sleep(0.3); end $$',
    )
    await sleep(50)
    // One on each connection.
    const held = [quick('acme'), sleep(20).then(() => quick('globex'))]
    await standing
    await Promise.all(held)
    const pids = await Promise.all(Array.from({ length: 20 }, (_, index) => quick(index % 2 ? 'acme' : 'globex')))
    assert.deepEqual(lowered, [])
    assert.equal(new Set(pids.map(([pid]) => pid)).size, 2)
  })

  test('answers unavailable with a time to come back when the queue is full or patience ends', async () => {
    const pool = await openPool({ size: 1, depth: 1, queue: 2, patience: 100 })
    const slow = ask(pool, `select pg_sleep(0.4)::text`)
    const waiting = [ask(pool, who), ask(pool, who)].map(failure)
    const refusedAt = performance.now()
    const full = await failure(ask(pool, who))
    assert.ok(performance.now() - refusedAt < 50)
    assert.deepEqual([full.code, full.retryAfter], ['unavailable', 1])
    assert.equal(pool.waiting, 2)
    for (const error of await Promise.all(waiting)) assert.deepEqual([error.code, error.retryAfter], ['unavailable', 1])
    assert.equal(pool.waiting, 0)
    await slow
    assert.equal((await ask(pool, who))[0], 'acme')
  })

  test('refuses one of those who have most when the queue is full, and not who has nothing in it', async () => {
    const pool = await openPool({ size: 1, depth: 1, queue: 6 })
    await ask(pool, who)
    const slow = ask(pool, 'select pg_sleep(0.3)::text')
    const outcome = (tenant: string) =>
      ask(pool, who, { tenant }).then(
        ([answer]) => answer,
        (error: TenantryError) => error.code,
      )
    const many = ['acme', 'acme', 'initech', 'acme', 'acme', 'initech'].map(outcome)
    const [few, more] = [outcome('globex'), outcome('acme')]
    assert.equal(pool.waiting, 6)
    assert.equal(await more, 'unavailable')
    assert.equal(await many[4], 'unavailable')
    assert.equal(await few, 'globex')
    assert.deepEqual(await Promise.all(many), ['acme', 'acme', 'initech', 'acme', 'unavailable', 'initech'])
    await slow
  })

  test('refuses at once what one tenant could not be served in time, and nothing of another one', async () => {
    const pool = await openPool({ size: 3, tenantSlow: 1, patience: 500 })
    const nap = 'select current_setting($1), pg_sleep($2::float8)::text'
    const doze = (tenant: string, seconds: string) => ask(pool, nap, { tenant, values: ['tenantry.tenant', seconds] })
    for (let turn = 0; turn < untilKnown; turn++) await doze('acme', '0.2')
    const refused: TenantryError[] = []
    const asked = Array.from({ length: 12 }, () =>
      doze('acme', '0.2').catch((error: TenantryError) => {
        refused.push(error)
      }),
    )
    await sleep(50)
    // One runs, and those behind it would wait for more than 500 ms when there are three of them.
    assert.ok(refused.length >= 8, `${refused.length} of 12`)
    for (const { code, retryAfter } of refused) assert.deepEqual([code, retryAfter], ['unavailable', 1])
    // The shape is known to be slow, of which the other tenant is not guilty.
    const others = await Promise.all(Array.from({ length: 12 }, () => doze('globex', '0')))
    for (const [tenant] of others) assert.equal(tenant, 'globex')
    await Promise.all(asked)
    assert.equal(pool.waiting, 0)
    // Whoever was too many is welcome again.
    assert.equal((await doze('acme', '0'))[0], 'acme')
  })

  test('refuses nobody to make room for one that could not be served in time anyway', async () => {
    const pool = await openPool({ size: 1, depth: 1, queue: 12, patience: 700, tenantSlow: 1 })
    const nap = 'select pg_sleep($1::float8)::text'
    await ask(pool, who, { tenant: 'globex' })
    for (let turn = 0; turn < untilKnown; turn++) await ask(pool, nap, { values: ['0.4'] })
    const doze = () => failure(ask(pool, nap, { values: ['0.1'] }))
    const held = ask(pool, nap, { tenant: 'initech', values: ['0.3'] })
    const waiting = Array.from({ length: 10 }, () => ask(pool, who, { tenant: 'globex' }))
    const dozing = [ask(pool, nap, { values: ['0.1'] }), ask(pool, nap, { values: ['0.1'] })]
    assert.equal(pool.waiting, 12)
    assert.equal((await doze()).code, 'unavailable')
    for (const [tenant] of await Promise.all(waiting)) assert.equal(tenant, 'globex')
    await Promise.all([held, ...dozing])
  })

  test('refuses nobody for the time that a statement takes only where it is prepared', async () => {
    // What does not change is worked out when the plan is made, and asked for with no values the plan is kept.
    await tenants.database.query(
      `create or replace function pool_v1.slow_to_plan() returns text immutable language plpgsql
       as $$ begin perform pg_sleep(0.1); return 'planned'; end $$`,
    )
    const pool = await openPool({ size: 6, tenantSlow: 1, patience: 2_000 })
    const asks = (tenant: string, count: number) =>
      Array.from({ length: count }, () => ask(pool, 'select pool_v1.slow_to_plan()', { tenant }))
    // One on each connection but the one that is left to others.
    const first = asks('acme', 5)
    // Some are there before anybody knows how long it takes, the others when it is known to be slow there.
    await sleep(60)
    const waiting = asks('acme', 100)
    await Promise.all(first)
    const rows = await Promise.all([...waiting, ...asks('acme', 20), ...asks('globex', 20)])
    assert.equal(rows.length, 140)
    for (const [planned] of rows) assert.equal(planned, 'planned')
  })

  test('refuses nobody for the first runs of a statement that is quick then', async () => {
    const nap = 'select current_setting($1), pg_sleep($2::float8)::text'
    for (const slowRuns of [2, 3]) {
      const pool = await openPool({ size: 2, tenantSlow: 1, patience: 1_000 })
      const doze = (tenant: string, seconds: string) => ask(pool, nap, { tenant, values: ['tenantry.tenant', seconds] })
      for (let run = 0; run < slowRuns; run++) await doze('acme', '0.1')
      const answers: Promise<StatementRow>[] = []
      for (let wave = 0; wave < 20; wave++) {
        for (let turn = 0; turn < 15; turn++) answers.push(doze('acme', '0'), doze('globex', '0'))
        await sleep(1)
      }
      for (const [index, [tenant]] of (await Promise.all(answers)).entries())
        assert.equal(tenant, index % 2 ? 'globex' : 'acme')
    }
  })

  test('takes nothing for slow that waits and never ran, when it tells how long others would wait', async () => {
    const pool = await openPool({ size: 1, tenantSlow: 1, patience: 1_000 })
    const nap = 'select pg_sleep($1::float8)::text'
    for (let turn = 0; turn < untilKnown; turn++) await ask(pool, nap, { values: ['0.2'] })
    const held = ask(pool, nap, { values: ['0.2'] })
    const others = Array.from({ length: 20 }, (_, index) => ask(pool, `select '${index}'`))
    const last = ask(pool, nap, { values: ['0'] })
    for (const [index, [own]] of (await Promise.all(others)).entries()) assert.equal(own, String(index))
    assert.deepEqual(await Promise.all([held, last]), [[''], ['']])
  })

  test('says in how many seconds to come back to who would wait for longer than another one', async () => {
    const pool = await openPool({ size: 3, tenantSlow: 1, patience: 1_300 })
    const nap = 'select pg_sleep($1::float8)::text'
    for (let turn = 0; turn < untilKnown; turn++) await ask(pool, nap, { values: ['1.2'] })
    const stop = new AbortController()
    // One runs and two wait, so the last would wait for 2.4 s.
    const naps = Array.from({ length: 4 }, () => failure(ask(pool, nap, { values: ['1.2'], signal: stop.signal })))
    const soon = await ask(pool, nap, { tenant: 'globex', values: ['0'] })
    assert.deepEqual(soon, [''])
    const { code, retryAfter } = await Promise.race(naps)
    assert.deepEqual([code, retryAfter], ['unavailable', 2])
    stop.abort()
    await Promise.all(naps)
  })

  test('lets one tenant hold no more connections with what never ran before, once it takes its time', async () => {
    const pool = await openPool({ size: 4, tenantSlow: 1 })
    const nap = 'select pg_sleep(0.3)::text'
    const first = ask(pool, nap)
    await sleep(100)
    const others = [ask(pool, nap), ask(pool, nap), ask(pool, nap, { tenant: 'globex' })]
    await sleep(100)
    const napping = (await pools.backends()).filter(({ query }) => query === nap)
    assert.equal(napping.length, 2, 'one of each tenant')
    await Promise.all([first, ...others])
  })

  test('keeps prepared what one tenant asks for again and again, however many statements another one invents', async () => {
    const pool = await openPool({ size: 1 })
    const again = () =>
      ask(pool, `select string_agg(name, ' ') from pg_prepared_statements where statement ~ 'string_agg'`)
    await again()
    const [prepared] = await again()
    for (let batch = 0; batch < 25; batch++) {
      const invented = Array.from({ length: 100 }, (_, n) => `select 'invented ${batch * 100 + n}'`)
      await Promise.all(invented.map(text => ask(pool, text, { tenant: 'globex' })))
      assert.deepEqual(await again(), [prepared])
    }
  })

  test('stops a statement on the server when its caller goes away, and its neighbours still answer', async () => {
    const pool = await openPool({ size: 1 })
    for (let round = 0; round < 5; round++) {
      const stop = new AbortController()
      const slow = failure(ask(pool, `select pg_sleep(8)::text`, { signal: stop.signal }))
      const neighbours = Array.from({ length: 8 }, (_, index) =>
        ask(pool, 'select $1::text', { values: [String(index)] }),
      )
      await until(async () => (await backends()).some(({ query }) => query.includes('pg_sleep(8)')))
      stop.abort()
      await until(async () => !(await backends()).some(({ query }) => query.includes('pg_sleep(8)')), 3_000)
      const error = await slow
      assert.equal(error.code, 'unavailable')
      assert.deepEqual(
        await Promise.all(neighbours),
        Array.from({ length: 8 }, (_, index) => [String(index)]),
      )
    }
  })

  test('forgets a statement that is still waiting, and stops one that was sent behind another', async () => {
    const pool = await openPool({ size: 1, depth: 2 })
    // Statements that have been quick so far are sent behind each other.
    const nap = 'select pg_sleep($1::float8)::text'
    await ask(pool, nap, { values: ['0'] })
    const head = ask(pool, nap, { values: ['0.2'] })
    const sent = new AbortController()
    const behind = failure(ask(pool, nap, { values: ['8'], signal: sent.signal }))
    const queued = new AbortController()
    const waiting = failure(ask(pool, nap, { values: ['8'], signal: queued.signal }))
    assert.equal(pool.waiting, 1)
    queued.abort()
    assert.equal(pool.waiting, 0)
    sent.abort()
    assert.deepEqual([(await behind).code, (await waiting).code], ['unavailable', 'unavailable'])
    const start = performance.now()
    await head
    assert.equal((await ask(pool, who))[0], 'acme')
    assert.ok(performance.now() - start < 3_000)
  })

  test('keeps nothing of what was answered or refused, however long its caller stays', async () => {
    const { collect } = await import('../../src/testing/heap.ts')
    const pool = await openPool({ size: 1 })
    const { signal } = new AbortController()
    const asked = await Promise.all(
      ['acme', 'globex'].flatMap(tenant =>
        ['1', '0'].map(async divisor => {
          const values = [divisor]
          await ask(pool, 'select (1 / $1::int)::text', { tenant, values, signal }).catch(() => {})
          return new WeakRef(values)
        }),
      ),
    )
    await ask(pool, who)
    await until(() => {
      collect()
      return asked.every(values => values.deref() === undefined)
    })
    assert.equal(signal.aborted, false)
  })

  test('survives a storm of cancellations: whoever was not cancelled gets its own answer', async () => {
    const pool = await openPool({ size: 2 })
    const seed = Math.floor(Math.random() * 2 ** 31)
    console.log(`seed ${seed}`)
    const random = randomFrom(seed)
    const outcomes = await Promise.allSettled(
      Array.from({ length: 200 }, async (_, index) => {
        const stop = new AbortController()
        const cancelled = random() < 0.3
        const seconds = (random() * 0.004).toFixed(4)
        if (cancelled) setTimeout(() => stop.abort(), random() * 40)
        const row = ask(pool, 'select $1::text, pg_sleep($2::float8)::text', {
          values: [String(index), seconds],
          ...(cancelled ? { signal: stop.signal } : {}),
        })
        const [answer] = cancelled ? ((await row.catch(() => [String(index)])) as StatementRow) : await row
        assert.equal(answer, String(index))
      }),
    )
    const failed = outcomes.filter(({ status }) => status === 'rejected')
    assert.deepEqual(failed, [])
  })

  test('ends a statement that takes longer than its own time limit, and only that one', async () => {
    const pool = await openPool({ size: 1 })
    const slow = failure(ask(pool, `select pg_sleep(5)::text`, { timeout: 100 }))
    const other = ask(pool, `select pg_sleep(0.3)::text, current_setting('statement_timeout')`, { timeout: 2_000 })
    const error = await slow
    assert.deepEqual([error.code, error.reason], ['unavailable', '57014'])
    assert.deepEqual((await other)[1], '2s')
  })

  test('keeps a bounded number of prepared statements, and evicted ones work again', async () => {
    const pool = await openPool({ size: 1 })
    const shape = (number: number) => `select ${number}::text, (select count(*)::text from pg_prepared_statements)`
    for (let number = 0; number < 700; number += 50)
      await Promise.all(Array.from({ length: 50 }, (_, index) => ask(pool, shape(number + index))))
    const [last, count] = await ask(pool, shape(699))
    assert.equal(last, '699')
    assert.ok(Number(count) <= 501, `${count} prepared statements`)
    assert.equal((await ask(pool, shape(0)))[0], '0')
    const [, again] = await ask(pool, shape(1))
    assert.ok(Number(again) <= 501)
    // Each of these fails before its own statement is parsed, and evicts another all the same.
    for (let number = 0; number < 100; number++) await failure(ask(pool, `select ${number}, 'new'`, { role: 'nobody' }))
    const [, bounded] = await ask(pool, shape(2))
    assert.ok(Number(bounded) <= 501, `${bounded} prepared statements`)
  })

  test('keeps what is used all the time prepared while others come and go', async () => {
    const pool = await openPool({ size: 1 })
    const used = () => ask(pool, `select prepare_time::text from pg_prepared_statements where statement ~ 'this one'`)
    const [since] = await used()
    for (let number = 0; number < 1_500; number++) {
      await ask(pool, `select ${number}::text`)
      if (number % 100 === 0) assert.equal((await used())[0], since, `prepared anew after ${number} others`)
    }
  })

  test('is not poisoned by a statement that cannot be parsed', async () => {
    const pool = await openPool({ size: 1 })
    for (let round = 0; round < 3; round++) {
      const wrong = await Promise.all(
        Array.from({ length: 3 }, () => failure(ask(pool, 'select nothing from nowhere'))),
      )
      for (const { code } of wrong) assert.equal(code, 'internal')
    }
    assert.equal((await ask(pool, who))[0], 'acme')
    // The same text is refused to one role and fine for the next; a plan belongs to its role.
    const text = `insert into pool_v1.notes (body) values ('x') returning body`
    assert.equal((await failure(ask(pool, text, { role: 'tenant_reader' }))).code, 'forbidden')
    assert.deepEqual(await ask(pool, text, { role: 'tenant_writer' }), ['x'])
    assert.equal((await failure(ask(pool, text, { role: 'tenant_reader' }))).code, 'forbidden')
  })

  test('prepares a text once for each role, because a cached plan may outlive a change of roles', async () => {
    const pool = await openPool({ size: 1 })
    const text = `select count(*)::text, 'one text' from pg_prepared_statements where statement like '%one text%'`
    assert.equal((await ask(pool, text, { role: 'tenant_reader' }))[0], '1')
    assert.equal((await ask(pool, text, { role: 'tenant_reader', tenant: 'globex' }))[0], '1')
    assert.equal((await ask(pool, text, { role: 'tenant_writer' }))[0], '2')
  })

  test('prepares anew when a table has changed under a statement or the server forgot it', async () => {
    const pool = await openPool({ size: 1 })
    const text = 'select n.* from pool_v1.notes n limit 1'
    const insert = `insert into pool_v1.notes (body) values ('y') returning body`
    await ask(pool, insert)
    await ask(pool, text)
    await tenants.database.query('alter table pool_v1.notes add column more text')
    assert.equal((await ask(pool, text)).length, 6)
    await tenants.database.query('alter table pool_v1.notes drop column more')
    assert.equal((await ask(pool, text)).length, 5)
    await failure(ask(pool, 'deallocate all'))
    assert.equal((await ask(pool, text)).length, 5)
    assert.deepEqual(await ask(pool, insert), ['y'])
  })

  test('is after 10,000 failing calls what it was before', async () => {
    const pool = await openPool({ size: 2 })
    const sessions = async () =>
      (
        await tenants.database.query<{ count: number }>(
          `select count(*)::int from pg_stat_activity where datname = current_database() and application_name = 'tenantry'`,
        )
      )[0]?.count ?? 0
    const before = await sessions()
    const texts = [
      'select (1 / 0)::text',
      'select nothing',
      'select nope.x from pool_v1.notes',
      `select 'a'::int::text`,
    ]
    let failed = 0
    for (let batch = 0; batch < 10; batch++) {
      await Promise.all(
        Array.from({ length: 1_000 }, async (_, index) => {
          await failure(ask(pool, texts[index % texts.length] ?? ''))
          failed++
        }),
      )
    }
    assert.equal(failed, 10_000)
    assert.deepEqual([pool.connections, pool.waiting], [2, 0])
    // Sessions of pools before this one may have ended meanwhile.
    const after = await sessions()
    assert.ok(after <= before, `${before} sessions before, ${after} after`)
    assert.equal((await ask(pool, who))[0], 'acme')
  })

  test('takes no statement for quick because its callers leave', async () => {
    const pool = await openPool({ size: 3 })
    const long = 'select pg_sleep(0.3)::text'
    for (let turn = 0; turn < 3; turn++) await Promise.all([ask(pool, who), ask(pool, who, { tenant: 'globex' })])
    await ask(pool, long)
    for (let turn = 0; turn < 20; turn++) {
      const gone = new AbortController()
      setTimeout(() => gone.abort(), 2)
      await failure(ask(pool, long, { signal: gone.signal }))
      await until(async () => (await backends()).length === 0)
    }
    const order: string[] = []
    const note = (what: string) => () => order.push(what)
    await Promise.all([
      ask(pool, long).then(note('long')),
      ask(pool, who, { tenant: 'globex' }).then(note('quick')),
      ask(pool, who).then(note('quick')),
    ])
    assert.deepEqual(order, ['quick', 'quick', 'long'])
  })

  test('opens what it lost again, tells writes that their outcome is unknown and repeats reads', async () => {
    const pool = await openPool({ size: 3 })
    for (let round = 0; round < 3; round++) {
      const write = failure(ask(pool, `select pg_sleep(10)::text`))
      const read = ask(pool, `select pg_sleep(0.2)::text, 'again'`, { repeatable: true, tenant: 'globex' })
      await until(async () => (await backends()).length >= 2)
      await pools.terminate()
      const error = await write
      assert.equal(error.code, 'unavailable')
      assert.match(error.message, /may or may not/)
      assert.equal((await read)[1], 'again')
      await until(() => pool.connections === 3)
    }
    assert.equal((await ask(pool, who))[0], 'acme')
  })

  test('answers whoever stays while others with the same statement go away before it is prepared', async () => {
    const pool = await openPool({ size: 1 })
    await ask(pool, who)
    for (let round = 0; round < 150; round++) {
      const text = `select '${round}', pg_sleep(0)::text`
      await ask(pool, text)
      await failure(ask(pool, 'deallocate all'))
      const asked = Array.from({ length: 14 }, async (_, index) => {
        const gone = new AbortController()
        const stays = index % 3 === 2
        if (!stays) setTimeout(() => gone.abort(), index / 20)
        const answer = ask(pool, text, { signal: gone.signal, repeatable: true })
        if (stays) assert.equal((await answer)[0], String(round))
        else await answer.catch(() => {})
      })
      await Promise.all(asked)
    }
  })

  test('leaves a connection to what is prompt however many tenants send what is slow', async () => {
    const pool = await openPool({ size: 2, most: 4 })
    await Promise.all(Array.from({ length: 4 }, () => ask(pool, who)))
    const slow = Array.from({ length: 8 }, (_, index) =>
      ask(pool, 'select pg_sleep(0.4)::text', { tenant: `slow-${index}` }),
    )
    await sleep(50)
    const began = performance.now()
    for (let turn = 0; turn < 20; turn++) assert.equal((await ask(pool, who))[0], 'acme')
    assert.ok(performance.now() - began < 300, `${performance.now() - began} ms`)
    await Promise.all(slow)
  })

  test('replaces its connections without losing a statement, and keeps them when that fails', async () => {
    const pool = await openPool({ size: 2 })
    const pids = async () =>
      new Set(
        (
          await Promise.all(
            Array.from({ length: 20 }, () => ask(pool, 'select pg_backend_pid()::text, pg_sleep(0.005)::text')),
          )
        ).map(([pid]) => pid),
      )
    const before = await pids()
    const running = Array.from({ length: 20 }, () => ask(pool, 'select pg_sleep(0.01)::text'))
    await pool.renew()
    await Promise.all(running)
    const after = await pids()
    assert.equal(pool.connections, 2)
    assert.equal(
      [...after].some(pid => before.has(pid)),
      false,
    )
    const { server, name } = tenants.database
    const allow = (yes: boolean) => asSuperuser(server, 'postgres', `alter database "${name}" allow_connections ${yes}`)
    await allow(false)
    try {
      await assert.rejects(pool.renew())
      assert.equal((await ask(pool, who))[0], 'acme')
    } finally {
      await allow(true)
    }
    assert.equal((await ask(pool, who))[0], 'acme')
  })

  test('has a statement be the work of one process, where the server would use several', async () => {
    const { name, query, target } = tenants.database
    const eager = [
      ...['min_parallel_table_scan_size', 'parallel_setup_cost', 'parallel_tuple_cost'],
      ...['enable_indexscan', 'enable_indexonlyscan', 'enable_bitmapscan'],
    ]
    for (const setting of eager)
      await query(`alter database "${name}" set ${setting} = ${setting.startsWith('enable') ? 'off' : 0}`)
    const counting = 'explain (format json) select count(*) from pool_v1.notes'
    const server = new pg.Client(target)
    try {
      await server.connect()
      const { rows } = await server.query(counting)
      assert.match(JSON.stringify(rows), /"Workers Planned"/, 'otherwise this shows nothing')
      const [plan] = await ask(await openPool(), counting)
      assert.match(String(plan), /"Aggregate"/)
      assert.doesNotMatch(String(plan), /"Workers Planned"/)
    } finally {
      await server.end()
      for (const setting of eager) await query(`alter database "${name}" reset ${setting}`)
    }
  })

  test('finds the first rows of a tenant without walking over those of others', async () => {
    const { query, target, prefix } = tenants.database
    await query(
      `insert into pool_v1.notes (tenant_id, body) select 'walk' || t, 'x' from generate_series(1, 20) t, generate_series(1, 300)`,
    )
    await query('analyze pool_v1.notes')
    const first = 'select * from pool_v1.notes limit 5'
    const whole = /Seq Scan/
    const server = new pg.Client(target)
    try {
      await server.connect()
      await server.query('begin')
      await server.query(settingsSql, [`${prefix}_tenant_reader`, 'walk20', '', '', '0'])
      const { rows } = await server.query(`explain (format json) ${first}`)
      assert.match(JSON.stringify(rows), whole, 'otherwise this shows nothing')
    } finally {
      await server.end()
    }
    const pool = await openPool()
    for (const tenant of ['walk1', 'walk20']) {
      const [plan] = await ask(pool, `explain (format json) ${first}`, { tenant })
      assert.match(String(plan), /Index/)
      assert.doesNotMatch(String(plan), whole)
    }
  })

  test('begins its sessions as transactions and streams do: one process, no walk over others, nothing compiled', async () => {
    const names = ['max_parallel_workers_per_gather', 'enable_seqscan', 'jit']
    const text = `select ${names.map(name => `current_setting('${name}')`).join(` || ' ' || `)} as settings`
    assert.equal((await ask(await openPool(), text))[0], '0 off off')
    for (const data of [tenants.acme, tenants.globex]) {
      const { rows } = await data.transaction(tx =>
        kyselyIn(tx, { reads: { notes } }, db => sql`${sql.raw(text)}`.execute(db)),
      )
      assert.deepEqual(rows, [{ settings: '0 off off' }])
    }
    const streams = new StreamPool(pools.target, 1)
    try {
      const settings = [`${tenants.database.prefix}_tenant_reader`, 'acme', '', '', '0'] as const
      const frame = { first: '', between: '', last: '' }
      const rows = { text, values: [] }
      const { parts } = await streams.open(settings, { count: rows, rows, ...frame }, undefined)
      const shown: string[] = []
      for await (const part of parts) shown.push(part)
      assert.equal(shown.join(''), '0 off off')
    } finally {
      await streams.close()
    }
  })

  test('lends no connection to a stream whose caller goes while it is opened or its rows are counted', async () => {
    const streams = new StreamPool(pools.target, 2)
    const open = (tenant: string, signal?: AbortSignal, count = 'select 1::text, null') =>
      streams.open(
        [`${tenants.database.prefix}_tenant_reader`, tenant, '', '', '0'],
        {
          count: { text: count, values: [] },
          rows: { text: 'select 1', values: [] },
          first: '',
          between: '',
          last: '',
        },
        signal,
      )
    try {
      for (const tenant of ['acme', 'globex']) {
        const gone = new AbortController()
        const opening = open(tenant, gone.signal)
        setImmediate(() => gone.abort())
        await assert.rejects(opening, { code: 'unavailable', message: 'The caller went away before the answer' })
        const counting = open(tenant, AbortSignal.timeout(100), 'select pg_sleep(1)::text, null')
        await assert.rejects(counting, { code: 'unavailable', message: 'The caller went away before the answer' })
        const { parts } = await open(tenant)
        for await (const _ of parts);
      }
    } finally {
      await streams.close()
    }
  })

  test('refuses everything once it is closed, after finishing what it had taken', async () => {
    const pool = await openPool({ size: 1, depth: 1 })
    const running = ask(pool, `select pg_sleep(0.1)::text, 'done'`)
    const waiting = failure(ask(pool, who))
    await pool.close()
    assert.equal((await running)[1], 'done')
    assert.equal((await waiting).code, 'unavailable')
    assert.equal((await failure(ask(pool, who))).code, 'unavailable')
  })
})

describe('transactions', () => {
  test('do not leak a connection in failing, and cannot hold up requests', async () => {
    const data = tenants.dataOf('leak')
    for (let batch = 0; batch < 5; batch++) {
      await Promise.all(
        Array.from({ length: 40 }, (_, index) =>
          data
            .transaction(async inside => {
              await inside.insert(notes, { body: 'no' })
              if (index % 2) throw new Error('changed my mind')
              await inside.insert(notes, { id: 'not a uuid' })
            })
            .catch(() => {}),
        ),
      )
    }
    assert.equal(await data.count(notes), 0)
    const [open] = await tenants.database.query<{ count: number }>(
      `select count(*)::int from pg_stat_activity where application_name = 'tenantry transaction' and datname = current_database()`,
    )
    assert.ok((open?.count ?? 99) <= 8)
    assert.equal(await data.transaction(inside => inside.count(notes)), 0)
  })

  test('whose connection is lost roll back, and their connection is thrown away', async () => {
    const data = tenants.dataOf('lost')
    const work = data.transaction(async inside => {
      await inside.insert(notes, { body: 'gone' })
      await tenants.database.query(
        `select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'tenantry transaction' and datname = current_database() and state = 'idle in transaction'`,
      )
      await sleep(50)
      await inside.insert(notes, { body: 'gone too' })
    })
    assert.equal((await failure(work)).code, 'unavailable')
    assert.equal(await data.count(notes), 0)
    await data.transaction(inside => inside.insert(notes, { body: 'kept' }))
    assert.equal(await data.count(notes), 1)
  })
})

describe('a server that dies', () => {
  test('comes back, and with it pools, transactions and watches; what was acknowledged is there', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'tenantry-pool-'))
    chmodSync(folder, 0o755)
    const server = await openEmbedded({ folder: join(folder, 's'), mode: 'own' })
    const set = createModuleSet([poolModule])
    let schemaChanges = 0
    const postgres = await openPostgres({
      target: server.connection('postgres'),
      modules: set.modules,
      secrets: testSecrets('k'),
    })
    const watch = await postgres.platform.watch(() => schemaChanges++)
    try {
      const data = new TenantData(createContext(set, 'acme'), set, postgres.datasource)
      const acknowledged: string[] = []
      const unknown: string[] = []
      let reads = 0
      const failedReads: unknown[] = []
      let stop = false
      const writers = Array.from({ length: 4 }, async (_, writer) => {
        for (let number = 0; !stop; number++) {
          const body = `${writer}-${number}`
          await data.insert(notes, { body }).then(
            () => acknowledged.push(body),
            (error: unknown) => {
              assert.ok(error instanceof TenantryError && error.code === 'unavailable', String(error))
              if (/may or may not/.test(error.message)) unknown.push(body)
            },
          )
          await sleep(2)
        }
      })
      const readers = Array.from({ length: 4 }, async () => {
        while (!stop) {
          await data.count(notes).then(
            () => reads++,
            error => failedReads.push(error),
          )
          await sleep(2)
        }
      })
      await sleep(200)
      const before = acknowledged.length
      process.kill(Number(readFileSync(join(server.folder, 'postmaster.pid'), 'utf8').split('\n')[0]), 'SIGKILL')
      await sleep(100)
      await until(() => acknowledged.length > before + 50, 20_000)
      stop = true
      await Promise.all([...writers, ...readers])
      const stored = new Set((await data.list(notes)).map(({ body }) => body))
      assert.deepEqual(
        acknowledged.filter(body => !stored.has(body)),
        [],
      )
      for (const body of stored)
        assert.ok(acknowledged.includes(body ?? '') || unknown.includes(body ?? ''), `${body} was said to have failed`)
      assert.ok(reads > 0)
      assert.deepEqual(failedReads, [])
      // Four for reads, eight for writes.
      await until(() => postgres.load().connections >= 12)
      assert.equal(await data.transaction(inside => inside.count(notes)), stored.size)
      await until(() => schemaChanges > 0)
    } finally {
      await watch.close()
      await postgres.close()
      await server.close()
      rmSync(folder, { recursive: true, force: true })
    }
  })
})
