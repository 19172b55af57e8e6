import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseRest } from '../../src/api/rest/parse.ts'
import type { RestRequest } from '../../src/api/rest/request.ts'
import { entity } from '../../src/core/entity.ts'
import { TenantryError } from '../../src/core/errors.ts'
import { bigint, json, reference, text } from '../../src/core/field.ts'
import { createModuleSet } from '../../src/core/module-set.ts'
import type { Comparison, Condition, Read, Selection } from '../../src/core/plan.ts'

const emails = entity('emails', { address: text() })
const customers = entity(
  'customers',
  { title: text(), data: json().optional(), email_id: reference(() => emails).optional() },
  { softDelete: true },
)
const codes = entity('codes', { area: text(), number: bigint() }, { key: ['area', 'number'] })
const set = createModuleSet([{ name: 'customers', version: '1.0.0', entities: [emails, customers, codes] }])
const customer = set.entityOf(customers)

/** `POST id=eq.1 …` → the plan without its entity. */
function plan(line: string, more: Partial<RestRequest> = {}): Record<string, unknown> {
  const [method = '', query = ''] = line.split(/ (.*)/s)
  const request = { method, query, entity: customer, headers: {}, body: undefined, locationBase: '/customers', ...more }
  const { entity: planned, ...rest } = parseRest(request).plan
  assert.equal(planned, request.entity)
  return rest
}

function refusal(line: string, more: Partial<RestRequest> = {}): TenantryError {
  try {
    plan(line, more)
  } catch (error) {
    assert.ok(error instanceof TenantryError, String(error))
    return error
  }
  return assert.fail(`not refused: ${line}`)
}

const all: Selection = { kind: 'all' }
const field = (name: string): Selection => ({ kind: 'field', path: { field: name } })
const is = (name: string, operator: 'eq', value: string, not = false): Comparison => ({
  kind: 'compare',
  path: { field: name },
  not,
  operator,
  value,
})
const list = (parts: Partial<Read> = {}) => ({ kind: 'read', select: [all], limit: 1000, ...parts })
const inner = { join: 'left', spread: false, query: { select: [all], limit: 1000 } } as const

const selects: Record<string, readonly unknown[]> = {
  '': [all],
  '*': [all],
  'id,title': [field('id'), field('title')],
  ' id , title ': [field('id'), field('title')],
  'name:title': [{ ...field('title'), alias: 'name' }],
  '"odd, name",first-name,"a\\"b"': [field('odd, name'), field('first-name'), field('a"b')],
  'id::text,n:id::double precision': [
    { ...field('id'), cast: 'text' },
    { ...field('id'), alias: 'n', cast: 'double precision' },
  ],
  'data->a->>b-c': [
    {
      kind: 'field',
      alias: 'b-c',
      path: {
        field: 'data',
        json: [
          { arrow: '->', key: 'a' },
          { arrow: '->>', key: 'b-c' },
        ],
      },
    },
  ],
  'data->0,data->a->-1::int,x:data->>"k,"': [
    { kind: 'field', alias: 'data', path: { field: 'data', json: [{ arrow: '->', key: 0 }] } },
    {
      kind: 'field',
      alias: 'a',
      cast: 'int',
      path: {
        field: 'data',
        json: [
          { arrow: '->', key: 'a' },
          { arrow: '->', key: -1 },
        ],
      },
    },
    { kind: 'field', alias: 'x', path: { field: 'data', json: [{ arrow: '->>', key: 'k,' }] } },
  ],
  'data->1a': [{ kind: 'field', alias: '1a', path: { field: 'data', json: [{ arrow: '->', key: '1a' }] } }],
  'id,emails(*)': [field('id'), { kind: 'embed', relation: 'emails', ...inner }],
  'e:emails!email_id!inner(*),emails!inner!fk(*),emails!left(*)': [
    { kind: 'embed', relation: 'emails', alias: 'e', hint: 'email_id', ...inner, join: 'inner' },
    { kind: 'embed', relation: 'emails', hint: 'fk', ...inner, join: 'inner' },
    { kind: 'embed', relation: 'emails', ...inner },
  ],
  '*,...emails(address)': [
    all,
    {
      kind: 'embed',
      relation: 'emails',
      join: 'left',
      spread: true,
      query: { select: [field('address')], limit: 1000 },
    },
  ],
  'a(b(data->1),c())': [
    {
      kind: 'embed',
      relation: 'a',
      ...inner,
      query: {
        select: [
          {
            kind: 'embed',
            relation: 'b',
            ...inner,
            query: {
              select: [{ kind: 'field', alias: 'data', path: { field: 'data', json: [{ arrow: '->', key: 1 }] } }],
              limit: 1000,
            },
          },
          { kind: 'embed', relation: 'c', ...inner, query: { select: [], limit: 1000 } },
        ],
        limit: 1000,
      },
    },
  ],
  'count(),n:count()::text': [{ kind: 'count' }, { kind: 'count', alias: 'n', cast: 'text' }],
  'id.count(),n:id::int.sum()::text,data->>k.max()': [
    { ...field('id'), aggregate: { function: 'count' } },
    { ...field('id'), alias: 'n', cast: 'int', aggregate: { function: 'sum', cast: 'text' } },
    {
      kind: 'field',
      path: { field: 'data', json: [{ arrow: '->>', key: 'k' }] },
      aggregate: { function: 'max' },
    },
  ],
  'count,left:title': [field('count'), { ...field('title'), alias: 'left' }],
}

