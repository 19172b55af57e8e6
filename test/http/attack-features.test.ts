import assert from 'node:assert/strict'
import type { OutgoingHttpHeaders } from 'node:http'
import { after, before, describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { parcels, scrolls, yard } from '../fuzz/yard.ts'
import { some } from '../whole.ts'
import { type Answer, jsonOf, type Question, revisionOf } from './client.ts'
import { type OpenProduct, openProduct } from './open-product.ts'

/** In every text of globex. */
const canary = 'kAnArI7q3'
const hidden = [canary, Buffer.from(canary).toString('base64').slice(0, 11)]
const idOf = (number: number) => `00000000-0000-7000-8000-${String(number).padStart(12, '0')}`
/** Globex has a parcel with this number and acme has none; nobody has the other one. */
const onlyGlobex = 77
const nowhere = 88

const base = '/acme/yard/v1'
const full = 'return=representation'
let product: OpenProduct
let acme: string
let globex: string

before(async () => {
  product = await openProduct({ modules: [yard], variables: { LOG_LEVEL: 'trace' } })
  for (const [key, mark, numbers] of [
    ['acme', 'own', [1, 2, 3, 4, 5]],
    ['globex', canary, [1, 2, 3, 4, 5, onlyGlobex]],
  ] as const) {
    const ids = numbers.map(idOf)
    const large = `${mark} ${'x'.repeat(850_000)}`
    await product.platform.operations.addTenant({
      key,
      subscribe: ['yard@1'],
      rows: [
        { entity: parcels, rows: ids.map((id, n) => ({ id, title: `${mark} ${n}`, weight: '5', about: { mark } })) },
        { entity: scrolls, rows: ids.map(id => ({ id, title: large, parcel_id: id })) },
      ],
    })
  }
  acme = await product.token('acme')
  globex = await product.token('globex')
  // Revisions that acme's rows do not have.
  for (const number of [1, onlyGlobex]) {
    const path = `/globex/yard/v1/parcels?id=eq.${idOf(number)}`
    for (const rank of [1, 2]) await product.ask(path, { token: globex, method: 'PATCH', body: { rank } })
  }
})
after(() => product?.close())

/** Asks as acme and looks at every byte that comes back. */
async function attack(path: string, question: Question = {}): Promise<Answer> {
  const answer = await product.ask(path, { token: acme, ...question })
  const said = `${question.method ?? 'GET'} ${path} ${JSON.stringify(question).slice(0, 300)}`
  for (const text of hidden) assert.ok(!answer.raw.includes(text), `globex's text in the answer to ${said}`)
  assert.ok(answer.status < 500, `${answer.status} ${answer.text.slice(0, 200)} to ${said}`)
  return answer
}

async function stateOfGlobex(): Promise<string> {
  const list = await product.ask('/globex/yard/v1/parcels?order=id', {
    token: globex,
    headers: { prefer: 'deleted=include, count=exact' },
  })
  const kept = await product.database.query(
    `select encode(key_hash, 'hex') as key, answer from tenantry.idempotency where tenant_id = 'globex' order by 1`,
  )
  return `${list.headers['content-range']} ${list.text} ${JSON.stringify(kept)}`
}

const nextOf = ({ headers }: Answer) => /^<([^>]+)>/.exec(String(headers.link))?.[1] ?? assert.fail('no next page')

describe('as acme, against a globex with the same ids', () => {
  test("a condition on globex's row is as one on a row that nobody has, to the byte", async () => {
    const before = await stateOfGlobex()
    const tags = ['"1"', '"2"', '"3"', '*', '"3", "1"', 'W/"3"', '"3-csv"', '"0"']
    const one = (number: number) => `${base}/parcels?id=eq.${idOf(number)}`
    const forms: OutgoingHttpHeaders[] = [{}, { prefer: `${full},count=exact` }, { accept: 'text/csv', prefer: full }]
    const record = (number: number) => ({ id: idOf(number), title: 'mine', revision: 3, created_by: 'seed' })
    const writes: readonly (readonly [method: string, body?: (number: number) => unknown])[] = [
      ['PATCH', () => ({ title: 'mine' })],
      ['PATCH', record],
      ['PUT', record],
      ['PUT', number => ({ id: idOf(number), title: 'mine' })],
      ['DELETE'],
    ]
    const conditional = tags.flatMap(tag =>
      forms.flatMap(form => [
        ...writes.map(([method, body]) => (number: number): [string, Question] => [
          one(number),
          { method, headers: { ...form, 'if-match': tag }, body: body?.(number) },
        ]),
        ...['GET', 'HEAD'].flatMap(method =>
          ['if-match', 'if-none-match'].map(name => (number: number): [string, Question] => [
            one(number),
            { method, headers: { ...form, [name]: tag } },
          ]),
        ),
      ]),
    )
    const call =
      (name: string, input: object) =>
      (number: number): [string, Question] => [`${base}/rpc/${name}`, { body: { parcel: idOf(number), ...input } }]
    const probes: ((number: number) => [string, Question])[] = [
      ...some(conditional, 5),
      ...forms.map(headers => (number: number): [string, Question] => [
        `${one(number)}&limit=1&order=id`,
        { headers: { ...headers, prefer: 'paging=keyset' } },
      ]),
      call('rename', { title: 'mine' }),
      call('ship', {}),
      call('ship', { remark: 'mine' }),
      number => [`${base}/rpc/rename?parcel=${idOf(number)}&title=x`, {}],
      number => [`${base}/rpc/heavier?least=0&id=eq.${idOf(number)}&select=*,scrolls(*),parcels(*)`, {}],
      number => [
        one(number),
        { method: 'PATCH', body: { title: 'mine' }, headers: { 'idempotency-key': `k${number}` } },
      ],
      number => [one(number), { method: 'DELETE', headers: { 'idempotency-key': `d${number}`, prefer: 'purge' } }],
    ]
    for (const probe of probes) {
      const [there, none] = [await attack(...probe(onlyGlobex)), await attack(...probe(nowhere))]
      assert.equal(
        there.plain,
        none.plain.replaceAll(idOf(nowhere), idOf(onlyGlobex)),
        JSON.stringify(probe(onlyGlobex)),
      )
    }
    // The key is free for acme, and so it is to create the row only.
    for (const number of [onlyGlobex, nowhere]) {
      const body = { id: idOf(number), title: 'mine' }
      const headers = { 'if-none-match': '*', prefer: full }
      const made = await attack(one(number), { method: 'PUT', headers, body })
      assert.deepEqual([made.status, revisionOf(made)], [201, '"1"'], made.text)
      assert.equal((await attack(one(number), { method: 'PUT', headers, body })).status, 412)
      const gone = await attack(one(number), { method: 'DELETE', headers: { 'if-match': '"1"', prefer: 'purge' } })
      assert.equal(gone.status, 204)
    }
    assert.equal(await stateOfGlobex(), before)
  })

  test("what globex's row is tagged with says nothing of acme's", async () => {
    const one = (tenant: string) => `/${tenant}/yard/v1/parcels?id=eq.${idOf(1)}`
    const theirs = await product.ask(one('globex'), { token: globex })
    assert.equal(revisionOf(theirs), '"3"')
    const read = await attack(one('acme'), { headers: { 'if-none-match': String(theirs.headers.etag) } })
    assert.deepEqual([read.status, revisionOf(read)], [200, '"1"'])
    const question = { method: 'PATCH', body: { rank: 9 }, headers: { 'if-match': '"3"' } }
    assert.equal((await attack(one('acme'), question)).status, 412)
    assert.equal((await attack(one('globex'), question)).status, 403)
  })

  test("globex's cursors are no cursors, in the words for one that was altered", async () => {
    for (const query of ['limit=2', 'limit=2&order=title', 'limit=1&order=rank.desc,weight&select=id,title']) {
      const headers = { prefer: 'paging=keyset' }
      const theirs = nextOf(await product.ask(`/globex/yard/v1/parcels?${query}`, { token: globex, headers }))
      const own = nextOf(await attack(`${base}/parcels?${query}`, { headers }))
      assert.equal((await attack(own)).status, 200)
      for (const method of ['GET', 'HEAD']) {
        const refused = await attack(`${own}x`, { method })
        assert.equal(refused.status, 400)
        for (const to of ['/acme/yard/v1/', '/acme/rest/v1/']) {
          const answer = await attack(theirs.replace('/globex/yard/v1/', to), { method })
          assert.equal(answer.plain, refused.plain)
        }
        assert.equal((await attack(theirs, { method })).status, 403)
      }
      const [values] = (theirs.split('$after=')[1] ?? '').split('.')
      const [, signature] = (own.split('$after=')[1] ?? '').split('.')
      // Where the order is by nothing but equal keys, it is the same place.
      const mixed = `${base}/parcels?${query}&$after=${values}.${signature}`
      assert.equal((await attack(mixed)).status, mixed === own ? 200 : 400)
    }
  })

  test("globex's idempotency keys are free for acme, for the same and for another request, also under way", async () => {
    const key = { 'idempotency-key': 'shared', prefer: full }
    const body = { title: `${canary} kept` }
    const theirs = await product.ask('/globex/yard/v1/parcels', { token: globex, headers: key, body })
    assert.equal(theirs.status, 201)
    // The same subject at both, as far as a token can say so.
    const subject = String(jsonOf<{ created_by: string }[]>(theirs)[0]?.created_by)
    const before = await stateOfGlobex()
    for (const token of [acme, await product.token('acme', { subject })]) {
      const mine = await attack(`${base}/parcels`, { headers: key, body: { title: 'mine' }, token })
      assert.deepEqual([mine.status, mine.headers['idempotency-replayed']], [201, undefined], mine.text)
      const again = await attack(`${base}/parcels`, { headers: key, body: { title: 'mine' }, token })
      assert.deepEqual([again.text, again.headers['idempotency-replayed']], [mine.text, 'true'])
    }
    assert.equal(await stateOfGlobex(), before)

    const holder = new pg.Client({ ...product.database.target })
    await holder.connect()
    try {
      await holder.query(
        `begin; select from yard_v1.parcels where tenant_id = 'globex' and id = '${idOf(2)}' for update`,
      )
      const waiting = { method: 'PATCH', body: { rank: 1 }, headers: { 'idempotency-key': 'under way' } }
      const theirs = product.ask(`/globex/yard/v1/parcels?id=eq.${idOf(2)}`, { token: globex, ...waiting })
      const isWaiting = `select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`
      while ((await product.database.query(isWaiting)).length === 0) await sleep(5)
      assert.equal((await attack(`${base}/parcels?id=eq.${idOf(2)}`, waiting)).status, 204)
      await holder.query('rollback')
      assert.equal((await theirs).status, 204)
    } finally {
      await holder.end()
    }
  })

  test("large lists have none of globex's rows, in parts or counted, beside globex's own", async () => {
    const list = `${base}/scrolls?order=id`
    const embeds = `${list}&select=*,parcels(*,scrolls(id))`
    const forms: OutgoingHttpHeaders[] = [
      { prefer: 'count=exact' },
      { accept: 'text/csv' },
      { accept: 'application/vnd.pgrst.array+json;nulls=stripped' },
      { prefer: 'paging=keyset' },
    ]
    for (const headers of forms) {
      const theirs = product.ask('/globex/yard/v1/scrolls?order=id', { token: globex, headers })
      for (const path of [list, embeds]) {
        const [answer, head] = [await attack(path, { headers }), await attack(path, { headers, method: 'HEAD' })]
        // A page that another follows is one text.
        const isPage = headers.prefer === 'paging=keyset'
        assert.equal(answer.headers['transfer-encoding'], isPage ? undefined : 'chunked', JSON.stringify(headers))
        assert.match(String(answer.headers['content-range']), /^0-4\/[5*]$/)
        assert.deepEqual(
          [head.status, head.headers['content-range'], head.text],
          [answer.status, answer.headers['content-range'], ''],
        )
      }
      assert.ok((await theirs).text.includes(canary))
    }
    const probe = async (number: number) => (await attack(`${list}&id=eq.${idOf(number)}`)).plain
    assert.equal(await probe(onlyGlobex), (await probe(nowhere)).replace(idOf(nowhere), idOf(onlyGlobex)))
  })

  test('actions see, count and change the rows of acme alone', async () => {
    const before = await stateOfGlobex()
    const calls: readonly (readonly [status: number, path: string, question?: Question])[] = [
      [200, `${base}/rpc/heavier?least=0`, { headers: { prefer: 'count=exact' } }],
      [200, `${base}/rpc/heavier?least=0`, { headers: { accept: 'text/csv' } }],
      [200, `${base}/rpc/heavier?least=0`, { method: 'HEAD' }],
      [200, `${base}/rpc/heavier?least=0&select=*,within_id(*),parcels(*),scrolls(id)`],
      [200, `${base}/rpc/heavier?least=0&or=(title.like.k*,title.like.*7q3*)`],
      [200, `${base}/rpc/search?pattern=%25`],
      [200, `${base}/rpc/search`, { body: { pattern: '%', about: { tenant_id: 'globex' } } }],
      [200, '/acme/rest/v1/rpc/search', { body: { pattern: `${canary.slice(0, 4)}%` } }],
      [403, `${base}/rpc/rename`, { body: { parcel: idOf(1), title: 'renamed', tenant_id: 'globex' } }],
      [403, `${base}/rpc/rename`, { body: { parcel: idOf(1), title: 'x' }, headers: { 'x-tenant': 'globex' } }],
      [200, `${base}/rpc/rename`, { body: { parcel: idOf(1), title: 'renamed' } }],
      [200, `${base}/rpc/ship`, { body: { parcel: idOf(1) }, headers: { 'idempotency-key': 'ship' } }],
      [403, '/globex/yard/v1/rpc/ship', { body: { parcel: idOf(1) } }],
      [403, '/globex/rest/v1/rpc/search?pattern=%25'],
    ]
    for (const [status, path, question] of calls) {
      const answer = await attack(path, question)
      assert.equal(answer.status, status, `${path} ${answer.text}`)
    }
    const { headers } = await attack(`${base}/rpc/heavier?least=0`, { headers: { prefer: 'count=exact' } })
    assert.equal(headers['content-range'], '0-4/5')
    assert.equal(await stateOfGlobex(), before)
  })

  test("none of globex's bytes is in the log", () => {
    for (const text of hidden) assert.ok(!product.logged().includes(text))
  })
})
