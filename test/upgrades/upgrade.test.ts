// F7.4: upgrades of a tenant and the way back.
import assert from 'node:assert/strict'
import { existsSync, readdirSync } from 'node:fs'
import { basename, dirname } from 'node:path'
import { after, before, test } from 'node:test'
import pg from 'pg'
import { TenantryError } from '../../src/core/errors.ts'
import { jsonOf } from '../http/client.ts'
import type { OpenProduct } from '../http/open-product.ts'
import { wholeOnly } from '../whole.ts'
import { runTraffic } from './traffic.ts'
import { impossible, openWorld } from './world.ts'

let product: OpenProduct
const tokens = new Map<string, string>()
before(async () => {
  product = await openWorld()
  for (const tenant of ['acme', 'globex']) tokens.set(tenant, await product.token(tenant))
})
after(() => product?.close())

const ann = '0197a000-0000-7000-8000-00000000000a'
const bob = '0197a000-0000-7000-8000-00000000000b'

async function ask(tenant: string, path: string, body?: unknown, method?: string, headers = {}) {
  const token = tokens.get(tenant) ?? (await product.token(tenant))
  tokens.set(tenant, token)
  return product.ask(`/${tenant}/${path}`, {
    token,
    ...(body === undefined ? {} : { body }),
    ...(method && { method }),
    headers,
  })
}

async function rowsAt(tenant: string, path: string): Promise<Record<string, unknown>[]> {
  const answer = await ask(tenant, path)
  assert.equal(answer.status, 200, answer.text)
  return jsonOf<Record<string, unknown>[]>(answer)
}

/** A new tenant on the old majors, with rows like every other's: same keys, its own texts. */
async function newTenant(key: string): Promise<string> {
  await product.platform.operations.addTenant({ key, subscribe: ['people@1', 'orders@1'] })
  await fill(key)
  return key
}

async function fill(key: string): Promise<void> {
  const place = '0197a000-0000-7000-8000-000000000001'
  const posts: [string, unknown][] = [
    ['geography/v1/places', { id: place, title: `Place of ${key}` }],
    [
      'people/v1/people',
      [
        // They name each other in a circle, one by one.
        { id: ann, title: `Ann ${key}`, email: 'ann@x', place_id: place, nickname: 'A' },
        { id: bob, title: `Bob van ${key}`, email: 'bob@x', friend_id: ann },
      ].map(row => ({ place_id: null, friend_id: null, nickname: null, ...row })),
    ],
    ['people/v1/notes', { text: `note of ${key}` }],
    ['orders/v1/orders', { title: `order of ${key}`, person_id: bob, amount: 12.5 }],
  ]
  for (const [path, body] of posts) {
    const answer = await ask(key, path, body)
    assert.equal(answer.status, 201, answer.text)
  }
  const more =
    '{"size":9007199254740993,"money":1234567890123456.7891,"details":{"big":12345678901234567890.5},"photo":"\\\\x00ff"}'
  assert.equal((await ask(key, `people/v1/people?id=eq.${ann}`, more, 'PATCH')).status, 204)
  await ask(key, `people/v1/people?id=eq.${ann}`, { friend_id: bob }, 'PATCH')
  await product.database.query(
    `insert into people_v1.meters (tenant_id, instance_id, title) values ($1, 'north', 'm'), ($1, 'south', 'm')`,
    [key],
  )
}

/** All rows of a tenant in a table as PostgreSQL shows them. */
async function texts(tenant: string, table: string): Promise<string[]> {
  const rows = await product.database.query<{ text: string }>(
    `select t::text as text from ${table} t where tenant_id = $1 order by 1`,
    [tenant],
  )
  return rows.map(({ text }) => text)
}

const tables = ['people_v1.people', 'people_v1.meters', 'people_v1.notes', 'orders_v1.orders']
const snapshot = async (tenant: string) => Promise.all(tables.map(table => texts(tenant, table)))

function refusal(code: string, text: RegExp) {
  return (error: unknown) =>
    error instanceof TenantryError &&
    error.code === code &&
    text.test(`${error.message}\n${error.details}\n${error.hint}`)
}

