import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { after, afterEach, before, describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Settings } from '../../src/data/postgres/settings.ts'
import type { RowStream } from '../../src/data/postgres/sql/row-stream.ts'
import { StreamPool } from '../../src/data/postgres/stream.ts'
import { TransactionPool } from '../../src/data/postgres/transaction.ts'
import { failure, notes, Pools, poolModule, until } from './pools.ts'

let pools: Pools
const open: { close(): Promise<void> }[] = []
before(async () => {
  pools = await Pools.over({ modules: [poolModule] })
})
afterEach(async () => {
  for (const pool of open.splice(0)) await pool.close()
})
after(() => pools.end())

const opened = <P extends { close(): Promise<void> }>(pool: P): P => {
  open.push(pool)
  return pool
}
const streams = (size: number) => opened(new StreamPool(pools.target, size))
const transactions = (size: number, silence?: number) =>
  opened(new TransactionPool(pools.target, { size, ...(silence && { silence }) }))

const settings = (tenant: string): Settings => [
  `${pools.tenants.database.prefix}_tenant_writer`,
  tenant,
  'eu',
  `subject of ${tenant}`,
  '10000',
]
const statement = (text: string) => ({ text, values: [] })
const answer = (count: string, rows: string): RowStream => ({
  count: statement(count),
  rows: statement(rows),
  first: '[',
  between: ',',
  last: ']',
})
const letters = answer(
  "select '3', null::text",
  "select current_setting('tenantry.tenant') || n from generate_series(1, 3) n",
)
/** Many are asked for at once when the large ones come. */
const largeAtLast = answer(
  "select '460', null::text",
  "select repeat('x', case when n <= 400 then 1 else 1000000 end) from generate_series(1, 460) n",
)
const pids = answer("select '1', null::text", 'select pg_backend_pid()::text')
const countsLong = answer('select pg_sleep(8)::text, null::text', 'select 1::text')
const rowsLong = answer("select '2', null::text", "select 'a' union all select pg_sleep(8)::text")

async function textOf(streams: StreamPool, tenant: string, stream = letters): Promise<string> {
  const { parts } = await streams.open(settings(tenant), stream, undefined)
  let text = ''
  for await (const part of parts) text += part
  return text
}
const atWork = async () => (await pools.backends()).filter(({ query }) => /pg_sleep|fetch/.test(query)).length

/** An answer whose rows PostgreSQL is counting, which fails, and how its caller goes. */
async function countsFor(streams: StreamPool, tenant: string) {
  const gone = new AbortController()
  const asked = failure(streams.open(settings(tenant), countsLong, gone.signal))
  await until(async () => (await atWork()) > 0)
  return { asked, gone }
}

