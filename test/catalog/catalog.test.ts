import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { createCatalog } from '../../src/catalog/catalog.ts'
import type { Tenant } from '../../src/core/catalog.ts'
import { type ErrorCode, TenantryError } from '../../src/core/errors.ts'
import type { ModuleId } from '../../src/core/module.ts'
import { createModuleSet } from '../../src/core/module-set.ts'
import { sharedPlacement } from '../../src/core/placement.ts'
import { createMemoryCatalogStore, seededRandom } from './memory-catalog-store.ts'

const module = (name: string, ...dependsOn: string[]) => ({ name, version: '1.0.0', dependsOn, entities: [] })

/** The fixture of F7.2: 1->2, 2->3, 2->5, 5->4, 6->3, 7->1. */
const modules = createModuleSet([
  module('m1', 'm2@1'),
  module('m2', 'm3@1', 'm5@1'),
  module('m3'),
  module('m4'),
  module('m5', 'm4@1'),
  module('m6', 'm3@1'),
  module('m7', 'm1@1'),
  { ...module('m3'), version: '2.0.0' },
])

const seed = Number(process.env.SEED ?? Math.floor(Math.random() * 1e6))
const random = seededRandom(seed)
test(`seed ${seed} (set SEED to replay)`, () => {})

const fails = (code: ErrorCode, message: RegExp) => (error: unknown) => {
  assert.ok(error instanceof TenantryError, String(error))
  assert.equal(error.code, code)
  assert.match(`${error.message} ${error.hint}`, message)
  return true
}

async function open(options: Parameters<typeof createMemoryCatalogStore>[0] = { random, slowest: 2 }) {
  const memory = createMemoryCatalogStore(options)
  const catalog = await createCatalog({ store: memory.store, modules })
  return { memory, catalog, [Symbol.asyncDispose]: () => catalog.close() }
}

async function until(condition: () => boolean): Promise<void> {
  for (let round = 0; !condition(); round++) {
    assert.ok(round < 500, 'it never came about')
    await sleep(5)
  }
}

test('a created tenant is there at once, provisioning, shared and subscribed to nothing', async () => {
  await using opened = await open()
  const { catalog } = opened
  const made = await catalog.create({ key: 'acme', name: '  Acme Corporation ' })
  assert.equal(made.name, 'Acme Corporation')
  const { tenant, exposure } = catalog.find('acme') ?? {}
  assert.deepEqual(tenant, made)
  assert.equal(tenant?.state, 'provisioning')
  assert.deepEqual(tenant?.placement, sharedPlacement)
  assert.deepEqual(exposure?.running, [])
  assert.deepEqual(
    catalog.list().map(({ key }) => key),
    ['acme', 'system'],
  )
  assert.equal((await catalog.create({ key: 'globex' })).name, 'globex')
})

test('keys and names that cannot be are refused', async () => {
  await using opened = await open()
  const { catalog } = opened
  for (const key of ['system', 'constructor', '-', '__proto__', 'Acme', 'a', '', 'acme/../globex', 'a'.repeat(33)]) {
    await assert.rejects(catalog.create({ key }), fails('invalid', /key/))
  }
  for (const name of ['', '  ', 'a\nb', '\u0000', 'x'.repeat(201), '\ud800']) {
    await assert.rejects(catalog.create({ key: 'acme', name }), fails('invalid', /name/))
  }
  await catalog.create({ key: 'acme' })
  await assert.rejects(catalog.create({ key: 'acme' }), fails('conflict', /key/))
  assert.equal(catalog.find('__proto__'), undefined)
})

test('a tenant goes through its states, asking twice is no error and a wrong step is a conflict', async () => {
  await using opened = await open()
  const { catalog, memory } = opened
  await catalog.create({ key: 'acme' })
  const states: string[] = []
  for (const step of ['activate', 'suspend', 'resume', 'suspend', 'remove'] as const) {
    states.push((await catalog[step]('acme')).state)
    const before = memory.versionOf('acme')
    assert.equal((await catalog[step]('acme')).state, states.at(-1))
    assert.equal(memory.versionOf('acme'), before, 'asking again writes nothing')
    assert.equal(catalog.find('acme')?.tenant.state, states.at(-1))
  }
  assert.deepEqual(states, ['active', 'suspended', 'active', 'suspended', 'removing'])
  await assert.rejects(catalog.resume('acme'), fails('conflict', /removing/))
  assert.equal((await catalog.forget('acme')).state, 'removed')
  assert.equal((await catalog.forget('acme')).state, 'removed')
  assert.equal(catalog.find('acme'), undefined)
  assert.deepEqual(
    catalog.list().map(({ key }) => key),
    ['system'],
  )
  await assert.rejects(catalog.create({ key: 'acme' }), fails('conflict', /key/))
  await assert.rejects(catalog.resume('acme'), fails('conflict', /removed/))
  await assert.rejects(catalog.subscribe('acme', 'm3@1'), fails('conflict', /removed/))
})

