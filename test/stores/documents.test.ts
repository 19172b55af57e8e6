// F4.1: documents.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { inspect } from 'node:util'
import { create } from '@bufbuild/protobuf'
import { entity } from '../../src/core/entity.ts'
import { TenantryError } from '../../src/core/errors.ts'
import { text } from '../../src/core/field.ts'
import type { Insert, Read } from '../../src/core/plan.ts'
import { documents } from '../../src/stores/index.ts'
import { openTwoTenants, type TwoTenants } from '../../src/testing/two-tenants.ts'
import { GreetingSchema, TicketSchema } from './generated/greeting_pb.ts'

const greetings = documents('greetings', GreetingSchema)
const tickets = documents('tickets', TicketSchema, { maxBytes: 200 })
const placed = documents('placed', GreetingSchema, { instanced: true })
const notes = entity('notes', { title: text() })

let tenants: TwoTenants
before(async () => {
  tenants = await openTwoTenants({
    modules: [
      {
        name: 'letters',
        version: '1.0.0',
        entities: [greetings.entity, tickets.entity, placed.entity, notes],
        access: { admin: 'tenant_writer', auditor: 'tenant_reader' },
      },
    ],
  })
})
after(() => tenants.close())

const hello = (words: string, count = 0n) => create(GreetingSchema, { text: words, count })

/** Two stores of tenants that no other test has; both get documents under the same ids. */
let pairs = 0
function pair() {
  pairs++
  return [`one${pairs}`, `two${pairs}`].map(key => greetings.of(tenants.dataOf(key))) as [Store, Store]
}
type Store = ReturnType<typeof greetings.of>

async function refused(work: Promise<unknown>, code: string, reason?: string): Promise<TenantryError> {
  try {
    await work
  } catch (error) {
    assert.ok(error instanceof TenantryError, inspect(error))
    assert.equal(error.code, code, error.message)
    if (reason) assert.equal(error.reason, reason)
    return error
  }
  return assert.fail('nothing was refused')
}

test('a document comes back as it was, exact in every field, and each tenant has its own', async () => {
  const [one, two] = pair()
  const big = create(GreetingSchema, { text: 'ß „quoted“ \u0000 end', count: 9007199254740993n, tags: ['a', ''] })
  const metadata = await one.insert({ id: 'a', message: big, parentId: 'root' })
  assert.deepEqual(
    { ...metadata, created: '', updated: '' },
    { id: 'a', parentId: 'root', revision: 1, created: '', updated: '', deleted: null },
  )
  await two.insert({ id: 'a', message: hello('of two') })
  assert.deepEqual(await one.findById('a'), big)
  assert.deepEqual(await two.findById('a'), hello('of two'))
  assert.deepEqual(await one.metadata('a'), metadata)
  assert.equal((await two.metadata('a'))?.parentId, null)
  assert.equal(await one.findById('missing'), undefined)
  assert.equal(await one.revision('missing'), undefined)
  await two.deleteById('a')
  assert.equal(await one.revision('a'), 1)
})

test('an id is taken once in a tenant, and a failed bulk leaves nothing', async () => {
  const [one, two] = pair()
  await one.insert({ id: 'b', message: hello('first') })
  await refused(
    one.insert([
      { id: 'c', message: hello('x') },
      { id: 'b', message: hello('y') },
    ]),
    'conflict',
    '23505',
  )
  assert.deepEqual([...(await one.findAllAsMap()).keys()], ['b'])
  assert.equal((await two.insert({ id: 'b', message: hello('mine') })).revision, 1)
  await refused(
    one.insert([
      { id: 'c', message: hello('x') },
      { id: 'c', message: hello('y') },
    ]),
    'invalid',
  )
})

test('an update counts the revision, keeps the parent and is refused for what is not there', async () => {
  const [one, two] = pair()
  await one.insert({ id: 'a', message: hello('1'), parentId: 'p' })
  await two.insert({ id: 'b', message: hello('other') })
  const changed = await one.update({ id: 'a', message: hello('2') })
  assert.deepEqual([changed.revision, changed.parentId], [2, 'p'])
  assert.equal((await one.update({ id: 'a', message: hello('3'), parentId: null })).parentId, null)
  await refused(one.update({ id: 'b', message: hello('not mine') }), 'not_found')
  await refused(
    one.update([
      { id: 'a', message: hello('4') },
      { id: 'b', message: hello('x') },
    ]),
    'not_found',
  )
  assert.deepEqual([(await one.findById('a'))?.text, await one.revision('b')], ['3', undefined])
  assert.equal((await two.findById('b'))?.text, 'other')
  await one.softDeleteById('a')
  await refused(one.update({ id: 'a', message: hello('hidden') }), 'not_found')
  await one.upsert({ id: 'a', message: hello('back') })
  assert.deepEqual([(await one.findById('a'))?.text, await one.revision('a')], ['back', 5])
})