test('select becomes a tree of fields and embeds', () => {
  for (const [text, select] of Object.entries(selects)) {
    assert.deepEqual(plan(`GET select=${encodeURIComponent(text)}`), list({ select } as Partial<Read>), text)
  }
  assert.deepEqual(plan('GET'), list())
  assert.deepEqual(plan('GET select&x'), list(), 'a key without = says nothing')
  assert.deepEqual(plan('GET select=id&select=title'), list({ select: [field('id')] }), 'the first counts')
})

const filters: Record<string, Partial<Comparison> & { readonly path?: unknown }> = {
  'title=eq.': { operator: 'eq', value: '' },
  'title=eq.a.b,c(d)"e"': { operator: 'eq', value: 'a.b,c(d)"e"' },
  'title=not.neq.x+y%20z%2B': { operator: 'neq', not: true, value: 'x y z+' },
  'title=gt.1': { operator: 'gt', value: '1' },
  'title=gte.1': { operator: 'gte', value: '1' },
  'title=lt.1': { operator: 'lt', value: '1' },
  'title=lte.-1': { operator: 'lte', value: '-1' },
  'title=like.*a%25_': { operator: 'like', value: '%a%_' },
  'title=ilike.a*': { operator: 'ilike', value: 'a%' },
  'title=match.^a*': { operator: 'match', value: '^a*' },
  'title=imatch.^a': { operator: 'imatch', value: '^a' },
  'title=isdistinct.null': { operator: 'isdistinct', value: 'null' },
  'title=cs.{a,b}': { operator: 'cs', value: '{a,b}' },
  'title=cd.{}': { operator: 'cd', value: '{}' },
  'title=ov.[1,5)': { operator: 'ov', value: '[1,5)' },
  'title=not.sl.[1,5)': { operator: 'sl', not: true, value: '[1,5)' },
  'title=sr.(,1)': { operator: 'sr', value: '(,1)' },
  'title=nxr.a': { operator: 'nxr', value: 'a' },
  'title=nxl.a': { operator: 'nxl', value: 'a' },
  'title=adj.a': { operator: 'adj', value: 'a' },
  'title=fts.a%26b': { operator: 'fts', value: 'a&b' },
  'title=not.plfts(english).the+rain': { operator: 'plfts', not: true, value: 'the rain', config: 'english' },
  'title=phfts(x_1).a.b': { operator: 'phfts', value: 'a.b', config: 'x_1' },
  'title=wfts.(a)': { operator: 'wfts', value: '(a)' },
  'title=is.null': { operator: 'is', value: 'null' },
  'title=not.is.NOT_NULL': { operator: 'is', not: true, value: 'not_null' },
  'title=is.True': { operator: 'is', value: 'true' },
  'title=is.false': { operator: 'is', value: 'false' },
  'title=is.UNKNOWN': { operator: 'is', value: 'unknown' },
  'title=in.(a,"b,c","d\\"e",f"g)': { operator: 'in', values: ['a', 'b,c', 'd"e', 'f"g'] },
  'title=in.()': { operator: 'in', values: [] },
  'title=in.("")': { operator: 'in', values: [''] },
  'title=not.in.( a,b )': { operator: 'in', not: true, values: ['a', 'b '] },
  'title=eq(any).{a,"b c", d\\,e }': { operator: 'eq', quantifier: 'any', values: ['a', 'b c', 'd,e'] },
  'title=eq(any).{}': { operator: 'eq', quantifier: 'any', values: [] },
  'title=like(all).{*a*,"b*"}': { operator: 'like', quantifier: 'all', values: ['%a%', 'b%'] },
  'data->>a=eq.1': {
    operator: 'eq',
    value: '1',
    path: { field: 'data', json: [{ arrow: '->>', key: 'a' }] },
  },
  'data->a->0=gt.1': {
    operator: 'gt',
    value: '1',
    path: {
      field: 'data',
      json: [
        { arrow: '->', key: 'a' },
        { arrow: '->', key: 0 },
      ],
    },
  },
  '__proto__=eq.1': { operator: 'eq', value: '1', path: { field: '__proto__' } },
  '%22a.b%22=eq.%C3%A4%F0%9F%98%80': { operator: 'eq', value: 'ä😀', path: { field: 'a.b' } },
}