describe('when the caller of a large answer goes', () => {
  test('its statement is stopped, and only then is the next of its tenant let in', async () => {
    const pool = streams(2)
    const started = performance.now()
    let most = 0
    const watching = new AbortController()
    const watch = (async () => {
      while (!watching.signal.aborted) {
        most = Math.max(most, await atWork())
        await sleep(5)
      }
    })()
    for (let turn = 0; turn < 6; turn++) {
      const { asked, gone } = await countsFor(pool, 'acme')
      gone.abort()
      assert.equal((await asked).code, 'unavailable')
    }
    assert.equal(await textOf(pool, 'globex'), '[globex1,globex2,globex3]')
    assert.equal(await textOf(pool, 'acme'), '[acme1,acme2,acme3]')
    watching.abort()
    await watch
    assert.equal(most, 1, 'of one tenant half of two connections')
    assert.ok(performance.now() - started < 7_000, 'no statement ran to its end')
    assert.equal(await atWork(), 0)
  })

  test('whatever was said last, nothing more of it is said to whoever has the connection then', async () => {
    const pool = streams(1)
    await textOf(pool, 'acme')
    for (let turn = 0; turn < 60; turn++) {
      const gone = new AbortController()
      const acme = pool.open(settings('acme'), letters, gone.signal).catch(() => {})
      const globex = textOf(pool, 'globex')
      for (let step = 0; step < turn % 12; step++) await new Promise(setImmediate)
      gone.abort()
      assert.equal(await globex, '[globex1,globex2,globex3]')
      await acme
    }
  })

  test('it may be in the middle of the rows, when PostgreSQL works or waits for a reader', async () => {
    const pool = streams(2)
    for (const stream of [rowsLong, largeAtLast]) {
      const gone = new AbortController()
      const { parts } = await pool.open(settings('acme'), stream, gone.signal)
      const reader = parts[Symbol.asyncIterator]()
      if (stream === largeAtLast) while ((await reader.next()).value?.length < 1_000_000);
      else await reader.next()
      const second = stream === rowsLong ? failure(reader.next().then(() => reader.next())) : undefined
      await until(async () => (await atWork()) > 0)
      gone.abort()
      await until(async () => (await atWork()) === 0)
      if (second) assert.equal((await second).code, 'unavailable')
      else assert.equal((await failure(reader.next())).code, 'unavailable')
      assert.equal(await textOf(pool, 'acme'), '[acme1,acme2,acme3]')
    }
  })

  test('a request to stop that is late meets nobody: the connection is not used again', async () => {
    const pool = streams(1)
    const { asked, gone } = await countsFor(pool, 'acme')
    const [stopped] = await pools.backends()
    gone.abort()
    await asked
    assert.notEqual(await textOf(pool, 'globex', pids), `[${stopped?.pid}]`)
  })

  test('nothing is left of it on the connection, which the next one has when nothing ran', async () => {
    const pool = streams(1)
    const pid = await textOf(pool, 'acme', pids)
    const gone = new AbortController()
    const { parts } = await pool.open(settings('globex'), letters, gone.signal)
    gone.abort()
    const reader = parts[Symbol.asyncIterator]()
    assert.equal(
      (await failure(reader.next())).code,
      'unavailable',
      'the rest of what is not all is never taken for all',
    )
    assert.equal(await textOf(pool, 'acme', pids), pid)
    assert.equal(await textOf(pool, 'acme'), '[acme1,acme2,acme3]')
  })

  test('a server that ends the connection meanwhile is met by nobody else', async () => {
    const pool = streams(2)
    const { asked, gone } = await countsFor(pool, 'acme')
    gone.abort()
    await pools.terminate()
    assert.equal((await asked).code, 'unavailable')
    for (const tenant of ['acme', 'globex'])
      assert.equal(await textOf(pool, tenant), `[${tenant}1,${tenant}2,${tenant}3]`)
  })
})

test('a large answer ends where its rows do, whatever their sizes', async () => {
  const pool = streams(4)
  const part = 256 * 1024
  for (const size of [26_300, 53_000, 140_000, part, part + 1]) {
    const count = 5 + Math.ceil(part / size)
    const rows = answer(
      `select '${count}', null::text`,
      `select repeat('x', case when n <= 5 then 1 else ${size} end) from generate_series(1, ${count}) n`,
    )
    const texts = await Promise.all(['acme', 'globex'].map(tenant => textOf(pool, tenant, rows)))
    const length = 5 + (count - 5) * size + count - 1 + '[]'.length
    assert.deepEqual(
      texts.map(text => text.length),
      [length, length],
    )
  }
})

test('a connection that is lost as soon as it is open ends what wanted it, and nothing else', async () => {
  const message = (type: string, body: Buffer) => {
    const head = Buffer.alloc(5)
    head.write(type)
    head.writeInt32BE(body.length + 4, 1)
    return Buffer.concat([head, body])
  }
  // https://www.postgresql.org/docs/current/protocol-message-formats.html: it may go in, is ready, and is told to go, all at once.
  const welcome = Buffer.concat([
    message('R', Buffer.alloc(4)),
    message('K', Buffer.alloc(8)),
    message('Z', Buffer.from('I')),
    message('E', Buffer.from('SFATAL\0VFATAL\0C57P01\0Mterminating connection\0\0')),
  ])
  const server = createServer(socket => socket.once('data', () => socket.end(welcome)))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const pool = opened(new TransactionPool({ host: '127.0.0.1', port, user: 'x', database: 'x' }, { size: 2 }))
  for (const tenant of ['acme', 'globex']) {
    const run = pool.run({ verb: 'read', signal: undefined, tenant }, ({ run }) =>
      run(settings(tenant), statement('select 1::text')),
    )
    assert.equal((await failure(run)).code, 'unavailable')
  }
  server.close()
})

