import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { action } from '../../src/core/action.ts'
import { type ActionDefinition, row, rows } from '../../src/core/action-definition.ts'
import { TenantryError } from '../../src/core/errors.ts'
import { integer, text } from '../../src/core/field.ts'
import type { ModuleDefinition } from '../../src/core/module.ts'
import { createModuleSet } from '../../src/core/module-set.ts'
import { openPostgres } from '../../src/data/postgres/postgres.ts'
import { createTestDatabase, type TestDatabase } from '../../src/testing/test-database.ts'
import { openTwoTenants, type TwoTenants } from '../../src/testing/two-tenants.ts'
import { bills, books, openBills, settle, shared, total } from './actions-world.ts'

/** Bodies of an author who tries to reach further than the caller. */
const named = action('named', {
  input: { tenant: text() },
  reads: [bills],
  output: rows(bills),
  sql: 'select * from bills where tenant_id = named.tenant',
})
const smuggle = action('smuggle', {
  input: { tenant: text() },
  writes: [bills],
  output: row(bills),
  sql: `insert into bills (tenant_id, title) values (smuggle.tenant, 'smuggled') returning *`,
})
const move = action('move', {
  input: { tenant: text() },
  writes: [bills],
  output: rows(bills),
  sql: 'update bills set tenant_id = move.tenant returning *',
})
const all = action('all', { reads: [bills], output: rows(bills), sql: 'select * from bills order by title' })

const intruders: ModuleDefinition = {
  ...{
    name: 'books',
    version: '1.0.0',
    dependsOn: ['shared@1'],
    entities: [bills],
    access: { admin: 'tenant_writer' },
  },
  actions: [named, smuggle, move, all],
}

describe('a body in SQL stays with the tenant of its caller', () => {
  const id = '00000000-0000-7000-8000-000000000001'
  let world: TwoTenants

  before(async () => {
    world = await openTwoTenants({ modules: [shared, intruders] })
    for (const tenant of [world.acme, world.globex]) await tenant.insert(bills, { id, title: `of ${tenant.key}` })
  })
  after(() => world?.close())

  test('another tenant named in it has no rows', async () => {
    assert.deepEqual(await world.acme.call(named, { tenant: 'globex' }), [])
    assert.equal((await world.acme.call(named, { tenant: 'acme' })).length, 1)
    assert.deepEqual(
      (await world.globex.call(all, {})).map(({ title }) => title),
      ['of globex'],
    )
  })

  test('nothing is written into another tenant, nor moved there', async () => {
    await assert.rejects(world.acme.call(smuggle, { tenant: 'globex' }), { code: 'forbidden' })
    await assert.rejects(world.acme.call(move, { tenant: 'globex' }), { code: 'forbidden' })
    assert.deepEqual(
      (await world.globex.list(bills)).map(({ title }) => title),
      ['of globex'],
    )
    assert.equal((await world.acme.list(bills)).length, 1)
  })

  test('arguments are values, whatever is in them', async () => {
    for (const tenant of [`acme' or 'a' = 'a`, `'); drop table bills; --`, `"}'`, '$1', '\\', ':tenant'])
      assert.deepEqual(await world.acme.call(named, { tenant }), [])
    assert.equal((await world.acme.call(all, {})).length, 1)
  })

  test('calls of two tenants at once do not mix', async () => {
    const results = await Promise.all(
      Array.from({ length: 200 }, async (_, index) => {
        const tenant = index % 2 === 0 ? world.acme : world.globex
        const found = await tenant.call(all, {})
        return found.length === 1 && found[0]?.title === `of ${tenant.key}`
      }),
    )
    assert.ok(results.every(Boolean))
  })
})

/** What opening a new database with these actions says, one problem a line. */
async function problemsOf(...actions: ActionDefinition[]): Promise<string> {
  const database = await createTestDatabase()
  try {
    await open(database, { ...books, actions }).then(postgres => postgres.close())
    return ''
  } catch (error) {
    assert.ok(error instanceof TenantryError)
    return error.details ?? error.message
  } finally {
    await database.drop()
  }
}

