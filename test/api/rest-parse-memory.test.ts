import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseRest } from '../../src/api/rest/parse.ts'
import { createParseMemory } from '../../src/api/rest/parse-memory.ts'
import type { RestRequest } from '../../src/api/rest/request.ts'
import { entity } from '../../src/core/entity.ts'
import { text } from '../../src/core/field.ts'
import { createModuleSet } from '../../src/core/module-set.ts'
import { fillPlan } from '../../src/core/plan-slots.ts'
import { withoutSlots } from './without-slots.ts'

const notes = entity('notes', { title: text() })
const set = createModuleSet([{ name: 'desk', version: '1.0.0', entities: [notes] }])

function request(tenant: string, query: string, more: Partial<RestRequest> = {}): RestRequest {
  const locationBase = `/${tenant}/desk/v1/notes`
  return { method: 'GET', entity: set.entityOf(notes), query, headers: {}, body: undefined, locationBase, ...more }
}

test('a read that is asked again is the same plan for every tenant, each with its own address', () => {
  const parse = createParseMemory()
  const [acme, globex] = ['acme', 'globex'].map(tenant => parse(request(tenant, 'select=title&limit=2')))
  assert.equal(acme?.plan, globex?.plan)
  assert.deepEqual([acme?.locationBase, acme?.query.text], ['/acme/desk/v1/notes', 'limit=2&select=title'])
  assert.deepEqual([globex?.locationBase, globex?.query.text], ['/globex/desk/v1/notes', 'limit=2&select=title'])
  assert.deepEqual(globex, parseRest(request('globex', 'select=title&limit=2')))
  assert.equal(parse(request('acme', '')).query.text, '')
})

test('whatever changes the plan or the form of the answer is remembered apart', () => {
  const parse = createParseMemory()
  const variants: Partial<RestRequest>[] = [
    {},
    { method: 'HEAD' },
    { headers: { prefer: 'count=exact' } },
    { headers: { accept: 'application/vnd.pgrst.object+json' } },
    { headers: { range: '1-2' } },
  ]
  for (const variant of [...variants, ...variants]) {
    const asked = request('acme', 'order=title', variant)
    assert.deepEqual(parse(asked), parseRest(asked))
  }
})

test('what differs in values only is like the same plan, each with its own values', () => {
  const parse = createParseMemory()
  const asked = [
    request('acme', 'title=eq.a&limit=2'),
    request('globex', 'title=eq.b&limit=2'),
    request('acme', '', { method: 'POST', body: '{"title":"a"}' }),
    request('globex', '', { method: 'POST', body: '{"title":"b"}' }),
  ]
  const [first, second, third, fourth] = asked.map(parse)
  assert.ok(first?.like && third?.like)
  assert.equal(first.like.plan, second?.like?.plan)
  assert.equal(third.like.plan, fourth?.like?.plan)
  assert.deepEqual([first.like.values, second?.like?.values], [['a'], ['b']])
  assert.deepEqual([third.like.values, fourth?.like?.values], [['{"title":"a"}'], ['{"title":"b"}']])
})

test('what is asked all the time is remembered while others come and go, and what is not is forgotten', () => {
  const parse = createParseMemory()
  const [used, unused] = [request('acme', 'select=title'), request('acme', 'select=id')]
  const plan = parse(used).plan
  const once = parse(unused).plan
  for (let number = 0; number < 1_500; number++) {
    parse(request('globex', `select=title&limit=${number}`))
    if (number % 100 === 0) assert.equal(parse(used).plan, plan, `parsed anew after ${number} others`)
  }
  assert.notEqual(parse(unused).plan, once)
})

