import assert from 'node:assert/strict'
import { test } from 'node:test'
import { respondError } from '../../src/api/rest/errors.ts'
import { parseRest } from '../../src/api/rest/parse.ts'
import type { RestRequest, RestResponse } from '../../src/api/rest/request.ts'
import { respondRest } from '../../src/api/rest/respond.ts'
import { entity } from '../../src/core/entity.ts'
import { TenantryError } from '../../src/core/errors.ts'
import { bigint, text } from '../../src/core/field.ts'
import { createModuleSet } from '../../src/core/module-set.ts'

const customers = entity('customers', { title: text() }, { softDelete: true })
const codes = entity('codes', { area: text(), number: bigint() }, { key: ['area', 'number'] })
const set = createModuleSet([{ name: 'customers', version: '1.0.0', entities: [customers, codes] }])

const base = '/acme/customers/v1/customers'
const type = 'application/json; charset=utf-8'
const objectType = 'application/vnd.pgrst.object+json; charset=utf-8'

interface Case {
  readonly line: string
  readonly prefer?: string
  readonly more?: Partial<RestRequest>
  readonly accept?: string
  /** Rows, then the total. */
  readonly answer: readonly [rows: number, total?: number | undefined, body?: string]
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | null
}

function respond({ line, prefer, accept, more, answer: [rows, total, body = '[…]'] }: Case): RestResponse {
  const [method = '', query = ''] = line.split(/ (.*)/s)
  const parsed = parseRest({
    method,
    query,
    entity: set.entityOf(customers),
    headers: { prefer, accept },
    body: '{"title":"a"}',
    locationBase: base,
    ...more,
  })
  return respondRest(parsed, { rows, total: total ?? null, body })
}

const read = (range: string, location = base) => ({
  'Content-Range': range,
  'Content-Location': location,
  'Content-Type': type,
})
const outside = (details: string) =>
  `{"code":"PGRST103","message":"Requested range not satisfiable","details":"${details}","hint":null}`

const counted = 'count=exact'
const full = 'return=representation'

const cases: readonly Case[] = [
  { line: 'GET', answer: [20], status: 200, headers: read('0-19/*'), body: '[…]' },
  { line: 'GET', answer: [0], status: 200, headers: read('*/*'), body: '[…]' },
  {
    line: 'GET title=eq.a+b&select=*,id&limit=20&offset=20',
    answer: [7],
    status: 200,
    headers: read('20-26/*', `${base}?limit=20&offset=20&select=%2A%2Cid&title=eq.a%20b`),
    body: '[…]',
  },
  {
    line: 'GET limit=20',
    prefer: counted,
    answer: [20, 57],
    status: 206,
    headers: { ...read('0-19/57', `${base}?limit=20`), 'Preference-Applied': counted },
    body: '[…]',
  },
  {
    line: 'GET',
    prefer: 'count=estimated, handling=lenient, deleted=include, return=minimal, other',
    answer: [57, 57],
    status: 200,
    headers: { ...read('0-56/57'), 'Preference-Applied': 'count=exact, handling=lenient, deleted=include' },
    body: '[…]',
  },
  {
    line: 'GET',
    prefer: counted,
    answer: [0, 0],
    status: 200,
    headers: { ...read('*/0'), 'Preference-Applied': counted },
    body: '[…]',
  },
  {
    line: 'GET offset=15',
    prefer: counted,
    answer: [0, 15],
    status: 206,
    headers: { ...read('*/15', `${base}?offset=15`), 'Preference-Applied': counted },
    body: '[…]',
  },
  {
    line: 'GET offset=100',
    prefer: counted,
    answer: [0, 15],
    status: 416,
    headers: { ...read('*/15', `${base}?offset=100`), 'Preference-Applied': counted },
    body: outside('An offset of 100 was requested, but there are only 15 rows.'),
  },
  {
    line: 'HEAD offset=1',
    prefer: counted,
    answer: [0, 0],
    status: 416,
    headers: { ...read('*/0', `${base}?offset=1`), 'Preference-Applied': counted },
    body: null,
  },
  { line: 'HEAD', answer: [3], status: 200, headers: read('0-2/*'), body: null },
  {
    line: 'GET',
    accept: 'application/vnd.pgrst.object+json',
    answer: [1, undefined, '{}'],
    status: 200,
    headers: { ...read('0-0/*'), 'Content-Type': objectType },
    body: '{}',
  },
  { line: 'POST', answer: [1], status: 201, headers: { 'Content-Range': '*/*' }, body: null },
  {
    line: 'POST',
    prefer: `count=exact, handling=strict, ${full}, missing=null, resolution=merge-duplicates`,
    answer: [2],
    status: 201,
    headers: {
      'Content-Range': '*/2',
      'Preference-Applied': `resolution=merge-duplicates, missing=null, ${full}, count=exact, handling=strict`,
      'Content-Type': type,
    },
    body: '[…]',
  },
  {
    line: 'POST',
    prefer: 'return=headers-only',
    answer: [1, undefined, '[{"id":"0198 *"}]'],
    status: 201,
    headers: {
      Location: `${base}?id=eq.0198%20%2A`,
      'Content-Range': '*/*',
      'Preference-Applied': 'return=headers-only',
    },
    body: null,
  },
  {
    line: 'POST',
    prefer: 'return=headers-only',
    accept: 'application/vnd.pgrst.object+json',
    more: { entity: set.entityOf(codes), locationBase: '/codes' },
    answer: [1, undefined, '{"number":"12345678901234567890","area":"ä"}'],
    status: 201,
    headers: {
      Location: '/codes?area=eq.%C3%A4&number=eq.12345678901234567890',
      'Content-Range': '*/*',
      'Preference-Applied': 'return=headers-only',
    },
    body: null,
  },
  {
    line: 'POST',
    prefer: 'return=headers-only',
    answer: [2, undefined, '[{"id":"1"},{"id":"2"}]'],
    status: 201,
    headers: { 'Content-Range': '*/*', 'Preference-Applied': 'return=headers-only' },
    body: null,
  },
  { line: 'PATCH', answer: [3], status: 204, headers: { 'Content-Range': '0-2/*' }, body: null },
  { line: 'PATCH', answer: [0], status: 204, headers: { 'Content-Range': '*/*' }, body: null },
  {
    line: 'PATCH',
    prefer: `${full},${counted}`,
    answer: [3],
    status: 200,
    headers: { 'Content-Range': '0-2/3', 'Preference-Applied': `${full}, ${counted}`, 'Content-Type': type },
    body: '[…]',
  },
  {
    line: 'DELETE',
    prefer: 'return=minimal, purge, count=planned, purge',
    answer: [3],
    status: 204,
    headers: { 'Content-Range': '*/3', 'Preference-Applied': 'return=minimal, count=exact, purge' },
    body: null,
  },
  {
    line: 'DELETE',
    prefer: full,
    answer: [0, undefined, '[]'],
    status: 200,
    headers: { 'Content-Range': '*/*', 'Preference-Applied': full, 'Content-Type': type },
    body: '[]',
  },
]

