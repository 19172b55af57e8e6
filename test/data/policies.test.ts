// F2.3: policies and grants in the live catalog are the table of access roles.
import assert from 'node:assert/strict'
import { after, afterEach, before, test } from 'node:test'
import pg from 'pg'
import { entity } from '../../src/core/entity.ts'
import { reference, text } from '../../src/core/field.ts'
import { openTwoTenants, type TwoTenants } from '../../src/testing/two-tenants.ts'

// FEATURES section 2, written out by hand: nothing here is computed by the code under test.

const plain = entity('plain', { name: text(), twin_id: reference('plain').optional() }, { revision: true })
const placed = entity('placed', { name: text() }, { instanced: true, softDelete: true })
const shared = entity('shared', { name: text() }, { scope: 'global' })

let tenants: TwoTenants
let p: string

before(async () => {
  tenants = await openTwoTenants({
    modules: [
      { name: 'guard', version: '2.1.0', entities: [plain, placed, shared], access: { admin: 'tenant_writer' } },
    ],
  })
  p = tenants.database.prefix
})
after(() => tenants.close())

const T = 'tenant'
const I = 'instance'
const TI = 'tenant and instance'
const all = 'all'
const none = null

/** role → rows it sees, rows it may leave behind (none: it may only select). */
type Expected = Record<string, [using: string, check: string | null]>

const expected: Record<'plain' | 'placed' | 'shared', Expected> = {
  plain: {
    tenant_instance_reader: [T, none],
    tenant_reader: [T, none],
    instance_reader: [all, none],
    reader: [all, none],
    tenant_instance_writer: [T, T],
    tenant_writer: [T, T],
    instance_writer: [all, all],
    writer: [all, all],
    main: [all, all],
  },
  placed: {
    tenant_instance_reader: [TI, none],
    tenant_reader: [T, none],
    instance_reader: [I, none],
    reader: [all, none],
    tenant_instance_writer: [TI, TI],
    tenant_writer: [T, T],
    instance_writer: [I, I],
    writer: [all, all],
    main: [all, all],
  },
  shared: {
    tenant_instance_reader: [all, none],
    tenant_reader: [all, none],
    instance_reader: [all, none],
    reader: [all, none],
    tenant_instance_writer: [all, none],
    tenant_writer: [all, none],
    instance_writer: [all, all],
    writer: [all, all],
    main: [all, all],
  },
}
const tables = ['plain', 'placed', 'shared'] as const
const tenantRoles = ['tenant_instance_reader', 'tenant_instance_writer', 'tenant_reader', 'tenant_writer']
const platformRoles = ['instance_reader', 'instance_writer', 'reader', 'writer']

/** PostgreSQL's text of a policy in the words of the table above. */
function inWords(expression: string | null): string | null {
  if (expression === null) return null
  const setting = (name: string) =>
    `\\(?${name}_id = \\( SELECT NULLIF\\(current_setting\\('tenantry\\.${name}'::text, true\\), ''::text\\) AS "?nullif"?\\)\\)?`
  return expression
    .replace(new RegExp(setting('tenant')), 'tenant')
    .replace(new RegExp(setting('instance')), 'instance')
    .replace('AND', 'and')
    .replace(/^true$/, 'all')
    .replace(/[()]/g, '')
}

test('the policies of every table are those of FEATURES section 2, one for each role', async () => {
  const rows = await tenants.database.query<{
    table: string
    role: string
    command: string
    using: string
    check: string | null
    permissive: boolean
    roles: number
  }>(`
    select c.relname as table, r.rolname as role, p.polcmd as command, p.polpermissive as permissive, cardinality(p.polroles) as roles,
      pg_get_expr(p.polqual, c.oid) as using, pg_get_expr(p.polwithcheck, c.oid) as check
    from pg_policy p join pg_class c on c.oid = p.polrelid join pg_roles r on r.oid = p.polroles[1]
    where c.relnamespace = 'guard_v2'::regnamespace`)
  const found = rows.map(row =>
    [row.table, row.role, row.command, row.permissive, row.roles, inWords(row.using), inWords(row.check)].join(' | '),
  )
  const wanted = tables.flatMap(table =>
    Object.entries(expected[table]).map(([role, [using, check]]) =>
      [table, `${p}_${role}`, check === null ? 'r' : '*', true, 1, using, check].join(' | '),
    ),
  )
  assert.deepEqual(found.sort(), wanted.sort())
})

