import assert from 'node:assert/strict'
import { get } from 'node:http'
import { after, before, describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { wholeOnly } from '../whole.ts'
import { type Answer, jsonOf } from './client.ts'
import { type OpenProduct, openProduct } from './open-product.ts'
import { crew, geography, sessions, users, vault } from './world.ts'

const tenants = ['acme', 'globex'] as const
type Tenant = (typeof tenants)[number]

const rowCount = 400
const pageSize = 100
const sessionsPath = (tenant: Tenant) => `/${tenant}/crew/v1/${sessions.name}`

describe('answers that are too large for one text', { skip: wholeOnly, timeout: 120_000 }, () => {
  let product: OpenProduct
  let observer: pg.Client
  const tokens = new Map<Tenant, string>()

  before(async () => {
    product = await openProduct({
      modules: [geography, vault, crew],
      tenants: tenants.map(key => ({ key, subscribe: ['crew@1'] })),
    })
    observer = new pg.Client(product.database.target)
    await observer.connect()
    for (const tenant of tenants) {
      const token = await product.token(tenant)
      tokens.set(tenant, token)
      const add = async (entity: string, body: unknown) => {
        const { status, text } = await product.ask(`/${tenant}/crew/v1/${entity}`, { token, body })
        assert.equal(status, 201, text)
      }
      await add(users.name, [
        { username: 'u', title: tenant },
        { username: 'large', title: `${tenant} `.repeat(500_000) },
      ])
      // The same keys in both, other titles; every tenth has one of a different size.
      const rows = Array.from({ length: rowCount }, (_, number) => ({
        user_id: 'u',
        number,
        title: `${tenant} "${number}",\\ ${'x'.repeat(number % 10 === 0 ? 200_000 : 2_000)}`,
      }))
      for (let page = 0; page < rowCount; page += pageSize) await add(sessions.name, rows.slice(page, page + pageSize))
      const few = Array.from({ length: 60 }, (_, number) => ({ user_id: 'large', number, title: 's' }))
      await add(sessions.name, few)
    }
  })
  after(async () => {
    await observer?.end()
    await product?.close()
  })

  const ask = (tenant: Tenant, query: string, headers = {}, method = 'GET') =>
    product.ask(`${sessionsPath(tenant)}?${query}`, { method, token: tokens.get(tenant) ?? '', headers })
  const isStreamed = ({ headers }: Answer) => headers['transfer-encoding'] === 'chunked'

  /** The same rows as small answers, which are one text each. */
  async function pages(tenant: Tenant, query: string, headers = {}): Promise<string[]> {
    const texts: string[] = []
    for (let offset = 0; offset < rowCount; offset += 40) {
      const answer = await ask(tenant, `${query}&limit=40&offset=${offset}`, headers)
      assert.equal(isStreamed(answer), false)
      texts.push(answer.text)
    }
    return texts
  }

  const list = 'user_id=eq.u&order=number'
  const forms: readonly [name: string, headers: Record<string, string>, join: (pages: string[]) => string][] = [
    ['JSON', {}, pages => `[${pages.map(page => page.slice(1, -1)).join(', \n ')}]`],
    [
      'JSON without nulls',
      { accept: 'application/vnd.pgrst.array+json;nulls=stripped' },
      pages => `[${pages.map(page => page.slice(1, -1)).join(',')}]`,
    ],
    [
      'CSV',
      { accept: 'text/csv' },
      ([first = '', ...others]) => [first, ...others.map(page => page.slice(page.indexOf('\n') + 1))].join('\n'),
    ],
  ]
  for (const [name, headers, join] of forms) {
    test(`come in parts that make the same text: ${name}`, async () => {
      // Both at once: neither ever has a row of the other.
      await Promise.all(
        tenants.map(async tenant => {
          const answer = await ask(tenant, list, headers)
          assert.deepEqual([answer.status, isStreamed(answer)], [200, true])
          assert.equal(answer.headers['content-range'], `0-${rowCount - 1}/*`)
          assert.equal(answer.text, join(await pages(tenant, list, headers)))
        }),
      )
    })
  }

  test('so do rows with embeds, and with names of the caller', async () => {
    const query = `select=nr:number,title,users(who:title)&${list}`
    for (const tenant of tenants) {
      const answer = await ask(tenant, query)
      assert.equal(isStreamed(answer), true)
      assert.equal(answer.text, `[${(await pages(tenant, query)).map(page => page.slice(1, -1)).join(', ')}]`)
    }
  })

  test('say how many rows there are when they are asked', async () => {
    const answer = await ask('acme', `${list}&limit=300`, { prefer: 'count=exact' })
    assert.deepEqual([answer.status, answer.headers['content-range']], [206, `0-299/${rowCount}`])
    assert.equal(jsonOf<unknown[]>(answer).length, 300)
    const head = await ask('acme', `${list}&limit=300`, { prefer: 'count=exact' }, 'HEAD')
    assert.deepEqual([head.status, head.headers['content-range'], head.text], [206, `0-299/${rowCount}`, ''])
  })

  test('are one object when one is asked for', async () => {
    const answer = await ask('acme', 'user_id=eq.large&number=eq.7&select=number,users(title)', {
      accept: 'application/vnd.pgrst.object+json',
    })
    assert.equal(answer.status, 200)
    const { number, users } = jsonOf<{ number: number; users: { title: string } }>(answer)
    assert.deepEqual([number, users.title.length], [7, 2_500_000])
  })

  test('hold no more of them in memory than is read, also when small rows come first', async () => {
    // 400 rows of some bytes, then 60 of 2.5 MB.
    const query = 'select=users(title)&order=user_id.desc,number'
    const before = process.memoryUsage().rss
    const slow = await openSlowReader(product, 'acme', query, tokens.get('acme') ?? '')
    // PostgreSQL itself waits for somebody to take what it has written, and goes on waiting.
    const isWaiting = async () => (await waits()).join() === 'active ClientWrite'
    await until(isWaiting)
    await sleep(1_000)
    assert.ok(await isWaiting())
    const grown = (process.memoryUsage().rss - before) / 1024 / 1024
    assert.ok(grown < 100, `${grown.toFixed(0)} MB more`)
    slow.resume()
    const row = '{"users":{"title":""}}, \n '.length
    assert.equal(await slow.length, 460 * row + 400 * 'acme'.length + 60 * 2_500_000 - ', \n '.length + 2)
  })

  test('are given up with their connection when the reader goes', async () => {
    const reader = await openSlowReader(
      product,
      'acme',
      'user_id=eq.large&select=users(title)',
      tokens.get('acme') ?? '',
    )
    assert.equal((await waits()).length, 1)
    reader.leave()
    await until(async () => (await waits()).length === 0)
  })

  test('of one tenant leave room for those of others', async () => {
    const token = tokens.get('acme') ?? ''
    const readers = [
      await openSlowReader(product, 'acme', 'user_id=eq.large&select=users(title)', token),
      await openSlowReader(product, 'acme', 'user_id=eq.large&select=users(title)', token),
    ]
    // Two more than there are connections for anybody.
    const others = [ask('acme', list), ask('acme', list), ask('acme', list)]
    const [globex, small] = await Promise.all([ask('globex', list), ask('acme', `${list}&limit=2`)])
    assert.deepEqual([globex.status, small.status], [200, 200])
    for (const reader of readers) reader.leave()
    for (const other of others) assert.equal((await other).status, 200)
  })

  test('that one row is too large for are refused', async () => {
    const names = Array.from({ length: 14 }, (_, index) => `u${index}`)
    const answer = await ask('acme', `select=${names.map(name => `${name}:users(title)`)}&user_id=eq.large&limit=1`)
    assert.equal(answer.status, 413)
    const globex = await ask('globex', `${list}&limit=1`)
    assert.equal(globex.status, 200)
  })

  /** Connections that have a transaction open for an answer. */
  async function waits(): Promise<string[]> {
    const { rows } = await observer.query<{ wait: string }>(
      `select concat_ws(' ', state, wait_event) as wait from pg_stat_activity
       where datname = current_database() and application_name = 'tenantry stream' and state <> 'idle'`,
    )
    return rows.map(({ wait }) => wait)
  }
})

/** Reads the head of an answer and then nothing until told. */
async function openSlowReader({ url }: OpenProduct, tenant: Tenant, query: string, token: string) {
  const outgoing = get(`${url}${sessionsPath(tenant)}?${query}`, {
    agent: false,
    headers: { authorization: `Bearer ${token}` },
  })
  const incoming = await new Promise<import('node:http').IncomingMessage>((resolve, reject) => {
    outgoing.on('response', resolve)
    outgoing.on('error', reject)
  })
  incoming.pause()
  let length = 0
  return {
    length: new Promise<number>(resolve => incoming.on('end', () => resolve(length))),
    resume() {
      incoming.on('data', chunk => {
        length += chunk.length
      })
      incoming.resume()
    },
    leave() {
      outgoing.on('error', () => {})
      incoming.on('error', () => {})
      outgoing.destroy()
    },
  }
}

async function until(isSo: () => Promise<boolean>): Promise<void> {
  const end = Date.now() + 10_000
  while (!(await isSo())) {
    assert.ok(Date.now() < end, 'it never became so')
    await sleep(20)
  }
}