test('a second way up is no slower: pages that the first has left are given back before', {
  skip: wholeOnly,
}, async () => {
  const tenant = await newTenant('again')
  const { operations } = product.platform
  const pages = () =>
    product.database.query(
      `select count(*)::int as stale from pg_class where relnamespace = 'orders_v2'::regnamespace and relkind = 'r' and reltuples = 0 and relpages > 0`,
    )
  await operations.upgradeTenant(tenant, 'people@2')
  await operations.rollbackUpgrade(tenant, 'people@2')
  await product.database.query('analyze orders_v2.orders')
  assert.deepEqual(await pages(), [{ stale: 1 }])
  const other = await newTenant('again-too')
  await Promise.all([tenant, other].map(key => operations.upgradeTenant(key, 'people@2')))
  assert.deepEqual(await pages(), [{ stale: 0 }])
  const titles = await Promise.all([tenant, other].map(key => rowsAt(key, 'orders/v2/orders?select=title')))
  assert.deepEqual(titles, [[{ title: 'order of again' }], [{ title: 'order of again-too' }]])
})

test('an upgrade carries rows over with their keys, times, authors and revisions, and dependents along', async () => {
  await newTenant('north')
  await fill('globex')
  const others = await snapshot('globex')
  const before = await rowsAt('north', 'people/v1/people?order=id')

  const plan = await product.platform.operations.planUpgrade('north', 'people@2')
  assert.deepEqual(plan.pairs, [
    { from: 'people@1', to: 'people@2' },
    { from: 'orders@1', to: 'orders@2' },
  ])
  assert.deepEqual(plan.after, ['orders@2', 'people@2'])
  const record = await product.platform.operations.upgradeTenant('north', 'people@2')
  assert.deepEqual(record.rows, { 'people@2.people': 2, 'people@2.meters': 2, 'orders@2.orders': 1 })

  const after = await rowsAt('north', 'people/v2/people?order=id')
  const kept = [
    'id',
    'email',
    'place_id',
    'friend_id',
    'created_at',
    'updated_at',
    'created_by',
    'updated_by',
    'revision',
  ]
  const parts = (rows: Record<string, unknown>[]) => rows.map(row => kept.map(name => row[name]))
  assert.deepEqual(parts(after), parts(before))
  assert.deepEqual(
    after.map(({ first_name, last_name, level }) => [first_name, last_name, level]),
    [
      ['Ann', 'north', 3],
      ['Bob', 'van north', 3],
    ],
  )
  const exact = await ask('north', `people/v2/people?id=eq.${ann}&select=size,money,details,photo`)
  assert.equal(
    exact.text,
    '[{"size":9007199254740993,"money":1234567890123456.7891,"details":{"big": 12345678901234567890.5},"photo":"\\\\x00ff"}]',
  )
  const [order] = await rowsAt('north', 'orders/v2/orders?select=title,people(first_name)')
  assert.deepEqual(order, { title: 'order of north', people: { first_name: 'Bob' } })
  // The new major's seeds are there, as seeds: those that are only for trying out are not.
  assert.deepEqual(await rowsAt('north', 'orders/v2/kinds?select=title'), [{ title: 'plain' }])
  assert.deepEqual((await product.platform.operations.seedTenant('north', { force: true })).leftOut, [])
  assert.equal((await texts('north', 'people_v2.meters')).length, 2)

  // The old major is not there for it any more, and others notice nothing.
  assert.equal((await ask('north', 'people/v1/people')).status, 404)
  assert.deepEqual(await snapshot('globex'), others)
  assert.equal((await rowsAt('globex', 'people/v1/people')).length, 2)
  assert.equal((await ask('globex', 'people/v2/people')).status, 404)
})

