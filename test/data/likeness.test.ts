import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import { type CallRequest, parseCall } from '../../src/api/rest/call.ts'
import { createCallMemory } from '../../src/api/rest/call-memory.ts'
import { parseRest } from '../../src/api/rest/parse.ts'
import { createParseMemory } from '../../src/api/rest/parse-memory.ts'
import type { RestRequest } from '../../src/api/rest/request.ts'
import type { Likeness } from '../../src/core/datasource.ts'
import { entity } from '../../src/core/entity.ts'
import { TenantryError } from '../../src/core/errors.ts'
import { array, decimal, range, text } from '../../src/core/field.ts'
import { createModuleSet, type Entity } from '../../src/core/module-set.ts'
import { type Plan, scalarOperators, searchOperators } from '../../src/core/plan.ts'
import { checkPlan } from '../../src/core/plan-check.ts'
import { statementOf } from '../../src/data/postgres/sql/statement.ts'
import { fillStatement, withoutGiven } from '../../src/data/postgres/sql/writer.ts'
import { withoutSlots } from '../api/without-slots.ts'
import { corpus } from '../differential/corpus/corpus.ts'
import { requests } from '../differential/generate.ts'
import { get, patch, post, prefer, put, type Request, remove, wirePath } from '../differential/request.ts'
import { shop } from '../differential/shop.ts'
import { createRandom } from '../fuzz/random.ts'

const payments = entity(
  'payments',
  { amount: decimal(12, 2), note: text().optional(), tags: array(text()).default([]), span: range('date').optional() },
  { indexes: [['amount'], ['tags'], ['span']], revision: true, softDelete: true },
)
const modules = createModuleSet([shop, { name: 'till', version: '1.0.0', entities: [payments] }])
const exposure = modules.expose(['shop@1', 'till@1'])
const entities = new Map<string, Entity>(modules.modules.flatMap(m => m.entities.map(entity => [entity.name, entity])))
const tenants = ['acme', 'globex']
const keyset = prefer('paging=keyset')

function requestOf({ method, path, headers, body }: Request, tenant: string): RestRequest | undefined {
  const [name = '', query = ''] = wirePath(path).split(/\?(.*)/s)
  const entity = entities.get(name)
  if (!entity) return undefined
  const given = Object.entries(headers).map(([header, value]) => [header.toLowerCase(), String(value)] as const)
  return { method, entity, query, headers: Object.fromEntries(given), body, locationBase: `/${tenant}/${name}` }
}

/** Values that are of every kind, and such as a statement may depend on. */
const others = [
  '0',
  '1',
  '-3.50',
  'a',
  'null',
  '2020-01-01T00:00:00Z',
  '~.~',
  `0.${'0'.repeat(320)}1`,
  '9'.repeat(40),
  'x_y',
  '',
  'a*',
  'ab*c',
  '*',
  '\u{10ffff}*',
  'a b&c=d+%',
  '"quoted, (as) it\\ is"',
  '{a,b}',
  'Ärger\n',
]

