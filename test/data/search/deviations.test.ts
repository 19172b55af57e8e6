import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import pg from 'pg'
import { entity } from '../../../src/core/entity.ts'
import { TenantryError } from '../../../src/core/errors.ts'
import { array, decimal, range, searchText, text } from '../../../src/core/field.ts'
import type { ModuleDefinition } from '../../../src/core/module.ts'
import { createModuleSet } from '../../../src/core/module-set.ts'
import { type BootstrapOptions, bootstrap } from '../../../src/data/postgres/bootstrap.ts'
import { searchSignatures } from '../../../src/data/postgres/search-functions.ts'
import { findSecurityFaults } from '../../../src/data/postgres/security-check.ts'
import { sharingSignatures } from '../../../src/data/postgres/sharing-ddl.ts'
import { createTestDatabase, type TestDatabase } from '../../../src/testing/test-database.ts'

const notes = (indexes: readonly [('tags' | 'price' | 'span')?][]) =>
  entity(
    'notes',
    {
      title: text(),
      tags: array(text()),
      price: decimal(10, 2).optional(),
      span: range('integer').optional(),
      words: searchText('title'),
    },
    { indexes: indexes.flatMap(([name]) => (name ? [[name] as const] : [])) },
  )
const crm = (indexes: readonly [('tags' | 'price' | 'span')?][] = [['tags']]): ModuleDefinition => ({
  name: 'crm',
  version: '1.0.0',
  entities: [notes(indexes)],
  access: { admin: 'tenant_writer' },
})

function prepare(database: TestDatabase, more: Partial<BootstrapOptions> = {}): Promise<readonly string[]> {
  const { target, prefix, secrets } = database
  return bootstrap({
    target,
    prefix,
    passwords: { tenant: secrets.derive('login tenant'), platform: secrets.derive('login platform') },
    keyFingerprint: secrets.fingerprint(),
    modules: createModuleSet([crm()]).modules,
    apply: 'additive',
    ...more,
  })
}

let database: TestDatabase
before(async () => {
  database = await createTestDatabase({ ownRoles: true })
  await prepare(database)
})
after(() => database.drop())

const run = (sql: string) => database.query(sql.replaceAll('$p', database.prefix))

const called = `crm_v1."notes.tags cs"(text[], integer)`
const leak = (name: string, body = 'select ctid from crm_v1.notes') =>
  `create function ${name} returns setof tid language sql stable security definer set search_path = pg_catalog as '${body}'`

