// Rows that callers of one tenant write at the same moment are one statement of the database, and nobody notices but the clock.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { boolean, entity, reference, text } from 'tenantry'
import { type OpenProduct, openProduct } from './open-product.ts'

const boxes = entity('boxes', { title: text() })
const things = entity(
  'things',
  { title: text({ max: 20 }).unique(), open: boolean().default(true), box_id: reference(() => boxes).optional() },
  { authors: true, revision: true, changes: true, softDelete: true },
)
const store = {
  name: 'store',
  version: '1.0.0',
  entities: [boxes, things],
  access: { admin: 'tenant_writer' },
} as const
const tenants = ['acme', 'globex'] as const

let product: OpenProduct
const tokens = new Map<string, string>()
before(async () => {
  product = await openProduct({
    modules: [store],
    settings: { connections: 1, writeConnections: 1 },
    tenants: tenants.map(key => ({ key, subscribe: ['store@1'] })),
  })
  for (const key of tenants)
    for (const subject of ['ann', 'bob']) tokens.set(`${subject}@${key}`, await product.token(key, { subject }))
})
after(() => product.close())

const post = (tenant: string, body: unknown, more: { subject?: string; headers?: Record<string, string> } = {}) =>
  product.ask(`/${tenant}/store/v1/things`, {
    token: tokens.get(`${more.subject ?? 'ann'}@${tenant}`) ?? '',
    body,
    headers: more.headers ?? {},
  })

interface Stored {
  readonly tenant_id: string
  readonly title: string
  readonly open: boolean
  readonly created_by: string
  readonly made_by: string
}

const stored = () =>
  product.database.query<Stored>(
    `select tenant_id, title, open, created_by, xmin || ' ' || cmin as made_by from store_v1.things order by tenant_id, title`,
  )

test('every row is there once, with its own author, defaults and change, and every caller has his own answer', async () => {
  let shared = 0
  const expected: string[] = []
  for (let round = 0; round < 6; round++) {
    const name = (what: string) => `${round} ${what}`
    const answers = await Promise.all(
      tenants.flatMap(tenant => [
        ...['a', 'b', 'c'].map(what => post(tenant, { title: name(what) })),
        post(tenant, { title: name('by bob') }, { subject: 'bob' }),
        post(tenant, { title: name('closed'), open: false }),
        post(tenant, ` {"title": "${name('spaced')}"} `),
        post(tenant, [{ title: name('x') }, { title: name('y') }], { headers: { prefer: 'count=exact' } }),
        post(tenant, { title: name('told') }, { headers: { prefer: 'return=headers-only' } }),
        post(tenant, { title: name('shown') }, { headers: { prefer: 'return=representation' } }),
        post(tenant, { title: name('far too long for a title') }),
        post(tenant, { title: name('lost'), box_id: '00000000-0000-7000-8000-000000000000' }),
      ]),
    )
    const own = ['a', 'b', 'by bob', 'c', 'closed', 'shown', 'spaced', 'told', 'x', 'y']
    expected.push(...own.map(name))
    for (const [index] of tenants.entries()) {
      const of = answers.slice(index * 11, index * 11 + 11)
      assert.deepEqual(
        of.map(({ status }) => status),
        [201, 201, 201, 201, 201, 201, 201, 201, 201, 400, 409],
      )
      assert.deepEqual(
        of.slice(0, 7).map(({ text }) => text),
        Array.from({ length: 7 }, () => ''),
      )
      assert.equal(of[6]?.headers['content-range'], '*/2')
      assert.match(String(of[7]?.headers.location), /things\?id=eq\./)
      assert.equal(JSON.parse(of[8]?.text ?? '')[0].title, name('shown'))
      assert.match(of[9]?.text ?? '', /title/)
      assert.match(of[10]?.text ?? '', /box_id/)
    }
    // Nobody whose row is refused is among these.
    await Promise.all(tenants.flatMap(tenant => [1, 2, 3, 4].map(number => post(tenant, { title: name(`${number}`) }))))
    expected.push(...[1, 2, 3, 4].map(number => name(`${number}`)))
    // As long as a tenant's rows share nothing after one that was refused.
    if (round % 2) await new Promise(resolve => setTimeout(resolve, 1_050))
  }
  const rows = await stored()
  for (const tenant of tenants) {
    const own = rows.filter(({ tenant_id }) => tenant_id === tenant)
    assert.deepEqual(own.map(({ title }) => title).sort(), expected.toSorted())
    for (const { title, open, created_by } of own) {
      assert.equal(open, !title.endsWith('closed'))
      assert.equal(created_by, title.endsWith('by bob') ? 'bob' : 'ann')
    }
    shared += own.length - new Set(own.map(({ made_by }) => made_by)).size
    const changes = await product.database.query<{ count: string }>(
      `select count(distinct c.key) from tenantry.changes c where c.tenant_id = $1 and c.entity like '%things%'`,
      [tenant],
    )
    assert.equal(Number(changes[0]?.count), expected.length)
  }
  assert.ok(shared > 0, 'no statement made rows of several callers')
})
