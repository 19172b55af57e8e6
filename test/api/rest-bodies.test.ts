import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseRest } from '../../src/api/rest/parse.ts'
import type { ParsedRest, RestRequest } from '../../src/api/rest/request.ts'
import { respondRest } from '../../src/api/rest/respond.ts'
import { entity } from '../../src/core/entity.ts'
import { integer, text } from '../../src/core/field.ts'
import { createModuleSet } from '../../src/core/module-set.ts'

const codes = entity('codes', { area: text(), number: integer(), title: text() }, { key: ['area', 'number'] })
const set = createModuleSet([{ name: 'codes', version: '1.0.0', entities: [codes] }])

function parse(line: string, more: Partial<RestRequest> = {}): ParsedRest {
  const [method = '', query = ''] = line.split(/ (.*)/s)
  const entity = set.entityOf(codes)
  return parseRest({ method, query, entity, headers: {}, body: undefined, locationBase: '/codes', ...more })
}

function plan(line: string, more: Partial<RestRequest> = {}): Record<string, unknown> {
  const { entity: _, ...rest } = parse(line, more).plan
  return rest
}

const csv = (body: string, line = 'POST') =>
  plan(line, { body, headers: { 'content-type': 'text/csv; charset=utf-8' } })
const form = (body: string | undefined, line = 'POST') =>
  plan(line, { body, headers: { 'content-type': 'application/x-www-form-urlencoded' } })

test('lines of CSV are rows under the names of the first', () => {
  const rows = (body: string) => JSON.parse(csv(body).rows as string)
  assert.deepEqual(csv('a,b\r\n1,"x, ""y""\nz"\r\n,NULL\r\n'), {
    kind: 'insert',
    fields: ['a', 'b'],
    rows: '[{"a":"1","b":"x, \\"y\\"\\nz"},{"a":"","b":null}]',
  })
  assert.deepEqual(rows('a,b\n\n1\n\n"NULL",""'), [{ a: '1' }, { a: null, b: '' }])
  assert.deepEqual(rows('\uFEFF"a"\nü\r'), [{ a: 'ü' }])
  assert.deepEqual(rows('a,b\n'), [])
  assert.deepEqual(csv('a,b\n1,2', 'POST columns=a').fields, ['a'])
  assert.deepEqual(csv('title\nx', 'PATCH'), { kind: 'update', fields: ['title'], patch: '{"title":"x"}' })
  assert.deepEqual(Object.keys(rows('__proto__\n1')[0]), ['__proto__'])
})

test('CSV that is not well formed is refused', () => {
  for (const body of ['', '\n\n', 'a,"b', 'a\n"b', 'a,b\n1,2,3', 'a,a\n1,2', 'a\nb"c"', 'a\n"b"c']) {
    assert.throws(() => csv(body), { code: 'invalid', reason: 'PGRST102' }, JSON.stringify(body))
  }
  assert.throws(() => csv('a,tenant_id\n1,globex'), { code: 'forbidden' })
})

test('hostile CSV is read or refused in no time', () => {
  const many = 600_000
  const bodies = [
    '"'.repeat(many + 1),
    `"${'a'.repeat(many)}`,
    `a\n"${'""x'.repeat(many / 3)}`,
    'a\n'.repeat(many / 2),
    ','.repeat(many),
  ]
  const started = process.cpuUsage()
  for (const body of bodies) {
    assert.throws(() => csv(body), { code: 'invalid', reason: /^PGRST10[02]$/ }, body.slice(0, 9))
  }
  const names = Array.from({ length: 500 }, (_, index) => `n${index}`)
  assert.throws(() => csv(`${names}\n${`${',1'.repeat(400)}\n`.repeat(1000)}`), { reason: 'PGRST100' })
  assert.deepEqual(csv(`${names}\n${'x\n'.repeat(50_000)}`).fields, names)
  assert.ok(process.cpuUsage(started).user < 5_000_000)
})

test('a form is one row of texts', () => {
  assert.deepEqual(form('area=a+b%20c&number=1&number=2&title'), {
    kind: 'insert',
    fields: ['area', 'number', 'title'],
    rows: '{"area":"a b c","number":"2","title":""}',
  })
  assert.deepEqual(form(undefined), { kind: 'insert', fields: [], rows: '{}' })
  assert.deepEqual(form('title=x', 'PATCH'), { kind: 'update', fields: ['title'], patch: '{"title":"x"}' })
  for (const body of ['a=%', 'a=%ff', '%E0%A4%A=1']) assert.throws(() => form(body), { reason: 'PGRST102' }, body)
  assert.throws(() => form('tenant%5Fid=globex'), { code: 'forbidden' })
})

