import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { createTestDatabase, type TestDatabase } from '../../src/testing/test-database.ts'
import { isWhole, wholeOnly } from '../whole.ts'
import { makeProductFolder, type ServingChild, start } from './child.ts'
import { type Answer, createClient, jsonOf } from './client.ts'
import { type OpenProduct, openProduct } from './open-product.ts'
import { club, crew, geography, vault } from './world.ts'

const things = '/acme/things/v1/things'

describe('a process of its own', { skip: wholeOnly, timeout: 100_000 }, () => {
  const { dir, remove } = makeProductFolder()
  const running = new Set<ServingChild>()
  const serve = async (variables?: NodeJS.ProcessEnv) => {
    const child = await start(dir, variables)
    running.add(child)
    return child
  }
  const kill = async (child: ServingChild, signal: NodeJS.Signals) => {
    child.process.kill(signal)
    running.delete(child)
    return child.ended
  }
  after(async () => {
    for (const child of running) await kill(child, 'SIGKILL')
    await sleep(500) // Its database server sees that it is gone.
    remove()
  })

  test('killed amid writes it keeps what it acknowledged, for every tenant and round', async t => {
    const rounds = isWhole ? 3 : 1
    const acknowledged = new Set<string>()
    const asked = new Set<string>()
    let child = await serve()
    for (let round = 1; round <= rounds; round++) {
      const { url, token } = child
      const client = createClient(url)
      let over = false
      const writer = async (lane: number) => {
        for (let number = 0; !over; number++) {
          const code = `${round}-${lane}-${number}`
          asked.add(code)
          const body = { code, round, filler: code.repeat(50) }
          const answer = await client.ask(things, { token, body }).catch(() => undefined)
          if (!answer) return
          assert.equal(answer.status, 201, answer.text)
          acknowledged.add(code)
        }
      }
      const writers = Array.from({ length: 8 }, (_, lane) => writer(lane))
      await sleep(300 + 150 * round)
      for (const end = Date.now() + 10_000; acknowledged.size <= round * 8 && Date.now() < end; ) await sleep(20)
      await kill(child, 'SIGKILL')
      over = true
      await Promise.all(writers)
      client.end()
      child = await serve()
    }
    const client = createClient(child.url)
    const stored = new Set<string>()
    for (let offset = 0; ; offset += 1_000) {
      const answer = await client.ask(`${things}?order=code&offset=${offset}`, { token: child.token })
      assert.equal(answer.status, 200, answer.text)
      const rows = jsonOf<{ code: string; filler: string }[]>(answer)
      for (const { code, filler } of rows) {
        assert.equal(filler, code.repeat(50), 'half a row')
        stored.add(code)
      }
      if (rows.length < 1_000) break
    }
    client.end()
    const lost = [...acknowledged].filter(code => !stored.has(code))
    assert.deepEqual(lost, [])
    assert.deepEqual(
      [...stored].filter(code => !asked.has(code)),
      [],
    )
    assert.ok(acknowledged.size > rounds * 8, `${acknowledged.size} writes`)
    t.diagnostic(`${acknowledged.size} acknowledged, ${stored.size} stored, 0 lost in ${rounds} rounds`)
  })

  test('SIGTERM finishes a request in flight, takes nothing new and ends with 0', async () => {
    const [child] = running
    assert.ok(child)
    const client = createClient(child.url)
    const slow = client.ask('/acme/things/v1/slow', { method: 'POST', token: child.token })
    await sleep(300)
    const ended = kill(child, 'SIGTERM')
    await sleep(200)
    const late = await createClient(child.url)
      .ask(things, { token: child.token })
      .catch((error: NodeJS.ErrnoException) => error.code)
    assert.equal(late, 'ECONNREFUSED')
    const answer = await slow
    assert.deepEqual([answer.status, jsonOf(answer).code], [200, 'slow'])
    const { code } = await ended
    client.end()
    assert.equal(code, 0)
    const next = await serve()
    const again = createClient(next.url)
    assert.match((await again.ask(`${things}?code=eq.slow`, { token: next.token })).text, /"slow"/)
    again.end()
  })
})

