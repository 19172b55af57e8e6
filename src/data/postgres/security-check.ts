import type pg from 'pg'
import { rolesOf } from './roles.ts'

/** The functions that may run with the rights of one of these owners, as the live catalog names them. */
export interface AllowedFunctions {
  readonly search: readonly string[]
  readonly recorder: readonly string[]
  readonly sharing: readonly string[]
}

/**
 * `allowed`: what those functions do is compared with the definitions there.
 *
 * What is wrong with the roles of an installation or with what surrounds its schemas, one sentence each; none means that
 * row security cannot be walked around. THREATS A1, A2, A6, A7, A21, A26, A27.
 */
export async function findSecurityFaults(
  client: pg.ClientBase,
  prefix: string,
  schemas: readonly string[],
  allowed: AllowedFunctions,
): Promise<string[]> {
  const roles = rolesOf(prefix)
  const logins = [roles.tenantLogin, roles.platformLogin]
  const nologins = [...[roles.main, roles.search, roles.recorder, roles.sharing, roles.mover], ...roles.servingRoles]
  const faults: string[] = []

  const { rows: attributes } = await client.query<RoleAttributes>(roleAttributesSql, [[...logins, ...nologins]])
  for (const role of [...logins, ...nologins]) {
    const found = attributes.find(({ name }) => name === role)
    if (!found) faults.push(`the role ${role} is missing`)
    else faults.push(...attributeFaults(found, logins.includes(role)))
  }

  const { rows: reach } = await client.query<{ member: string; role: string }>(membershipSql, [
    [...logins, ...nologins],
  ])
  const expected = new Map([
    [roles.tenantLogin, new Set(roles.tenantRoles)],
    [roles.platformLogin, new Set(roles.platformRoles)],
  ])
  for (const { member, role } of reach) {
    if (!expected.get(member)?.has(role)) faults.push(`the role ${member} may become ${role}`)
  }

  const { rows: settings } = await client.query<{ setting: string }>(databaseSettingsSql)
  for (const { setting } of settings) faults.push(`the database gives every session the setting ${setting}`)

  const { rows: owned } = await client.query<{ role: string; object: string }>(ownershipSql, [
    [...logins, ...roles.servingRoles, roles.mover],
  ])
  for (const { role, object } of owned) faults.push(`the role ${role} owns ${object}`)

  for (const owner of ['search', 'recorder', 'sharing'] as const) {
    const values = [roles[owner], allowed[owner]]
    const { rows: objects } = await client.query<{ object: string }>(definerOwnershipSql, values)
    for (const { object } of objects) faults.push(`the role ${roles[owner]} owns ${object}`)
  }

  const { rows: functions } = await client.query<{ name: string; fault: string }>(functionsSql, [
    schemas,
    [...logins, ...roles.servingRoles, roles.mover],
    roles.search,
    allowed.search,
    roles.recorder,
    allowed.recorder,
    roles.sharing,
    allowed.sharing,
  ])
  for (const { name, fault } of functions) faults.push(`the function ${name} is ${fault}`)

  const { rows: relations } = await client.query<{ name: string; fault: string }>(relationsSql, [
    schemas,
    [...logins, ...roles.servingRoles, roles.mover],
  ])
  for (const { name, fault } of relations) faults.push(`${name} ${fault}`)
  return faults
}

interface RoleAttributes {
  readonly name: string
  readonly super: boolean
  readonly bypass: boolean
  readonly create_role: boolean
  readonly create_db: boolean
  readonly replication: boolean
  readonly login: boolean
  readonly inherit: boolean
  readonly inherits: boolean
  readonly settings: string | null
}

function attributeFaults(role: RoleAttributes, isLogin: boolean): string[] {
  const faults: string[] = []
  if (role.super) faults.push('is a superuser')
  if (role.bypass) faults.push('has BYPASSRLS')
  if (role.create_role) faults.push('has CREATEROLE')
  if (role.create_db) faults.push('has CREATEDB')
  if (role.replication) faults.push('has REPLICATION')
  if (role.login !== isLogin) faults.push(isLogin ? 'cannot log in' : 'can log in')
  if (isLogin && (role.inherit || role.inherits)) faults.push('inherits the rights of what it may become')
  if (role.settings !== null) faults.push(`has settings of its own (${role.settings})`)
  return faults.map(fault => `the role ${role.name} ${fault}`)
}

/** `inherits`: since version 16 a single grant may inherit although the role does not. */
const roleAttributesSql = `
select r.rolname as name, r.rolsuper as super, r.rolbypassrls as bypass, r.rolcreaterole as create_role, r.rolcreatedb as create_db,
  r.rolreplication as replication, r.rolcanlogin as login, r.rolinherit as inherit,
  exists (select from pg_auth_members m where m.member = r.oid and (to_jsonb(m) ->> 'inherit_option')::boolean) as inherits,
  (select string_agg(s.setting, ', ') from pg_db_role_setting d cross join unnest(d.setconfig) s(setting)
    where d.setrole = r.oid and d.setdatabase in (0, (select oid from pg_database where datname = current_database()))) as settings
from pg_roles r where r.rolname = any ($1::text[])`

/**
 * A tenant, role or search path that a session has before anybody says for whom it runs (A11); and a snapshot for whole
 * transactions, in which a write would not see that its tenant was moved away meanwhile.
 */
