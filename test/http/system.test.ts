// F1.6: the system tenant acts in one tenant or across all, and every act is recorded.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import pg from 'pg'
import { actAsSystem } from '../../src/app/act-as-system.ts'
import { defineModule } from '../../src/app/define-module.ts'
import { servingRoles } from '../../src/core/access-role.ts'
import type { RecordedAct } from '../../src/core/audit.ts'
import { entity } from '../../src/core/entity.ts'
import { noFeatures } from '../../src/core/features.ts'
import { decimal, reference, text } from '../../src/core/field.ts'
import { seed } from '../../src/core/module.ts'
import type { TenantContext } from '../../src/core/tenant-context.ts'
import { type Answer, jsonOf, type Question } from './client.ts'
import { type OpenProduct, openProduct } from './open-product.ts'

const access = {
  admin: 'tenant_writer',
  auditor: 'tenant_reader',
  service_admin: 'writer',
  service_auditor: 'reader',
} as const

const firms = entity(
  'firms',
  { name: text(), code: text().unique() },
  { revision: true, softDelete: true, authors: true },
)
const bills = entity('bills', {
  firm_id: reference(() => firms, { onDelete: 'cascade' }),
  total: decimal(12, 2).default('0'),
})
const rates = entity('rates', { code: text(), name: text() }, { key: ['code'], scope: 'global' })
/** The platform's people have no role here. */
const diaries = entity('diaries', { words: text() }, { access: { service_admin: 'none', service_auditor: 'none' } })
const meters = entity('meters', { title: text() }, { instanced: true })

const trade = defineModule({
  name: 'trade',
  version: '1.0.0',
  entities: [firms, bills, rates, diaries, meters],
  access,
  routes: app => {
    app.get('/whose', async ({ tenant }) => ({
      tenant: tenant.key,
      names: (await tenant.list(firms)).map(f => f.name),
    }))
  },
})

const one = '00000000-0000-7000-8000-000000000001'
const two = '00000000-0000-7000-8000-000000000002'
const canary = 'canary-of-globex'

let product: OpenProduct
let admin: string
let auditor: string
let acme: string
before(async () => {
  const tenant = (key: string, name: string) => ({
    key,
    subscribe: ['trade@1'],
    rows: [
      seed(firms, [{ id: one, name, code: 'one' }]),
      seed(bills, [{ id: one, firm_id: one, total: '1' }]),
      seed(diaries, [{ id: one, words: name }]),
    ],
  })
  product = await openProduct({
    modules: [trade],
    config: { allowRollback: true },
    tenants: [tenant('acme', 'acme one'), tenant('globex', canary)],
  })
  admin = await product.token('system', { roles: ['service_admin'], subject: 'anna@system' })
  auditor = await product.token('system', { roles: ['service_auditor'], subject: 'bob@system' })
  acme = await product.token('acme', { roles: ['admin', 'service_admin', 'service_auditor', 'writer', 'reader'] })
})
after(() => product.close())

const ask = (path: string, question?: Question) => product.ask(path, question)
const asAdmin = (path: string, question: Question = {}) => ask(path, { token: admin, ...question })
const asAuditor = (path: string, question: Question = {}) => ask(path, { token: auditor, ...question })
const representation = { prefer: 'return=representation' }
const rowsOf = (answer: Answer) => jsonOf<Record<string, unknown>[]>(answer)
const recorded = (filter = {}): Promise<readonly RecordedAct[]> =>
  product.platform.audit.acts({ limit: 1_000, ...filter })
const latest = async (filter = {}) => {
  const [act] = await recorded(filter)
  if (!act) throw new Error('nothing was recorded')
  const { id: _id, at: _at, requestId, ...rest } = act
  return { ...rest, hasRequest: requestId !== null }
}