describe('two nodes on one database', () => {
  const modules = [geography, vault, crew, club]
  const variables = { PUBLIC_URL: 'https://api.example.test' }
  let database: TestDatabase
  let one: OpenProduct
  let two: OpenProduct

  before(async () => {
    database = await createTestDatabase()
    // At once: of two who prepare the same empty database one waits for the other.
    const nodes = [1, 2].map(() => openProduct({ modules, variables, database }))
    const [first, second] = await Promise.all(nodes)
    assert.ok(first && second)
    ;[one, two] = [first, second]
    await one.platform.operations.addTenant({ key: 'globex', subscribe: ['crew@1'] })
  })

  after(async () => {
    await one?.close()
    await two?.close()
    await database?.drop()
  })

  /** Asks until the answer is as wanted; fails after `limit` milliseconds. */
  async function soon(ask: () => Promise<Answer>, wanted: (answer: Answer) => boolean, limit = 1_000): Promise<number> {
    const started = performance.now()
    for (;;) {
      const answer = await ask()
      const waited = performance.now() - started
      if (wanted(answer)) return waited
      if (waited > limit) assert.fail(`still ${answer.status} ${answer.text} after ${Math.round(waited)} ms`)
      await sleep(10)
    }
  }

  test('what is done to a tenant at one is so at the other within a second', async t => {
    const { operations } = one.platform
    const waited: number[] = []
    const users = '/acme/crew/v1/users'
    await operations.addTenant({ key: 'acme', subscribe: ['crew@1'] })
    const token = await one.token('acme')
    const atTwo = (path: string) => () => two.ask(path, { token })
    waited.push(await soon(atTwo(users), ({ status }) => status === 200))

    await operations.suspendTenant('acme')
    waited.push(await soon(atTwo(users), ({ text }) => text.includes('tenant_suspended')))
    await operations.resumeTenant('acme')
    waited.push(await soon(atTwo(users), ({ status }) => status === 200))

    assert.equal((await two.ask('/acme/club/v1/users', { token })).status, 404)
    await operations.subscribe('acme', 'club@1')
    waited.push(await soon(atTwo('/acme/club/v1/users'), ({ status }) => status === 200))
    await operations.unsubscribe('acme', 'club@1')
    waited.push(await soon(atTwo('/acme/club/v1/users'), ({ status }) => status === 404))

    assert.equal((await two.ask(users, { token, body: { username: 'a', title: 'written at two' } })).status, 201)
    assert.match((await one.ask(users, { token })).text, /written at two/)

    await operations.removeTenant('acme')
    waited.push(await soon(atTwo(users), ({ status }) => status === 401))
    assert.equal((await two.ask('/globex/crew/v1/users', { token: await two.token('globex') })).status, 200)
    t.diagnostic(`slowest ${Math.round(Math.max(...waited))} ms`)
  })

  test('a change while a node does not listen is not missed', async t => {
    const { operations } = one.platform
    await operations.addTenant({ key: 'initech', subscribe: ['crew@1'] })
    const token = await one.token('initech')
    const atTwo = () => two.ask('/initech/crew/v1/users', { token })
    await soon(atTwo, ({ status }) => status === 200)
    let slowest = 0
    for (let round = 0; round < 3; round++) {
      const ended = await database.query(
        `select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and application_name = 'tenantry watch'`,
      )
      assert.ok(ended.length >= 2)
      await operations.suspendTenant('initech')
      slowest = Math.max(slowest, await soon(atTwo, ({ status }) => status === 403, 3_000))
      await operations.resumeTenant('initech')
      slowest = Math.max(slowest, await soon(atTwo, ({ status }) => status === 200, 3_000))
    }
    t.diagnostic(`slowest ${Math.round(slowest)} ms`)
  })

  test('connections that are lost are opened again, and no tenant sees an error for long', async () => {
    const tokens = await Promise.all(['globex', 'initech'].map(key => one.token(key)))
    await database.query(
      `select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid() and application_name like 'tenantry%'`,
    )
    for (const [index, key] of ['globex', 'initech'].entries()) {
      for (const node of [one, two]) {
        await soon(
          () => node.ask(`/${key}/crew/v1/users`, { token: tokens[index] ?? '' }),
          ({ status }) => status === 200,
        )
      }
    }
    assert.equal((await one.ask('/-/health/ready')).status, 200)
  })
})
