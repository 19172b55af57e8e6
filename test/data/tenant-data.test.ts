// F3.1 to F3.4: reading and writing, revisions, soft delete and pages in code.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { entity } from '../../src/core/entity.ts'
import { TenantryError } from '../../src/core/errors.ts'
import { array, bigint, date, decimal, integer, reference, text } from '../../src/core/field.ts'
import type { ModuleDefinition } from '../../src/core/module.ts'
import { related } from '../../src/core/query.ts'
import type { TenantData } from '../../src/core/tenant-data.ts'
import { openTwoTenants, type TwoTenants } from '../../src/testing/two-tenants.ts'

const emails = entity('emails', { address: text({ max: 100 }), checks: bigint().default(0) })
const customers = entity(
  'customers',
  {
    title: text({ max: 100 }),
    rank: integer().optional(),
    credit: decimal(20, 4).default('0'),
    tags: array(text()).default([]),
    email_id: reference(() => emails)
      .optional()
      .unique(),
    parent_id: reference('customers').optional(),
  },
  { revision: true, softDelete: true, unique: [['title']] },
)
const orders = entity('orders', {
  customer_id: reference(() => customers),
  payer_id: reference(() => customers).optional(),
  total: decimal(12, 2),
  number: bigint(),
})
const rates = entity('rates', { unit: text(), day: date(), rate: decimal(10, 4) }, { key: ['unit', 'day'] })
const shop: ModuleDefinition = {
  name: 'shop',
  version: '1.0.0',
  entities: [emails, customers, orders, rates],
  access: { admin: 'tenant_writer', auditor: 'tenant_reader' },
}

let world: TwoTenants
let tenants = 0
before(async () => {
  world = await openTwoTenants({ modules: [shop] })
})
after(() => world.close())

const fresh = () => world.dataOf(`tenant-${++tenants}`)
const titles = (rows: readonly { readonly title: string }[]) => rows.map(({ title }) => title)

function refused(work: () => Promise<unknown>, code: string, message?: RegExp): Promise<void> {
  return assert.rejects(work, (error: { code?: unknown; message: string }) => {
    assert.equal(error.code, code, error.message)
    if (message) assert.match(error.message, message)
    return true
  })
}

async function filled(): Promise<TenantData> {
  const data = fresh()
  const [ann, bob] = await data.insert(emails, [{ address: 'ann@x', checks: 9007199254740993n }, { address: 'bob@x' }])
  assert.ok(ann && bob)
  const [a, b, c] = await data.insert(customers, [
    { title: 'a', rank: 1, email_id: ann.id, credit: '1234567890123456.7891', tags: ['x', 'y'] },
    { title: 'b', rank: 2, email_id: bob.id, tags: ['y'] },
    { title: 'c' },
  ])
  assert.ok(a && b && c)
  await data.insert(orders, [
    { customer_id: a.id, total: '10.10', number: 9007199254740993n },
    { customer_id: a.id, total: '20.20', number: 2n, payer_id: b.id },
    { customer_id: b.id, total: '30.30', number: 3n },
  ])
  return data
}

test('select names fields and related rows in both directions, with exact values in all of them', async () => {
  const data = await filled()
  await world.globex.insert(emails, { address: 'somebody else' })
  const rows = await data.list(customers, {
    select: [
      'title',
      'credit',
      {
        email: ['address', 'checks'],
        orders: related(orders, { by: 'customer_id', select: ['number'], order: { number: 'desc' }, limit: 1 }),
      },
    ],
    order: { title: 'asc' },
  })
  assert.deepEqual(rows, [
    {
      title: 'a',
      credit: '1234567890123456.7891',
      email: { address: 'ann@x', checks: 9007199254740993n },
      orders: [{ number: 9007199254740993n }],
    },
    { title: 'b', credit: '0.0000', email: { address: 'bob@x', checks: 0n }, orders: [{ number: 3n }] },
    { title: 'c', credit: '0.0000', email: null, orders: [] },
  ])
  const owners = await data.list(emails, {
    select: ['address', { of: related(customers, { select: ['title'] }) }],
    order: { address: 'asc' },
  })
  // The reference is unique, and still it is a list.
  assert.deepEqual(owners, [
    { address: 'ann@x', of: [{ title: 'a' }] },
    { address: 'bob@x', of: [{ title: 'b' }] },
  ])
  const deep = await data.list(orders, { where: { number: 3n }, select: [{ customer: [{ email: ['address'] }] }] })
  assert.deepEqual(deep, [{ customer: { email: { address: 'bob@x' } } }])
})