test('without later writes the way back restores every row byte for byte', async () => {
  const tenant = await newTenant('back')
  const before = await snapshot(tenant)
  await product.platform.operations.upgradeTenant(tenant, 'people@2')
  assert.deepEqual(await snapshot(tenant), before)
  const record = await product.platform.operations.rollbackUpgrade(tenant, 'people@2')
  assert.equal(record.state, 'rolled_back')
  assert.deepEqual(await snapshot(tenant), before)
  for (const table of ['people_v2.people', 'people_v2.meters', 'orders_v2.orders'])
    assert.deepEqual(await texts(tenant, table), [], table)
  assert.equal((await ask(tenant, 'people/v1/notes', { text: 'again' })).status, 201)
  // And forth again.
  assert.equal((await product.platform.operations.upgradeTenant(tenant, 'people@2')).state, 'upgraded')
})

test('the way back keeps what was written meanwhile, and only that is carried', async () => {
  const tenant = await newTenant('keeper')
  const [, meters, notes] = await snapshot(tenant)
  await product.platform.operations.upgradeTenant(tenant, 'people@2')
  const cid = '0197a000-0000-7000-8000-00000000000c'
  const writes: [string, unknown, string][] = [
    [`people/v2/people?id=eq.${ann}`, { last_name: 'Changed', details: { n: 1 } }, 'PATCH'],
    ['people/v2/people', { id: cid, first_name: 'Cid', email: 'cid@x', friend_id: ann }, 'POST'],
    ['orders/v2/orders', { title: 'late', person_id: cid }, 'POST'],
  ]
  for (const [path, body, method] of writes) {
    const answer = await ask(tenant, path, body, method)
    assert.ok(answer.status < 300, answer.text)
  }
  // A purge takes the order along; places belong to no major of people.
  assert.equal((await ask(tenant, `people/v2/people?id=eq.${ann}`, { friend_id: null }, 'PATCH')).status, 204)
  assert.equal(
    (await ask(tenant, `people/v2/people?id=eq.${bob}`, undefined, 'DELETE', { prefer: 'purge' })).status,
    204,
  )
  assert.equal((await ask(tenant, 'geography/v1/places', undefined, 'DELETE')).status, 204)
  const written = await rowsAt(
    tenant,
    'people/v2/people?order=id&select=id,revision,updated_at,size:size::text,money:money::text',
  )

  await product.platform.operations.rollbackUpgrade(tenant, 'people@2')
  const rows = await rowsAt(tenant, 'people/v1/people?order=id')
  assert.deepEqual(
    rows.map(({ id, title, place_id, friend_id, nickname }) => ({ id, title, place_id, friend_id, nickname })),
    [
      { id: ann, title: 'Ann Changed', place_id: null, friend_id: null, nickname: null },
      { id: cid, title: 'Cid', place_id: null, friend_id: ann, nickname: null },
    ],
  )
  assert.deepEqual(
    await rowsAt(tenant, 'people/v1/people?order=id&select=id,revision,updated_at,size:size::text,money:money::text'),
    written,
  )
  const titles = await rowsAt(tenant, 'orders/v1/orders?select=title')
  assert.deepEqual(titles, [{ title: 'late' }])
  assert.deepEqual([await texts(tenant, 'people_v1.meters'), await texts(tenant, 'people_v1.notes')], [meters, notes])
})

test('while a tenant is being upgraded its writes are 503 with Retry-After, its reads and all others go on', async () => {
  const tenant = await newTenant('busy')
  const client = new pg.Client(product.database.target)
  await client.connect()
  try {
    await client.query(`begin; select pg_advisory_xact_lock(hashtextextended('tenantry upgrade busy', 0))`)
    const writes: [string, unknown, string][] = [
      ['people/v1/notes', { text: 'x' }, 'POST'],
      [`people/v1/people?id=eq.${ann}`, { nickname: 'x' }, 'PATCH'],
      ['orders/v1/orders?title=eq.none', undefined, 'DELETE'],
    ]
    for (const [path, body, method] of writes) {
      const answer = await ask(tenant, path, body, method)
      assert.deepEqual([answer.status, answer.headers['retry-after']], [503, '1'], path)
      assert.match(answer.text, /"tenant_upgrading"/)
      assert.ok((await ask('globex', path, body, method)).status < 300, path)
    }
    assert.equal((await rowsAt(tenant, 'people/v1/people')).length, 2)
    // Nothing of geography is taken over.
    assert.equal((await ask(tenant, 'geography/v1/places', { title: 'x' })).status, 201)
    // Who acts across tenants waits, too, and only for this one.
    const system = await product.token('system', { roles: ['service_admin'] })
    const across = (tenant_id: string) =>
      product.ask('/system/people/v1/notes', { token: system, body: { text: 'by the platform', tenant_id } })
    assert.deepEqual([(await across('busy')).status, (await across('globex')).status], [503, 201])
  } finally {
    await client.end()
  }
  assert.equal((await ask(tenant, 'people/v1/notes', { text: 'x' })).status, 201)
})