const insert = statement(
  `insert into pool_v1.${notes.name} (tenant_id, id, body)
   values (current_setting('tenantry.tenant'), gen_random_uuid(), 'x') returning 'x'`,
)
const count = statement(`select count(*)::text from pool_v1.${notes.name}`)

describe('when the caller of a transaction goes', () => {
  test('its statement is stopped and nothing of it is kept', async () => {
    const pool = transactions(2)
    const started = performance.now()
    const gone = new AbortController()
    const run = { verb: 'write', signal: gone.signal, tenant: 'acme' } as const
    const asked = failure(
      pool.run(run, async ({ run }) => {
        await run(settings('acme'), insert)
        await run(settings('acme'), statement('select pg_sleep(8)::text'))
      }),
    )
    await until(async () => (await atWork()) > 0)
    const [stopped] = await pools.backends()
    gone.abort()
    assert.equal((await asked).code, 'unavailable')
    assert.ok(performance.now() - started < 7_000)
    for (const tenant of ['acme', 'globex']) {
      const next = { verb: 'read', signal: undefined, tenant } as const
      assert.deepEqual(await pool.run(next, ({ run }) => run(settings(tenant), count)), ['0'])
      const [pid] = await pool.run(next, ({ run }) => run(settings(tenant), statement('select pg_backend_pid()::text')))
      assert.notEqual(pid, String(stopped?.pid), 'a request that is late meets nobody')
    }
  })

  test('what waits there for its turn is not begun any more', async () => {
    const pool = transactions(1)
    const gone = new AbortController()
    let answered = 0
    const asked = pool.run({ verb: 'read', signal: gone.signal, tenant: 'acme' }, async ({ run }) => {
      const turns = Array.from({ length: 40 }, async () => {
        await run(settings('acme'), statement('select pg_sleep(0.005)::text'))
        if (++answered === 2) gone.abort()
      })
      await Promise.allSettled(turns)
    })
    assert.equal((await failure(asked)).message, 'The caller went away before the answer')
    assert.ok(answered <= 3, `${answered} were answered`)
  })

  test('what its tenant asks next is not met by the request to stop', async () => {
    const pool = transactions(2)
    for (let turn = 0; turn < 10; turn++) {
      const gone = new AbortController()
      const asked = pool.run({ verb: 'read', signal: gone.signal, tenant: 'acme' }, ({ run }) =>
        run(settings('acme'), statement(`select pg_sleep(${turn * 0.003})::text`)),
      )
      const outcome = asked.then(
        () => 'unavailable',
        error => error.code,
      )
      setTimeout(() => gone.abort(), 5)
      assert.equal(await outcome, 'unavailable')
      const next = { verb: 'read', signal: undefined, tenant: 'acme' } as const
      assert.deepEqual(
        await pool.run(next, ({ run }) => run(settings('acme'), statement('select pg_sleep(0.03)::text'))),
        [''],
      )
    }
  })
})