test('row security is enabled and forced on every table, and none of them has a child, rule or owner of its own', async () => {
  const rows = await tenants.database.query(
    `
    select relname, relrowsecurity, relforcerowsecurity, relhassubclass, relhasrules, relispartition, r.rolname = $1 as ours
    from pg_class c join pg_roles r on r.oid = c.relowner where relnamespace = 'guard_v2'::regnamespace and relkind = 'r' order by 1`,
    [`${p}_main`],
  )
  assert.deepEqual(
    rows,
    ['placed', 'plain', 'shared'].map(relname => ({
      relname,
      relrowsecurity: true,
      relforcerowsecurity: true,
      relhassubclass: false,
      relhasrules: false,
      relispartition: false,
      ours: true,
    })),
  )
})

test('readers may select, writers may also insert, update and delete, and nobody anything else', async () => {
  const rows = await tenants.database.query<{ table: string; role: string; rights: string }>(`
    select c.relname as table, coalesce(r.rolname, 'public') as role, string_agg(a.privilege_type, ' ' order by a.privilege_type) as rights
    from pg_class c cross join aclexplode(c.relacl) a left join pg_roles r on r.oid = a.grantee
    where c.relnamespace = 'guard_v2'::regnamespace and c.relkind = 'r' and a.grantee <> c.relowner group by 1, 2`)
  const found = rows.map(({ table, role, rights }) => `${table} ${role}: ${rights}`)
  const wanted = tables.flatMap(table =>
    Object.entries(expected[table])
      .filter(([role]) => role !== 'main')
      .map(
        ([role, [, check]]) => `${table} ${p}_${role}: ${check === null ? 'SELECT' : 'DELETE INSERT SELECT UPDATE'}`,
      ),
  )
  assert.deepEqual(found.sort(), wanted.sort())
  const grantable = await tenants.database.query(
    `select c.relname from pg_class c cross join aclexplode(c.relacl) a where c.relnamespace in ('guard_v2'::regnamespace, 'tenantry'::regnamespace) and (a.is_grantable and a.grantee <> c.relowner or a.grantee = 0)`,
  )
  assert.deepEqual(grantable, [])
})

test('nobody but the owner has TRUNCATE, REFERENCES or TRIGGER, and no login has any right at all', async () => {
  const rows = await tenants.database.query(
    `select r.rolname, c.relname, v.privilege from pg_roles r cross join pg_class c cross join unnest(array['truncate', 'references', 'trigger']) v(privilege)
     where r.rolname = any ($1) and c.relnamespace in ('guard_v2'::regnamespace, 'tenantry'::regnamespace) and c.relkind = 'r'
       and has_table_privilege(r.oid, c.oid, v.privilege)`,
    [[...tenantRoles, ...platformRoles, 'tenant_login', 'platform_login'].map(role => `${p}_${role}`)],
  )
  assert.deepEqual(rows, [])
  const logins = await tenants.database.query(
    `select r.rolname, c.relname from pg_roles r cross join pg_class c
     where r.rolname = any ($1) and c.relnamespace in ('guard_v2'::regnamespace, 'tenantry'::regnamespace) and c.relkind = 'r'
       and (has_table_privilege(r.oid, c.oid, 'select') or has_any_column_privilege(r.oid, c.oid, 'select, insert, update') or has_schema_privilege(r.oid, c.relnamespace, 'usage, create'))`,
    [[`${p}_tenant_login`, `${p}_platform_login`]],
  )
  assert.deepEqual(logins, [])
})

