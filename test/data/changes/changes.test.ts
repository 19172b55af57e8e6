// F3.6: changes are followed at least once and in order.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import pg from 'pg'
import type { Change } from '../../../src/core/changes.ts'
import { TenantryError } from '../../../src/core/errors.ts'
import { openTwoTenants, type TwoTenants } from '../../../src/testing/two-tenants.ts'
import { desks, id, items, module, other, parents, prices, quiet, secrets, take } from './world.ts'

let tenants: TwoTenants
before(async () => {
  tenants = await openTwoTenants({ modules: [module, other] })
})
after(() => tenants.close())

const told = (changes: readonly Change[]) => changes.map(({ operation, key }) => `${operation} ${String(key)}`)

async function refusal(work: Promise<unknown>): Promise<TenantryError> {
  const error = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  assert.ok(error instanceof TenantryError, String(error))
  return error
}

/** A connection of the owner, whom row security does not bind. */
async function openOwner(): Promise<pg.Client> {
  const client = new pg.Client(tenants.database.target)
  await client.connect()
  return client
}

test('a row is told from its insert to its removal, with what it is at delivery, to its own tenant only', async () => {
  const { acme, globex } = tenants
  const start = await acme.changePosition(items)
  const there = await globex.changePosition(items)
  await acme.insert(items, { id: id(1), title: 'acme 1' })
  await globex.insert(items, { id: id(1), title: 'globex 1' })
  await acme.update(items, id(1), { title: 'acme 2' })
  await acme.softDelete(items, id(1))
  await acme.restore(items, id(1))
  await acme.purge(items, id(1))
  const [ours, theirs] = [
    await take(acme.changes(items, { after: start }), 5),
    await take(globex.changes(items, { after: there }), 1),
  ]
  assert.deepEqual(
    told(ours),
    ['insert', 'update', 'softDelete', 'restore', 'delete'].map(name => `${name} ${id(1)}`),
  )
  assert.ok(ours.every(({ row }) => row === undefined))
  assert.deepEqual(
    theirs.map(({ row }) => row?.title),
    ['globex 1'],
  )
  assert.ok(!Number.isNaN(Date.parse(theirs[0]?.at ?? '')))
})

test('a consumer that waits is told when something is written, and a stop ends it', async () => {
  const { acme } = tenants
  const stop = new AbortController()
  const after = await acme.changePosition(items)
  const iterator = acme.changes(items, { after, signal: stop.signal })[Symbol.asyncIterator]()
  const next = iterator.next()
  await acme.insert(items, { title: 'live' })
  assert.equal((await next).value?.row?.title, 'live')
  const last = iterator.next()
  stop.abort()
  assert.equal((await last).done, true)
})

test('what cascades, is set to null, merged and written in bulk is told too', async () => {
  const { acme } = tenants
  await acme.insert(parents, [
    { id: id(10), name: 'p' },
    { id: id(11), name: 'q' },
  ])
  await acme.insert(items, { id: id(12), title: 'child', parent_id: id(10) })
  await acme.insert(items, { id: id(13), title: 'friend', friend_id: id(11) })
  const start = await acme.changePosition(items)
  await acme.purge(parents, id(10))
  await acme.purge(parents, id(11))
  await acme.upsert(items, { id: id(13), title: 'merged' })
  await acme.upsert(items, { id: id(14), title: 'new' })
  await acme.insertMissing(items, [
    { id: id(14), title: 'there' },
    { id: id(15), title: 'missing' },
  ])
  const changes = await take(acme.changes(items, { after: start }), 5)
  assert.deepEqual(told(changes), [
    `delete ${id(12)}`,
    `update ${id(13)}`,
    `update ${id(13)}`,
    `insert ${id(14)}`,
    `insert ${id(15)}`,
  ])
  assert.equal(changes[1]?.row?.friend_id, null)

  const bulk = await acme.changePosition(items)
  await acme.insert(
    items,
    Array.from({ length: 1_000 }, (_, n) => ({ title: `bulk ${n}` })),
  )
  const many = await take(acme.changes(items, { after: bulk }), 1_000)
  assert.equal(new Set(many.map(({ key }) => key)).size, 1_000)
  assert.ok(many.every(({ row }) => row?.title.startsWith('bulk ')))
})