test('a caller who goes at any step of the way is heard', async () => {
  const [pool, large] = [transactions(1), streams(1)]
  const started = performance.now()
  for (const tenant of ['acme', 'globex']) {
    await textOf(large, tenant)
    await pool.run({ verb: 'read', signal: undefined, tenant }, ({ run }) => run(settings(tenant), count))
    for (let step = 0; step < 24; step++) {
      const gone = [new AbortController(), new AbortController()] as const
      const run = { verb: 'read', signal: gone[0].signal, tenant } as const
      const asked = [
        pool.run(run, ({ run }) => run(settings(tenant), statement('select pg_sleep(8)::text'))),
        large.open(settings(tenant), countsLong, gone[1].signal),
      ].map(failure)
      if (step >= 12) await new Promise<void>(resolve => process.nextTick(resolve))
      for (let turn = 0; turn < step % 12; turn++) await null
      for (const each of gone) each.abort()
      for (const { code } of await Promise.all(asked)) assert.equal(code, 'unavailable')
    }
  }
  assert.ok(performance.now() - started < 7_000)
})

describe('a transaction whose function does not return', () => {
  const never = new Promise<void>(() => {})
  const writing = (tenant: string, signal?: AbortSignal) => ({ verb: 'write', signal, tenant }) as const
  /** Whoever comes next has the only connection, and sees nothing of the one before. */
  async function isFree(pool: TransactionPool) {
    for (const tenant of ['globex', 'acme'])
      assert.deepEqual(await pool.run(writing(tenant), ({ run }) => run(settings(tenant), count)), ['0'])
  }

  test('is left when its caller goes, and what it asks later is refused', async () => {
    const pool = transactions(1)
    const gone = new AbortController()
    const later = Promise.withResolvers<void>()
    const said: string[] = []
    const asked = failure(
      pool.run(writing('acme', gone.signal), async ({ run, nested }) => {
        await run(settings('acme'), insert)
        gone.abort()
        await later.promise
        for (const late of [
          () => run(settings('acme'), insert),
          () => nested(part => part.run(settings('acme'), insert)),
        ])
          said.push((await failure(late())).message)
        later.resolve()
      }),
    )
    assert.equal((await asked).message, 'The caller went away before the answer')
    await pool.run(writing('globex'), async ({ run }) => {
      await run(settings('globex'), count)
      later.resolve()
      await until(() => said.length === 2)
    })
    assert.deepEqual(said, Array(2).fill('The caller went away before the answer'))
    await isFree(pool)
  })

  test('is left when the server ends it because it says nothing, and so is one that has never said anything', async () => {
    const pool = transactions(1, 200)
    const quiet = pool.run(writing('acme'), async ({ run }) => {
      await run(settings('acme'), insert)
      await never
    })
    assert.match((await failure(quiet)).message, /said nothing for too long/)
    assert.match((await failure(pool.run(writing('acme'), () => never))).message, /said nothing for too long/)
    const unlimited = pool.run(writing('acme'), async ({ author }) => {
      await author(settings('acme'), run =>
        run("select set_config('idle_in_transaction_session_timeout', '0', false)", []),
      )
      await never
    })
    assert.match((await failure(unlimited)).message, /said nothing for too long/)
    await isFree(pool)
  })

  test('is not meant where it goes on working, however long that takes', async () => {
    const pool = transactions(1, 200)
    const worked = await pool.run({ verb: 'read', signal: undefined, tenant: 'acme' }, async ({ run }) => {
      for (let turn = 0; turn < 4; turn++) {
        await run(settings('acme'), count)
        await sleep(90)
      }
      return run(settings('acme'), statement('select pg_sleep(0.4)::text'))
    })
    assert.deepEqual(worked, [''])
    await isFree(pool)
  })
})

test('of a transaction whose connection was lost before its commit it is said that nothing was kept', async () => {
  const pool = transactions(1)
  const lost = pool.run({ verb: 'write', signal: undefined, tenant: 'acme' }, async ({ run }) => {
    await run(settings('acme'), insert)
    await pools.terminate()
    await sleep(50)
  })
  const { code, message } = await failure(lost)
  assert.equal(code, 'unavailable')
  assert.doesNotMatch(message, /may or may not/)
  assert.deepEqual(
    await pool.run({ verb: 'read', signal: undefined, tenant: 'globex' }, ({ run }) => run(settings('globex'), count)),
    ['0'],
  )
})
