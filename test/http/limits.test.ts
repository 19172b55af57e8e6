import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import pg from 'pg'
import type { Config } from '../../src/app/config.ts'
import { entity } from '../../src/core/entity.ts'
import { text } from '../../src/core/field.ts'
import { createModuleSet } from '../../src/core/module-set.ts'
import { jsonOf } from './client.ts'
import { ids, openDesk } from './desk.ts'
import type { OpenProduct } from './open-product.ts'

let plain: OpenProduct
let tight: OpenProduct
const config: Partial<Config> = { limits: { rows: 4, depth: 3, filters: 3, bodyBytes: 1_000, timeoutMs: 5_000 } }

before(async () => {
  plain = await openDesk()
  tight = await openDesk({ config })
  for (const product of [plain, tight]) {
    for (const tenant of ['acme', 'globex']) {
      for (let n = 0; n < 6; n++) {
        const body = { text: `${tenant} ${n}`, paper_id: ids.one }
        assert.equal((await as(product, `/${tenant}/desk/v1/slips`, body)).status, 201)
        assert.equal((await as(product, `/${tenant}/desk/v1/papers`, { title: `${tenant} ${n}` })).status, 201)
      }
    }
  }
})
after(async () => {
  await plain?.close()
  await tight?.close()
})

async function as(product: OpenProduct, path: string, body?: unknown, method?: string) {
  const token = await product.token(path.split('/')[1] ?? '')
  return product.ask(path, { token, body, ...(method !== undefined && { method }) })
}

async function rows(product: OpenProduct, path: string): Promise<number> {
  const answer = await as(product, path)
  assert.equal(answer.status, 200, answer.text)
  return jsonOf<unknown[]>(answer).length
}

async function refusal(product: OpenProduct, path: string, body?: unknown, method?: string) {
  const answer = await as(product, path, body, method)
  return [answer.status, jsonOf(answer).message]
}

test('more rows than are allowed are left out: of the product, of the entity, and wherever it is embedded', async () => {
  for (const tenant of ['acme', 'globex']) {
    for (const query of ['', '?limit=1000', '?select=text']) {
      assert.equal(await rows(plain, `/${tenant}/desk/v1/slips${query}`), 3)
      assert.equal(await rows(tight, `/${tenant}/desk/v1/slips${query}`), 3)
    }
    assert.equal(await rows(plain, `/${tenant}/desk/v1/papers`), 8)
    assert.equal(await rows(tight, `/${tenant}/desk/v1/papers`), 4)
    assert.equal(await rows(tight, `/${tenant}/desk/v1/papers?limit=2`), 2)
    const embedded = await as(plain, `/${tenant}/desk/v1/papers?id=eq.${ids.one}&select=slips(text)`)
    assert.equal(jsonOf<{ slips: unknown[] }[]>(embedded)[0]?.slips.length, 3)
  }
})

test('deeper conditions and embeds than are allowed are refused, each in its words', async () => {
  const nested = (levels: number) => `or=${'(and'.repeat(levels - 1)}(text.eq.a)${')'.repeat(levels - 1)}`
  assert.equal(await rows(plain, `/acme/desk/v1/slips?${nested(2)}`), 0)
  const conditions = (limit: number) => [400, `Conditions are nested deeper than ${limit} levels`]
  assert.deepEqual(await refusal(plain, `/acme/desk/v1/slips?${nested(3)}`), conditions(2))
  const papers = `/acme/desk/v1/papers?${nested(4).replace('text', 'title')}`
  assert.equal(await rows(plain, papers), 0)
  assert.deepEqual(await refusal(tight, papers), conditions(3))
  const embeds = '/acme/desk/v1/slips?select=papers(slips(papers(id)))'
  assert.deepEqual(await refusal(plain, embeds), [400, 'Embeds are nested deeper than 2 levels'])
})

test('more conditions than are allowed are refused', async () => {
  const many = (count: number) => Array.from({ length: count }, () => 'id=not.is.null').join('&')
  assert.equal(await rows(plain, `/acme/desk/v1/slips?${many(2)}`), 3)
  assert.deepEqual(await refusal(plain, `/acme/desk/v1/slips?${many(3)}`), [400, 'The request has more than 2 filters'])
  assert.equal(await rows(plain, `/acme/desk/v1/papers?${many(4)}`), 8)
  assert.deepEqual(await refusal(tight, `/acme/desk/v1/papers?${many(4)}`), [
    400,
    'The request has more than 3 filters',
  ])
})

test('a larger body than is allowed is refused, and no byte less', async () => {
  const body = (bytes: number) => `{"text":"${'ü'.repeat((bytes - 11) >> 1)}${bytes % 2 ? '' : 'u'}"}`
  assert.equal(Buffer.byteLength(body(200)), 200)
  assert.equal((await as(plain, '/acme/desk/v1/slips', body(200))).status, 201)
  const refused = [413, 'A body for slips has 200 bytes at most']
  assert.deepEqual(await refusal(plain, '/acme/desk/v1/slips', body(201)), refused)
  assert.deepEqual(await refusal(tight, '/globex/desk/v1/slips', body(201)), refused)
  const large = { title: 'Large', extra: 'x'.repeat(1_000) }
  assert.equal((await as(plain, '/acme/desk/v1/papers', large)).status, 201)
  assert.equal((await as(tight, '/acme/desk/v1/papers', large)).status, 413)
})

test('a statement on the entity ends when its time is over, and others go on', async () => {
  const [slip] = jsonOf<{ id: string }[]>(await as(plain, '/acme/desk/v1/slips?limit=1'))
  const holder = new pg.Client({ ...plain.database.target })
  await holder.connect()
  try {
    await holder.query(`begin; select from desk_v1.slips where id = '${slip?.id}' for update`)
    const begun = performance.now()
    const slow = await refusal(plain, `/acme/desk/v1/slips?id=eq.${slip?.id}`, { text: 'b' }, 'PATCH')
    assert.deepEqual(slow, [503, 'The statement took longer than is allowed and was stopped'])
    assert.ok(performance.now() - begun < 2_000)
    assert.equal(await rows(plain, '/globex/desk/v1/papers'), 8)
  } finally {
    await holder.end()
  }
})

test('limits that are none are refused where they are declared', () => {
  const set = (limits: object) => () =>
    createModuleSet([{ name: 'm', version: '1.0.0', entities: [entity('e', { a: text() }, { limits })] }])
  assert.doesNotThrow(set({ rows: 1, timeoutMs: 60_000 }))
  for (const limits of [{ rows: 0 }, { depth: 21 }, { filters: 1.5 }, { bodyBytes: '1' }, { lines: 3 }])
    assert.throws(set(limits), /problem/)
})