test('conditions are joined by and, or and not, and may be about related rows', async () => {
  const data = await filled()
  const found = async (where: NonNullable<Parameters<typeof data.list<typeof customers>>[1]>['where']) =>
    titles(await data.list(customers, { ...(where && { where }), order: { title: 'asc' } })).join('')
  assert.equal(await found({ or: [{ rank: 1 }, { rank: null }] }), 'ac')
  assert.equal(await found({ or: [] }), '')
  assert.equal(await found({ and: [{ rank: { gte: 1 } }, { not: { title: 'a' } }] }), 'b')
  assert.equal(await found({ title: { in: ['a', 'c'] } }), 'ac')
  assert.equal(await found({ title: { notIn: ['a', 'c'] } }), 'b')
  assert.equal(await found({ tags: { contains: ['y'] } }), 'ab')
  assert.equal(await found({ tags: { overlaps: ['x', 'z'] } }), 'a')
  assert.equal(await found({ rank: { neq: null } }), 'ab')
  assert.equal(await found({ email: { address: { like: 'ann%' } } }), 'a')
  assert.equal(await found({ or: [{ email: { address: 'bob@x' } }, { title: 'c' }] }), 'bc')
  assert.equal(await found({ has: related(orders, { by: 'payer_id' }) }), 'b')
  assert.equal(await found({ not: { has: related(orders, { by: 'customer_id' }) } }), 'c')
  assert.equal(await found({ has: related(orders, { by: 'customer_id', where: { total: { gt: '25' } } }) }), 'b')
  assert.equal(await data.count(customers, { where: { email: { address: 'ann@x' } } }), 1)
  const orderedBy = await data.list(customers, { order: { rank: 'desc nulls last', title: 'asc' } })
  assert.equal(titles(orderedBy).join(''), 'bac')
  await refused(() => found({ has: related(orders) }), 'invalid', /more than one relationship/)
})

test('pages go on after their last row, whatever was added meanwhile', async () => {
  const data = fresh()
  await data.insert(
    customers,
    [...'abcde'].map(title => ({ title })),
  )
  const first = await data.page(customers, { limit: 2, order: { title: 'asc' }, select: ['title'] })
  assert.deepEqual(first.rows, [{ title: 'a' }, { title: 'b' }])
  assert.ok(first.next)
  await data.insert(customers, { title: 'aa' })
  const second = await data.page(customers, { limit: 3, order: { title: 'asc' }, after: first.next })
  assert.deepEqual(titles(second.rows), ['c', 'd', 'e'])
  assert.equal(second.next, null)
  for (const after of ['', 'no', '{}', '[1]', '["a"]', '[{"a":1},null]']) {
    await refused(() => data.page(customers, { limit: 2, order: { title: 'asc' }, after }), 'invalid')
  }
})

test('ten thousand rows are one statement each way', { timeout: 60_000 }, async () => {
  const data = fresh()
  const other = fresh()
  await other.insert(customers, { title: 'row 1' })
  const given = Array.from({ length: 10_000 }, (_, index) => ({ title: `row ${index}`, rank: index }))
  const rows = await data.insert(customers, given)
  assert.equal(rows.length, 10_000)
  const again = await data.upsert(
    customers,
    given.map(row => ({ ...row, credit: '1' })),
    { on: ['title'] },
  )
  assert.equal(again.length, 10_000)
  assert.equal(await data.count(customers, { where: { revision: 2, credit: '1' } }), 10_000)
  const keys = rows.map(({ id }) => id)
  assert.equal(await data.updateMany(customers, { keys }, { credit: '2' }), 10_000)
  assert.equal(await data.updateMany(customers, { where: { rank: { gte: 5_000 } } }, { credit: '3' }), 5_000)
  assert.equal(await data.count(customers, { where: { credit: '3' } }), 5_000)
  assert.equal(await data.softDeleteMany(customers, { where: { rank: { lt: 100 } } }), 100)
  assert.equal(await data.count(customers), 9_900)
  assert.equal(await data.restoreMany(customers, { where: { rank: { lt: 50 } } }), 50)
  assert.equal(await data.count(customers, { includeDeleted: true }), 10_000)
  assert.equal(await data.purgeMany(customers, { where: { rank: { gte: 50 } } }), 9_950)
  assert.equal(await data.purgeMany(customers, { keys: keys.slice(0, 10) }), 10)
  assert.equal(await data.count(customers, { includeDeleted: true }), 40)
  assert.equal(await other.count(customers), 1)
})