test('every other key is a filter', () => {
  for (const [query, parts] of Object.entries(filters)) {
    const where = { kind: 'compare', path: { field: 'title' }, not: false, ...parts }
    assert.deepEqual(plan(`GET ${query}`), list({ where: where as Condition }), query)
  }
})

test('several filters are joined with and, in their order, with logic trees', () => {
  const a = is('a', 'eq', '1')
  assert.deepEqual(plan('GET a=eq.1&a=eq.1').where, { kind: 'and', not: false, conditions: [a, a] })
  assert.deepEqual(plan('GET or=(a.eq.1,a.not.eq.2)').where, {
    kind: 'or',
    not: false,
    conditions: [a, is('a', 'eq', '2', true)],
  })
  assert.deepEqual(plan('GET not.or=( a.eq."1", not.and( a.in.(1,"2)"), or_x.is.null ) )&a=eq.1').where, {
    kind: 'and',
    not: false,
    conditions: [
      {
        kind: 'or',
        not: true,
        conditions: [
          a,
          {
            kind: 'and',
            not: true,
            conditions: [
              { kind: 'compare', path: { field: 'a' }, not: false, operator: 'in', values: ['1', '2)'] },
              { kind: 'compare', path: { field: 'or_x' }, not: false, operator: 'is', value: 'null' },
            ],
          },
        ],
      },
      a,
    ],
  })
  assert.deepEqual(plan('GET and=(data->>k.eq.a b,x.eq(any).{1,2})').where, {
    kind: 'and',
    not: false,
    conditions: [
      { ...is('data', 'eq', 'a b'), path: { field: 'data', json: [{ arrow: '->>', key: 'k' }] } },
      { kind: 'compare', path: { field: 'x' }, not: false, operator: 'eq', quantifier: 'any', values: ['1', '2'] },
    ],
  })
})

