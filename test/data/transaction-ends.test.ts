import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { TenantData } from '../../src/core/tenant-data.ts'
import { kyselyIn } from '../../src/data/postgres/kysely.ts'
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
const tick = () => new Promise(resolve => setImmediate(resolve))
/** One of the platform's people, in a tenant. */
const systemIn = (tenant: string) => {
  const { modules, datasource } = pools.tenants
  const context = pools.tenants.contextOf(tenant)
  const principal = { ...context.principal, tenant: 'system', roles: ['writer', 'admin'] }
  return new TenantData({ ...context, principal }, modules, datasource)
}
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

test('nor of one that returns while statements of the author are to come', async () => {
  const { acme, globex } = pools.tenants
  const early = failure(
    globex.transaction(async tx => {
      kyselyIn(tx, { writes: { notes } }, async db => {
        await db.insertInto('notes').values({ body: 'first half' }).execute()
        await sleep(30)
        await db.insertInto('notes').values({ body: 'second half' }).execute()
      }).catch(() => {})
      await sleep(15)
    }),
  )
  assert.equal((await early).code, 'invalid')
  for (const tenant of [acme, globex])
    assert.ok(
      (await bodies(tenant)).every(body => !body?.includes('half')),
      'neither half is kept',
    )
})

test('what the system does in a transaction is kept with its record or not at all, whether it was waited for or not', async () => {
  const { database } = pools.tenants
  const inserts = async (tenant: string, outcome: string) =>
    (
      await database.query("select 1 from tenantry.audit where tenant = $1 and verb = 'insert' and outcome = $2", [
        tenant,
        outcome,
      ])
    ).length
  const ways: readonly ((tx: TenantData, body: string) => Promise<unknown>)[] = [
    (tx, body) => tx.insert(notes, { body }),
    async (tx, body) => {
      tx.insert(notes, { body }).catch(() => {})
      await tick()
    },
    (tx, body) => Promise.race([tx.insert(notes, { body }), tick()]),
    async (tx, body) => {
      const insert = tx.insert(notes, { body })
      await tick()
      await Promise.allSettled([insert, tx.transaction(part => part.list(notes))])
    },
    async (tx, body) => {
      tx.transaction(async part => {
        await part.insert(notes, { body })
        throw sibling()
      }).catch(() => {})
      await sleep(20)
    },
  ]
  for (const tenant of ['acme', 'globex']) {
    const outcomes: string[] = []
    for (const [index, way] of ways.entries()) {
      const body = `way ${index}`
      const before = await inserts(tenant, 'done')
      const end = await systemIn(tenant)
        .transaction(tx => way(tx, body))
        .then(
          () => 'kept',
          error => error.code,
        )
      const rows = (await bodies(pools.tenants.dataOf(tenant))).filter(kept => kept === body).length
      assert.equal((await inserts(tenant, 'done')) - before, rows, `${tenant}, ${body}: as many records as rows`)
      outcomes.push(`${end} ${rows}`)
    }
    assert.deepEqual(outcomes.slice(0, 3), ['kept 1', 'kept 1', 'kept 1'])
    // A part that failed is recorded as undone, wherever it is when the transaction returns.
    for (let steps = 0; steps < 40; steps++) {
      const before = await inserts(tenant, 'rolled_back')
      let fails = () => {}
      const failing = new Promise<void>(resolve => {
        fails = resolve
      })
      await systemIn(tenant)
        .transaction(async tx => {
          tx.transaction(async part => {
            for (const body of ['undone 1', 'undone 2', 'undone 3']) await part.insert(notes, { body })
            fails()
            throw sibling()
          }).catch(() => {})
          await failing
          for (let step = 0; step < steps; step++) await tick()
        })
        .catch(() => {})
      assert.equal((await inserts(tenant, 'rolled_back')) - before, 3, `after ${steps} steps`)
    }
  }
})

test('what the system does in a transaction that is left is recorded once, and what it tries later is not', async () => {
  const { database, modules, datasource } = pools.tenants
  /** What has been recorded since it was asked last. */
  let seen = 0
  const acts = async () => {
    const rows = await database.query<{ id: string; tenant: string; outcome: string }>(
      'select id, tenant, outcome from tenantry.audit where id > $1 order by id',
      [seen],
    )
    seen = Math.max(seen, ...rows.map(({ id }) => Number(id)))
    return rows.map(({ tenant, outcome }) => `${tenant} ${outcome}`)
  }
  await acts()
  for (const tenant of ['acme', 'globex']) {
    const system = systemIn(tenant)
    const busyGone = new AbortController()
    let stop = false
    const busy = system.transaction(
      async tx => {
        await tx.insert(notes, { body: 'kept by nobody' })
        busyGone.abort()
        while (!stop) {
          await tx.insert(notes, { body: 'again' }).catch(() => {})
          await tick()
        }
      },
      { signal: busyGone.signal },
    )
    const left = await failure(busy)
    setTimeout(() => {
      stop = true
    }, 50)
    assert.equal(left.code, 'unavailable')
    assert.deepEqual(await acts(), [`${tenant} rolled_back`, `${tenant} unavailable`])
    const besideGone = new AbortController()
    const beside = system.transaction(
      async tx => {
        await tx.insert(notes, { body: 'kept by nobody' })
        const all = [tx.insert(notes, { body: 'one' }), tx.list(notes), tx.insert(notes, { body: 'two' })]
        besideGone.abort()
        await Promise.allSettled(all)
      },
      { signal: besideGone.signal },
    )
    assert.equal((await failure(beside)).code, 'unavailable')
    assert.deepEqual(await acts(), [`${tenant} rolled_back`, ...Array(3).fill(`${tenant} unavailable`)])
    const hangingGone = new AbortController()
    const hanging = datasource.runOnce(
      system.context,
      { kind: 'insert', entity: modules.entityOf(notes), fields: ['body'], rows: '[{"body":"x"}]' },
      { key: 'once', fingerprint: 'f', seconds: 10 },
      {
        signal: hangingGone.signal,
        work: () => {
          hangingGone.abort()
          return new Promise(() => {})
        },
      },
    )
    assert.equal((await failure(hanging)).code, 'unavailable')
    assert.deepEqual(await acts(), [`${tenant} unavailable`])
  }
})