test('tenant roles reach of the platform’s own tables only the answers and changes kept for them, and the others only what they need', async () => {
  const rows = await tenants.database.query<{ line: string }>(
    `select c.relname || ' ' || r.rolname || ': ' || string_agg(a.privilege_type, ' ' order by a.privilege_type) as line
     from pg_class c cross join aclexplode(c.relacl) a join pg_roles r on r.oid = a.grantee
     where c.relnamespace = 'tenantry'::regnamespace and c.relkind in ('r', 'S', 'v') and a.grantee <> c.relowner group by c.relname, r.rolname order by 1`,
  )
  const wanted = [
    // Its writer may add, column by column.
    `audit ${p}_reader: SELECT`,
    `catalog_version ${p}_reader: SELECT`,
    `catalog_version ${p}_writer: SELECT UPDATE`,
    // Added to by triggers alone, read by tenants, each its own, and removed when they are old.
    `changes ${p}_recorder: INSERT`,
    ...tenantRoles.flatMap(role => [`changes ${p}_${role}: SELECT`, `changes_swept ${p}_${role}: SELECT`]),
    `changes ${p}_writer: DELETE`,
    `changes_swept ${p}_writer: DELETE INSERT SELECT UPDATE`,
    // Looked into by the functions of the sharing role.
    ...['groups', 'group_members'].flatMap(table => [
      `${table} ${p}_reader: SELECT`,
      `${table} ${p}_sharing: SELECT`,
      `${table} ${p}_writer: INSERT SELECT UPDATE`,
    ]),
    // Their rows are the tenant's and the subject's, which a policy sees to; nobody changes one.
    `idempotency ${p}_tenant_instance_writer: DELETE INSERT SELECT`,
    `idempotency ${p}_tenant_writer: DELETE INSERT SELECT`,
    `idempotency ${p}_writer: DELETE`,
    // Of the tenant's own rows alone, where the platform seeds them; forgotten with a tenant.
    `seeded ${p}_tenant_writer: DELETE INSERT SELECT UPDATE`,
    `seeded ${p}_writer: DELETE`,
    // Looked at by writes to tables of modules that have two majors; written by upgrades.
    ...['tenant_writer', 'tenant_instance_writer', 'instance_writer', 'writer'].map(
      role => `frozen ${p}_${role}: SELECT`,
    ),
    `frozen ${p}_mover: DELETE INSERT SELECT`,
    `upgrade_prints ${p}_mover: DELETE INSERT SELECT`,
    `upgrades ${p}_reader: SELECT`,
    `upgrades ${p}_writer: INSERT SELECT UPDATE`,
    `installation ${p}_reader: SELECT`,
    `installation ${p}_writer: SELECT`,
    `nodes ${p}_writer: DELETE INSERT SELECT UPDATE`,
    `tenant_keys ${p}_reader: SELECT`,
    `tenant_keys ${p}_writer: DELETE INSERT SELECT`,
    `tenants ${p}_reader: SELECT`,
    `tenants ${p}_writer: INSERT SELECT UPDATE`,
  ]
  assert.deepEqual(rows.map(({ line }) => line).sort(), wanted.sort())
})

test('roles have no power beyond their policies, and only the two logins log in', async () => {
  const rows = await tenants.database.query<{ name: string }>(
    `select rolname as name, rolsuper or rolbypassrls or rolcreaterole or rolcreatedb or rolreplication as power, rolcanlogin as login, rolinherit as inherits, rolconfig as config
     from pg_roles where rolname ~ ('^' || $1 || '_[a-z_]+$') order by 1`,
    [p],
  )
  const logins = [`${p}_platform_login`, `${p}_tenant_login`]
  const names = [
    ...tenantRoles,
    ...platformRoles,
    'main',
    'search',
    'recorder',
    'sharing',
    'mover',
    'tenant_login',
    'platform_login',
  ].map(role => `${p}_${role}`)
  assert.deepEqual(
    rows,
    names.sort().map(name => ({
      name,
      power: false,
      login: logins.includes(name),
      inherits: !logins.includes(name),
      config: null,
    })),
  )
})

test('the tenant login may become the four tenant roles, the platform login all eight and the mover, and nothing else', async () => {
  const rows = await tenants.database.query<{ login: string; roles: string[] }>(
    `select l.rolname as login, array_agg(r.rolname::text order by r.rolname) as roles
     from pg_roles l cross join pg_roles r where l.rolname = any ($1) and r.oid <> l.oid and pg_has_role(l.oid, r.oid, 'MEMBER') group by 1 order by 1`,
    [[`${p}_tenant_login`, `${p}_platform_login`]],
  )
  assert.deepEqual(rows, [
    {
      login: `${p}_platform_login`,
      roles: [...platformRoles, ...tenantRoles, 'mover'].map(role => `${p}_${role}`).sort(),
    },
    { login: `${p}_tenant_login`, roles: tenantRoles.map(role => `${p}_${role}`).sort() },
  ])
  const upwards = await tenants.database.query(
    `select r.rolname from pg_auth_members m join pg_roles r on r.oid = m.member where r.rolname = any ($1)`,
    [[...tenantRoles, ...platformRoles, 'main'].map(role => `${p}_${role}`)],
  )
  assert.deepEqual(upwards, [])
})

