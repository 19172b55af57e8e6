import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import pg from 'pg'
import { createModuleSet } from '../../../src/core/module-set.ts'
import { bootstrap } from '../../../src/data/postgres/bootstrap.ts'
import { recorderSignatures } from '../../../src/data/postgres/changes-ddl.ts'
import { findSecurityFaults } from '../../../src/data/postgres/security-check.ts'
import { sharingSignatures } from '../../../src/data/postgres/sharing-ddl.ts'
import { createTestDatabase, type TestDatabase } from '../../../src/testing/test-database.ts'
import { module } from './world.ts'

// What the start must refuse of the outbox and of the functions that write it.

let database: TestDatabase
before(async () => {
  database = await createTestDatabase({ ownRoles: true })
  await prepare()
})
after(() => database.drop())

function prepare(apply: 'additive' | 'never' = 'additive') {
  const { target, prefix, secrets } = database
  const passwords = { tenant: secrets.derive('login tenant'), platform: secrets.derive('login platform') }
  const { modules } = createModuleSet([module])
  return bootstrap({ target, prefix, passwords, keyFingerprint: secrets.fingerprint(), modules, apply })
}

const run = (sql: string) => database.query(sql.replaceAll('$p', database.prefix))

const faults: readonly [plant: string, mend: string, named: RegExp][] = [
  ['alter role $p_recorder login', 'alter role $p_recorder nologin', /_recorder can log in/],
  ['alter role $p_recorder bypassrls', 'alter role $p_recorder nobypassrls', /_recorder has BYPASSRLS/],
  [
    'grant $p_recorder to $p_tenant_login',
    'revoke $p_recorder from $p_tenant_login',
    /tenant_login may become \S+_recorder/,
  ],
  ['grant $p_main to $p_recorder', 'revoke $p_main from $p_recorder', /_recorder may become \S+_main/],
  ['create schema more authorization $p_recorder', 'drop schema more', /_recorder owns schema more/],
  [
    'grant insert on tenantry.changes to $p_tenant_writer',
    'revoke insert on tenantry.changes from $p_tenant_writer',
    /grant tenantry\.changes/,
  ],
  [
    'grant select on tenantry.changes to $p_recorder',
    'revoke select on tenantry.changes from $p_recorder',
    /grant tenantry\.changes/,
  ],
  [
    'alter policy recorder on tenantry.changes to public',
    'alter policy recorder on tenantry.changes to $p_recorder',
    /policy tenantry\.changes\.recorder/,
  ],
  [
    'alter policy tenant_reader on tenantry.changes using (true)',
    `alter policy tenant_reader on tenantry.changes using (tenant_id = (select nullif(current_setting('tenantry.tenant', true), '')))`,
    /policy tenantry\.changes\.tenant_reader/,
  ],
  [
    'alter table tenantry.changes no force row level security',
    'alter table tenantry.changes force row level security',
    /row security tenantry\.changes/,
  ],
  [
    'alter table feed_v1.items disable trigger changes_update',
    'alter table feed_v1.items enable trigger changes_update',
    /trigger feed_v1\.items\.changes_update/,
  ],
  [
    'grant execute on function feed_v1."items changed"() to $p_tenant_writer',
    'revoke execute on function feed_v1."items changed"() from $p_tenant_writer',
    /items changed/,
  ],
  [
    'create function feed_v1."more changed"() returns trigger language plpgsql security definer as $$ begin return null; end $$',
    'drop function feed_v1."more changed"()',
    /function feed_v1\.more changed/,
  ],
]

for (const [plant, mend, named] of faults) {
  test(`the start refuses: ${plant.replaceAll('$p_', '')}`, async () => {
    await run(plant)
    await assert.rejects(prepare(), (error: Error & { details?: string }) => {
      assert.match(String(error.details), named)
      return true
    })
    await run(mend)
    assert.deepEqual(await prepare('never'), [])
  })
}

test('only the functions of entities that record changes may run with the rights of the recorder', async () => {
  const client = new pg.Client(database.target)
  await client.connect()
  const recorder = recorderSignatures(createModuleSet([module]).modules)
  const faults = (allowed: readonly string[]) =>
    findSecurityFaults(client, database.prefix, ['tenantry', 'feed_v1'], {
      search: [],
      sharing: sharingSignatures,
      recorder: allowed,
    })
  try {
    assert.deepEqual(await faults(recorder), [])
    const found = (await faults(recorder.filter(name => !name.includes('items')))).join('\n')
    assert.match(found, /items changed"\(\) is security definer/)
    assert.match(found, /_recorder owns function feed_v1\."items changed"/)
  } finally {
    await client.end()
  }
})
