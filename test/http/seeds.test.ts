// F9.1 and F9.2: seeds.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, beforeEach, describe, test } from 'node:test'
import { defineModule } from '../../src/app/define-module.ts'
import { entity } from '../../src/core/entity.ts'
import { array, decimal, integer, json, reference, text, timestamp } from '../../src/core/field.ts'
import { seed } from '../../src/core/module.ts'
import type { SeedReport, SeedWish } from '../../src/core/seeds.ts'
import { jsonOf } from './client.ts'
import { type OpenProduct, openProduct } from './open-product.ts'

const idOf = (number: number) => `00000000-0000-7000-8000-${String(number).padStart(12, '0')}`
const access = { admin: 'tenant_writer' } as const

const units = entity(
  'units',
  {
    code: text(),
    title: text(),
    size: decimal(8, 2).default('1'),
    since: timestamp().optional(),
    tags: array(text()).default([]),
    data: json().optional(),
    once: text().writeOnce().optional(),
    secret: text().optional().hidden(),
  },
  { access, revision: true, softDelete: true, unique: [['code']] },
)
const goods = entity(
  'goods',
  {
    title: text(),
    number: integer({ min: 1 }),
    unit_id: reference(() => units),
    parent_id: reference('goods').optional(),
  },
  { access, unique: [['number']] },
)
const orders = entity(
  'orders',
  { goods_id: reference(() => goods, { onDelete: 'cascade' }), title: text() },
  { access },
)
const places = entity('places', { title: text() }, { access, instanced: true })
const recipes = entity('recipes', { title: text() }, { access, shareWith: true })

/** Given in an order in which they cannot be inserted. */
const goodsSeeds = [
  seed(goods, [{ id: idOf(12), title: 'A test', number: 12, unit_id: idOf(1) }], { temporary: true }),
  seed(goods, [
    { id: idOf(10), title: 'Rice', number: 10, unit_id: idOf(1), parent_id: idOf(11) },
    { id: idOf(11), title: 'Food', number: 11, unit_id: idOf(1) },
  ]),
]
const unitSeeds = [
  seed(units, [
    {
      ...{ id: idOf(1), code: 'kg', title: 'Kilogram', size: '1.50', since: '2026-01-31T12:00:00Z' },
      ...{ tags: ['a "b"', 'c'], data: { iso: true }, once: 'first', secret: 'canary' },
    },
  ]),
  seed(units, [{ code: 'l', title: 'Litre', once: null }], { by: ['code'] }),
]
const stock = defineModule({
  name: 'stock',
  version: '2.0.0',
  public: true,
  entities: [goods, units, orders, places, recipes],
  seeds: [
    ...goodsSeeds,
    ...unitSeeds,
    seed(places, [{ id: idOf(1), title: 'Hall', instance_id: 'eu' }]),
    seed(recipes, [{ id: idOf(1), title: 'Soup' }]),
  ],
})
const shop = defineModule({
  name: 'shop',
  version: '1.0.0',
  dependsOn: ['stock@2'],
  entities: [entity('shelves', { title: text(), unit_id: reference(() => units) }, { access })],
})
/** Its second row is right alone and wrong beside the first; its third is wrong by itself. */
const broken = defineModule({
  name: 'broken',
  version: '1.0.0',
  entities: [entity('things', { title: text({ max: 5 }), size: integer() }, { access })],
})
const things = broken.entities[0] ?? assert.fail()
const wrong = defineModule({
  ...broken,
  seeds: [
    seed(things, [{ id: idOf(1), title: 'one', size: 1 }] as never),
    seed(things, [
      { id: idOf(2), title: 'two much', size: 1 },
      { title: 'x', size: 1 },
      { id: idOf(3), title: 'x', size: 'many', more: 1 },
      { id: idOf(1), title: 'x', size: 1 },
    ] as never),
  ],
})
const strandedItems = entity('items', { name: text(), of_id: reference('items').optional() }, { access })
const stranded = defineModule({
  name: 'stranded',
  version: '1.0.0',
  entities: [strandedItems],
  seeds: [
    seed(strandedItems, [
      { id: idOf(1), name: 'here' },
      { id: idOf(2), name: 'lost', of_id: idOf(99) },
    ]),
  ],
})

let product: OpenProduct
let admin: string
const tokens: Record<string, string> = {}
let number = 0
/** A new tenant for each test, and one beside it that has the same. */
let tenant = ''