const databaseSettingsSql = `
select s.setting from pg_db_role_setting d cross join unnest(d.setconfig) s(setting)
where d.setrole = 0 and d.setdatabase = (select oid from pg_database where datname = current_database())
  and s.setting ~ '^(tenantry[.]|role=|session_authorization=|row_security=|search_path=)'
union all
select name || '=' || reset_val from pg_settings where name = 'default_transaction_isolation' and reset_val <> 'read committed'`

/** Every role that can be reached by any chain of memberships. */
const membershipSql = `
with recursive reach(member, role) as (
  select m.member, m.roleid from pg_auth_members m join pg_roles r on r.oid = m.member where r.rolname = any ($1::text[])
  union
  select reach.member, m.roleid from reach join pg_auth_members m on m.member = reach.role
)
select a.rolname as member, b.rolname as role from reach join pg_roles a on a.oid = reach.member join pg_roles b on b.oid = reach.role`

const ownershipSql = `
select r.rolname as role, pg_describe_object(d.classid, d.objid, d.objsubid) as object
from pg_shdepend d join pg_roles r on r.oid = d.refobjid and d.refclassid = 'pg_authid'::regclass
where d.deptype = 'o' and r.rolname = any ($1::text[]) and d.dbid in (0, (select oid from pg_database where datname = current_database()))`

/** As the live catalog names a function. */
const signatureSql = `n.nspname || '.' || p.proname || '(' || pg_get_function_identity_arguments(p.oid) || ')'`

/** Everything that the search role, the recorder or the sharing role owns in this database or for all of them, other than the functions that it should. */
const definerOwnershipSql = `
select pg_describe_object(d.classid, d.objid, d.objsubid) as object
from pg_shdepend d join pg_roles r on r.oid = d.refobjid and d.refclassid = 'pg_authid'::regclass
left join pg_proc p on d.classid = 'pg_proc'::regclass and p.oid = d.objid left join pg_namespace n on n.oid = p.pronamespace
where d.deptype = 'o' and r.rolname = $1 and d.dbid in (0, (select oid from pg_database where datname = current_database()))
  and coalesce(${signatureSql} <> all ($2::text[]), true)`

/**
 * Functions of ours may not run with their owner's rights, but for those of the search role, of the recorder and of the sharing role; functions of anybody may not be marked leakproof, nor run with
 * an owner's rights on behalf of our roles; server files and programs are out of reach.
 */
const functionsSql = `
select p.oid::regprocedure::text as name, 'marked leakproof' as fault
  from pg_proc p where p.proleakproof and p.oid >= 16384
union all
select p.oid::regprocedure::text, 'security definer'
  from pg_proc p join pg_namespace n on n.oid = p.pronamespace
  where p.prosecdef
    and not (p.proowner = (select oid from pg_roles where rolname = $3) and ${signatureSql} = any ($4::text[]))
    and not (p.proowner = (select oid from pg_roles where rolname = $5) and ${signatureSql} = any ($6::text[]))
    and not (p.proowner = (select oid from pg_roles where rolname = $7) and ${signatureSql} = any ($8::text[]))
    and (n.nspname = any ($1::text[])
    or (p.oid >= 16384 and exists (select from pg_roles r where r.rolname = any ($2::text[])
      and has_function_privilege(r.oid, p.oid, 'execute') and has_schema_privilege(r.oid, n.oid, 'usage'))))
union all
select p.oid::regprocedure::text, 'granted to a role that serves tenants'
  from pg_proc p where p.proname in ('pg_read_file', 'pg_read_binary_file', 'pg_ls_dir', 'lo_import', 'lo_export') and p.oid < 16384
    and exists (select from pg_roles r where r.rolname = any ($2::text[]) and has_function_privilege(r.oid, p.oid, 'execute'))`

/** Views, materialized views and children through which rows of our tables could be read past their policies. */
const relationsSql = `
with recursive ours as (select c.oid, c.relname, n.nspname from pg_class c join pg_namespace n on n.oid = c.relnamespace where n.nspname = any ($1::text[])),
reads(reader, source) as (
  select w.ev_class, d.refobjid from pg_rewrite w
  join pg_depend d on d.classid = 'pg_rewrite'::regclass and d.objid = w.oid and d.refclassid = 'pg_class'::regclass
  where d.refobjid <> w.ev_class
),
readers(oid) as (
  select reader from reads where source in (select oid from ours)
  union
  select reads.reader from readers join reads on reads.source = readers.oid
),
reachable as (
  select r.oid, c.relkind, c.reloptions, n.nspname || '.' || c.relname as name
  from readers r join pg_class c on c.oid = r.oid join pg_namespace n on n.oid = c.relnamespace
  where c.relkind in ('v', 'm') and exists (select from pg_roles o where o.rolname = any ($2::text[]) and has_any_column_privilege(o.oid, r.oid, 'select'))
)
select 'the view ' || name as name, 'runs with its owner''s rights (security_invoker is off)' as fault from reachable
  where relkind = 'v' and not coalesce('security_invoker=true' = any (reloptions) or 'security_invoker=on' = any (reloptions), false)
union all
select 'the materialized view ' || name, 'is granted to a role that serves tenants' from reachable where relkind = 'm'
union all
select 'the table ' || i.inhrelid::regclass::text, 'is a child of ' || o.nspname || '.' || o.relname
  from pg_inherits i join ours o on o.oid = i.inhparent`
