// F4.2: realization, with its golden runs.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { TenantryError } from '../../src/core/errors.ts'
import { type RealizationStatus, type RealizationStore, type Resource, realization } from '../../src/stores/index.ts'
import { openTwoTenants, type TwoTenants } from '../../src/testing/two-tenants.ts'

const routes = realization<{ via: string }>('routes')
const placed = realization('placed', { instanced: true })
const rounds = Number(process.env.REALIZATION_ROUNDS ?? 10)

let tenants: TwoTenants
before(async () => {
  tenants = await openTwoTenants({
    modules: [
      {
        name: 'net',
        version: '1.0.0',
        entities: [...routes.entities, ...placed.entities],
        access: { admin: 'tenant_writer', auditor: 'tenant_reader' },
      },
    ],
  })
})
after(() => tenants.close())

type Store = RealizationStore<{ via: string }>

/** Runs the same with the same ids for two tenants at once that no other test has. */
let pairs = 0
async function forBoth(run: (store: Store, tenant: string) => Promise<unknown>): Promise<void> {
  pairs++
  const keys = [`one${pairs}`, `two${pairs}`]
  await Promise.all(keys.map(key => run(routes.of(tenants.dataOf(key)), key)))
}

async function refused(work: Promise<unknown>, code: string): Promise<TenantryError> {
  try {
    await work
  } catch (error) {
    assert.ok(error instanceof TenantryError, String(error))
    assert.equal(error.code, code, error.message)
    return error
  }
  return assert.fail('nothing was refused')
}

/** What a change answered of its one resource; the store says the same afterwards. */
async function shows(store: Store, work: Promise<Resource<unknown>[]>, status: RealizationStatus) {
  const [resource, ...others] = await work
  assert.ok(resource && others.length === 0)
  assert.equal(resource.status, status)
  assert.equal(await store.overallStatus(resource.id), status)
  return resource
}

test('golden run: workflow', () =>
  forBoth(async store => {
    const id = 'r'
    let r = await shows(store, store.persistIntent({ id, intent: { via: 'a' } }), 'pending')
    await shows(store, store.markInProgress('e1', r), 'in_progress')
    await shows(store, store.markInProgress('e2', r), 'in_progress')
    await shows(store, store.markSuccess('e1', r), 'in_progress')
    await shows(store, store.markError('e2', { ...r, details: 'no way' }), 'error')
    await shows(store, store.markSuccess('e2', r), 'realized')
    r = await shows(store, store.persistIntent({ id, intent: { via: 'b' } }), 'pending')
    const both = [...(await store.statusMap(id))].map(([point, { status, revision }]) => [point, status, revision])
    assert.deepEqual(both, [
      ['e1', 'pending', 2],
      ['e2', 'pending', 2],
    ])
    await shows(store, store.markInProgress('e1', r), 'pending')
    await shows(store, store.markInProgress('e2', r), 'in_progress')
    await store.markSuccess('e1', r)
    await shows(store, store.markSuccess('e2', r), 'realized')
    r = await shows(store, store.softDelete(id), 'deletion_pending')
    await shows(store, store.markDeletionInProgress('e1', r), 'deletion_pending')
    await shows(store, store.markDeletionInProgress('e2', r), 'deletion_in_progress')
    await shows(store, store.markDeletionRealized('e1', r), 'deletion_in_progress')
    await shows(store, store.markDeletionRealized('e2', r), 'deletion_realized')
    await shows(store, store.delete(id), 'deletion_realized')
    assert.equal(await store.purgeStale(), 1)
    await refused(store.overallStatus(id), 'not_found')
  }))

test('golden run: span change', () =>
  forBoth(async store => {
    let [r] = await store.persistIntent({ id: 'span' })
    assert.ok(r)
    await store.markSuccess('1', r)
    await shows(store, store.markSuccess('2', r), 'realized')
    ;[r] = await store.persistIntent({ id: 'span' })
    assert.ok(r)
    await store.markDeletionPending('1', r)
    await store.markPending('2', r)
    await shows(store, store.markPending('3', r), 'pending')
    await store.markDeletionRealized('1', r)
    await store.markSuccess('2', r)
    await shows(store, store.markSuccess('3', r), 'realized')
  }))