describe('in one tenant', () => {
  test('an admin of the platform reads and writes there as if it were its own, and nowhere else', async () => {
    const list = await asAdmin('/acme/trade/v1/firms?select=*,bills(total)')
    assert.equal(list.status, 200, list.text)
    assert.deepEqual(
      rowsOf(list).map(({ name }) => name),
      ['acme one'],
    )
    assert.doesNotMatch(list.raw, /tenant_id|canary/)
    const added = await asAdmin('/acme/trade/v1/firms', {
      body: { name: 'by anna', code: 'anna' },
      headers: representation,
    })
    assert.equal(added.status, 201, added.text)
    assert.equal(rowsOf(added)[0]?.created_by, 'anna@system')
    const own = await ask('/acme/trade/v1/firms?code=eq.anna', { token: acme })
    assert.equal(rowsOf(own).length, 1)
    const others = await asAdmin('/globex/trade/v1/firms?code=eq.anna')
    assert.deepEqual(rowsOf(others), [])
    const gone = await asAdmin('/acme/rest/v1/firms?code=eq.anna', { method: 'DELETE' })
    assert.equal(gone.status, 204, gone.text)
  })

  test('an auditor of the platform reads there and writes nothing', async () => {
    assert.equal((await asAuditor('/acme/trade/v1/firms')).status, 200)
    for (const [method, body] of [
      ['POST', { name: 'x', code: 'x' }],
      ['PATCH', { name: 'x' }],
      ['DELETE', undefined],
    ] as const) {
      const answer = await asAuditor('/acme/trade/v1/firms', { method, body })
      assert.equal(answer.status, 403, `${method}: ${answer.text}`)
    }
  })

  test('what an entity does not give to the platform it does not have, and tables of all are not written from a tenant', async () => {
    assert.equal((await asAdmin('/acme/trade/v1/diaries')).status, 403)
    assert.equal((await asAdmin('/system/trade/v1/diaries')).status, 403)
    assert.equal((await asAdmin('/acme/trade/v1/rates', { body: { code: 'a', name: 'a' } })).status, 403)
    assert.equal((await asAdmin('/acme/trade/v1/rates')).status, 200)
  })

  test("a module's own route sees the tenant of the path", async () => {
    assert.deepEqual(jsonOf(await asAdmin('/acme/trade/v1/whose')), { tenant: 'acme', names: ['acme one'] })
    assert.equal((await asAdmin('/system/trade/v1/whose')).status, 400)
  })

  test('a payload names no tenant there, and path and header have to agree', async () => {
    const smuggled = await asAdmin('/acme/trade/v1/firms', { body: { tenant_id: 'globex', name: 'x', code: 'x' } })
    assert.equal(smuggled.status, 403)
    assert.equal((await asAdmin('/acme/trade/v1/firms?tenant_id=eq.globex')).status, 400)
    for (const [path, header] of [
      ['/acme/trade/v1/firms', 'globex'],
      ['/acme/trade/v1/firms', 'system'],
      ['/system/trade/v1/firms', 'acme'],
    ]) {
      assert.equal((await asAdmin(String(path), { headers: { 'x-tenant': header } })).status, 403)
    }
  })

  test('a tenant that is not there is told, and one that is suspended stays closed', async () => {
    assert.equal((await asAdmin('/nobody/trade/v1/firms')).status, 404)
    await product.platform.operations.suspendTenant('acme')
    assert.equal(jsonOf(await asAdmin('/acme/trade/v1/firms')).code, 'tenant_suspended')
    const insert = { body: { tenant_id: 'acme', name: 'x', code: 'late' } }
    assert.equal((await asAdmin('/system/trade/v1/firms', insert)).status, 400)
    await product.platform.operations.resumeTenant('acme')
  })

  test('the same subject and key of a tenant and of the platform are two writes', async () => {
    const mine = await product.token('acme', { subject: 'anna@system' })
    const body = { name: 'once', code: 'once' }
    const headers = { ...representation, 'idempotency-key': 'k1' }
    const first = await asAdmin('/acme/trade/v1/firms', { body, headers })
    const again = await asAdmin('/acme/trade/v1/firms', { body, headers })
    assert.equal(first.status, 201, first.text)
    assert.equal(again.headers['idempotency-replayed'], 'true')
    assert.equal((await latest()).outcome, 'replayed')
    assert.equal((await ask('/acme/trade/v1/firms', { token: mine, body, headers })).status, 409)
    await asAdmin('/acme/trade/v1/firms?code=eq.once', { method: 'DELETE', headers: { prefer: 'purge' } })
  })
})