function open(
  { target, secrets, prefix }: TestDatabase,
  module: ModuleDefinition,
  settings: { apply?: 'additive' | 'never' } = {},
) {
  const { modules } = createModuleSet([shared, module])
  return openPostgres({
    target,
    modules,
    secrets,
    settings: { prefix, connections: 1, writeConnections: 1, ...settings },
  })
}

const body = (sql: string, name = 'it'): ActionDefinition =>
  action(name, { reads: [bills], output: text().optional(), sql })

describe('bodies that are refused', () => {
  test('those that could change for whom the rest of them runs', async () => {
    const found = await problemsOf(
      body(`select set_config('tenantry.tenant', 'globex', true)`, 'a'),
      body(`select pg_catalog.set_config('role', 'tenantry_writer', true)`, 'b'),
      body(`select U&"set\\005fconfig"('role', 'x', true)`, 'c'),
      body(`select query_to_xml('select 1', true, true, '')::text`, 'd'),
      body(`update pg_settings set setting = 'globex' where name = 'tenantry.tenant'; select 'x'`, 'e'),
      body(`select table_to_xml('books_v1.bills', true, true, '')::text`, 'f'),
      body(`select tenantry.refuse('TN400', 'x')`, 'g'),
      body(`set role tenantry_writer; select 'x'`, 'h'),
      body(`select 'x'; end; create table public.escaped (); select 'x'`, 'i'),
    )
    assert.match(found, /^books@1.a: it calls set_config\(text,text,boolean\), which a body may not$/m)
    assert.match(found, /^books@1.b: it calls set_config/m)
    assert.match(found, /^books@1.c: it calls set_config/m)
    assert.match(found, /^books@1.d: it calls query_to_xml/m)
    assert.match(found, /^books@1.e: it writes pg_catalog.pg_settings, which its writes do not name$/m)
    assert.match(found, /^books@1.f: it calls table_to_xml/m)
    assert.match(found, /^books@1.g: it calls tenantry.refuse/m)
    assert.match(found, /^books@1.h: SET is not yet supported/m)
    assert.match(found, /^books@1.i: .*\(42601\)$/m)
  })

  test('those that touch what the definition does not name, also when it is hidden in a corner', async () => {
    const found = await problemsOf(
      body('select title from ledger', 'a'),
      body('select title from bills where exists (select from ledger)', 'b'),
      body('with gone as (delete from bills returning title) select title from gone', 'c'),
      body('select title from bills for update', 'd'),
      body('select key from tenantry.tenants', 'e'),
      body('select title from shared_v1.places', 'f'),
      body(`insert into bills (title) values ('x') returning title`, 'g'),
      body('select relname::text from pg_class', 'h'),
      action('fine', { reads: [bills], output: integer(), sql: 'select count(*)::int from bills' }),
    )
    assert.deepEqual(found.split('\n'), [
      ...['a', 'b'].map(name => `books@1.${name}: it reads books_v1.ledger, which its reads do not name`),
      ...['c', 'd'].map(name => `books@1.${name}: it writes books_v1.bills, which its writes do not name`),
      'books@1.e: it reads tenantry.tenants, which its reads do not name',
      'books@1.f: it reads shared_v1.places, which its reads do not name',
      'books@1.g: it writes books_v1.bills, which its writes do not name',
      'books@1.h: it reads pg_catalog.pg_class, which its reads do not name',
    ])
  })

  test('what PostgreSQL does not understand is told for all of them at once', async () => {
    const found = await problemsOf(
      body('selec 1', 'a'),
      body('select nothing from bills', 'b'),
      action('c', { reads: [bills], output: integer(), sql: `select 'text'::text` }),
    )
    assert.match(found, /^books@1.a: syntax error at or near "selec" \(42601\)$/m)
    assert.match(found, /^books@1.b: column "nothing" does not exist \(42703\)$/m)
    assert.match(found, /^books@1.c: return type mismatch/m)
  })
})

