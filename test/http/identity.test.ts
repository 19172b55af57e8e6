import assert from 'node:assert/strict'
import { createHmac, createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { deflateRawSync } from 'node:zlib'
import { type Answer, jsonOf } from './client.ts'
import { type OpenProduct, openProduct } from './open-product.ts'
import { crew, geography, vault } from './world.ts'

type Json = Readonly<Record<string, unknown>>

interface Signer {
  readonly kid: string
  readonly key: KeyObject
}

let product: OpenProduct
/** The real signing keys: what a forger with all luck could hold of its own tenant. */
const signers = new Map<string, Signer>()

before(async () => {
  product = await openProduct({
    modules: [geography, vault, crew],
    tenants: [
      { key: 'acme', subscribe: ['crew@1'] },
      { key: 'globex', subscribe: ['crew@1'] },
      { key: 'initech', subscribe: ['crew@1'] },
    ],
  })
  const { identity, postgres } = product.platform
  for (const tenant of ['acme', 'globex', 'initech', 'system']) {
    const [stored] = await postgres.platform.keys(tenant)
    assert.ok(stored)
    const jwk = JSON.parse(identity.secrets.unseal(stored.sealedPrivateJwk, `signing-key/${tenant}/${stored.kid}`))
    signers.set(tenant, { kid: stored.kid, key: createPrivateKey({ key: jwk, format: 'jwk' }) })
  }
  await product.ask('/globex/crew/v1/users', {
    token: await product.token('globex'),
    body: { username: 'g', title: 'canary of globex' },
  })
})

after(() => product.close())

const signerOf = (tenant: string): Signer => signers.get(tenant) ?? assert.fail(`no key of ${tenant}`)
const seconds = () => Math.floor(Date.now() / 1000)
const encode = (value: Json | string | Buffer) =>
  Buffer.from(Buffer.isBuffer(value) || typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url')

const header = (tenant: string, more: Json = {}): Json => ({
  alg: 'ES256',
  typ: 'at+jwt',
  kid: signerOf(tenant).kid,
  ...more,
})
const claims = (tenant: string, more: Json = {}): Json => ({
  iss: `${product.url}/${tenant}/auth`,
  aud: `${product.url}/${tenant}`,
  sub: 'somebody',
  tenant,
  roles: ['admin'],
  iat: seconds(),
  nbf: seconds(),
  exp: seconds() + 600,
  jti: 'x',
  ...more,
})

function makeToken(head: Json, body: Json, key: KeyObject = signerOf('acme').key): string {
  const input = `${encode(head)}.${encode(body)}`
  return `${input}.${sign('sha256', Buffer.from(input), { key, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`
}

function without(value: Json, name: string): Json {
  return Object.fromEntries(Object.entries(value).filter(([key]) => key !== name))
}

/** Every kind of address that takes a token. */
const endpoints = (tenant: string) => [
  `/${tenant}/crew/v1/users`,
  `/${tenant}/rest/v1/users`,
  `/${tenant}/crew/v1/whoami`,
  `/${tenant}/crew/v1/people/x/notes`,
  `/${tenant}/crew/v1/posts`,
  `/${tenant}/openapi.json`,
  `/${tenant}/crew/v1/openapi.json`,
  `/${tenant}/rest/v1/`,
  `/${tenant}/nosuch/v1/users`,
  `/${tenant}/nosuch`,
  '/-/tenants',
  `/-/tenants/${tenant}`,
]

async function refuses(
  token: string,
  title: string,
  tenant = 'acme',
  statuses: readonly number[] = [401],
): Promise<void> {
  for (const path of endpoints(tenant)) {
    const answer = await product.ask(path, { token })
    assert.ok(statuses.includes(answer.status), `${title} at ${path}: ${answer.status} ${answer.text.slice(0, 200)}`)
    assert.doesNotMatch(answer.raw, /canary/)
  }
}

async function refusesAll(tokens: Readonly<Record<string, string>>): Promise<void> {
  for (const [title, token] of Object.entries(tokens)) await refuses(token, title)
}

test('the forger of these tests makes tokens that are good when nothing is wrong with them', async () => {
  for (const tenant of ['acme', 'globex']) {
    const token = makeToken(header(tenant), claims(tenant), signerOf(tenant).key)
    for (const path of endpoints(tenant).slice(0, 3)) assert.equal((await product.ask(path, { token })).status, 200)
  }
  const admin = makeToken(header('system'), claims('system', { roles: ['service_admin'] }), signerOf('system').key)
  assert.equal((await product.ask('/-/tenants', { token: admin })).status, 200)
})

describe('signatures', () => {
  test('no algorithm and no signature (C1)', async () => {
    const names = ['none', 'None', 'NONE', 'nOnE', '', null, undefined]
    const good = makeToken(header('acme'), claims('acme'))
    const [head = '', body = '', signature = ''] = good.split('.')
    await refusesAll({
      ...Object.fromEntries(
        names.map(alg => [`alg ${alg}`, `${encode(header('acme', { alg }))}.${encode(claims('acme'))}.`]),
      ),
      ...Object.fromEntries(
        names.map(alg => [`alg ${alg}, signed`, makeToken(header('acme', { alg }), claims('acme'))]),
      ),
      'empty signature': `${head}.${body}.`,
      'no signature': `${head}.${body}`,
      'signature of zeros': `${head}.${body}.${'A'.repeat(86)}`,
      'cut signature': `${head}.${body}.${signature.slice(0, 80)}`,
      'another spelling of the signature': `${head}.${body}.${signature}=`,
      'two signatures': `${good}.${signature}`,
      'changed payload': `${head}.${encode(claims('acme', { roles: ['admin', 'service_admin'] }))}.${signature}`,
      'changed header': `${encode(header('acme', { cty: 'x' }))}.${body}.${signature}`,
    })
  })

  test('another algorithm than that of the key (C2)', async () => {
    const publicKey = createPublicKey(signerOf('acme').key)
    const secrets = {
      pem: publicKey.export({ type: 'spki', format: 'pem' }),
      der: publicKey.export({ type: 'spki', format: 'der' }),
      jwk: JSON.stringify(publicKey.export({ format: 'jwk' })),
      empty: '',
    }
    const input = (alg: string) => `${encode(header('acme', { alg }))}.${encode(claims('acme'))}`
    for (const [form, secret] of Object.entries(secrets)) {
      for (const [alg, hash] of [
        ['HS256', 'sha256'],
        ['HS512', 'sha512'],
      ] as const) {
        const mac = createHmac(hash, secret).update(input(alg)).digest('base64url')
        await refuses(`${input(alg)}.${mac}`, `${alg} with the public key as ${form}`)
      }
    }
    const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey
    const p384 = generateKeyPairSync('ec', { namedCurve: 'P-384' }).privateKey
    const signed = (alg: string, key: KeyObject, hash: string) =>
      `${input(alg)}.${sign(hash, Buffer.from(input(alg)), { key, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`
    await refusesAll({
      RS256: signed('RS256', rsa, 'sha256'),
      ES384: signed('ES384', p384, 'sha384'),
      'ES256 with a key of P-384': signed('ES256', p384, 'sha256'),
      'ES256 in lower case': makeToken(header('acme', { alg: 'es256' }), claims('acme')),
      'DER signature': `${input('ES256')}.${sign('sha256', Buffer.from(input('ES256')), signerOf('acme').key).toString('base64url')}`,
    })
  })

  test('a key that the token brings or points to is not looked at (C3)', async () => {
    let hits = 0
    const own = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    const jwk = { ...own.publicKey.export({ format: 'jwk' }), kid: 'mine', alg: 'ES256', use: 'sig' }
    const keys = createServer((_request, response) => {
      hits++
      response.setHeader('content-type', 'application/json').end(JSON.stringify({ keys: [jwk] }))
    }).listen(0, '127.0.0.1')
    await once(keys, 'listening')
    const url = `http://127.0.0.1:${(keys.address() as AddressInfo).port}/jwks`
    const forged = (more: Json) => makeToken(header('acme', more), claims('acme'), own.privateKey)
    await refusesAll({
      'own key': forged({}),
      jwk: forged({ jwk }),
      'jwk and its kid': forged({ jwk, kid: 'mine' }),
      jku: forged({ jku: url, kid: 'mine' }),
      x5u: forged({ x5u: url, kid: 'mine' }),
      x5c: forged({ x5c: [own.publicKey.export({ type: 'spki', format: 'der' }).toString('base64')] }),
      'crit with jwk': forged({ jwk, crit: ['jwk'] }),
      'iss elsewhere': makeToken(
        header('acme', { jku: url }),
        claims('acme', { iss: url.replace('/jwks', '/acme/auth') }),
      ),
      'kid is a path': forged({ kid: '../../../../dev/null' }),
      'kid is SQL': forged({ kid: "x' union select 'k', public_jwk from tenant_keys --" }),
      'kid is a wildcard': forged({ kid: '%' }),
      'kid is a list': forged({ kid: [signerOf('acme').kid] }),
      'kid is __proto__': forged({ kid: '__proto__' }),
      'no kid': makeToken(without(header('acme'), 'kid'), claims('acme')),
    })
    await new Promise(resolve => keys.close(resolve))
    assert.equal(hits, 0)
  })
})

describe('tenants', () => {
  test("acme's token is refused at every address of globex (C4)", async () => {
    const token = await product.token('acme', {
      roles: ['admin', 'auditor', 'service_admin', 'reader', 'writer', 'main'],
    })
    await refuses(token, 'a good token of acme', 'globex', [403])
    for (const method of ['POST', 'PATCH', 'DELETE', 'PUT', 'HEAD']) {
      for (const path of endpoints('globex')) {
        const answer = await product.ask(path, { token, method, body: { title: 'x' } })
        assert.ok([403, 404].includes(answer.status), `${method} ${path}: ${answer.status}`)
      }
    }
    const operator = await product.token('system', { roles: ['service_admin'] })
    assert.equal((await product.ask('/globex/crew/v1/users', { token: operator })).status, 403)
  })

  test("what acme's key signs is never good for globex or the platform (C4, C5)", async () => {
    const { key, kid } = signerOf('acme')
    const [ofAcme, ofGlobex] = [claims('acme'), claims('globex')]
    const forged = {
      "globex's claims": makeToken(header('acme'), ofGlobex, key),
      "globex's claims and kid": makeToken(header('globex'), ofGlobex, key),
      "globex's kid": makeToken(header('globex'), ofAcme, key),
      'tenant globex': makeToken(header('acme'), claims('acme', { tenant: 'globex' }), key),
      'tenant system': makeToken(header('acme'), claims('acme', { tenant: 'system', roles: ['service_admin'] }), key),
      'no tenant': makeToken(header('acme'), without(ofAcme, 'tenant'), key),
      'tenants as a list': makeToken(header('acme'), claims('acme', { tenant: ['acme', 'globex'] }), key),
      'audience of globex': makeToken(header('acme'), claims('acme', { aud: ofGlobex.aud }), key),
      'both audiences': makeToken(header('acme'), claims('acme', { aud: [ofAcme.aud, ofGlobex.aud] }), key),
      'issuer of globex': makeToken(header('acme'), claims('acme', { iss: ofGlobex.iss }), key),
      'issuer of the system': makeToken(header('acme', { kid }), claims('system', { roles: ['service_admin'] }), key),
      'issuer with a path between': makeToken(
        header('acme'),
        claims('globex', { iss: `${product.url}/globex/../acme/auth` }),
        key,
      ),
    }
    for (const [title, token] of Object.entries(forged)) {
      await refuses(token, title, 'acme')
      await refuses(token, title, 'globex')
    }
    // A member given twice: what is checked is what counts.
    const doubled = JSON.stringify(ofAcme).replace('{', '{"tenant":"globex","roles":["service_admin"],')
    const input = `${encode(header('acme'))}.${encode(doubled)}`
    const signature = sign('sha256', Buffer.from(input), { key, dsaEncoding: 'ieee-p1363' }).toString('base64url')
    await refuses(`${input}.${signature}`, 'tenant given twice', 'globex', [403])
  })

  test('a token of a tenant that was removed is refused everywhere, as is one made with its key', async () => {
    const token = await product.token('initech')
    const path = '/initech/crew/v1/users'
    assert.equal((await product.ask(path, { token })).status, 200)
    assert.equal((await product.ask(path, { token })).status, 200)
    await product.platform.operations.removeTenant('initech')
    await refuses(token, 'the token of initech', 'initech')
    await refuses(makeToken(header('initech'), claims('initech'), signerOf('initech').key), 'a new one', 'initech')
    await refuses(token, 'the token of initech', 'acme')
    assert.equal((await product.ask('/initech/auth/jwks')).status, 404)
  })
})

describe('claims', () => {
  test('other kinds of tokens (C6)', async () => {
    const typ = (typ: unknown) => makeToken(header('acme', { typ }), claims('acme'))
    await refusesAll({
      'an ID token': typ('JWT'),
      'a refresh token': typ('rt+jwt'),
      'a logout token': typ('logout+jwt'),
      'no typ': makeToken(without(header('acme'), 'typ'), claims('acme')),
      'typ as a list': typ(['at+jwt']),
      'unencoded payload': makeToken(header('acme', { b64: false, crit: ['b64'] }), claims('acme')),
      'unknown crit': makeToken(header('acme', { crit: ['exp'] }), claims('acme')),
      'empty crit': makeToken(header('acme', { crit: [] }), claims('acme')),
    })
  })

  test('missing and wrong claims (C7)', async () => {
    const now = seconds()
    const wrong: Readonly<Record<string, readonly unknown[]>> = {
      iss: [
        '',
        'acme',
        product.url,
        `${product.url}/acme/auth/`,
        `${product.url}/acme`,
        `${product.url}//acme/auth`,
        null,
        1,
      ],
      aud: ['', 'acme', product.url, `${product.url}/acme/`, '*', null, [], [`${product.url}/acme`]],
      exp: [now - 60, now + 400 * 86_400, 'tomorrow', `${now + 60}`, null, -1, 1e300, now + 0.5],
      nbf: [now + 300, 'now', null, -1],
      iat: [now + 300, 'now', null, -1, 1e20],
      sub: ['', null, 1, 'a\u0000b', 'a\nb', 'x'.repeat(256)],
      roles: ['admin', null, ['anonymous'], ['ADMIN'], ['a b'], [1], Array(33).fill('admin'), { 0: 'admin' }],
      instance: ['', 1, 'a b', "x'; drop table people; --", 'x'.repeat(100)],
    }
    for (const [name, values] of Object.entries(wrong)) {
      for (const value of values) {
        await refuses(makeToken(header('acme'), claims('acme', { [name]: value })), `${name} ${JSON.stringify(value)}`)
      }
      if (name !== 'instance') await refuses(makeToken(header('acme'), without(claims('acme'), name)), `no ${name}`)
    }
  })

  test('a token ends, also one that was used before', async () => {
    // Clocks may differ by 30 seconds, so this one is good for about a second more.
    const token = makeToken(
      header('acme'),
      claims('acme', { iat: seconds() - 90, nbf: seconds() - 90, exp: seconds() - 28 }),
    )
    assert.equal((await product.ask('/acme/crew/v1/users', { token })).status, 200)
    await sleep(2_500)
    await refuses(token, 'an expired token')
    assert.match((await product.ask('/acme/crew/v1/users', { token })).text, /has expired/)
  })
})

describe('headers', () => {
  const at = (authorization: string | string[]): Promise<Answer> =>
    product.ask('/acme/crew/v1/users', { headers: { authorization: authorization as string } })

  test('tokens that are too long are 400 and cost nothing (C8)', async () => {
    const zeros = deflateRawSync(Buffer.alloc(4_000_000))
    const parts = [
      encode({ alg: 'dir', enc: 'A256GCM', zip: 'DEF' }),
      '',
      'aaaaaaaaaaaaaaaa',
      encode(zeros.subarray(0, 4_000)),
      'aaaa',
    ]
    const p2c = encode({ alg: 'PBES2-HS256+A128KW', enc: 'A128GCM', p2c: 2_000_000_000, p2s: 'aaaa' })
    const long: Readonly<Record<string, string>> = {
      'a zip bomb': parts.join('.'),
      'many rounds': [p2c, 'a', 'a', 'a', 'a'].join('.'),
      'many dots': 'a.'.repeat(4_000),
      '9 KiB': 'a'.repeat(9_000),
      '12 KiB': `${'a'.repeat(4_000)}.${'b'.repeat(4_000)}.${'c'.repeat(4_000)}`,
      'a long good one': makeToken(header('acme', { more: 'x'.repeat(9_000) }), claims('acme')),
    }
    let slowest = 0
    for (const [title, token] of Object.entries(long)) {
      // The best of three: others use this machine too.
      let best = Number.POSITIVE_INFINITY
      for (let time = 0; time < 3; time++) {
        const started = performance.now()
        const { status } = await at(`Bearer ${token}`)
        best = Math.min(best, performance.now() - started)
        assert.equal(status, token.length > 8 * 1024 ? 400 : 401, title)
      }
      slowest = Math.max(slowest, best)
    }
    assert.ok(slowest < 50, `${slowest} ms`)
    // Node itself refuses headers above 16 KiB.
    const huge = await product.sendRaw(
      `GET /acme/crew/v1/users HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${'a'.repeat(1_000_000)}\r\n\r\n`,
    )
    assert.match(huge, /^HTTP\/1.1 431/)
    assert.equal((await product.ask('/-/health/live')).status, 200)
  })

  test('only one bearer token in its own header counts', async () => {
    const good = await product.token('acme')
    for (const scheme of ['Bearer', 'bearer', 'BEARER', 'Bearer  '])
      assert.equal((await at(`${scheme} ${good}`)).status, 200)
    const other = await product.token('globex')
    for (const value of [
      good,
      'Bearer',
      'Bearer ',
      `Basic ${Buffer.from('admin:admin').toString('base64')}`,
      `Token ${good}`,
      `Bearer ${good}, Bearer ${other}`,
      `Bearer ${other},${good}`,
      `Bearer ${good} ${good}`,
      `Bearer\t${good}`,
      `Bearer "${good}"`,
      `Bearer ${good}\u00a0`,
    ]) {
      assert.equal((await at(value)).status, 401, value.slice(0, 30))
    }
    for (const question of [
      { path: `/acme/crew/v1/users?access_token=${good}` },
      { path: '/acme/crew/v1/users', headers: { cookie: `token=${good}; access_token=${good}` } },
      { path: '/acme/crew/v1/users', headers: { 'proxy-authorization': `Bearer ${good}` } },
      { path: '/acme/crew/v1/users', headers: { 'x-authorization': `Bearer ${good}`, apikey: good } },
    ]) {
      assert.equal((await product.ask(question.path, { headers: question.headers ?? {} })).status, 401)
    }
  })

  test('a refusal says nothing about the reason, and no token is logged', async () => {
    const bad = [
      makeToken(header('acme'), claims('acme', { aud: 'x' })),
      makeToken(header('acme', { kid: 'unknown' }), claims('acme')),
      makeToken(header('acme'), claims('nobody')),
      makeToken(header('globex'), claims('globex')),
      'garbage',
    ]
    const answers = await Promise.all(bad.map(token => at(`Bearer ${token}`)))
    assert.equal(new Set(answers.map(({ plain }) => plain)).size, 1)
    assert.equal(jsonOf(answers[0] ?? assert.fail()).code, 'PGRST301')
    assert.doesNotMatch(product.logged(), /eyJ|Bearer/)
  })
})