/** Each is planted, refused by name, and taken away again. */
const faults: readonly [title: string, plant: string, mend: string, named: RegExp][] = [
  [
    'A6 a search role that can log in',
    'alter role $p_search login',
    'alter role $p_search nologin',
    /_search can log in/,
  ],
  [
    'A6 a search role with BYPASSRLS',
    'alter role $p_search bypassrls',
    'alter role $p_search nobypassrls',
    /_search has BYPASSRLS/,
  ],
  [
    'A6 a search role that is a superuser',
    'alter role $p_search superuser',
    'alter role $p_search nosuperuser',
    /_search is a superuser/,
  ],
  [
    'A6 a search role with settings of its own',
    `alter role $p_search set search_path = public`,
    'alter role $p_search reset all',
    /_search has settings of its own/,
  ],
  [
    'A2 a tenant login that may become it',
    'grant $p_search to $p_tenant_login',
    'revoke $p_search from $p_tenant_login',
    /tenant_login may become \S+_search/,
  ],
  [
    'A2 an access role that may become it',
    'grant $p_search to $p_tenant_reader',
    'revoke $p_search from $p_tenant_reader',
    /tenant_reader may become \S+_search/,
  ],
  [
    'A2 a search role that may become the owner',
    'grant $p_main to $p_search',
    'revoke $p_main from $p_search',
    /_search may become \S+_main/,
  ],
  [
    'A6 a function of ours that belongs to the owner of the tables',
    `alter function ${called} owner to $p_main`,
    `grant create on schema crm_v1 to $p_search; alter function ${called} owner to $p_search; revoke create on schema crm_v1 from $p_search`,
    /notes\.tags cs/,
  ],
  [
    'A6 a function of ours that a login may call',
    `grant execute on function ${called} to $p_tenant_login`,
    `revoke execute on function ${called} from $p_tenant_login`,
    /function grant crm_v1\.notes\.tags cs\(.*tenant_login/,
  ],
  [
    'A6 a function of ours that a reader may give to others',
    `grant execute on function ${called} to $p_tenant_reader with grant option`,
    `revoke grant option for execute on function ${called} from $p_tenant_reader`,
    /function grant crm_v1\.notes\.tags cs\(.*tenant_reader.*grant option/s,
  ],
  [
    'A6 another function of the search role in our schema',
    `${leak('crm_v1.leak()')}; alter function crm_v1.leak() owner to $p_search`,
    'drop function crm_v1.leak()',
    /crm_v1\.leak\(\)/,
  ],
  [
    'A6 a namesake with other arguments',
    `${leak('crm_v1."notes.tags cs"(text[])')}; alter function crm_v1."notes.tags cs"(text[]) owner to $p_search`,
    'drop function crm_v1."notes.tags cs"(text[])',
    /notes\.tags cs/,
  ],
  [
    'A6 a namesake in another schema',
    `create schema other; grant usage on schema other to public; ${leak('other."notes.tags cs"("wanted?" text[], "most?" integer)')}; alter function other."notes.tags cs"(text[], integer) owner to $p_search`,
    'drop schema other cascade',
    /notes\.tags cs.* is security definer/,
  ],
  [
    'A6 a table of the search role',
    'create table public.hoard (); alter table public.hoard owner to $p_search',
    'drop table public.hoard',
    /_search owns table (public\.)?hoard/,
  ],
  [
    'a column that the search role need not see',
    'grant select (title) on crm_v1.notes to $p_search',
    'revoke select (title) on crm_v1.notes from $p_search',
    /column grant crm_v1\.notes\.title \S+_search/,
  ],
  [
    'a table that the search role may write',
    'grant update on crm_v1.notes to $p_search',
    'revoke update on crm_v1.notes from $p_search',
    /grant crm_v1\.notes \S+_search/,
  ],
  [
    'a search role that may add functions',
    'create table crm_v1.bait (); grant create on schema public to $p_search; alter table crm_v1.bait owner to $p_search',
    'drop table crm_v1.bait; revoke create on schema public from $p_search',
    /crm_v1\.bait/,
  ],
  [
    'a policy of the search role for all commands',
    'drop policy search on crm_v1.notes; create policy search on crm_v1.notes to $p_search using (true)',
    'drop policy search on crm_v1.notes; create policy search on crm_v1.notes for select to $p_search using (true)',
    /policy crm_v1\.notes\.search/,
  ],
]

for (const [title, plant, mend, named] of faults) {
  test(`${title} is refused and named`, async () => {
    await run(plant)
    try {
      const error = await prepare(database).then(
        () => undefined,
        (thrown: unknown) => thrown,
      )
      assert.ok(error instanceof TenantryError, `a refusal was expected: ${String(error)}`)
      assert.equal(error.code, 'conflict', `${error.message} ${error.details}`)
      assert.match(`${error.message} ${error.details}`, named)
    } finally {
      await run(mend)
    }
    assert.deepEqual(await prepare(database), [])
  })
}

const changes: readonly [title: string, change: string][] = [
  [
    'another body',
    `do $do$ begin set local role $p_search; create or replace function crm_v1."notes.tags cs"("wanted?" text[], "most?" integer) returns tid[] language sql stable security definer set search_path = pg_catalog as 'select array(select ctid from crm_v1.notes)'; end $do$`,
  ],
  ['no fixed search path', `alter function ${called} reset search_path`],
  ['the mark of being leakproof', `alter function ${called} leakproof`],
  ['the rights of its caller', `alter function ${called} security invoker`],
  ['a grant to everybody', `grant execute on function ${called} to public`],
]

for (const [title, change] of changes) {
  test(`a function that was given ${title} is as defined again before anything is served`, async () => {
    const read = () =>
      database.query(
        `select prosrc, proconfig, prosecdef, proleakproof, proacl::text, proowner::regrole::text from pg_proc where oid = '${called}'::regprocedure`,
      )
    const defined = await read()
    await run(`grant create on schema crm_v1 to $p_search; ${change}; revoke create on schema crm_v1 from $p_search`)
    assert.notDeepEqual(await read(), defined)
    assert.deepEqual(await prepare(database, { apply: 'never' }), [])
    assert.deepEqual(await read(), defined)
  })
}

test('a function is let be only while it belongs to the search role', async () => {
  const { modules } = createModuleSet([crm()])
  const client = new pg.Client(database.target)
  await client.connect()
  const faults = () =>
    findSecurityFaults(client, database.prefix, ['tenantry', 'crm_v1'], {
      search: searchSignatures(modules),
      recorder: [],
      sharing: sharingSignatures,
    })
  try {
    assert.deepEqual(await faults(), [])
    await run(`alter function ${called} owner to $p_main`)
    assert.match((await faults()).join(), /notes\.tags cs.* is security definer/)
    await client.query('begin')
    await client.query(
      `grant create on schema crm_v1 to ${database.prefix}_search; alter function ${called} owner to ${database.prefix}_search; revoke create on schema crm_v1 from ${database.prefix}_search`,
    )
    await client.query('commit')
    assert.deepEqual(await faults(), [])
  } finally {
    await client.end()
  }
})

test('an index of any kind is added to the rows that are there, with all that it needs', async () => {
  await database.query(
    `insert into crm_v1.notes (tenant_id, title, tags, price) values ('acme', 'a', '{x}', 1.5), ('globex', 'b', '{x}', 2.5)`,
  )
  const modules = createModuleSet([crm([['tags'], ['price'], ['span']])]).modules
  const added = await prepare(database, { modules })
  for (const id of [
    'column crm_v1.notes.price?',
    'index crm_v1.notes_price_num',
    'index crm_v1.notes_span_gist',
    'extension btree_gist',
  ])
    assert.ok(added.includes(id), `${id} in ${added.join(', ')}`)
  const rows = await database.query(`select price::text, "price?" as twin from crm_v1.notes order by price`)
  assert.deepEqual(rows, [
    { price: '1.50', twin: 1.5 },
    { price: '2.50', twin: 2.5 },
  ])
  assert.deepEqual(await prepare(database, { modules }), [])
})

test('a bootstrap login that is no superuser can make all of it', async () => {
  const other = await createTestDatabase({ ownRoles: true })
  try {
    const login = `${other.prefix}_boot`
    await other.query(
      `create role ${login} login createrole password 'boot'; grant create on database "${other.name}" to ${login}`,
    )
    const target = { ...other.target, user: login, password: 'boot' }
    const modules = createModuleSet([crm([['tags'], ['price'], ['span']])]).modules
    assert.ok((await prepare({ ...other, target }, { modules })).includes('extension btree_gin'))
    assert.deepEqual(await prepare({ ...other, target }, { modules }), [])
  } finally {
    await other.drop()
  }
})
