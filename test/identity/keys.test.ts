import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import type { StoredKey } from '../../src/core/catalog.ts'
import { createLruCache } from '../../src/core/lru-cache.ts'
import { createKeys } from '../../src/identity/keys.ts'
import { createSecrets } from '../../src/identity/secrets.ts'
import { fails } from './fails.ts'
import { createMemoryKeyStore } from './memory-key-store.ts'

function open() {
  const memory = createMemoryKeyStore()
  const secrets = createSecrets(randomBytes(32))
  const clock = { now: 0 }
  const node = () => createKeys({ store: memory.store, secrets, now: () => clock.now })
  return { ...memory, secrets, clock, node, keys: node() }
}

test('many who make the first key at once, on two nodes, get one and the same', async () => {
  const { keys, node, rows } = open()
  const other = node()
  await Promise.all(Array.from({ length: 20 }, (_, index) => (index % 2 ? keys : other).ensure('acme')))
  await keys.ensure('acme')
  assert.equal(rows.get('acme')?.length, 1)
  const kid = rows.get('acme')?.[0]?.kid
  for (const each of [keys, other]) {
    assert.equal((await each.signingKey('acme')).kid, kid)
    assert.deepEqual(
      (await each.publicKeys('acme')).keys.map(key => key.kid),
      [kid],
    )
  }
})

test('what is published is the public part only, and what is stored opens only for its tenant', async () => {
  const { keys, rows, secrets } = open()
  await keys.ensure('acme')
  const [key] = (await keys.publicKeys('acme')).keys
  assert.deepEqual(Object.keys(key ?? {}).sort(), ['alg', 'crv', 'kid', 'kty', 'use', 'x', 'y'])
  const stored = rows.get('acme')?.[0] as StoredKey
  assert.deepEqual(JSON.parse(stored.publicJwk), key)
  assert.ok(!JSON.stringify(stored).includes('"d"'))
  assert.throws(() => secrets.unseal(stored.sealedPrivateJwk, 'acme'), fails('internal'))
  rows.set('globex', [stored])
  await assert.rejects(keys.publicKeys('globex'), fails('internal', /does not open/))
})

test('a key that was written into the table without the master key counts for nothing', async () => {
  const { keys, rows, node } = open()
  const forger = open()
  await keys.ensure('acme')
  await forger.keys.ensure('acme')
  const [own, forged] = [rows.get('acme')?.[0] as StoredKey, forger.rows.get('acme')?.[0] as StoredKey]
  rows.set('acme', [forged, own])
  await assert.rejects(node().verificationKey('acme', forged.kid), fails('internal'))
  rows.set('acme', [{ ...own, publicJwk: forged.publicJwk }])
  const published = (await node().publicKeys('acme')).keys[0]
  assert.notEqual(published?.x, JSON.parse(forged.publicJwk).x)
})

test('a tenant without keys publishes none, signs nothing and is asked for again soon', async () => {
  const { keys, node, clock } = open()
  assert.deepEqual(await keys.publicKeys('acme'), { keys: [] })
  await assert.rejects(keys.signingKey('acme'), fails('not_found', /signing key/))
  await node().ensure('acme')
  assert.deepEqual(await keys.publicKeys('acme'), { keys: [] })
  clock.now += 3_001
  assert.equal((await keys.publicKeys('acme')).keys.length, 1)
})

test('an unknown kid is looked up once in three seconds, and a new key of another node is found then', async () => {
  const { keys, node, rows, clock, figures } = open()
  await keys.ensure('acme')
  const old = (await keys.signingKey('acme')).kid
  const before = figures.reads
  for (let second = 0; second < 30; second++) {
    clock.now = second * 1_000
    await Promise.all(Array.from({ length: 50 }, (_, index) => keys.verificationKey('acme', `made-up-${index}`)))
  }
  assert.ok(figures.reads - before <= 10, `${figures.reads - before} reads`)

  const rotated = rows.get('acme') ?? []
  rows.delete('acme')
  await node().ensure('acme')
  const [fresh] = rows.get('acme') ?? []
  assert.ok(fresh)
  rows.set('acme', [fresh, ...rotated])
  clock.now += 3_001
  assert.ok(await keys.verificationKey('acme', fresh.kid))
  assert.ok(await keys.verificationKey('acme', old), 'the old one still verifies')
  assert.equal((await keys.signingKey('acme')).kid, fresh.kid)
})

test('a forgotten tenant is read anew, also when a read was under way', async () => {
  const { keys, store, rows, secrets } = open()
  await keys.ensure('acme')
  const { kid } = await keys.signingKey('acme')
  await store.removeKeys('acme')
  assert.ok(await keys.verificationKey('acme', kid), 'still remembered')
  keys.forget('acme')
  assert.equal(await keys.verificationKey('acme', kid), undefined)

  const slow = Promise.withResolvers<void>()
  const late = createKeys({
    secrets,
    store: {
      ...store,
      async keys(tenant) {
        const found = await store.keys(tenant)
        await slow.promise
        return found
      },
    },
  })
  await keys.ensure('globex')
  const reading = late.publicKeys('globex')
  await new Promise(resolve => setTimeout(resolve, 5))
  rows.delete('globex')
  late.forget('globex')
  slow.resolve()
  assert.equal((await reading).keys.length, 1)
  assert.deepEqual(await late.publicKeys('globex'), { keys: [] })
})

test('concurrent readers of one tenant share one read', async () => {
  const { keys, figures, node } = open()
  await keys.ensure('acme')
  const fresh = node()
  const before = figures.reads
  await Promise.all(Array.from({ length: 100 }, () => fresh.publicKeys('acme')))
  assert.equal(figures.reads - before, 1)
})

test('unknown tenants neither grow the process nor push out known ones', async () => {
  const { keys, figures } = open()
  await keys.ensure('acme')
  const { kid } = await keys.signingKey('acme')
  for (let index = 0; index < 5_000; index += 100) {
    await Promise.all(Array.from({ length: 100 }, (_, each) => keys.verificationKey(`nobody-${index + each}`, 'x')))
  }
  const before = figures.reads
  await keys.verificationKey('acme', kid)
  assert.equal(figures.reads, before)
})

test('what weighs more is kept in place of several, and what weighs too much not at all', () => {
  const cache = createLruCache<string, string>(10)
  for (const key of ['a', 'b', 'c']) assert.deepEqual(cache.set(key, key, 3), [])
  assert.deepEqual(cache.set('d', 'd', 5), ['a', 'b'])
  assert.deepEqual(cache.set('c', 'again', 1), [])
  assert.deepEqual(cache.set('e', 'e', 4), [])
  assert.deepEqual(cache.set('f', 'f', 11), ['f'])
  assert.deepEqual(cache.set('d', 'd', 11), ['d'])
  assert.deepEqual(
    ['a', 'b', 'c', 'd', 'e', 'f'].map(key => cache.get(key)),
    [undefined, undefined, 'again', undefined, 'e', undefined],
  )
})

test('a cache keeps what is used and never more than its limit', () => {
  const cache = createLruCache<number, number>(100)
  for (let key = 0; key < 10_000; key++) {
    cache.set(key, key)
    assert.equal(cache.get(0), 0)
    assert.ok(cache.size <= 100)
  }
  assert.equal(cache.get(1), undefined)
  assert.equal(cache.get(9_999), 9_999)
  cache.deleteWhere(value => value % 2 === 0)
  assert.equal(cache.get(0), undefined)
  assert.equal(cache.size, 50)
})