test('order, limit and offset page the list', () => {
  assert.deepEqual(plan('GET order=title.desc.nullslast, id ,data->>a.nullsfirst&order=id&limit=5&offset=10'), {
    ...list({ limit: 5, offset: 10 }),
    order: [
      { path: { field: 'title' }, direction: 'desc', nulls: 'last' },
      { path: { field: 'id' }, direction: 'asc' },
      { path: { field: 'data', json: [{ arrow: '->>', key: 'a' }] }, direction: 'asc', nulls: 'first' },
    ],
  })
  assert.deepEqual(plan('GET select=id,emails(*)&order=emails(address).desc').order, [
    { path: { field: 'address' }, embed: 'emails', direction: 'desc' },
  ])
  const pages: [query: string, range: string | undefined, page: { limit: number; offset?: number } | string][] = [
    ['limit=5000', undefined, { limit: 1000 }],
    ['limit=0', undefined, { limit: 0 }],
    ['limit=0&offset=5', '9-1', { limit: 0, offset: 5 }],
    ['limit=abc', undefined, { limit: 1000 }],
    ['limit=abc&offset=', undefined, { limit: 0 }],
    ['limit=&offset=5', undefined, { limit: 0, offset: 5 }],
    ['limit=2&offset=', undefined, { limit: 2 }],
    ['offset=-4', undefined, { limit: 1000, offset: 0 }],
    ['offset=99999999999999999999', undefined, { limit: 1000, offset: Number.MAX_SAFE_INTEGER }],
    ['limit=3&limit=4', undefined, { limit: 4 }],
    ['', '0-19', { limit: 20, offset: 0 }],
    ['', '20-', { limit: 1000, offset: 20 }],
    ['', '0-4999', { limit: 1000, offset: 0 }],
    ['', 'bytes=0-19', { limit: 1000 }],
    ['limit=3', '0-1', { limit: 2, offset: 0 }],
    ['limit=3&offset=2', '3-9', { limit: 2, offset: 3 }],
    ['limit=-1', undefined, 'Limit should be greater than or equal to zero.'],
    ['limit=2', '5-9', 'Limit should be greater than or equal to zero.'],
    ['', '5-3', 'The lower boundary must be lower than or equal to the upper boundary in the Range header.'],
  ]
  for (const [query, range, page] of pages) {
    const headers = { range, 'range-unit': 'items' }
    if (typeof page === 'object') {
      assert.deepEqual(plan(`GET ${query}`, { headers }), { ...list(), ...page }, `${query} ${range}`)
    } else {
      const { reason, message, details } = refusal(`GET ${query}`, { headers })
      assert.deepEqual([reason, message, details], ['PGRST103', 'Requested range not satisfiable', page])
    }
  }
  assert.deepEqual(plan('HEAD', { headers: { range: '0-1' } }), list(), 'Range is for GET')
})

test('what names an embed goes into its query', () => {
  const read = plan(
    'GET select=id,e:emails(*,x(id))&emails.address=eq.a&e.or=(b.eq.1)&e.order=address&e.limit=2&e.offset=1&e.x.limit=3&emails.x.not.and=(c.eq.1)',
  )
  assert.deepEqual(
    read,
    list({
      select: [
        field('id'),
        {
          kind: 'embed',
          relation: 'emails',
          alias: 'e',
          join: 'left',
          spread: false,
          query: {
            select: [
              all,
              {
                kind: 'embed',
                relation: 'x',
                join: 'left',
                spread: false,
                query: {
                  select: [field('id')],
                  where: { kind: 'and', not: true, conditions: [is('c', 'eq', '1')] },
                  limit: 3,
                },
              },
            ],
            where: {
              kind: 'and',
              not: false,
              conditions: [is('address', 'eq', 'a'), { kind: 'or', not: false, conditions: [is('b', 'eq', '1')] }],
            },
            order: [{ path: { field: 'address' }, direction: 'asc' }],
            limit: 2,
            offset: 1,
          },
        },
      ],
    }),
  )
  for (const clause of ['emails.a=eq.1', 'emails.limit=1', 'emails.order=a', 'emails.or=(a.eq.1)', 'order=emails(a)']) {
    const error = refusal(`GET select=id&${clause}`)
    assert.equal(error.reason, 'PGRST108', clause)
    assert.equal(error.message, "'emails' is not an embedded resource in this request")
    assert.equal(error.hint, "Verify that 'emails' is included in the 'select' query parameter.")
  }
  assert.equal(refusal('GET select=emails(*)&emails.limit=-1').reason, 'PGRST103')
})