test('a tenant goes up and back under load: others see no error and no row of it, and nothing of its own is lost', async () => {
  const { operations } = product.platform
  await operations.addTenant({ key: 'moving', subscribe: ['people@1', 'orders@1'] })
  await operations.addTenant({ key: 'modern', subscribe: ['people@2', 'orders@2'] })
  const end = performance.now() + Number(process.env.TENANTRY_TEST_UPGRADE_SECONDS ?? 1.5) * 1_000
  let ended = false
  let moves = 0
  const moving = (async () => {
    for (; moves < 4 || performance.now() < end; moves += 2) {
      await operations.upgradeTenant('moving', 'people@2')
      await operations.rollbackUpgrade('moving', 'people@2')
    }
    ended = true
  })()
  const until = () => ended
  const traffic = await Promise.all([
    ...(['a', 'b', 'c'] as const).map(name => runTraffic(ask, { tenant: 'moving', major: 'either', name, until })),
    ...(['d', 'e'] as const).map(name => runTraffic(ask, { tenant: 'globex', major: 1, name, until })),
    runTraffic(ask, { tenant: 'modern', major: 2, name: 'f', until }),
    moving,
  ])
  const own = traffic.flatMap(part => part ?? []).slice(0, 3)
  const sum = (of: 'writes' | 'refused' | 'elsewhere') => own.reduce((total, part) => total + part[of], 0)
  assert.ok(sum('writes') > 0 && sum('refused') + sum('elsewhere') > 0, JSON.stringify([moves, own]))
})

test('an upgrade waits for writes that are under way, and what they wrote comes along', async () => {
  const tenant = await newTenant('late')
  const { modules, postgres } = product.platform
    ? { modules: product.platform.product.modules, postgres: product.platform.postgres }
    : assert.fail()
  const { TenantData } = await import('../../src/core/tenant-data.ts')
  const { createContext } = await import('../../src/testing/context.ts')
  const data = new TenantData(
    createContext(modules, tenant, { subscriptions: ['people@1', 'orders@1'] }),
    modules,
    postgres.datasource,
  )
  const notes = modules.get('orders@1').entities[0]?.definition ?? assert.fail()
  let upgrading: Promise<unknown> | undefined
  await data.transaction(async inside => {
    await inside.insert(notes, { title: 'under way', person_id: ann } as never)
    upgrading = product.platform.operations.upgradeTenant(tenant, 'people@2')
    const early = await Promise.race([upgrading, new Promise(resolve => setTimeout(resolve, 300, 'waits'))])
    assert.equal(early, 'waits')
  })
  await upgrading
  const titles = await rowsAt(tenant, 'orders/v2/orders?order=title&select=title')
  assert.deepEqual(titles, [{ title: 'order of late' }, { title: 'under way' }])
})