test('a bulk write is all or nothing and has to name its rows', async () => {
  const data = await filled()
  await refused(() => data.insert(customers, [{ title: 'new' }, { title: 'a' }]), 'conflict')
  assert.equal(await data.count(customers), 3)
  const loose = data as unknown as {
    updateMany(...given: unknown[]): Promise<number>
    purgeMany: typeof data.updateMany
  }
  await refused(() => loose.updateMany(customers, {}, { rank: 1 }), 'invalid', /where/)
  await refused(() => loose.updateMany(customers, { where: { title: undefined } }, { rank: 1 }), 'invalid', /undefined/)
  await refused(() => data.updateMany(customers, { where: { email: { address: 'ann@x' } } }, { rank: 1 }), 'invalid')
  assert.equal(await data.updateMany(customers, { where: {} }, { rank: 7 }), 3)
  assert.equal(await data.updateMany(customers, { keys: [] }, { rank: 8 }), 0)
  await refused(() => data.updateMany(customers, { where: {} }, { rank: 8, revision: 1 }), 'conflict')
  await data.insert(rates, [
    { unit: 'kg', day: '2026-01-01', rate: '1' },
    { unit: 'kg', day: '2026-01-02', rate: '2' },
  ])
  const keys = [{ unit: 'kg', day: '2026-01-02' }]
  assert.equal(await data.updateMany(rates, { keys }, { rate: '3' }), 1)
  assert.equal((await data.get(rates, { unit: 'kg', day: '2026-01-01' })).rate, '1.0000')
})

test('JSON from outside that is handed on is refused, whatever it holds', async () => {
  const data = await filled()
  const list = (options: unknown) => () => data.list(customers, options as object)
  const json = (text: string): object => JSON.parse(text)
  for (const where of [
    json('{"__proto__":{"title":"a"}}'),
    json('{"constructor":"a"}'),
    json('{"title":{"__proto__":"a"}}'),
    json('{"title":{"constructor":"a"}}'),
    json('{"title":{"eq":{"neq":""}}}'),
    json('{"title":["a"]}'),
    json('{"title":{}}'),
    json('{"rank":{"in":"1"}}'),
    json('{"rank":{"in":[{"gt":0}]}}'),
    json('{"tenant_id":"globex"}'),
    json('{"email":"ann@x"}'),
    json('{"email":{"tenant_id":"globex"}}'),
    json('{"or":{"title":"a"}}'),
    json('{"or":["a"]}'),
    json('{"has":{"definition":{"name":"orders"},"options":{}}}'),
    json('"title"'),
    json(`${'{"not":'.repeat(5_000)}{}${'}'.repeat(5_000)}`),
  ]) {
    await refused(list({ where }), 'invalid')
  }
  await refused(list({ select: ['tenant_id'] }), 'invalid')
  await refused(list({ select: [['title']] }), 'invalid')
  await refused(list({ select: [json('{"__proto__":["title"]}')] }), 'invalid')
  await refused(list({ select: ['title" from tenantry.tenants --'] }), 'invalid')
  await refused(list({ order: { title: 'asc; drop table x' } }), 'invalid')
  await refused(list({ order: { 'title desc': 'asc' } }), 'invalid')
  await refused(list({ limit: '1; select 1' }), 'invalid')

  const insert = (row: unknown) => () => data.insert(customers, row as { title: string })
  await refused(insert({ title: 'x', tenant_id: 'globex' }), 'forbidden', /tenant/)
  await refused(insert([{ title: 'x' }, { title: 'y', tenant_id: 'globex' }]), 'forbidden', /tenant/)
  await refused(insert({ title: { toString: 'x' } }), 'invalid')
  await refused(insert({ title: ['x'] }), 'invalid')
  await refused(insert({ title: 'x', tags: 'y' }), 'invalid')
  await refused(insert({ title: 'x', tags: [{}] }), 'invalid')
  await refused(insert(json('{"title":"x","__proto__":{"rank":1}}')), 'invalid')
  await refused(insert(null), 'invalid')
  await refused(insert(['title']), 'invalid')
  const [row] = await data.list(customers)
  assert.ok(row)
  const patch = { title: 'x', tenant_id: 'globex' }
  await refused(() => data.update(customers, row.id, patch as object), 'forbidden')
  await refused(() => data.updateMany(customers, { where: {} }, patch as object), 'forbidden')
  await refused(() => data.upsert(customers, [patch as { title: string }]), 'forbidden')
  for (const key of [{ neq: 'x' }, ['x'], null, undefined, {}]) {
    await refused(() => data.find(customers, key as unknown as string), 'invalid')
    await refused(() => data.purge(customers, key as unknown as string), 'invalid')
    await refused(() => data.purgeMany(customers, { keys: [key as unknown as string] }), 'invalid')
  }
  const foreign = entity('customers', { title: text() })
  await refused(() => data.list(foreign), 'invalid', /belongs to no module/)
  assert.equal(await data.count(customers), 3)
})

test('another tenant finds nothing by keys, conditions or relations', async () => {
  const data = await filled()
  const other = await filled()
  const [mine] = await data.list(customers, { where: { title: 'a' } })
  const [email] = await data.list(emails)
  assert.ok(mine && email)
  assert.equal(await other.find(customers, mine.id), undefined)
  assert.equal(await other.updateMany(customers, { keys: [mine.id] }, { rank: 9 }), 0)
  assert.equal(await other.softDeleteMany(customers, { keys: [mine.id] }), 0)
  assert.equal(await other.purgeMany(orders, { where: { customer_id: mine.id } }), 0)
  await refused(() => other.insert(customers, { title: 'z', email_id: email.id }), 'conflict')
  await refused(() => other.updateMany(customers, { where: { title: 'c' } }, { email_id: email.id }), 'conflict')
  assert.equal((await data.get(customers, mine.id)).rank, 1)
})