test('every key, index and foreign key of a tenant’s table begins with the tenant', async () => {
  const rows = await tenants.database.query<{ name: string; first: string }>(
    `select i.relname as name, a.attname as first from pg_index x join pg_class i on i.oid = x.indexrelid join pg_attribute a on a.attrelid = x.indrelid and a.attnum = x.indkey[0]
     where x.indrelid in ('guard_v2.plain'::regclass, 'guard_v2.placed'::regclass)
     union all
     select k.conname, a.attname from pg_constraint k join pg_attribute a on a.attrelid = k.conrelid and a.attnum = k.conkey[1]
     where k.contype = 'f' and k.connamespace = 'guard_v2'::regnamespace`,
  )
  assert.deepEqual(rows.map(({ name }) => name).sort(), [
    'placed_pkey',
    'plain_pkey',
    'plain_twin_id_fkey',
    'plain_twin_id_idx',
  ])
  for (const { name, first } of rows) assert.equal(first, 'tenant_id', name)
})

const sessions: pg.Client[] = []
afterEach(async () => {
  for (const client of sessions.splice(0)) await client.end()
})

/** A session of one of the logins; ends with the test. */
async function session(login: 'tenant' | 'platform'): Promise<pg.Client> {
  const password = tenants.database.secrets.derive(`login ${login}`)
  const client = new pg.Client({ ...tenants.database.target, user: `${p}_${login}_login`, password })
  await client.connect()
  sessions.push(client)
  return client
}

async function fill(): Promise<void> {
  await tenants.database.query(`
    truncate guard_v2.plain, guard_v2.placed, guard_v2.shared;
    insert into guard_v2.plain (tenant_id, name) select t, t from unnest(array['acme', 'globex']) t;
    insert into guard_v2.placed (tenant_id, instance_id, name) select t, i, t || '/' || i from unnest(array['acme', 'globex']) t, unnest(array['eu', 'us']) i;
    insert into guard_v2.shared (name) values ('everybody')`)
}

const become = `select set_config('role', $1, true), set_config('tenantry.tenant', $2, true), set_config('tenantry.instance', $3, true)`

test('each role sees and writes exactly the rows of the table of FEATURES', async () => {
  await fill()
  const everything = {
    plain: ['acme', 'globex'],
    placed: ['acme/eu', 'acme/us', 'globex/eu', 'globex/us'],
    shared: ['everybody'],
  }
  const reached = (table: (typeof tables)[number], scope: string | null) =>
    everything[table].filter(name => {
      if (scope === null) return false
      return (
        (!scope.includes('tenant') || name.startsWith('acme')) && (!scope.includes('instance') || name.endsWith('eu'))
      )
    })
  for (const [login, roles] of [
    ['tenant', tenantRoles],
    ['platform', [...platformRoles, ...tenantRoles]],
  ] as const) {
    const client = await session(login)
    for (const role of roles) {
      for (const table of tables) {
        const [using, check] = expected[table][role] ?? assert.fail()
        const label = `${role} on ${table}`
        await client.query('begin')
        await client.query(become, [`${p}_${role}`, 'acme', 'eu'])
        const seen = await client.query<{ name: string }>(`select name from guard_v2.${table} order by name`)
        assert.deepEqual(
          seen.rows.map(({ name }) => name),
          reached(table, using),
          `${label} sees`,
        )
        for (const sql of [`update guard_v2.${table} set name = name`, `delete from guard_v2.${table}`]) {
          await client.query('savepoint s')
          const written = await client.query(sql).then(
            ({ rowCount }) => rowCount,
            (error: pg.DatabaseError) => error.code,
          )
          assert.equal(written, check === null ? '42501' : reached(table, check).length, `${label}: ${sql}`)
          await client.query('rollback to s')
        }
        if (table !== 'shared') {
          for (const [tenant, instance] of [
            ['acme', 'eu'],
            ['acme', 'us'],
            ['globex', 'eu'],
            ['globex', 'us'],
          ] as const) {
            await client.query('savepoint s')
            const columns = table === 'placed' ? 'tenant_id, instance_id, name' : 'tenant_id, name'
            const given: string[] = table === 'placed' ? [tenant, instance, 'new'] : [tenant, 'new']
            const insert: string = `insert into guard_v2.${table} (${columns}) values (${given.map((_, index) => `$${index + 1}`).join(', ')})`
            const outcome: string | undefined = await client.query(insert, given).then(
              () => 'written',
              (error: pg.DatabaseError) => error.code,
            )
            const name: string = table === 'placed' ? `${tenant}/${instance}` : tenant
            assert.equal(
              outcome,
              reached(table, check).includes(name) ? 'written' : '42501',
              `${label} inserts for ${name}`,
            )
            await client.query('rollback to s')
            await client.query('savepoint s')
            const moved: string | undefined = await client
              .query(`update guard_v2.${table} set tenant_id = $1`, [tenant])
              .then(
                () => 'written',
                (error: pg.DatabaseError) => error.code,
              )
            const mayMove = check === all || check === I || (check !== null && tenant === 'acme')
            if (!mayMove) assert.equal(moved, '42501', `${label} moves rows to ${tenant}`)
            await client.query('rollback to s')
          }
        }
        await client.query('rollback')
      }
    }
  }
})