test('the old rows of an open upgrade cannot be written by anything that still knows the old major', async () => {
  const tenant = await newTenant('frozen')
  await product.platform.operations.upgradeTenant(tenant, 'people@2')
  const system = await product.token('system', { roles: ['service_admin'] })
  const before = await snapshot(tenant)
  const answer = await product.ask(`/system/people/v1/people?id=eq.${ann}&tenant_id=eq.${tenant}`, {
    token: system,
    method: 'PATCH',
    body: { nickname: 'x' },
  })
  assert.ok([400, 503].includes(answer.status), answer.text)
  const all = await product.ask('/system/people/v1/people?email=eq.bob@x', {
    token: system,
    method: 'PATCH',
    body: { nickname: 'x' },
  })
  assert.equal(all.status, 503, all.text)
  assert.deepEqual(await snapshot(tenant), before)
  await assert.rejects(product.platform.operations.subscribe(tenant, 'people@1'), refusal('conflict', /not confirmed/))
})

test('what would lose its references is named, and nothing is changed', async () => {
  const tenant = await newTenant('stranded')
  await product.platform.operations.subscribe(tenant, 'visits@1')
  const before = await snapshot(tenant)
  await assert.rejects(
    product.platform.operations.upgradeTenant(tenant, 'people@2'),
    refusal('conflict', /visits@1 depends on people@1, and no newer major of it on people@2/),
  )
  assert.deepEqual(await snapshot(tenant), before)
  await product.platform.operations.unsubscribe(tenant, 'visits@1')
  await product.platform.operations.upgradeTenant(tenant, 'people@2')
  await product.platform.operations.subscribe(tenant, 'badges@1')
  await assert.rejects(
    product.platform.operations.rollbackUpgrade(tenant, 'people@2'),
    refusal('conflict', /badges@1 depends on people@2/),
  )
})

test('what came along with a new major ends with it, unless its rows name those that would go', async () => {
  const { operations } = product.platform
  for (const key of ['guided', 'guided-too'])
    await operations.addTenant({ key, subscribe: ['people@1', 'orders@1', 'trips@1'] })
  const tenant = 'guided'
  await fill(tenant)
  const before = await snapshot(tenant)
  for (const key of [tenant, 'guided-too']) await operations.upgradeTenant(key, 'people@2')
  const route = await ask(tenant, 'routes/v1/routes', { guide_id: ann }, 'POST', { prefer: 'return=representation' })
  assert.equal(route.status, 201, route.text)
  await assert.rejects(
    operations.rollbackUpgrade(tenant, 'people@2'),
    refusal('conflict', /routes_v1\.routes\.guide_id names rows of people_v2\.people/),
  )
  assert.equal((await rowsAt(tenant, 'routes/v1/routes')).length, 1)
  assert.deepEqual((await operations.rollbackUpgrade('guided-too', 'people@2')).state, 'rolled_back')
  assert.equal((await ask(tenant, `routes/v1/routes?guide_id=eq.${ann}`, undefined, 'DELETE')).status, 204)
  await operations.rollbackUpgrade(tenant, 'people@2')
  assert.deepEqual(await snapshot(tenant), before)
  assert.equal((await ask(tenant, 'routes/v1/routes')).status, 404)
  assert.equal((await rowsAt(tenant, 'people/v1/people')).length, 2)
})

test('confirming takes no rows along that a subscription left which ended before', async () => {
  const tenant = await newTenant('left')
  const { operations } = product.platform
  await operations.unsubscribe(tenant, 'orders@1')
  const left = await texts(tenant, 'orders_v1.orders')
  assert.equal(left.length, 1)
  await operations.upgradeTenant(tenant, 'people@2')
  await assert.rejects(
    operations.confirmUpgrade(tenant, 'people@2'),
    refusal('conflict', /orders_v1\.orders\.person_id names rows of people_v1\.people(.|\n)*purge/),
  )
  assert.deepEqual(await texts(tenant, 'orders_v1.orders'), left)
  await operations.purgeModule(tenant, 'orders@1')
  const { state, archive } = await operations.confirmUpgrade(tenant, 'people@2')
  assert.equal(state, 'confirmed')
  const archives = readdirSync(dirname(archive)).filter(name => /^left-\d/.test(name))
  assert.equal(archives.length, 2, "what was refused has left none: there are the purge's and this one")
  assert.ok(archives.includes(basename(archive)))
})