describe('across all tenants', () => {
  test('each row says whose it is, in lists, filters, orders and related rows', async () => {
    const list = await asAdmin(
      '/system/trade/v1/firms?select=*,bills(tenant_id,total)&code=eq.one&order=tenant_id.desc',
    )
    assert.equal(list.status, 200, list.text)
    assert.deepEqual(
      rowsOf(list).map(({ tenant_id, name, bills }) => [tenant_id, name, bills]),
      [
        ['globex', canary, [{ tenant_id: 'globex', total: 1 }]],
        ['acme', 'acme one', [{ tenant_id: 'acme', total: 1 }]],
      ],
    )
    const filtered = await asAuditor('/system/rest/v1/bills?select=tenant_id,firms(name)&tenant_id=eq.acme')
    assert.deepEqual(rowsOf(filtered), [{ tenant_id: 'acme', firms: { name: 'acme one' } }])
    const counted = await asAuditor('/system/trade/v1/firms?code=eq.one', { headers: { prefer: 'count=exact' } })
    assert.equal(counted.headers['content-range'], '0-1/2')
  })

  test('a new row has to say whose it is, and that tenant has to be one that runs', async () => {
    const post = (body: unknown, headers = {}) =>
      asAdmin('/system/trade/v1/firms', { body, headers: { ...representation, ...headers } })
    const row = { name: 'new', code: 'new' }
    assert.equal((await post(row)).status, 400)
    assert.equal((await post({ ...row, tenant_id: null })).status, 400)
    assert.equal((await post({ ...row, tenant_id: 'nobody' })).status, 400)
    assert.equal(
      (
        await post([
          { ...row, tenant_id: 'acme' },
          { ...row, tenant_id: 'nobody' },
        ])
      ).status,
      400,
    )
    assert.equal((await post('{"tenant_id":"acme","tenant_id":"nobody","name":"n","code":"n"}')).status, 400)
    assert.deepEqual(rowsOf(await asAdmin('/system/trade/v1/firms?code=in.(new,n)')), [])
    const both = await post([
      { ...row, tenant_id: 'acme' },
      { ...row, tenant_id: 'globex' },
    ])
    assert.equal(both.status, 201, both.text)
    assert.deepEqual(
      rowsOf(both).map(({ tenant_id }) => tenant_id),
      ['acme', 'globex'],
    )
    const own = await ask('/acme/trade/v1/firms?code=eq.new', { token: acme })
    assert.equal(rowsOf(own).length, 1)
  })

  test('upserts meet the rows of the tenant that they name, and no row moves to another', async () => {
    const merge = { ...representation, prefer: 'return=representation,resolution=merge-duplicates' }
    const changed = await asAdmin('/system/trade/v1/bills', {
      body: { tenant_id: 'acme', id: one, firm_id: one, total: 7 },
      headers: merge,
    })
    assert.equal(changed.status, 200, changed.text)
    const all = await asAdmin(`/system/trade/v1/bills?id=eq.${one}&order=tenant_id`)
    assert.deepEqual(
      rowsOf(all).map(({ tenant_id, total }) => [tenant_id, total]),
      [
        ['acme', 7],
        ['globex', 1],
      ],
    )
    const moved = await asAdmin(`/system/trade/v1/bills?id=eq.${one}&tenant_id=eq.acme`, {
      method: 'PATCH',
      body: { tenant_id: 'globex' },
    })
    assert.ok(moved.status >= 400, moved.text)
    const tied = await asAdmin('/system/trade/v1/firms', {
      body: { tenant_id: 'acme', id: two, name: 'a', code: 'two' },
    })
    assert.equal(tied.status, 201, tied.text)
    const foreign = await asAdmin('/system/trade/v1/bills', { body: { tenant_id: 'globex', firm_id: two } })
    assert.equal(foreign.status, 409, foreign.text)
  })

  test('an auditor changes nothing across tenants', async () => {
    const post = await asAuditor('/system/trade/v1/firms', { body: { tenant_id: 'acme', name: 'x', code: 'x' } })
    assert.equal(post.status, 403)
    assert.equal((await asAuditor('/system/trade/v1/firms?code=eq.one', { method: 'DELETE' })).status, 403)
  })

  test('the document of the API has the tenant in it there, and nowhere else', async () => {
    assert.match((await asAdmin('/system/trade/v1/openapi.json')).text, /"tenant_id"/)
    assert.match((await asAdmin('/acme/trade/v1/openapi.json')).text, /"\/firms"/)
    for (const answer of [
      await asAdmin('/acme/trade/v1/openapi.json'),
      await ask('/acme/trade/v1/openapi.json', { token: acme }),
    ])
      assert.doesNotMatch(answer.text, /tenant_id/)
  })

  test('code of the platform acts the same way, and is recorded', async () => {
    const all = actAsSystem(product.platform, { subject: 'nightly', role: 'service_auditor' })
    assert.ok((await all.count(firms)) > 2)
    assert.deepEqual(await latest(), {
      ...{ subject: 'nightly', via: 'code', hasRequest: false, tenant: '*', instance: null, verb: 'read' },
      ...{ target: 'trade@1.firms', rows: 0, outcome: 'done' },
    })
    const inside = actAsSystem(product.platform, { subject: 'nightly', tenant: 'globex', role: 'service_auditor' })
    assert.deepEqual(
      (await inside.list(firms, { where: { code: 'one' } })).map(({ name }) => name),
      [canary],
    )
    await assert.rejects(inside.insert(firms, { name: 'x', code: 'x' }), { code: 'forbidden' })
    assert.throws(() => actAsSystem(product.platform, { subject: 'x', tenant: 'nobody' }), { code: 'not_found' })
  })
})