test('keys of several fields are told exactly', async () => {
  const { acme } = tenants
  const start = await acme.changePosition(prices)
  const key = { number: 9_007_199_254_740_993n, day: '2026-02-03' }
  await acme.insert(prices, { ...key, label: 'x' })
  await acme.purge(prices, key)
  await acme.insert(prices, { ...key, label: 'y' })
  const changes = await take(acme.changes(prices, { after: start }), 3)
  assert.deepEqual(
    changes.map(change => change.key),
    [key, key, key],
  )
  assert.deepEqual(
    changes.map(({ operation }) => operation),
    ['insert', 'delete', 'insert'],
  )
  assert.equal(changes[2]?.row?.label, 'y')
})

test('plain SQL of the owner is told, also a key that changes; what is rolled back is not', async () => {
  const { acme } = tenants
  const start = await acme.changePosition(items)
  const owner = await openOwner()
  await owner.query(`set timezone = 'Asia/Tokyo'`)
  await owner.query(
    `insert into feed_v1.items (tenant_id, id, title) values ('acme', $1, 'raw'), ('globex', $1, 'raw')`,
    [id(20)],
  )
  await owner.query('begin')
  await owner.query(`update feed_v1.items set title = 'never' where id = $1`, [id(20)])
  await owner.query('rollback')
  await owner.query(`update feed_v1.items set id = $2 where tenant_id = 'acme' and id = $1`, [id(20), id(21)])
  await owner.end()
  await assert.rejects(
    acme.transaction(async data => {
      await data.update(items, id(21), { title: 'never' })
      throw new Error('no')
    }),
  )
  await acme.insert(items, { id: id(22), title: 'end' })
  const changes = await take(acme.changes(items, { after: start }), 4)
  assert.deepEqual(told(changes.slice(0, 1)), [`insert ${id(20)}`])
  assert.deepEqual(told(changes.slice(1, 3)).sort(), [`delete ${id(20)}`, `insert ${id(21)}`])
  assert.deepEqual(told(changes.slice(3)), [`insert ${id(22)}`])
})

test('a slow transaction that commits last is not skipped, and an older one that writes a row later comes later', async () => {
  const { acme } = tenants
  await acme.insert(items, { id: id(30), title: 'both' })
  const start = await acme.changePosition(items)
  const iterator = acme.changes(items, { after: start })[Symbol.asyncIterator]()
  const slow = await openOwner()
  await slow.query('begin')
  await slow.query(`insert into feed_v1.items (tenant_id, id, title) values ('acme', $1, 'slow')`, [id(31)])
  await acme.insert(items, { id: id(32), title: 'quick' })
  await acme.update(items, id(30), { n: 1 })
  const first = [await iterator.next(), await iterator.next()].map(({ value }) => value as Change)
  assert.deepEqual(told(first), [`insert ${id(32)}`, `update ${id(30)}`])
  // Its transaction is older than the one that changed the row before.
  await slow.query(`update feed_v1.items set n = 2 where tenant_id = 'acme' and id = $1`, [id(30)])
  await slow.query('commit')
  await slow.end()
  const second = [await iterator.next(), await iterator.next()].map(({ value }) => value as Change)
  assert.deepEqual(told(second), [`insert ${id(31)}`, `update ${id(30)}`])
  await iterator.return?.()
  // And a consumer that was away until now has the same, each once, the row's changes in order.
  const all = await take(acme.changes(items, { after: start }), 4)
  assert.deepEqual(told(all), [`insert ${id(31)}`, `insert ${id(32)}`, `update ${id(30)}`, `update ${id(30)}`])
  const rest = await take(acme.changes(items, { after: first[1]?.position ?? '' }), 2)
  assert.deepEqual(told(rest), told(second))
})

