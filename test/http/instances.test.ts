// F1.5 and F2.4: instances in every path; authorizer and instancer.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { defineModule } from '../../src/app/define-module.ts'
import { action } from '../../src/core/action.ts'
import { rows } from '../../src/core/action-definition.ts'
import { entity } from '../../src/core/entity.ts'
import { TenantryError } from '../../src/core/errors.ts'
import { integer, reference, text } from '../../src/core/field.ts'
import { jsonOf, type Question } from './client.ts'
import { type OpenProduct, openProduct } from './open-product.ts'

const meters = entity('meters', { title: text(), code: text().unique() }, { instanced: true })
const readings = entity(
  'readings',
  { meter_id: reference(() => meters, { onDelete: 'cascade' }), value: integer().default(0) },
  { instanced: true },
)
const notes = entity('notes', { words: text() })
const listed = action('listed', { reads: [meters], output: rows(meters), sql: 'select * from meters' })
const counted = action('counted', {
  reads: [meters],
  output: integer(),
  run: async tenant => (await tenant.list(meters)).length,
})
const grid = defineModule({
  name: 'grid',
  version: '1.0.0',
  entities: [meters, readings, notes],
  actions: [listed, counted],
  access: { admin: 'tenant_writer', auditor: 'tenant_reader', service_admin: 'writer' },
  routes: app => {
    app.get('/titles', async ({ tenant }) => (await tenant.list(meters)).map(({ title }) => title))
  },
})

const one = '00000000-0000-7000-8000-000000000001'
const tenants = ['acme', 'globex'].map(key => ({ key, subscribe: ['grid@1'] }))
const row = (title: string) => ({ id: one, title, code: 'same' })

async function fill(product: OpenProduct, headersOf: (instance: string) => Question): Promise<void> {
  for (const tenant of ['acme', 'globex']) {
    for (const instance of ['north', 'south']) {
      const question = headersOf(instance)
      const token = question.token ?? (await product.token(tenant))
      const add = async (name: string, body: unknown) => {
        const answer = await product.ask(`/${tenant}/grid/v1/${name}`, { ...question, token, body })
        assert.equal(answer.status, 201, answer.text)
      }
      await add('meters', row(`${instance} of ${tenant}`))
      await add('readings', { id: one, meter_id: one, value: 1 })
    }
  }
}

describe('with an instancer', () => {
  let product: OpenProduct
  let acme: string
  before(async () => {
    product = await openProduct({
      modules: [grid],
      tenants,
      config: {
        instancer: ({ headers }) => {
          const region = headers['x-region']
          if (region === 'broken') return 'not an instance!'
          return typeof region === 'string' ? region : null
        },
      },
    })
    await fill(product, instance => ({ headers: { 'x-region': instance } }))
    acme = await product.token('acme')
  })
  after(() => product.close())
  const ask = (path: string, question: Question = {}) =>
    product.ask(`/acme/grid/v1/${path}`, { token: acme, ...question })
  const north = (path: string, { headers, ...question }: Question = {}) =>
    ask(path, { ...question, headers: { 'x-region': 'north', ...headers } })

  test('rows of other instances are not to be seen by any way of reading', async () => {
    for (const path of [
      'meters',
      'meters?instance_id=eq.south',
      'meters?or=(instance_id.eq.south,id.not.is.null)',
      `meters?id=eq.${one}`,
      'meters?select=*,readings(*)',
      'readings?select=*,meters(*)',
      'readings?select=meters!inner(title)&meters.instance_id=eq.south',
      'rpc/listed',
      'titles',
    ]) {
      const answer = await north(path)
      assert.equal(answer.status, 200, `${path}: ${answer.text}`)
      assert.doesNotMatch(answer.text, /south|globex/, path)
    }
    assert.equal((await north('meters', { headers: { prefer: 'count=exact' } })).headers['content-range'], '0-0/1')
    assert.equal((await north('rpc/counted')).text, '1')
  })

  test('nor to be changed, met by an upsert, removed or written into', async () => {
    const headers = { prefer: 'return=representation' }
    const changed = await north('meters', { method: 'PATCH', body: { title: 'changed' }, headers })
    assert.equal(jsonOf<unknown[]>(changed).length, 1)
    const merged = await north('meters', {
      body: [{ ...row('merged') }],
      headers: { prefer: 'resolution=merge-duplicates,return=representation' },
    })
    assert.deepEqual([merged.status, jsonOf<unknown[]>(merged).length], [200, 1])
    for (const body of [
      { title: 'x', code: 'x', instance_id: 'south' },
      [
        { title: 'x', code: 'x', instance_id: 'north' },
        { title: 'y', code: 'y', instance_id: 'south' },
      ],
    ])
      assert.equal((await north('meters', { body })).status, 403)
    const upsert = { prefer: 'resolution=merge-duplicates' }
    assert.equal((await north('meters', { body: { ...row('x'), instance_id: 'south' }, headers: upsert })).status, 403)
    assert.ok((await north('meters', { method: 'PATCH', body: { instance_id: 'south' } })).status >= 400)
    assert.equal((await north('meters', { method: 'DELETE', headers: { prefer: 'return=minimal' } })).status, 204)
    const south = await ask('meters', { headers: { 'x-region': 'south' } })
    assert.deepEqual(
      jsonOf<{ title: string }[]>(south).map(({ title }) => title),
      ['south of acme'],
    )
    await north('meters', { body: row('north of acme') })
  })

  test('without an instance what has instances is refused, and all else is served', async () => {
    for (const [path, question] of [
      ['meters', {}],
      ['notes?select=*', { expected: 200 }],
      ['readings?select=*,meters(*)', {}],
      ['rpc/listed', {}],
      ['titles', {}],
      ['meters', { body: { title: 'x', code: 'x', instance_id: 'north' } }],
    ] as const) {
      const { expected = 400, ...more } = { expected: undefined, ...question }
      const answer = await ask(path, more)
      assert.equal(answer.status, expected, `${path}: ${answer.text}`)
    }
    const admin = await product.token('system', { roles: ['service_admin'] })
    assert.equal((await product.ask('/acme/grid/v1/meters', { token: admin })).status, 400)
    assert.equal((await product.ask('/system/grid/v1/meters', { token: admin })).status, 200)
  })

  test('a token that names an instance is good for that one only, and a wrong answer tells nobody', async () => {
    const token = await product.token('acme', { instance: 'south' })
    assert.equal((await north('meters', { token })).status, 403)
    assert.equal((await ask('meters', { token })).status, 403)
    assert.match((await ask('meters', { token, headers: { 'x-region': 'south' } })).text, /south of acme/)
    const broken = await ask('meters', { headers: { 'x-region': 'broken' } })
    assert.equal(broken.status, 500)
    assert.doesNotMatch(broken.text, /instancer/)
    assert.match(product.logged(), /the instancer of the product/)
  })
})

