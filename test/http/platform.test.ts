import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { gunzipSync } from 'node:zlib'
import { type Answer, jsonOf, type Question } from './client.ts'
import { type OpenProduct, openProduct } from './open-product.ts'
import { club, crew, geography, people, users, vault } from './world.ts'

let product: OpenProduct
let admin: string
let auditor: string

const rows = (tenant: string) => [
  { entity: users, rows: [{ username: 'a', title: `a user of ${tenant}` }] },
  { entity: people, rows: [{ title: `a person of ${tenant}`, email: 'a' }] },
]

before(async () => {
  product = await openProduct({
    modules: [geography, vault, crew, club],
    tenants: ['acme', 'globex'].map(key => ({ key, subscribe: ['crew@1'], rows: rows(key) })),
  })
  admin = await product.token('system', { roles: ['service_admin'] })
  auditor = await product.token('system', { roles: ['service_auditor'] })
})

after(() => product.close())

const asAdmin = (path: string, question: Question = {}): Promise<Answer> =>
  product.ask(`/-/tenants${path}`, { token: admin, ...question })
const remove = (path: string) => asAdmin(path, { method: 'DELETE' })
const codeOf = (answer: Answer) => [answer.status, jsonOf(answer).code]

/** Every act: method, path, body, and whether an auditor may. */
const acts: readonly (readonly [method: string, path: string, body: unknown, reads: boolean])[] = [
  ['GET', '', undefined, true],
  ['GET', '/acme', undefined, true],
  ['GET', '/nobody', undefined, true],
  ['GET', '/acme/subscriptions', undefined, true],
  ['POST', '', { key: 'newcomer' }, false],
  ['POST', '/acme/suspend', undefined, false],
  ['POST', '/acme/resume', undefined, false],
  ['POST', '/nobody/suspend', undefined, false],
  ['DELETE', '/acme?confirm=acme', undefined, false],
  ['POST', '/acme/subscriptions', { module: 'club@1' }, false],
  ['POST', '/acme/subscriptions', { module: 'club@1', dryRun: true }, false],
  ['DELETE', '/acme/subscriptions/crew@1', undefined, false],
]

describe('who may', () => {
  test('nobody without a token, with one answer for all acts', async () => {
    const answers = await Promise.all(
      acts.map(([method, path, body]) => product.ask(`/-/tenants${path}`, { method, body })),
    )
    assert.equal(answers[0]?.status, 401)
    assert.equal(new Set(answers.map(({ plain }) => plain)).size, 1)
  })

  test("no token of a tenant, whatever roles it says it has, and not the system's without a platform role", async () => {
    const roles = ['admin', 'auditor', 'service_admin', 'service_auditor', 'writer', 'main', 'system']
    const tokens = [
      await product.token('acme'),
      await product.token('acme', { roles }),
      await product.token('globex', { roles: ['service_admin'] }),
      await product.token('system', { roles: ['admin', 'writer', 'service_admins'] }),
      await product.token('system', { roles: [] }),
    ]
    for (const token of tokens) {
      for (const [method, path, body] of acts) {
        const answer = await product.ask(`/-/tenants${path}`, { method, body, token })
        assert.deepEqual(codeOf(answer), [403, 'forbidden'], `${method} ${path}`)
        // Nor does the refusal tell which tenants there are.
        assert.doesNotMatch(answer.text, /acme|globex|nobody/)
      }
    }
    assert.equal(product.platform.operations.showTenant('acme').state, 'active')
  })

  test('an auditor reads and changes nothing', async () => {
    for (const [method, path, body, reads] of acts) {
      const { status } = await product.ask(`/-/tenants${path}`, { method, body, token: auditor })
      assert.equal(status, reads ? (path === '/nobody' ? 404 : 200) : 403, `${method} ${path}`)
    }
    assert.deepEqual(
      product.platform.operations.listTenants().map(({ key, state }) => `${key} ${state}`),
      ['acme active', 'globex active', 'system active'],
    )
  })

  test("an administrator of the platform is not let into a tenant's rows where entities do not say so", async () => {
    for (const path of ['/acme/crew/v1/users', '/acme/rest/v1/users', '/system/crew/v1/users']) {
      assert.equal((await product.ask(path, { token: admin })).status, 403)
    }
    const document = jsonOf<{ paths: object }>(await product.ask('/acme/openapi.json', { token: admin }))
    assert.deepEqual(document.paths, {})
  })
})