test('an instance is told its own changes only', async () => {
  const { dataOf } = tenants
  const local = dataOf('acme', { roles: ['local'], instance: 'eu' })
  const start = await local.changePosition(desks)
  for (const instance of ['us', 'eu']) await dataOf('acme', { instance }).insert(desks, { id: id(40), name: instance })
  await dataOf('globex', { instance: 'eu' }).insert(desks, { id: id(40), name: 'globex' })
  await dataOf('acme', { instance: 'eu' }).insert(desks, { id: id(41), name: 'eu' })
  const changes = await take(local.changes(desks, { after: start }), 2)
  assert.deepEqual(told(changes), [`insert ${id(40)}`, `insert ${id(41)}`])
  assert.ok(changes.every(({ row }) => row?.name === 'eu'))
})

test('who may not read the entity is refused, an entity without changes too, and whoever acts across tenants', async () => {
  const { acme, dataOf } = tenants
  const auditor = dataOf('acme', { roles: ['auditor'] })
  assert.equal((await refusal(take(auditor.changes(secrets), 1))).code, 'forbidden')
  assert.equal((await refusal(auditor.changePosition(secrets))).code, 'forbidden')
  assert.equal((await refusal(take(acme.changes(quiet), 1))).reason, 'changes_not_recorded')
  const across = dataOf('system', { acrossTenants: true })
  assert.equal((await refusal(take(across.changes(items), 1))).code, 'invalid')
  const elsewhere = dataOf('acme', { subscriptions: ['other@1'] })
  assert.equal((await refusal(take(elsewhere.changes(items), 1))).reason, 'module_not_running')
})

test('what is no position is refused, of whatever kind, and says nothing', async () => {
  const { acme, globex } = tenants
  const wrong = async (after: string) => {
    const error = await refusal(take(acme.changes(items, { after }), 1))
    assert.deepEqual([error.code, error.reason, error.details], ['invalid', 'changes_position', null])
    assert.doesNotMatch(JSON.stringify({ ...error, message: error.message, cause: null }), /globex|select|snapshot/)
  }
  const encode = (text: string) => Buffer.from(text).toString('base64url')
  await wrong(await globex.changePosition(items))
  await wrong(await acme.changePosition(parents))
  for (const text of [
    '',
    'x',
    'acme',
    'acme feed@1.items',
    'acme feed@1.items 1:2',
    'acme feed@1.items 9:3:',
    'acme feed@1.items 5:9:7,6',
  ])
    await wrong(encode(text))
  for (const text of [
    'acme feed@1.items 1:1: 1:1:',
    'acme feed@1.items 1:1: 1:1: -1',
    'acme feed@1.items 1:1: 1:1: 1 1',
    "acme feed@1.items 1:1:' 1:1: 1",
  ])
    await wrong(encode(text))
  await wrong(encode('acme feed@1.items 1:99999999999999999999: 3:3: 1'))
  // From a server that has seen more transactions than this one.
  await wrong(encode('acme feed@1.items 900000000000:900000000000:'))
  await wrong('\u0000'.repeat(70_000))
})

test('a position of everything, forged, shows a tenant its own changes only', async () => {
  const { acme } = tenants
  const after = Buffer.from('acme feed@1.items 3:3:').toString('base64url')
  const count = Number(
    (
      await tenants.database.query(
        `select count(*) as n from tenantry.changes where tenant_id = 'acme' and entity = 'feed@1.items'`,
      )
    )[0]?.n,
  )
  const all = await take(acme.changes(items, { after }), count)
  assert.equal(all.length, count)
  assert.doesNotMatch(JSON.stringify(all), /globex/)
})
