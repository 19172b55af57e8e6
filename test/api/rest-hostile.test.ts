import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { respondError } from '../../src/api/rest/errors.ts'
import { parseRest } from '../../src/api/rest/parse.ts'
import type { RestRequest } from '../../src/api/rest/request.ts'
import { entity } from '../../src/core/entity.ts'
import { TenantryError } from '../../src/core/errors.ts'
import { text } from '../../src/core/field.ts'
import { createModuleSet } from '../../src/core/module-set.ts'
import type { Plan } from '../../src/core/plan.ts'

const customers = entity('customers', { title: text() })
const set = createModuleSet([{ name: 'customers', version: '1.0.0', entities: [customers] }])
const customer = set.entityOf(customers)

function parse(method: string, query: string, more: Partial<RestRequest> = {}): Plan {
  return parseRest({ method, query, entity: customer, headers: {}, body: undefined, locationBase: '/', ...more }).plan
}

/** Null when it was parsed; fails on anything thrown that is not ours. */
function refusal(method: string, query: string, more: Partial<RestRequest> = {}): TenantryError | null {
  try {
    parse(method, query, more)
    return null
  } catch (error) {
    assert.ok(error instanceof TenantryError, `${String(error)} for ${query.slice(0, 200)}`)
    return error
  }
}

const many = 100_000
const hostile: Record<string, string> = {
  'deep embeds': `select=${'a('.repeat(many)}`,
  'closed deep embeds': `select=${'a('.repeat(21)}${')'.repeat(21)}`,
  'deep conditions': `or=${'(or'.repeat(many)}`,
  'closed deep conditions': `or=${'(or'.repeat(21)}(a.eq.1)${')'.repeat(21)}`,
  'not.not.not': `or=(${'not.'.repeat(many)}a.eq.1)`,
  'commas in select': `select=${','.repeat(10_000)}`,
  'commas in order': `order=${','.repeat(10_000)}`,
  'commas in columns': `columns=${','.repeat(10_000)}`,
  'commas in a list': `a=in.(${','.repeat(10_000)})`,
  'commas in an array': `a=eq(any).{${'a,'.repeat(10_000)}a}`,
  'commas in or': `or=(${','.repeat(10_000)})`,
  'many fields': `select=${'a,'.repeat(many)}a`,
  'many order terms': `order=${'a,'.repeat(many)}a`,
  'many columns': `columns=${Array.from({ length: 1000 }, (_, n) => `a${n}`)}`,
  'many filters': 'a=eq.1&'.repeat(many),
  'many conditions': `or=(${'a.eq.1,'.repeat(many)}a.eq.1)`,
  'many conditions in many trees': 'or=(a.eq.1,a.eq.1)&'.repeat(101),
  'a long path': `${'a.'.repeat(many)}b=eq.1`,
  'a long name': `${'a'.repeat(many)}=eq.1`,
  'a long alias': `select=${'a'.repeat(64)}:b`,
  'a long name in two-byte letters': `select=${'ä'.repeat(32)}`,
  'an open quote': `a=in.("${'\\"'.repeat(many)}`,
  'many open quotes': `a=in.(${'"a,'.repeat(4000)}`,
  'spaces in an array': `a=eq(any).{${' '.repeat(many)}{`,
  'spaces and a quote': `a=eq(any).{a${' '.repeat(many)}"`,
  'spaces in a name': `select=a${' '.repeat(many)}b-c`,
  'spaces in a limit and no number': `limit=${' '.repeat(many)}x&=`,
  'digits in a JSON index': `select=a->${'1'.repeat(many)}`,
  'dashes in a name': `select=${'a-'.repeat(many)}`,
  arrows: `select=a${'->'.repeat(many)}`,
  'a JSON index out of range': 'select=a->99999999999999999999',
  'NUL in a value': 'a=eq.%00',
  'NUL in a key': 'a%00b=eq.1',
  'a raw NUL': 'a=eq.\0',
  'a lone surrogate': 'a=eq.\ud800',
  'a lone surrogate in a key': '\udc00=eq.1',
  'an encoded surrogate': 'a=eq.%ED%A0%80',
  'broken percent-encoding': 'a=eq.%zz',
  'half of a percent-encoding': 'a=eq.%4',
  'half of a character': 'select=%C3',
  'an overlong NUL': 'a=eq.%C0%80',
  'line breaks in names': 'select=a%0Ab',
  'prototype as an operator': 'a=__proto__.1',
  'constructor as an operator': 'a=constructor.1',
  'prototype as an embed': '__proto__.a=eq.1',
  'constructor as an is': 'a=is.constructor',
}