test('nor those of a module that the product has no more', async () => {
  const tenant = await newTenant('left-over')
  await product.database.query(`create schema gone_v1; grant usage on schema gone_v1 to public;
    create table gone_v1.pets (tenant_id text, id uuid default gen_random_uuid(), person_id uuid,
      foreign key (tenant_id, person_id) references people_v1.people (tenant_id, id) on delete cascade);
    grant select on gone_v1.pets to public`)
  await product.database.query('insert into gone_v1.pets (tenant_id, person_id) values ($1, $2)', [tenant, ann])
  await product.platform.operations.upgradeTenant(tenant, 'people@2')
  const confirming = () => product.platform.operations.confirmUpgrade(tenant, 'people@2')
  await assert.rejects(confirming(), refusal('conflict', /gone_v1\.pets\.person_id names rows of people_v1\.people/))
  assert.equal((await texts(tenant, 'gone_v1.pets')).length, 1)
  const other = await newTenant('left-over-too')
  await product.platform.operations.upgradeTenant(other, 'people@2')
  assert.equal((await product.platform.operations.confirmUpgrade(other, 'people@2')).state, 'confirmed')
  await product.database.query('drop schema gone_v1 cascade')
  assert.equal((await confirming()).state, 'confirmed')
})

test('a step that fails for one row names it and changes nothing', async () => {
  const tenant = await newTenant('failing')
  assert.equal((await ask(tenant, `people/v1/people?id=eq.${bob}`, { title: impossible }, 'PATCH')).status, 204)
  const before = await snapshot(tenant)
  await assert.rejects(
    product.platform.operations.upgradeTenant(tenant, 'people@2'),
    refusal('conflict', new RegExp(`there is no name in it(.|\\n)*${bob}`)),
  )
  assert.deepEqual(await snapshot(tenant), before)
  assert.deepEqual(await texts(tenant, 'people_v2.people'), [])
  assert.equal((await ask(tenant, 'people/v1/notes', { text: 'goes on' })).status, 201)
})

test('confirming archives the old rows and removes them; then there is no way back', async () => {
  const tenant = await newTenant('sure')
  await product.platform.operations.upgradeTenant(tenant, 'people@2')
  const others = await snapshot('globex')
  const { archive, state } = await product.platform.operations.confirmUpgrade(tenant, 'people@2')
  assert.equal(state, 'confirmed')
  assert.ok(existsSync(archive))
  assert.deepEqual(await snapshot(tenant), [[], [], [], []])
  assert.equal((await rowsAt(tenant, 'people/v2/people')).length, 2)
  assert.deepEqual(await snapshot('globex'), others)
  await assert.rejects(
    product.platform.operations.rollbackUpgrade(tenant, 'people@2'),
    refusal('not_found', /no open upgrade/),
  )
  const left = await product.database.query('select 1 from tenantry.upgrade_prints where tenant_id = $1', [tenant])
  assert.deepEqual(left, [])
})

test('what is written where the tenant was, by who has not heard that it went, is refused and not lost', async () => {
  const tenant = await newTenant('away')
  const { operations } = product.platform
  const system = await product.token('system', { roles: ['service_admin'] })
  /** The only one who may name a major that the tenant does not run, as a node that is behind would. */
  const late = async (major: 1 | 2, email: string, tenant_id = tenant) => {
    const body = { tenant_id, email, ...(major === 1 ? { title: 'late' } : { first_name: 'late' }) }
    return (await product.ask(`/system/people/v${major}/people`, { token: system, body })).status
  }
  await operations.upgradeTenant(tenant, 'people@2')
  assert.equal(await late(1, 'one@x'), 503)
  await operations.rollbackUpgrade(tenant, 'people@2')
  assert.equal(await late(2, 'two@x'), 503)
  assert.equal(await late(2, 'two@x', 'globex'), 201, 'others are where they were')
  await product.database.query(`delete from people_v2.people where tenant_id = 'globex'`)
  await operations.upgradeTenant(tenant, 'people@2')
  await operations.confirmUpgrade(tenant, 'people@2')
  assert.equal(await late(1, 'three@x'), 503)
  await operations.purgeModule(tenant, 'people@1')
  await operations.subscribe(tenant, 'people@1')
  assert.equal((await ask(tenant, 'people/v1/people', { title: 'Back', email: 'back@x' })).status, 201)
  assert.equal((await ask(tenant, 'people/v2/people', { first_name: 'Here', email: 'here@x' })).status, 201)
})

