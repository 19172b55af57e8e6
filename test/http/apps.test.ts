import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { Validator } from '@seriousme/openapi-schema-validator'
import { defineModule } from '../../src/app/define-module.ts'
import { accessClass } from '../../src/app/http/access-class.ts'
import { action } from '../../src/core/action.ts'
import { row } from '../../src/core/action-definition.ts'
import { entity } from '../../src/core/entity.ts'
import { decimal, reference, text } from '../../src/core/field.ts'
import { type Answer, jsonOf, type Question } from './client.ts'
import { type OpenProduct, openProduct } from './open-product.ts'

const people = entity(
  'people',
  {
    name: text(),
    wage: decimal(8, 2)
      .default('0')
      .reserved({ read: ['admin'], write: ['admin'] }),
  },
  { revision: true, access: { admin: 'tenant_writer', clerk: 'tenant_reader' } },
)
const audits = entity('audits', { remark: text() }, { access: { clerk: 'none' } })
const tasks = entity('tasks', { title: text(), owner_id: reference(() => people).optional() })
const notes = entity('notes', { body: text(), person_id: reference(() => people).optional() })
const hints = entity('hints', { task_id: reference(() => tasks) })
const badges = entity('badges', { title: text() })

/** Writes what none of the APIs that show it do. */
const hire = action('hire', {
  input: { name: text() },
  writes: [people, audits],
  output: row(people),
  run: async (tenant, { name }) => {
    await tenant.insert(audits, { remark: `hired in ${tenant.version.major}.${tenant.version.minor}` })
    return tenant.insert(people, { name })
  },
})

const access = { admin: 'tenant_writer', clerk: 'tenant_reader' } as const
const params = { type: 'object', properties: { id: { $ref: 'id#' } }, required: ['id'] }
const folk = defineModule({
  ...{ name: 'folk', version: '1.3.0', entities: [people, audits], actions: [hire], access },
  routes: app => {
    app.addSchema({ $id: 'id', type: 'string', format: 'uuid', nullable: true })
    app.get('/people/:id/card', { schema: { params, response: { 200: { type: 'string' } } } }, async () => 'a card')
    app.get('/unseen', { schema: { hide: true } }, async () => 'unseen')
  },
})
const work = defineModule({
  ...{ name: 'work', version: '1.0.0', dependsOn: ['folk@1'], entities: [tasks], access },
  publishes: ['folk.people.read'],
})
const plain = defineModule({
  ...{ name: 'plain', version: '1.0.0', dependsOn: ['folk@1', 'work@1'], entities: [notes, hints], access },
})
const badge = defineModule({ name: 'badge', version: '1.0.0', entities: [badges], access })
const modules = [folk, work, plain, badge]
const apis = {
  desk: ['folk.people.read', 'folk.rpc.hire', 'work.tasks.read', 'work.tasks.insert', 'plain.notes.insert'],
  'desk@2': ['badge.badges'],
}
const config = { products: apis }
const tenants = [
  { key: 'acme', subscribe: ['folk@1', 'work@1', 'plain@1'] },
  // It does not see folk, but through work.
  { key: 'globex', subscribe: ['work@1'] },
]

let product: OpenProduct
let alone: OpenProduct
let working: OpenProduct
const tokens = new Map<string, string>()

before(async () => {
  product = await openProduct({ modules, config, tenants })
  // Tokens are those of the product, wherever they are used.
  const variables = { PUBLIC_URL: product.url }
  const beside = { modules, config, database: product.database, variables }
  ;[alone, working] = await Promise.all([
    openProduct({ ...beside, alone: 'plain@1' }),
    openProduct({ ...beside, alone: 'work' }),
  ])
  for (const tenant of ['acme', 'globex'])
    for (const role of ['admin', 'clerk', 'visitor'])
      tokens.set(`${tenant} ${role}`, await product.token(tenant, { roles: [role] }))
  for (const tenant of ['acme', 'globex']) {
    const made = await rpcAs(tenant, 'hire', { name: `Ada of ${tenant}` })
    assert.equal(made.status, tenant === 'acme' ? 200 : 404, made.text)
  }
  const kept = await ask('/acme/work/v1/tasks', { body: { title: 'kept' }, headers: representation })
  const hint = await ask('/acme/plain/v1/hints', { body: { task_id: jsonOf<{ id: string }[]>(kept)[0]?.id } })
  assert.equal(hint.status, 201, hint.text)
})
after(async () => {
  for (const each of [working, alone, product]) await each?.close()
})