test('an answer becomes status, headers and body as PostgREST has them', () => {
  for (const { status, headers, body, ...request } of cases) {
    const title = `${request.line} ${request.prefer} ${request.answer}`
    assert.deepEqual(respond({ status, headers, body, ...request }), { status, headers, body }, title)
  }
})

test('an error shows its reason before its code, with the status of the reason', () => {
  const statuses: [code: TenantryError['code'], reason: string | undefined, status: number][] = [
    ['invalid', undefined, 400],
    ['invalid', 'PGRST100', 400],
    ['invalid', 'PGRST103', 416],
    ['invalid', 'PGRST106', 406],
    ['invalid', 'PGRST107', 406],
    ['invalid', 'PGRST116', 406],
    ['invalid', 'PGRST117', 405],
    ['not_found', 'PGRST200', 400],
    ['conflict', 'PGRST201', 300],
    ['not_found', 'PGRST202', 404],
    ['not_found', 'PGRST204', 400],
    ['not_found', 'PGRST205', 404],
    ['conflict', '23503', 409],
    ['invalid', '23505', 409],
    ['invalid', '42703', 400],
    ['forbidden', '42501', 403],
    ['forbidden', 'tenant_suspended', 403],
    ['forbidden', 'constructor', 403],
    ['unavailable', undefined, 503],
  ]
  for (const [code, reason, status] of statuses) {
    const error = new TenantryError(code, 'what', reason === undefined ? {} : { reason })
    const response = respondError(error, { anonymous: false })
    assert.equal(response.status, status, `${code} ${reason}`)
    assert.equal(response.body, `{"code":"${reason ?? code}","message":"what","details":null,"hint":null}`)
    assert.deepEqual(response.headers, { 'Content-Type': type })
  }
})

test('an error carries its fields, when to retry and how to sign in', () => {
  const parts = { details: 'd', hint: 'h', fields: { title: ['too long'] }, retryAfter: 1.2 }
  const limited = respondError(new TenantryError('limited', 'm', parts), { anonymous: false })
  assert.equal(
    limited.body,
    '{"code":"limited","message":"m","details":"d","hint":"h","fields":{"title":["too long"]}}',
  )
  assert.deepEqual(limited.headers, { 'Content-Type': type, 'Retry-After': '2' })
  const anonymous = respondError(new TenantryError('forbidden', 'm', { reason: '42501' }), { anonymous: true })
  assert.equal(anonymous.status, 401)
  assert.equal(anonymous.headers['WWW-Authenticate'], 'Bearer')
  assert.equal(respondError(new TenantryError('unauthenticated', 'm'), { anonymous: true }).status, 401)
})

test('an internal error keeps its cause to itself', () => {
  const error = new TenantryError('internal', 'Something went wrong', { cause: new Error('select secret') })
  const { status, body } = respondError(error, { anonymous: false })
  assert.equal(status, 500)
  assert.equal(body, '{"code":"internal","message":"Something went wrong","details":null,"hint":null}')
})