test('an unknown tenant is not found', async () => {
  await using opened = await open()
  const { catalog } = opened
  for (const step of ['activate', 'suspend', 'resume', 'remove', 'forget'] as const) {
    await assert.rejects(catalog[step]('nobody'), fails('not_found', /nobody/))
  }
  await assert.rejects(catalog.subscribe('nobody', 'm1@1'), fails('not_found', /nobody/))
  await assert.rejects(catalog.planSubscribe('nobody', 'm1@1'), fails('not_found', /nobody/))
  await assert.rejects(catalog.unsubscribe('nobody', 'm1@1'), fails('not_found', /nobody/))
})

test('the system tenant is there and keeps its state and subscriptions', async () => {
  await using opened = await open()
  const { catalog } = opened
  assert.equal(catalog.find('system')?.tenant.state, 'active')
  for (const step of ['suspend', 'remove', 'forget'] as const) {
    await assert.rejects(catalog[step]('system'), fails('conflict', /system tenant/))
  }
  await assert.rejects(catalog.subscribe('system', 'm1@1'), fails('conflict', /system tenant/))
  await assert.rejects(catalog.planSubscribe('system', 'm1@1'), fails('conflict', /system tenant/))
  await assert.rejects(catalog.unsubscribe('system', 'm1@1'), fails('conflict', /system tenant/))
  assert.equal((await catalog.resume('system')).state, 'active')
})

test('a subscription runs the closure in load order and says what is new', async () => {
  await using opened = await open()
  const { catalog, memory } = opened
  await catalog.create({ key: 'acme' })
  const order = ['m3@1', 'm4@1', 'm5@1', 'm2@1', 'm1@1']
  const subscriptions = ['m1@1']
  const before = memory.versionOf('acme')
  assert.deepEqual(await catalog.planSubscribe('acme', 'm1@1'), { order, added: order, subscriptions })
  assert.equal(memory.versionOf('acme'), before, 'a plan writes nothing')

  const { change, ...plan } = await catalog.subscribe('acme', 'm1@1')
  assert.deepEqual(plan, { order, added: order, subscriptions })
  assert.equal(change.version, memory.versionOf('acme'))
  assert.deepEqual(change.tenant.subscriptions, ['m1@1'])

  const sixth = await catalog.subscribe('acme', 'm6@1')
  assert.deepEqual([sixth.order, sixth.added], [['m3@1', 'm6@1'], ['m6@1']])
  const seventh = await catalog.subscribe('acme', 'm7@1')
  assert.deepEqual([seventh.order, seventh.added], [[...order, 'm7@1'], ['m7@1']])
  const { tenant, exposure } = catalog.find('acme') ?? {}
  assert.deepEqual(tenant?.subscriptions, ['m1@1', 'm6@1', 'm7@1'])
  assert.deepEqual(
    exposure?.running.map(({ id }) => id),
    ['m3@1', 'm4@1', 'm5@1', 'm2@1', 'm1@1', 'm6@1', 'm7@1'],
  )
  assert.equal(exposure?.findModule('m2', 1), undefined, 'a dependency runs but is not exposed')

  const again = await catalog.subscribe('acme', 'm6@1')
  assert.deepEqual([again.added, again.change.version], [[], seventh.change.version])
})

test('two majors of a module are two subscriptions', async () => {
  await using opened = await open()
  const { catalog } = opened
  await catalog.create({ key: 'acme' })
  await catalog.subscribe('acme', 'm3@2')
  await catalog.subscribe('acme', 'm3@1')
  assert.equal(catalog.find('acme')?.exposure.findLatest('m3')?.id, 'm3@2')
  assert.deepEqual((await catalog.unsubscribe('acme', 'm3@2')).removed, ['m3@2'])
  assert.equal(catalog.find('acme')?.exposure.findLatest('m3')?.id, 'm3@1')
})

