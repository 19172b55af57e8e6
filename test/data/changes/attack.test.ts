import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import pg from 'pg'
import { openTwoTenants, type TwoTenants } from '../../../src/testing/two-tenants.ts'
import { desks, id, items, module, other } from './world.ts'

// What somebody could do who runs SQL of his own as a role that serves tenants.

let tenants: TwoTenants
before(async () => {
  tenants = await openTwoTenants({ modules: [module, other] })
  for (const data of [tenants.acme, tenants.globex]) await data.insert(items, { id: id(1), title: data.key })
  await tenants.dataOf('acme', { instance: 'eu' }).insert(desks, { id: id(1), name: 'eu' })
})
after(() => tenants.close())

const tenantRoles = ['tenant_reader', 'tenant_writer', 'tenant_instance_reader', 'tenant_instance_writer'] as const
const otherRoles = ['reader', 'writer', 'instance_reader', 'instance_writer'] as const

/** What the login of tenants or of the platform gets for a statement as this role. */
async function as(role: string, sql: string, tenant = 'acme'): Promise<string> {
  const isTenant = role.startsWith('tenant_')
  const { target, prefix, secrets } = tenants.database
  const kind = isTenant ? 'tenant' : 'platform'
  const client = new pg.Client({
    ...target,
    user: `${prefix}_${kind}_login`,
    password: secrets.derive(`login ${kind}`),
  })
  await client.connect()
  try {
    await client.query('begin')
    await client.query(`set local role ${prefix}_${role}`)
    await client.query(`select set_config('tenantry.tenant', $1, true)`, [tenant])
    const result = await client.query(sql)
    return JSON.stringify([result].flat().at(-1)?.rows ?? [])
  } catch (error) {
    return String(error)
  } finally {
    await client.end()
  }
}

const forge = `insert into tenantry.changes (tenant_id, entity, operation, key) values ('acme', 'feed@1.items', 'delete', '{x}')`

test('no role that serves can add, change or remove a change, or take the place of who may', async () => {
  const { prefix } = tenants.database
  const wanted = [
    forge,
    `update tenantry.changes set key = '{x}'`,
    'truncate tenantry.changes',
    `insert into tenantry.changes_swept values ('globex', 'feed@1.items', '9')`,
    `select nextval('tenantry.changes_position_seq')`,
    `select setval('tenantry.changes_position_seq', 1)`,
    `set role ${prefix}_recorder`,
    'drop trigger changes_insert on feed_v1.items',
    'alter table feed_v1.items disable trigger all',
    `set session_replication_role = replica`,
    'select feed_v1."items changed"()',
    `create temp table items (tenant_id text, id text); create trigger t after insert on items referencing new table as new_rows for each statement execute function feed_v1."items changed"()`,
    `create trigger t after insert on feed_v1.quiet referencing new table as new_rows for each statement execute function feed_v1."items changed"()`,
  ]
  for (const role of [...tenantRoles, ...otherRoles]) {
    for (const sql of wanted) {
      // The writer across tenants keeps the notes of what was swept, which no tenant can become.
      if (role === 'writer' && sql.includes('changes_swept')) continue
      assert.match(await as(role, sql), /error: (permission denied|must be|function feed_v1)/, `${role}: ${sql}`)
    }
    if (role === 'writer') continue
    assert.match(await as(role, 'delete from tenantry.changes'), /permission denied/, role)
  }
})

test('a tenant cannot forge a change through a table of its own name', async () => {
  const before = await tenants.database.query('select count(*) from tenantry.changes')
  const temp = `create temp table new_rows (tenant_id text, id uuid); insert into new_rows values ('globex', '${id(9)}');
    insert into feed_v1.items (id, title) values ('${id(8)}', 'x'); select count(*)::int as n from tenantry.changes where key = '{${id(9)}}'`
  const outcome = await as('tenant_writer', temp)
  assert.match(outcome, /"n":0|permission denied/)
  assert.deepEqual(await tenants.database.query('select count(*) from tenantry.changes'), before)
})

test('each role sees its own tenant and instance, without a tenant nothing', async () => {
  const seen = `select tenant_id, instance_id from tenantry.changes group by 1, 2 order by 1, 2`
  const own = [
    { tenant_id: 'acme', instance_id: 'eu' },
    { tenant_id: 'acme', instance_id: null },
  ]
  for (const role of tenantRoles) {
    const rows = role.includes('instance') ? own.slice(1) : own
    assert.equal(await as(role, seen), JSON.stringify(rows), role)
    assert.equal(await as(role, seen, ''), '[]', role)
    assert.equal(await as(role, 'select * from tenantry.changes_swept'), '[]', role)
  }
  for (const role of otherRoles)
    assert.match(await as(role, 'select key from tenantry.changes'), /permission denied/, role)
})

test('an entity without changes has no trigger, and its writes leave nothing', async () => {
  const rows = await tenants.database.query(
    `select tgname as name from pg_trigger where tgrelid = 'feed_v1.quiet'::regclass and not tgisinternal`,
  )
  assert.deepEqual(rows, [{ name: 'keep' }])
})
