import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { TenantryError } from '../../src/core/errors.ts'
import { Turnstile } from '../../src/data/postgres/turnstile.ts'

const isUnavailable = (error: unknown) => error instanceof TenantryError && error.code === 'unavailable'

test('of one tenant half are let in at most, and others find room', async () => {
  const turnstile = new Turnstile({ size: 4 })
  const entered: string[] = []
  const enter = async (tenant: string) => {
    const leave = await turnstile.enter(tenant, undefined)
    entered.push(tenant)
    return leave
  }
  const acme = [enter('acme'), enter('acme'), enter('acme')]
  const globex = [enter('globex'), enter('globex'), enter('globex')]
  await sleep(1)
  assert.deepEqual(entered, ['acme', 'acme', 'globex', 'globex'])
  ;(await acme[0])?.()
  await sleep(1)
  assert.deepEqual(entered.slice(4), ['acme'])
  ;(await globex[0])?.()
  await sleep(1)
  assert.deepEqual(entered.slice(5), ['globex'])
})

test('those that wait take turns by tenant, not by who came first', async () => {
  const turnstile = new Turnstile({ size: 1 })
  const leave = await turnstile.enter('initech', undefined)
  const order: string[] = []
  const pass = (tenant: string) =>
    turnstile.enter(tenant, undefined).then(async leave => {
      order.push(tenant)
      await sleep(1)
      leave()
    })
  const all = [pass('acme'), pass('acme'), pass('acme'), pass('globex')]
  leave()
  await Promise.all(all)
  assert.deepEqual(order, ['acme', 'globex', 'acme', 'acme'])
})

test('whoever waits too long, goes away or finds the waiting room full is told so and leaves no trace', async () => {
  const turnstile = new Turnstile({ size: 1, patience: 20, queue: 4 })
  const leave = await turnstile.enter('acme', undefined)
  await assert.rejects(turnstile.enter('globex', undefined), isUnavailable)
  const gone = new AbortController()
  const abandoned = turnstile.enter('globex', gone.signal)
  gone.abort()
  await assert.rejects(abandoned, isUnavailable)
  await assert.rejects(turnstile.enter('globex', gone.signal), isUnavailable)
  // Half of the waiting room is one tenant's.
  const waiting = [turnstile.enter('acme', undefined), turnstile.enter('acme', undefined)]
  await assert.rejects(turnstile.enter('acme', undefined), isUnavailable)
  const globex = turnstile.enter('globex', undefined)
  leave()
  ;(await waiting[0])?.()
  ;(await globex)()
  ;(await waiting[1])?.()
  const again = await turnstile.enter('acme', undefined)
  again()
})

test('two tenants that fill the waiting room keep no third one out of it', async () => {
  const turnstile = new Turnstile({ size: 1, queue: 4 })
  const leave = await turnstile.enter('initech', undefined)
  const order: string[] = []
  const pass = async (name: string) => {
    const leave = await turnstile.enter(name.split(' ')[0] ?? '', undefined)
    order.push(name)
    leave()
  }
  const all = ['acme 1', 'acme 2', 'globex 1', 'globex 2', 'umbrella 1', 'umbrella 2'].map(pass)
  leave()
  const outcomes = await Promise.allSettled(all)
  // One of those who had two gave way to the third, which then has its share of the room.
  assert.deepEqual(order, ['acme 1', 'globex 1', 'umbrella 1', 'globex 2'])
  for (const [index, outcome] of outcomes.entries())
    assert.equal(outcome.status === 'rejected' && isUnavailable(outcome.reason), index === 1 || index === 5)
})

test('three tenants that ask for the same share the waiting room evenly, whoever came first', async () => {
  const turnstile = new Turnstile({ size: 1, queue: 6 })
  const leave = await turnstile.enter('initech', undefined)
  const passed = new Map<string, number>()
  const pass = async (tenant: string) => {
    const leave = await turnstile.enter(tenant, undefined)
    passed.set(tenant, (passed.get(tenant) ?? 0) + 1)
    leave()
  }
  const all = ['acme', 'globex', 'umbrella'].flatMap(tenant => [pass(tenant), pass(tenant), pass(tenant)])
  leave()
  await Promise.allSettled(all)
  assert.deepEqual(Object.fromEntries(passed), { acme: 2, globex: 2, umbrella: 2 })
})

test('nobody gives way to whoever would have as much as all others', async () => {
  const turnstile = new Turnstile({ size: 1, queue: 2 })
  const leave = await turnstile.enter('initech', undefined)
  const waiting = ['acme', 'globex'].map(tenant => turnstile.enter(tenant, undefined))
  await assert.rejects(turnstile.enter('umbrella', undefined), isUnavailable)
  leave()
  for (const entered of waiting) (await entered)()
})
