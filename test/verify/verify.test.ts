import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { Verified, VerifyClass } from '../../src/app/verify/classes.ts'
import type { TestDatabase } from '../../src/testing/test-database.ts'
import type { OpenProduct } from '../http/open-product.ts'
import { isWhole as isFull, wholeOnly } from '../whole.ts'
import { faults } from './faults.ts'
import { plant, plantSettings, plants, settingsPlants, sow } from './plants.ts'

// Before anything of ours is loaded, but for what stands above.
sow()
const { openProduct } = await import('../http/open-product.ts')
const { verifyIsolation } = await import('../../src/app/verify/verify.ts')
const { createTestDatabase } = await import('../../src/testing/test-database.ts')
const { lab, people } = await import('./lab.ts')

/** All of them where everything is asked; else enough to see that each kind is found. */
const chosen = faults.filter((_, index) => isFull || index % 6 === 0)

let database: TestDatabase
let product: OpenProduct
before(async () => {
  database = await createTestDatabase({ ownRoles: true })
  product = await openProduct({ modules: [lab], database, variables: { TENANTRY_PREFIX: database.prefix } })
  const rows = [{ title: 'Ada', email: 'ada@acme.example' }]
  await product.platform.operations.addTenant({
    ...{ key: 'acme', subscribe: ['lab@1'], rows: [{ entity: people, rows }] },
  })
})
after(async () => {
  await product.close()
  await database.drop()
})

const verify = (only: readonly string[], most: number): Promise<Verified> =>
  verifyIsolation(product.platform, {
    url: product.url,
    seed: 1,
    only: only as readonly VerifyClass[],
    most,
  })

test('a server that keeps tenants apart is found to do so, and nothing is left of the scratch tenants', {
  skip: wholeOnly,
}, async t => {
  const verified = await verify([], isFull ? 8 : 1)
  assert.deepEqual(verified.faults, [])
  assert.deepEqual(verified.attacks?.leaks, [])
  assert.equal(verified.isolated, true)
  assert.deepEqual(verified.attacks?.notReached, ['lab@1.countries'])
  t.diagnostic(`${verified.attacks?.requests} requests, ${verified.seconds} s`)
  const tenants = product.platform.operations.listTenants()
  assert.deepEqual(
    tenants.filter(({ state }) => state !== 'removed').map(({ key }) => key),
    ['acme', 'system'],
  )
  const left = await database.query('select tenant_id from lab_v1.people union select tenant_id from lab_v1.meters')
  assert.deepEqual(left, [{ tenant_id: 'acme' }])
})

describe('a mistake in the server is found', { skip: wholeOnly }, () => {
  for (const { name, classes, found } of plants)
    test(name, async () => {
      plant(name)
      try {
        const { isolated, attacks } = await verify(classes, 2)
        assert.equal(isolated, false)
        const leaks = attacks?.leaks ?? []
        assert.ok(
          leaks.some(leak => found.test(leak.found)),
          JSON.stringify(leaks.slice(0, 3)),
        )
      } finally {
        plant('')
      }
    })
  for (const { name, spoil, found } of settingsPlants)
    test(name, async () => {
      plantSettings(spoil)
      try {
        const { isolated, faults } = await verify(['catalog'], 1)
        assert.equal(isolated, false)
        assert.match(faults?.join('\n') ?? '', found)
      } finally {
        plantSettings(sql => sql)
      }
    })
})

describe('where there is a hole nothing is written', () => {
  const policy = (role: string, condition: string) =>
    database.query(`alter policy ${role} on lab_v1.people using (${condition})`)
  const sound = `tenant_id = (select nullif(current_setting('tenantry.tenant', true), ''))`

  test('when an attack that reads has found it; nor is a row of others removed with the scratch tenants', async () => {
    for (const role of ['tenant_reader', 'tenant_writer']) await policy(role, 'true')
    try {
      const { isolated, attacks } = await verify(['ids', 'upserts'], 1)
      assert.equal(isolated, false)
      assert.ok(attacks?.leaks.some(({ found }) => /a text of the other tenant/.test(found)))
      assert.equal(attacks?.wrote, false)
      assert.deepEqual(await database.query('select title from lab_v1.people'), [{ title: 'Ada' }])
    } finally {
      for (const role of ['tenant_reader', 'tenant_writer']) await policy(role, sound)
    }
  })

  test('when the look into the database has found it', async () => {
    await policy('tenant_writer', 'true')
    try {
      const { isolated, faults, attacks } = await verify(['catalog', 'ids', 'upserts'], 1)
      assert.equal(isolated, false)
      assert.match(faults?.join('\n') ?? '', /different: policy lab_v1\.people\.tenant_writer/)
      assert.deepEqual(attacks?.leaks, [])
      assert.equal(attacks?.wrote, false)
    } finally {
      await policy('tenant_writer', sound)
    }
  })
})

describe('a mistake in the database is named', () => {
  for (const [title, planted, mend, named] of chosen)
    test(title, async () => {
      const run = (sql: string) =>
        database.query(sql.replaceAll('$p', database.prefix).replaceAll('$d', `"${database.name}"`))
      await run(planted)
      try {
        const { isolated, faults } = await verify(['catalog'], 1)
        assert.equal(isolated, false)
        assert.match(faults?.join('\n') ?? '', named)
      } finally {
        if (mend) await run(mend)
      }
    })
})