test('an unknown module is not found and the modules there are get named', async () => {
  await using opened = await open()
  const { catalog } = opened
  await catalog.create({ key: 'acme' })
  for (const id of ['m9@1', 'm1@2', 'm1', 'm1@1.0', '', '__proto__']) {
    await assert.rejects(catalog.subscribe('acme', id), fails('not_found', /m1@1, /))
    await assert.rejects(catalog.planSubscribe('acme', id), fails('not_found', /m1@1, /))
    await assert.rejects(catalog.unsubscribe('acme', id), fails('not_found', /m1@1, /))
  }
})

test('a module that another subscription needs is not unsubscribed, whether it was subscribed itself or not', async () => {
  await using opened = await open()
  const { catalog } = opened
  await catalog.create({ key: 'acme' })
  for (const id of ['m7@1', 'm1@1', 'm6@1']) await catalog.subscribe('acme', id)
  await assert.rejects(catalog.unsubscribe('acme', 'm1@1'), fails('conflict', /needed by m7@1/))
  await assert.rejects(catalog.unsubscribe('acme', 'm3@1'), fails('conflict', /needed by m1@1, m6@1, m7@1/))
  assert.deepEqual((await catalog.unsubscribe('acme', 'm7@1')).removed, ['m7@1'])
  const { removed, change } = await catalog.unsubscribe('acme', 'm1@1')
  assert.deepEqual(removed, ['m4@1', 'm5@1', 'm2@1', 'm1@1'], 'm3 still runs for m6')
  assert.deepEqual(change.tenant.subscriptions, ['m6@1'])
  assert.deepEqual((await catalog.unsubscribe('acme', 'm1@1')).removed, [])
})

test('a module that the product no longer has can still be unsubscribed', async () => {
  await using opened = await open()
  const { catalog, memory } = opened
  const tenant = await catalog.create({ key: 'acme' })
  memory.commit({ ...tenant, subscriptions: ['gone@1', 'm3@1'] })
  assert.deepEqual((await catalog.unsubscribe('acme', 'gone@1')).subscriptions, ['m3@1'])
})

test('a suspended tenant may unsubscribe but not subscribe', async () => {
  await using opened = await open()
  const { catalog } = opened
  await catalog.create({ key: 'acme' })
  await catalog.activate('acme')
  await catalog.subscribe('acme', 'm3@1')
  await catalog.suspend('acme')
  await assert.rejects(catalog.subscribe('acme', 'm4@1'), fails('conflict', /suspended/))
  await catalog.unsubscribe('acme', 'm3@1')
})

test('subscriptions made at once through two catalogs all count, and both catalogs end the same', async () => {
  const memory = createMemoryCatalogStore({ random, slowest: 4 })
  const [one, two] = await Promise.all([
    createCatalog({ store: memory.store, modules }),
    createCatalog({ store: memory.store, modules }),
  ])
  await one.create({ key: 'acme' })
  const ids = modules.modules.map(({ id }) => id)
  await Promise.all(ids.map((id, index) => (index % 2 ? one : two).subscribe('acme', id)))
  assert.deepEqual(memory.tenantOf('acme')?.subscriptions, [...ids].sort())
  for (const catalog of [one, two]) {
    await until(() => catalog.find('acme')?.tenant.subscriptions.length === ids.length)
  }
  await Promise.all([one.close(), two.close()])
  assert.equal(memory.watchers.size, 0)
})