describe('without an instancer', () => {
  let product: OpenProduct
  before(async () => {
    product = await openProduct({ modules: [grid], tenants: tenants.slice(0, 1) })
  })
  after(() => product.close())

  test('the instance is an ordinary field, given with a new row and asked for like any other', async () => {
    const token = await product.token('acme')
    const ask = (path: string, question: Question = {}) => product.ask(`/acme/grid/v1/${path}`, { token, ...question })
    const added = await ask('meters', {
      body: [
        { ...row('north'), instance_id: 'north' },
        { ...row('south'), instance_id: 'south' },
      ],
    })
    assert.equal(added.status, 201, added.text)
    assert.equal((await ask('meters', { body: { title: 'x', code: 'x' } })).status, 400)
    assert.equal(jsonOf<unknown[]>(await ask('meters')).length, 2)
    const south = jsonOf<{ title: string }[]>(await ask('meters?instance_id=eq.south'))
    assert.deepEqual(
      south.map(({ title }) => title),
      ['south'],
    )
    const bound = await product.token('acme', { instance: 'north' })
    assert.doesNotMatch((await ask('meters', { token: bound })).text, /south/)
  })
})

describe('with an authorizer', () => {
  let product: OpenProduct
  before(async () => {
    product = await openProduct({
      modules: [grid],
      tenants,
      config: {
        authorizer: ({ subject }, { headers }) => {
          if (subject === 'blocked') throw new TenantryError('forbidden', 'Not today')
          if (subject === 'promoted') return { roles: ['admin', 'service_admin', 'writer'], subject: 'renamed' }
          if (subject === 'odd') return { roles: ['anonymous'] }
          if (headers['x-less'] === 'yes') return { roles: [] }
          return subject.endsWith('@system') ? { roles: ['service_admin', 'service_auditor'], subject: 'hidden' } : {}
        },
      },
    })
  })
  after(() => product.close())
  const as = async (tenant: string, subject: string, roles: string[], path: string, question: Question = {}) =>
    product.ask(path, { token: await product.token(tenant, { subject, roles }), ...question })

  test('it gives and takes service roles, and refuses', async () => {
    const path = '/acme/grid/v1/notes'
    assert.equal((await as('acme', 'plain', ['auditor'], path)).status, 200)
    assert.equal((await as('acme', 'plain', ['auditor'], path, { body: { words: 'x' } })).status, 403)
    assert.equal((await as('acme', 'promoted', ['auditor'], path, { body: { words: 'x' } })).status, 201)
    assert.equal((await as('acme', 'plain', ['admin'], path, { headers: { 'x-less': 'yes' } })).status, 403)
    assert.match((await as('acme', 'blocked', ['admin'], path)).text, /Not today/)
    assert.equal((await as('acme', 'odd', ['admin'], path)).status, 500)
  })

  test('it gives no other tenant, and nothing to the platform’s own principals', async () => {
    for (const path of ['/globex/grid/v1/notes', '/system/grid/v1/notes', '/-/tenants'])
      assert.equal((await as('acme', 'promoted', ['auditor'], path)).status, 403, path)
    const post = await as('system', 'bob@system', ['service_auditor'], '/acme/grid/v1/notes', { body: { words: 'x' } })
    assert.equal(post.status, 403)
    const [act] = await product.platform.audit.acts({ limit: 1 })
    assert.equal(act?.subject, 'bob@system')
    const less = { headers: { 'x-less': 'yes' } }
    assert.equal((await as('system', 'anna', ['service_admin'], '/acme/grid/v1/notes', less)).status, 403)
    assert.equal((await as('system', 'anna', ['service_admin'], '/-/tenants', less)).status, 403)
  })
})