before(async () => {
  product = await openProduct({
    modules: [stock, shop, wrong, stranded],
    tenants: [{ key: 'globex', subscribe: ['stock@2'] }],
  })
  admin = await product.token('system', { roles: ['service_admin'] })
  tokens.globex = await product.token('globex')
})
beforeEach(async () => {
  tenant = `acme-${++number}`
  await product.platform.operations.addTenant({ key: tenant, subscribe: ['stock@2'] })
  tokens[tenant] = await product.token(tenant)
})
after(() => product?.close())

const post = (path: string, body?: unknown, token = admin) =>
  product.ask(path, { method: 'POST', token, ...(body !== undefined && { body }) })
const seeds = async (wish: SeedWish = {}) => {
  const answer = await post(`/-/tenants/${tenant}/seeds`, wish)
  assert.equal(answer.status, 200, answer.text)
  return jsonOf<SeedReport & Record<string, unknown>>(answer)
}
const rest = (method: string, path: string, body?: unknown) =>
  product.ask(`/${tenant}/stock/v2/${path}`, {
    method,
    token: tokens[tenant] ?? '',
    body,
    headers: { prefer: 'purge' },
  })
const rowsOf = async (name: string, of = tenant) =>
  product.database.query(`select * from stock_v2.${name} where tenant_id = $1 order by id`, [of])
const totals = ({ seeds }: SeedReport) =>
  (['inserted', 'updated', 'restored', 'unchanged'] as const).map(name =>
    seeds.reduce((sum, each) => sum + each[name], 0),
  )

