// F2.5: own rows over HTTP.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { defineModule } from '../../src/app/define-module.ts'
import { entity } from '../../src/core/entity.ts'
import { reference, text } from '../../src/core/field.ts'
import { type Answer, jsonOf, type Question } from './client.ts'
import { type OpenProduct, openProduct } from './open-product.ts'

const tickets = entity(
  'tickets',
  { title: text() },
  { ...{ revision: true, softDelete: true, authors: true, aggregates: true }, own: { customer: 'created_by' } },
)
const remarks = entity('remarks', { body: text(), ticket_id: reference(() => tickets).optional() })
/** Everybody sees a task, and only who has it changes it. */
const tasks = entity(
  'tasks',
  { title: text(), assignee: text() },
  { own: { customer: { writes: 'assignee' } }, revision: true },
)
const desk = defineModule({
  name: 'desk',
  version: '1.0.0',
  entities: [tickets, remarks, tasks],
  access: { admin: 'tenant_writer', customer: 'tenant_writer', auditor: 'tenant_reader', service_admin: 'writer' },
})

const base = '/acme/desk/v1'
const idOf = (number: number) => `00000000-0000-7000-8000-${String(number).padStart(12, '0')}`
const [mine, theirs, nowhere] = [1, 2, 99].map(idOf) as [string, string, string]
const secret = 'kAnArI7q3'

let product: OpenProduct
let ann: string
let bob: string
let boss: string

before(async () => {
  product = await openProduct({ modules: [desk], tenants: [{ key: 'acme', subscribe: ['desk@1'] }] })
  const token = (subject: string, role: string) => product.token('acme', { subject, roles: [role] })
  ann = await token('ann', 'customer')
  bob = await token('bob', 'customer')
  boss = await token('boss', 'admin')
  for (const [id, title, owner] of [
    [mine, 'mine', ann],
    [theirs, secret, bob],
  ] as const) {
    await product.ask(`${base}/tickets`, { token: owner, body: { id, title } })
    await product.ask(`${base}/remarks`, { token: boss, body: { id, body: 'on it', ticket_id: id } })
    await product.ask(`${base}/tasks`, { token: owner, body: { id, title } })
  }
})
after(() => product?.close())

const ask = (path: string, question: Question = {}, token = ann): Promise<Answer> =>
  product.ask(`${base}${path}`, { token, ...question })
const full = { prefer: 'return=representation,count=exact' }

test("to a customer another's row is as one that is not there, to the byte", async () => {
  const questions: [path: string, question?: Question][] = [
    ['/tickets?id=eq.ID'],
    ['/tickets?id=eq.ID&select=title', { headers: { accept: 'application/vnd.pgrst.object+json' } }],
    ['/tickets?id=eq.ID', { method: 'HEAD', headers: full }],
    ['/tickets?id=eq.ID', { headers: { 'if-none-match': '"1"' } }],
    ['/tickets?id=eq.ID', { method: 'PATCH', body: { title: 'x' }, headers: full }],
    ['/tickets?id=eq.ID', { method: 'PATCH', body: { title: 'x' }, headers: { 'if-match': '"1"' } }],
    ['/tickets?id=eq.ID', { method: 'PATCH', body: { title: 'x', revision: 7 } }],
    ['/tickets?id=eq.ID', { method: 'PATCH', body: { deleted_at: null }, headers: full }],
    ['/tickets?id=eq.ID', { method: 'DELETE', headers: full }],
    ['/tickets?id=eq.ID', { method: 'DELETE', headers: { 'if-match': '*' } }],
    ['/tickets?id=eq.ID', { method: 'DELETE', headers: { prefer: 'purge' } }],
    ['/tickets?id=eq.ID&select=count()'],
    ['/remarks?select=body,tickets!inner(title)&ticket_id=eq.ID'],
  ]
  for (const [path, question] of questions) {
    const [real, absent] = [
      await ask(path.replace('ID', theirs), question),
      await ask(path.replace('ID', nowhere), question),
    ]
    const said = `${question?.method ?? 'GET'} ${path}`
    assert.equal(real.plain.replaceAll(theirs, nowhere), absent.plain, said)
    assert.ok(!real.raw.includes(secret), said)
  }
  const all = await ask('/tickets?select=*,remarks(*)', { headers: full })
  assert.equal(all.headers['content-range'], '0-0/1')
  assert.ok(!all.raw.includes(secret))
  const page = await ask('/tickets?order=title&limit=1', { headers: { prefer: 'paging=keyset' } })
  assert.equal(page.headers.link, undefined)
  const [row] = jsonOf<{ title: string; revision: number }[]>(await ask(`/tickets?id=eq.${theirs}`, {}, bob))
  assert.deepEqual([row?.title, row?.revision], [secret, 1])
})

test('who may see a row and not write it finds nothing to write', async () => {
  assert.equal(jsonOf<unknown[]>(await ask('/tasks')).length, 2)
  const at = `/tasks?id=eq.${theirs}`
  assert.equal((await ask(at, { method: 'PATCH', body: { title: 'x' }, headers: full })).text, '[]')
  assert.equal((await ask(at, { method: 'PATCH', body: { title: 'x' }, headers: { 'if-match': '"1"' } })).status, 412)
  const own = `/tasks?id=eq.${mine}`
  assert.equal((await ask(own, { method: 'PATCH', body: { title: 'x' }, headers: { 'if-match': '"1"' } })).status, 204)
  const given = await ask(own, { method: 'PATCH', body: { assignee: 'bob' } })
  assert.equal(given.status, 403)
  assert.doesNotMatch(given.text, /policy|row-level|bob|tenant/)
  assert.equal((await ask('/tasks', { body: { title: 'x', assignee: 'bob' } })).status, 403)
  assert.equal((await ask(own, { method: 'PATCH', body: { assignee: 'bob' } }, boss)).status, 204)
})

test('the same request of two subjects has the answer of each, also from memory and when it is sent again', async () => {
  for (let round = 0; round < 3; round++) {
    const answers = await Promise.all(
      [ann, bob, boss].map(token => ask('/tickets?select=title&order=title', {}, token)),
    )
    assert.deepEqual(
      answers.map(answer => jsonOf<{ title: string }[]>(answer).map(({ title }) => title)),
      [['mine'], [secret], [secret, 'mine']],
    )
  }
  const [one, two] = [`/tickets?id=eq.${mine}`, { method: 'PATCH', body: { title: 'mine' } }] as const
  const once = { ...two, headers: { ...full, 'idempotency-key': 'k' } }
  const answers = [await ask(one, once), await ask(one, once), await ask(one, once, bob), await ask(one, once, bob)]
  assert.deepEqual(
    answers.map(({ text }) => jsonOf<unknown[]>({ text } as Answer).length),
    [1, 1, 0, 0],
  )
})

test("the platform's own people act in the tenant as before, and its tenant's roles do not reach across", async () => {
  const root = await product.token('system', { subject: 'ann', roles: ['service_admin'] })
  assert.equal(jsonOf<unknown[]>(await ask('/tickets', {}, root)).length, 2)
  const alike = await product.token('system', { subject: 'ann', roles: ['customer'] })
  assert.equal((await ask('/tickets', {}, alike)).status, 403)
  const across = await product.ask('/system/desk/v1/tickets?select=tenant_id,title', { token: root })
  assert.equal(jsonOf<unknown[]>(across).length, 2)
})
