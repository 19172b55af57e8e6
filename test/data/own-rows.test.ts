// F2.5: own rows, by policy.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { sql } from 'kysely'
import pg from 'pg'
import { action } from '../../src/core/action.ts'
import { rows } from '../../src/core/action-definition.ts'
import type { Change } from '../../src/core/changes.ts'
import { entity, type Insert } from '../../src/core/entity.ts'
import { TenantryError } from '../../src/core/errors.ts'
import { integer, reference, searchText, text } from '../../src/core/field.ts'
import type { TenantData } from '../../src/core/tenant-data.ts'
import { kyselyIn } from '../../src/data/postgres/kysely.ts'
import { openTwoTenants, type TwoTenants } from '../../src/testing/two-tenants.ts'
import { take } from './changes/world.ts'

const orders = entity(
  'orders',
  {
    title: text(),
    assignee: text().optional(),
    total: integer().default(0),
    words: searchText('title'),
  },
  {
    ...{ revision: true, softDelete: true, authors: true, changes: true, aggregates: true },
    own: { customer: 'created_by', agent: { writes: 'assignee' } },
  },
)
const lines = entity('lines', { label: text(), order_id: reference(() => orders, { onDelete: 'cascade' }) })
/** The owner is its key. */
const profiles = entity('profiles', { login: text(), motto: text() }, { key: ['login'], own: { customer: 'login' } })
const desks = entity(
  'desks',
  { name: text(), keeper: text() },
  {
    instanced: true,
    own: { customer: 'keeper' },
    access: { clerk: 'tenant_instance_writer', customer: 'tenant_writer' },
  },
)
const allOrders = action('all_orders', { reads: [orders], output: rows(orders), sql: 'select * from orders' })
const touchAll = action('touch_all', {
  ...{ writes: [orders], output: rows(orders) },
  sql: `update orders set total = total + 1 returning *`,
})
const listAll = action('list_all', { reads: [orders], output: rows(orders), run: tenant => tenant.list(orders) })

let world: TwoTenants
before(async () => {
  world = await openTwoTenants({
    modules: [
      {
        ...{ name: 'shop', version: '1.0.0', entities: [orders, lines, profiles, desks] },
        actions: [allOrders, touchAll, listAll],
        access: {
          ...{ admin: 'tenant_writer', customer: 'tenant_writer', agent: 'tenant_writer', auditor: 'tenant_reader' },
          service_admin: 'writer',
        },
      },
    ],
    settings: { connections: 1, writeConnections: 1, transactions: 1 },
  })
})
after(() => world.close())

const as = (subject: string, ...roles: string[]) => world.dataOf('acme', { subject, roles })
const titles = async (data: TenantData) => (await data.list(orders, { order: { title: 'asc' } })).map(row => row.title)

/** Orders called as their owners, in both tenants; whose they are is in their titles. */
async function fill(...names: string[]): Promise<void> {
  await world.database.query('truncate shop_v1.orders, shop_v1.lines, shop_v1.profiles, shop_v1.desks')
  for (const name of names) {
    const order = await as(name, 'customer').insert(orders, { title: name })
    await as('boss', 'admin').insert(lines, { label: name, order_id: order.id })
    await world.dataOf('globex', { subject: name, roles: ['customer'] }).insert(orders, { title: `globex ${name}` })
  }
}

async function refusal(work: Promise<unknown>): Promise<string> {
  const error: unknown = await work.then(
    () => assert.fail('it was done'),
    thrown => thrown,
  )
  assert.ok(error instanceof TenantryError, String(error))
  return error.code
}

