import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import fc from 'fast-check'
import { compareBytes, intersectRanges, likeRange, mergeRanges } from '../../../src/data/postgres/sql/like-range.ts'
import { openTwoTenants, type TwoTenants } from '../../../src/testing/two-tenants.ts'
import { Callers, owners, searched, statementFor } from './world.ts'

let tenants: TwoTenants
let callers: Callers

before(async () => {
  tenants = await openTwoTenants({ modules: [searched] })
  callers = await Callers.open(tenants.database)
})
after(async () => {
  await callers.close()
  await tenants.close()
})

test('the range of a pattern begins with its prefix and ends after everything with it', () => {
  const cases: [pattern: string, from: string, to: string | null][] = [
    ['abc%', 'abc', 'abd'],
    ['abc', 'abc', 'abd'],
    ['a_c%', 'a', 'b'],
    ['10\\%%', '10%', '10&'],
    ['a\\_b%', 'a_b', 'a_c'],
    ['a\\\\%', 'a\\', 'a]'],
    ['a\\bc%', 'abc', 'abd'],
    ['é%', 'é', 'ê'],
    ['a\u007f%', 'a\u007f', 'a\u0080'],
    ['a\ud7ff%', 'a\ud7ff', 'a\ue000'],
    ['a\uffff%', 'a\uffff', 'a\u{10000}'],
    ['😀%', '😀', '😁'],
    ['a\u{10ffff}%', 'a\u{10ffff}', 'b'],
    ['\u{10ffff}\u{10ffff}%', '\u{10ffff}\u{10ffff}', null],
  ]
  for (const [pattern, from, to] of cases) assert.deepEqual(likeRange(pattern), { from, to }, pattern)
})

test('a pattern that may begin with anything, or that PostgreSQL refuses, has no range', () => {
  for (const pattern of ['', '%', '_a%', '%a', 'a\\', '\\', 'a\\\\\\', 'a\ud800%', 'a\0%'])
    assert.equal(likeRange(pattern), undefined, JSON.stringify(pattern))
})

const texts = fc.string({
  unit: fc.constantFrom('a', 'b', '%', '_', '\\', 'é', '\ud7ff', '\ue000', '😀', '\u{10ffff}', '*'),
  maxLength: 5,
})

test('everything that a pattern matches lies in its range', () => {
  fc.assert(
    fc.property(texts, texts, (prefix, rest) => {
      const range = likeRange(`${prefix.replace(/[\\%_]/g, '\\$&')}%`)
      if (!range) return prefix === ''
      const text = prefix + rest
      return compareBytes(range.from, text) <= 0 && (range.to === null || compareBytes(text, range.to) < 0)
    }),
  )
})

test('merged ranges hold what one of them holds, and those in common what all hold', () => {
  const ranges = fc.array(fc.tuple(texts, texts), { minLength: 1, maxLength: 6 })
  const within = (text: string, { from, to }: { from: string; to: string | null }) =>
    compareBytes(from, text) <= 0 && (to === null || compareBytes(text, to) < 0)
  fc.assert(
    fc.property(ranges, texts, (prefixes, text) => {
      const given = prefixes.flatMap(([prefix]) => likeRange(`${prefix.replace(/[\\%_]/g, '\\$&')}%`) ?? [])
      const [first, ...others] = given
      if (!first) return true
      const some = given.some(range => within(text, range)) === mergeRanges(given).some(range => within(text, range))
      const all = given.every(range => within(text, range)) === within(text, intersectRanges([first, ...others]))
      return some && all
    }),
  )
})

const caller = { role: 'tenant_reader', tenant: 'acme' } as const

/** A row of items for each name and price, for both tenants. */
async function fill(rows: readonly { name: string; price: string | null }[]): Promise<void> {
  const { database, acme, globex } = tenants
  await database.query('truncate searched_v1.owners cascade')
  for (const tenant of [acme, globex]) {
    const owner = await tenant.insert(owners, {
      name: 'o',
      rank: 1,
    })
    await database.query(
      `insert into searched_v1.items (tenant_id, name, price, wide, amount, total, active, kind, seen, day, code, serial, tags, sizes, data, span, owner_id)
       select owners.tenant_id, r.name, r.price, coalesce(r.price, 0) * 1e18, 1, 1, true, 'a', now(), now(), gen_random_uuid(), gen_random_uuid()::text, '{}', '{}', '{}', 'empty', owners.id
       from json_to_recordset($1) r(name text, price numeric), searched_v1.owners where owners.id = $2`,
      [JSON.stringify(rows), owner.id],
    )
  }
}

async function answers(query: string): Promise<[ours: unknown, plain: unknown]> {
  const line = `GET items?select=name,price,wide&${query}`
  const [ours] = await callers.run(caller, statementFor(line))
  const [plain] = await callers.run(caller, statementFor(line, { plain: true }))
  return [ours, plain]
}