test('of a row that is written the memory keeps its fields only: what others wrote is neither held nor at hand', () => {
  const parse = createParseMemory()
  for (const method of ['POST', 'PATCH']) {
    parse(request('acme', '', { method, body: '{"title":"of acme"}' }))
    const { plan, like } = parse(request('globex', '', { method, body: '{"title":"of globex"}' }))
    assert.ok(like)
    const { rows, patch } = { rows: '', patch: '', ...like.plan }
    assert.doesNotMatch(rows + patch, /of/)
    assert.deepEqual(
      withoutSlots(plan),
      parseRest(request('globex', '', { method, body: '{"title":"of globex"}' })).plan,
    )
  }
})

test('a slot without a value of its kind is an error, and never the value of whoever asked first', () => {
  const parse = createParseMemory()
  for (const [query, wrong] of [
    ['title=eq.of acme', [['of globex']]],
    ['title=in.(of acme)', ['of globex']],
  ] as const) {
    const plan = parse(request('acme', query)).like?.plan
    assert.ok(plan?.kind === 'read')
    for (const values of [[], wrong]) assert.throws(() => fillPlan(plan, values), { code: 'internal' })
  }
})

test('a large row is read once, and as a whole', () => {
  const parse = createParseMemory()
  const large = request('acme', '', { method: 'POST', body: JSON.stringify({ title: 'x'.repeat(200_000) }) })
  for (let round = 0; round < 2; round++) assert.equal(parse(large).like, undefined)
})

test('what is refused is refused again', () => {
  const parse = createParseMemory()
  for (let round = 0; round < 2; round++)
    assert.throws(() => parse(request('acme', 'limit=x.y&title=foo.1')), { code: 'invalid' })
})

test('a header that says nothing is not one that is not there', () => {
  const parse = createParseMemory()
  parse(request('acme', 'order=title'))
  for (const parser of [parse, parseRest])
    assert.throws(() => parser(request('acme', 'order=title', { headers: { accept: '' } })), { reason: 'PGRST107' })
})

test('the memory is bounded: what was asked longest ago is parsed anew', () => {
  const parse = createParseMemory()
  const first = parse(request('acme', 'limit=1')).plan
  assert.equal(parse(request('acme', 'limit=1')).plan, first)
  for (let index = 2; index <= 501; index++) parse(request('acme', `limit=${index}`))
  assert.notEqual(parse(request('acme', 'limit=1')).plan, first)
})

test('a long filter is remembered, in place of several short ones', () => {
  const parse = createParseMemory()
  const long = (name: string, value: string) => {
    const compared = `title->>${name.padEnd(60, '_')}.like.${value}*`
    return request('acme', `or=(${Array.from({ length: 150 }, () => compared).join(',')})`)
  }
  const parsed = parse(long('first', 'of acme'))
  assert.ok(parsed.like)
  assert.equal(parse(long('first', 'of globex')).like?.plan, parsed.like.plan)
  const { plan } = parse(request('acme', 'limit=1'))
  for (let number = 0; number < 50; number++) parse(long(`other ${number}`, 'of globex'))
  assert.equal(parse(request('acme', 'limit=1')).plan, plan)
  for (let number = 50; number < 150; number++) parse(long(`other ${number}`, 'of globex'))
  assert.notEqual(parse(request('acme', 'limit=1')).plan, plan)
})

test('so is one that is long by its value', () => {
  const parse = createParseMemory()
  const { plan } = parse(request('acme', 'limit=1'))
  const long = (number: number) => parse(request('globex', `limit=${number}&title=eq.${'x'.repeat(15_000)}`))
  for (let number = 2; number < 50; number++) assert.ok(long(number).like)
  assert.equal(parse(request('acme', 'limit=1')).plan, plan)
  for (let number = 50; number < 150; number++) long(number)
  assert.notEqual(parse(request('acme', 'limit=1')).plan, plan)
})

test('what is too long to be remembered is parsed as a whole', () => {
  const parse = createParseMemory()
  const long = request('acme', `title=like.${'x'.repeat(16_000)}`)
  for (let round = 0; round < 2; round++) assert.equal(parse(long).like, undefined)
})