test('a role with own rows sees its own in every way of reading, and another role all of them', async () => {
  await fill('ann', 'bob')
  const ann = as('ann', 'customer')
  assert.deepEqual(await titles(ann), ['ann'])
  assert.deepEqual(await titles(as('carl', 'customer')), [])
  assert.deepEqual(await titles(as('', 'customer')), [])
  assert.deepEqual(await titles(as('eve', 'auditor')), ['ann', 'bob'])
  assert.deepEqual(await titles(as('sam', 'agent')), ['ann', 'bob'])
  assert.equal(await ann.count(orders), 1)
  const [foreign] = await as('bob', 'customer').list(orders)
  assert.ok(foreign)
  assert.equal(await ann.find(orders, foreign.id), undefined)
  assert.deepEqual(
    (await ann.list(orders, { where: { words: { search: 'ann or bob' } } })).map(row => row.title),
    ['ann'],
  )
  const embedded = await ann.list(lines, {
    order: { label: 'asc' },
    select: ['label', { order: ['title'] }],
  })
  assert.deepEqual(
    embedded.map(row => [row.label, row.order?.title]),
    [
      ['ann', 'ann'],
      ['bob', undefined],
    ],
  )
  assert.deepEqual(
    (await ann.list(lines, { where: { order: { title: { like: '%' } } } })).map(({ label }) => label),
    ['ann'],
  )
  const page = await ann.page(orders, { order: { title: 'asc' }, limit: 1 })
  assert.deepEqual([page.rows.length, page.next], [1, null])
  assert.deepEqual(
    (await ann.call(allOrders, {})).map(({ title }) => title),
    ['ann'],
  )
  assert.deepEqual(
    (await ann.call(listAll, {})).map(({ title }) => title),
    ['ann'],
  )
  const inTransaction = await ann.transaction(async tx => {
    const before = await titles(tx)
    await tx.list(lines)
    const byHand = await kyselyIn(tx, { reads: { orders, lines } }, db =>
      db.selectFrom('orders').select('title').execute(),
    )
    // Whatever the statement before was for, the next one has its own.
    const undeclared = await kyselyIn(tx, { reads: { lines } }, db =>
      sql<{ n: string }>`select count(*) as n from shop_v1.orders`.execute(db),
    )
    return [before, byHand.map(({ title }) => title), undeclared.rows.map(({ n }) => Number(n)), await titles(tx)]
  })
  assert.deepEqual(inTransaction, [['ann'], ['ann'], [0], ['ann']])
})

test('a list that is too large for one text has only own rows as well', async () => {
  await fill()
  for (const [subject, rows] of [
    ['ann', 150],
    ['bob', 10],
  ] as const) {
    await world.database.query(`begin; set local tenantry.subject = '${subject}';
      insert into shop_v1.orders (tenant_id, title) select 'acme', '${subject} ' || left(repeat(md5(n::text), 1000), 30000) from generate_series(1, ${rows}) n; commit`)
  }
  const ann = as('ann', 'customer')
  const plan = {
    kind: 'read',
    entity: ann.entityOf(orders),
    select: [{ kind: 'field', path: { field: 'title' } }],
  } as const
  const answer = await world.datasource.run(ann.context, plan, { large: 'stream' })
  let text = ''
  for await (const part of answer.stream ?? []) text += part
  assert.deepEqual([answer.rows, JSON.parse(text).length, text.includes('bob ')], [150, 150, false])
})

test('nobody changes, deletes, locks or takes over what is not his own', async () => {
  await fill('ann', 'bob')
  const ann = as('ann', 'customer')
  const [foreign] = await as('bob', 'customer').list(orders)
  assert.ok(foreign)
  const before = await world.database.query('select * from shop_v1.orders order by id')
  const unknown = '00000000-0000-7000-8000-000000000001'
  for (const write of [
    (id: string) => ann.update(orders, id, { title: 'mine' }),
    (id: string) => ann.update(orders, id, { title: 'mine', revision: 1 }),
    (id: string) => ann.softDelete(orders, id),
    (id: string) => ann.purge(orders, id),
    (id: string) => ann.restore(orders, id),
  ]) {
    assert.equal(await refusal(write(foreign.id)), await refusal(write(unknown)), String(write))
  }
  assert.equal(await ann.updateMany(orders, { keys: [foreign.id] }, { title: 'mine' }), 0)
  assert.equal(await ann.purgeMany(orders, { keys: [foreign.id] }), 0)
  assert.equal(await refusal(ann.upsert(orders, { id: foreign.id, title: 'mine' })), 'forbidden')
  // An agent sees it, and still cannot hold it fast.
  const lock = { kind: 'read', entity: ann.entityOf(orders), select: [{ kind: 'all' }], lock: true } as const
  assert.equal((await ann.transaction(tx => tx.run(lock))).rows, 1)
  assert.equal((await as('sam', 'agent').transaction(tx => tx.run(lock))).rows, 0)
  assert.deepEqual(await world.database.query('select * from shop_v1.orders order by id'), before)
  const touched = await ann.call(touchAll, {})
  assert.deepEqual(
    touched.map(({ title }) => title),
    ['ann'],
  )
})