test('a tenant with an open upgrade can be removed', async () => {
  const tenant = await newTenant('leaving')
  await product.platform.operations.upgradeTenant(tenant, 'people@2')
  await product.platform.operations.removeTenant(tenant)
  assert.deepEqual(await snapshot(tenant), [[], [], [], []])
  assert.deepEqual(await texts(tenant, 'people_v2.people'), [])
  const [open] = await product.platform.operations.listUpgrades({ tenant })
  assert.equal(open?.state, 'removed')
})

test('over HTTP the same is done by the platform and recorded, and by nobody else', async () => {
  const tenant = await newTenant('remote')
  const system = await product.token('system', { roles: ['service_admin'] })
  const auditor = await product.token('system', { roles: ['service_auditor'] })
  const post = (path: string, token: string | undefined, body: unknown = {}) =>
    product.ask(`/-/tenants/${tenant}/upgrades${path}`, { ...(token && { token }), body })
  const dry = await post('', system, { module: 'people@2', dryRun: true })
  assert.equal(dry.status, 200, dry.text)
  assert.equal((await rowsAt(tenant, 'people/v1/people')).length, 2)
  for (const [token, status] of [
    [undefined, 401],
    [tokens.get(tenant), 403],
    [auditor, 403],
  ] as const)
    assert.equal((await post('', token, { module: 'people@2' })).status, status)
  assert.equal((await post('', system, { module: 'people@2' })).status, 201)
  assert.equal((await post('', system, { module: 'people@2' })).status, 409)
  assert.equal((await post('/people@2/rollback', system)).status, 200)
  const list = await product.ask(`/-/upgrades?tenant=${tenant}`, { token: auditor })
  assert.deepEqual(
    jsonOf<{ state: string }[]>(list).map(({ state }) => state),
    ['rolled_back'],
  )
  const acts = await product.platform.audit.acts({ tenant, limit: 10 })
  assert.deepEqual(
    acts
      .filter(({ verb, via }) => via === 'token' && /upgrade|rollback/.test(verb))
      .map(({ verb, target, outcome }) => [verb, target, outcome]),
    [
      ['tenant.rollback', 'people@2', 'done'],
      ['tenant.rollback', 'people@2', 'begun'],
      ['tenant.upgrade', 'people@2', 'conflict'],
      ['tenant.upgrade', 'people@2', 'begun'],
      ['tenant.upgrade', 'people@2', 'done'],
      ['tenant.upgrade', 'people@2', 'begun'],
    ],
  )
})

test('rows that an earlier subscription left in the new major refuse an upgrade, until they are purged', async () => {
  const tenant = await newTenant('twice')
  const { operations } = product.platform
  await operations.subscribe(tenant, 'people@2')
  const left = await ask(tenant, 'people/v2/people', { first_name: 'Left', email: 'left@x' })
  assert.equal(left.status, 201, left.text)
  await assert.rejects(operations.purgeModule(tenant, 'people@2'), refusal('conflict', /runs people@2/))
  await operations.unsubscribe(tenant, 'people@2')
  await assert.rejects(operations.upgradeTenant(tenant, 'people@2'), refusal('conflict', /has rows in people@2.people/))
  const others = await snapshot('globex')
  const { archive, rows } = await operations.purgeModule(tenant, 'people@2')
  assert.ok(existsSync(archive))
  assert.equal(rows['people@2.people'], 1)
  assert.equal((await operations.upgradeTenant(tenant, 'people@2')).state, 'upgraded')
  await assert.rejects(operations.purgeModule(tenant, 'people@1'), refusal('conflict', /not confirmed/))
  assert.deepEqual(await snapshot('globex'), others)
})