test('is.null on an embed asks for its rows', () => {
  const related = (not: boolean) => ({ kind: 'related', embed: 'e', not })
  const cases: Record<string, unknown> = {
    'e=not.is.null': related(false),
    'e=is.null': related(true),
    'e=is.not_null': related(false),
    'or=(e.is.null,a.eq.1)': { kind: 'or', not: false, conditions: [related(true), is('a', 'eq', '1')] },
    'e=eq.1': is('e', 'eq', '1'),
    'emails=is.null': { kind: 'compare', path: { field: 'emails' }, not: false, operator: 'is', value: 'null' },
  }
  for (const [query, where] of Object.entries(cases)) {
    assert.deepEqual(plan(`GET select=*,e:emails()&${query}`).where, where, query)
  }
})

test('preferences and media types shape the plan', () => {
  const headers = (prefer: string, accept = '*/*') => ({ headers: { prefer, accept } })
  assert.deepEqual(plan('GET', headers('count=planned, deleted=only')), list({ count: 'exact', deleted: 'only' }))
  assert.deepEqual(plan('GET', { ...headers('deleted=only'), entity: set.entityOf(emails) }), list())
  assert.deepEqual(plan('GET', headers('', 'application/vnd.pgrst.object+json')), list({ single: true }))
  assert.deepEqual(plan('DELETE id=eq.1', headers('purge')), {
    kind: 'delete',
    mode: 'purge',
    where: is('id', 'eq', '1'),
  })
})

test('POST inserts the text of the body unchanged', () => {
  const body = ' [{"title":"a","n":12345678901234567890.10},{"n":1,"title":null}] '
  assert.deepEqual(plan('POST id=eq.1&order=id&limit=3', { body }), {
    kind: 'insert',
    fields: ['title', 'n'],
    rows: body,
  })
  assert.deepEqual(plan('POST columns="title",x', { body: '[{"title":"a"},{"x":1}]' }), {
    kind: 'insert',
    fields: ['title', 'x'],
    rows: '[{"title":"a"},{"x":1}]',
  })
  assert.deepEqual(plan('POST', { body: '[]' }), { kind: 'insert', fields: [], rows: '[]' })
  const upsert = { body: '{}', headers: { prefer: ['resolution=merge-duplicates', 'return=representation'] } }
  assert.deepEqual(plan('POST on_conflict=a,b&select=id,emails(*)&emails.a=eq.1', upsert), {
    kind: 'insert',
    fields: [],
    rows: '{}',
    onConflict: { fields: ['a', 'b'], resolution: 'merge' },
    returning: [
      field('id'),
      { kind: 'embed', relation: 'emails', ...inner, query: { select: [all], where: is('a', 'eq', '1') } },
    ],
  })
  assert.deepEqual(plan('POST', { body: '{}', headers: { prefer: 'resolution=ignore-duplicates' } }), {
    kind: 'insert',
    fields: [],
    rows: '{}',
    onConflict: { resolution: 'ignore' },
  })
  assert.deepEqual(
    plan('POST', { body: '{}', headers: { prefer: 'return=headers-only' }, entity: set.entityOf(codes) }),
    { kind: 'insert', fields: [], rows: '{}', returning: [field('area'), field('number')], output: 'exact' },
  )
})

test('PATCH changes what the filters of the root choose', () => {
  assert.deepEqual(plan('PATCH id=eq.1&or=(a.eq.1)&select=id', { body: '{"title":"a"}' }), {
    kind: 'update',
    fields: ['title'],
    patch: '{"title":"a"}',
    where: {
      kind: 'and',
      not: false,
      conditions: [is('id', 'eq', '1'), { kind: 'or', not: false, conditions: [is('a', 'eq', '1')] }],
    },
  })
  const returning = { headers: { prefer: 'return=representation' } }
  assert.deepEqual(plan('PATCH select=id', { body: ' [ {"title": 1.0} ] ', ...returning }), {
    kind: 'update',
    fields: ['title'],
    patch: '{"title": 1.0}',
    returning: [field('id')],
  })
  for (const body of ['{}', '[]', '[{}]']) {
    assert.deepEqual(plan('PATCH', { body }), { kind: 'update', fields: [], patch: '{}' }, body)
  }
  assert.deepEqual(plan('PATCH', { body: '{"deleted_at":null}' }), {
    kind: 'update',
    fields: ['deleted_at'],
    patch: '{"deleted_at":null}',
  })
})

