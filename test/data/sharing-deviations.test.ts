import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { type EntityDefinition, entity } from '../../src/core/entity.ts'
import { text } from '../../src/core/field.ts'
import { createModuleSet } from '../../src/core/module-set.ts'
import { bootstrap } from '../../src/data/postgres/bootstrap.ts'
import { createTestDatabase, type TestDatabase } from '../../src/testing/test-database.ts'

// What the start must refuse of policies for groups and own rows, and of the functions that they ask.

const cakes = entity(
  'cakes',
  { name: text() },
  { shareWith: true, authors: true, own: { customer: 'created_by' }, access: { customer: 'tenant_writer' } },
)

let database: TestDatabase
before(async () => {
  database = await createTestDatabase({ ownRoles: true })
  await prepare()
})
after(() => database.drop())

function prepare(apply: 'additive' | 'never' = 'additive', entities: readonly EntityDefinition[] = [cakes]) {
  const { target, prefix, secrets } = database
  const passwords = { tenant: secrets.derive('login tenant'), platform: secrets.derive('login platform') }
  const { modules } = createModuleSet([{ name: 'bakery', version: '1.0.0', entities }])
  return bootstrap({ target, prefix, passwords, keyFingerprint: secrets.fingerprint(), modules, apply })
}

const run = (sql: string) => database.query(sql.replaceAll('$p', database.prefix))

const faults: readonly [plant: string, mend: string, named: RegExp][] = [
  ['grant $p_sharing to $p_tenant_login', 'revoke $p_sharing from $p_tenant_login', /may become \S+_sharing/],
  [
    'create policy more on bakery_v1.cakes for select to $p_tenant_reader using (true)',
    'drop policy more on bakery_v1.cakes',
    /policy bakery_v1\.cakes\.more/,
  ],
  [
    'alter policy own_delete on bakery_v1.cakes to $p_tenant_reader',
    'alter policy own_delete on bakery_v1.cakes to $p_tenant_instance_reader, $p_tenant_reader, $p_tenant_instance_writer, $p_tenant_writer',
    /policy bakery_v1\.cakes\.own_delete/,
  ],
  [
    'alter table bakery_v1.cakes disable trigger share',
    'alter table bakery_v1.cakes enable trigger share',
    /trigger bakery_v1\.cakes\.share/,
  ],
  [
    'grant select on tenantry.group_members to $p_tenant_reader',
    'revoke select on tenantry.group_members from $p_tenant_reader',
    /grant tenantry\.group_members/,
  ],
  [
    'create function bakery_v1.more() returns int language sql security definer return 1; alter function bakery_v1.more() owner to $p_sharing',
    'drop function bakery_v1.more()',
    /function bakery_v1\.more/,
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

test('an entity that is there gets own rows and groups by adding alone', async () => {
  const access = { customer: 'tenant_writer' } as const
  const later = (options: object) => entity('pies', { name: text() }, { access, authors: true, ...options })
  await prepare('additive', [cakes, later({})])
  await run(`insert into bakery_v1.pies (tenant_id, name) values ('acme', 'old')`)
  const added = await prepare('additive', [cakes, later({ shareWith: true, own: { customer: 'created_by' } })])
  assert.deepEqual([...added].filter(id => !id.startsWith('policy')).sort(), [
    'column bakery_v1.pies.shared_with',
    'index bakery_v1.pies_created_by_own',
    'index bakery_v1.pies_shared_with_idx',
    'trigger bakery_v1.pies.share',
  ])
})
