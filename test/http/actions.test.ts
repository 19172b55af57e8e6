import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { defineModule } from '../../src/app/define-module.ts'
import { action } from '../../src/core/action.ts'
import { row, rows } from '../../src/core/action-definition.ts'
import { entity } from '../../src/core/entity.ts'
import { integer, text } from '../../src/core/field.ts'
import { jsonOf } from './client.ts'
import { type OpenProduct, openProduct } from './open-product.ts'

const access = { admin: 'tenant_writer', auditor: 'tenant_reader' } as const

const tasks = entity('tasks', { title: text(), points: integer().default(1) }, { access })
const posts = entity('posts', { title: text() }, { access: { ...access, anonymous: 'tenant_reader' } })

const bigTasks = action('big_tasks', {
  input: { least: integer().default(2) },
  reads: [tasks],
  output: rows(tasks),
  sql: 'select * from tasks where points >= big_tasks.least order by title',
})
const addTask = action('add_task', {
  description: 'Adds a task',
  input: { title: text({ max: 20 }), points: integer().optional() },
  writes: [tasks],
  output: row(tasks),
  run: (tenant, { title, points }) => tenant.insert(tasks, { title, ...(points !== null && { points }) }),
})
const broken = action('broken', {
  reads: [tasks],
  output: text(),
  run: async () => 7 as never,
})
const latest = action('latest', { reads: [posts], output: rows(posts), sql: 'select * from posts' })
const ping = action('ping', { roles: ['auditor'], output: text(), run: async tenant => `pong from ${tenant.key}` })

const work = defineModule({
  name: 'work',
  version: '1.2.0',
  entities: [tasks, posts],
  actions: [bigTasks, addTask, broken, latest, ping],
})
const play = defineModule({
  name: 'play',
  version: '1.0.0',
  entities: [],
  actions: [action('ping', { roles: ['admin'], output: text(), sql: `select 'play'` })],
})

let product: OpenProduct
const tokens: Record<string, string> = {}

before(async () => {
  product = await openProduct({
    modules: [work, play],
    config: { limits: { bodyBytes: 1024 * 1024 } },
    tenants: [
      { key: 'acme', subscribe: ['work@1', 'play@1'] },
      { key: 'globex', subscribe: ['work@1'] },
    ],
  })
  for (const tenant of ['acme', 'globex']) {
    tokens[tenant] = await product.token(tenant)
    tokens[`${tenant} auditor`] = await product.token(tenant, { roles: ['auditor'] })
  }
})
after(() => product?.close())

const call = (tenant: string, path: string, body?: unknown, who = tenant, headers = {}) => {
  const token = tokens[who]
  return product.ask(`/${tenant}/${path}`, { headers, ...(token && { token }), ...(body !== undefined && { body }) })
}