type Refused = [line: string, reason: string, message: string, details?: string | undefined, body?: string]

const refused: Refused[] = [
  [
    'GET a=foo.1',
    'PGRST100',
    '"failed to parse filter (foo.1)" (line 1, column 1)',
    'unexpected "f" expecting "not" or operator (eq, gt, ...)',
  ],
  ['GET select=a->"b', 'PGRST100', '"failed to parse select parameter (a->"b)" (line 1, column 6)'],
  ['GET a=', 'PGRST100', '"failed to parse filter ()" (line 1, column 1)'],
  ['GET a=0', 'PGRST100', '"failed to parse filter (0)" (line 1, column 1)'],
  ['GET a=eq', 'PGRST100', '"failed to parse filter (eq)" (line 1, column 3)'],
  ['GET a=not.not.eq.1', 'PGRST100', '"failed to parse filter (not.not.eq.1)" (line 1, column 5)'],
  ['GET a=in.1,2', 'PGRST100', '"failed to parse filter (in.1,2)" (line 1, column 4)', 'unexpected "1" expecting "("'],
  ['GET a=in.(1', 'PGRST100', '"failed to parse filter (in.(1)" (line 1, column 6)'],
  ['GET a=in.(1)x', 'PGRST100', '"failed to parse filter (in.(1)x)" (line 1, column 7)'],
  ['GET a=is.nope', 'PGRST100', '"failed to parse filter (is.nope)" (line 1, column 4)'],
  ['GET a=eq().1', 'PGRST100', '"failed to parse filter (eq().1)" (line 1, column 3)'],
  ['GET a=neq(any).{1}', 'PGRST100', '"failed to parse filter (neq(any).{1})" (line 1, column 4)'],
  ['GET a=eq(any).1', '22P02', 'malformed array literal'],
  ['GET a=eq(any).{{1}}', '22P02', 'malformed array literal'],
  ['GET a=eq(any).{1,}', '22P02', 'malformed array literal'],
  ['GET a=eq(any).{1,null}', '22004', 'A list to compare with cannot hold NULL'],
  [
    'GET a=fts().x',
    'PGRST100',
    '"failed to parse filter (fts().x)" (line 1, column 5)',
    'unexpected ")" expecting operator (eq, gt, ...)',
  ],
  [
    'GET a=fts(engl-ish).x',
    'PGRST100',
    '"failed to parse filter (fts(engl-ish).x)" (line 1, column 9)',
    'unexpected "-" expecting operator (eq, gt, ...)',
  ],
  [
    'GET a=fts(english)x',
    'PGRST100',
    '"failed to parse filter (fts(english)x)" (line 1, column 13)',
    'unexpected "x" expecting operator (eq, gt, ...)',
  ],
  [
    'GET a=cs(any).{1}',
    'PGRST100',
    '"failed to parse filter (cs(any).{1})" (line 1, column 3)',
    'unexpected "(" expecting operator (eq, gt, ...)',
  ],
  ['GET or=()', 'PGRST100', '"failed to parse logic tree (())" (line 1, column 4)'],
  ['GET or=(a.eq.1', 'PGRST100', '"failed to parse logic tree ((a.eq.1)" (line 1, column 10)'],
  [
    'GET and=(ord(a.eq.1),b.eq.2)',
    'PGRST100',
    '"failed to parse logic tree ((ord(a.eq.1),b.eq.2))" (line 1, column 8)',
  ],
  ['GET a!b=eq.1', 'PGRST100', '"failed to parse tree path (a!b)" (line 1, column 2)'],
  ['GET =eq.1', 'PGRST100', '"failed to parse tree path ()" (line 1, column 1)'],
  ['GET order=id.ac', 'PGRST100', '"failed to parse order (id.ac)" (line 1, column 4)'],
  ['GET order=id.descc', 'PGRST100', '"failed to parse order (id.descc)" (line 1, column 8)'],
  [
    'GET order=id.asc.nullslasttt',
    'PGRST100',
    '"failed to parse order (id.asc.nullslasttt)" (line 1, column 17)',
    'unexpected "t" expecting "," or end of input',
  ],
  ['GET order=rel(a,b)', 'PGRST100', '"failed to parse order (rel(a,b))" (line 1, column 6)'],
  ['GET order=', 'PGRST100', '"failed to parse order ()" (line 1, column 1)'],
  ['GET select=a,', 'PGRST100', '"failed to parse select parameter (a,)" (line 1, column 3)'],
  ['GET select=a(b', 'PGRST100', '"failed to parse select parameter (a(b)" (line 1, column 4)'],
  ['GET select=a)', 'PGRST100', '"failed to parse select parameter (a))" (line 1, column 2)'],
  ['GET select=x:...a(*)', 'PGRST100', '"failed to parse select parameter (x:...a(*))" (line 1, column 3)'],
  ['GET select=a!b', 'PGRST100', '"failed to parse select parameter (a!b)" (line 1, column 4)'],
  [
    'GET select=data->(!',
    'PGRST100',
    '"failed to parse select parameter (data->(!)" (line 1, column 7)',
    'unexpected "(" expecting "-", digit or any non reserved character different from: .,>()',
  ],
  ['GET select=id::', 'PGRST100', '"failed to parse select parameter (id::)" (line 1, column 5)'],
  [
    'GET select=id.median()',
    'PGRST100',
    '"failed to parse select parameter (id.median())" (line 1, column 4)',
    'unexpected "m" expecting "sum", "avg", "count", "max" or "min"',
  ],
  [
    'GET select=id.sum',
    'PGRST100',
    '"failed to parse select parameter (id.sum)" (line 1, column 7)',
    'unexpected end of input expecting "()"',
  ],
  ['GET select=id.count()x', 'PGRST100', '"failed to parse select parameter (id.count()x)" (line 1, column 11)'],
  ['GET select=id::text::int', 'PGRST100', '"failed to parse select parameter (id::text::int)" (line 1, column 9)'],
  [
    'POST columns=',
    'PGRST100',
    '"failed to parse columns parameter ()" (line 1, column 1)',
    'unexpected end of input expecting field name (* or [a..z0..9_$])',
    '{}',
  ],
  ['POST', 'PGRST102', 'Empty or invalid json'],
  ['POST', 'PGRST102', 'Empty or invalid json', undefined, '}{ x'],
  ['POST columns=a', 'PGRST102', 'Empty or invalid json', undefined, '"text"'],
  ['POST', 'PGRST102', 'All object keys must match', undefined, '[{"a":1},{"b":1}]'],
  ['POST', 'PGRST102', 'All object keys must match', undefined, '[{"a":1},{"a":1,"b":1}]'],
  ['POST columns=a', 'PGRST102', 'All object keys must match', undefined, '[{"a":1},1]'],
  ['PATCH', 'PGRST102', 'A PATCH takes one JSON object', undefined, '[{"a":1},{"a":2}]'],
  ['PATCH limit=1', 'PGRST109', "A 'limit' was applied without an explicit 'order'", undefined, '{}'],
  ['DELETE limit=1&order=id', 'PGRST109', "A 'limit' cannot be applied to PATCH and DELETE"],
  ['DELETE a=foo.1', 'PGRST100', '"failed to parse filter (foo.1)" (line 1, column 1)'],
  ['POST x.a=eq.1', 'PGRST108', "'x' is not an embedded resource in this request", undefined, '{}'],
  ['PUT id=eq.1&limit=1', 'PGRST114', 'limit/offset querystring parameters are not allowed for PUT', undefined, '{}'],
  ['PUT id=eq.1&offset=1', 'PGRST114', 'limit/offset querystring parameters are not allowed for PUT', undefined, '{}'],
  ...[
    '',
    'id=gt.1',
    'id=not.eq.1',
    'id=eq.1&title=eq.a',
    'title=eq.a',
    'and=(id.eq.1)',
    'id=in.(1)',
    'id=eq(any).{1}',
  ].map(
    (query): Refused => [
      `PUT ${query}`,
      'PGRST105',
      "Filters must include all and only primary key columns with 'eq' operators",
      undefined,
      '{}',
    ],
  ),
  ['toString', 'PGRST117', 'Unsupported HTTP method: toString'],
]