test('golden run: span change at the same revision', () =>
  forBoth(async store => {
    const [r] = await store.persistIntent({ id: 'span' })
    assert.ok(r)
    for (const point of ['1', '2']) await store.markSuccess(point, r)
    await store.markDeletionPending('1', r)
    await store.markPending('2', r)
    await shows(store, store.markPending('3', r), 'pending')
    await store.markDeletionRealized('1', r)
    await store.markSuccess('2', r)
    await shows(store, store.markSuccess('3', r), 'realized')
  }))

test('golden run: ten persists', () =>
  forBoth(async store => {
    for (let revision = 1; revision <= 10; revision++) {
      const resource = await shows(store, store.persistIntent({ id: 'ten', intent: { via: `${revision}` } }), 'pending')
      assert.deepEqual([resource.revision, resource.intent], [revision, { via: `${revision}` }])
    }
    assert.deepEqual((await store.find('ten'))?.intent, { via: '10' })
  }))

test('without records the overall status is that of the operation', () =>
  forBoth(async store => {
    await shows(store, store.persistIntent({ id: 'a' }), 'pending')
    await shows(store, store.softDelete('a'), 'deletion_pending')
    await shows(store, store.delete('a'), 'deletion_realized')
    assert.deepEqual([...(await store.statusMap('a'))], [])
    assert.equal(await store.find('a'), undefined)
  }))

test('the highest priority counts, in every pair of statuses', () =>
  forBoth(async store => {
    const [r] = await store.persistIntent({ id: 'p' })
    assert.ok(r)
    const marks = [
      ['deletion_realized', store.markDeletionRealized],
      ['realized', store.markSuccess],
      ['deletion_in_progress', store.markDeletionInProgress],
      ['deletion_pending', store.markDeletionPending],
      ['in_progress', store.markInProgress],
      ['pending', store.markPending],
      ['error', store.markError],
    ] as const
    for (const [low, [, lower]] of marks.entries()) {
      for (const [high, higher] of marks.slice(low)) {
        await higher.call(store, 'e2', r)
        const answer: Resource<unknown>[] = await lower.call(store, 'e1', r)
        assert.equal(answer[0]?.status, high)
      }
    }
  }))

test('a mark needs the resource at its revision, a mark of a deletion only what is left of it', () =>
  forBoth(async (store, tenant) => {
    await refused(store.markPending('e1', { id: 'm', revision: 1 }), 'not_found')
    await refused(store.markDeletionPending('e1', { id: 'm' }), 'not_found')
    await refused(store.softDelete('m'), 'not_found')
    await refused(store.delete('m'), 'not_found')
    const [first] = await store.persistIntent({ id: 'm' }, { id: 'n' })
    assert.ok(first)
    await store.markError('e1', first)
    const [second] = await store.persistIntent({ id: 'm' })
    assert.ok(second)
    for (const revision of [1, 3]) {
      await refused(store.markSuccess('e1', { id: 'm', revision }), 'conflict')
      await refused(store.markDeletionRealized('e1', { id: 'm', revision }), 'conflict')
      await refused(store.persistIntent({ id: 'm', revision }), 'conflict')
    }
    await refused(store.markSuccess('e1', { id: 'n', revision: 1 }, { id: 'm', revision: 1 }), 'conflict')
    assert.equal(await store.overallStatus('n'), 'pending')
    assert.equal(await store.overallStatus('m'), 'pending')
    assert.equal((await store.persistIntent({ id: 'm', revision: 2 }))[0]?.revision, 3)
    await store.delete('m')
    await refused(store.markSuccess('e1', { id: 'm', revision: 3 }), 'not_found')
    await shows(store, store.markDeletionInProgress('e1', { id: 'm' }), 'deletion_in_progress')
    assert.equal(await store.purgeStale(), 0)
    await refused(store.markSuccess('e1', { id: 'n', revision: 1 }, { id: 'n', revision: 1 }), 'invalid')
    await refused(store.markSuccess('e1'), 'invalid')
    await refused(store.markSuccess('e1', { id: 'n' } as never), 'invalid')
    await refused(store.markSuccess('', { id: 'n', revision: 1 }), 'invalid')
    const other = routes.of(tenants.dataOf(`stranger to ${tenant}`.replaceAll(' ', '-')))
    await refused(other.markSuccess('e1', { id: 'n', revision: 1 }), 'not_found')
    await refused(other.overallStatus('n'), 'not_found')
    await refused(other.statusMap('n'), 'not_found')
    assert.deepEqual([await other.purge('n'), await other.purgeStale(), await other.list()], [0, 0, []])
  }))

