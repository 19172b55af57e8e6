import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import pg from 'pg'
import { entity } from '../../src/core/entity.ts'
import { TenantryError } from '../../src/core/errors.ts'
import { integer, reference, text } from '../../src/core/field.ts'
import type { ModuleDefinition } from '../../src/core/module.ts'
import { createModuleSet } from '../../src/core/module-set.ts'
import { TenantData } from '../../src/core/tenant-data.ts'
import { type BootstrapOptions, bootstrap } from '../../src/data/postgres/bootstrap.ts'
import { openPostgres, type PostgresSettings } from '../../src/data/postgres/postgres.ts'
import { createContext } from '../../src/testing/context.ts'
import { createTestDatabase, type TestDatabase } from '../../src/testing/test-database.ts'
import { asSuperuser, dropInstallation, testSecrets } from '../../src/testing/test-server.ts'

const countries = entity('countries', { code: text({ max: 2 }) }, { key: ['code'], scope: 'global' })
const people = entity('people', {
  name: text({ max: 50 }),
  country_code: reference(() => countries).optional(),
  boss_id: reference('people').optional(),
})
const crm = (more: Partial<ModuleDefinition> = {}): ModuleDefinition => ({
  name: 'crm',
  version: '1.0.0',
  entities: [countries, people],
  access: { admin: 'tenant_writer' },
  ...more,
})
const modulesOf = (...definitions: ModuleDefinition[]) => createModuleSet(definitions).modules

function prepare(database: TestDatabase, more: Partial<BootstrapOptions> = {}): Promise<readonly string[]> {
  const { target, prefix, secrets } = database
  return bootstrap({
    target,
    prefix,
    passwords: { tenant: secrets.derive('login tenant'), platform: secrets.derive('login platform') },
    keyFingerprint: secrets.fingerprint(),
    modules: modulesOf(crm()),
    apply: 'additive',
    ...more,
  })
}

function open(database: TestDatabase, settings: PostgresSettings = {}, secrets = database.secrets) {
  const { target, prefix } = database
  return openPostgres({
    target,
    modules: modulesOf(crm()),
    secrets,
    settings: { prefix, connections: 1, writeConnections: 1, ...settings },
  })
}

async function refusal(work: Promise<unknown>): Promise<TenantryError> {
  const error = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  assert.ok(error instanceof TenantryError, `a refusal was expected: ${String(error)}`)
  assert.equal(error.code, 'conflict', `${error.message} ${error.details}`)
  assert.notEqual(error.hint, null)
  return error
}

/** Everything that the catalog says of a database, so that "nothing changed" can be seen. */
async function schemaOf(database: TestDatabase): Promise<unknown> {
  return database.query(`
    select n.nspname, c.relname, c.relkind, c.relacl::text, c.relrowsecurity, c.relforcerowsecurity,
      (select string_agg(concat_ws(' ', a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull), ',' order by a.attnum) from pg_attribute a where a.attrelid = c.oid and a.attnum > 0) as columns,
      (select string_agg(pg_get_constraintdef(k.oid), ',' order by k.conname) from pg_constraint k where k.conrelid = c.oid) as constraints
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where n.nspname not in ('pg_catalog', 'information_schema', 'pg_toast') order by 1, 2`)
}