test('with metadata the revision is checked, and what is stale changes nothing', async () => {
  const [one, two] = pair()
  const metadata = await one.insert({ id: 'a', message: hello('1') })
  await two.insert({ id: 'a', message: hello('1') })
  await one.insert({ id: 'z', message: hello('z') })
  const second = await one.updateWithMetadata({ message: hello('2'), metadata })
  assert.equal(second.revision, 2)
  const stale = { message: hello('stale'), metadata }
  await refused(one.updateWithMetadata(stale), 'conflict', 'stale_revision')
  await refused(one.upsertWithMetadata(stale), 'conflict', 'stale_revision')
  const fresh = await one.findByIdWithMetadata('z')
  assert.ok(fresh)
  await refused(one.updateWithMetadata([fresh, stale]), 'conflict', 'stale_revision')
  assert.deepEqual([(await one.findById('a'))?.text, await one.revision('z'), await two.revision('a')], ['2', 1, 1])
  await refused(one.updateWithMetadata({ message: hello('x'), metadata: { id: 'no', revision: 1 } }), 'not_found')
  await refused(one.updateWithMetadata({ message: hello('x'), metadata: { id: 'no', revision: 3 } }), 'not_found')
  await refused(
    one.upsertWithMetadata({ message: hello('x'), metadata: { id: 'no', revision: 3 } }),
    'conflict',
    'stale_revision',
  )
  await refused(one.insertWithMetadata({ message: hello('x'), metadata: { id: 'no', revision: 2 } }), 'conflict')
  assert.equal((await one.upsertWithMetadata({ message: hello('x'), metadata: { id: 'no', revision: 1 } })).revision, 1)
  const kept = await one.insertWithMetadata({
    message: hello('y'),
    metadata: { id: 'new', revision: 1, parentId: 'no' },
  })
  assert.deepEqual([kept.revision, kept.parentId], [1, 'no'])
  assert.equal((await one.upsertWithMetadata({ message: hello('3'), metadata: second })).revision, 3)
})

test('of many writers with one revision exactly one wins', async () => {
  const [one, two] = pair()
  const metadata = await one.insert({ id: 'a', message: hello('0') })
  await two.insert({ id: 'a', message: hello('0') })
  const outcomes = await Promise.allSettled(
    Array.from({ length: 20 }, (_, n) => one.updateWithMetadata({ message: hello(`writer ${n}`), metadata })),
  )
  assert.equal(outcomes.filter(({ status }) => status === 'fulfilled').length, 1)
  assert.deepEqual([await one.revision('a'), await two.revision('a')], [2, 1])
})

test('many documents are written in one statement, in the order given, and found by ids, parent and page', async () => {
  const [one, two] = pair()
  const many = Array.from({ length: 300 }, (_, n) => ({
    id: `d${String(n).padStart(3, '0')}`,
    message: hello(`text ${n}`, BigInt(n)),
    parentId: n % 2 ? 'odd' : 'even',
  })).reverse()
  const written = await one.upsert(many)
  assert.deepEqual(
    written.map(({ id }) => id),
    many.map(({ id }) => id),
  )
  await two.insert(many.slice(0, 3))
  const changed = await one.updateWithMetadata(written.map(metadata => ({ message: hello('new'), metadata })))
  assert.ok(changed.every(({ revision, parentId }) => revision === 2 && parentId !== null))
  assert.equal((await one.findAll()).length, 300)
  assert.equal((await two.findAll({ parentId: 'odd' })).length, 2)
  assert.deepEqual([...(await one.findAllAsMap({ ids: ['d007', 'd003', 'none'] })).keys()], ['d003', 'd007'])
  const page = await one.findAllWithMetadata({ parentId: 'odd', after: 'd010', limit: 2 })
  assert.deepEqual(
    page.map(({ metadata }) => metadata.id),
    ['d011', 'd013'],
  )
  await refused(one.findAll({ limit: -1 }), 'invalid')
  await refused(one.insert(Array.from({ length: 1001 }, (_, n) => ({ id: `x${n}`, message: hello('') }))), 'too_large')
  assert.deepEqual([await one.insert([]), await one.findAll({ ids: [] }), await one.deleteById([])], [[], [], 0])
})