test('what was written can be read at once, whatever late and doubled events tell, and reads never overlap', async () => {
  const memory = createMemoryCatalogStore({ random, slowest: 4 })
  const catalogs = await Promise.all(
    [1, 2, 3].map(async () => {
      const seen: Tenant[] = []
      const catalog = await createCatalog({ store: memory.store, modules, onChange: tenant => seen.push(tenant) })
      return { catalog, seen, last: new Map<string, number>() }
    }),
  )
  const keys = ['acme', 'globex', 'initech']
  for (const key of keys) await catalogs[0]?.catalog.create({ key })
  const versions = new Map<string, number>()
  const watching = setInterval(() => {
    for (const [index, { catalog }] of catalogs.entries()) {
      for (const key of keys) {
        const entry = catalog.find(key)
        if (!entry) continue
        const { version } = entry as unknown as { version: number }
        const place = `${index} ${key}`
        assert.ok(version >= (versions.get(place) ?? 0), 'a tenant went back in time')
        versions.set(place, version)
      }
    }
  }, 1)
  const choose = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)] as T
  const ids = modules.modules.map(({ id }) => id)
  await Promise.all(
    Array.from({ length: 12 }, async () => {
      for (let step = 0; step < 12; step++) {
        const { catalog } = choose(catalogs)
        const key = choose(keys)
        const id: ModuleId = choose(ids)
        const wish = choose(['activate', 'suspend', 'resume', 'subscribe', 'unsubscribe'] as const)
        try {
          if (wish === 'subscribe' || wish === 'unsubscribe') {
            const { change } = await catalog[wish](key, id)
            const entry = catalog.find(key) as unknown as { version: number; tenant: Tenant }
            assert.ok(entry.version >= change.version, 'own write not seen')
            if (entry.version === change.version) assert.deepEqual(entry.tenant, change.tenant)
          } else {
            await catalog[wish](key)
          }
        } catch (error) {
          assert.ok(error instanceof TenantryError && error.code === 'conflict', String(error))
        }
      }
    }),
  )
  for (const { catalog } of catalogs) {
    for (const key of keys) {
      await until(() => JSON.stringify(catalog.find(key)?.tenant) === JSON.stringify(inOrder(memory.tenantOf(key))))
      const entry = catalog.find(key)
      assert.equal(entry?.exposure, modules.expose(entry?.tenant.subscriptions ?? []))
    }
  }
  clearInterval(watching)
  assert.equal(memory.figures.mostReadsAtOnce <= catalogs.length, true, 'a catalog read twice at once')
  for (const { catalog, seen } of catalogs) {
    assert.equal(seen.filter(({ key }) => key === 'acme').at(-1), catalog.find('acme')?.tenant)
    await catalog.close()
  }
})

function inOrder(tenant: Tenant | undefined): Tenant | undefined {
  if (!tenant) return undefined
  const { key, name, state, placement, subscriptions, edition, cohort, flags, createdAt } = tenant
  return { key, name, state, placement, subscriptions, edition, cohort, flags, createdAt }
}

test('a change committed while a catalog opens is not missed, whenever it comes', async () => {
  await Promise.all(
    Array.from({ length: 60 }, async (_, round) => {
      const memory = createMemoryCatalogStore({ random, slowest: 10 })
      const opening = createCatalog({ store: memory.store, modules })
      await sleep(round / 2)
      memory.commit({ ...(memory.tenantOf('system') as Tenant), key: 'acme', name: 'acme' })
      const catalog = await opening
      await until(() => catalog.find('acme') !== undefined)
      await catalog.close()
    }),
  )
})

test('a change of our own does not hide what others changed before it', async () => {
  await using opened = await open()
  const { catalog, memory } = opened
  const system = memory.tenantOf('system') as Tenant
  memory.disconnect()
  memory.commit({ ...system, key: 'globex', name: 'globex' })
  await catalog.create({ key: 'acme' })
  assert.equal(catalog.find('globex'), undefined, 'nobody told us')
  memory.reconnect()
  await until(() => catalog.find('globex') !== undefined)
})

test('an answer of the store that travelled while we wrote does not undo what we wrote', async () => {
  const memory = createMemoryCatalogStore({ random, slowest: 1 })
  const system = memory.tenantOf('system') as Tenant
  memory.commit({ ...system, key: 'acme', name: 'old' })
  const slow = Promise.withResolvers<void>()
  const asked = Promise.withResolvers<void>()
  const seen: string[] = []
  let writing = false
  const catalog = await createCatalog({
    modules,
    onChange: ({ state }) => seen.push(state),
    store: {
      ...memory.store,
      async changes(after) {
        const found = await memory.store.changes(after)
        if (writing) {
          asked.resolve()
          await slow.promise
        }
        return found
      },
      async setState(...wish) {
        writing = true
        memory.commit({ ...system, key: 'acme', name: 'new' })
        await asked.promise
        return memory.store.setState(...wish)
      },
    },
  })
  const suspended = await catalog.suspend('acme')
  assert.deepEqual([suspended.state, suspended.name], ['suspended', 'new'])
  assert.equal(catalog.find('acme')?.tenant, suspended)
  writing = false
  slow.resolve()
  await sleep(30)
  assert.deepEqual(seen, ['suspended'])
  await catalog.close()
})

