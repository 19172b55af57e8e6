// Rows that callers of one tenant look up by their keys at the same moment come from one statement, and nobody notices but the clock.
import assert from 'node:assert/strict'
import type { OutgoingHttpHeaders } from 'node:http'
import { after, before, test } from 'node:test'
import { array, date, decimal, entity, integer, json, oneOf, text } from 'tenantry'
import { type OpenProduct, openProduct } from './open-product.ts'

const things = entity(
  'things',
  { title: text(), data: json().default({}), tags: array(text()).default([]), price: decimal(8, 2).optional() },
  { revision: true, softDelete: true },
)
const codes = entity('codes', { code: text(), title: text() }, { key: ['code'] })
const kinds = entity('kinds', { kind: oneOf('a', 'b', 'c'), title: text() }, { key: ['kind'] })
const cells = entity('cells', { sheet: text(), number: integer(), title: text() }, { key: ['sheet', 'number'] })
/** Whose key is not found as what it is given as. */
const days = entity('days', { day: date(), title: text() }, { key: ['day'] })
const tickets = entity('tickets', { title: text() }, { authors: true, own: { customer: 'created_by' } })
const desks = entity('desks', { title: text() }, { instanced: true, access: { local: 'tenant_instance_writer' } })
const shelf = {
  ...{ name: 'shelf', version: '1.0.0', entities: [things, codes, kinds, cells, days, tickets, desks] },
  access: { admin: 'tenant_writer', customer: 'tenant_writer', local: 'tenant_instance_writer' },
} as const
const tenants = ['acme', 'globex'] as const

const idOf = (number: number) => `00000000-0000-7000-8000-${String(number).padStart(12, '0')}`
/** Keys that are written in an array of PostgreSQL as something else, and such as nothing has. */
const names = [
  'plain',
  'with "quotes"',
  'back\\slash',
  '{a,b}',
  'null',
  'NULL',
  ' ',
  'ü,ß',
  "it's",
  '%like*',
  '\\N',
  'a b',
]

let product: OpenProduct
const tokens = new Map<string, string>()
before(async () => {
  product = await openProduct({
    modules: [shelf],
    settings: { connections: 1, writeConnections: 1 },
    tenants: tenants.map(key => ({ key, subscribe: ['shelf@1'] })),
  })
  const users = [
    ['boss', 'admin'],
    ['ann', 'customer'],
    ['bob', 'customer'],
    ['north', 'local'],
    ['south', 'local'],
  ] as const
  for (const tenant of tenants) {
    for (const [subject, role] of users) {
      const place = role === 'local' ? { instance: subject } : {}
      tokens.set(`${subject}@${tenant}`, await product.token(tenant, { subject, roles: [role], ...place }))
    }
    const of = (what: unknown) => `${what} of ${tenant}`
    const add = async (subject: string, path: string, rows: readonly object[]) => {
      const answer = await ask(tenant, { subject, path, body: rows })
      assert.equal(answer.status, 201, answer.text)
    }
    const some = Array.from({ length: 12 }, (_, number) => number)
    const ids = some.map(number => ({ id: idOf(number), title: of(number) }))
    await add(
      'boss',
      'things',
      ids.map(row => ({ ...row, data: { of: tenant }, tags: [tenant] })),
    )
    await add(
      'boss',
      'codes',
      names.slice(1).map(code => ({ code, title: of(code) })),
    )
    await add('boss', 'kinds', [
      { kind: 'a', title: of('a') },
      { kind: 'b', title: of('b') },
    ])
    await add(
      'boss',
      'cells',
      some.map(number => ({ sheet: names[number % 3], number, title: of(number) })),
    )
    await add('boss', 'days', [{ day: '2024-01-01', title: of('a day') }])
    for (const [index, subject] of ['ann', 'bob'].entries())
      await add(
        subject,
        'tickets',
        ids.filter((_, number) => number % 2 === index),
      )
    for (const [index, subject] of ['north', 'south'].entries())
      await add(
        subject,
        'desks',
        ids.filter((_, number) => number % 2 === index),
      )
    await ask(tenant, { subject: 'boss', path: `things?id=eq.${idOf(3)}`, method: 'DELETE' })
  }
})
after(() => product.close())

interface Ask {
  readonly subject?: string
  readonly path: string
  readonly method?: string
  readonly headers?: OutgoingHttpHeaders
  readonly body?: unknown
}

const ask = (tenant: string, { subject = 'boss', path, ...more }: Ask) =>
  product.ask(`/${tenant}/shelf/v1/${path}`, { token: tokens.get(`${subject}@${tenant}`) ?? '', ...more })

