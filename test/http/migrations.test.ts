// F8.6: migrations over HTTP.
import assert from 'node:assert/strict'
import { cpSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { entity } from '../../src/core/entity.ts'
import { text } from '../../src/core/field.ts'
import { seed } from '../../src/core/module.ts'
import { type OpenProduct, openProduct } from './open-product.ts'

const notes = entity('notes', { body: text() }, { access: { admin: 'tenant_writer' } })

let product: OpenProduct
const tokens: Record<string, string> = {}
const idOf = (number: number) => `018f4e5e-0000-7000-8000-00000000000${number}`
const ask = (as: string, method: string, body?: unknown, path = '/-/migrations') =>
  product.ask(path, {
    method,
    ...(tokens[as] && { token: tokens[as] }),
    ...(body !== undefined && { body }),
  })

before(async () => {
  product = await openProduct({
    modules: [
      {
        ...{ name: 'notes', version: '1.0.0', entities: [notes] },
        seeds: [
          seed(notes, [{ id: idOf(1), body: 'first' }]),
          seed(notes, [{ id: idOf(2), body: 'to try out' }], { temporary: true }),
        ],
      },
    ],
    tenants: [
      { key: 'acme', subscribe: ['notes@1'] },
      { key: 'globex', subscribe: ['notes@1'] },
    ],
  })
  tokens.operator = await product.token('system', { roles: ['service_admin'], subject: 'olga' })
  tokens.auditor = await product.token('system', { roles: ['service_auditor'] })
  tokens.tenant = await product.token('acme', { roles: ['service_admin', 'admin'] })
  const folder = join(product.platform.product.dir, 'modules/notes/v1/migrations')
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, '0001_comment.sql'), `comment on table notes_v1.notes is 'said';`)
  writeFileSync(join(folder, '0001_comment.undo.sql'), 'comment on table notes_v1.notes is null;')
  writeFileSync(join(folder, '0002_clear.sql'), 'truncate notes_v1.notes;')
})
after(() => product.close())

const outsiders = [
  ['nobody', 401],
  ['tenant', 403],
  ['auditor', 403],
] as const

test('migrations are run by operators only, once, and stand in the audit record', async () => {
  for (const [who, status] of outsiders) assert.equal((await ask(who, 'POST', {})).status, status, who)
  assert.equal((await ask('tenant', 'GET')).status, 403)
  assert.equal((await ask('operator', 'POST', { all: true })).status, 400)
  const listed = JSON.parse((await ask('auditor', 'GET')).text)
  assert.deepEqual(
    listed.migrations.map(({ state }: { state: string }) => state),
    ['pending', 'pending'],
  )

  const ran = await ask('operator', 'POST', {})
  assert.equal(ran.status, 200, ran.text)
  assert.deepEqual(JSON.parse(ran.text), {
    ...{ applied: ['notes@1 0001_comment'], held: ['notes@1 0002_clear'], archives: [], remaining: null },
  })
  const again = JSON.parse((await ask('operator', 'POST')).text)
  assert.deepEqual(again.applied, [])
  const acts = await product.platform.audit.acts({ verb: 'migrate.up', limit: 10 })
  assert.deepEqual(
    acts.map(({ subject, via, target, outcome }) => [subject, via, target, outcome]),
    [['olga', 'token', 'notes@1 0001_comment', 'done']],
  )
})

test('operators see what would be done, and take back what was', async () => {
  await product.database.query('alter table notes_v1.notes add column extra text')
  const planned = await ask('auditor', 'GET', undefined, '/-/migrations/plan')
  assert.deepEqual(
    JSON.parse(planned.text).map(({ id, risk }: { id: string; risk: string }) => [id, risk]),
    [['drop column notes_v1.notes.extra', 'destructive']],
  )
  await product.database.query('alter table notes_v1.notes drop column extra')
  assert.equal((await ask('tenant', 'GET', undefined, '/-/migrations/plan')).status, 403)

  const back = { module: 'notes@1', to: 0 }
  for (const [who, status] of outsiders)
    assert.equal((await ask(who, 'POST', back, '/-/migrations/down')).status, status, who)
  assert.equal((await ask('operator', 'POST', { module: 'notes@1' }, '/-/migrations/down')).status, 400)
  assert.equal((await ask('operator', 'POST', { ...back, module: 'n@1' }, '/-/migrations/down')).status, 404)
  const undone = await ask('operator', 'POST', back, '/-/migrations/down')
  assert.deepEqual(JSON.parse(undone.text), { undone: ['notes@1 0001_comment'], archives: [] })
  assert.deepEqual(JSON.parse((await ask('operator', 'POST')).text).applied, ['notes@1 0001_comment'])
  const acts = await product.platform.audit.acts({ subject: 'olga', target: 'notes@1 0001_comment', limit: 10 })
  assert.deepEqual(
    acts.map(({ verb }) => verb),
    ['migrate.up', 'migrate.down', 'migrate.up'],
  )
})