test('what does not fit is refused in the words of PostgREST', () => {
  for (const [line, reason, message, details, body] of refused) {
    const error = refusal(line, { body })
    assert.deepEqual([error.code, error.reason, error.message], ['invalid', reason, message], line)
    if (details !== undefined) assert.equal(error.details, details)
  }
})

test('no payload names a tenant', () => {
  for (const body of ['{"tenant_id":"acme"}', '[{"a":1},{"a":1,"tenant_id":null}]', '{"tenant\\u005fid":"acme"}']) {
    for (const line of ['POST columns=a', 'POST', 'PATCH']) {
      const error = refusal(line, { body: line === 'PATCH' ? body.replace('{"a":1},', '') : body })
      assert.equal(error.code, 'forbidden', `${line} ${body}`)
      assert.match(error.message, /the token says which/)
    }
  }
})

test('a body is JSON, unless it says otherwise', () => {
  const post = (type?: string) => ({ body: '{}', headers: { 'content-type': type } })
  for (const type of [undefined, 'application/json', 'Application/JSON; charset=utf-8', '']) plan('POST', post(type))
  for (const type of ['text/plain', 'application/vnd.pgrst.object+json', 'text/xml; a=b', 'constructor']) {
    assert.equal(refusal('POST', post(type)).message, `Content-Type not acceptable: ${type.split(';')[0]}`)
  }
})