test('a named field is the subject unless somebody who may says otherwise, and nobody else gets a row', async () => {
  await fill()
  const ann = as('ann', 'customer')
  assert.equal((await ann.insert(profiles, { motto: 'mine' })).login, 'ann')
  // Types know that it need not be given.
  const given: Insert<typeof profiles> = { motto: 'for bob' }
  assert.equal((await as('boss', 'admin').insert(profiles, { ...given, login: 'bob' })).login, 'bob')
  assert.equal(await refusal(ann.insert(profiles, { login: 'carl', motto: 'not mine' })), 'forbidden')
  assert.equal(await refusal(ann.update(profiles, 'bob', { motto: 'x' })), 'not_found')
  assert.deepEqual(
    (await ann.list(profiles)).map(({ login }) => login),
    ['ann'],
  )
  assert.equal((await ann.insert(orders, { title: 'of nobody yet' })).assignee, null)
  const order = await as('sam', 'agent').insert(orders, { title: 'taken' })
  assert.equal(order.assignee, 'sam')
  assert.equal(await refusal(as('sam', 'agent').insert(orders, { title: 'x', assignee: 'tom' })), 'forbidden')
  assert.equal(await refusal(as('sam', 'agent').update(orders, order.id, { assignee: 'tom' })), 'forbidden')
  await as('boss', 'admin').update(orders, order.id, { assignee: 'tom' })
  assert.equal(await refusal(as('sam', 'agent').update(orders, order.id, { title: 'x' })), 'not_found')
  assert.equal((await as('tom', 'agent').update(orders, order.id, { title: 'x' })).title, 'x')
})

test('several roles give for each verb what one of them gives, and together no more', async () => {
  await fill('ann', 'bob')
  await as('boss', 'admin').updateMany(orders, { where: { title: 'bob' } }, { assignee: 'ann' })
  const reach = async (...roles: string[]) => {
    const data = as('ann', ...roles)
    const seen = await titles(data)
    const writing = roles.some(role => role !== 'auditor')
    return [seen, writing ? await data.updateMany(orders, { where: {} }, { total: 1 }) : 0]
  }
  assert.deepEqual(await reach('customer'), [['ann'], 1])
  assert.deepEqual(await reach('agent'), [['ann', 'bob'], 1])
  assert.deepEqual(await reach('customer', 'auditor'), [['ann', 'bob'], 1])
  assert.deepEqual(await reach('auditor', 'agent', 'customer'), [['ann', 'bob'], 2])
  assert.deepEqual(await reach('customer', 'stranger'), [['ann'], 1])
  // A role that reaches across tenants counts for nothing in a token of the tenant's.
  assert.deepEqual(await reach('customer', 'service_admin'), [['ann'], 1])
  assert.equal(await refusal(as('ann', 'service_admin').list(orders)), 'forbidden')
})

test('a role that is kept within an instance lends nothing of another', async () => {
  await fill()
  const at = (instance: string | null, subject: string, ...roles: string[]) =>
    world.dataOf('acme', { instance, subject, roles }).list(desks, { order: { name: 'asc' } })
  const boss = world.dataOf('acme', { subject: 'boss', roles: ['customer'] })
  for (const instance of ['eu', 'us']) {
    await boss.insert(desks, { name: `boss ${instance}`, instance_id: instance })
    await world
      .dataOf('acme', { instance, subject: 'ann', roles: ['customer'] })
      .insert(desks, { name: `ann ${instance}` })
  }
  const names = async (rows: Promise<{ name: string }[]>) => (await rows).map(({ name }) => name)
  assert.deepEqual(await names(at(null, 'ann', 'customer')), ['ann eu', 'ann us'])
  assert.deepEqual(await names(at('eu', 'ann', 'customer')), ['ann eu'])
  assert.deepEqual(await names(at('eu', 'ann', 'clerk')), ['ann eu', 'boss eu'])
  assert.deepEqual(await names(at(null, 'ann', 'clerk', 'customer')), ['ann eu', 'ann us'])
})

test('changes are told to whom the row belongs or belonged, also when it is gone', async () => {
  await fill('ann', 'bob')
  const [ann, boss] = [as('ann', 'customer'), as('boss', 'admin')]
  const start = await ann.changePosition(orders)
  const mine = await ann.insert(orders, { title: 'mine' })
  const theirs = await as('bob', 'customer').insert(orders, { title: 'theirs' })
  await boss.update(orders, theirs.id, { title: 'changed' })
  await boss.purge(orders, theirs.id)
  await boss.purge(orders, mine.id)
  const last = await ann.insert(orders, { title: 'last' })
  const told = (changes: Change[]) => changes.map(({ operation, key }) => [operation, key])
  assert.deepEqual(told(await take(ann.changes(orders, { after: start }), 3)), [
    ['insert', mine.id],
    ['delete', mine.id],
    ['insert', last.id],
  ])
  assert.equal((await take(boss.changes(orders, { after: start }), 6)).length, 6)
  // As if it had been recorded before the entity had own rows.
  await world.database.query('update tenantry.changes set owners = null where key[1] <> $1', [last.id])
  assert.deepEqual(told(await take(ann.changes(orders, { after: start }), 1)), [['insert', last.id]])
  assert.equal((await take(boss.changes(orders, { after: start }), 6)).length, 6)
})

