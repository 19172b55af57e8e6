import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { TenantData } from '../../src/core/tenant-data.ts'
import { failure, notes, Pools, poolModule } from './pools.ts'

// One connection for transactions: whoever comes next has the same one.
let pools: Pools
before(async () => {
  pools = await Pools.over({ modules: [poolModule], settings: { transactions: 1 } })
  for (const tenant of ['acme', 'globex'] as const)
    await pools.tenants[tenant].insert(notes, { body: `secret of ${tenant}` })
})
after(() => pools.end())

const bodies = async (data: TenantData) => (await data.list(notes)).map(({ body }) => body).sort()
const sibling = () => new Error('a sibling failed')

test('a part that goes on when its transaction has failed neither reads nor writes for whoever has the connection then', async () => {
  const { acme, globex } = pools.tenants
  const said: string[] = []
  let part: Promise<void> = Promise.resolve()
  const failed = acme.transaction(async tx => {
    part = tx.transaction(async inner => {
      await inner.list(notes)
      await sleep(150)
      const tries = [
        () => inner.list(notes),
        () => inner.insert(notes, { body: 'late' }),
        () => inner.transaction(deeper => deeper.list(notes)),
      ]
      for (const attempt of tries) said.push((await failure(attempt())).message)
    })
    await Promise.all([part, sleep(30).then(() => Promise.reject(sibling()))])
  })
  await assert.rejects(failed, sibling())
  await globex.transaction(async tx => {
    assert.deepEqual(await bodies(tx), ['secret of globex'])
    assert.equal((await failure(part)).message, 'The transaction is over')
    await tx.insert(notes, { body: 'another of globex' })
    assert.deepEqual(await bodies(tx), ['another of globex', 'secret of globex'])
  })
  assert.deepEqual(said, Array(3).fill('The transaction is over'))
  assert.deepEqual(await bodies(acme), ['secret of acme'])
})

test('the end of a part that returns too late is not said to whoever has the connection then', async () => {
  const { acme, globex } = pools.tenants
  let part: Promise<void> = Promise.resolve()
  const failed = acme.transaction(async tx => {
    part = tx.transaction(async inner => {
      await inner.list(notes)
      await sleep(100)
    })
    await Promise.all([part, sleep(30).then(() => Promise.reject(sibling()))])
  })
  await assert.rejects(failed, sibling())
  await globex.transaction(async tx => {
    await tx.list(notes)
    await failure(part)
    await tx.transaction(inner => inner.insert(notes, { body: 'kept' }))
  })
  assert.ok((await bodies(globex)).includes('kept'))
})

test('nothing is kept of a transaction that returns while a part of it is open, nor of a part while one in it is', async () => {
  const { acme, globex } = pools.tenants
  const openPart = async (data: TenantData) => {
    await data.insert(notes, { body: 'outer' })
    data
      .transaction(async inner => {
        await inner.insert(notes, { body: 'inner' })
        await sleep(50)
        await inner.insert(notes, { body: 'later' })
      })
      .catch(() => {})
    await sleep(20)
  }
  assert.equal((await failure(acme.transaction(openPart))).code, 'invalid')
  assert.deepEqual(await bodies(acme), ['secret of acme'])
  await acme.transaction(async tx => {
    assert.equal((await failure(tx.transaction(openPart))).code, 'invalid')
    await sleep(60)
    await tx.insert(notes, { body: 'the rest is kept' })
  })
  assert.deepEqual(await bodies(acme), ['secret of acme', 'the rest is kept'])
  assert.ok((await bodies(globex)).every(body => body !== 'inner' && body !== 'outer'))
})