test('a softly deleted document is hidden until an upsert; deleting twice is no error', async () => {
  const [one, two] = pair()
  for (const store of [one, two]) await store.insert({ id: 'a', message: hello('1') })
  assert.equal(await one.softDeleteById('a'), 1)
  assert.equal(await one.softDeleteById('a'), 0)
  assert.equal(await one.findById('a'), undefined)
  assert.equal((await one.findById('a', { includeDeleted: true }))?.text, '1')
  assert.equal(typeof (await one.metadata('a', { includeDeleted: true }))?.deleted, 'string')
  assert.equal(await one.revision('a', { includeDeleted: true }), 2)
  await refused(one.insert({ id: 'a', message: hello('again') }), 'conflict')
  assert.equal((await two.findById('a'))?.text, '1')
  await refused(two.deleteById('a', { revision: 7 }), 'conflict', 'stale_revision')
  await refused(two.deleteById(['a', 'b'], { revision: 1 }), 'invalid')
  assert.equal(await one.deleteById('a'), 1)
  assert.equal(await one.deleteById('a'), 0)
  assert.equal(await two.deleteById('a', { revision: 1 }), 1)
  assert.equal((await one.insert({ id: 'a', message: hello('reused') })).revision, 1)
})

test('documents are a part of the transaction of their tenant', async () => {
  const data = tenants.dataOf('together')
  const other = tenants.dataOf('together2')
  await greetings.of(other).insert({ id: 'a', message: hello('kept') })
  const work = data.transaction(async inside => {
    await greetings.of(inside).insert({ id: 'a', message: hello('never') })
    await inside.insert(notes, { title: 'never' })
    throw new Error('changed my mind')
  })
  await assert.rejects(work, /changed my mind/)
  assert.deepEqual([await greetings.of(data).findAll(), await data.count(notes)], [[], 0])
  assert.equal((await greetings.of(other).findAll()).length, 1)
})

test('documents of an instance are those of the tenant and the instance', async () => {
  const of = (tenant: string, instance: string) => placed.of(tenants.dataOf(tenant, { instance }))
  const places = [of('inst1', 'eu'), of('inst1', 'us'), of('inst2', 'eu')]
  for (const [n, store] of places.entries()) await store.insert({ id: 'same', message: hello(`place ${n}`) })
  const [first] = places
  await first?.update({ id: 'same', message: hello('changed') })
  assert.deepEqual(await Promise.all(places.map(async store => (await store.findAll()).map(({ text }) => text))), [
    ['changed'],
    ['place 1'],
    ['place 2'],
  ])
  await refused(placed.of(tenants.dataOf('inst1')).insert({ id: 'b', message: hello('nowhere') }), 'invalid')
})

test('roles hold for documents as for rows', async () => {
  const [one] = pair()
  await one.insert({ id: 'a', message: hello('1') })
  const auditor = greetings.of(tenants.dataOf(`one${pairs}`, { roles: ['auditor'] }))
  assert.equal((await auditor.findById('a'))?.text, '1')
  for (const work of [
    auditor.insert({ id: 'b', message: hello('') }),
    auditor.upsert({ id: 'a', message: hello('') }),
    auditor.update({ id: 'a', message: hello('') }),
    auditor.deleteById('a'),
    greetings.of(tenants.dataOf('nobody', { roles: [] })).findAll(),
  ])
    await refused(work, 'forbidden')
})

