// F1.3 and F2.7: which tenant a request is for, and what is said without a token.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { defineModule } from '../../src/app/define-module.ts'
import type { Answer } from './client.ts'
import { jsonOf } from './client.ts'
import { type OpenProduct, openProduct } from './open-product.ts'
import { club, crew, crew2, geography, places, vault } from './world.ts'

let product: OpenProduct
let acme: string
let globex: string
let initech: string

before(async () => {
  product = await openProduct({
    modules: [geography, vault, crew, crew2, club],
    config: { name: 'Two <tenants> & "more"', tenantDomain: 'example.test' },
    settings: { connections: 2 },
    tenants: [
      { key: 'acme', name: '<script>alert("acme")</script>', subscribe: ['crew@1'] },
      { key: 'globex', subscribe: ['crew@1', 'crew@2', 'club@1'] },
      { key: 'initech', subscribe: ['crew@1'] },
    ],
  })
  acme = await product.token('acme')
  globex = await product.token('globex')
  initech = await product.token('initech')
  await product.ask('/acme/crew/v1/users', { token: acme, body: { username: 'a', title: 'of acme' } })
  await product.ask('/globex/crew/v1/users', { token: globex, body: { username: 'a', title: 'of globex' } })
})

after(() => product.close())

const ask: OpenProduct['ask'] = (path, question) => product.ask(path, question)
const users = '/acme/crew/v1/users'

/** Under a tenant's path: REST, across modules, a module's own route, documents, and what does not exist. */
const addresses = [
  'crew/v1/users',
  'rest/v1/people',
  'crew/v1/whoami',
  'crew/v1/ping',
  'crew/v1/openapi.json',
  'openapi.json',
  'rest/v1/',
  'nosuch/v1/users',
  'crew/v1/nosuch/at/all',
]

function sameAnswers(answers: readonly Answer[]): void {
  const [first, ...rest] = answers.map(({ plain }) => plain)
  for (const other of rest) assert.equal(other, first)
}