test('without settings, and with empty ones, no role that is kept within something sees a row', async () => {
  await fill()
  for (const [login, roles] of [
    ['tenant', tenantRoles],
    ['platform', [...platformRoles, ...tenantRoles]],
  ] as const) {
    const client = await session(login)
    const seen = async (label: string) => {
      for (const role of roles) {
        for (const table of ['plain', 'placed'] as const) {
          const [using] = expected[table][role] ?? assert.fail()
          await client.query('begin')
          await client.query(`set local role ${p}_${role}`)
          const { rows } = await client.query(`select * from guard_v2.${table}`)
          const { rowCount } =
            roles.includes(role) && expected[table][role]?.[1]
              ? await client.query(`delete from guard_v2.${table}`)
              : { rowCount: 0 }
          await client.query('rollback')
          if (using !== all) assert.deepEqual([rows, rowCount], [[], 0], `${label}: ${role} on ${table}`)
        }
      }
    }
    await seen('nothing was ever set')
    // After a local setting has ended PostgreSQL leaves the empty text, not null.
    await client.query('begin')
    await client.query(become, [`${p}_${roles[0]}`, 'acme', 'eu'])
    await client.query('commit')
    const { rows } = await client.query(
      `select current_setting('tenantry.tenant', true) as tenant, current_setting('tenantry.instance', true) as instance, current_user = session_user as reset`,
    )
    assert.deepEqual(rows, [{ tenant: '', instance: '', reset: true }])
    await seen('local settings have ended')
  }
})

test('a login sees nothing after reset role, reset all or discard all, and cannot switch row security off', async () => {
  await fill()
  for (const login of ['tenant', 'platform'] as const) {
    const client = await session(login)
    for (const reset of [
      'reset role',
      'reset all',
      'discard all',
      'set session authorization default',
      'set role none',
    ]) {
      await client.query(`set role ${p}_${login === 'tenant' ? 'tenant_writer' : 'writer'}`)
      await client.query(`set tenantry.tenant = 'acme'`)
      await client.query(reset)
      await client.query('reset role')
      for (const sql of [
        'select * from guard_v2.plain',
        'select * from tenantry.tenant_keys',
        'delete from guard_v2.shared',
      ])
        await assert.rejects(client.query(sql), { code: '42501' }, `${login} after ${reset}: ${sql}`)
    }
    await client.query('set row_security = off')
    await client.query(`set role ${p}_${login === 'tenant' ? 'tenant_reader' : 'instance_reader'}`)
    await assert.rejects(client.query('select * from guard_v2.placed'), { code: '42501' })
  }
})

test('a tenant session cannot become what reaches across tenants, nor change what keeps tenants apart', async () => {
  const client = await session('tenant')
  for (const role of [...platformRoles, 'main', 'platform_login'])
    await assert.rejects(client.query(`set role ${p}_${role}`), { code: '42501' }, role)
  await assert.rejects(client.query('set role postgres'), { code: '42501' })
  await client.query(`set role ${p}_tenant_writer`)
  for (const sql of [
    'truncate guard_v2.plain',
    'alter table guard_v2.plain disable row level security',
    'alter table guard_v2.plain no force row level security',
    'drop policy tenant_writer on guard_v2.plain',
    'create policy more on guard_v2.plain using (true)',
    'create table guard_v2.mine (a int)',
    `create function guard_v2.mine() returns int language sql as 'select 1'`,
    'create table public.mine (a int references guard_v2.plain (id))',
    'create trigger spy before insert on guard_v2.plain for each row execute function tenantry.keep()',
    'lock table guard_v2.plain in access exclusive mode',
    `copy guard_v2.plain to program 'cat'`,
    `copy guard_v2.plain from '/etc/passwd'`,
    `select pg_read_file('/etc/passwd')`,
    `select lo_import('/etc/passwd')`,
    `alter role ${p}_tenant_writer bypassrls`,
    'vacuum full guard_v2.plain',
    'select rolpassword from pg_authid',
  ]) {
    const outcome = await client.query(sql).then(
      () => 'done',
      (error: pg.DatabaseError) => error.code,
    )
    // Locking what one may write and vacuuming (a warning) are PostgreSQL's own rules.
    if (!/^(lock|vacuum)/.test(sql)) assert.equal(outcome, '42501', sql)
  }
})
