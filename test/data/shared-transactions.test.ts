// Statements of one tenant that leave together share a transaction, and nobody notices but the clock.
import assert from 'node:assert/strict'
import { after, afterEach, before, beforeEach, describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { entity } from '../../src/core/entity.ts'
import { TenantryError } from '../../src/core/errors.ts'
import { reference, text } from '../../src/core/field.ts'
import type { Pool, PoolOptions } from '../../src/data/postgres/pool.ts'
import type { StatementRow } from '../../src/data/postgres/tenant-statement.ts'
import type { TwoTenants } from '../../src/testing/two-tenants.ts'
import { type Ask, failure, Pools, randomFrom, until } from './pools.ts'

const notes = entity('notes', { body: text({ max: 20 }).unique().optional() })
const replies = entity('replies', { body: text(), note_id: reference(() => notes).optional() })
const tips = entity('tips', { body: text() }, { authors: true, own: { guest: 'created_by' } })
const desks = entity('desks', { body: text() }, { instanced: true, access: { clerk: 'tenant_instance_writer' } })
const module = {
  ...{ name: 'shared', version: '1.0.0', entities: [notes, replies, tips, desks] },
  access: { admin: 'tenant_writer', guest: 'tenant_writer', clerk: 'tenant_writer', auditor: 'tenant_reader' },
} as const

let world: TwoTenants
let pools: Pools
before(async () => {
  pools = await Pools.over({ modules: [module], settings: { connections: 1, writeConnections: 1 } })
  world = pools.tenants
})
after(() => pools.end())
beforeEach(() => world.database.query('truncate shared_v1.notes, shared_v1.replies, shared_v1.tips, shared_v1.desks'))

const insertNote = `insert into shared_v1.notes (body) values ($1) returning body, tenant_id, pg_current_xact_id()::text`
const insertNotes = 'insert into shared_v1.notes (body) select unnest($1::text[])'
const insertRow = 'insert into shared_v1.notes (body) select j.body from json_to_recordset($1::json) as j(body text)'
const insertReply =
  'insert into shared_v1.replies (body) select j.body from json_to_recordset($1::json) as j(body text)'
const readOne = 'select $1::text, pg_current_xact_id()::text'
const readRatio = 'select (1 / $1::int)::text, pg_current_xact_id()::text'
const nap = 'select $2::text, pg_sleep($1::float8)::text'

const insert = (pool: Pool, body: string, more: Ask = {}) =>
  pools.ask(pool, insertNote, { values: [body], sharing: 'inserts', ...more })
/** One row, of which nothing is answered. */
const insertOne = (pool: Pool, row: unknown, { statement = insertRow, ...more }: Ask & { statement?: string } = {}) =>
  pools.ask(pool, statement, { values: [`[${JSON.stringify(row)}]`], sharing: 'inserts', takesRows: true, ...more })
const read = (pool: Pool, statement: string, values: readonly string[], more: Ask = {}) =>
  pools.ask(pool, statement, { values, sharing: 'reads', repeatable: true, ...more })

/** A pool that knows these statements to be prompt, and has prepared them on every connection. */
async function openPool(options: Partial<PoolOptions> = {}): Promise<Pool> {
  const pool = await pools.open(options)
  const roles = ['tenant_writer', 'tenant_reader']
  for (let turn = 0; turn < 4; turn++) {
    for (const role of roles) {
      for (const statement of [readOne, readRatio]) await read(pool, statement, ['1'], { role })
      await read(pool, nap, ['0', ''], { role })
    }
    await insert(pool, `warm ${turn}`, { tenant: 'warm' })
    await pools.ask(pool, insertNotes, { tenant: 'warm', values: [`{"many ${turn}"}`] })
    await insertOne(pool, { body: `row ${turn}` }, { tenant: 'warm' })
    await insertOne(pool, { body: `row ${turn}` }, { tenant: 'warm', statement: insertReply })
  }
  await world.database.query(`delete from shared_v1.notes where tenant_id = 'warm'`)
  await world.database.query(`delete from shared_v1.replies where tenant_id = 'warm'`)
  return pool
}

const transactionsOf = (answers: readonly StatementRow[], place: number) => new Set(answers.map(row => row[place])).size

/** Asks until all answers are of one transaction: what a busy machine stops half-way does not leave together. */
async function untilShared(ask: (round: number) => Promise<readonly StatementRow[]>, place = 2): Promise<void> {
  let round = 0
  await until(async () => transactionsOf(await ask(++round), place) === 1)
}

/** The rows of a table, with their transactions: for the superuser, who sees all tenants. */
const stored = (table = 'notes', more = '') =>
  world.database.query<{ tenant_id: string; body: string; xmin: string; by: string }>(
    `select tenant_id, body, xmin::text, ${more || `''`} as by from shared_v1.${table} order by tenant_id, body`,
  )

let holder: pg.Client | undefined
afterEach(() => letGo())

/** A session of the server's owner holds up whoever writes the same note, until `letGo`. */
async function hold(tenant: string, body: string): Promise<void> {
  holder = new pg.Client(world.database.target)
  holder.on('error', () => {})
  await holder.connect()
  await holder.query('begin')
  await holder.query('insert into shared_v1.notes (tenant_id, body) values ($1, $2)', [tenant, body])
}

async function letGo(): Promise<void> {
  await holder?.end()
  holder = undefined
}

describe('inserts that leave together', () => {
  test('share a transaction when they are of one tenant, and never with those of another', async () => {
    const pool = await openPool({ size: 2 })
    for (let round = 0; round < 5; round++) {
      const answers = await Promise.all(
        Array.from({ length: 24 }, (_, index) => {
          const tenant = index % 2 ? 'acme' : 'globex'
          return insert(pool, `${round} ${index}`, { tenant })
        }),
      )
      answers.forEach((row, index) => {
        assert.deepEqual(row.slice(0, 2), [`${round} ${index}`, index % 2 ? 'acme' : 'globex'])
      })
      for (const tenant of ['acme', 'globex']) {
        const own = answers.filter(row => row[1] === tenant)
        assert.ok(transactionsOf(own, 2) < own.length / 2, `${transactionsOf(own, 2)} transactions of ${tenant}`)
      }
      // One for each tenant at least, and what one of them has used the other has not.
      const users = new Set(answers.map(([, tenant, transaction]) => `${tenant} ${transaction}`))
      assert.equal(users.size, transactionsOf(answers, 2))
    }
    const rows = await stored()
    assert.deepEqual(
      ['acme', 'globex'].map(tenant => rows.filter(({ tenant_id }) => tenant_id === tenant).length),
      [60, 60],
    )
  })

  test('are answered each for itself: rows, and how many', async () => {
    const pool = await openPool()
    const many = (values: string) => pools.ask(pool, insertNotes, { values: [values], sharing: 'inserts' })
    const answers = await Promise.all([
      many('{a,b,c}'),
      insert(pool, 'd'),
      many('{}'),
      insert(pool, 'e'),
      many('{f,g}'),
      insert(pool, 'of globex', { tenant: 'globex' }),
    ])
    assert.deepEqual(
      answers.map(row => row.slice(0, 2)),
      [
        ['', '3'],
        ['d', 'acme'],
        ['', '0'],
        ['e', 'acme'],
        ['', '2'],
        ['of globex', 'globex'],
      ],
    )
    const rows = await stored()
    assert.equal(rows.map(({ body }) => body).join(), 'a,b,c,d,e,f,g,of globex')
    assert.equal(new Set(rows.map(({ xmin }) => xmin)).size, 2)
  })

  test('fail each for itself: the others are there, once, and their connection stays', async () => {
    const pool = await openPool()
    const [pid] = await pools.ask(pool, 'select pg_backend_pid()::text')
    await insert(pool, 'taken', { tenant: 'acme' })
    const bodies = ['a', 'taken', 'b', 'a text that is too long for a note', 'c']
    const of = (tenant: string) => bodies.map(body => insert(pool, body, { tenant }))
    const [acme, globex] = await Promise.all([Promise.allSettled(of('acme')), Promise.allSettled(of('globex'))])
    const said = (outcomes: PromiseSettledResult<StatementRow>[]) =>
      outcomes.map(outcome => (outcome.status === 'fulfilled' ? outcome.value[0] : outcome.reason.reason))
    assert.deepEqual(said(acme), ['a', '23505', 'b', '23514', 'c'])
    assert.deepEqual(said(globex), ['a', 'taken', 'b', '23514', 'c'])
    const rows = (await stored()).map(({ tenant_id, body }) => `${tenant_id} ${body}`)
    assert.equal(rows.join(), 'acme a,acme b,acme c,acme taken,globex a,globex b,globex c,globex taken')
    assert.equal((await pools.ask(pool, 'select pg_backend_pid()::text'))[0], pid)
  })

  test('are alone for a second after a failure, those of another tenant are not, and then share again', async () => {
    const pool = await openPool()
    const three = (tenant: string, name: string) =>
      Promise.all([1, 2, 3].map(number => insert(pool, `${name} ${number}`, { tenant })))
    await untilShared(round => three('acme', `before ${round}`))
    let round = 0
    await until(async () => {
      await Promise.allSettled([insert(pool, 'x'), insert(pool, 'x'), insert(pool, 'x')])
      return transactionsOf(await three('acme', `failed ${++round}`), 2) === 3
    })
    for (const more of [1, 2, 3]) assert.equal(transactionsOf(await three('acme', `apart ${more}`), 2), 3)
    await untilShared(round => three('globex', `after ${round}`))
    await sleep(1_050)
    await untilShared(round => three('acme', `later ${round}`))
  })

  test('whose connection is lost have an unknown outcome, and are not made again', async () => {
    const pool = await openPool({ size: 2 })
    await hold('acme', 'held')
    const writes = ['a', 'held', 'b'].map(body => failure(insert(pool, body)))
    await until(async () => (await pools.backends()).some(({ query }) => query === insertNote))
    const reads = ['1', '2'].map(number => read(pool, nap, ['0.2', number], { tenant: 'globex' }))
    await until(async () => (await pools.backends()).some(({ query }) => query === nap))
    await pools.terminate()
    for (const error of await Promise.all(writes)) {
      assert.equal(error.code, 'unavailable')
      assert.match(error.message, /may or may not/)
    }
    assert.deepEqual(
      (await Promise.all(reads)).map(row => row[0]),
      ['1', '2'],
    )
    await letGo()
    assert.deepEqual(await stored(), [])
    await until(() => pool.connections === 2)
    assert.equal((await insert(pool, 'a'))[0], 'a')
  })

  test('and are held up hold up neither another tenant nor, for long, what their own sends later', async () => {
    // No more than two connections, so that nothing but the pool's own look wakes what waits.
    const pool = await openPool({ size: 2, most: 2 })
    await Promise.all(Array.from({ length: 12 }, (_, index) => insert(pool, `${index}`, { tenant: 'warm' })))
    await hold('acme', 'held')
    const began = performance.now()
    const first = insert(pool, 'held')
    await new Promise(setImmediate)
    // They gather behind the first, which is under way.
    const gathered = ['b', 'c'].map(body => insert(pool, body))
    const others = ['a', 'b'].map(body => insert(pool, body, { tenant: 'globex' }))
    await Promise.all([...gathered, ...others])
    await insert(pool, 'd')
    const took = performance.now() - began
    assert.ok(took < 500, `${took} ms`)
    await letGo()
    assert.equal((await first)[0], 'held')
  })

  test('are sent behind the transaction that they gather for once they are many, in one of their own', async () => {
    const pool = await openPool()
    let round = 0
    await until(async () => {
      round++
      const first = insert(pool, `first ${round}`)
      await new Promise(setImmediate)
      const few = Array.from({ length: 5 }, (_, index) => insert(pool, `${round} few ${index}`))
      await Promise.resolve()
      const gathered = pool.waiting
      const many = Array.from({ length: 20 }, (_, index) => insert(pool, `${round} many ${index}`))
      await Promise.resolve()
      const left = pool.waiting
      const globex = insert(pool, `of globex ${round}`, { tenant: 'globex' })
      const transactions = transactionsOf(await Promise.all([...few, ...many]), 2)
      const [[, , before], [, , other]] = await Promise.all([first, globex])
      assert.notEqual(before, other)
      return gathered === 5 && left === 0 && transactions === 1
    })
    const rows = await stored()
    assert.equal(rows.length, round * 27)
    const owners = new Set(rows.map(({ tenant_id, xmin }) => `${tenant_id} ${xmin}`))
    assert.equal(owners.size, new Set(rows.map(({ xmin }) => xmin)).size)
  })

  test('are made behind a transaction that fails, and behind one whose connection is renewed', async () => {
    const pool = await openPool()
    await insert(pool, 'taken')
    const behind = async (name: string, first: Promise<unknown>, meanwhile = async () => {}) => {
      await new Promise(setImmediate)
      const many = Array.from({ length: 20 }, (_, index) => insert(pool, `${name} ${index}`))
      await Promise.all([...many, meanwhile(), first])
    }
    await behind('failed', failure(insert(pool, 'taken')))
    await behind('renewed', insert(pool, 'first'), () => pool.renew())
    await behind('again', insert(pool, 'second'))
    const rows = (await stored()).map(({ body }) => body)
    for (const name of ['failed', 'renewed', 'again'])
      assert.equal(rows.filter(body => body.startsWith(`${name} `)).length, 20, name)
  })

  test('go on when the caller of one of them has gone; it is made once or not at all', async () => {
    const pool = await openPool()
    await hold('acme', 'held')
    const gone = new AbortController()
    const left = failure(insert(pool, 'held', { signal: gone.signal }))
    const after = ['b', 'c'].map(body => insert(pool, body))
    const globex = insert(pool, 'b', { tenant: 'globex' })
    await until(async () => (await pools.backends()).some(({ query }) => query === insertNote))
    gone.abort()
    assert.equal((await left).code, 'unavailable')
    const answers = await Promise.all([...after, globex])
    assert.deepEqual(
      answers.map(row => row.slice(0, 2)),
      [
        ['b', 'acme'],
        ['c', 'acme'],
        ['b', 'globex'],
      ],
    )
    await letGo()
    assert.equal((await stored()).length, 3)
    // Nothing has failed of its own accord, so they go on together.
    await untilShared(round => Promise.all(['d', 'e'].map(body => insert(pool, `${body} ${round}`))))
  })

  test('and wait for each other in a circle are run again, each alone', async () => {
    const { name } = world.database
    await world.database.query(`alter database "${name}" set deadlock_timeout = '20ms'`)
    const pool = await openPool({ size: 2 })
    await world.database.query(`alter database "${name}" reset deadlock_timeout`)
    await hold('acme', 'held')
    const some = (bodies: string[]) => Promise.allSettled(bodies.map(body => insert(pool, body)))
    const first = some(['a', 'held', 'b'])
    await until(async () => (await pools.backends()).length === 1)
    await sleep(20)
    const second = some(['b', 'a'])
    await until(async () => (await pools.backends()).length === 2)
    await letGo()
    const outcomes = [...(await first), ...(await second)]
    const said = outcomes.map(outcome => (outcome.status === 'fulfilled' ? outcome.value[0] : outcome.reason.reason))
    assert.deepEqual(said.sort(), ['23505', '23505', 'a', 'b', 'held'])
    assert.equal((await stored()).map(({ body }) => body).join(), 'a,b,held')
  })

  test('end with their own time limit', async () => {
    const pool = await openPool()
    await hold('acme', 'held')
    const outcomes = await Promise.allSettled([
      insert(pool, 'a'),
      insert(pool, 'held', { timeout: 100 }),
      insert(pool, 'b'),
    ])
    assert.deepEqual(
      outcomes.map(outcome => (outcome.status === 'fulfilled' ? outcome.value[0] : outcome.reason.reason)),
      ['a', '57014', 'b'],
    )
    await letGo()
  })

  test('are made or refused when the pool closes while they gather', async () => {
    const pool = await openPool()
    const first = insert(pool, 'first')
    await new Promise(setImmediate)
    const gathered = ['acme', 'globex'].map(async tenant => {
      try {
        await insert(pool, 'gathered', { tenant })
        return [`${tenant} gathered`]
      } catch (error) {
        assert.ok(error instanceof TenantryError && error.code === 'unavailable', String(error))
        return []
      }
    })
    await pool.close()
    assert.equal((await first)[0], 'first')
    // On a busy machine what is under way may look held up, so who has no room behind it gathers, too.
    const made = ['acme first', ...(await Promise.all(gathered)).flat()]
    const rows = (await stored()).map(({ tenant_id, body }) => `${tenant_id} ${body}`)
    assert.deepEqual(rows, made)
  })

  test('are prepared anew when their table changes under them or the server forgets them', async () => {
    const pool = await openPool()
    const some = (name: string) =>
      ['acme', 'acme', 'globex'].map((tenant, i) => insert(pool, `${name} ${i}`, { tenant }))
    await world.database.query('alter table shared_v1.notes add column more text')
    assert.equal((await Promise.all(some('altered'))).length, 3)
    await world.database.query('alter table shared_v1.notes drop column more')
    await failure(pools.ask(pool, 'deallocate all'))
    assert.equal((await Promise.all(some('forgotten'))).length, 3)
    assert.equal((await stored()).length, 6)
    await untilShared(async round => (await Promise.all(some(`later ${round}`))).filter(row => row[1] === 'acme'))
  })
})

describe('reads that leave together', () => {
  test('are with the server before the turn that makes them ends, as soon as they are enough', async () => {
    const pool = await openPool({ size: 1 })
    const now = `select $1::text, (extract(epoch from clock_timestamp()) * 1000)::text`
    await read(pool, now, [''])
    /** Milliseconds from the first of so many reads to the end of the turn that makes them. */
    const ahead = async (count: number): Promise<number> => {
      const answers = Array.from({ length: count }, (_, index) =>
        read(pool, now, [''], { tenant: index < count / 2 ? 'acme' : 'globex' }),
      )
      const made = Date.now()
      while (Date.now() < made + 200);
      const ended = Date.now()
      return ended - Math.min(...(await Promise.all(answers)).map(([, time]) => Number(time)))
    }
    await until(async () => (await ahead(8)) > 100)
    assert.ok((await ahead(7)) <= 1, 'few of them leave together')
  })

  test('wait behind one that is soon done, where another process would have to wake up', async () => {
    const pool = await openPool({ size: 3 })
    const where = 'select $1::text, pg_backend_pid()::text'
    const turn = () => new Promise(setImmediate)
    for (let round = 0; round < 20; round++) await read(pool, where, [''])
    await until(async () => {
      const first = read(pool, where, [''], { tenant: 'acme' })
      // It has left by then, and its answer has not been looked at.
      await turn()
      const second = read(pool, where, [''], { tenant: 'globex' })
      return transactionsOf(await Promise.all([first, second]), 1) === 1
      // A busy machine may take its time until reads are soon done.
    }, 30_000)
    // Who might wait for somebody's lock is not waited for.
    await hold('acme', 'held')
    let isHeld = true
    const held = insert(pool, 'held').finally(() => {
      isHeld = false
    })
    await turn()
    await read(pool, where, [''], { tenant: 'globex' })
    assert.ok(isHeld)
    await letGo()
    await held
  })

  test('share a transaction when they are of one tenant, and never with those of another', async () => {
    const pool = await openPool()
    const tenants = ['acme', 'acme', 'globex', 'globex', 'acme']
    const transactions = async () => {
      const answers = await Promise.all(tenants.map(tenant => read(pool, readOne, [tenant], { tenant })))
      assert.deepEqual(
        answers.map(([value]) => value),
        tenants,
      )
      const [acme, globex] = ['acme', 'globex'].map(
        tenant => new Set(answers.flatMap(([value, transaction]) => (value === tenant ? [transaction] : []))),
      )
      assert.ok(acme && globex)
      assert.equal(new Set([...acme, ...globex]).size, acme.size + globex.size)
      return [acme.size, globex.size]
    }
    await until(async () => {
      const [acme = 0, globex = 0] = await transactions()
      return acme < 3 && globex === 1
    })
  })

  test('fail each for itself, and their connection stays', async () => {
    const pool = await openPool()
    const [pid] = await pools.ask(pool, 'select pg_backend_pid()::text')
    const ratios = ['1', '0', '1', '0', '1', '-1']
    const of = (tenant: string) => Promise.allSettled(ratios.map(ratio => read(pool, readRatio, [ratio], { tenant })))
    for (const outcomes of await Promise.all([of('acme'), of('globex')])) {
      assert.deepEqual(
        outcomes.map(outcome => (outcome.status === 'fulfilled' ? outcome.value[0] : outcome.reason.reason)),
        ['1', '22012', '1', '22012', '1', '-1'],
      )
      // Whatever had to be run again is alone, so that nobody else's errors are met twice.
      const [one, other] = outcomes.slice(4).map(outcome => outcome.status === 'fulfilled' && outcome.value[1])
      assert.notEqual(one, other)
    }
    assert.equal((await pools.ask(pool, 'select pg_backend_pid()::text'))[0], pid)
  })

  test('are stopped on the server when the caller of one of them goes, and the others answered', async () => {
    const pool = await openPool()
    for (const place of [0, 1, 2]) {
      const gone = new AbortController()
      const asked = [0, 1, 2].map(index =>
        index === place
          ? failure(read(pool, nap, ['8', 'gone'], { signal: gone.signal })).then(({ code }) => code)
          : read(pool, nap, ['0', `${index}`]).then(([value]) => value),
      )
      const globex = read(pool, readOne, ['other'], { tenant: 'globex' })
      await until(async () => (await pools.backends()).some(({ query }) => query === nap))
      const began = performance.now()
      gone.abort()
      const expected = ['0', '1', '2'].map((value, index) => (index === place ? 'unavailable' : value))
      assert.deepEqual(await Promise.all(asked), expected)
      assert.equal((await globex)[0], 'other')
      assert.ok(performance.now() - began < 2_000)
    }
  })

  test('do not hide what takes long behind what is quick', async () => {
    const pool = await openPool({ size: 2 })
    for (const quick of [readOne, readRatio])
      await Promise.all([read(pool, quick, ['1']), read(pool, nap, ['0.2', ''])])
    // What was quick is soon known to be so again.
    for (let turn = 0; turn < 20; turn++) await read(pool, readOne, ['a'])
    const slow = read(pool, nap, ['0.4', ''])
    const began = performance.now()
    await Promise.all(['acme', 'globex'].map(tenant => read(pool, readOne, ['b'], { tenant })))
    assert.ok(performance.now() - began < 250, 'the others waited for the slow one')
    await slow
  })
})

test('reads and inserts share no transaction with each other', async () => {
  const pool = await openPool()
  for (const tenant of ['acme', 'globex']) {
    await insert(pool, 'taken', { tenant })
    // Among reads it would be acknowledged before it is committed, and undone by the one behind it.
    const outcomes = await Promise.allSettled([
      read(pool, readOne, ['1'], { tenant }),
      insert(pool, 'a', { tenant }),
      insert(pool, 'taken', { tenant }),
      read(pool, readOne, ['2'], { tenant }),
    ])
    assert.deepEqual(
      outcomes.map(outcome => (outcome.status === 'fulfilled' ? outcome.value[0] : outcome.reason.reason)),
      ['1', 'a', '23505', '2'],
    )
  }
  const rows = (await stored()).map(({ tenant_id, body }) => `${tenant_id} ${body}`)
  assert.equal(rows.join(), 'acme a,acme taken,globex a,globex taken')
})

describe('reads that leave together and ask for the same', () => {
  const readRandom = `select $1::text, gen_random_uuid()::text, current_setting('tenantry.tenant'), current_setting('tenantry.subject')`

  /** A pool that has read it often enough to know that it is prompt. */
  async function openWarm(): Promise<Pool> {
    const pool = await openPool()
    for (let turn = 0; turn < 4; turn++)
      for (const role of ['tenant_writer', 'tenant_reader']) await read(pool, readRandom, ['warm'], { role })
    return pool
  }

  test('are one statement for one principal, and never with those of another one or for another value', async () => {
    const pool = await openWarm()
    const askers: readonly (Ask & { readonly what: string })[] = [
      { what: 'a', subject: 'ann' },
      { what: 'b', subject: 'ann' },
      { what: 'a', subject: 'bob' },
      { what: 'a', subject: 'ann', role: 'tenant_reader' },
      { what: 'a', subject: 'ann', instance: 'us' },
      { what: 'a', subject: 'ann', tenant: 'globex' },
    ]
    await until(async () => {
      const all = [...askers, ...askers, ...askers].sort((some, other) => askers.indexOf(some) - askers.indexOf(other))
      const rows = await Promise.all(all.map(({ what, ...ask }) => read(pool, readRandom, [what], ask)))
      for (const [index, row] of rows.entries()) {
        const { what, subject = '', tenant = 'acme' } = all[index] ?? { what: '' }
        assert.deepEqual([row[0], row[2], row[3]], [what, tenant, subject])
      }
      const usersOf = Map.groupBy(rows.keys(), index => rows[index]?.[1])
      for (const users of usersOf.values())
        assert.equal(new Set(users.map(index => all[index])).size, 1, 'two who are not alike had one answer')
      return usersOf.size < all.length
    })
  })

  test('see what was written before they were asked for', async () => {
    const pool = await openPool()
    const count = 'select count(*)::text from shared_v1.notes'
    const counted = async () => Number((await read(pool, count, []))[0])
    for (let turn = 0; turn < 4; turn++) await counted()
    let written = 0
    const writer = async (name: string) => {
      for (let round = 0; round < 20; round++) {
        await insertOne(pool, { body: `${name} ${round}` })
        const least = ++written
        const seen = await counted()
        assert.ok(seen >= least, `${seen} rows were seen after ${least} had been written`)
      }
    }
    await Promise.all(Array.from('abcdefghijkl', writer))
    assert.equal(await counted(), 240)
  })

  test('fail alike, and what is beside them does not', async () => {
    const pool = await openPool()
    const values = ['2', '0', '0', '1', '0', '0']
    for (let round = 0; round < 5; round++) {
      const outcomes = await Promise.allSettled(values.map(value => read(pool, readRatio, [value])))
      assert.deepEqual(
        outcomes.map(outcome => (outcome.status === 'fulfilled' ? outcome.value[0] : outcome.reason.reason)),
        ['0', '22012', '22012', '1', '22012', '22012'],
      )
    }
  })

  test('are as slow as they are, however many ask', async () => {
    const pool = await openPool({ size: 2 })
    const eight = (seconds: string, what: string) =>
      Promise.all(Array.from({ length: 8 }, () => read(pool, nap, [seconds, what])))
    // What takes long is not taken for quick because eight have the same answer: it leaves a connection to what is.
    for (let round = 0; round < 6; round++) await eight('0.06', 'the same')
    let over = false
    const first = eight('0.15', 'the same').then(() => {
      over = true
    })
    await sleep(10)
    const second = eight('0.15', 'another')
    await sleep(10)
    for (let turn = 0; turn < 5; turn++) await read(pool, readOne, [String(turn)])
    assert.ok(!over, 'what is quick has waited')
    await Promise.all([first, second])
  })
})

describe('inserts of one row each that leave together', () => {
  /** How many statements made these rows: those of one transaction are numbered. */
  const statementsOf = (rows: readonly { readonly xmin: string; readonly by: string }[]) =>
    new Set(rows.map(({ xmin, by }) => `${xmin} ${by}`)).size
  const numbered = (table?: string) => stored(table, 'cmin::text')

  test('are one statement where their text is the same, and each of them is told of its own row', async () => {
    const pool = await openPool()
    const odd = ['a],[{"', '{"body":"b"}', 'ü,\n\\', '"', ']', '\u2028']
    await until(async () => {
      await world.database.query('truncate shared_v1.notes, shared_v1.replies')
      const answers = await Promise.all(
        ['acme', 'globex'].flatMap(tenant => odd.map(body => insertOne(pool, { body }, { tenant }))),
      )
      for (const answer of answers) assert.deepEqual(answer, ['', '1', null, null])
      const rows = await numbered()
      for (const tenant of ['acme', 'globex']) {
        const own = rows.filter(({ tenant_id }) => tenant_id === tenant)
        assert.deepEqual(own.map(({ body }) => body).sort(), [...odd].sort())
      }
      return statementsOf(rows) === 2
    })
  })

  test('are statements of their own between others, which have their own answers', async () => {
    const pool = await openPool()
    const turn = () =>
      Promise.all([
        insertOne(pool, { body: 'a' }),
        insertOne(pool, { body: 'b' }),
        insert(pool, 'c'),
        insertOne(pool, { body: 'd' }),
        insertOne(pool, { body: 'of a reply' }, { statement: insertReply }),
        insertOne(pool, { body: 'e' }),
        pools.ask(pool, insertNotes, { values: ['{f,g}'], sharing: 'inserts' }),
        insertOne(pool, { body: 'h' }),
        // Of the same text, but not of one row.
        pools.ask(pool, insertRow, { values: ['[{"body":"i"},{"body":"j"}]'], sharing: 'inserts' }),
        insertOne(pool, { body: 'k' }),
        insertOne(pool, { body: 'l' }, { subject: 'another' }),
      ])
    await until(async () => {
      await world.database.query('truncate shared_v1.notes, shared_v1.replies')
      const answers = await turn()
      assert.deepEqual(
        answers.map(row => row.slice(0, 2)),
        [
          ['', '1'],
          ['', '1'],
          ['c', 'acme'],
          ['', '1'],
          ['', '1'],
          ['', '1'],
          ['', '2'],
          ['', '1'],
          ['', '2'],
          ['', '1'],
          ['', '1'],
        ],
      )
      const rows = await numbered()
      assert.equal(rows.map(({ body }) => body).join(), 'a,b,c,d,e,f,g,h,i,j,k,l')
      return (
        transactionsOf(
          rows.map(({ xmin }) => [xmin]),
          0,
        ) === 1 && statementsOf(rows) === 9
      )
    })
  })

  test('fail each for itself: the others are there, once', async () => {
    const pool = await openPool()
    await insertOne(pool, { body: 'taken' })
    const bodies = ['a', 'taken', 'b', 'a', 'a text that is too long for a note', 'c']
    const of = (tenant: string) => Promise.allSettled(bodies.map(body => insertOne(pool, { body }, { tenant })))
    const outcomes = (await Promise.all([of('acme'), of('globex')])).map(all =>
      all.map(outcome => (outcome.status === 'fulfilled' ? outcome.value[1] : outcome.reason.reason)),
    )
    // Which of the two that are alike comes first is nobody's promise.
    for (const of of outcomes) assert.deepEqual([of[0], of[3]].sort(), ['1', '23505'])
    assert.deepEqual(
      outcomes.map(of => [1, 2, 4, 5].map(place => of[place])),
      [
        ['23505', '1', '23514', '1'],
        ['1', '1', '23514', '1'],
      ],
    )
    const rows = (await stored()).map(({ tenant_id, body }) => `${tenant_id} ${body}`)
    assert.equal(rows.join(), 'acme a,acme b,acme c,acme taken,globex a,globex b,globex c,globex taken')
  })

  test('are not said to be there when fewer are', async () => {
    const pool = await openPool()
    const statement = `${insertRow} limit 1`
    for (let turn = 0; turn < 4; turn++) await insertOne(pool, { body: `${turn}` }, { statement })
    await until(async () => {
      const all = await Promise.allSettled(['a', 'b', 'c'].map(body => insertOne(pool, { body }, { statement })))
      const rows = await stored()
      await world.database.query('truncate shared_v1.notes, shared_v1.replies')
      assert.ok(all.filter(({ status }) => status === 'fulfilled').length <= rows.length)
      return all.every(({ status }) => status === 'rejected')
    })
  })

  test('and are large are several statements: none takes long because of the others', async () => {
    const pool = await openPool()
    const sizes = [10_000, 50_000, 10_000, 70_000, 10, 30_000, 30_000, 10_000]
    await until(async () => {
      await world.database.query('truncate shared_v1.replies')
      await Promise.all(
        sizes.map((size, index) => {
          const body = String(index).padEnd(size, 'x')
          return insertOne(pool, { body }, { statement: insertReply })
        }),
      )
      const rows = await numbered('replies')
      assert.deepEqual(
        rows.map(({ body }) => body.length),
        sizes,
      )
      // What one statement is given together: 60,000; 10,000; 70,000; 60,010; 10,000.
      return (
        statementsOf(rows) === 5 &&
        transactionsOf(
          rows.map(({ xmin }) => [xmin]),
          0,
        ) === 1
      )
    })
  })

  test('tell the caller that goes nothing, and the others what became of theirs', async () => {
    const pool = await openPool()
    for (let round = 0; round < 10; round++) {
      const gone = new AbortController()
      const asked = [1, 2, 3].map(number =>
        insertOne(pool, { body: `${round} ${number}` }, number === 2 ? { signal: gone.signal } : {}),
      )
      setTimeout(() => gone.abort(), round % 3)
      const outcomes = await Promise.allSettled(asked)
      assert.deepEqual([outcomes[0]?.status, outcomes[2]?.status], ['fulfilled', 'fulfilled'])
    }
    const bodies = (await stored()).map(({ body }) => body)
    for (let round = 0; round < 10; round++)
      for (const number of [1, 3]) assert.equal(bodies.filter(body => body === `${round} ${number}`).length, 1)
  })
})

describe('settings in a shared transaction', () => {
  const who = `select current_user::text, current_setting('tenantry.tenant'), current_setting('tenantry.instance'),
    current_setting('tenantry.subject'), current_setting('statement_timeout'), coalesce(current_setting('tenantry.rows', true), ''), pg_current_xact_id()::text`

  test('are those of each statement, whichever come before it', async () => {
    const pool = await openPool()
    const asks: Ask[] = [
      { subject: 'ann', rows: '{"a read *"}' },
      { subject: 'bob' },
      { subject: 'bob', role: 'tenant_reader' },
      { subject: 'bob', role: 'tenant_reader', instance: '' },
      { subject: 'eve', timeout: 5_000, rows: '{}' },
      { subject: '', instance: 'us' },
    ]
    const run = (ask: Ask) => pools.ask(pool, who, { sharing: 'reads', ...ask })
    for (let turn = 0; turn < 4; turn++) for (const ask of asks) await run(ask)
    for (const order of [asks, [...asks].reverse()]) {
      const alone: StatementRow[] = []
      for (const ask of order) alone.push(await run(ask))
      await untilShared(async () => {
        const together = await Promise.all(order.map(run))
        assert.deepEqual(
          together.map(row => row.slice(0, 6)),
          alone.map(row => row.slice(0, 6)),
        )
        return together
      }, 6)
      const left = await pools.ask(pool, `select current_user::text, current_setting('tenantry.rows', true)`, {
        tenant: 'globex',
      })
      assert.deepEqual(left, [`${world.database.prefix}_tenant_writer`, ''])
    }
  })

  test('differ also where nobody has rows of his own', async () => {
    const pool = await openPool()
    const subjects = ['ann', 'bob', 'carl']
    await untilShared(round => Promise.all(subjects.map(subject => insert(pool, `${subject} ${round}`, { subject }))))
  })

  test('let each principal see and write what it would alone', async () => {
    const as = (subject: string, role: string, instance: string | null = null, tenant = 'acme') =>
      world.dataOf(tenant, { subject, roles: [role], instance })
    const work = () => [
      as('ann', 'guest').insert(tips, { body: 'of ann' }),
      as('boss', 'admin').insert(tips, { body: 'of boss' }),
      as('bob', 'guest').insert(tips, { body: 'of bob' }),
      as('zoe', 'guest', null, 'globex').insert(tips, { body: 'of zoe' }),
      as('carl', 'clerk', 'eu').insert(desks, { body: 'eu' }),
      as('dora', 'clerk', 'us').insert(desks, { body: 'us' }),
    ]
    for (let turn = 0; turn < 3; turn++) for (const each of work()) await each
    await world.database.query('truncate shared_v1.tips, shared_v1.desks')
    for (let turn = 0; turn < 2; turn++) await Promise.all(work())
    const rows = await stored('tips', 'created_by')
    assert.deepEqual(
      [...new Set(rows.map(({ tenant_id, body, by }) => `${tenant_id}: ${body} ${by}`))],
      ['acme: of ann ann', 'acme: of bob bob', 'acme: of boss boss', 'globex: of zoe zoe'],
    )
    const acme = rows.filter(({ tenant_id }) => tenant_id === 'acme')
    assert.ok(new Set(acme.map(({ xmin }) => xmin)).size < acme.length, 'nothing was shared')
    const places = await stored('desks', 'instance_id')
    assert.deepEqual(
      places.map(({ body, by }) => `${body} ${by}`),
      ['eu eu', 'eu eu', 'us us', 'us us'],
    )
    const seen = () => [
      as('ann', 'guest').list(tips),
      as('boss', 'admin').list(tips),
      as('bob', 'guest').list(tips),
      as('nobody', 'guest').list(tips),
      as('eve', 'auditor', 'us').list(desks),
      as('dora', 'clerk', 'us').list(desks),
      as('carl', 'clerk', 'eu').list(desks),
      as('zoe', 'guest', null, 'globex').list(tips),
    ]
    const bodies = (lists: readonly (readonly { body: string }[])[]) =>
      lists.map(list =>
        list
          .map(({ body }) => body)
          .sort()
          .join(),
      )
    const alone: string[] = []
    for (let turn = 0; turn < 3; turn++) {
      alone.length = 0
      for (const each of seen()) alone.push(...bodies([await each]))
    }
    const all = 'of ann,of ann,of bob,of bob,of boss,of boss'
    assert.deepEqual(alone.slice(0, 4), ['of ann,of ann', all, 'of bob,of bob', ''])
    assert.deepEqual(alone.slice(5), ['us,us', 'eu,eu', 'of zoe,of zoe'])
    assert.deepEqual(bodies(await Promise.all(seen())), alone)
  })
})

test('a storm of everything at once: everybody has an answer of its own, and what was answered is there once', async () => {
  const seed = Math.floor(Math.random() * 2 ** 31)
  console.log(`seed ${seed}`)
  const random = randomFrom(seed)
  const pool = await openPool({ size: 3, most: 4 })
  const reply = 'insert into shared_v1.replies (body) values ($1) returning body, tenant_id'
  for (let turn = 0; turn < 6; turn++) await pools.ask(pool, reply, { tenant: 'warm', values: ['warm'] })
  const there = new Set<string>()
  const absent = new Set<string>()
  const wrong: string[] = []
  const work = async (index: number) => {
    const tenant = `tenant-${Math.floor(random() * 4)}`
    const chance = random()
    if (chance < 0.3) {
      const ratio = random() < 0.2 ? '0' : '1'
      const outcome = await read(pool, readRatio, [ratio], { tenant }).catch(({ reason }) => [reason])
      if (outcome[0] !== (ratio === '0' ? '22012' : '1')) wrong.push(`${index} was told ${outcome[0]}`)
      return
    }
    if (chance < 0.4) {
      // A few keys that many want, and what no note may be.
      const body = random() < 0.7 ? `key ${Math.floor(random() * 9)}` : 'a text that is too long for a note'
      const told = await insert(pool, body, { tenant }).then(
        row => row[1],
        ({ reason, message }) => (/may or may not/.test(message) ? tenant : reason),
      )
      if (told !== tenant && told !== '23505' && told !== '23514') wrong.push(`${index} was told ${told}`)
      return
    }
    const body = `${tenant} ${index}`
    const gone = new AbortController()
    if (random() < 0.15) setTimeout(() => gone.abort(), random() * 8)
    await pools.ask(pool, reply, { tenant, values: [body], sharing: 'inserts', signal: gone.signal }).then(
      ([answered, of]) => {
        there.add(body)
        if (answered !== body || of !== tenant) wrong.push(`${body} was told ${answered} of ${of}`)
      },
      (error: unknown) => {
        if (!/may or may not|went away/.test(String(error))) absent.add(`${body}: ${error}`)
      },
    )
  }
  const batches = 60
  for (let batch = 0; batch < batches; batch++) {
    const lost = batch === batches / 2 ? pools.terminate() : batch === batches / 4 ? pool.renew() : undefined
    await Promise.all(Array.from({ length: 25 }, (_, index) => work(batch * 25 + index)))
    await lost
  }
  const rows = (await stored('replies')).filter(({ tenant_id }) => tenant_id !== 'warm')
  const bodies = rows.map(({ body }) => body)
  assert.deepEqual(wrong, [])
  assert.equal(new Set(bodies).size, bodies.length, 'something was made twice')
  assert.ok(rows.every(({ tenant_id, body }) => body.startsWith(`${tenant_id} `)))
  assert.deepEqual(
    [...there].filter(body => !bodies.includes(body)),
    [],
  )
  assert.deepEqual([...absent], [])
  const users = new Set(rows.map(({ tenant_id, xmin }) => `${tenant_id} ${xmin}`))
  assert.equal(users.size, new Set(rows.map(({ xmin }) => xmin)).size)
  assert.ok(users.size < rows.length, 'nothing was shared')
})

test('updates, upserts and deletes share no transaction', async () => {
  for (const data of [world.acme, world.globex]) {
    const names = ['a', 'b', 'c']
    const rows = await data.insert(
      notes,
      names.map(body => ({ body })),
    )
    const kinds: ((turn: number) => Promise<unknown>[])[] = [
      turn => rows.map(({ id, body }) => data.update(notes, id, { body: `${body}${turn}` })),
      turn => rows.map(({ id }, index) => data.upsert(notes, { id, body: `${index} ${turn}` })),
    ]
    for (const kind of kinds) {
      for (let turn = 0; turn < 6; turn++) {
        if (turn < 5) for (const each of kind(turn)) await each
        else await Promise.all(kind(turn))
      }
      const own = (await stored()).filter(({ tenant_id }) => tenant_id === data.context.tenant)
      assert.equal(new Set(own.map(({ xmin }) => xmin)).size, 3)
    }
  }
})