describe('which tenant', () => {
  for (const address of addresses) {
    test(`acme's token is refused with the same 403 at ${address} of any other tenant, there or not`, async () => {
      const answers = await Promise.all(
        ['globex', 'nobody', 'system', 'initech', 'constructor', 'ACME'].map(tenant =>
          ask(`/${tenant}/${address}`, { token: acme }),
        ),
      )
      // A path that cannot name a tenant may be an address that does not exist.
      const [known, ...others] = answers.slice(0, 5)
      assert.equal(known?.status, 403)
      for (const other of others) sameAnswers([known, other])
      assert.notEqual(answers[5]?.status, 200)
    })

    test(`without a token ${address} is the same 401 for every tenant, there or not`, async () => {
      const tenants = ['acme', 'globex', 'nobody', 'system', 'initech', 'constructor']
      // `posts` is open to anonymous, so the documents of tenants that run it are too.
      const shown = address.endsWith('openapi.json') || address === 'rest/v1/'
      const answers = await Promise.all(
        tenants.slice(shown ? 2 : 0, shown ? 4 : 6).map(tenant => ask(`/${tenant}/${address}`)),
      )
      assert.equal(answers[0]?.status, 401)
      assert.equal(answers[0]?.headers['www-authenticate'], 'Bearer')
      sameAnswers(answers)
    })
  }

  test('unsubscribed and unknown modules and versions are the same 404', async () => {
    const paths = [
      'club/v1',
      'crew/v2',
      'nosuch/v1',
      'vault/v1',
      'crew/v3',
      'crew/v1.9',
      'crew/v01',
      'crew/V1',
      'crew/1',
    ]
    for (const rest of ['users', 'whoami', 'openapi.json', 'people/1/notes']) {
      const answers = await Promise.all(paths.map(path => ask(`/acme/${path}/${rest}`, { token: acme })))
      assert.equal(answers[0]?.status, 404)
      sameAnswers(answers)
    }
  })

  test('without a token modules that exist and those that do not are the same 401', async () => {
    const paths = [
      'crew/v1/users',
      'club/v1/users',
      'nosuch/v1/users',
      'crew/v9/users',
      'crew/v1/nosuch',
      'crew/v1/forbidden',
    ]
    sameAnswers(await Promise.all(paths.map(path => ask(`/acme/${path}`))))
    sameAnswers(await Promise.all(['users', 'nosuch', 'prizes'].map(name => ask(`/acme/rest/v1/${name}`))))
  })

  test('only what an entity opens to anonymous is read without a token, and never written', async () => {
    await ask('/globex/crew/v1/posts', { token: globex, body: { title: 'a post of globex' } })
    for (const path of ['/acme/crew/v1/posts', '/acme/rest/v1/posts']) assert.equal((await ask(path)).text, '[]')
    assert.match((await ask('/globex/crew/v1/posts')).text, /a post of globex/)
    for (const method of ['POST', 'PATCH', 'DELETE']) {
      assert.equal((await ask('/acme/crew/v1/posts', { method, body: { title: 'x' } })).status, 401)
    }
    assert.equal((await ask('/globex/crew/v1/posts?select=*,users(*)')).status, 400)
  })

  test('an X-Tenant that disagrees is 403, one that agrees changes nothing', async () => {
    for (const named of ['globex', 'nobody', '', 'ACME', 'acme, acme', 'acme,globex']) {
      const answer = await ask(users, { token: acme, headers: { 'x-tenant': named } })
      assert.equal(answer.status, 403, named)
    }
    assert.equal((await ask(users, { token: acme, headers: { 'X-Tenant': ['acme', 'globex'] } })).status, 403)
    assert.match((await ask(users, { token: acme, headers: { 'X-Tenant': 'acme' } })).text, /of acme/)
    assert.equal((await ask('/acme/crew/v1/posts', { headers: { 'X-Tenant': 'globex' } })).status, 401)
  })

  test('a path without a tenant is 400', async () => {
    for (const path of ['//crew/v1/users', '//openapi.json', '//rest/v1/users']) {
      const answer = await ask(path, { token: acme })
      assert.equal(answer.status, 400, path)
      assert.match(answer.text, /names no tenant/)
    }
  })

  test('a suspended tenant is 403 tenant_suspended, others see no difference, and resumed it works again', async () => {
    const { operations } = product.platform
    const path = '/initech/crew/v1/users'
    assert.equal((await ask(path, { token: initech })).status, 200)
    await operations.suspendTenant('initech')
    for (const address of ['crew/v1/users', 'rest/v1/people', 'crew/v1/whoami', 'openapi.json', 'nosuch/v1/users']) {
      const answer = await ask(`/initech/${address}`, { token: initech })
      assert.deepEqual([answer.status, jsonOf(answer).code], [403, 'tenant_suspended'], address)
    }
    assert.equal((await ask('/initech/crew/v1/posts')).status, 401)
    sameAnswers([await ask(path, { token: acme }), await ask('/nobody/crew/v1/users', { token: acme })])
    await operations.resumeTenant('initech')
    assert.equal((await ask(path, { token: initech })).status, 200)
  })
})