test('an id that is used again starts clean, and marks from before do not count', () =>
  forBoth(async store => {
    const [r] = await store.persistIntent({ id: 'again' })
    assert.ok(r)
    await store.markError('e1', { ...r, details: 'old' })
    await store.delete('again')
    await shows(store, store.persistIntent({ id: 'again' }), 'pending')
    assert.deepEqual([...(await store.statusMap('again'))], [])
    await refused(store.markSuccess('e1', r), 'conflict')
    assert.equal(await store.purge('again'), 1)
    const fresh = await shows(store, store.persistIntent({ id: 'again' }), 'pending')
    assert.deepEqual([fresh.revision, [...(await store.statusMap('again'))]], [1, []])
  }))

test('purging removes the resource, its overall status and all records', () =>
  forBoth(async (store, tenant) => {
    const resources = await store.persistIntent({ id: 'x' }, { id: 'y' })
    for (const point of ['e1', 'e2']) await store.markSuccess(point, ...resources)
    assert.equal(await store.purge('x', 'never'), 1)
    assert.equal(await store.purge('x'), 0)
    await refused(store.overallStatus('x'), 'not_found')
    await refused(store.statusMap('x'), 'not_found')
    const left = (table: string) =>
      tenants.database.query(`select distinct resource_id from net_v1.${table} where tenant_id = $1`, [tenant])
    assert.deepEqual(
      [await left('routes'), await left('routes_points')],
      [[{ resource_id: 'y' }], [{ resource_id: 'y' }]],
    )
  }))

test('errors are kept newest first, at most 1024 bytes, cut between characters', () =>
  forBoth(async store => {
    const [r] = await store.persistIntent({ id: 'e' })
    assert.ok(r)
    const error = async () => (await store.statusMap('e')).get('e1')?.error
    await store.markError('e1', { ...r, details: 'first' })
    await store.markError('e1', { ...r, details: 'second' })
    assert.equal(await error(), 'second\nfirst')
    for (const [unit, bytes] of [
      ['x', 1],
      ['ß', 2],
      ['€', 3],
      ['😀', 4],
    ] as const) {
      await store.markError('e1', { ...r, details: `.${unit.repeat(2000)}` })
      const kept = (await error()) ?? ''
      assert.equal(Buffer.byteLength(kept), 1 + bytes * Math.floor(1023 / bytes))
      assert.equal(kept, `.${unit.repeat(Math.floor(1023 / bytes))}`)
    }
    await store.markError('e1', { ...r, details: 'odd \u0000 and \ud800' })
    assert.ok((await error())?.startsWith('odd \ufffd and \ufffd\n.😀'))
    await store.markInProgress('e1', r)
    assert.ok((await error())?.startsWith('odd'))
    await store.markSuccess('e1', r)
    assert.equal(await error(), null)
    await store.markError('e1', { ...r, details: 'again' })
    await store.persistIntent({ id: 'e' })
    assert.equal(await error(), null)
  }))

test('resources are found by their overall status', () =>
  forBoth(async store => {
    const resources = await store.persistIntent({ id: 'c' }, { id: 'a' }, { id: 'b' })
    assert.deepEqual(
      resources.map(({ id }) => id),
      ['c', 'a', 'b'],
    )
    await store.markError('e1', ...resources.slice(0, 2))
    const ids = async (list: Parameters<Store['list']>[0]) => (await store.list(list)).map(({ id }) => id)
    assert.deepEqual(await ids({ status: 'error' }), ['a', 'c'])
    assert.deepEqual(await ids({ after: 'a', limit: 1 }), ['b'])
  }))