describe('what bootstrap refuses to serve', () => {
  let database: TestDatabase
  before(async () => {
    database = await createTestDatabase({ ownRoles: true })
    await prepare(database)
  })
  after(() => database.drop())

  /** `$p` is the prefix. Each fault is planted, refused by name, and mended again. */
  const faults: [title: string, plant: string, mend: string, named: RegExp][] = [
    [
      'A8 a weakened policy on the kept answers',
      'alter policy tenant_writer_select on tenantry.idempotency using (true)',
      `alter policy tenant_writer_select on tenantry.idempotency using (tenant_id = (select nullif(current_setting('tenantry.tenant', true), ''))
        and (subject = (select nullif(current_setting('tenantry.subject', true), '')) or expires_at <= now()))`,
      /different: policy tenantry\.idempotency\.tenant_writer_select/,
    ],
    [
      'A8 a second policy on the kept answers',
      'create policy more on tenantry.idempotency for select to $p_tenant_writer using (true)',
      'drop policy more on tenantry.idempotency',
      /not defined: policy tenantry\.idempotency\.more/,
    ],
    [
      'A3 the kept answers without forced row security',
      'alter table tenantry.idempotency no force row level security',
      'alter table tenantry.idempotency force row level security',
      /different: row security tenantry\.idempotency/,
    ],
    [
      'a reader of the kept answers',
      'grant select on tenantry.idempotency to $p_tenant_reader',
      'revoke select on tenantry.idempotency from $p_tenant_reader',
      /not defined: grant tenantry\.idempotency/,
    ],
    [
      'a writer who may change the kept answers',
      'grant update on tenantry.idempotency to $p_tenant_writer',
      'revoke update on tenantry.idempotency from $p_tenant_writer',
      /different: grant tenantry\.idempotency/,
    ],
    [
      'A1 a tenant login that is a superuser',
      'alter role $p_tenant_login superuser',
      'alter role $p_tenant_login nosuperuser',
      /tenant_login is a superuser/,
    ],
    [
      'A1 a platform login with BYPASSRLS',
      'alter role $p_platform_login bypassrls',
      'alter role $p_platform_login nobypassrls',
      /platform_login has BYPASSRLS/,
    ],
    [
      'A1 an access role with BYPASSRLS',
      'alter role $p_tenant_reader bypassrls',
      'alter role $p_tenant_reader nobypassrls',
      /tenant_reader has BYPASSRLS/,
    ],
    [
      'A1 an owner that is a superuser',
      'alter role $p_main superuser',
      'alter role $p_main nosuperuser',
      /main is a superuser/,
    ],
    [
      'A1 a login that may make roles',
      'alter role $p_tenant_login createrole',
      'alter role $p_tenant_login nocreaterole',
      /has CREATEROLE/,
    ],
    [
      'A1 an access role that can log in',
      'alter role $p_tenant_writer login',
      'alter role $p_tenant_writer nologin',
      /tenant_writer can log in/,
    ],
    [
      'A2 a tenant login that may become the owner',
      'grant $p_main to $p_tenant_login',
      'revoke $p_main from $p_tenant_login',
      /tenant_login may become \S+_main/,
    ],
    [
      'A2 a tenant login that may become the owner by way of an access role',
      'grant $p_main to $p_tenant_reader',
      'revoke $p_main from $p_tenant_reader',
      /tenant_login may become \S+_main/,
    ],
    [
      'A2 a tenant login that may become a role across tenants',
      'grant $p_reader to $p_tenant_login',
      'revoke $p_reader from $p_tenant_login',
      /tenant_login may become \S+_reader/,
    ],
    [
      'A2 a login that inherits what it may become',
      'alter role $p_tenant_login inherit',
      'alter role $p_tenant_login noinherit',
      /tenant_login inherits/,
    ],
    [
      'A2 a login that owns a table',
      'create table public.own (a int); alter table public.own owner to $p_tenant_login',
      'drop table public.own',
      /tenant_login owns table (public\.)?own/,
    ],
    [
      'A2 an access role that owns a table of tenants',
      'alter table crm_v1.people owner to $p_tenant_writer',
      'alter table crm_v1.people owner to $p_main; grant select, insert, update, delete on crm_v1.people to $p_tenant_writer',
      /grant crm_v1\.people \S+_tenant_writer cannot be made: what it stands on belongs to another role/,
    ],
    [
      'A3 row security that is not forced',
      'alter table crm_v1.people no force row level security',
      'alter table crm_v1.people force row level security',
      /row security crm_v1\.people/,
    ],
    [
      'A3 row security that is off',
      'alter table crm_v1.people disable row level security',
      'alter table crm_v1.people enable row level security',
      /row security crm_v1\.people/,
    ],
    [
      'A4 a table that nobody defined',
      'create table crm_v1.forgotten (a int)',
      'drop table crm_v1.forgotten',
      /not defined: table crm_v1\.forgotten/,
    ],
    [
      'A5 a view with its owner’s rights that tenants may read',
      'create view public.peek as select * from crm_v1.people; grant select on public.peek to $p_tenant_reader',
      'drop view public.peek',
      /the view public\.peek runs with its owner's rights/,
    ],
    [
      'A5 a view of a view with its owner’s rights',
      'create view public.inner_view with (security_invoker) as select * from crm_v1.people; create view public.outer_view as select * from public.inner_view; grant select (name) on public.outer_view to $p_tenant_reader',
      'drop view public.outer_view, public.inner_view',
      /the view public\.outer_view/,
    ],
    [
      'A5 a view of the platform’s own tables',
      'create view public.peek as select * from tenantry.tenant_keys; grant select on public.peek to $p_tenant_reader',
      'drop view public.peek',
      /the view public\.peek/,
    ],
    [
      'A5 a view inside a module’s schema',
      'create view crm_v1.peek as select 1 as a',
      'drop view crm_v1.peek',
      /not defined: view crm_v1\.peek/,
    ],
    [
      'A6 a stranger’s function with its owner’s rights',
      `create function public.all_names() returns bigint language sql security definer as 'select count(*) from crm_v1.people'`,
      'drop function public.all_names()',
      /all_names.* security definer/,
    ],
    [
      'A7 a materialized view that tenants may read',
      'create materialized view public.copy as select * from crm_v1.people; grant select on public.copy to $p_tenant_reader',
      'drop materialized view public.copy',
      /the materialized view public\.copy/,
    ],
    [
      'A8 a second policy that lets everything through',
      'create policy more on crm_v1.people to $p_tenant_reader using (true)',
      'drop policy more on crm_v1.people',
      /not defined: policy crm_v1\.people\.more/,
    ],
    [
      'A8 a policy for everybody',
      'create policy more on crm_v1.people using (true)',
      'drop policy more on crm_v1.people',
      /not defined: policy crm_v1\.people\.more/,
    ],
    [
      'A8 a policy that was widened',
      'alter policy tenant_reader on crm_v1.people using (true)',
      `alter policy tenant_reader on crm_v1.people using (tenant_id = (select nullif(current_setting('tenantry.tenant', true), '')))`,
      /different: policy crm_v1\.people\.tenant_reader/,
    ],
    [
      'A9 a policy that does not check what is written',
      'alter policy tenant_writer on crm_v1.people with check (true)',
      `alter policy tenant_writer on crm_v1.people with check (tenant_id = (select nullif(current_setting('tenantry.tenant', true), '')))`,
      /different: policy crm_v1\.people\.tenant_writer/,
    ],
    [
      'A9 a policy that was given to another role',
      'alter policy tenant_reader on crm_v1.people to $p_tenant_reader, $p_tenant_login',
      'alter policy tenant_reader on crm_v1.people to $p_tenant_reader',
      /different: policy crm_v1\.people\.tenant_reader/,
    ],
    [
      'A11 a tenant that every session has',
      `alter database $d set tenantry.tenant = 'acme'`,
      'alter database $d reset tenantry.tenant',
      /gives every session the setting tenantry\.tenant/,
    ],
    [
      'a snapshot for whole transactions, in which a write would not see that its tenant was moved',
      `alter database $d set default_transaction_isolation = 'repeatable read'`,
      'alter database $d reset default_transaction_isolation',
      /gives every session the setting default_transaction_isolation=repeatable read/,
    ],
    [
      'A11 a login with a setting of its own',
      `alter role $p_tenant_login set tenantry.tenant = 'acme'`,
      'alter role $p_tenant_login reset all',
      /has settings of its own/,
    ],
    [
      'A11 a tenant column with a tenant as its default',
      `alter table crm_v1.people alter tenant_id set default 'acme'`,
      `alter table crm_v1.people alter tenant_id set default nullif(current_setting('tenantry.tenant', true), '')`,
      /different: column crm_v1\.people\.tenant_id/,
    ],
    [
      'A17 a unique index without the tenant',
      'create unique index oracle on crm_v1.people (name)',
      'drop index crm_v1.oracle',
      /not defined: index crm_v1\.oracle/,
    ],
    [
      'A17 a unique constraint without the tenant',
      'alter table crm_v1.people add constraint oracle unique (name)',
      'alter table crm_v1.people drop constraint oracle',
      /not defined: constraint crm_v1\.people\.oracle/,
    ],
    [
      'A18 a foreign key without the tenant',
      'alter table crm_v1.people add constraint u unique (id); alter table crm_v1.people add constraint loose foreign key (boss_id) references crm_v1.people (id)',
      'alter table crm_v1.people drop constraint loose, drop constraint u',
      /not defined: constraint crm_v1\.people\.loose/,
    ],
    [
      'A19 a foreign key from a shared table that deletes rows of tenants',
      'alter table crm_v1.people drop constraint people_country_code_fkey, add constraint people_country_code_fkey foreign key (country_code) references crm_v1.countries (code) on delete cascade deferrable',
      'alter table crm_v1.people drop constraint people_country_code_fkey, add constraint people_country_code_fkey foreign key (country_code) references crm_v1.countries (code) deferrable',
      /different: constraint crm_v1\.people\.people_country_code_fkey/,
    ],
    [
      'A20 TRUNCATE granted',
      'grant truncate on crm_v1.people to $p_tenant_writer',
      'revoke truncate on crm_v1.people from $p_tenant_writer',
      /different: grant crm_v1\.people \S+_tenant_writer/,
    ],
    [
      'A20 REFERENCES and TRIGGER granted',
      'grant references, trigger on crm_v1.people to $p_writer',
      'revoke references, trigger on crm_v1.people from $p_writer',
      /different: grant crm_v1\.people \S+_writer/,
    ],
    [
      'A20 rights of one column granted',
      'grant update (tenant_id) on crm_v1.people to $p_tenant_reader',
      'revoke update (tenant_id) on crm_v1.people from $p_tenant_reader',
      /not defined: column grant crm_v1\.people\.tenant_id/,
    ],
    [
      'A20 rights granted to everybody',
      'grant select on crm_v1.people to public',
      'revoke select on crm_v1.people from public',
      /not defined: grant crm_v1\.people public/,
    ],
    [
      'A20 rights on the platform’s tables granted to a tenant role',
      'grant select on tenantry.tenant_keys to $p_tenant_reader',
      'revoke select on tenantry.tenant_keys from $p_tenant_reader',
      /not defined: grant tenantry\.tenant_keys/,
    ],
    [
      'A20 more rights on the platform’s tables than defined',
      'grant insert on tenantry.tenant_keys to $p_reader',
      'revoke insert on tenantry.tenant_keys from $p_reader',
      /different: grant tenantry\.tenant_keys \S+_reader/,
    ],
    [
      'A20 the right to make objects in a module’s schema',
      'grant create on schema crm_v1 to $p_tenant_writer',
      'revoke create on schema crm_v1 from $p_tenant_writer',
      /different: schema grant crm_v1/,
    ],
    [
      'A20 the right to make objects in the platform’s schema',
      'grant create on schema tenantry to $p_tenant_writer',
      'revoke create on schema tenantry from $p_tenant_writer',
      /different: schema grant tenantry/,
    ],
    [
      'A21 a function marked leakproof',
      `create function public.leaky(text) returns boolean language sql leakproof as 'select true'`,
      'drop function public.leaky(text)',
      /leaky.* marked leakproof/,
    ],
    ['A26 a child table', 'create table public.child () inherits (crm_v1.people)', 'drop table public.child', /child/],
    [
      'A27 the right to run programs on the server',
      'grant pg_execute_server_program to $p_tenant_login',
      'revoke pg_execute_server_program from $p_tenant_login',
      /may become pg_execute_server_program/,
    ],
    [
      'A27 the right to read files of the server',
      'grant execute on function pg_read_file(text) to $p_tenant_writer',
      'revoke execute on function pg_read_file(text) from $p_tenant_writer',
      /pg_read_file.* granted to a role that serves tenants/,
    ],
    [
      'a trigger that nobody defined',
      `create function public.spy() returns trigger language plpgsql as 'begin return new; end'; create trigger spy before insert on crm_v1.people for each row execute function public.spy()`,
      'drop trigger spy on crm_v1.people; drop function public.spy()',
      /not defined: trigger crm_v1\.people\.spy/,
    ],
    [
      'a trigger of ours that was switched off',
      'alter table crm_v1.people disable trigger keep',
      'alter table crm_v1.people enable trigger keep',
      /different: trigger crm_v1\.people\.keep/,
    ],
    [
      'a rule',
      'create rule redirect as on insert to crm_v1.people do instead nothing',
      'drop rule redirect on crm_v1.people',
      /not defined: rule crm_v1\.people\.redirect/,
    ],
    [
      'a schema that belongs to somebody else',
      'alter schema crm_v1 owner to $p_platform_login',
      'alter schema crm_v1 owner to $p_main',
      /platform_login owns schema crm_v1|schema crm_v1/,
    ],
    [
      'a column that nobody defined and that new rows would have to fill',
      'alter table crm_v1.people add must text not null',
      'alter table crm_v1.people drop must',
      /not defined: column crm_v1\.people\.must/,
    ],
  ]

  for (const [title, plant, mend, named] of faults) {
    test(`${title} is refused and named`, async () => {
      const run = (sql: string) =>
        database.query(sql.replaceAll('$p', database.prefix).replaceAll('$d', `"${database.name}"`))
      await run(plant)
      try {
        const { message, details } = await refusal(prepare(database))
        assert.match(`${message} ${details}`, named)
      } finally {
        await run(mend)
      }
    })
  }

  // So none of them was refused for what another had left behind.
  test('when each of them is mended, nothing is left to refuse or to make', async () => {
    assert.deepEqual(await prepare(database), [])
  })

  test('objects that somebody took away are made again', async () => {
    await database.query('drop policy tenant_reader on crm_v1.people; drop trigger keep on crm_v1.people')
    assert.deepEqual(await prepare(database), ['trigger crm_v1.people.keep', 'policy crm_v1.people.tenant_reader'])
    await database.query(`
      alter table crm_v1.people drop constraint people_boss_id_fkey, drop constraint people_pkey, alter tenant_id drop not null`)
    const keys = ['people_pkey', 'people_boss_id_fkey'].map(name => `constraint crm_v1.people.${name}`)
    assert.deepEqual(await prepare(database), keys)
  })

  test('functions of ours that somebody changed are made anew', async () => {
    await database.query(`
      create or replace function tenantry.keep() returns trigger language plpgsql as 'begin return new; end';
      alter function tenantry.refuse(text, text) security definer`)
    await prepare(database)
    const functions = await database.query<{ name: string; source: string; definer: boolean }>(
      `select proname as name, prosrc as source, prosecdef as definer from pg_proc where proname in ('keep', 'refuse') order by 1`,
    )
    assert.match(functions[0]?.source ?? '', /TN409/)
    assert.equal(functions[1]?.definer, false)
  })

  test('an index or column that somebody added by hand does no harm', async () => {
    await database.query('create index by_hand on crm_v1.people (name); alter table crm_v1.people add note text')
    assert.deepEqual(await prepare(database, { apply: 'never' }), [])
    assert.deepEqual(await prepare(database, { apply: 'never' }), [])
  })
})