test('PUT writes one row in place of the one with its key', () => {
  const headers = { prefer: 'return=representation, missing=default' }
  assert.deepEqual(plan('PUT number=eq.1&area=eq.x&select=title', { body: '{"area":"x","number":1}', headers }), {
    kind: 'insert',
    fields: ['area', 'number'],
    rows: '{"area":"x","number":1}',
    missing: 'default',
    onConflict: { resolution: 'merge' },
    put: {
      kind: 'and',
      not: false,
      conditions: [
        { kind: 'compare', path: { field: 'number' }, not: false, operator: 'eq', value: '1' },
        { kind: 'compare', path: { field: 'area' }, not: false, operator: 'eq', value: 'x' },
      ],
    },
    returning: [{ kind: 'field', path: { field: 'title' } }],
  })
  assert.throws(() => plan('PUT area=eq.x', { body: '{}' }), { reason: 'PGRST105' })
})

test('an upsert that inserted nothing is a 200', () => {
  const status = (line: string, prefer: string, inserted: number | undefined) => {
    const parsed = parse(line, { body: '{"area":"x"}', headers: { prefer } })
    const answer = { body: '[]', rows: 1, total: null, ...(inserted !== undefined && { inserted }) }
    return respondRest(parsed, answer).status
  }
  const put = 'PUT area=eq.x&number=eq.1'
  const full = 'return=representation'
  assert.equal(status('POST', 'resolution=merge-duplicates', 0), 200)
  assert.equal(status('POST', `resolution=merge-duplicates,${full}`, 0), 200)
  assert.equal(status('POST', 'resolution=merge-duplicates', 1), 201)
  assert.equal(status('POST', 'resolution=ignore-duplicates', undefined), 201)
  for (const inserted of [0, 1]) assert.equal(status(put, '', inserted), 204)
  assert.equal(status(put, full, 0), 200)
  assert.equal(status(put, full, 1), 201)
})

test('a PUT tells nothing of ranges', () => {
  const headers = { prefer: 'return=representation, count=exact, resolution=ignore-duplicates' }
  const parsed = parse('PUT area=eq.x&number=eq.1', { body: '{}', headers })
  assert.deepEqual(respondRest(parsed, { body: '[]', rows: 1, total: null, inserted: 1 }).headers, {
    'Content-Type': 'application/json; charset=utf-8',
    'Preference-Applied': 'return=representation, count=exact',
  })
})

test('preferences of writes reach the plan where they are heard', () => {
  const write = (line: string, prefer: string, more: Partial<RestRequest> = {}) =>
    parse(line, { body: '{}', headers: { prefer }, ...more })
  const applied = (parsed: ParsedRest) =>
    respondRest(parsed, { body: '', rows: 0, total: null }).headers['Preference-Applied']
  const limited = write('DELETE', 'max-affected=3, handling=strict')
  assert.deepEqual(limited.plan.kind === 'delete' && limited.plan.maxAffected, 3)
  assert.equal(applied(limited), 'handling=strict, max-affected=3')
  const lenient = write('PATCH', 'max-affected=3')
  assert.ok(lenient.plan.kind === 'update' && lenient.plan.maxAffected === undefined)
  assert.equal(applied(lenient), undefined)
  const tried = write('POST', 'tx=rollback, missing=default', { allowRollback: true })
  assert.ok(tried.plan.kind === 'insert' && tried.plan.rollback && tried.plan.missing === 'default')
  assert.equal(applied(tried), 'missing=default, tx=rollback')
  const done = write('POST', 'tx=rollback, handling=strict')
  assert.ok(done.plan.kind === 'insert' && done.plan.rollback === undefined)
  assert.equal(applied(done), 'handling=strict')
})

test('the accepted type shapes the plan and names the answer', () => {
  const stripped = 'application/vnd.pgrst.object+json;nulls=stripped'
  const types: [accept: string, type: string, form: object][] = [
    ['text/csv', 'text/csv; charset=utf-8', { format: 'csv' }],
    [stripped, `${stripped}; charset=utf-8`, { single: true, stripNulls: true }],
    ['application/vnd.pgrst.array+json', 'application/json; charset=utf-8', {}],
    [
      'application/vnd.pgrst.array+json; nulls=stripped',
      'application/vnd.pgrst.array+json;nulls=stripped; charset=utf-8',
      { stripNulls: true },
    ],
  ]
  for (const [accept, type, form] of types) {
    const parsed = parse('GET', { headers: { accept } })
    const { entity: _, kind, select, limit, ...rest } = { limit: 0, select: [], ...parsed.plan }
    assert.deepEqual(rest, form, accept)
    assert.equal(respondRest(parsed, { body: '', rows: 1, total: null }).headers['Content-Type'], type)
  }
  const minimal = plan('POST', { body: '{}', headers: { accept: 'text/csv', prefer: 'return=headers-only' } })
  assert.equal(minimal.format, undefined)
})