describe('tenants', () => {
  test('a list shows no secrets', async () => {
    const { text } = await asAdmin('')
    const keys = jsonOf<{ key: string }[]>({ ...(await asAdmin('')), text }).map(({ key }) => key)
    assert.deepEqual(keys, ['acme', 'globex', 'system'])
    assert.doesNotMatch(text, /sealed|jwk|kid|password|secret|v1\./)
  })

  test('one is made, shown, and usable at once; its rows are its own', async () => {
    const made = await asAdmin('', { body: { key: 'initech', name: 'Initech', subscribe: ['crew@1'] } })
    assert.deepEqual([made.status, made.headers.location], [201, '/-/tenants/initech'])
    assert.deepEqual(jsonOf(made).subscriptions, ['crew@1'])
    assert.equal((await asAdmin('/initech')).text, made.text)
    const token = await product.token('initech')
    assert.equal((await product.ask('/initech/crew/v1/users', { token })).text, '[]')
    assert.equal(
      (await product.ask('/initech/crew/v1/users', { token, body: { username: 'a', title: 'x' } })).status,
      201,
    )
    assert.match((await product.ask('/acme/crew/v1/users', { token: await product.token('acme') })).text, /of acme/)
  })

  test('a key that is taken is 409, one that cannot be is 400, an unknown tenant is 404', async () => {
    assert.deepEqual(codeOf(await asAdmin('', { body: { key: 'acme' } })), [409, 'conflict'])
    const wrong = [
      'system',
      'constructor',
      'rest',
      '-',
      'a',
      'ACME',
      'ac me',
      'acme/..',
      '__proto__',
      'аcme',
      'a'.repeat(33),
      '',
      '-a',
      'a-',
      'acme\n',
      'ａcme',
    ]
    for (const key of wrong) assert.equal((await asAdmin('', { body: { key } })).status, 400, key)
    for (const body of [
      {},
      { key: 'good', keys: 1 },
      { key: 'good', subscribe: 'x'.repeat(300) },
      { key: 'good', name: '\u0000' },
      [],
      'x',
      { key: { a: 1 } },
    ]) {
      assert.equal((await asAdmin('', { body })).status, 400, JSON.stringify(body))
    }
    for (const [method, path, body] of acts.filter(([, path]) => path.startsWith('/acme'))) {
      const answer = await asAdmin(path.replaceAll('acme', 'nobody'), { method, body })
      assert.equal(answer.status, 404, `${method} ${path}`)
    }
    assert.equal((await asAdmin('', { body: { key: 'hooli', subscribe: ['nosuch@1'] } })).status, 404)
    assert.equal((await asAdmin('/hooli')).status, 404)
  })

  test('a member that the request may not have is refused, so that a mistyped dryRun does nothing', async () => {
    const answer = await asAdmin('/acme/subscriptions', { body: { module: 'club@1', dry_run: true } })
    assert.equal(answer.status, 400)
    assert.deepEqual(jsonOf(await asAdmin('/acme/subscriptions')), ['crew@1'])
  })

  test('of many who make the same tenant at once one does', async () => {
    const answers = await Promise.all(
      Array.from({ length: 5 }, (_, index) => asAdmin('', { body: { key: 'contested', name: `by ${index}` } })),
    )
    assert.deepEqual(answers.map(({ status }) => status).sort(), [201, 409, 409, 409, 409])
  })

  test('suspended it is refused, resumed it is served; doing it again is no error', async () => {
    const token = await product.token('globex')
    const users = '/globex/crew/v1/users'
    for (const _ of [1, 2])
      assert.equal(jsonOf(await asAdmin('/globex/suspend', { method: 'POST' })).state, 'suspended')
    assert.deepEqual(codeOf(await product.ask(users, { token })), [403, 'tenant_suspended'])
    assert.equal((await product.ask('/acme/crew/v1/users', { token: await product.token('acme') })).status, 200)
    for (const _ of [1, 2]) assert.equal(jsonOf(await asAdmin('/globex/resume', { method: 'POST' })).state, 'active')
    assert.equal((await product.ask(users, { token })).status, 200)
    for (const act of ['suspend', 'remove']) {
      const answer =
        act === 'remove' ? await remove('/system?confirm=system') : await asAdmin('/system/suspend', { method: 'POST' })
      assert.equal(answer.status, 409, act)
    }
  })
})

