import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { jsonOf } from './client.ts'
import { ids, openDesk } from './desk.ts'
import type { OpenProduct } from './open-product.ts'

type Fields = Readonly<Record<string, readonly string[]>>

let product: OpenProduct
const tokens: Record<string, string> = {}

before(async () => {
  product = await openDesk()
  for (const tenant of ['acme', 'globex']) tokens[tenant] = await product.token(tenant)
})
after(() => product?.close())

/** Status, code and fields of a refusal. */
async function refusal(method: string, path: string, body?: unknown, tenant = 'acme') {
  const answer = await product.ask(`/${tenant}/desk/v1/${path}`, { method, token: tokens[tenant] ?? '', body })
  const { code, fields } = jsonOf<{ code: string; fields?: Fields }>(answer)
  assert.ok(!answer.text.includes('SECRET'), 'no value is shown')
  return [answer.status, code, fields]
}

test('every wrong field of a payload is named at once, each with what it must be', async () => {
  const wrong = {
    title: 'x',
    pages: 'SECRET',
    kind: 'SECRET',
    price: '123456789.00',
    device: 'SECRET',
    tags: 'SECRET',
  }
  const fields = {
    title: ['must have at least 2 characters'],
    pages: ['must be a whole number'],
    kind: ['must be one of letter, bill'],
    price: ['must have at most 8 digits before the point'],
    device: ['must be a UUID'],
    tags: ['must be an array'],
  }
  assert.deepEqual(await refusal('POST', 'papers', wrong), [400, '22P02', fields])
  assert.deepEqual(await refusal('PATCH', `papers?id=eq.${ids.one}`, wrong), [400, '22P02', fields])
  assert.deepEqual(await refusal('PUT', `papers?id=eq.${ids.one}`, { id: ids.one, ...wrong }), [400, '22P02', fields])
  const deep = `{"kind":"SECRET","extra":${'{"a":'.repeat(12_000)}1${'}'.repeat(12_000)}}`
  assert.deepEqual(await refusal('PATCH', 'papers?id=eq.SECRET', deep), [
    400,
    '22P02',
    { id: ['must be a UUID'], kind: ['must be one of letter, bill'] },
  ])
  assert.deepEqual(
    await refusal('POST', 'papers', [
      { title: 'fine', pages: 1 },
      { title: 'SECRET'.repeat(9), pages: 101 },
    ]),
    [400, '23514', { title: ['must have at most 20 characters'], pages: ['must be at most 100'] }],
  )
})

test('fields that are missing, null, unknown or not to be written are named', async () => {
  const required = { title: ['is required'] }
  assert.deepEqual(await refusal('POST', 'papers', { pages: 1 }), [400, '23502', required])
  assert.deepEqual(await refusal('POST', 'papers', { pages: -1 }), [
    400,
    '23502',
    { ...required, pages: ['must be at least 0'] },
  ])
  assert.deepEqual(await refusal('PATCH', `papers?id=eq.${ids.one}`, { title: null }), [400, '23502', required])
  assert.deepEqual(await refusal('POST', 'lines', { size: 1 }), [
    400,
    '23502',
    { paper_id: ['is required'], label: ['is required'] },
  ])
  const unknown = { titel: ['is no field'], __proto: ['is no field'] }
  assert.deepEqual(await refusal('POST', 'papers', { title: 'ab', titel: 1, __proto: 2 }), [400, 'PGRST204', unknown])
  assert.deepEqual(await refusal('GET', 'papers?select=titel'), [400, '42703', { titel: ['is no field'] }])
  assert.deepEqual(await refusal('GET', 'papers?titel=eq.1'), [400, '42703', { titel: ['is no field'] }])
  const filled = { created_at: ['is filled in by the platform'], words: ['is filled in by the platform'] }
  assert.deepEqual(await refusal('POST', 'papers', { title: 'ab', created_at: 'now', words: 'x' }), [
    400,
    'invalid',
    filled,
  ])
  assert.deepEqual(await refusal('POST', 'papers', { title: 'ab', revision: 5 }), [
    400,
    'invalid',
    { revision: ['must be 1 in a new row'] },
  ])
})

test('days and times that are none are named', async () => {
  const due = { due: ['must be a day, as 2026-01-31'] }
  assert.deepEqual(await refusal('POST', 'papers', { title: 'ab', due: 'SECRET' }), [400, '22007', due])
  const sent = { sent_at: ['must be a time, as 2026-01-31T12:00:00Z'] }
  assert.deepEqual(await refusal('POST', 'papers', { title: 'ab', sent_at: 'SECRET' }), [400, '22007', sent])
})

test('values of a filter that do not fit are named by its field', async () => {
  assert.deepEqual(await refusal('GET', 'papers?id=eq.SECRET&pages=gt.SECRET&title=eq.x'), [
    400,
    '22P02',
    { id: ['must be a UUID'], pages: ['must be a whole number'] },
  ])
  assert.deepEqual(await refusal('DELETE', 'papers?or=(pages.eq.99999999999,title.eq.x)'), [
    400,
    '22003',
    { pages: ['is out of range'] },
  ])
  for (const [tenant, path] of [
    ['acme', `papers?id=in.(${ids.one},SECRET)&pages=in.(1,2)`],
    ['globex', `papers?id=eq(any).{SECRET,${ids.one}}&pages=lt.1`],
    ['acme', `papers?or=(title.in.(a,b),id.not.in.("SECRET"))`],
  ] as const)
    assert.deepEqual(await refusal('GET', path, undefined, tenant), [400, '22P02', { id: ['must be a UUID'] }], path)
})

test('keys are named by their fields, in each tenant alike and never with values', async () => {
  const taken = [409, '23505', { code: ['is taken'] }]
  for (const tenant of ['acme', 'globex']) {
    const body = { title: 'Coded', code: 'SECRET' }
    const made = await product.ask(`/${tenant}/desk/v1/papers`, { token: tokens[tenant] ?? '', body })
    assert.equal(made.status, 201)
    assert.deepEqual(await refusal('POST', 'papers', body, tenant), taken)
    assert.deepEqual(await refusal('PATCH', `papers?id=eq.${ids.one}`, { code: 'SECRET' }, tenant), taken)
    assert.deepEqual(await refusal('POST', 'papers', { id: ids.one, title: 'Twin' }, tenant), [
      409,
      '23505',
      { id: ['is taken'] },
    ])
  }
  await product.ask('/acme/desk/v1/places', { token: tokens.acme ?? '', body: { room: 'a', shelf: 1 } })
  const together = ['is taken together with the others']
  assert.deepEqual(await refusal('POST', 'places', { room: 'a', shelf: 1 }), [
    409,
    '23505',
    { room: together, shelf: together },
  ])
  const nowhere = { paper_id: ids.new, label: 'x' }
  assert.deepEqual(await refusal('POST', 'lines', nowhere), [
    409,
    '23503',
    { paper_id: ['names no row that is there'] },
  ])
  assert.deepEqual(await refusal('POST', 'lines', { ...nowhere, paper_id: 'SECRET' }), [
    400,
    '22P02',
    { paper_id: ['must be a UUID'] },
  ])
  const kept = { paper_id: ids.two, text: 'x' }
  assert.equal((await product.ask('/acme/desk/v1/slips', { token: tokens.acme ?? '', body: kept })).status, 201)
  const purge = { method: 'DELETE', token: tokens.acme ?? '', headers: { prefer: 'purge' } }
  const held = await product.ask(`/acme/desk/v1/papers?id=eq.${ids.two}`, purge)
  assert.deepEqual([held.status, jsonOf(held).fields], [409, { id: ['is still referenced'] }])
})