describe('functions that are not as they were made', () => {
  let database: TestDatabase
  let made = ''

  before(async () => {
    database = await createTestDatabase()
    await (await open(database, books)).close()
    const [row] = await database.query<{ sql: string }>(
      `select pg_get_functiondef('books_v1.total()'::regprocedure) as sql`,
    )
    made = row?.sql ?? ''
  })
  after(() => database?.drop())

  const spoilers: Readonly<Record<string, readonly [spoil: string, mend: string]>> = {
    'another body': [
      'create or replace function books_v1.total() returns numeric language sql stable begin atomic select 0::numeric; end',
      '{made}',
    ],
    'security definer': [
      'alter function books_v1.total() security definer',
      'alter function books_v1.total() security invoker',
    ],
    'another volatility': ['alter function books_v1.total() volatile', 'alter function books_v1.total() stable'],
    'a setting of its own': [
      'alter function books_v1.total() set search_path = public',
      'alter function books_v1.total() reset all',
    ],
    'another owner': [
      'alter function books_v1.total() owner to current_user',
      'alter function books_v1.total() owner to {prefix}_main',
    ],
    'everybody may run it': [
      'grant execute on function books_v1.total() to public',
      'revoke execute on function books_v1.total() from public',
    ],
    'a reader may run what writes': [
      'grant execute on function books_v1.settle(uuid) to {prefix}_tenant_reader',
      'revoke execute on function books_v1.settle(uuid) from {prefix}_tenant_reader',
    ],
    'a writer may not run it': [
      'revoke execute on function books_v1.settle(uuid) from {prefix}_tenant_writer',
      'set local role {prefix}_main; grant execute on function books_v1.settle(uuid) to {prefix}_tenant_writer',
    ],
    'one more': [
      `create function books_v1.extra() returns int language sql as 'select 1'`,
      'drop function books_v1.extra()',
    ],
    'one more with other parameters': [
      `create function books_v1.total(a int) returns int language sql as 'select 1'`,
      'drop function books_v1.total(int)',
    ],
  }
  const run = (sql: string) =>
    database.query(`begin; ${sql.replaceAll('{prefix}', database.prefix).replace('{made}', () => made)}; commit`)
  for (const [name, [spoil, mend]] of Object.entries(spoilers)) {
    test(`${name} stops the start`, async () => {
      await run(spoil)
      await assert.rejects(open(database, books), { code: 'conflict' })
      await assert.rejects(open(database, books, { apply: 'never' }), { code: 'conflict' })
      await run(mend)
    })
  }

  // So each of them had stopped it alone.
  test('mended, it starts', async () => {
    await (await open(database, books, { apply: 'never' })).close()
  })
})

describe('actions that change', () => {
  let database: TestDatabase

  before(async () => {
    database = await createTestDatabase()
    await (await open(database, { ...books, actions: [total, settle] })).close()
  })
  after(() => database?.drop())

  const doubled = action('total', {
    reads: [bills],
    output: total.output,
    sql: 'select coalesce(sum(total), 0) * 2 from bills',
  })
  const textual = action('total', {
    input: { more: text().optional() },
    reads: [bills],
    output: text(),
    sql: `select 'x'`,
  })

  test('a new body, other parameters, another result and an action that is gone: made so in development', async () => {
    for (const actions of [[doubled, settle], [textual, settle], [textual], [total, settle, openBills]]) {
      const postgres = await open(database, { ...books, actions })
      assert.ok(postgres.applied.length > 0)
      await postgres.close()
      const again = await open(database, { ...books, actions }, { apply: 'never' })
      assert.deepEqual(again.applied, [])
      await again.close()
    }
  })

  test('in production it is told, and nothing changes', async () => {
    for (const actions of [
      [doubled, settle, openBills],
      [total, settle],
    ]) {
      await assert.rejects(open(database, { ...books, actions }, { apply: 'never' }), (error: TenantryError) => {
        assert.equal(error.code, 'conflict')
        assert.match(error.details ?? '', /function books_v1\./)
        assert.match(error.hint ?? '', /--apply/)
        return true
      })
    }
    await (await open(database, { ...books, actions: [total, settle, openBills] }, { apply: 'never' })).close()
  })

  test('a column that is added to a table makes the functions that answer its rows anew', async () => {
    await database.query('alter table books_v1.bills add column remark text')
    const actions = [total, settle, openBills]
    const postgres = await open(database, { ...books, actions })
    assert.match(postgres.applied.join('\n'), /function books_v1.open_bills/)
    await postgres.close()
  })
})