const ask = (path: string, question: Question & { role?: string; at?: OpenProduct } = {}) => {
  const tenant = path.split('/')[1] ?? ''
  const { role = 'admin', at = product, ...rest } = question
  return at.ask(path, { token: tokens.get(`${tenant} ${role}`) ?? '', ...rest })
}
const rpcAs = (tenant: string, name: string, body: unknown) => ask(`/${tenant}/folk/v1/rpc/${name}`, { body })
const outcome = ({ status, text }: Answer) => [status, text === '' ? '' : (JSON.parse(text).code ?? 'rows')]
const pathsOf = (answer: Answer) => {
  const { paths } = jsonOf<{ paths: Record<string, object> }>(answer)
  return Object.entries(paths).map(([path, item]) => `${path} ${Object.keys(item).join(' ')}`)
}
const representation = { prefer: 'return=representation' }

describe('a module alone', () => {
  test('has its own API, for who sees it, and of others nothing, in the words for what does not exist', async () => {
    assert.deepEqual(outcome(await ask('/acme/plain/v1/notes', { at: alone })), [200, 'rows'])
    const unknown = await ask('/acme/nosuch/v1/people', { at: alone })
    assert.equal(unknown.status, 404)
    for (const path of [
      'folk/v1/people',
      'folk/v1/rpc/hire',
      'folk/v1/people/1/card',
      'work/v1/tasks',
      'desk/v1/people',
    ])
      for (const method of ['GET', 'POST'])
        assert.equal(
          (await ask(`/acme/${path}`, { at: alone, method })).plain,
          (await ask('/acme/nosuch/v1/people', { at: alone, method })).plain,
          path,
        )
    const here = await ask('/acme/rest/v1/people', { at: alone })
    const nowhere = await ask('/acme/rest/v1/nobody', { at: alone })
    assert.equal(here.plain.replaceAll('people', 'nobody'), nowhere.plain)
    const profile = await ask('/acme/rest/v1/people', { at: alone, headers: { 'accept-profile': 'folk' } })
    assert.match(profile.text, /following: plain@1"/)
    for (const path of ['/-/tenants', '/-/audit']) assert.equal((await alone.ask(path)).status, 404)
    assert.equal((await alone.ask('/-/health/ready')).status, 200)
    assert.doesNotMatch((await alone.ask('/')).text, /folk|work|badge/)
    // Globex does not subscribe to it, and its people have no business in acme.
    assert.equal((await ask('/globex/plain/v1/notes', { at: alone })).status, 404)
    const strange = await alone.ask('/acme/plain/v1/notes', { token: tokens.get('globex admin') ?? '' })
    assert.equal(strange.status, 403)
  })

  test('does not embed what it does not publish, whose foreign keys hold', async () => {
    const [ada] = jsonOf<{ id: string }[]>(await ask('/acme/folk/v1/people'))
    const post = (person_id: string | undefined) =>
      ask('/acme/plain/v1/notes', { at: alone, body: { body: 'a note', person_id }, headers: representation })
    assert.equal((await post(ada?.id)).status, 201)
    assert.deepEqual(outcome(await post('00000000-0000-7000-8000-000000000000')), [409, '23503'])
    for (const select of ['body,people(name)', 'body,person_id(name)', 'body,...people(name)']) {
      assert.deepEqual(outcome(await ask(`/acme/plain/v1/notes?select=${select}`, { at: alone })), [400, 'PGRST200'])
      assert.equal((await ask(`/acme/plain/v1/notes?select=${select}`)).status, 200)
    }
    const held = await ask(`/acme/folk/v1/people?id=eq.${ada?.id}`, { method: 'DELETE' })
    assert.deepEqual(outcome(held), [409, '23503'])
    // Who does not know of notes learns that the row is kept, and not by what.
    const kept = await ask(`/acme/work/v1/tasks?title=eq.kept`, { at: working, method: 'DELETE' })
    assert.deepEqual(outcome(kept), [409, '23503'])
    assert.ok(/notes/.test(held.text) && !/hints/.test(kept.text), kept.text)
    assert.match((await ask(`/acme/work/v1/tasks?title=eq.kept`, { method: 'DELETE' })).text, /hints/)
  })

  test('describes itself and nothing else', async () => {
    for (const path of ['/acme/openapi.json', '/acme/plain/v1/openapi.json']) {
      const { text } = await ask(path, { at: alone })
      assert.match(text, /\/notes"/)
      assert.doesNotMatch(text, /people\(|folk|tasks|badge|hire/)
    }
  })
})

describe('what a module publishes', () => {
  test('is read at its address, alone and beside others, also by who does not see the module it is of', async () => {
    for (const at of [product, working]) {
      const answer = await ask('/acme/work/v1/people?select=name', { at })
      assert.deepEqual(jsonOf(answer), [{ name: 'Ada of acme' }])
      assert.deepEqual(jsonOf(await ask('/globex/work/v1/people?select=name', { at })), [])
      assert.equal((await ask('/acme/work/v1/tasks?select=title,people(name)', { at })).status, 200)
      assert.deepEqual(outcome(await ask('/acme/work/v1/people', { at, body: { name: 'Eve' } })), [405, 'not_offered'])
      assert.equal((await ask('/globex/folk/v1/people', { at })).status, 404)
      assert.deepEqual(outcome(await ask('/acme/work/v1/audits', { at })), [404, 'PGRST205'])
      // The address of work narrows for all who ask there, whatever they may elsewhere.
      const headers = { 'content-profile': 'work' }
      assert.equal((await ask('/acme/rest/v1/people', { at, body: { name: 'Eve' }, headers })).status, 405)
    }
    assert.equal((await ask('/acme/folk/v1/people', { body: { name: 'Bob' } })).status, 201)
    assert.equal((await ask('/acme/folk/v1/people?name=eq.Bob', { method: 'DELETE' })).status, 204)
  })

  test('stands in OpenAPI at its address, with what can be done there', async () => {
    assert.deepEqual(pathsOf(await ask('/acme/work/v1/openapi.json')), [
      '/tasks get post put patch delete',
      '/people get',
    ])
    assert.deepEqual(pathsOf(await ask('/globex/openapi.json')), [
      '/work/v1/tasks get post put patch delete',
      '/work/v1/people get',
    ])
    assert.ok(pathsOf(await ask('/acme/openapi.json')).includes('/folk/v1/people get post put patch delete'))
  })
})

describe('a composed API', () => {
  test('does what it lists and nothing more', async () => {
    assert.equal((await ask('/acme/desk/v1/people?select=name')).status, 200)
    assert.equal((await ask('/acme/desk/v1/tasks', { body: { title: 'x' }, headers: representation })).status, 201)
    for (const [path, method] of [
      ['people', 'POST'],
      ['tasks?title=eq.x', 'PATCH'],
      ['tasks?title=eq.x', 'DELETE'],
      ['notes', 'GET'],
      ['tasks?id=eq.00000000-0000-7000-8000-000000000000', 'PUT'],
    ] as const) {
      const body = method === 'PUT' ? { id: '00000000-0000-7000-8000-000000000000', title: 'x' } : { title: 'x' }
      const answer = await ask(`/acme/desk/v1/${path}`, {
        method,
        ...(method !== 'GET' && method !== 'DELETE' && { body }),
      })
      assert.deepEqual(outcome(answer), [405, 'not_offered'], `${method} ${path}`)
    }
    const merge = { prefer: 'resolution=merge-duplicates' }
    assert.equal((await ask('/acme/desk/v1/tasks', { body: { title: 'x' }, headers: merge })).status, 405)
    assert.equal((await ask('/acme/desk/v1/notes', { body: { body: 'x' } })).status, 201)
    assert.equal((await ask('/acme/desk/v1/notes', { body: { body: 'x' }, headers: representation })).status, 400)
    assert.deepEqual(outcome(await ask('/acme/desk/v1/people?select=name,notes(body)')), [400, 'PGRST200'])
    assert.equal((await ask('/acme/desk/v1/people?select=name,tasks(title)')).status, 200)
    assert.deepEqual(outcome(await ask('/acme/desk/v1/audits')), [404, 'PGRST205'])
    assert.equal((await ask('/acme/desk/v1/people/1/card')).status, 404)
  })

  test('never widens: roles, fields and subscriptions are what they are', async () => {
    assert.equal((await ask('/acme/desk/v1/tasks', { role: 'clerk', body: { title: 'x' } })).status, 403)
    assert.equal((await ask('/acme/desk/v1/people', { role: 'visitor' })).status, 403)
    assert.doesNotMatch((await ask('/acme/desk/v1/people', { role: 'clerk' })).text, /wage/)
    assert.deepEqual(
      jsonOf(await ask('/globex/desk/v1/people')),
      [],
      'it is published to globex, whose rows are its own',
    )
    assert.deepEqual(outcome(await ask('/globex/desk/v1/notes', { body: { body: 'x' } })), [404, 'PGRST205'])
    assert.equal((await ask('/globex/desk/v1/rpc/hire', { body: { name: 'Eve' } })).status, 404)
    // Nobody has anything of its second major.
    const unknown = await ask('/acme/nosuch/v2/badges')
    assert.equal((await ask('/acme/desk/v2/badges')).plain, unknown.plain)
  })

  test('runs actions as their own modules do, with all that their code needs', async () => {
    const answer = await ask('/acme/desk/v1/rpc/hire', { body: { name: 'Cid' }, headers: { 'idempotency-key': 'cid' } })
    assert.equal(answer.status, 200, answer.text)
    const audits = jsonOf<{ remark: string }[]>(await ask('/acme/folk/v1/audits?select=remark'))
    assert.deepEqual([...new Set(audits.map(({ remark }) => remark))], ['hired in 1.3'])
  })

  test('is found by profile, too', async () => {
    const headers = { 'accept-profile': 'desk@1', 'content-profile': 'desk@1' }
    assert.equal((await ask('/acme/rest/v1/people', { headers })).status, 200)
    assert.equal((await ask('/acme/rest/v1/people', { headers, body: { name: 'Eve' } })).status, 405)
    assert.equal((await ask('/acme/rest/v1/rpc/hire', { headers, body: { name: 'Dan' } })).status, 200)
  })

  test('describes itself', async () => {
    assert.deepEqual(pathsOf(await ask('/acme/desk/v1/openapi.json')), [
      '/people get',
      '/tasks get post',
      '/notes post',
      '/rpc/hire post',
    ])
    assert.deepEqual(pathsOf(await ask('/globex/desk/v1/openapi.json')), ['/people get', '/tasks get post'])
  })
})

describe('OpenAPI documents', () => {
  test('are valid, whoever asks, wherever', async () => {
    const validator = new Validator()
    const addresses = [
      'openapi.json',
      'folk/v1/openapi.json',
      'work/v1/openapi.json',
      'desk/v1/openapi.json',
      'rest/v1/',
    ]
    for (const role of ['admin', 'clerk', 'visitor']) {
      for (const address of addresses) {
        const { valid, errors } = await validator.validate(jsonOf(await ask(`/acme/${address}`, { role })))
        assert.ok(valid, `${address} for ${role}: ${JSON.stringify(errors)?.slice(0, 500)}`)
      }
    }
  })

  test('name nothing that the caller cannot use', async () => {
    const clerks = await ask('/acme/openapi.json', { role: 'clerk' })
    assert.deepEqual(clerks.text.match(/wage|audits|hire|Patch|Insert/g), null)
    assert.deepEqual(pathsOf(clerks), [
      '/folk/v1/people get',
      '/work/v1/tasks get',
      '/plain/v1/notes get',
      '/plain/v1/hints get',
      '/folk/v1/people/{id}/card get',
    ])
    assert.ok(/wage.*audits|audits.*wage/.test((await ask('/acme/openapi.json')).text))
    assert.deepEqual(pathsOf(await ask('/acme/openapi.json', { role: 'visitor' })), [])
    assert.equal((await product.ask('/acme/openapi.json')).status, 401)
    const ofGlobex = await ask('/globex/openapi.json')
    assert.doesNotMatch(ofGlobex.text, /folk_v1_insert|audits|hire|plain|acme|notes/)
  })

  test('are the same for all who may the same, in whatever tenant, but for the address', async () => {
    const roles = ['clerk', 'made-up', 'admin', 'constructor']
    const token = await product.token('acme', { roles })
    assert.deepEqual(accessClass(product.platform.product.modules.expose(['folk@1']), roles), ['admin', 'clerk'])
    assert.equal(
      (await product.ask('/acme/work/v1/openapi.json', { token })).text,
      (await ask('/acme/work/v1/openapi.json')).text,
    )
    // Both see of work the same, and each what its own exposure lets be embedded.
    const [ofAcme, ofGlobex] = [await ask('/acme/work/v1/openapi.json'), await ask('/globex/work/v1/openapi.json')]
    assert.deepEqual(pathsOf(ofAcme), pathsOf(ofGlobex))
    assert.ok(/`hints`/.test(ofAcme.text) && !/hints/.test(ofGlobex.text))
  })

  test('tell of routes what their authors say', async () => {
    const { paths } = jsonOf<{ paths: Record<string, Record<string, { parameters: unknown; responses: object }>> }>(
      await ask('/acme/folk/v1/openapi.json'),
    )
    const card = paths['/people/{id}/card']?.get
    const schema = { type: ['string', 'null'], format: 'uuid' }
    assert.deepEqual(card?.parameters, [{ name: 'id', in: 'path', required: true, schema }])
    assert.deepEqual(Object.keys(card?.responses ?? {}), ['200', '401', '403', '404'])
    assert.equal(paths['/unseen'], undefined)
  })
})
