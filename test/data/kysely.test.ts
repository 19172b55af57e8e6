import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { type Kysely, sql } from 'kysely'
import { entity } from '../../src/core/entity.ts'
import { array, bigint, decimal, reference, text, timestamp } from '../../src/core/field.ts'
import type { ModuleDefinition } from '../../src/core/module.ts'
import type { TenantData } from '../../src/core/tenant-data.ts'
import { type Database, kyselyIn } from '../../src/data/postgres/kysely.ts'
import { openTwoTenants, type TwoTenants } from '../../src/testing/two-tenants.ts'

const people = entity('people', { name: text() })
const orders = entity(
  'orders',
  {
    person_id: reference(() => people),
    total: decimal(20, 4),
    number: bigint(),
    parts: array(bigint()).default([]),
    due: timestamp().optional(),
  },
  { revision: true, access: { admin: 'tenant_writer', clerk: 'tenant_reader' } },
)
const secrets = entity('secrets', { note: text() }, { access: { admin: 'tenant_writer' } })
const crm: ModuleDefinition = {
  ...{ name: 'crm', version: '1.0.0', entities: [people] },
  access: { admin: 'tenant_writer', clerk: 'tenant_writer' },
}
const shop: ModuleDefinition = {
  ...{ name: 'shop', version: '1.0.0', dependsOn: ['crm@1'], entities: [orders, secrets] },
}
const uses = { reads: { people }, writes: { orders } }

let world: TwoTenants
before(async () => {
  // One connection, so that whatever a transaction leaves behind meets the next.
  world = await openTwoTenants({ modules: [crm, shop], settings: { transactions: 1 } })
  for (const [data, name] of [
    [world.acme, 'ann'],
    [world.globex, 'bob'],
  ] as const) {
    const person = await data.insert(people, { name })
    await data.insert(orders, [
      { person_id: person.id, total: '1234567890123456.5000', number: 9007199254740993n, parts: [9007199254740993n] },
      { person_id: person.id, total: '2', number: 2n, due: '2026-01-31T09:00:00.5Z' },
    ])
  }
})
after(() => world.close())

const one = () => sql<{ role: string; tenant: string }>`
  select current_user as role, current_setting('tenantry.tenant', true) as tenant`

async function whoIs(data: TenantData): Promise<{ role: string; tenant: string }> {
  return data.transaction(tx =>
    kyselyIn(tx, { reads: { people } }, async db => {
      const { rows } = await one().execute(db)
      assert.ok(rows[0])
      return rows[0]
    }),
  )
}

test('statements join tables of several modules, typed and exact, and see the rows of their tenant only', async () => {
  for (const [data, name] of [
    [world.acme, 'ann'],
    [world.globex, 'bob'],
  ] as const) {
    const rows = await data.transaction(tx =>
      kyselyIn(tx, uses, db =>
        db
          .with('large', inner => inner.selectFrom('orders').selectAll().where('total', '>', '1'))
          .selectFrom('large as l')
          .innerJoin('people', 'people.id', 'l.person_id')
          .select(['people.name', 'l.number', 'l.total', 'l.parts', 'l.due'])
          .orderBy('l.number', 'desc')
          .execute(),
      ),
    )
    rows satisfies { name: string; number: bigint; total: string; parts: readonly bigint[]; due: string | null }[]
    assert.deepEqual(rows, [
      { name, number: 9007199254740993n, total: '1234567890123456.5000', parts: [9007199254740993n], due: null },
      { name, number: 2n, total: '2.0000', parts: [], due: '2026-01-31T09:00:00.5+00:00' },
    ])
  }
})

test('writes obey triggers and row security, and end with the transaction', async () => {
  const undone = new Error('no')
  const work = world.acme.transaction(async tx => {
    const [changed] = await kyselyIn(tx, uses, db =>
      db.updateTable('orders').set({ total: '3' }).where('number', '=', 2n).returning(['revision', 'total']).execute(),
    )
    assert.deepEqual(changed, { revision: 2, total: '3.0000' })
    assert.equal(await tx.count(orders, { where: { total: '3' } }), 1)
    const { numUpdatedRows } = await kyselyIn(tx, uses, db =>
      db.updateTable('orders').set({ total: '4' }).executeTakeFirst(),
    )
    assert.equal(numUpdatedRows, 2n)
    throw undone
  })
  await assert.rejects(work, error => error === undone)
  assert.equal(await world.acme.count(orders, { where: { total: '2' } }), 1)
  assert.equal(await world.globex.count(orders, { where: { total: '4' } }), 0)
  const foreign = world.acme.transaction(tx =>
    kyselyIn(tx, uses, db => sql`insert into crm_v1.people (tenant_id, name) values ('globex', 'x')`.execute(db)),
  )
  await assert.rejects(foreign, { code: 'forbidden' })
})