test('principals of the system tenant act as before, and own no rows of a tenant by being called alike', async () => {
  await fill('ann')
  const acting = (subject: string, ...roles: string[]) => {
    const context = world.contextOf('acme', { subject, roles })
    return { ...context, principal: { ...context.principal, tenant: 'system' } }
  }
  const read = (context: ReturnType<typeof acting>) =>
    world.datasource.run(context, { kind: 'read', entity: world.modules.entityOf(orders), select: [{ kind: 'all' }] })
  assert.equal((await read(acting('root', 'service_admin'))).rows, 1)
  assert.equal(await refusal(read(acting('ann', 'customer'))), 'forbidden')
})

test('an archive and the removal of a tenant reach all rows', async () => {
  await fill('ann', 'bob')
  const entities = [orders, profiles].map(definition => world.modules.entityOf(definition))
  let count = 0
  await world.postgres.rows.snapshot('acme', entities, async () => {
    count++
  })
  assert.equal(count, 2)
  // A definition that knows nothing of own rows any more, over a table that still has them.
  const forgetful = entities.map(entity => ({ ...entity, own: new Map() }))
  await world.postgres.rows.snapshot('acme', forgetful, async () => {
    count++
  })
  assert.equal(count, 4)
  await world.database.query('delete from shop_v1.lines')
  const purged = await world.postgres.rows.purge('acme', entities, ({ name }) => (name === 'orders' ? 2 : 0))
  assert.equal(purged.get(world.modules.entityOf(orders)), 2)
  assert.deepEqual(await world.dataOf('globex', { subject: 'ann', roles: ['admin'] }).count(orders), 2)
})

test('without the setting, or with one that says nothing, there are no rows, and nobody hands a row on in plain SQL', async () => {
  await fill('ann', 'bob')
  const { target, prefix, secrets } = world.database
  const password = secrets.derive('login tenant')
  const client = new pg.Client({ ...target, user: `${prefix}_tenant_login`, password })
  await client.connect()
  const become = `select set_config('role', '${prefix}_tenant_writer', true), set_config('tenantry.tenant', 'acme', true), set_config('tenantry.subject', 'ann', true)`
  const count = async (setting?: string) => {
    await client.query('begin')
    await client.query(become)
    if (setting !== undefined) await client.query(`select set_config('tenantry.rows', $1, true)`, [setting])
    const { rows } = await client.query<{ n: number }>('select count(*)::int as n from shop_v1.orders')
    await client.query('rollback')
    return rows[0]?.n
  }
  try {
    assert.equal(await count(), 0)
    assert.equal(await count('{"shop@1.orders read *"}'), 2)
    assert.equal(await count(), 0, 'the empty text that a local setting leaves behind')
    assert.equal(await count('{"shop@1.orders read created_by"}'), 1)
    assert.equal(await count('{"shop@1.profiles read *","shop@1.orders write *"}'), 0)
    await client.query('begin')
    await client.query(become)
    await client.query(
      `select set_config('tenantry.rows', '{"shop@1.orders read *","shop@1.orders write assignee"}', true)`,
    )
    const { rowCount } = await client.query(`update shop_v1.orders set title = 'x'`)
    assert.equal(rowCount, 0)
    assert.equal((await client.query('delete from shop_v1.orders')).rowCount, 0)
    await assert.rejects(client.query(`insert into shop_v1.orders (title, assignee) values ('x', 'bob')`), /row-level/)
    await client.query('rollback')
  } finally {
    await client.end()
  }
})

test('own rows are found by an index, whoever else has rows', async () => {
  await fill('ann')
  await world.database.query(
    `insert into shop_v1.orders (tenant_id, title) select 'acme', 'other ' || n from generate_series(1, 20000) n`,
  )
  await world.database.query('analyze shop_v1.orders')
  const started = performance.now()
  assert.deepEqual(await titles(as('ann', 'customer')), ['ann'])
  const [stats] = await world.database.query<{ sql: string }>(
    `select indexdef as sql from pg_indexes where indexname = 'orders_created_by_own'`,
  )
  assert.match(stats?.sql ?? '', /\(tenant_id, created_by, id\)/)
  assert.ok(performance.now() - started < 1_000)
})