describe('modules and versions', () => {
  test('v1, v1.4 and v1.0.1 reach the module, newer or misspelt versions do not', async () => {
    for (const version of ['v1', 'v1.4', 'v1.4.0', 'v1.0.1', 'v1.0', 'v1.3.99']) {
      assert.match((await ask(`/acme/crew/${version}/users`, { token: acme })).text, /of acme/, version)
      assert.equal((await ask(`/acme/crew/${version}/people/x/notes`, { token: acme })).status, 400, version)
    }
    for (const version of [
      'v1.9',
      'v1.4.1',
      'v2',
      'V1',
      'v01',
      'v1.',
      'v1.04',
      'v1.4.0.0',
      'v1 ',
      'v',
      'v0',
      'v-1',
      'v1e0',
    ]) {
      const answer = await ask(`/acme/crew/${encodeURIComponent(version)}/users`, { token: acme })
      assert.equal(answer.status, 404, version)
    }
  })

  test("each major has its own rows, and a tenant's modules are its own", async () => {
    const body = { title: 'only in v2' }
    assert.equal((await ask('/globex/crew/v2/people', { token: globex, body })).status, 201)
    assert.match((await ask('/globex/crew/v2/people', { token: globex })).text, /only in v2/)
    // Both majors have a route of this name.
    assert.deepEqual(jsonOf(await ask('/globex/crew/v1.4/ping', { token: globex })), { tenant: 'globex' })
    assert.deepEqual(jsonOf(await ask('/globex/crew/v2.0/ping', { token: globex })), { tenant: 'globex', major: 2 })
    assert.equal((await ask('/acme/crew/v2/ping', { token: acme })).status, 404)
    assert.equal((await ask('/globex/crew/v21/ping', { token: globex })).status, 404)
    assert.equal((await ask('/globex/crew/v1/people', { token: globex })).text, '[]')
    assert.equal((await ask('/acme/crew/v2/people', { token: acme })).status, 404)
  })

  test('a dependency runs but is exposed only when it is public', async () => {
    assert.equal((await ask('/acme/geography/v1/places', { token: acme })).status, 200)
    assert.equal((await ask('/acme/vault/v1/secrets', { token: acme })).status, 404)
    assert.equal((await ask('/acme/rest/v1/secrets', { token: acme })).status, 404)
  })

  test('a profile chooses the module; without one the name must be unique', async () => {
    const inGlobex = (profile?: string) =>
      ask('/globex/rest/v1/users', {
        token: globex,
        headers: profile === undefined ? {} : { 'accept-profile': profile },
      })
    const ambiguous = await inGlobex()
    assert.deepEqual([ambiguous.status, jsonOf(ambiguous).code], [406, 'PGRST106'])
    assert.deepEqual(String(jsonOf(ambiguous).details).split(', ').sort(), ['club@1', 'crew@1'])
    assert.match((await inGlobex('crew@1')).text, /of globex/)
    assert.equal((await inGlobex('club')).text, '[]')
    // The highest major has no users.
    assert.equal((await inGlobex('crew')).status, 404)
    for (const profile of ['vault', 'nosuch', 'crew@9', '', 'tenantry', 'public', 'crew_v1']) {
      const answer = await inGlobex(profile)
      assert.deepEqual([answer.status, jsonOf(answer).code], [406, 'PGRST106'], profile)
      assert.doesNotMatch(answer.text, /vault@1/)
    }
    assert.equal((await ask('/acme/rest/v1/users', { token: acme })).status, 200)
    const other = await ask('/acme/rest/v1/users', { token: acme, headers: { 'accept-profile': 'club' } })
    assert.equal(other.status, 406)
    assert.doesNotMatch(other.text, /club@1/)
  })

  test('a write is sent to the module of Content-Profile', async () => {
    const body = { title: 'by profile' }
    const headers = { 'content-profile': 'club@1' }
    assert.equal((await ask('/globex/rest/v1/users', { token: globex, headers, body })).status, 201)
    assert.match((await ask('/globex/club/v1/users', { token: globex })).text, /by profile/)
    assert.doesNotMatch((await ask('/globex/crew/v1/users', { token: globex })).text, /by profile/)
  })

  test("a module's own route sees the tenant's rows only", async () => {
    for (const [tenant, token] of [
      ['acme', acme],
      ['globex', globex],
    ] as const) {
      assert.equal(jsonOf(await ask(`/${tenant}/crew/v1/whoami`, { token })).tenant, tenant)
    }
    assert.equal((await ask('/acme/crew/v1/whoami', { method: 'POST', token: acme, body: {} })).status, 404)
    assert.equal((await ask('/acme/crew/v1/whoami')).status, 401)
    const failed = await ask('/acme/crew/v1/fail', { token: acme })
    assert.equal(failed.status, 500)
    assert.doesNotMatch(failed.text, /for the log only/)
  })

  test("a route that would take the place of the tenant's parameter is refused at the start", async () => {
    const bad = (path: string) =>
      openProduct({
        modules: [
          defineModule({
            name: 'bad',
            version: '1.0.0',
            entities: [],
            routes: app => {
              app.get(path, async () => 'reached')
            },
          }),
        ],
      })
    await assert.rejects(bad('/things/:tenant'), /has a parameter ":tenant"/)
    await assert.rejects(bad('/things/:version/x'), /has a parameter ":version"/)
    const good = await bad('/things/:tenants')
    await good.close()
  })
})