/** Sessions whose last statement looked up several keys. */
const together = async () =>
  (
    await product.database.query(
      `select from pg_stat_activity where datname = current_database() and query like '%given(value1%' and pid <> pg_backend_pid()`,
    )
  ).length > 0

/** Each alone, one after the other; then all at once, again and again: the answers are the same. */
async function compare(asks: readonly Ask[], { isSeen = together } = {}): Promise<void> {
  const all = tenants.flatMap(tenant => asks.map(one => [tenant, one] as const))
  const alone: string[] = []
  for (const [tenant, one] of all) alone.push((await ask(tenant, one)).plain)
  for (const [index, [tenant]] of all.entries()) {
    const other = tenants[1 - tenants.indexOf(tenant)]
    assert.ok(!alone[index]?.includes(`of ${other}`))
  }
  const end = Date.now() + 5_000
  for (let round = 0, seen = false; round < 6 || !seen; round++) {
    const answers = await Promise.all(all.map(([tenant, one]) => ask(tenant, one)))
    for (const [index, { plain }] of answers.entries()) assert.equal(plain, alone[index], all[index]?.[1].path)
    seen ||= await isSeen()
    assert.ok(Date.now() < end, 'nothing was looked up together')
  }
}

/** Where what a session did last is something else. */
const unseen = { isSeen: async () => true }

const byId = (entity: string, more: Partial<Ask> = {}, query = '') =>
  Array.from({ length: 14 }, (_, number) => ({ path: `${entity}?id=eq.${idOf(number)}${query}`, ...more }))

test('rows by uuid, whoever asks: present, deleted, absent, in every form', async () => {
  await compare(byId('things'))
  await compare(byId('things', {}, '&select=title,data->>of,tags'))
  await compare(byId('things', { headers: { accept: 'application/vnd.pgrst.object+json' } }))
  await compare(byId('things', { headers: { accept: 'text/csv' } }, '&select=id,title'))
  await compare(byId('things', { headers: { prefer: 'count=exact' } }))
  await compare(byId('things', { headers: { prefer: 'deleted=include' } }))
  await compare(byId('things', { headers: { 'if-none-match': '"1"' } }))
  await compare(byId('things', { method: 'HEAD' }))
})

test('rows by a text, an enumeration and several fields', async () => {
  const value = (text: string) => encodeURIComponent(text)
  await compare(names.map(code => ({ path: `codes?code=eq.${value(code)}` })))
  await compare([...'abcabcab'].map(kind => ({ path: `kinds?kind=eq.${kind}` })))
  const places = names.slice(0, 3).flatMap(sheet => [0, 1, 2, 3].map(number => [sheet, number] as const))
  await compare(places.map(([sheet, number]) => ({ path: `cells?sheet=eq.${value(sheet)}&number=eq.${number}` })))
  await compare(places.map(([sheet, number]) => ({ path: `cells?number=eq.${number}&sheet=eq.${value(sheet)}` })))
})

test("rows of one's own and of one's instance, beside those that ask for others'", async () => {
  await compare(byId('tickets', { subject: 'ann' }))
  await compare(byId('desks', { subject: 'south' }))
  const users = ['ann', 'ann', 'bob', 'boss', 'boss', 'bob', 'ann', 'bob']
  await compare(users.flatMap(subject => byId('tickets', { subject }).slice(0, 4)))
})

test('what is no key is refused to its caller alone', async () => {
  await compare(
    [...byId('things'), { path: 'things?id=eq.nonsense' }, ...byId('things'), { path: 'things?id=eq.' }],
    unseen,
  )
  await compare([
    ...['1', '2', '99999999999', 'x', '3'].map(number => ({ path: `cells?sheet=eq.plain&number=eq.${number}` })),
    ...byId('things'),
  ])
})

test('what is asked of a key in another way, or of another key, has its own answers beside them', async () => {
  await compare([
    ...byId('things'),
    ...['2024-01-01', '2024-01-02', '2024-01-01'].map(day => ({ path: `days?day=eq.${day}` })),
    ...byId('things', {}, '&title=like.1*'),
    ...byId('things', {}, '&order=title&limit=1'),
    { path: `things?id=in.(${[1, 2, 3].map(idOf)})` },
    { path: `things?id=not.eq.${idOf(1)}` },
    { path: `things?or=(id.eq.${idOf(1)},id.eq.${idOf(2)})` },
    ...byId('things'),
  ])
})