test('roles and instances hold for realization as for rows', async () => {
  const [one, two] = ['roles1', 'roles2'].map(key => routes.of(tenants.dataOf(key)))
  for (const store of [one, two]) await store?.persistIntent({ id: 'r' })
  const auditor = routes.of(tenants.dataOf('roles1', { roles: ['auditor'] }))
  assert.equal(await auditor.overallStatus('r'), 'pending')
  assert.deepEqual([...(await auditor.statusMap('r'))], [])
  await refused(auditor.markSuccess('e1', { id: 'r', revision: 1 }), 'forbidden')
  await refused(auditor.persistIntent({ id: 'r' }), 'forbidden')
  await refused(auditor.purge('r'), 'forbidden')
  const of = (tenant: string, instance: string) => placed.of(tenants.dataOf(tenant, { instance }))
  const places = [of('inst1', 'eu'), of('inst1', 'us'), of('inst2', 'eu')]
  for (const store of places) await store.persistIntent({ id: 'same' })
  await places[0]?.markSuccess('e1', { id: 'same', revision: 1 })
  assert.deepEqual(await Promise.all(places.map(store => store.overallStatus('same'))), [
    'realized',
    'pending',
    'pending',
  ])
})

test('a change of a realization is a part of its transaction', () =>
  forBoth(async (store, tenant) => {
    const [r] = await store.persistIntent({ id: 't' })
    assert.ok(r)
    const work = tenants.dataOf(tenant).transaction(async inside => {
      await routes.of(inside).markSuccess('e1', r)
      throw new Error('changed my mind')
    })
    await assert.rejects(work, /changed my mind/)
    assert.deepEqual([await store.overallStatus('t'), [...(await store.statusMap('t'))]], ['pending', []])
  }))

// With REALIZATION_ROUNDS=200 in the environment it takes about a minute.
test(`fifty realizers at once never leave a wrong overall status, ${rounds} rounds`, () =>
  forBoth(async store => {
    const order: RealizationStatus[] = ['realized', 'in_progress', 'pending', 'error']
    for (let round = 1; round <= rounds; round++) {
      const [r] = await store.persistIntent({ id: 'busy' })
      assert.equal(r?.revision, round)
      const deeds = [store.markSuccess, store.markInProgress, store.markPending, store.markError]
      // Each round ends at another status, the last one realized everywhere.
      const kinds = round === rounds ? 1 : 1 + (round % 4)
      const deed = (n: number) => deeds[n % kinds] ?? store.markSuccess
      await Promise.all(Array.from({ length: 50 }, (_, n) => deed(n).call(store, `e${n}`, r)))
      const points = [...(await store.statusMap('busy')).values()]
      assert.equal(points.length, 50)
      const expected = points.map(({ status }) => order.indexOf(status)).reduce((a, b) => Math.max(a, b))
      assert.equal(await store.overallStatus('busy'), order[expected])
    }
    assert.equal(await store.overallStatus('busy'), 'realized')
  }))

test('intents and marks at once: each revision is given once, and the status is that of the records', () =>
  forBoth(async store => {
    await store.persistIntent({ id: 'race' })
    const work = Array.from({ length: 60 }, async (_, n) => {
      if (n % 3 === 0) return store.persistIntent({ id: 'race' })
      const seen = await store.find('race')
      return store.markSuccess(`e${n % 2}`, { id: 'race', revision: seen?.revision ?? 0 })
    })
    const outcomes = await Promise.allSettled(work)
    const given = outcomes.flatMap((outcome, n) =>
      n % 3 === 0 && outcome.status === 'fulfilled' ? outcome.value.map(({ revision }) => revision) : [],
    )
    assert.deepEqual(
      given.toSorted((a, b) => a - b),
      Array.from({ length: 20 }, (_, n) => n + 2),
    )
    for (const outcome of outcomes) if (outcome.status === 'rejected') assert.equal(outcome.reason.code, 'conflict')
    const points = [...(await store.statusMap('race')).values()]
    assert.ok(points.every(({ revision }) => revision === 21))
    const pending = points.length === 0 || points.some(({ status }) => status === 'pending')
    assert.equal(await store.overallStatus('race'), pending ? 'pending' : 'realized')
  }))
