import type pg from 'pg'

/** What a database really holds in some schemas: the name of each object and all that matters of it, as text. */
export type LiveCatalog = ReadonlyMap<string, string>

/**
 * Reads objects, policies, grants and everything else by which a table could be reached. Names are as in `Step.id`.
 * The search path is empty while it reads, so that every name PostgreSQL prints carries its schema.
 */
export async function readLiveCatalog(client: pg.ClientBase, schemas: readonly string[]): Promise<LiveCatalog> {
  await client.query(`select set_config('search_path', '', false)`)
  const { rows } = await client.query<{ id: string; definition: string }>(liveCatalogSql, [schemas])
  return new Map(rows.map(({ id, definition }) => [id, definition]))
}

const liveCatalogSql = `
with schemas as (select oid, nspname, nspacl, nspowner from pg_namespace where nspname = any ($1::text[])),
tables as (
  select c.*, s.nspname, s.nspname || '.' || c.relname as name from pg_class c join schemas s on s.oid = c.relnamespace
  where c.relkind in ('r', 'p', 'v', 'm', 'f', 'S')
)
select 'schema ' || s.nspname as id, 'owner ' || o.rolname as definition from schemas s join pg_roles o on o.oid = s.nspowner
union all
select 'schema grant ' || s.nspname || ' ' || coalesce(g.rolname, 'public'), string_agg(a.privilege_type, ' ' order by a.privilege_type)
  from schemas s cross join aclexplode(s.nspacl) a left join pg_roles g on g.oid = a.grantee
  where a.grantee <> s.nspowner group by 1
union all
select case when t.relkind in ('v', 'm') then 'view ' when t.relkind = 'S' then 'sequence ' else 'table ' end || t.name,
    concat_ws(' ', t.relkind, t.relpersistence, 'owner ' || o.rolname, array_to_string(t.reloptions, ','),
      case when t.relkind = 'v' then pg_get_viewdef(t.oid) end)
  from tables t join pg_roles o on o.oid = t.relowner
union all
select 'row security ' || name, concat_ws(' ', case when relrowsecurity then 'enabled' else 'disabled' end, case when relforcerowsecurity then 'forced' else 'not forced' end)
  from tables where relkind in ('r', 'p')
union all
select 'column ' || t.name || '.' || a.attname,
    concat_ws(' ', format_type(a.atttypid, a.atttypmod), case when a.attnotnull then 'not null' end,
      'collate ' || nullif(l.collname, 'default'), 'default ' || pg_get_expr(d.adbin, d.adrelid), nullif(a.attidentity::text, ''), nullif(a.attgenerated::text, ''))
  from tables t join pg_attribute a on a.attrelid = t.oid left join pg_attrdef d on d.adrelid = t.oid and d.adnum = a.attnum
  left join pg_collation l on l.oid = a.attcollation
  where a.attnum > 0 and not a.attisdropped and t.relkind in ('r', 'p')
union all
select 'constraint ' || t.name || '.' || k.conname, pg_get_constraintdef(k.oid) || case when k.convalidated then '' else ' NOT VALID' end
  from tables t join pg_constraint k on k.conrelid = t.oid where k.contype in ('p', 'u', 'f', 'c', 'x')
union all
select 'index ' || t.nspname || '.' || i.relname, pg_get_indexdef(i.oid) || case when x.indisvalid then '' else ' INVALID' end
  from tables t join pg_index x on x.indrelid = t.oid join pg_class i on i.oid = x.indexrelid
  where not exists (select from pg_constraint k where k.conindid = i.oid and k.contype in ('p', 'u', 'x'))
union all
select 'policy ' || t.name || '.' || p.polname,
    concat_ws(' ', p.polcmd, case when p.polpermissive then 'permissive' else 'restrictive' end,
      'to ' || (select string_agg(coalesce(r.rolname, 'public'), ',' order by r.rolname) from unnest(p.polroles) m left join pg_roles r on r.oid = m),
      'using ' || pg_get_expr(p.polqual, p.polrelid), 'check ' || pg_get_expr(p.polwithcheck, p.polrelid))
  from tables t join pg_policy p on p.polrelid = t.oid
union all
select 'grant ' || t.name || ' ' || coalesce(g.rolname, 'public'), string_agg(a.privilege_type, ' ' order by a.privilege_type)
  from tables t cross join aclexplode(t.relacl) a left join pg_roles g on g.oid = a.grantee
  where a.grantee <> t.relowner group by 1
union all
select 'column grant ' || t.name || '.' || c.attname || ' ' || coalesce(g.rolname, 'public'), string_agg(a.privilege_type, ' ' order by a.privilege_type)
  from tables t join pg_attribute c on c.attrelid = t.oid cross join aclexplode(c.attacl) a left join pg_roles g on g.oid = a.grantee
  where a.grantee <> t.relowner group by 1
union all
select 'trigger ' || t.name || '.' || g.tgname, pg_get_triggerdef(g.oid) || case when g.tgenabled = 'O' then '' else ' ' || g.tgenabled::text end
  from tables t join pg_trigger g on g.tgrelid = t.oid where not g.tgisinternal
union all
select 'rule ' || t.name || '.' || r.rulename, pg_get_ruledef(r.oid)
  from tables t join pg_rewrite r on r.ev_class = t.oid where r.rulename <> '_RETURN'
union all
select 'child of ' || t.name, string_agg(i.inhrelid::regclass::text, ',' order by 1)
  from tables t join pg_inherits i on i.inhparent = t.oid group by 1
union all
select 'function ' || s.nspname || '.' || p.proname || case when s.nspname = 'tenantry' then '' else '(' || pg_get_function_identity_arguments(p.oid) || ')' end,
    concat_ws(' ', case when p.prosecdef then 'security definer' end, case when p.proleakproof then 'leakproof' end, case when s.nspname = 'tenantry' then md5(p.prosrc) else p.prosrc end, array_to_string(p.proconfig, ','))
  from schemas s join pg_proc p on p.pronamespace = s.oid
union all
select 'owner of function ' || s.nspname || '.' || p.proname || '(' || pg_get_function_identity_arguments(p.oid) || ')',
    concat_ws(' ', o.rolname, p.provolatile, p.proparallel, l.lanname, format_type(p.prorettype, null), 'default ' || pg_get_expr(p.proargdefaults, 0))
  from schemas s join pg_proc p on p.pronamespace = s.oid join pg_roles o on o.oid = p.proowner join pg_language l on l.oid = p.prolang where p.prosecdef
union all
select 'function grant ' || s.nspname || '.' || p.proname || '(' || pg_get_function_identity_arguments(p.oid) || ') ' || coalesce(g.rolname, 'public'), a.privilege_type || case when a.is_grantable then ' with grant option' else '' end
  from schemas s join pg_proc p on p.pronamespace = s.oid cross join aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a left join pg_roles g on g.oid = a.grantee
  where p.prosecdef and a.grantee <> p.proowner
union all
select 'extension ' || extname, '' from pg_extension where extname in ('btree_gin', 'btree_gist')
union all
select 'function body ' || s.nspname || '.' || p.proname || '(' || pg_get_function_identity_arguments(p.oid) || ')',
    concat_ws(' ', 'owner ' || o.rolname, 'language ' || l.lanname, p.prokind, p.provolatile, p.proparallel, p.procost, p.prorows, case when p.proisstrict then 'strict' end,
      pg_get_function_arguments(p.oid), 'returns ' || pg_get_function_result(p.oid), pg_get_function_sqlbody(p.oid))
  from schemas s join pg_proc p on p.pronamespace = s.oid join pg_roles o on o.oid = p.proowner join pg_language l on l.oid = p.prolang
  where s.nspname <> 'tenantry' and not p.prosecdef
union all
select 'execute grant ' || s.nspname || '.' || p.proname || '(' || pg_get_function_identity_arguments(p.oid) || ') ' || coalesce(g.rolname, 'public'),
    string_agg(a.privilege_type || case when a.is_grantable then ' with grant option' else '' end, ' ' order by a.privilege_type)
  from schemas s join pg_proc p on p.pronamespace = s.oid
  cross join aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a left join pg_roles g on g.oid = a.grantee
  where s.nspname <> 'tenantry' and not p.prosecdef and a.grantee <> p.proowner group by 1`