test('handling=strict refuses preferences that are not known', () => {
  const prefer = (value: string) => ({ headers: { prefer: value } })
  const { reason, message, details } = refusal('GET', prefer('handling=strict, anything, max-affected=x, count=exact'))
  assert.deepEqual(
    [reason, message, details],
    ['PGRST122', 'Invalid preferences given with handling=strict', 'Invalid preferences: anything, max-affected=x'],
  )
  for (const value of ['max-affected=-1', 'tx=', 'return=all', 'count', 'constructor', 'timezone=UTC']) {
    assert.equal(refusal('GET', prefer(`${value},handling=strict`)).reason, 'PGRST122', value)
    plan('GET', prefer(value))
    plan('GET', prefer(`handling=lenient,handling=strict,${value}`))
  }
})

test('Accept is negotiated by quality and then by how much it says', () => {
  const object = 'application/vnd.pgrst.object+json'
  const cases: Record<string, boolean> = {
    '*/*': false,
    'application/json': false,
    'application/vnd.pgrst.array+json': false,
    [`application/json;q=0.5, ${object};q=0.9`]: true,
    'application/json;charset=latin1': false,
    [`${object}; charset=utf-8`]: true,
    [`${object};nulls=stripped`]: true,
    'text/html, text/csv;charset=utf-8': false,
    [`*/*, ${object}`]: true,
    [`${object};q=0, application/json`]: false,
    'text/html, application/xhtml+xml, application/xml;q=0.9, */*;q=0.8': false,
    'ApplicatIon/vnd.PgRsT.object+json': true,
    'application/vnd.pgrst.object': true,
  }
  for (const [accept, single] of Object.entries(cases)) {
    assert.equal(plan('GET', { headers: { accept } }).single ?? false, single, accept)
  }
  for (const accept of ['text/plain', 'text/html, image/png;q=0.1', 'application/octet-stream', '*/*;q=0', '']) {
    const error = refusal('DELETE', { headers: { accept } })
    assert.equal(error.reason, 'PGRST107', accept)
    assert.match(error.message, /^None of these media types are available: /)
  }
  assert.equal(
    refusal('GET', { headers: { accept: 'text/plain;q=0.3, text/html' } }).message,
    'None of these media types are available: text/html, text/plain',
  )
})
