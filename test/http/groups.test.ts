// F1.6: groups over HTTP.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { defineModule } from '../../src/app/define-module.ts'
import { entity } from '../../src/core/entity.ts'
import { reference, text } from '../../src/core/field.ts'
import { type Answer, jsonOf, type Question, revisionOf } from './client.ts'
import { type OpenProduct, openProduct } from './open-product.ts'

const plants = entity(
  'plants',
  { name: text() },
  { shareWith: true, revision: true, softDelete: true, aggregates: true, authors: true },
)
const leaves = entity('leaves', { size: text(), plant_id: reference(() => plants) })
const garden = defineModule({
  name: 'garden',
  version: '1.0.0',
  entities: [plants, leaves],
  access: { admin: 'tenant_writer', service_admin: 'writer', service_auditor: 'reader' },
})

const idOf = (number: number) => `00000000-0000-7000-8000-${String(number).padStart(12, '0')}`
const [shown, hidden, nowhere] = [idOf(1), idOf(2), idOf(99)]
const canary = 'kAnArI7q3'

let product: OpenProduct
const tokens = new Map<string, string>()

before(async () => {
  const tenants = ['acme', 'globex', 'umbrella'].map(key => ({ key, subscribe: ['garden@1'] }))
  product = await openProduct({ modules: [garden], tenants })
  for (const { key } of tenants) tokens.set(key, await product.token(key))
  tokens.set('root', await product.token('system', { subject: 'root', roles: ['service_admin'] }))
  tokens.set('auditor', await product.token('system', { subject: 'eve', roles: ['service_auditor'] }))
  assert.equal((await manage('/groups', { body: { name: 'growers' } })).status, 201)
  for (const tenant of ['acme', 'globex'])
    assert.equal((await manage(`/groups/growers/members/${tenant}`, { method: 'PUT' })).status, 200)
  await ask('globex', '/plants', {
    body: [
      { id: shown, name: 'globex shown', shared_with: 'growers' },
      { id: hidden, name: `globex ${canary}`, shared_with: null },
    ],
  })
  await ask('globex', '/leaves', { body: { size: canary, plant_id: shown } })
  await ask('acme', '/plants', { body: { id: idOf(3), name: 'acme own' } })
})
after(() => product?.close())

const ask = (tenant: string, path: string, question: Question = {}): Promise<Answer> =>
  product.ask(`/${tenant}/garden/v1${path}`, { token: tokens.get(tenant) ?? '', ...question })
const manage = (path: string, question: Question = {}, by = 'root'): Promise<Answer> =>
  product.ask(`/-${path}`, { token: tokens.get(by) ?? '', ...question })
const names = (answer: Answer) => jsonOf<{ name: string }[]>(answer).map(({ name }) => name)
const full = { prefer: 'return=representation,count=exact' }

test('a member reads what is shared and tells it from its own by asking for one kind', async () => {
  const list = await ask('acme', '/plants?select=*,leaves(*)&order=name', { headers: { prefer: 'count=exact' } })
  assert.deepEqual([names(list), list.headers['content-range']], [['acme own', 'globex shown'], '0-1/2'])
  assert.doesNotMatch(list.raw, new RegExp(`${canary}|tenant_id`))
  const own = await ask('acme', '/plants?order=name', { headers: { prefer: 'shared=exclude' } })
  assert.deepEqual([names(own), own.headers['preference-applied']], [['acme own'], 'shared=exclude'])
  const others = await ask('acme', '/plants?order=name&limit=5', { headers: { prefer: 'shared=only' } })
  assert.deepEqual(names(others), ['globex shown'])
  assert.deepEqual(names(await ask('acme', '/plants?shared_with=eq.growers')), ['globex shown'])
  assert.equal((await ask('acme', '/plants?select=count()')).text, '[{"count":2}]')
  const first = await ask('acme', '/plants?order=name&limit=1', { headers: { prefer: 'paging=keyset,count=exact' } })
  assert.equal(first.headers['content-range'], '0-0/2')
  const next = /^<([^>]+)>/.exec(String(first.headers.link))?.[1] ?? assert.fail('no next page')
  const second = await product.ask(next, { token: tokens.get('acme') ?? '' })
  assert.deepEqual([names(first), names(second), second.headers.link], [['acme own'], ['globex shown'], undefined])
  const one = await ask('acme', `/plants?id=eq.${shown}`)
  assert.deepEqual([one.status, revisionOf(one)], [200, '"1"'])
})