test('with its implied condition a pattern finds the same rows as without, negated or not', async () => {
  const data = fc.sample(texts, { numRuns: 300, seed: 7 })
  await fill(data.map(name => ({ name, price: null })))
  const pattern = texts.filter(text => text !== '' && !/(?<!\\)(\\\\)*\\$/.test(text))
  const quoted = (text: string) => `"${text.replace(/["\\]/g, '\\$&')}"`
  const query = fc.oneof(
    pattern.map(text => `name=like.${text}`),
    pattern.map(text => `name=not.like.${text}`),
    fc.array(pattern, { minLength: 1, maxLength: 7 }).map(list => `name=like(any).{${list.map(quoted).join(',')}}`),
    fc.array(pattern, { minLength: 1, maxLength: 3 }).map(list => `name=like(all).{${list.map(quoted).join(',')}}`),
    fc
      .tuple(pattern, pattern)
      .map(([a, b]) => `or=(name.like.${quoted(a)},not.and(name.like.${quoted(b)},name.like.a*))`),
  )
  let found = 0
  await fc.assert(
    fc.asyncProperty(query, async asked => {
      const [ours, plain] = await answers(`${asked.replace(/[%+&#]/g, encodeURIComponent)}&order=name,id`)
      assert.deepEqual(ours, plain, asked)
      found += Number((plain as { n: string }).n)
    }),
    { numRuns: 150 },
  )
  assert.ok(found > 1000, `the patterns found something: ${found}`)
})

test('with its implied condition a decimal is compared and sorted as exactly as without', async () => {
  const cents = fc.integer({ min: -300, max: 300 }).map(number => (number / 100).toFixed(2))
  const large = fc.constantFrom('9999999999.99', '9999999999.98', '-9999999999.99', '0.00', '-0.01')
  const stored = fc.sample(fc.option(fc.oneof(cents, large)), { numRuns: 200, seed: 11 })
  await fill([...stored.map((price, index) => ({ name: `n${index}`, price })), { name: 'nan', price: 'NaN' }])
  const asked = fc.oneof(
    cents,
    large,
    fc.constantFrom(
      'NaN',
      'Infinity',
      '1e3',
      '1e400',
      '0.005',
      '.5',
      '2.',
      '1e-400',
      '-1e999',
      '00.50',
      '9999999999.985',
    ),
  )
  const operator = fc.constantFrom('eq', 'gt', 'gte', 'lt', 'lte', 'neq', 'not.gt', 'not.eq')
  const query = fc.oneof(
    fc.tuple(operator, asked).map(([name, value]) => `price=${name}.${value}`),
    fc.tuple(asked, asked).map(([from, to]) => `price=gte.${from}&price=lt.${to}`),
    fc.array(asked, { minLength: 1, maxLength: 4 }).map(list => `price=in.(${list})`),
    fc.array(asked, { minLength: 1, maxLength: 4 }).map(list => `price=not.in.(${list})`),
    fc
      .tuple(fc.constantFrom('any', 'all'), fc.array(asked, { minLength: 1, maxLength: 3 }))
      .map(([every, list]) => `price=gt(${every}).{${list}}`),
    fc.tuple(operator, cents).map(([name, value]) => `wide=${name}.${value.replace('.', '')}0000000000000000`),
  )
  const order = fc.constantFrom('price,id', 'price.desc,id', 'price.desc.nullslast,id', 'wide,id', 'wide.desc,id')
  let found = 0
  await fc.assert(
    fc.asyncProperty(query, order, async (filter, by) => {
      const [ours, plain] = await answers(`${filter}&order=${by}`)
      assert.deepEqual(ours, plain, `${filter} ${by}`)
      found += Number((plain as { n: string }).n)
    }),
    { numRuns: 200 },
  )
  assert.ok(found > 1000, `the comparisons found something: ${found}`)
})

test('decimals that share a floating point value are told apart and sorted', async () => {
  const { database } = tenants
  await fill([{ name: 'x', price: '1' }])
  await database.query(`insert into searched_v1.items (tenant_id, name, wide, amount, total, active, kind, seen, day, code, serial, tags, sizes, data, span, owner_id)
    select 'acme', 'w' || w, 9007199254740993000000000 + w, 1, 1, true, 'a', now(), now(), gen_random_uuid(), gen_random_uuid()::text, '{}', '{}', '{}', 'empty', (select id from searched_v1.owners where tenant_id = 'acme')
    from unnest(array[3, 1, 2]) w`)
  for (const query of [
    'wide=gte.9007199254740993000000000&order=wide',
    'wide=gte.9007199254740993000000000&order=wide.desc',
    'wide=eq.9007199254740993000000002',
    'wide=gt.9007199254740993000000002',
    'wide=lt.9007199254740993000000002&order=wide',
  ]) {
    const [ours, plain] = await answers(query)
    assert.deepEqual(ours, plain, query)
  }
})

test('the text of a statement does not depend on the values of patterns and decimals', () => {
  const text = (query: string) => statementFor(`GET items?select=id&${query}`).text
  assert.equal(text('name=like.abc*'), text('name=like.zz*'))
  assert.equal(text('price=gt.1'), text('price=gt.99999.99'))
  assert.equal(text('tags=cs.{a}'), text('tags=cs.{b,c}'))
})