test("F8.6 seeds are added, forced and removed behind the migrations, of one tenant or of all, and nobody else's", async () => {
  const rows = async () =>
    product.database.query<{ tenant: string; body: string }>(
      'select tenant_id as tenant, body from notes_v1.notes order by 1, 2',
    )
  const one = (tenant: string, body: unknown, as = 'operator') =>
    ask(as, 'POST', body, `/-/tenants/${tenant}/migrations`)
  for (const [who, status] of outsiders) assert.equal((await one('acme', { seed: true }, who)).status, status, who)
  assert.equal((await one('acme', { force: true })).status, 400)
  assert.equal((await one('nobody', { seed: true })).status, 404)
  assert.equal((await one('system', {})).status, 409)

  for (const tenant of ['acme', 'globex']) await product.platform.operations.seedTenant(tenant, { temporary: true })
  await product.database.query(`update notes_v1.notes set body = 'mine' where id = $1`, [idOf(1)])
  const forced = JSON.parse((await one('acme', { seed: true, force: true, deseed: true })).text)
  assert.deepEqual([forced.tenant, forced.applied, forced.deseeded.removed], ['acme', [], { 'notes@1.notes': 1 }])
  assert.deepEqual([forced.seeded.seeds[0].updated, forced.seeded.tenant], [1, 'acme'])
  assert.deepEqual(await rows(), [
    { tenant: 'acme', body: 'first' },
    { tenant: 'globex', body: 'mine' },
    { tenant: 'globex', body: 'to try out' },
  ])

  const all = JSON.parse((await ask('operator', 'POST', { seed: true, force: true, deseed: true })).text)
  assert.deepEqual(all.seeding, { tenants: ['acme', 'globex'], failed: [] })
  assert.deepEqual(await rows(), [
    { tenant: 'acme', body: 'first' },
    { tenant: 'globex', body: 'first' },
  ])
  const acts = await product.platform.audit.acts({ subject: 'olga', tenant: 'acme', limit: 20 })
  assert.deepEqual(new Set(acts.map(({ verb }) => verb)), new Set(['tenant.seed.force', 'tenant.deseed']))
})

test('F8.4 a node does not take away what it reads itself, nor what another one reads', async () => {
  const { nodes } = JSON.parse((await ask('auditor', 'GET')).text)
  assert.deepEqual(
    nodes.map(({ pid, modules }: { pid: number; modules: unknown }) => [pid, modules]),
    [[process.pid, [{ module: 'notes@1', version: '1.0.0', current: true }]]],
  )
  const own = await ask('operator', 'POST', { allowDestructive: true })
  assert.equal(own.status, 409)
  assert.match(own.text, /was started before these files/)

  const longer = entity('notes', { body: text(), more: text().optional() }, { access: { admin: 'tenant_writer' } })
  const other = await openProduct({
    modules: [{ name: 'notes', version: '1.1.0', entities: [longer] }],
    database: product.database,
  })
  try {
    const folder = join(product.platform.product.dir, 'modules')
    const beside = await other.ask('/-/migrations', {
      token: await other.token('system', { roles: ['service_auditor'] }),
    })
    assert.equal(JSON.parse(beside.text).nodes.length, 2)
    cpSync(folder, join(other.platform.product.dir, 'modules'), { recursive: true })
    const admin = await other.token('system', { roles: ['service_admin'] })
    const post = (body: unknown) => other.ask('/-/migrations', { method: 'POST', token: admin, body })
    assert.equal((await post({ allowDestructive: true })).status, 409)
    const rows = 'select count(*)::int as count from tenantry.migrations where number = 2'
    assert.deepEqual(await product.database.query(rows), [{ count: 0 }])
    assert.equal((await post({ allowDestructive: true, ignoreNodes: true })).status, 200)
    assert.deepEqual(await product.database.query(rows), [{ count: 1 }])
  } finally {
    await other.close()
  }
  assert.equal(JSON.parse((await ask('auditor', 'GET')).text).nodes.length, 1, 'a clean end is known at once')
})