test('no error of any kind holds anything of a payload', async () => {
  const canary = 'CANARY-7f3a'
  const traces = [canary, Buffer.from(canary).toString('hex'), Buffer.from(canary).toString('base64').slice(0, 12)]
  const secret = create(TicketSchema, { title: canary, secret: Buffer.from(canary) })
  const store = tickets.of(tenants.dataOf('canary'))
  await tickets.of(tenants.dataOf('canary2')).insert({ id: 'a', message: secret })
  await store.insert({ id: 'a', message: secret })
  const long = create(TicketSchema, { title: canary.repeat(30) })
  const broken = { ...secret, secret: { [canary]: canary } } as never
  const mistyped = create(GreetingSchema, { text: canary }) as never
  const wrongCount = { ...hello(''), count: canary } as never
  const errors = [
    await refused(greetings.of(tenants.dataOf('canary')).insert({ id: 'a', message: wrongCount }), 'invalid'),
    await refused(store.insert({ id: 'a', message: secret }), 'conflict'),
    await refused(store.insert({ id: '', message: secret }), 'invalid'),
    await refused(store.insert({ id: 'x'.repeat(201), message: secret }), 'invalid'),
    await refused(store.insert({ id: 'nul\u0000', message: secret }), 'invalid'),
    await refused(store.insert({ id: 'b', message: long }), 'invalid'),
    await refused(store.update({ id: 'a', message: long }), 'invalid'),
    await refused(store.insert({ id: 'b', message: broken }), 'invalid'),
    await refused(store.insert({ id: 'b', message: mistyped }), 'invalid'),
    await refused(store.update({ id: 'no', message: secret }), 'not_found'),
    await refused(store.updateWithMetadata({ message: secret, metadata: { id: 'a', revision: 9 } }), 'conflict'),
    await refused(
      store.insert([
        { id: 'c', message: secret },
        { id: 'c', message: secret },
      ]),
      'invalid',
    ),
    await refused(
      tickets.of(tenants.dataOf('canary', { roles: ['auditor'] })).insert({ id: 'd', message: secret }),
      'forbidden',
    ),
  ]
  // What is stored may be no message: somebody restored it from elsewhere.
  const table = '"letters_v1"."tickets"'
  await tenants.database.query(`update ${table} set payload = $1 where tenant_id = 'canary'`, [
    Buffer.concat([Buffer.from([0xff, 0xff]), Buffer.from(canary)]),
  ])
  errors.push(await refused(store.findById('a'), 'internal'))
  await tenants.database.query(`alter table ${table} rename to away`)
  errors.push(await refused(store.insert({ id: 'e', message: secret }), 'internal'))
  await tenants.database.query(`alter table "letters_v1"."away" rename to tickets`)
  for (const error of errors) {
    const shown = `${inspect(error, { depth: Infinity, showHidden: true })}${JSON.stringify(error)}${error.stack}`
    for (const trace of traces) assert.ok(!shown.toLowerCase().includes(trace.toLowerCase()), shown)
  }
})

test('only a merge on the key of rows that can be softly deleted says what becomes of those', async () => {
  const data = tenants.dataOf('lock3')
  const insert = (more: Partial<Insert>): Insert => ({
    kind: 'insert',
    entity: data.entityOf(greetings.entity),
    fields: ['document_id', 'payload'],
    rows: '[{"document_id":"a","payload":"\\\\x"}]',
    ...more,
  })
  await data.run(insert({ onConflict: { resolution: 'merge', deleted: 'restore' } }))
  await refused(data.run(insert({ onConflict: { resolution: 'ignore', deleted: 'restore' } })), 'invalid')
  await refused(data.run(insert({ onConflict: { resolution: 'merge', deleted: 'drop table' as never } })), 'invalid')
  const onConflict = { resolution: 'merge', deleted: 'refuse' } as const
  const plain = { entity: data.entityOf(notes), fields: ['id', 'title'], rows: '[]' }
  await refused(data.run(insert({ ...plain, onConflict })), 'invalid')
  assert.equal(await greetings.of(tenants.dataOf('lock4')).findById('a'), undefined)
})

test('rows are locked inside a transaction only, in plain lists, by who may write them', async () => {
  const plan = (data: TwoTenants['acme'], more: Partial<Read> = {}): Read => ({
    kind: 'read',
    entity: data.entityOf(notes),
    select: [{ kind: 'field', path: { field: 'title' } }],
    order: [{ path: { field: 'title' }, direction: 'asc' }],
    lock: true,
    ...more,
  })
  const [one, two] = [tenants.dataOf('lock1'), tenants.dataOf('lock2')]
  for (const data of [one, two]) await data.insert(notes, [{ title: 'a' }, { title: 'b' }])
  await refused(one.run(plan(one)), 'invalid')
  await refused(
    one.transaction(inside => inside.run(plan(one, { count: 'exact' }))),
    'invalid',
  )
  const auditor = tenants.dataOf('lock1', { roles: ['auditor'] })
  await refused(
    auditor.transaction(inside => inside.run(plan(auditor))),
    'forbidden',
  )
  const order: string[] = []
  await one.transaction(async inside => {
    assert.equal((await inside.run(plan(inside))).rows, 2)
    const waits = one.transaction(async other => {
      await other.run(plan(other))
      order.push('second')
    })
    await two.transaction(async other => other.run(plan(other)))
    order.push('other tenant')
    setTimeout(() => order.push('first is about to end'), 100)
    await new Promise(resolve => setTimeout(resolve, 150))
    void waits.catch(() => {})
  })
  await one.transaction(inside => inside.run(plan(inside)))
  assert.deepEqual(order.slice(0, 2), ['other tenant', 'first is about to end'])
})