describe('hosts', () => {
  const onHost = (host: string, path: string, token?: string) =>
    ask(path, { headers: { host }, ...(token !== undefined && { token }) })

  test("on a tenant's own host the first segment is left out", async () => {
    assert.match((await onHost('acme.example.test', '/crew/v1/users', acme)).text, /of acme/)
    assert.match((await onHost('Globex.Example.Test:8080', '/crew/v1/users', globex)).text, /of globex/)
    const own = await onHost('acme.example.test', '/openapi.json', acme)
    assert.deepEqual(jsonOf<{ servers: unknown }>(own).servers, [{ url: '/' }])
    assert.equal((await onHost('acme.example.test', '/crew/v1/posts')).status, 200)
    assert.equal((await onHost('acme.example.test', '/crew/v1/users')).status, 401)
  })

  test("another tenant's host is the same 403, there or not", async () => {
    const answers = ['globex', 'nobody', 'system'].map(name => onHost(`${name}.example.test`, '/crew/v1/users', acme))
    const all = await Promise.all(answers)
    assert.equal(all[0]?.status, 403)
    sameAnswers(all)
    const inPath = await onHost('globex.example.test', '/acme/crew/v1/users', acme)
    assert.equal(inPath.status, 403)
  })

  test("the platform's own addresses are not below a tenant's host", async () => {
    const token = await product.token('system', { roles: ['service_admin'] })
    assert.notEqual((await onHost('acme.example.test', '/-/tenants', token)).status, 200)
    assert.notEqual((await onHost('acme.example.test', '/-/metrics')).status, 200)
  })

  test('forwarding headers and made-up hosts name nobody', async () => {
    const tricks = [
      { 'x-forwarded-host': 'globex.example.test' },
      { forwarded: 'host=globex.example.test;proto=https;for=globex' },
      { 'x-forwarded-for': '127.0.0.1', 'x-real-ip': '127.0.0.1' },
      { 'x-forwarded-prefix': '/globex', 'x-original-url': '/globex/crew/v1/users', 'x-rewrite-url': '/globex' },
      { 'x-tenant-id': 'globex', 'x-tenantry-tenant': 'globex', 'tenantry.tenant': 'globex', tenant: 'globex' },
      { 'x-http-method-override': 'DELETE', 'x-instance': 'other', 'x-subject': 'system', 'x-roles': 'service_admin' },
      { host: 'globex.example.test.evil.test' },
      { host: 'evil.test' },
      { host: 'globex.example.test.' },
    ]
    for (const headers of tricks) {
      const answer = await ask(users, { token: acme, headers })
      assert.match(answer.text, /of acme/, JSON.stringify(headers))
      assert.doesNotMatch(answer.raw, /globex|evil/)
      const foreign = await ask('/globex/crew/v1/users', { token: acme, headers })
      assert.equal(foreign.status, 403)
    }
  })

  test('a request line with an address of its own does not change whose request it is', async () => {
    const line = (target: string, host: string) =>
      product.sendRaw(
        `GET ${target} HTTP/1.1\r\nHost: ${host}\r\nAuthorization: Bearer ${acme}\r\nConnection: close\r\n\r\n`,
      )
    for (const answer of [
      await line('http://globex.example.test/crew/v1/users', 'acme.example.test'),
      await line('http://evil.test/globex/crew/v1/users', 'evil.test'),
      await line('/globex/crew/v1/users#/acme/crew/v1/users', 'evil.test'),
      await line('/acme/../globex/crew/v1/users', 'evil.test'),
      await line('/acme%2f..%2fglobex/crew/v1/users', 'evil.test'),
      await line('/globex;/acme/crew/v1/users', 'evil.test'),
      await line('/%67lobex/crew/v1/users', 'evil.test'),
    ]) {
      assert.match(answer, /^HTTP\/1.1 (400|401|403|404)/)
      assert.doesNotMatch(answer, /of globex/)
    }
    assert.match(await line('/%61cme/crew/v1/users', 'evil.test'), /of acme/)
  })

  test('two lengths or a second request hidden in a body are refused', async () => {
    const hidden = `GET /globex/crew/v1/users HTTP/1.1\r\nHost: x\r\n\r\n`
    const both = await product.sendRaw(
      `POST ${users} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${acme}\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${hidden}`,
    )
    assert.match(both, /^HTTP\/1.1 400/)
    const twice = await product.sendRaw(
      `POST ${users} HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nContent-Length: 0\r\n\r\n${hidden}`,
    )
    assert.match(twice, /^HTTP\/1.1 400/)
    assert.doesNotMatch(both + twice, /of globex/)
  })
})