describe('who is not the platform', () => {
  test("a tenant's token with every role of the platform reaches no other tenant and no place across them", async () => {
    for (const path of ['/system/trade/v1/firms', '/globex/trade/v1/firms', '/system/rest/v1/firms', '/-/audit']) {
      for (const headers of [{}, { 'x-tenant': 'acme' }, { 'x-tenant': 'system' }, { 'x-roles': 'service_admin' }]) {
        const answer = await ask(path, { token: acme, headers })
        assert.equal(answer.status, 403, `${path}: ${answer.text}`)
        assert.doesNotMatch(answer.raw, /canary/)
      }
      assert.equal((await ask(path)).status, 401)
    }
    const platformOnly = await product.token('acme', { roles: ['service_admin'] })
    assert.equal((await ask('/acme/trade/v1/firms', { token: platformOnly })).status, 403)
  })

  test('a token of the system without a role of the platform reaches nothing, whatever entities map', async () => {
    const token = await product.token('system', { roles: ['admin', 'auditor', 'writer'] })
    for (const path of ['/acme/trade/v1/firms', '/system/trade/v1/firms', '/nobody/trade/v1/firms'])
      assert.equal((await ask(path, { token })).status, 403, path)
    const mixed = await product.token('system', { roles: ['service_auditor', 'admin'] })
    const write = await ask('/acme/trade/v1/firms?code=eq.one', { token: mixed, method: 'DELETE' })
    assert.equal(write.status, 403)
  })

  test('a context that says it acts across tenants, or in another, is refused where rows are', async () => {
    const { postgres, product: made } = product.platform
    const entity = made.modules.entityOf(firms)
    const principal = {
      subject: 'x',
      tenant: 'acme',
      roles: ['service_admin', 'admin'],
      instance: null,
      anonymous: false,
    }
    const context = (more: Partial<TenantContext>): TenantContext => ({
      ...{ tenant: 'acme', instance: null, principal, acrossTenants: false, module: null, version: null },
      exposure: made.modules.expose(['trade@1']),
      features: noFeatures,
      ...more,
    })
    const read = { kind: 'read', entity, select: [{ kind: 'all' }] } as const
    assert.ok((await postgres.datasource.run(context({}), read)).rows > 0)
    for (const more of [{ acrossTenants: true }, { tenant: 'globex' }, { tenant: 'system', acrossTenants: true }])
      await assert.rejects(postgres.datasource.run(context(more), read), { code: 'internal' })
  })
})

