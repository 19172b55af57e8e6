// F8.5: views.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import pg from 'pg'
import { typesOf } from '../../src/api/types.ts'
import { action } from '../../src/core/action.ts'
import { rows } from '../../src/core/action-definition.ts'
import { type EntityDefinition, entity } from '../../src/core/entity.ts'
import { integer, reference, text, uuid } from '../../src/core/field.ts'
import type { ModuleDefinition } from '../../src/core/module.ts'
import { createModuleSet } from '../../src/core/module-set.ts'
import { sql, view } from '../../src/core/view.ts'
import { bootstrap } from '../../src/data/postgres/bootstrap.ts'
import { createTestDatabase } from '../../src/testing/test-database.ts'
import { refused } from '../data/migrate/refused.ts'
import type { Question } from './client.ts'
import { type OpenProduct, openProduct } from './open-product.ts'

const access = { admin: 'tenant_writer', clerk: 'tenant_reader' } as const
const people = entity('people', { name: text() }, { access: { admin: 'tenant_writer' }, softDelete: true })
const tasks = entity('tasks', {
  title: text(),
  points: integer().default(1),
  owner_id: reference(() => people).optional(),
})
const loads = view(
  'loads',
  { owner_id: reference(() => people), name: text(), points: integer() },
  {
    key: ['owner_id'],
    access: { guest: 'tenant_reader' },
    sql: sql`select p.id as owner_id, p.name, sum(t.points) as points, p.tenant_id
      from ${people} p join ${() => tasks} t on t.owner_id = p.id where p.deleted_at is null group by p.tenant_id, p.id, p.name`,
  },
)
/** A view of a view. */
const busy = view(
  'busy',
  { owner_id: uuid(), points: integer() },
  { key: ['owner_id'], sql: sql`select owner_id, points from ${loads} where points > 2` },
)
const most = action('most', {
  reads: [busy],
  output: rows(busy),
  sql: 'select * from busy order by points desc limit 1',
})

const work = (more: Partial<ModuleDefinition> = {}): ModuleDefinition => ({
  ...{ name: 'work', version: '1.0.0', access, entities: [people, tasks, busy, loads], actions: [most] },
  ...more,
})

