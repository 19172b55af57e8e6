// F3.2 and F3.5: one of many writers wins, and failing calls leave the pools as they were.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { sql } from 'kysely'
import { entity } from '../../src/core/entity.ts'
import { integer, text } from '../../src/core/field.ts'
import type { TenantData } from '../../src/core/tenant-data.ts'
import { kyselyIn } from '../../src/data/postgres/kysely.ts'
import { openTwoTenants, type TwoTenants } from '../../src/testing/two-tenants.ts'

// TENANTRY_TEST_FULL=1 asks as often as is promised; otherwise as often as there is time for.
const full = Boolean(process.env.TENANTRY_TEST_FULL)

const papers = entity(
  'papers',
  { title: text({ max: 20 }).unique(), words: integer({ min: 0 }).default(0) },
  { revision: true, softDelete: true, authors: true },
)
const secrets = entity('secrets', { note: text() }, { access: {} })

let world: TwoTenants
before(async () => {
  const access = { admin: 'tenant_writer' } as const
  const desk = { name: 'desk', version: '1.0.0', entities: [papers], access }
  const vault = { name: 'vault', version: '1.0.0', entities: [secrets] }
  world = await openTwoTenants({ modules: [desk, vault] })
})
after(() => world.close())

/** A change by SQL of an author's own. */
function change(data: TenantData, id: string, set: string): Promise<unknown> {
  return data.transaction(tx =>
    kyselyIn(tx, { writes: { papers } }, db =>
      sql`update desk_v1.papers set ${sql.raw(set)} where id = ${id}`.execute(db),
    ),
  )
}

test('of a hundred writers with the same revision exactly one wins, in every round', { timeout: 300_000 }, async () => {
  const { id } = await world.acme.insert(papers, { title: 'contended' })
  const rounds = full ? 1_000 : 20
  for (let revision = 1; revision <= rounds; revision++) {
    const outcomes = await Promise.allSettled(
      Array.from({ length: 100 }, (_, words) => world.acme.update(papers, id, { words, revision })),
    )
    const lost = outcomes.filter(outcome => outcome.status === 'rejected')
    assert.equal(lost.length, 99)
    for (const { reason } of lost) assert.equal(reason.code, 'conflict', reason.message)
  }
  assert.equal((await world.acme.get(papers, id)).revision, rounds + 1)
})

test('SQL of an author obeys the revision, and keeps when and by whom a row was made', async () => {
  const made = await world.acme.insert(papers, { title: 'raw' })
  const other = world.dataOf('acme', { subject: 'another' })
  await change(other, made.id, "words = 1, created_at = '2000-01-01', created_by = 'x', updated_by = 'x'")
  const changed = await world.acme.get(papers, made.id)
  assert.equal(changed.revision, 2)
  assert.equal(changed.created_at, made.created_at)
  assert.equal(changed.created_by, made.created_by)
  assert.equal(changed.updated_by, 'another')
  await change(other, made.id, 'words = 2, revision = 2')
  for (const stale of [2, 4, 0]) {
    await assert.rejects(change(other, made.id, `words = 3, revision = ${stale}`), { code: 'conflict' }, String(stale))
  }
  assert.deepEqual((await world.acme.get(papers, made.id)).words, 2)
  await assert.rejects(
    change(world.globex, made.id, "tenant_id = 'globex'").then(() => world.globex.get(papers, made.id)),
    {
      code: 'not_found',
    },
  )
  await assert.rejects(change(other, made.id, "tenant_id = 'globex'"))
  await change(other, made.id, 'deleted_at = now()')
  assert.equal(await world.acme.find(papers, made.id), undefined)
  // The unique title is free again, and then taken for good.
  const second = await world.acme.insert(papers, { title: 'raw' })
  await assert.rejects(world.acme.restore(papers, made.id), { code: 'conflict' })
  await world.acme.purge(papers, second.id)
  assert.equal((await world.acme.restore(papers, made.id)).revision, 5)
})

test('calls that fail leave no transaction, no lock and no connection behind', { timeout: 300_000 }, async () => {
  const { acme, globex, database, postgres } = world
  const { id } = await acme.insert(papers, { title: 'here' })
  const no = () => Promise.reject(new Error('no'))
  const failing: readonly (() => Promise<unknown>)[] = [
    () => acme.insert(papers, { title: 'here' }),
    () => acme.insert(papers, { title: 'x', words: -1 }),
    () => acme.insert(papers, { title: 'x', nick: 1 } as never),
    () => acme.insert(papers, { title: 'x', tenant_id: 'globex' } as never),
    () => acme.update(papers, id, { revision: 7 }),
    () => globex.get(papers, id),
    () => globex.purge(papers, id),
    () => acme.list(papers, { where: { id: 'no uuid' } }),
    () => acme.list(papers, { where: { nick: 1 } as never }),
    () => acme.list(secrets),
    () => acme.transaction(no),
    () => acme.transaction(tx => tx.insert(papers, { title: 'lost' }).then(no)),
    () => acme.transaction(tx => tx.insert(papers, { title: 'here' })),
    () => acme.transaction(tx => tx.insert(papers, { title: 'here' }).catch(() => {})),
    () => acme.transaction(tx => tx.transaction(part => part.insert(papers, { title: 'here' }))),
    () => acme.transaction(tx => tx.insert(papers, { title: 'x' }), { verb: 'read' }),
    () => acme.transaction(tx => tx.count(papers), { signal: AbortSignal.abort() }),
    () => change(acme, id, 'nick = 1'),
    () => change(acme, id, 'revision = 7'),
  ]
  const sessions = () =>
    database.query<{ application_name: string; state: string }>(
      `select application_name, state from pg_stat_activity
      where datname = current_database() and application_name like 'tenantry%'`,
    )
  const round = async (times: number) => {
    for (let done = 0; done < times; done += 50) {
      const calls = Array.from({ length: 50 }, (_, index) => failing[(done + index) % failing.length]?.())
      for (const { status } of await Promise.allSettled(calls)) assert.equal(status, 'rejected')
    }
  }
  await round(full ? 10_000 : 600)
  const { connections, waiting } = postgres.load()
  assert.equal(waiting, 0)
  // Pools of 4 for reads, 8 for writes and twice as many while statements take long, and one across tenants.
  assert.ok(connections <= 25, String(connections))
  const left = await sessions()
  assert.deepEqual([...new Set(left.map(({ state }) => state))], ['idle'])
  assert.ok(left.filter(({ application_name }) => application_name === 'tenantry transaction').length <= 8)
  const held = await database.query(
    `select 1 from pg_locks l join pg_stat_activity a using (pid) where a.datname = current_database() and a.application_name like 'tenantry%'`,
  )
  assert.equal(held.length, 0)
  // No connection for transactions is lost.
  const counts = await Promise.all(Array.from({ length: 40 }, () => acme.transaction(tx => tx.count(papers))))
  assert.equal(new Set(counts).size, 1)
  assert.equal(await acme.count(papers, { where: { title: { in: ['x', 'lost'] } } }), 0)
})