describe('payloads', () => {
  test('a payload that names a tenant is refused, also its own', async () => {
    for (const tenant_id of ['globex', 'acme', null, 1, {}]) {
      const body = { username: 'x', title: 'x', tenant_id }
      assert.equal((await ask(users, { token: acme, body })).status, 403)
      assert.equal((await ask(users, { token: acme, method: 'PATCH', body: { title: 'x', tenant_id } })).status, 403)
      assert.equal((await ask(users, { token: acme, body: [{ username: 'y', title: 'y' }, body] })).status, 403)
    }
    assert.equal((await ask(`${users}?username=eq.x`, { token: acme })).text, '[]')
  })

  test('a body above the limit is 413', async () => {
    const answer = await ask(users, { token: acme, body: { username: 'big', title: 'x'.repeat(10 * 1024 * 1024) } })
    assert.equal(answer.status, 413)
    assert.equal((await ask(users, { token: acme })).status, 200)
  })

  test('bodies of other types, and broken ones, are 400', async () => {
    for (const type of [
      'text/csv',
      'application/xml',
      'multipart/form-data; boundary=x',
      'application/x-www-form-urlencoded',
    ]) {
      const answer = await ask(users, { token: acme, headers: { 'content-type': type }, body: 'username=x' })
      assert.equal(answer.status, 400, type)
    }
    for (const body of [
      '',
      '{',
      '[',
      'null',
      '1',
      '"x"',
      '[[]]',
      '[{"username":"a"},{"title":"b"}]',
      '{"username":"\u{feff}',
    ]) {
      assert.equal((await ask(users, { token: acme, method: 'POST', body })).status, 400, body)
    }
    const route = await ask('/acme/crew/v1/rename-all', { token: acme, body: '{' })
    assert.deepEqual(Object.keys(jsonOf(route)), ['code', 'message', 'details', 'hint'])
    assert.equal(route.status, 400)
  })
})