test('hostile queries end quickly in a 400', () => {
  for (const [title, query] of Object.entries(hostile)) {
    for (const method of ['GET', 'DELETE']) {
      // Time of the processor, which does not depend on who else uses the machine.
      const start = process.cpuUsage()
      const error = refusal(method, query)
      const time = process.cpuUsage(start).user / 1000
      assert.ok(error, `${title} was not refused`)
      assert.equal(respondError(error, { anonymous: false }).status, 400, title)
      assert.ok(error.message.length < 400, title)
      assert.ok(time < 500, `${title} took ${time} ms`)
    }
  }
})

test('twenty levels are not too many', () => {
  assert.equal(refusal('GET', `select=${'a('.repeat(20)}${')'.repeat(20)}`), null)
  assert.equal(refusal('GET', `or=${'(or'.repeat(19)}(a.eq.1)${')'.repeat(19)}`), null)
  assert.match(refusal('GET', hostile['closed deep embeds'] ?? '')?.message ?? '', /deeper than 20 levels/)
  assert.match(refusal('GET', hostile['closed deep conditions'] ?? '')?.message ?? '', /deeper than 20 levels/)
})

test('hostile bodies end quickly in a 400', () => {
  const bodies = {
    'deep arrays': '['.repeat(many),
    'closed deep arrays': `${'['.repeat(many)}${']'.repeat(many)}`,
    'a lone surrogate': '{"a":"\ud800"}',
    'a raw NUL': '{"a":"\0"}',
    'many keys': JSON.stringify(Object.fromEntries(Array.from({ length: 501 }, (_, n) => [`a${n}`, n]))),
    'two roots': '{}{}',
    'rows of other shapes': '[{"__proto__":1},{"constructor":1}]',
    null: 'null',
    'a number': '1e999',
  }
  for (const [title, body] of Object.entries(bodies)) {
    for (const method of ['POST', 'PATCH']) {
      const error = refusal(method, '', { body })
      assert.ok(error, `${title} was not refused`)
      assert.equal(respondError(error, { anonymous: false }).status, 400, title)
    }
  }
})

test('names of Object.prototype are ordinary names', () => {
  const plan = parse('POST', '', { body: '[{"__proto__":{"a":1},"constructor":2}]' })
  assert.deepEqual(plan.kind === 'insert' && plan.fields, ['__proto__', 'constructor'])
  assert.equal(Object.hasOwn(Object.prototype, 'a'), false)
  const read = parse('GET', 'select=__proto__,constructor:toString&order=hasOwnProperty&__proto__=eq.1')
  assert.deepEqual(read.kind === 'read' && read.select, [
    { kind: 'field', path: { field: '__proto__' } },
    { kind: 'field', path: { field: 'toString' }, alias: 'constructor' },
  ])
})

test('hostile headers are refused or ignored', () => {
  const prefer = `handling=strict,${'x,'.repeat(many)}`
  assert.equal(refusal('GET', '', { headers: { prefer } })?.reason, 'PGRST122')
  assert.equal(refusal('GET', '', { headers: { accept: ';q=,'.repeat(many) } })?.reason, 'PGRST107')
  assert.equal(refusal('GET', '', { headers: { range: `${'9'.repeat(many)}-` } }), null)
  assert.equal(refusal('GET', '', { headers: { prefer: '__proto__=1', accept: '*/*;__proto__' } }), null)
  assert.equal(refusal('GET', '', { headers: { accept: '__proto__' } })?.reason, 'PGRST107')
})

const tokens = [
  ...['select', 'order', 'limit', 'offset', 'and', 'or', 'not', 'columns', 'on_conflict', 'rel', 'a', 'count', 'data'],
  ...['eq', 'in', 'is', 'null', 'like', 'isdistinct', '(any)', '(all)', 'asc', 'desc', 'nullslast', '!inner', 'cs'],
  ...['=', '=', '&', '&', '.', '.', ',', ',', '(', '(', ')', ')', '{', '}', '"', '\\', '->', '->>', '::', ':', '...'],
  ...['*', '!', '-', '+', ' ', '%20', '%', '%00', '%22', '%C3%A4', '\t', '\n', '1', '-1', 'ä', '😀', '\ud800', '()'],
]

test('whatever is made of the grammar is parsed or refused as ours', t => {
  const request = fc.record({
    method: fc.constantFrom('GET', 'HEAD', 'POST', 'PATCH', 'DELETE'),
    query: fc.array(fc.constantFrom(...tokens), { maxLength: 40 }).map(parts => parts.join('')),
    parameter: fc.constantFrom('', 'select=', 'or=', 'order=', 'a=', 'a=in.', 'a=eq(any).', 'select=rel(*)&rel.or='),
  })
  const seed = Date.now()
  t.diagnostic(`seed ${seed}`)
  let parsed = 0
  fc.assert(
    fc.property(request, ({ method, query, parameter }) => {
      if (!refusal(method, parameter + query, { body: '{}' })) parsed += 1
    }),
    { seed, numRuns: 4000 },
  )
  t.diagnostic(`${parsed} of 4000 were parsed`)
  assert.ok(parsed > 100)
})