describe('a view', () => {
  let product: OpenProduct
  const tokens: Record<string, string> = {}
  const ask = (path: string, { as = 'acme', ...question }: Question & { as?: string } = {}) => {
    const token = tokens[as]
    return product.ask(`/${as.split(' ')[0]}/work/v1/${path}`, { ...question, ...(token && { token }) })
  }
  const list = async (path: string, as = 'acme'): Promise<Record<string, unknown>[]> =>
    JSON.parse((await ask(path, { as })).text)
  before(async () => {
    product = await openProduct({
      modules: [work()],
      tenants: ['acme', 'globex'].map(key => ({ key, subscribe: ['work@1'] })),
    })
    for (const tenant of ['acme', 'globex']) {
      tokens[tenant] = await product.token(tenant)
      const headers = { prefer: 'return=representation' }
      const made = await ask('people', { as: tenant, headers, body: { name: `of ${tenant}` } })
      const [owner] = JSON.parse(made.text)
      for (const points of tenant === 'acme' ? [1, 2] : [5])
        await ask('tasks', { as: tenant, body: { title: 'a', points, owner_id: owner.id } })
    }
    tokens['acme clerk'] = await product.token('acme', { roles: ['clerk'] })
    tokens['acme guest'] = await product.token('acme', { roles: ['guest'] })
    tokens['acme nobody'] = await product.token('acme', { roles: ['nobody'] })
  })
  after(() => product.close())

  test('is read like an entity: filters, order, pages, embeds in both directions', async () => {
    const found = await list('loads?select=name,points,people(name)&points=gte.2&order=points.desc&limit=5')
    assert.deepEqual(found, [{ name: 'of acme', points: 3, people: { name: 'of acme' } }])
    assert.deepEqual(await list('people?select=name,loads(points)'), [{ name: 'of acme', loads: { points: 3 } }])
    const counted = await ask('loads', { headers: { prefer: 'count=exact' } })
    assert.equal(counted.headers['content-range'], '0-0/1')
    assert.equal((await list('busy')).length, 1)
    assert.deepEqual(
      (await list('rpc/most')).map(({ points }) => points),
      [3],
    )
  })

  test('shows each tenant its own rows, whoever asks for whatever', async () => {
    const [theirs] = await list('loads', 'globex')
    assert.equal(theirs?.name, 'of globex')
    const id = theirs?.owner_id
    for (const path of [
      `loads?owner_id=eq.${id}`,
      `busy?owner_id=eq.${id}`,
      'loads?name=eq.of%20globex',
      `people?select=loads(*)&id=eq.${id}`,
    ])
      assert.deepEqual(await list(path), [], path)
    for (const path of [
      'loads?select=tenant_id',
      'loads?tenant_id=eq.globex',
      'loads?order=tenant_id',
      'loads?select=q.tenant_id',
    ])
      assert.equal((await ask(path)).status, 400, path)
    assert.deepEqual(Object.keys((await list('loads'))[0] ?? {}).sort(), ['name', 'owner_id', 'points'])
  })

  test('runs with the rights of who reads it', async () => {
    assert.equal((await ask('loads', { as: 'acme clerk' })).status, 200)
    assert.equal((await ask('loads', { as: 'acme nobody' })).status, 403)
    assert.equal((await ask('loads', { as: 'acme guest' })).status, 403, 'what the view reads is nothing for guests')
    const { database, platform } = product
    const { prefix } = platform.environment
    const roles = await database.query<{ role: string }>(
      `select distinct grantee as role from information_schema.role_table_grants where table_name = 'loads' and grantee <> $1 order by 1`,
      [`${prefix}_main`],
    )
    assert.deepEqual(
      roles.map(({ role }) => role.slice(prefix.length + 1)),
      ['tenant_instance_reader', 'tenant_instance_writer', 'tenant_reader', 'tenant_writer'],
    )
    const client = new pg.Client(database.target)
    await client.connect()
    await client.query(`begin; set local role "${prefix}_tenant_reader"`)
    const { rows } = await client.query('select * from work_v1.loads')
    await client.end()
    assert.deepEqual(rows, [], 'without a tenant there are no rows')
  })

  test('cannot be written, by any method', async () => {
    const [row] = await list('loads')
    for (const method of ['POST', 'PUT', 'PATCH', 'DELETE']) {
      const query = method === 'POST' ? '' : `?owner_id=eq.${row?.owner_id}`
      const answer = await ask(`loads${query}`, { method, ...(method !== 'DELETE' && { body: row }) })
      assert.equal(answer.status, 405, method)
      assert.match(JSON.parse(answer.text).message, /"loads" is a view/)
    }
    assert.equal((await list('people')).length, 1)
  })

  test('stands in OpenAPI with its one operation, and in the types of clients as a view', async () => {
    const { text } = await product.ask('/acme/openapi.json', { token: tokens.acme ?? '' })
    const paths: Record<string, object> = JSON.parse(text).paths
    const [, operations] = Object.entries(paths).find(([path]) => path.endsWith('/loads')) ?? []
    assert.deepEqual(Object.keys(operations ?? {}), ['get'])
    const types = typesOf(product.platform.product.modules.modules)
    assert.match(types, /Views: \{\n {6}busy: \{\n {8}Row: BusyRow\n/)
    assert.doesNotMatch(types, /LoadsInsert|LoadsUpdate/)
  })
})

test('a view follows its definition: changed, and dropped with it', async () => {
  const database = await createTestDatabase()
  after(() => database.drop())
  const { target, prefix, secrets } = database
  const passwords = { tenant: secrets.derive('login tenant'), platform: secrets.derive('login platform') }
  const options = { target, prefix, passwords, keyFingerprint: secrets.fingerprint(), apply: 'additive' } as const
  const start = (definition: ModuleDefinition) =>
    bootstrap({ ...options, modules: createModuleSet([definition]).modules })
  await start(work())
  const other: EntityDefinition = {
    ...busy,
    options: { ...busy.options, view: sql`select owner_id, points from ${loads} where points > 4` },
  }
  const changed = work({ entities: [people, tasks, other, loads], actions: [] })
  assert.deepEqual(
    (await start(changed)).filter(id => id.startsWith('view ')),
    ['view work_v1.busy'],
  )
  assert.deepEqual(await start(changed), [])
  await start(work({ entities: [people, tasks], actions: [] }))
  assert.deepEqual(await database.query(`select relname from pg_class where relname in ('busy', 'loads')`), [])
  for (const [fault, body] of [
    [/reads tenantry\.tenants/, sql`select key::text as owner_id from tenantry.tenants`],
    [/calls set_config/, sql`select set_config('tenantry.tenant', 'globex', true) as owner_id from ${people}`],
  ] as const) {
    const evil = view('evil', { owner_id: text() }, { key: ['owner_id'], sql: body })
    const error = await refused(start(work({ entities: [people, tasks, evil], actions: [] })), 'invalid')
    assert.match(error.details ?? '', fault)
  }
  await start(work())
  await database.query('create or replace view work_v1.busy as select owner_id, points from work_v1.loads')
  const weakened = await refused(start(work()), 'conflict')
  assert.match(weakened.details ?? '', /different: view work_v1\.busy/)
})

test('what cannot be a view is said when it loads', () => {
  const bad = view(
    'bad',
    { a: text().unique(), b: text().default('x') },
    { key: ['a'], sql: sql`select 1 from ${tasks}` },
  )
  const refers = entity('refers', { bad_id: reference(() => bad) })
  assert.throws(
    () => createModuleSet([{ name: 'x', version: '1.0.0', entities: [bad, refers] }]),
    ({ details }: { details: string }) => {
      for (const told of [/bad\.a: view: a field/, /bad\.b: view: a field/, /belongs to no module/, /bad is a view/])
        assert.match(details, told)
      return true
    },
  )
})