describe('documents, keys and the platform', () => {
  test('a tenant document names only what the tenant sees, under its own address', async () => {
    const [ofAcme, ofGlobex] = await Promise.all([
      ask('/acme/openapi.json', { token: acme }),
      ask('/globex/openapi.json', { token: globex }),
    ])
    const paths = (answer: Answer) => Object.keys(jsonOf<{ paths: object }>(answer).paths)
    assert.ok(paths(ofGlobex).includes('/club/v1/prizes'))
    assert.ok(paths(ofAcme).includes('/crew/v1/users'))
    assert.deepEqual(
      paths(ofAcme).filter(path => /club|vault|v2/.test(path)),
      [],
    )
    assert.doesNotMatch(ofAcme.text, /globex|forbidden|tenant_id/)
    const serverOf = (answer: Answer) => jsonOf<{ servers: unknown }>(answer).servers
    assert.deepEqual([serverOf(ofAcme), serverOf(ofGlobex)], [[{ url: '../acme' }], [{ url: '../globex' }]])
    assert.doesNotMatch(ofGlobex.text, /acme/)
  })

  test('a module document is for one version; a reader sees no writes and a stranger only what is open', async () => {
    const auditor = await product.token('acme', { roles: ['auditor'] })
    const asAuditor = jsonOf<{ paths: Record<string, object> }>(
      await ask('/acme/crew/v1.4/openapi.json', { token: auditor }),
    )
    assert.deepEqual(Object.keys(asAuditor.paths['/users'] ?? {}), ['get'])
    const asAnyone = jsonOf<{ paths: Record<string, object> }>(await ask('/acme/crew/v1/openapi.json'))
    assert.deepEqual(Object.keys(asAnyone.paths), ['/posts'])
    const nobody = await product.token('acme', { roles: ['visitor'] })
    assert.deepEqual(jsonOf(await ask('/acme/openapi.json', { token: nobody })).paths, {})
  })

  test("each tenant's keys are its own and public parts only", async () => {
    const keysOf = async (tenant: string) =>
      jsonOf<{ keys: Record<string, string>[] }>(await ask(`/${tenant}/auth/jwks`)).keys
    const [ofAcme, ofGlobex] = [await keysOf('acme'), await keysOf('globex')]
    assert.notDeepEqual(ofAcme, ofGlobex)
    for (const key of [...ofAcme, ...ofGlobex]) {
      assert.deepEqual(Object.keys(key).sort(), ['alg', 'crv', 'kid', 'kty', 'use', 'x', 'y'])
    }
    assert.equal((await ask('/nobody/auth/jwks')).status, 404)
  })

  test('a browser may ask first, from any page and without credentials', async () => {
    for (const path of [users, '/acme/rest/v1/users', '/nobody/rest/v1/users', '/acme/openapi.json']) {
      const headers = {
        origin: 'https://app.example.com',
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'authorization, prefer, x-client-info',
      }
      const answer = await ask(path, { method: 'OPTIONS', headers })
      assert.equal(answer.status, 200, path)
      assert.equal(answer.headers['access-control-allow-origin'], '*')
      assert.match(String(answer.headers['access-control-allow-headers']), /prefer/)
      assert.equal(answer.headers['access-control-allow-credentials'], undefined)
    }
    const injected = { 'access-control-request-headers': 'x"><script>' }
    assert.doesNotMatch((await ask(users, { method: 'OPTIONS', headers: injected })).raw, /script/)
    const answer = await ask(users, { token: acme, headers: { origin: 'https://app.example.com' } })
    assert.equal(answer.headers['access-control-allow-origin'], '*')
    const refused = await ask(users, { headers: { origin: 'https://app.example.com' } })
    assert.equal(refused.headers['access-control-allow-origin'], '*')
  })

  test('HEAD has the headers of GET and no body', async () => {
    const [get, head] = [await ask(users, { token: acme }), await ask(users, { token: acme, method: 'HEAD' })]
    assert.equal(head.text, '')
    assert.equal(head.status, 200)
    for (const name of ['content-range', 'content-location', 'content-type']) {
      assert.equal(head.headers[name], get.headers[name])
    }
    assert.equal((await ask('/globex/crew/v1/users', { token: acme, method: 'HEAD' })).status, 403)
    assert.equal((await ask(users, { method: 'HEAD' })).status, 401)
  })

  test('health says nothing but that it is well, metrics name no tenant', async () => {
    assert.deepEqual(jsonOf(await ask('/-/health/live')), { status: 'live' })
    assert.deepEqual(jsonOf(await ask('/-/health/ready')), { status: 'ready', database: 'reachable' })
    assert.equal((await ask('/-/health')).headers.location, '/-/health/ready')
    for (const tenant of ['acme', 'globex', 'nobody-at-all']) await ask(`/${tenant}/crew/v1/users?x=1`, { token: acme })
    const { text } = await ask('/-/metrics')
    assert.match(text, /tenantry_http_requests_total\{module="crew",method="GET",status="200"\}/)
    assert.doesNotMatch(text, /acme|globex|initech|nobody/)
  })

  test('the start page escapes names and has no token in it', async () => {
    const { text, headers } = await ask('/')
    assert.match(text, /&#60;script&#62;alert/)
    assert.doesNotMatch(text, /<script|eyJ|<tenants>/)
    assert.match(String(headers['content-security-policy']), /default-src 'none'/)
  })

  test('an address that does not exist has the same form of body as any error', async () => {
    const plain = await Promise.all(['/favicon.ico', '/-/nosuch', '/-', '/-/', '/robots.txt'].map(path => ask(path)))
    for (const answer of plain) {
      assert.equal(answer.status, 404)
      assert.deepEqual(Object.keys(jsonOf(answer)), ['code', 'message', 'details', 'hint'])
    }
    for (const path of ['/acme', '/acme/crew', '/acme/crew/v1', '/acme/crew/v1/', '/acme/auth/nosuch']) {
      assert.equal((await ask(path, { token: acme })).status, 404, path)
      assert.equal((await ask(path)).status, 401, path)
    }
    for (const path of ['/acme/%zz/v1/users', `/acme/crew/v1/${'a'.repeat(500)}`, '/%c0%ae/x']) {
      const answer = await ask(path, { token: acme })
      assert.equal(answer.status, 400, path)
      assert.deepEqual(Object.keys(jsonOf(answer)), ['code', 'message', 'details', 'hint'])
      assert.ok(answer.headers['x-request-id'])
    }
  })
})

test('a caller who goes away frees the database', async () => {
  const rows = Array.from({ length: 300 }, (_, index) => ({ title: 'x'.repeat(300), code: `slow ${index}` }))
  const path = `/acme/geography/v1/${places.name}`
  assert.equal((await ask(path, { token: acme, body: rows })).status, 201)
  const running = async () => {
    const [row] = await product.database.query<{ count: number }>(
      `select count(*)::int from pg_stat_activity where datname = current_database() and state = 'active' and query like '%"places"%' and pid <> pg_backend_pid()`,
    )
    return row?.count ?? 0
  }
  const until = async (wanted: (count: number) => boolean) => {
    for (let left = 60; left > 0; left--) {
      if (wanted(await running())) return
      await sleep(50)
    }
    assert.fail(`still ${await running()} statements`)
  }
  // A pattern with back references tries every way to part a text.
  const slow = `${path}?title=match.${encodeURIComponent('^(.*)(.*)(.*)x\\1\\2\\3$')}`
  const controller = new AbortController()
  const askSlow = () => ask(slow, { token: acme, signal: controller.signal }).catch(() => 'gone')
  const first = askSlow()
  await until(count => count === 1)
  await sleep(100)
  // The statement is known to be slow by now: on few processors the second waits for the first, on many both run.
  const second = askSlow()
  await sleep(200)
  controller.abort()
  assert.deepEqual(await Promise.all([first, second]), ['gone', 'gone'])
  await until(count => count === 0)
  await sleep(200)
  assert.equal(await running(), 0, 'what waited for its turn does not get it any more')
  assert.match((await ask('/globex/crew/v1/users', { token: globex })).text, /of globex/)
})