describe('the record', () => {
  test('every act is in it with who, where, what and how it ended, and no value of a row', async () => {
    await asAdmin('/acme/trade/v1/firms?code=eq.one')
    assert.deepEqual(await latest(), {
      ...{ subject: 'anna@system', via: 'token', hasRequest: true, tenant: 'acme', instance: null, verb: 'read' },
      ...{ target: 'trade@1.firms', rows: 1, outcome: 'done' },
    })
    await asAdmin('/system/trade/v1/firms?code=eq.one', { method: 'PATCH', body: { name: 'secret words' } })
    assert.deepEqual(await latest(), {
      ...{ subject: 'anna@system', via: 'token', hasRequest: true, tenant: '*', instance: null, verb: 'update' },
      ...{ target: 'trade@1.firms', rows: 2, outcome: 'done' },
    })
    await asAuditor('/acme/trade/v1/firms', { body: { name: 'x', code: 'x' } })
    const refused = await latest()
    assert.deepEqual(
      [refused.subject, refused.verb, refused.outcome, refused.rows],
      ['bob@system', 'insert', 'forbidden', null],
    )
    await asAdmin('/acme/trade/v1/firms', { body: { name: 'x', code: 'one' } })
    assert.equal((await latest()).outcome, 'conflict')
    assert.doesNotMatch(JSON.stringify(await recorded()), /secret words|canary|eyJ/)
  })

  test("a tenant's own requests are not in it", async () => {
    const [before] = await recorded()
    assert.equal((await ask('/acme/trade/v1/firms', { token: acme })).status, 200)
    assert.deepEqual((await recorded())[0], before)
  })

  test('what an operator does to tenants is in it, begun and done, also what fails', async () => {
    assert.equal((await asAdmin('/-/tenants/globex/suspend', { method: 'POST' })).status, 200)
    assert.equal((await asAdmin('/-/tenants/globex/resume', { method: 'POST' })).status, 200)
    assert.equal((await asAdmin('/-/tenants/nobody/suspend', { method: 'POST' })).status, 404)
    const acts = (await recorded({ subject: 'anna@system' })).slice(0, 6).map(a => `${a.verb} ${a.tenant} ${a.outcome}`)
    assert.deepEqual(acts.reverse(), [
      ...['tenant.suspend globex begun', 'tenant.suspend globex done', 'tenant.resume globex begun'],
      ...['tenant.resume globex done', 'tenant.suspend nobody begun', 'tenant.suspend nobody not_found'],
    ])
    const [issued] = await recorded({ verb: 'token.issue' })
    assert.equal(issued?.outcome, 'done')
  })

  test('a transaction that comes to nothing is in it as undone', async () => {
    const data = actAsSystem(product.platform, { subject: 'undoer', tenant: 'acme' })
    await assert.rejects(
      data.transaction(async inside => {
        await inside.insert(firms, { name: 'x', code: 'undone' })
        throw new Error('no')
      }),
      /no/,
    )
    const acts = await recorded({ subject: 'undoer' })
    assert.deepEqual(
      acts.map(({ verb, outcome }) => [verb, outcome]),
      [['insert', 'rolled_back']],
    )
    const reading = data.transaction(inside => inside.insert(firms, { name: 'x', code: 'x' }), { verb: 'read' })
    await assert.rejects(reading, { code: 'forbidden' })
  })

  test('of acts that are tried beside each other each is in it', async () => {
    const data = actAsSystem(product.platform, { subject: 'hasty', tenant: 'acme' })
    const tried = ['one', 'two', 'three'].map(name => ({ name, code: 'beside' }))
    await assert.rejects(
      data.transaction(async inside => {
        await Promise.allSettled(tried.map(row => inside.insert(firms, row)))
      }),
    )
    const acts = await recorded({ subject: 'hasty' })
    assert.deepEqual(acts.map(({ outcome }) => outcome).sort(), ['conflict', 'internal', 'unavailable'])
  })

  test('a part of a transaction that is undone is in it, although the rest is kept', async () => {
    const data = actAsSystem(product.platform, { subject: 'nester', tenant: 'acme' })
    await data.transaction(async inside => {
      await inside.insert(firms, { name: 'x', code: 'kept' })
      const part = inside.transaction(async deeper => {
        await deeper.insert(firms, { name: 'x', code: 'undone' })
        throw new Error('no')
      })
      await assert.rejects(part, /no/)
    })
    const acts = await recorded({ subject: 'nester' })
    assert.deepEqual(acts.map(({ outcome }) => outcome).reverse(), ['done', 'rolled_back'])
  })

  test('what is undone on purpose is recorded as undone, and a large answer with its rows', async () => {
    const undone = await asAdmin('/acme/trade/v1/firms', {
      body: { name: 'x', code: 'undone' },
      headers: { prefer: 'tx=rollback' },
    })
    assert.equal(undone.status, 201, undone.text)
    const act = await latest()
    assert.deepEqual([act.verb, act.outcome], ['insert', 'rolled_back'])
    assert.deepEqual(rowsOf(await asAdmin('/acme/trade/v1/firms?code=eq.undone')), [])
    const long = 'y'.repeat(1_000_000)
    for (const index of [0, 1, 2, 3, 4, 5]) {
      const row = { tenant_id: 'acme', name: long, code: `large ${index}` }
      assert.equal((await asAdmin('/system/trade/v1/firms', { body: row })).status, 201)
    }
    const large = await asAuditor('/system/trade/v1/firms?code=like.large*')
    assert.equal(large.headers['transfer-encoding'], 'chunked')
    assert.deepEqual([rowsOf(large).length, (await latest()).rows], [6, 6])
    await asAdmin('/system/trade/v1/firms?code=like.large*', { method: 'DELETE', headers: { prefer: 'purge' } })
  })

  test('it is listed with filters and pages to the platform alone', async () => {
    const page = jsonOf<RecordedAct[]>(await asAuditor('/-/audit?tenant=acme&verb=read&limit=2'))
    assert.equal(page.length, 2)
    assert.ok(page.every(({ tenant, verb }) => tenant === 'acme' && verb === 'read'))
    assert.equal((await latest()).verb, 'audit.read')
    const next = jsonOf<RecordedAct[]>(await asAuditor(`/-/audit?tenant=acme&verb=read&limit=2&before=${page[1]?.id}`))
    assert.ok(Number(next[0]?.id) < Number(page[1]?.id))
    for (const query of ['limit=0', 'limit=1001', 'before=x', 'unknown=1'])
      assert.equal((await asAuditor(`/-/audit?${query}`)).status, 400, query)
  })

  test('nobody who serves can change it, nor its owner', async () => {
    const { database } = product
    const prefix = `${database.server.prefix}http`
    const [count] = await database.query<{ n: string }>('select count(*) as n from tenantry.audit')
    const client = new pg.Client(database.target)
    await client.connect()
    for (const role of servingRoles) {
      for (const sql of [
        `update tenantry.audit set subject = 'x'`,
        'delete from tenantry.audit',
        'truncate tenantry.audit',
        `insert into tenantry.audit (at, subject, via, verb, outcome) values (now(), 'x', 'x', 'x', 'x')`,
        ...(role === 'writer'
          ? []
          : [`insert into tenantry.audit (subject, via, verb, outcome) values ('x', 'x', 'x', 'x')`]),
        ...(role === 'reader' ? [] : ['select from tenantry.audit']),
      ]) {
        await client.query('begin')
        await client.query(`set local role "${prefix}_${role}"`)
        await assert.rejects(client.query(sql), { code: '42501' }, `${role}: ${sql}`)
        await client.query('rollback')
      }
    }
    await client.end()
    for (const sql of [
      `update tenantry.audit set subject = 'x'`,
      'delete from tenantry.audit',
      'truncate tenantry.audit',
    ])
      await assert.rejects(database.query(sql), /only be added to/, sql)
    const [now] = await database.query<{ n: string }>('select count(*) as n from tenantry.audit')
    assert.deepEqual(now, count)
  })

  test('what cannot be recorded is not done', async () => {
    const { database } = product
    await database.query(`alter table tenantry.audit add constraint full_disk check (id < 0) not valid`)
    try {
      const write = await asAdmin('/acme/trade/v1/firms', { body: { name: 'x', code: 'unrecorded' } })
      assert.equal(write.status, 503, write.text)
      const read = await asAdmin('/acme/trade/v1/firms')
      assert.equal(read.status, 503)
      assert.doesNotMatch(read.raw, /acme one/)
      assert.equal((await asAdmin('/-/tenants/globex/suspend', { method: 'POST' })).status, 503)
      assert.equal((await ask('/acme/trade/v1/firms', { token: acme })).status, 200)
    } finally {
      await database.query('alter table tenantry.audit drop constraint full_disk')
    }
    assert.equal(product.platform.catalog.find('globex')?.tenant.state, 'active')
    assert.deepEqual(rowsOf(await ask('/acme/trade/v1/firms?code=eq.unrecorded', { token: acme })), [])
  })
})