test('what is not shared with a tenant, or is not its own to write, is as what is not there, to the byte', async () => {
  const probe = async (tenant: string, id: string, path: string, question?: Question) => {
    const [real, absent] = [
      await ask(tenant, path.replace('ID', id), question),
      await ask(tenant, path.replace('ID', nowhere), question),
    ]
    const said = `${tenant}: ${question?.method ?? 'GET'} ${path}`
    assert.equal(real.plain.replaceAll(id, nowhere), absent.plain, said)
    assert.ok(!real.raw.includes(canary), said)
  }
  const at = '/plants?id=eq.ID'
  const writes: [path: string, question?: Question][] = [
    [at, { method: 'PATCH', body: { name: 'x' }, headers: full }],
    [at, { method: 'PATCH', body: { name: 'x' }, headers: { 'if-match': '"1"' } }],
    [at, { method: 'PATCH', body: { name: 'x', revision: 9 }, headers: full }],
    [`${at}&revision=eq.9`, { method: 'PATCH', body: { name: 'x' }, headers: full }],
    [`${at}&revision=eq.9`, { method: 'DELETE', headers: full }],
    [at, { method: 'PATCH', body: { shared_with: null }, headers: full }],
    [at, { method: 'PATCH', body: { deleted_at: null }, headers: full }],
    [at, { method: 'DELETE', headers: { ...full, 'if-match': '*' } }],
    [at, { method: 'DELETE', headers: { prefer: 'purge' } }],
    ['/plants?name=eq.ID&shared_with=eq.growers', { method: 'DELETE', headers: full }],
    ['/leaves', { body: { size: 'x', plant_id: 'ID' } }],
  ]
  for (const [path, question] of writes) {
    const filled = { ...question, ...(path === '/leaves' && { body: { size: 'x', plant_id: shown } }) }
    if (path === '/leaves') assert.equal((await ask('acme', path, filled)).status, 409)
    else for (const tenant of ['acme', 'umbrella']) await probe(tenant, shown, path, question)
  }
  for (const path of [at, '/plants?id=eq.ID&select=name,leaves(*)', '/leaves?plant_id=eq.ID&select=*,plants(*)']) {
    await probe('umbrella', shown, path)
    await probe('umbrella', hidden, path, { headers: { prefer: 'count=exact' } })
    await probe('acme', hidden, path, { method: 'HEAD' })
  }
  const put = { method: 'PUT', body: { id: shown, name: 'of acme' }, headers: full }
  assert.deepEqual(names(await ask('acme', `/plants?id=eq.${shown}`, put)), ['of acme'])
  assert.deepEqual(names(await ask('acme', `/plants?id=eq.${shown}`)), ['of acme'])
  assert.deepEqual(names(await ask('globex', `/plants?id=eq.${shown}`)), ['globex shown'])
  const tagged = { method: 'PATCH', body: { name: 'of acme 2' }, headers: { 'if-match': '"1"' } }
  assert.equal((await ask('acme', `/plants?id=eq.${shown}`, tagged)).status, 204)
  await ask('acme', `/plants?id=eq.${shown}`, { method: 'DELETE', headers: { prefer: 'purge' } })
})

test('a group of which a tenant is no member is one that is not there', async () => {
  await manage('/groups', { body: { name: 'elsewhere' } })
  await manage('/groups/elsewhere/members/umbrella', { method: 'PUT' })
  const [foreign, absent] = [
    await ask('acme', '/plants', { body: { name: 'x', shared_with: 'elsewhere' } }),
    await ask('acme', '/plants', { body: { name: 'x', shared_with: 'no-such-one' } }),
  ]
  assert.deepEqual([foreign.status, foreign.plain], [403, absent.plain])
  assert.doesNotMatch(foreign.text, /elsewhere|member/)
})

test('operators manage groups, each change is recorded and counts at once, and nobody else does', async () => {
  for (const by of ['acme', 'auditor'])
    assert.equal((await manage('/groups', { body: { name: 'mine' } }, by)).status, 403, by)
  assert.equal((await manage('/groups', {}, 'acme')).status, 403)
  assert.deepEqual(
    jsonOf<{ name: string }[]>(await manage('/groups', {}, 'auditor')).map(({ name }) => name),
    ['elsewhere', 'growers'],
  )
  for (const [path, question, status] of [
    ['/groups', { body: { name: 'growers' } }, 409],
    ['/groups', { body: { name: 'No Name' } }, 400],
    ['/groups/none', {}, 404],
    ['/groups/none', { method: 'DELETE' }, 404],
    ['/groups/none/members/acme', { method: 'PUT' }, 404],
    ['/groups/growers/members/nobody', { method: 'PUT' }, 404],
    ['/groups/growers/members/system', { method: 'PUT' }, 400],
    ['/groups/growers/members/umbrella', { method: 'DELETE' }, 404],
  ] as const)
    assert.equal((await manage(path, question)).status, status, `${path} ${JSON.stringify(question)}`)
  const left = await manage('/groups/growers/members/globex', { method: 'DELETE' })
  assert.deepEqual(jsonOf<{ members: string[] }>(left).members, ['acme'])
  assert.deepEqual(names(await ask('acme', '/plants')), ['acme own'])
  await manage('/groups/growers/members/globex', { method: 'PUT' })
  assert.equal(names(await ask('acme', '/plants')).length, 2)
  await product.platform.operations.removeTenant('globex')
  assert.deepEqual(names(await ask('acme', '/plants')), ['acme own'])
  assert.deepEqual(jsonOf<{ members: string[] }>(await manage('/groups/growers')).members, ['acme'])
  assert.equal((await manage('/groups/growers', { method: 'DELETE' })).status, 204)
  assert.equal((await manage('/groups', { body: { name: 'growers' } })).status, 409)
  const acts = jsonOf<{ verb: string; tenant: string | null; target: string; outcome: string; subject: string }[]>(
    await manage('/audit?subject=root&target=growers&limit=1000'),
  )
  const done = acts.filter(({ outcome }) => outcome === 'done').map(({ verb, tenant }) => [verb, tenant])
  assert.deepEqual(done.reverse(), [
    ['group.create', null],
    ['group.add', 'acme'],
    ['group.add', 'globex'],
    ['group.remove', 'globex'],
    ['group.add', 'globex'],
    ['group.delete', null],
  ])
})