describe('the seeds of a module', () => {
  test('are there after subscribing, each after what it names; the temporary ones when asked for', async () => {
    assert.deepEqual((await rowsOf('units')).map(({ code }) => code).sort(), ['kg', 'l'])
    assert.deepEqual(
      (await rowsOf('goods')).map(({ title }) => title),
      ['Rice', 'Food'],
    )
    assert.equal((await rowsOf('places'))[0]?.instance_id, 'eu')
    const report = await seeds({ temporary: true })
    assert.deepEqual([totals(report), report.leftOut], [[1, 0, 0, 6], []])
    assert.deepEqual((await rowsOf('goods')).length, 3)
    assert.deepEqual((await rowsOf('goods', 'globex')).length, 2)
  })

  test('run twice change nothing, forced or not, and neither in another tenant', async () => {
    await seeds({ temporary: true })
    const all = async () => [
      await rowsOf('units'),
      await rowsOf('goods'),
      await rowsOf('places'),
      await rowsOf('units', 'globex'),
    ]
    const before = await all()
    for (const wish of [{}, { temporary: true }, { force: true, temporary: true }, { module: 'stock@2' }]) {
      const report = await seeds(wish)
      assert.deepEqual(totals(report).slice(0, 3), [0, 0, 0], JSON.stringify(wish))
      assert.deepEqual(await all(), before)
    }
    assert.deepEqual((await product.platform.operations.subscribe(tenant, 'shop@1')).leftOut, undefined)
    assert.deepEqual(await all(), before)
  })

  test("leave a row of the tenant's own as it is, also with the same key, and report it", async () => {
    const own = `fresh-${number}`
    const { operations } = product.platform
    await operations.addTenant({
      key: own,
      rows: [
        seed(units, [
          { id: idOf(1), code: 'own', title: 'Mine' },
          { code: 'l', title: 'Lot' },
        ]),
      ],
    })
    const { leftOut } = await operations.subscribe(own, 'stock@2')
    assert.deepEqual(leftOut, [
      { entity: 'stock@2.units', key: `id ${idOf(1)}`, reason: 'own' },
      { entity: 'stock@2.units', key: 'code l', reason: 'own' },
    ])
    const forced = await operations.seedTenant(own, { force: true })
    assert.equal(forced.leftOut.length, 2)
    assert.deepEqual((await rowsOf('units', own)).map(({ title, revision }) => [title, revision]).sort(), [
      ['Lot', 1],
      ['Mine', 1],
    ])
  })

  test('report what is taken by another unique field, and add the rest', async () => {
    const own = `taken-${number}`
    const { operations } = product.platform
    await operations.addTenant({ key: own, rows: [seed(units, [{ code: 'kg', title: 'Mine' }])] })
    await assert.rejects(operations.subscribe(own, 'stock@2'), ({ code, reason, details }: Record<string, string>) => {
      assert.deepEqual([code, reason], ['invalid', 'seeds_invalid'])
      assert.match(details ?? '', /^stock@2\.goods row 1 \(0{8}-.*10\): "unit_id" names no row that is there\n/)
      assert.match(details ?? '', /\nstock@2\.units id 0{8}-.*01: left out, taken$/)
      return true
    })
    assert.deepEqual((await rowsOf('units', own)).length, 1, 'nothing is half-seeded')
    await operations.addRows(own, [seed(units, [{ id: idOf(1), code: 'own', title: 'Mine too' }])])
    const report = await operations.seedTenant(own, {})
    assert.deepEqual(
      report.leftOut.map(({ reason }) => reason),
      ['own'],
    )
  })

  test('that the tenant has changed stay so, and become as they were when forced', async () => {
    const change = { title: 'Kilo', size: 2, tags: [], data: null, since: null }
    assert.equal((await rest('PATCH', `units?id=eq.${idOf(1)}`, change)).status, 204)
    assert.deepEqual(totals(await seeds()), [0, 0, 0, 6])
    assert.equal((await rowsOf('units'))[0]?.title, 'Kilo')
    const tried = await seeds({ force: true, dryRun: true })
    assert.deepEqual([tried.dryRun, totals(tried)], [true, [0, 1, 0, 5]])
    assert.equal((await rowsOf('units'))[0]?.title, 'Kilo')
    assert.deepEqual(totals(await seeds({ force: true })), [0, 1, 0, 5])
    // Written once, by the tenant.
    assert.equal((await rest('PATCH', 'units?code=eq.l', { once: 'ours' })).status, 204)
    assert.deepEqual(totals(await seeds({ force: true })), [0, 0, 0, 6])
    const [row] = await rowsOf('units')
    assert.deepEqual(
      [row?.title, row?.size, row?.tags, row?.data, row?.once, row?.revision],
      ['Kilogram', '1.50', ['a "b"', 'c'], { iso: true }, 'first', 3],
    )
  })

  test('that the tenant has deleted stay deleted, and come back when forced', async () => {
    assert.equal((await rest('DELETE', `goods?id=eq.${idOf(10)}`)).status, 204)
    await product.database.query(`update stock_v2.units set deleted_at = now() where tenant_id = $1 and code = 'l'`, [
      tenant,
    ])
    const { leftOut } = await seeds()
    assert.deepEqual(
      leftOut.map(({ key, reason }) => [key, reason]),
      [
        ['code l', 'deleted'],
        [`id ${idOf(10)}`, 'deleted'],
      ],
    )
    assert.equal((await rowsOf('goods')).length, 1)
    assert.deepEqual(totals(await seeds({ force: true })), [0, 0, 2, 4])
    assert.deepEqual([(await rowsOf('goods')).length, (await seeds()).leftOut], [2, []])
    assert.ok((await rowsOf('units')).every(({ deleted_at }) => deleted_at === null))
  })

  test("are not seen in the tenant's own row that took the place of a deleted one", async () => {
    await rest('DELETE', `goods?id=eq.${idOf(10)}`)
    const own = await rest('POST', 'goods', { id: idOf(10), title: 'My own', number: 77, unit_id: idOf(1) })
    assert.equal(own.status, 201, own.text)
    const { leftOut } = await seeds({ force: true })
    assert.deepEqual(leftOut, [{ entity: 'stock@2.goods', key: `id ${idOf(10)}`, reason: 'own' }])
    assert.equal((await rowsOf('goods'))[0]?.title, 'My own')
  })

  test('that an upgrade has carried over are seeded still', async () => {
    const { query } = product.database
    await seeds({ temporary: true })
    const toFirst = async () => {
      await query(`delete from tenantry.seeded where tenant_id = $1 and entity like 'stock@1%'`, [tenant])
      await query(`update tenantry.seeded set entity = replace(entity, 'stock@2', 'stock@1') where tenant_id = $1`, [
        tenant,
      ])
    }
    await toFirst()
    await query('delete from stock_v2.goods where tenant_id = $1 and id = $2', [tenant, idOf(10)])
    const { leftOut } = await seeds()
    assert.deepEqual(
      leftOut.map(({ key, reason }) => [key, reason]),
      [[`id ${idOf(10)}`, 'deleted']],
    )
    assert.deepEqual(totals(await seeds({ force: true, temporary: true })), [0, 0, 1, 6])
    await toFirst()
    assert.equal((await seeds()).leftOut.length, 0)
    // What was tried out in the first major, and is a main seed of the second.
    await query(`update tenantry.seeded set temporary = true where tenant_id = $1 and entity = 'stock@1.goods'`, [
      tenant,
    ])
    assert.deepEqual(jsonOf(await post(`/-/tenants/${tenant}/seeds/remove`)).removed, { 'stock@2.goods': 1 })
    assert.equal((await rowsOf('goods')).length, 2)
    const left = await query('select count(*)::int as n from tenantry.seeded where tenant_id = $1 and seed_key = $2', [
      tenant,
      JSON.stringify([idOf(12)]),
    ])
    assert.deepEqual(left, [{ n: 0 }])
  })

  test('that are temporary go together, and not when rows of the tenant name them', async () => {
    await seeds({ temporary: true })
    await rest('POST', 'orders', { goods_id: idOf(12), title: 'Mine' })
    const held = await post(`/-/tenants/${tenant}/seeds/remove`, {})
    assert.deepEqual(
      [held.status, jsonOf(held).details],
      [409, '1 of stock@2.orders by "goods_id", which names stock@2.goods'],
    )
    assert.equal((await rowsOf('goods')).length, 3)
    await rest('DELETE', 'orders?title=eq.Mine')
    const tried = await post(`/-/tenants/${tenant}/seeds/remove`, { dryRun: true })
    assert.deepEqual([jsonOf(tried).removed, (await rowsOf('goods')).length], [{ 'stock@2.goods': 1 }, 3])
    for (const removed of [{ 'stock@2.goods': 1 }, {}]) {
      assert.deepEqual(jsonOf(await post(`/-/tenants/${tenant}/seeds/remove`)).removed, removed)
      assert.equal((await rowsOf('goods')).length, 2)
    }
    assert.deepEqual(totals(await seeds({ temporary: true })), [1, 0, 0, 6])
  })

  test('are named with what is wrong with them, all at once, and none is added', async () => {
    const { operations } = product.platform
    await assert.rejects(operations.subscribe(tenant, 'broken@1'), ({ message, details }: Record<string, string>) => {
      assert.equal(message, 'The seeds of broken@1 have 5 faults, so none was added')
      assert.deepEqual(details?.split('\n'), [
        `broken@1.things row 1 (${idOf(2)}): "title" must have at most 5 characters`,
        'broken@1.things row 2 (): "id" is needed to tell it apart',
        `broken@1.things row 3 (${idOf(3)}): "more" is no field`,
        `broken@1.things row 3 (${idOf(3)}): "size" must be a whole number`,
        `broken@1.things row 4 (${idOf(1)}): has the key of another seed`,
      ])
      return true
    })
    await assert.rejects(operations.subscribe(tenant, 'stranded@1'), { reason: 'seeds_invalid' })
    const left = await product.database.query(
      `select (select count(*) from broken_v1.things) + (select count(*) from stranded_v1.items) as n,
        (select count(*) from tenantry.seeded where entity like 'stranded%' or entity like 'broken%') as markers`,
    )
    assert.deepEqual(left, [{ n: '0', markers: '0' }])
  })

  test('are not confused with what another tenant shares under the same key', async () => {
    const { operations } = product.platform
    const own = `sharing-${number}`
    await operations.createGroup(own)
    await operations.addTenant({ key: own })
    for (const member of [tenant, own]) await operations.addToGroup(own, member)
    const shared = await rest('PATCH', `recipes?id=eq.${idOf(1)}`, { shared_with: own })
    assert.equal(shared.status, 204, shared.text)
    const { leftOut } = await operations.subscribe(own, 'stock@2')
    assert.deepEqual([leftOut, (await rowsOf('recipes', own)).length], [undefined, 1])
  })

  test('are added once when several nodes do it at once', async () => {
    const key = `busy-${number}`
    await product.platform.operations.addTenant({ key })
    await product.platform.catalog.subscribe(key, 'stock@2')
    const reports = await Promise.all([1, 2, 3, 4].map(() => product.platform.operations.seedTenant(key, {})))
    assert.deepEqual(reports.map(report => totals(report)[0]).sort(), [0, 0, 0, 6])
    assert.ok(reports.every(({ leftOut }) => leftOut.length === 0))
  })

  test('are for the platform alone, recorded, and of a module that runs', async () => {
    const [asTenant, auditor] = [tokens[tenant] ?? '', await product.token('system', { roles: ['service_auditor'] })]
    for (const [path, token] of [
      [`/-/tenants/${tenant}/seeds`, asTenant],
      [`/-/tenants/${tenant}/seeds/remove`, asTenant],
      [`/-/tenants/${tenant}/seeds`, auditor],
      [`/-/tenants/${tenant}/seeds`, await product.token('globex')],
    ] as const)
      assert.equal((await post(path, {}, token)).status, 403, path)
    assert.equal((await post('/-/tenants/nobody/seeds', {})).status, 404)
    assert.equal((await post(`/-/tenants/${tenant}/seeds`, { module: 'shop@1' })).status, 409)
    assert.equal((await post(`/-/tenants/${tenant}/seeds`, { module: 'none@1' })).status, 404)
    assert.equal((await post(`/-/tenants/${tenant}/seeds`, { fast: true })).status, 400)
    assert.equal((await post('/-/tenants/system/seeds', {})).status, 409)
    await seeds({ force: true })
    const acts = await product.platform.audit.acts({ tenant, limit: 2 })
    assert.deepEqual(
      acts.map(({ verb, outcome, via }) => [verb, outcome, via]),
      [
        ['tenant.seed.force', 'done', 'token'],
        ['tenant.seed.force', 'begun', 'token'],
      ],
    )
  })

  test('are there again for a tenant that comes back to a module whose rows were purged', async () => {
    const { operations } = product.platform
    await operations.unsubscribe(tenant, 'stock@2')
    await operations.purgeModule(tenant, 'stock@2')
    const { leftOut } = await operations.subscribe(tenant, 'stock@2')
    assert.deepEqual([leftOut, (await rowsOf('goods')).length], [undefined, 2])
  })

  test('are not added twice where rows are brought back from an archive, and the temporary ones can be removed', async () => {
    const { operations } = product.platform
    await seeds({ temporary: true })
    await rest('DELETE', `units?code=eq.l`)
    const before = [await rowsOf('units'), await rowsOf('goods')]
    await operations.unsubscribe(tenant, 'stock@2')
    const { archive } = await operations.purgeModule(tenant, 'stock@2')
    assert.deepEqual(await rowsOf('goods'), [])
    await product.platform.catalog.subscribe(tenant, 'stock@2')
    const restore = async (entity: string, table: string) => {
      const text = readFileSync(join(archive, `${entity}.ndjson`), 'utf8')
      const rows = text.split('\n').flatMap(line => (line === '' ? [] : [{ ...JSON.parse(line), tenant_id: tenant }]))
      // As they were: no trigger says anew when they were made.
      await product.database.query(`alter table ${table} disable trigger user`)
      await product.database.query(`insert into ${table} select * from json_populate_recordset(null::${table}, $1)`, [
        JSON.stringify(rows),
      ])
      await product.database.query(`alter table ${table} enable trigger user`)
    }
    await restore('stock@2.units', 'stock_v2.units')
    await restore('stock@2.goods', 'stock_v2.goods')
    await restore('tenantry@1.seeded', 'tenantry.seeded')
    const report = await seeds({ temporary: true, module: 'stock@2' })
    const gone = report.leftOut.filter(({ entity }) => /units|goods/.test(entity))
    assert.deepEqual(gone, [{ entity: 'stock@2.units', key: 'code l', reason: 'deleted' }])
    assert.deepEqual([await rowsOf('units'), await rowsOf('goods')], before)
    const { removed } = await operations.deseedTenant(tenant, {})
    assert.equal(removed['stock@2.goods'], 1)
  })

  test('are forgotten with a tenant that is removed, and only its own', async () => {
    const count = async (of: string) =>
      (await product.database.query('select count(*)::int as n from tenantry.seeded where tenant_id = $1', [of]))[0]?.n
    const others = await count('globex')
    assert.ok(Number(await count(tenant)) > 0)
    await product.platform.operations.removeTenant(tenant)
    assert.deepEqual([await count(tenant), await count('globex')], [0, others])
  })
})