describe('how a database is brought to what the definitions say', () => {
  const databases: TestDatabase[] = []
  const fresh = async (ownRoles = false) => {
    const database = await createTestDatabase({ ownRoles })
    databases.push(database)
    return database
  }
  after(async () => {
    for (const database of databases) await database.drop()
  })

  test('a second start on an untouched database changes nothing', async () => {
    const database = await fresh()
    assert.ok((await prepare(database)).length > 50)
    const before = await database.query<{ now: string }>(
      'select pg_current_wal_lsn()::text, (select max(xmin::text::bigint) from pg_class) as now',
    )
    assert.deepEqual(await prepare(database), [])
    assert.deepEqual(await prepare(database, { apply: 'never' }), [])
    const after = await database.query<{ now: string }>('select (select max(xmin::text::bigint) from pg_class) as now')
    assert.equal(after[0]?.now, before[0]?.now)
  })

  test('a new optional field, entity and index are added to the rows that are there', async () => {
    const database = await fresh()
    await prepare(database)
    await database.query(`insert into crm_v1.people (tenant_id, name) values ('acme', 'Ada')`)
    const notes = entity('notes', { text: text() })
    const wider = entity(
      'people',
      {
        name: text({ max: 50 }),
        country_code: reference(() => countries).optional(),
        boss_id: reference('people').optional(),
        age: integer({ min: 0 }).optional(),
        mood: text().default('fine'),
      },
      { indexes: [['name']] },
    )
    const modules = modulesOf(crm({ entities: [countries, wider, notes] }))
    const refused = await refusal(prepare(database, { modules, apply: 'never' }))
    assert.match(refused.details ?? '', /column crm_v1\.people\.age/)
    assert.doesNotMatch(refused.details ?? '', /grant tenantry/)
    const applied = await prepare(database, { modules })
    for (const id of [
      'column crm_v1.people.age',
      'constraint crm_v1.people.people_age_check',
      'index crm_v1.people_name_idx',
      'table crm_v1.notes',
    ])
      assert.ok(applied.includes(id), id)
    assert.ok(
      applied.every(id => !id.includes('tenantry.')),
      applied.join('\n'),
    )
    assert.deepEqual(await database.query('select name, age, mood from crm_v1.people'), [
      { name: 'Ada', age: null, mood: 'fine' },
    ])
    assert.deepEqual(await prepare(database, { modules, apply: 'never' }), [])
  })

  const country_code = reference(() => countries).optional()
  const boss_id = reference('people').optional()
  const changes: [title: string, entities: ModuleDefinition['entities'], named: RegExp][] = [
    [
      'a changed type',
      [countries, entity('people', { name: integer(), country_code, boss_id })],
      /different: column crm_v1\.people\.name/,
    ],
    [
      'a field that is neither optional nor has a default',
      [countries, entity('people', { name: text({ max: 50 }), country_code, boss_id, must: text() })],
      /column crm_v1\.people\.must/,
    ],
    [
      'a narrowed limit',
      [countries, entity('people', { name: text({ max: 2 }), country_code, boss_id })],
      /different: constraint crm_v1\.people\.people_name_check/,
    ],
    [
      'a widened limit',
      [countries, entity('people', { name: text({ max: 90 }), country_code, boss_id })],
      /different: constraint crm_v1\.people\.people_name_check/,
    ],
    [
      'a limit that rows break',
      [countries, entity('people', { name: text({ max: 50 }).unique(), country_code, boss_id })],
      /index crm_v1\.people_name_key/,
    ],
    [
      'a field that is no longer optional',
      [countries, entity('people', { name: text({ max: 50 }), country_code: reference(() => countries), boss_id })],
      /different: column crm_v1\.people\.country_code/,
    ],
    [
      'an entity that became soft-deleted with a unique set, beside a new entity',
      [
        countries,
        entity('people', {
          name: text({ max: 50 }),
          country_code,
          boss_id: reference('people', { onDelete: 'cascade' }).optional(),
        }),
        entity('extra', { a: text() }),
      ],
      /different: constraint crm_v1\.people\.people_boss_id_fkey/,
    ],
    ['an entity that is gone', [countries], /not defined: table crm_v1\.people/],
  ]
  for (const [title, entities, named] of changes) {
    test(`${title} is refused and leaves the database as it was`, async () => {
      const database = databases[0] ?? assert.fail()
      await database.query(
        `truncate crm_v1.people; insert into crm_v1.people (tenant_id, name) values ('acme', 'Ada'), ('acme', 'Ada')`,
      )
      await prepare(database)
      const before = await schemaOf(database)
      const error = await refusal(prepare(database, { modules: modulesOf(crm({ entities })) }))
      assert.match(`${error.message} ${error.details}`, named)
      assert.deepEqual(await schemaOf(database), before)
      assert.deepEqual(await prepare(database), [])
    })
  }

  test('nothing is applied to an empty database that has faults', async () => {
    const database = await fresh(true)
    await database.query(`create schema crm_v1; create table crm_v1.stranger (a int)`)
    const before = await schemaOf(database)
    await refusal(prepare(database))
    assert.deepEqual(await schemaOf(database), before)
  })

  test('eight starts at once on an empty database and server prepare it once', async () => {
    const database = await fresh(true)
    const applied = await Promise.all(Array.from({ length: 8 }, () => prepare(database)))
    assert.equal(applied.filter(ids => ids.length > 0).length, 1)
    const [installations] = await database.query<{ count: string }>('select count(*) from tenantry.installation')
    assert.equal(installations?.count, '1')

    // What a login has lost since is given back, and not only where all of it is new.
    const { prefix } = database
    await database.query(`revoke ${prefix}_tenant_reader from ${prefix}_tenant_login`)
    await prepare(database)
    const member = `pg_has_role('${prefix}_tenant_login', '${prefix}_tenant_reader', 'MEMBER')`
    assert.deepEqual(await database.query(`select ${member} as may`), [{ may: true }])
  })

  test('two installations live on one server, and neither login enters the other’s rows', async () => {
    const [one, two] = [await fresh(true), await fresh(true)]
    const [first, second] = await Promise.all([open(one), open(two)])
    const set = createModuleSet([crm()])
    // The datasource that serves was opened on a module set of its own with the same tables.
    const dataIn = (of: typeof first) => new TenantData(createContext(set, 'acme'), set, of.datasource)
    await dataIn(first).insert(people, { name: 'one' })
    assert.equal(await dataIn(first).count(people), 1)
    assert.equal(await dataIn(second).count(people), 0)
    await Promise.all([first.close(), second.close()])
    const client = new pg.Client({
      ...two.target,
      user: `${one.prefix}_tenant_login`,
      password: one.secrets.derive('login tenant'),
    })
    await client.connect()
    await client.query(`set role ${one.prefix}_tenant_reader`)
    await assert.rejects(client.query('select * from crm_v1.people'), { code: '42501' })
    await client.end()
  })

  test('another prefix on a database that has one is refused and named', async () => {
    const [one, two] = [databases[0] ?? assert.fail(), await fresh(true)]
    const { message } = await refusal(prepare({ ...one, prefix: two.prefix }))
    assert.match(message, new RegExp(`prefix "${one.prefix}"`))
  })

  test('a wrong master key is refused before anything is served', async () => {
    const database = databases[0] ?? assert.fail()
    const { message, details } = await refusal(
      open(database, {}, testSecrets('another key')).then(opened => opened.close()),
    )
    assert.match(message, /another master key/)
    assert.equal(details, null)
  })

  test('the same prefix with another master key is refused by the logins', async () => {
    const database = await fresh()
    const { message, hint } = await refusal(
      open(database, {}, testSecrets('another key')).then(opened => opened.close()),
    )
    assert.match(message, /refuses the logins/)
    assert.match(hint ?? '', /TENANTRY_PREFIX/)
  })

  test('a bootstrap login that is no superuser is enough', async () => {
    const database = await fresh(true)
    const login = `${database.prefix}_boot`
    await database.query(
      `create role ${login} login createrole password 'boot'; grant create on database "${database.name}" to ${login}`,
    )
    const target = { ...database.target, user: login, password: 'boot' }
    const [{ version } = { version: 0 }] = await database.query<{ version: number }>(
      `select current_setting('server_version_num')::int as version`,
    )
    assert.ok((await prepare({ ...database, target })).length > 50)
    assert.deepEqual(await prepare({ ...database, target }), [])
    const postgres = await open({ ...database, target })
    await postgres.close()
    assert.ok(version >= 150000)
  })

  test('a database that cannot be reached or prepared is unavailable, with a hint', async () => {
    const database = databases[0] ?? assert.fail()
    const wrong: TestDatabase['target'][] = [
      { ...database.target, host: '127.0.0.1', port: 1 },
      { ...database.target, password: 'wrong' },
      { ...database.target, database: `${database.name}_not_there` },
    ]
    for (const target of wrong) {
      const error = await prepare({ ...database, target }).then(
        () => undefined,
        (thrown: unknown) => thrown,
      )
      // A server that trusts every local connection does not look at passwords.
      if (error === undefined && target.password === 'wrong') continue
      assert.ok(error instanceof TenantryError)
      assert.equal(error.code, 'unavailable')
      assert.match(error.hint ?? '', /DATABASE_URL/)
      assert.doesNotMatch(JSON.stringify([error.message, error.details, error.hint]), /wrong"|password=/)
    }
  })

  test('a database with another encoding is refused', async () => {
    const database = databases[0] ?? assert.fail()
    const name = `${database.prefix}_latin`
    await asSuperuser(
      database.server,
      'postgres',
      `create database "${name}" template template0 encoding 'LATIN1' locale 'C'`,
    )
    try {
      await assert.rejects(prepare({ ...database, target: { ...database.target, database: name } }), {
        code: 'unavailable',
        message: /LATIN1/,
      })
    } finally {
      await asSuperuser(database.server, 'postgres', `drop database "${name}"`)
    }
  })

  test('a prefix that is no name is refused', async () => {
    const database = databases[0] ?? assert.fail()
    for (const prefix of ['', 'A', '1a', 'a-b', 'a"; drop', 'x'.repeat(22)])
      await assert.rejects(prepare({ ...database, prefix }), { code: 'invalid' })
    await dropInstallation(database.server, 'nobody_has_this_prefix')
  })
})