test('the role is that of the caller for what is named, and no wider', async () => {
  const clerk = world.dataOf('acme', { roles: ['clerk'] })
  const reads = { reads: { orders, people } }
  const read = clerk.transaction(tx => kyselyIn(tx, reads, db => db.selectFrom('orders').selectAll().execute()))
  assert.equal((await read).length, 2)
  const write = () => clerk.transaction(tx => kyselyIn(tx, uses, db => db.deleteFrom('orders').execute()))
  await assert.rejects(write(), { code: 'forbidden' })
  const hidden = () =>
    clerk.transaction(tx => kyselyIn(tx, { reads: { secrets } }, db => db.selectFrom('secrets').selectAll().execute()))
  await assert.rejects(hidden(), { code: 'forbidden' })
  // Named as read, so that the database itself refuses to write.
  const only = (db: unknown) => sql`delete from shop_v1.orders`.execute(db as Kysely<unknown>)
  await assert.rejects(
    clerk.transaction(tx => kyselyIn(tx, reads, only)),
    { code: 'forbidden' },
  )
  await assert.rejects(
    world.acme.transaction(tx => kyselyIn(tx, reads, only)),
    { code: 'forbidden' },
  )
  await assert.rejects(
    world.acme.transaction(tx => kyselyIn(tx, {}, async () => {})),
    { code: 'invalid' },
  )
  await assert.rejects(
    world.acme.transaction(tx => kyselyIn(tx, uses, db => db.deleteFrom('orders').execute()), { verb: 'read' }),
    { code: 'forbidden' },
  )
  assert.equal(await world.acme.count(orders), 2)
})

test('a role or tenant that a statement sets is gone before the next, and never leaves the transaction', async () => {
  const before = await whoIs(world.acme)
  assert.equal(before.tenant, 'acme')
  for (const isLocal of [true, false]) {
    await world.acme.transaction(async tx => {
      await kyselyIn(tx, { reads: { people } }, async db => {
        await sql`select set_config('tenantry.tenant', 'globex', ${isLocal}), set_config('role', 'none', ${isLocal})`.execute(
          db,
        )
        assert.deepEqual((await one().execute(db)).rows, [before])
        await sql`select set_config('tenantry.tenant', 'globex', ${isLocal}), set_config('statement_timeout', '0', ${isLocal}), set_config('search_path', 'shop_v1', ${isLocal})`.execute(
          db,
        )
      })
      assert.deepEqual(
        (await tx.list(people)).map(({ name }) => name),
        ['ann'],
      )
    })
    // One connection serves all: nothing of it is left, for nobody.
    assert.deepEqual(await whoIs(world.acme), before)
    assert.deepEqual((await whoIs(world.globex)).tenant, 'globex')
    const left = await world.acme.transaction(tx =>
      kyselyIn(tx, { reads: { people } }, db =>
        sql<{ path: string }>`select current_setting('search_path') as path`.execute(db),
      ),
    )
    assert.doesNotMatch(left.rows[0]?.path ?? '', /shop/)
  }
})

test('statements cannot end the transaction, change roles or be several', async () => {
  const refused = [
    ...['commit', 'rollback', 'begin', 'savepoint x', ' COMMIT', '/* */ commit', '-- x\ncommit', ';commit', ''],
    ...[
      'set role none',
      "set local tenantry.tenant = 'globex'",
      'reset all',
      'discard all',
      'set session authorization x',
    ],
    ...['do $$ begin commit; end $$', 'call x()', 'copy people to stdout', 'listen x', 'prepare x as select 1'],
    ...['create table x ()', 'drop table crm_v1.people', 'truncate crm_v1.people', 'lock table crm_v1.people'],
    ...['select 1; commit', 'select 1; select 2', 'selectx', 'explain analyze delete from crm_v1.people'],
  ]
  for (const statement of refused) {
    const work = world.acme.transaction(async tx => {
      await tx.insert(people, { name: 'lost' })
      await kyselyIn(tx, { writes: { people } }, db => sql.raw(statement).execute(db))
    })
    await assert.rejects(work, { code: /^select 1;/.test(statement) ? 'internal' : 'invalid' }, statement)
  }
  await assert.rejects(
    world.acme.transaction(tx => kyselyIn(tx, uses, db => db.transaction().execute(async () => {}))),
    { code: 'invalid' },
  )
  assert.equal(await world.acme.count(people), 1)
})

test('after its work the instance answers no more, and outside a transaction there is none', async () => {
  let kept: Kysely<Database<{ people: typeof people }>> | undefined
  await world.acme.transaction(async tx => {
    await kyselyIn(tx, { reads: { people } }, async db => {
      kept = db
    })
    await assert.rejects(kept?.selectFrom('people').selectAll().execute() ?? Promise.resolve(), { code: 'internal' })
  })
  await assert.rejects(kept?.selectFrom('people').selectAll().execute() ?? Promise.resolve(), { code: 'internal' })
  await assert.rejects(async () => kyselyIn(world.acme, { reads: { people } }, async () => {}), { code: 'invalid' })
  await world.acme.transaction(async tx => {
    const part = tx.transaction(inner =>
      kyselyIn(inner, uses, db =>
        db
          .deleteFrom('orders')
          .where('nick' as 'id', '=', 'x')
          .execute(),
      ),
    )
    // A mistake of the author's, of which a caller learns nothing.
    await assert.rejects(part, { code: 'internal', message: 'Something went wrong on our side' })
    assert.equal(await tx.count(orders), 2)
  })
})

// Checked by the compiler.
function typed(tx: TenantData) {
  return kyselyIn(tx, uses, async db => {
    // @ts-expect-error no such table
    db.selectFrom('secrets')
    // @ts-expect-error no such column
    db.selectFrom('people').select('nick')
    // @ts-expect-error nobody names the tenant
    db.insertInto('people').values({ name: 'x', tenant_id: 'globex' })
    // @ts-expect-error the platform keeps times
    db.updateTable('orders').set({ created_at: 'now' })
    // @ts-expect-error a number is not exact enough
    db.updateTable('orders').set({ number: 1 })
  })
}

test('names and values that do not exist do not compile', () => {
  assert.equal(typeof typed, 'function')
})