test('a part of a transaction that throws is undone alone, and the rest is kept', async () => {
  const data = fresh()
  await data.transaction(async outer => {
    // The first statement of all: what it runs under is undone with its part.
    await refused(
      () => outer.transaction(inner => inner.insert(customers, [{ title: 'x' }, { title: 'x' }])),
      'conflict',
    )
    await outer.insert(customers, { title: 'kept' })
    await assert.rejects(
      outer.transaction(async inner => {
        await inner.insert(customers, { title: 'undone' })
        await inner.transaction(innermost => innermost.insert(customers, { title: 'undone too' }))
        throw new Error('no')
      }),
      /no/,
    )
    // A statement that fails ends its part and not the transaction.
    await refused(
      () => outer.transaction(inner => inner.insert(customers, [{ title: 'lost' }, { title: 'kept' }])),
      'conflict',
    )
    await outer.transaction(async inner => {
      await inner.transaction(innermost => innermost.insert(customers, { title: 'deep' }))
      await assert.rejects(inner.transaction(() => Promise.reject(new Error('never mind'))))
    })
    await outer.insert(customers, { title: 'last' })
  })
  assert.deepEqual(titles(await data.list(customers, { order: { title: 'asc' } })), ['deep', 'kept', 'last'])
})

test('an error that a part swallowed undoes the part and is told', async () => {
  const data = fresh()
  await data.transaction(async outer => {
    await outer.insert(customers, { title: 'a' })
    const part = outer.transaction(async inner => {
      await inner.insert(customers, { title: 'b' })
      await inner.insert(customers, { title: 'a' }).catch(() => 'swallowed')
    })
    await assert.rejects(part)
    assert.equal(await outer.count(customers), 1)
  })
  assert.equal(await data.count(customers), 1)
})

test('while a part is open the transaction around it waits for it, and a part that ended is over', async () => {
  const data = fresh()
  let kept: TenantData | undefined
  await data.transaction(async outer => {
    await outer.transaction(async inner => {
      kept = inner
      await refused(() => outer.insert(customers, { title: 'beside' }), 'invalid', /inside/)
      await refused(() => outer.transaction(async () => {}), 'invalid', /inside/)
      await inner.insert(customers, { title: 'inner' })
    })
    await refused(() => kept?.count(customers) ?? Promise.resolve(), 'internal', /over/)
    await outer.insert(customers, { title: 'outer' })
  })
  assert.equal(await data.count(customers), 2)
})

test('plans at once in one transaction each run under their own role', async () => {
  const reader = world.dataOf(`tenant-${++tenants}`, { roles: ['auditor'] })
  const writer = world.dataOf(reader.key)
  await writer.insert(customers, { title: 'a' })
  for (let round = 0; round < 20; round++) {
    const outcomes = await writer
      .transaction(inside =>
        Promise.allSettled([
          inside.count(customers),
          inside.insert(customers, { title: `b ${round}` }),
          inside.count(customers),
        ]),
      )
      .then(all => all.map(({ status }) => status))
    assert.deepEqual(outcomes, ['fulfilled', 'fulfilled', 'fulfilled'])
  }
  await refused(() => reader.transaction(inside => inside.insert(customers, { title: 'c' })), 'forbidden')
  assert.equal(await reader.count(customers), 21)
})

test('rows that refer to their own kind: the refusal names the field that refers, or the key that is held', async () => {
  const fieldsOf = async (work: Promise<unknown>) => {
    const error = await work.then(
      () => undefined,
      (thrown: unknown) => thrown,
    )
    assert.ok(error instanceof TenantryError && error.reason === '23503', String(error))
    return error.fields
  }
  const [mine, theirs] = [await filled(), await filled()]
  const child = await mine.insert(customers, { title: 'child' })
  const foreign = await theirs.insert(customers, { title: 'foreign' })
  const parent = await mine.insert(customers, { title: 'parent' })
  const nowhere = { parent_id: ['names no row that is there'] }
  assert.deepEqual(await fieldsOf(mine.insert(customers, { title: 'd', parent_id: foreign.id })), nowhere)
  assert.deepEqual(await fieldsOf(mine.update(customers, child.id, { parent_id: foreign.id })), nowhere)
  await mine.update(customers, child.id, { parent_id: parent.id })
  assert.deepEqual(await fieldsOf(mine.purge(customers, parent.id)), { id: ['is still referenced'] })
})