describe('subscriptions', () => {
  test('a dry run says what would happen and does nothing', async () => {
    const dry = await asAdmin('/globex/subscriptions', { body: { module: 'club@1', dryRun: true } })
    assert.deepEqual(jsonOf(dry), { order: ['club@1'], added: ['club@1'], subscriptions: ['club@1', 'crew@1'] })
    assert.deepEqual(jsonOf(await asAdmin('/globex/subscriptions')), ['crew@1'])
  })

  test('a module is there once it is subscribed to, gone after, and its rows stay', async () => {
    const token = await product.token('globex')
    const path = '/globex/club/v1/users'
    assert.equal((await product.ask(path, { token })).status, 404)
    assert.equal((await asAdmin('/globex/subscriptions', { body: { module: 'club@1' } })).status, 200)
    assert.equal((await product.ask(path, { token, body: { title: 'stays' } })).status, 201)
    assert.equal((await remove('/globex/subscriptions/club@1')).status, 200)
    assert.equal((await product.ask(path, { token })).status, 404)
    await asAdmin('/globex/subscriptions', { body: { module: 'club@1' } })
    assert.match((await product.ask(path, { token })).text, /stays/)
    const other = await product.token('acme')
    assert.equal((await product.ask('/acme/club/v1/users', { token: other })).status, 404)
  })

  test('what another subscription needs stays, and an unknown module is 404', async () => {
    await asAdmin('/globex/subscriptions', { body: { module: 'vault@1' } })
    const needed = await remove('/globex/subscriptions/vault@1')
    assert.deepEqual(codeOf(needed), [409, 'module_needed'])
    assert.match(needed.text, /crew@1/)
    assert.equal((await asAdmin('/globex/subscriptions', { body: { module: 'nosuch@1' } })).status, 404)
    assert.equal((await asAdmin('/system/subscriptions', { body: { module: 'club@1' } })).status, 409)
  })
})

describe('removal', () => {
  test('it has to be confirmed with the key', async () => {
    for (const query of [
      '',
      '?confirm=',
      '?confirm=globex',
      '?confirm=ACME',
      '?confirm=true',
      '?confirm=acme&confirm=acme',
    ]) {
      assert.equal((await remove(`/acme${query}`)).status, 400, query)
    }
    assert.equal(jsonOf(await asAdmin('/acme')).state, 'active')
  })

  test('it writes an archive, takes the rows away, leaves the key taken and others untouched', async () => {
    const token = await product.token('acme')
    const globex = await product.token('globex')
    const ofGlobex = () =>
      product.ask('/globex/crew/v1/people', { token: globex, headers: { prefer: 'deleted=include' } })
    const countOf = async (tenant: string) => {
      const counts = await Promise.all(
        ['users', 'people'].map(name =>
          product.database.query<{ n: number }>(`select count(*)::int as n from crew_v1.${name} where tenant_id = $1`, [
            tenant,
          ]),
        ),
      )
      return counts.map(([row]) => row?.n)
    }
    const before = (await ofGlobex()).plain
    assert.deepEqual(await countOf('acme'), [1, 1])
    const removed = await remove('/acme?confirm=acme')
    assert.equal(removed.status, 200, removed.text)
    const { archive, rows } = jsonOf<{ archive: string; rows: Record<string, number> }>(removed)
    assert.deepEqual([rows['crew@1.users'], rows['crew@1.people']], [1, 1])
    assert.match(textOf(archive), /a user of acme/)
    assert.doesNotMatch(textOf(archive), /globex/)

    assert.deepEqual(
      [await countOf('acme'), await countOf('globex')],
      [
        [0, 0],
        [1, 1],
      ],
    )
    assert.equal((await ofGlobex()).plain, before)
    assert.equal((await product.ask('/acme/crew/v1/users', { token })).status, 401)
    assert.equal((await product.ask('/acme/crew/v1/posts')).status, 401)
    assert.equal((await asAdmin('/acme')).status, 404)
    assert.deepEqual(codeOf(await asAdmin('', { body: { key: 'acme' } })), [409, 'conflict'])
    assert.equal((await remove('/acme?confirm=acme')).status, 404)
    await assert.rejects(product.token('acme'))
    const states = await product.database.query(`select state from tenantry.tenants where key = 'acme'`)
    assert.deepEqual(states, [{ state: 'removed' }])
    assert.deepEqual(await product.database.query(`select 1 from tenantry.tenant_keys where tenant = 'acme'`), [])
  })

  test('a suspended tenant can be removed; what was interrupted is finished by asking again', async () => {
    await asAdmin('', { body: { key: 'shortlived', subscribe: ['crew@1'] } })
    await asAdmin('/shortlived/suspend', { method: 'POST' })
    // As a crash after the first step would leave it.
    await product.platform.catalog.remove('shortlived')
    assert.equal((await asAdmin('/shortlived/resume', { method: 'POST' })).status, 409)
    assert.equal((await remove('/shortlived?confirm=shortlived')).status, 200)
    assert.equal((await asAdmin('/shortlived')).status, 404)
  })
})

/** All that is in a folder, unpacked. */
function textOf(folder: string): string {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter(entry => entry.isFile())
    .map(entry => readFileSync(join(entry.parentPath, entry.name)))
    .map(bytes => (bytes[0] === 0x1f && bytes[1] === 0x8b ? gunzipSync(bytes) : bytes).toString('utf8'))
    .join('\n')
}