const operators = `(?:not\\.)?(?:${[...scalarOperators, ...searchOperators].join('|')})\\.`
const filters = new RegExp(`((?:^|&)[\\w.]+=${operators})[^&]*`, 'g')
const lists = /((?:^|&)[\w.]+=(?:not\.)?in\.)\([^&]*/g
const inTrees = new RegExp(`([(,]\\w+\\.${operators})[\\w-]+(?=[,)])`, 'g')

/** A query with other values in its filters. */
function changedFilters(query: string, pick: () => string): string {
  const listed = () =>
    Array.from({ length: pick().length % 9 }, pick).map(value => `"${value.replace(/["\\]/g, '\\$&')}"`)
  return query
    .replace(filters, (_, head) => head + encodeURIComponent(pick()))
    .replace(lists, (_, head) => head + encodeURIComponent(`(${listed().join(',')})`))
    .replace(inTrees, (_, head) => head + encodeURIComponent(pick()))
}

/** The same request with other values in its filters and its row. */
function variant(request: RestRequest, pick: () => string): RestRequest {
  const body = request.body?.startsWith('{')
    ? request.body.replace(/:\s*"[^"\\]*"/g, () => `:"${pick()}"`)
    : request.body
  return { ...request, query: changedFilters(request.query, pick), body }
}

function attempt<T>(work: () => T): T | { readonly code: string; readonly message: string } {
  try {
    return work()
  } catch (error) {
    if (!(error instanceof TenantryError)) throw error
    return { code: error.code, message: error.message }
  }
}

const made = (plan: Plan) => statementOf(checkPlan(plan, exposure))

interface Parsed {
  readonly plan: Plan
  readonly like?: Likeness
}

/** Compares what comes of a request with a memory and without; true when its statement was filled. */
function compare<Asked extends { readonly method: string; readonly query: string }>(
  request: Asked,
  parse: (request: Asked) => Parsed,
  remember: (request: Asked) => Parsed,
): boolean {
  const whole = attempt(() => parse(request))
  const found = attempt(() => remember(request))
  // A difference would be shown with all entities that the two lead to.
  if ('code' in whole || 'code' in found) {
    assert.deepEqual('code' in found ? found : 'no error', 'code' in whole ? whole : 'no error')
    return false
  }
  const { like, ...remembered } = found
  assert.ok(isDeepStrictEqual(withoutSlots(remembered), withoutSlots(whole)), `${request.method} ${request.query}`)
  return isFilled(whole.plan, found.plan, like)
}

/** True when a statement was filled: it is the one that the plan makes by itself. */
function isFilled(plan: Plan, slotted: Plan, like: Likeness | undefined): boolean {
  const expected = attempt(() => made(plan))
  if (!like || 'code' in expected) return false
  const filled = fillStatement(made(like.plan), like.values) ?? fillStatement(withoutGiven(made(slotted)), like.values)
  assert.ok(filled)
  assert.equal(filled.text, expected.text)
  assert.deepEqual(filled.values, expected.values)
  assert.equal(filled.takesRows, expected.takesRows)
  return true
}

test('what says nothing in a query moves no value to another place', () => {
  const asked = ['x&note=eq.1', 'note=eq.1&x&note=eq.a', '&note=gt.1&&limit=2&note=neq.b&'].map(query =>
    get(`payments?${query}`),
  )
  assert.equal(compareAll(asked), asked.length * tenants.length * 3)
})

test('a statement that is remembered for others has nobody’s values', () => {
  const asked = requestOf(
    get('payments?note=in.(of acme,of acme too)&or=(note.eq.of acme,amount.gt.1)&limit=2'),
    'acme',
  )
  const parsed = asked && createParseMemory()(asked)
  assert.ok(parsed?.like)
  const statement = made(parsed.plan)
  assert.match(JSON.stringify(statement.values), /of acme/)
  assert.doesNotMatch(JSON.stringify(withoutGiven(statement)), /of acme/)
  assert.deepEqual(fillStatement(withoutGiven(statement), parsed.like.values)?.values, statement.values)
})

test('where a page begins is in no plan that others are like', () => {
  const parse = createParseMemory()
  const page = (token: string) => requestOf(get(`payments?amount=gt.1&order=amount&limit=2${token}`, keyset), 'acme')
  const [list, next] = [page(''), page('&$after=x')].map(request => request && parse(request))
  assert.ok(list?.like)
  assert.ok(next && next.like === undefined)
})

const actions = new Map(modules.modules.flatMap(({ actions }) => actions.map(action => [action.name, action])))

/** The same for calls: with other arguments, too. */
function compareCalls(given: readonly Request[], seed = 7): number {
  const parse = createCallMemory()
  const random = createRandom(seed)
  const pick = () => random.pick(others)
  let filled = 0
  for (const { method, path, headers, body } of given) {
    const [, name = '', query = ''] = /^rpc\/(\w+)(?:\?(.*))?$/s.exec(wirePath(path)) ?? []
    const action = actions.get(name)
    if (!action) continue
    const lower = Object.entries(headers).map(([header, value]) => [header.toLowerCase(), String(value)] as const)
    const asked = { method, action, query, headers: Object.fromEntries(lower), body }
    for (let round = 0; round < 3; round++) {
      const changed = round === 0 ? asked : { ...asked, ...callVariant(asked, pick) }
      if (compare(changed, parseCall, parse)) filled++
    }
  }
  return filled
}

function callVariant({ action, query, body }: CallRequest, pick: () => string): Pick<CallRequest, 'query' | 'body'> {
  const given = new RegExp(`((?:^|&)(?:${[...action.input.fields.keys(), '-'].join('|')})=)[^&]*`, 'g')
  return {
    query: changedFilters(query, pick).replace(given, (_, head) => head + encodeURIComponent(pick())),
    body: body?.startsWith('{') ? body.replace(/:\s*("[^"\\]*"|\d+)/g, () => `:${JSON.stringify(pick())}`) : body,
  }
}

function compareAll(given: readonly Request[], { seed = 7, values = others } = {}): number {
  const parse = createParseMemory()
  const random = createRandom(seed)
  const pick = () => random.pick(values)
  let filled = 0
  for (const request of given) {
    for (const tenant of tenants) {
      const asked = requestOf(request, tenant)
      if (!asked) continue
      for (const one of [asked, variant(asked, pick), variant(asked, pick)])
        if (compare(one, parseRest, parse)) filled++
    }
  }
  return filled
}

test('a statement that is filled is the one that the request makes by itself, whatever was asked before it', () => {
  const seed = Number(process.env.FC_SEED ?? 7)
  const generated = fc.sample(requests, { numRuns: 2_000, seed })
  const filled = compareAll([...corpus.flatMap(group => group.requests), ...generated], { seed })
  assert.ok(filled > 2_000, `${filled} statements were filled`)
})

test('a call is filled alike, with its arguments', () => {
  const generated = fc.sample(requests, { numRuns: 3_000, seed: Number(process.env.FC_SEED ?? 7) })
  const filled = compareCalls([...corpus.flatMap(group => group.requests), ...generated])
  assert.ok(filled > 200, `${filled} statements were filled`)
})

test('a text that depends on a value is used for such values only', () => {
  const amounts = ['1', '-3.50', 'a', '9'.repeat(400), '2', 'null']
  const operators = ['eq', 'gt', 'lte', 'neq', 'not.eq']
  const asked = operators.flatMap(operator => amounts.map(amount => get(`payments?amount=${operator}.${amount}`)))
  assert.ok(compareAll(asked) > 50)
})

test('values are slots wherever a filter stands, and however they are written', () => {
  const asked = [
    'note=eq.a%20b%26c',
    'note=not.ilike.*a*',
    'note=wfts(english).a',
    'id=in.(1,2,3)',
    'amount=in.(1,2)&note=like.a*',
    'or=(note.eq.a,and(amount.gt.1,note.not.like.b*))',
    'not.and=(note.eq.a,amount.lt.2)',
    '%6Eote=eq.a&or=%28note.eq.a%2Camount.eq.1%29',
  ].map(query => get(`payments?${query}`))
  asked.push(get('products?select=*,reviews(body)&reviews.body=eq.a&reviews.or=(body.eq.a,body.like.b*)'))
  for (const request of asked)
    assert.equal(compareAll([request, request, request], { values: ['b', '7', 'x_y'] }), 18, request.path)
})

test('what looks like a value inside of another one is none', () => {
  const asked = [
    'or=(note.eq."a,note.eq.b",amount.eq.1)',
    'or=(note.in.(a,note.eq.b),amount.eq.1)',
    'or=(tags.cs.{a,note.eq.b},amount.eq.1)',
    'and=(note.eq.a(b,note.eq.c)',
    'order=eq.desc',
    'limit=eq.1',
    'select=eq.a',
    'note=eq.a&select=and.eq.b',
  ].map(query => get(`payments?${query}`))
  compareAll([...asked, ...asked])
})

test('what is searched by a function is searched by the value of each', () => {
  const searched = ['tags=eq.a', 'span=eq.empty', 'tags=eq.a&span=eq.b', 'tags=cs.{a}&amount=gt.1', 'tags=eq.a&limit=2']
  const asked = searched.flatMap(query => [
    get(`payments?${query}`),
    patch(`payments?${query}`, { note: 'a' }),
    remove(`payments?${query}`, prefer('return=representation')),
  ])
  assert.ok(compareAll(asked) > 30)
})

test('what is no filter of a root is no slot, though it looks like one', () => {
  const names = [
    'select',
    'columns',
    'on_conflict',
    'order',
    'limit',
    'offset',
    'and',
    'or',
    'not.and',
    'payments.amount',
  ]
  for (const method of [
    get,
    (path: string) => post(path, { amount: '1' }),
    (path: string) => patch(path, { amount: '1' }),
  ])
    compareAll(
      names.flatMap(name =>
        ['a', 'b', 'id', 'asc', 'desc'].map(value => method(`payments?${name}=eq.${value}&id=eq.1`)),
      ),
    )
})

test('pages, conditions and rows of another form are their own', () => {
  const paged = ['1', '2'].flatMap(amount => [
    get(`payments?amount=gt.${amount}&order=amount&limit=2`, keyset),
    get(`payments?amount=gt.${amount}&order=amount&limit=2&$after=x${amount}`),
  ])
  const id = '20000000-0000-4000-8000-000000000005'
  const conditional = ['"1"', '"2"'].flatMap(tag => [
    patch(`payments?id=eq.${id}`, { amount: '1' }, { 'If-Match': tag }),
    get(`payments?id=eq.${id}`, { 'If-None-Match': tag }),
    remove(`payments?id=eq.${id}`, { 'If-Match': tag }),
  ])
  const rows = [
    { amount: '1' },
    { amount: '2', note: 'a' },
    { note: 'b' },
    {},
    { 'amount,note': 1 },
    { tenant_id: 'globex' },
  ]
  const written = rows.flatMap(row => [
    post('payments', row),
    post('payments', [row, row]),
    post('payments', `  ${JSON.stringify(row)}`),
    post('payments?columns=note', row),
    patch(`payments?id=eq.${id}`, row),
    post('payments', 'amount\n3', { 'Content-Type': 'text/csv' }),
    ...['3', '4'].flatMap(value => [
      post('payments', `{"amount":1}\n${value}`, { 'Content-Type': 'text/csv' }),
      post('payments', `{"amount":1}=${value}`, { 'Content-Type': 'application/x-www-form-urlencoded' }),
    ]),
    post('payments', '{"amount":', {}),
  ])
  assert.ok(compareAll([...paged, ...conditional, ...written]) > 20)
})

test('only an insert of one new row, of which nothing is answered, takes the rows of others', () => {
  const row = { amount: '1' }
  const id = '20000000-0000-4000-8000-000000000005'
  const takes = (request: Request) => {
    const asked = requestOf(request, 'acme')
    assert.ok(asked)
    const { plan, like } = createParseMemory()(asked)
    const { text, values, takesRows } = made(plan)
    if (like) assert.equal(fillStatement(made(like.plan), like.values)?.takesRows, takesRows)
    if (takesRows) assert.equal(values.length, 1, text)
    return takesRows
  }
  for (const request of [
    post('payments', row),
    post('payments', row, prefer('return=minimal')),
    post('payments', {}),
    post('payments?columns=amount,note', row),
    post('payments', row, prefer('missing=default')),
    post('payments', 'amount=1', { 'Content-Type': 'application/x-www-form-urlencoded' }),
  ])
    assert.equal(takes(request), true, wirePath(request.path))
  for (const request of [
    post('payments', [row]),
    post('payments', [row, row]),
    post('payments', []),
    post('payments', 'amount\n3', { 'Content-Type': 'text/csv' }),
    post('payments', row, prefer('return=representation')),
    post('payments', row, prefer('return=headers-only')),
    post('payments', row, prefer('resolution=merge-duplicates')),
    post('payments', row, prefer('resolution=ignore-duplicates')),
    put(`payments?id=eq.${id}`, { id, ...row }),
    patch('payments?amount=eq.1', row),
    remove('payments?amount=eq.1'),
    get('payments'),
  ])
    assert.equal(
      takes(request),
      false,
      `${request.method} ${wirePath(request.path)} ${JSON.stringify(request.headers)}`,
    )
})

test('the row of one key can be looked up with those of others, and nothing else can', () => {
  const looksUp = (query: string, headers = {}) => {
    const asked = requestOf(get(query, headers), 'acme')
    assert.ok(asked)
    const { text, lookup } = made(parseRest(asked).plan)
    if (lookup) assert.doesNotMatch(lookup(), /\$1(?!::\w+\[\])/, text)
    return lookup !== undefined
  }
  const id = '20000000-0000-4000-8000-000000000005'
  for (const query of [
    `id=eq.${id}`,
    `id=eq.${id}&select=id,a:note`,
    `and=(id.eq.${id})`,
    'id=eq.x',
    `id=eq.${id}&limit=1`,
  ])
    assert.equal(looksUp(`payments?${query}`), true, query)
  assert.equal(looksUp(`payments?id=eq.${id}`, prefer('count=exact', 'deleted=include')), true)
  for (const query of [
    '',
    `id=neq.${id}`,
    `id=not.eq.${id}`,
    `id=in.(${id})`,
    `id=gt.${id}`,
    `id=is.null`,
    'note=eq.a',
    `id=eq.${id}&note=eq.a`,
    `id=eq.${id}&id=eq.${id}`,
    `or=(id.eq.${id},note.eq.a)`,
    `not.and=(id.eq.${id})`,
    `id=eq.${id}&order=note`,
    `id=eq.${id}&offset=1`,
  ])
    assert.equal(looksUp(`payments?${query}`), false, query)
  assert.equal(looksUp('products?id=eq.1&select=*,reviews(*)'), false)
  assert.equal(looksUp(`payments?id=eq.${id}&limit=1`, keyset), false)
})