describe('actions over HTTP', () => {
  test('are called in their module at any version that it has, and change the own tenant only', async () => {
    for (const [tenant, version] of [
      ['acme', 'v1'],
      ['globex', 'v1.2'],
    ] as const) {
      const added = await call(tenant, `work/${version}/rpc/add_task`, { title: `of ${tenant}`, points: 5 })
      assert.equal(added.status, 200)
      assert.equal(jsonOf(added).title, `of ${tenant}`)
      const found = await call(tenant, 'work/v1/rpc/big_tasks?select=title&least=3')
      assert.equal(found.text, `[{"title":"of ${tenant}"}]`)
    }
    assert.equal((await call('acme', 'work/v1.3/rpc/big_tasks')).status, 404)
  })

  test('are called for all modules, by profile where several have the name', async () => {
    assert.equal((await call('acme', 'rest/v1/rpc/big_tasks')).status, 200)
    const ambiguous = await call('acme', 'rest/v1/rpc/ping', {})
    assert.deepEqual(
      [ambiguous.status, jsonOf(ambiguous).code, jsonOf(ambiguous).details],
      [406, 'PGRST106', 'play@1, work@1'],
    )
    const chosen = await call('acme', 'rest/v1/rpc/ping', {}, 'acme', { 'content-profile': 'play' })
    assert.deepEqual([chosen.status, chosen.text], [200, '"play"'])
    const unknown = await call('acme', 'rest/v1/rpc/ping', {}, 'acme', { 'content-profile': 'nothing' })
    assert.deepEqual([unknown.status, jsonOf(unknown).code], [406, 'PGRST106'])
    const pinged = await call('globex', 'rest/v1/rpc/ping', {}, 'globex auditor')
    assert.equal(pinged.text, '"pong from globex"')
  })

  test('need the roles of what they do, and a token where anonymous has none', async () => {
    const refused = await call('acme', 'work/v1/rpc/add_task', { title: 'x' }, 'acme auditor')
    assert.deepEqual([refused.status, jsonOf(refused).code], [403, '42501'])
    assert.equal((await call('acme', 'work/v1/rpc/ping', {})).status, 403)
    for (const path of ['add_task', 'big_tasks', 'ping', 'nothing_such']) {
      assert.equal((await call('acme', `work/v1/rpc/${path}`, {}, 'nobody')).status, 401, path)
      assert.equal((await call('acme', `rest/v1/rpc/${path}`, {}, 'nobody')).status, 401, path)
    }
    assert.equal((await call('acme', 'work/v1/rpc/latest', {}, 'nobody')).text, '[]')
    assert.equal((await call('globex', 'work/v1/rpc/big_tasks', undefined, 'acme')).status, 403)
  })

  test('take what they declare: no other argument, no tenant, no other method', async () => {
    const unknown = await call('acme', 'work/v1/rpc/big_tasks?most=3')
    assert.deepEqual(
      [unknown.status, jsonOf(unknown).code, jsonOf(unknown).message, jsonOf(unknown).hint],
      [
        ...[404, 'PGRST202', 'Could not find the function work_v1.big_tasks(most) in the schema cache'],
        'It takes least (optional)',
      ],
    )
    const foreign = await call('acme', 'work/v1/rpc/add_task', { title: 'x', tenant_id: 'globex' })
    assert.equal(foreign.status, 403)
    assert.equal((await call('acme', 'work/v1/rpc/add_task?title=x')).status, 405)
    const patched = await product.ask('/acme/work/v1/rpc/big_tasks', {
      method: 'PATCH',
      token: tokens.acme ?? '',
      body: {},
    })
    assert.deepEqual([patched.status, jsonOf(patched).code], [405, 'PGRST101'])
    const long = await call('acme', 'work/v1/rpc/add_task', { title: 'x'.repeat(21) })
    assert.deepEqual(
      [long.status, jsonOf(long).message],
      [400, 'The argument "title" must be at most 20 characters, and must not be null'],
    )
    const hidden = await call('acme', 'work/v1/rpc/big_tasks?select=tenant_id')
    assert.deepEqual([hidden.status, jsonOf(hidden).code], [400, '42703'])
    assert.equal((await call('acme', 'work/v1/rpc/big_tasks?tenant_id=eq.globex')).status, 400)
  })

  test('that answer something wrong are a 500 that tells nothing, and a log line that does', async () => {
    const answer = await call('acme', 'work/v1/rpc/broken')
    assert.deepEqual([answer.status, jsonOf(answer).message], [500, 'Something went wrong on our side'])
    assert.match(product.logged(), /The action work@1\.broken answered a row whose \\"value\\" is no text/)
  })

  test('a body that is too large is refused', async () => {
    const { status } = await call('acme', 'work/v1/rpc/add_task', { title: 'x'.repeat(900 * 1024) })
    assert.notEqual(status, 413)
    for (const path of ['work/v1/rpc/add_task', 'rest/v1/rpc/add_task']) {
      const answer = await call('acme', path, { title: 'x'.repeat(1024 * 1024) })
      assert.equal(answer.status, 413, path)
    }
  })

  test('stand in the OpenAPI document of those who may call them', async () => {
    const pathsOf = async (who: string): Promise<[string, object][]> => {
      const { text } = await call('acme', 'openapi.json', undefined, who)
      const { paths }: { paths: Record<string, object> } = JSON.parse(text)
      return Object.entries(paths)
    }
    const shown = (paths: [string, object][]) =>
      paths.flatMap(([path, item]) => (/rpc/.test(path) ? [`${path} ${Object.keys(item).join(' ')}`] : []))
    assert.deepEqual(shown(await pathsOf('acme')), [
      '/play/v1/rpc/ping get post',
      '/work/v1/rpc/big_tasks get post',
      '/work/v1/rpc/add_task post',
      '/work/v1/rpc/broken get post',
      '/work/v1/rpc/latest get post',
    ])
    assert.deepEqual(shown(await pathsOf('acme auditor')), [
      '/work/v1/rpc/big_tasks get post',
      '/work/v1/rpc/broken get post',
      '/work/v1/rpc/latest get post',
      '/work/v1/rpc/ping get post',
    ])
    assert.deepEqual(shown(await pathsOf('nobody')), ['/work/v1/rpc/latest get post'])
    const { text } = await call('acme', 'work/v1/openapi.json')
    const { post } = JSON.parse(text).paths['/rpc/add_task']
    assert.deepEqual([post.summary, post.operationId], ['Adds a task', 'work_v1_callAddTask'])
    assert.deepEqual(post.requestBody.content['application/json'].schema.required, ['title'])
  })
})