test('a burst of events costs a few reads', async () => {
  await using opened = await open({ random, slowest: 10 })
  const { catalog, memory } = opened
  const system = memory.tenantOf('system') as Tenant
  const before = memory.figures.reads
  for (let index = 0; index < 500; index++) memory.commit({ ...system, key: `t${index}`, name: 'n' })
  await until(() => catalog.list().length === 501)
  await sleep(50)
  assert.ok(memory.figures.reads - before < 15, `${memory.figures.reads - before} reads`)
})

test('a lost connection catches up, and a failed read is tried again', async () => {
  const errors: unknown[] = []
  const memory = createMemoryCatalogStore({ random, slowest: 2 })
  const catalog = await createCatalog({ store: memory.store, modules, onError: error => errors.push(error) })
  const system = memory.tenantOf('system') as Tenant
  memory.disconnect()
  for (let index = 0; index < 5; index++) memory.commit({ ...system, key: `t${index}`, name: 'n' })
  await sleep(30)
  assert.equal(catalog.list().length, 1)
  memory.failReads(2)
  memory.reconnect()
  await until(() => catalog.list().length === 6)
  assert.equal(errors.length, 2)

  memory.failReads(1)
  await assert.rejects(catalog.suspend('t1'), fails('unavailable', /database/))
  assert.equal((await catalog.suspend('t1')).state, 'suspended')
  await catalog.close()
})

test('a listener that throws disturbs nobody', async () => {
  const errors: unknown[] = []
  const memory = createMemoryCatalogStore({ random, slowest: 2 })
  const onChange = () => {
    throw new Error('listener')
  }
  const catalog = await createCatalog({ store: memory.store, modules, onChange, onError: error => errors.push(error) })
  assert.equal(errors.length, 0, 'what is there at the start is no change')
  await catalog.create({ key: 'acme' })
  assert.equal((await catalog.activate('acme')).state, 'active')
  assert.equal(errors.length, 2)
  await catalog.close()
})

test('a catalog that cannot read at the start does not open and listens no more', async () => {
  const memory = createMemoryCatalogStore({ random, slowest: 2 })
  memory.failReads(1)
  await assert.rejects(createCatalog({ store: memory.store, modules }), fails('unavailable', /database/))
  assert.equal(memory.watchers.size, 0)
  const { reads } = memory.figures
  await sleep(150)
  assert.equal(memory.figures.reads, reads)
})

test('10,000 tenants cost less than 1 KB each and share what is equal', async context => {
  const { collect, heapUsed } = await import('../../src/testing/heap.ts')
  const choices: ModuleId[][] = [[], ['m1@1'], ['m1@1', 'm6@1'], ['m3@1', 'm3@2', 'm7@1']]
  const tenants = 10_000
  const store = {
    ...createMemoryCatalogStore().store,
    // As a database driver gives them: every text and object of each row is new.
    changes: async (after: number) =>
      after > 0
        ? []
        : Array.from({ length: tenants }, (_, index) => ({
            version: index + 1,
            tenant: JSON.parse(
              JSON.stringify({
                key: `tenant-${String(index).padStart(6, '0')}`,
                name: `Tenant number ${index} of the measurement`,
                state: 'active',
                placement: sharedPlacement,
                subscriptions: choices[index % choices.length],
                edition: index % 2 === 0 ? 'pro' : null,
                cohort: 'canary',
                flags: index % 3 === 0 ? ['beta'] : [],
                createdAt: new Date(1.7e12 + index).toISOString(),
              }),
            ) as Tenant,
          })),
  }
  collect()
  const before = heapUsed()
  const started = performance.now()
  const catalog = await createCatalog({ store, modules })
  const took = performance.now() - started
  collect()
  const each = Math.round((heapUsed() - before) / tenants)
  context.diagnostic(`${each} bytes a tenant; ${took.toFixed(0)} ms to open ${tenants}`)
  assert.ok(each < 1024, `${each} bytes`)
  const [a, b] = [catalog.find('tenant-000002'), catalog.find('tenant-000006')]
  assert.equal(a?.tenant.placement, b?.tenant.placement)
  assert.equal(a?.tenant.subscriptions, b?.tenant.subscriptions)
  assert.equal(a?.exposure, b?.exposure)
  await catalog.close()
})
