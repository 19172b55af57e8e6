/**
 * One row for each part of the schemas that `$1` names: `{ kind, piece }` as JSON. Texts are what `pg_get_…def` gives while the
 * search path is empty, so every name in them carries its schema. What belongs to an extension is not ours.
 */
export const piecesSql = `
with schemas as (select oid, nspname, nspacl, nspowner from pg_namespace where nspname = any ($1::text[])),
relations as (
  select c.*, s.nspname, jsonb_build_object('schema', s.nspname, 'table', c.relname) as place
  from pg_class c join schemas s on s.oid = c.relnamespace where c.relkind in ('r', 'v')
),
tables as (select * from relations where relkind = 'r'),
names as (
  select attrelid, attnum, attname from pg_attribute where attnum > 0 and not attisdropped
)
select jsonb_build_object('kind', kind, 'piece', piece)::text as text from (
select 'schema grant' as kind, jsonb_build_object('schema', s.nspname, 'role', coalesce(g.rolname, 'public'),
    'privileges', jsonb_agg(a.privilege_type order by a.privilege_type)) as piece
  from schemas s cross join aclexplode(s.nspacl) a left join pg_roles g on g.oid = a.grantee
  where a.grantee <> s.nspowner group by s.nspname, g.rolname
union all
select 'table', place from tables
union all
(select 'column', t.place || jsonb_build_object('name', a.attname, 'type', format_type(a.atttypid, a.atttypmod),
    'collation', case when a.attcollation <> y.typcollation then
      case when l.collnamespace = 'pg_catalog'::regnamespace then quote_ident(l.collname) else l.oid::regcollation::text end end,
    'notNull', a.attnotnull, 'expression', pg_get_expr(d.adbin, d.adrelid), 'generated', a.attgenerated <> '',
    'volatile', exists (select from pg_depend e join pg_proc p on p.oid = e.refobjid
      where e.classid = 'pg_attrdef'::regclass and e.objid = d.oid and e.refclassid = 'pg_proc'::regclass and p.provolatile = 'v'))
  from tables t join pg_attribute a on a.attrelid = t.oid join pg_type y on y.oid = a.atttypid
  left join pg_attrdef d on d.adrelid = t.oid and d.adnum = a.attnum left join pg_collation l on l.oid = a.attcollation
  where a.attnum > 0 and not a.attisdropped order by t.oid, a.attnum)
union all
select 'constraint', t.place || jsonb_build_object('name', k.conname,
    'kind', case k.contype when 'p' then 'primary' when 'u' then 'unique' when 'f' then 'foreign' when 'c' then 'check' else 'exclude' end,
    'definition', pg_get_constraintdef(k.oid),
    'columns', coalesce((select jsonb_agg(n.attname order by u.place) from unnest(k.conkey) with ordinality u(num, place)
      join names n on n.attrelid = k.conrelid and n.attnum = u.num), '[]'),
    'target', (select o.nspname || '.' || r.relname from pg_class r join pg_namespace o on o.oid = r.relnamespace where r.oid = k.confrelid),
    'targetColumns', coalesce((select jsonb_agg(n.attname order by u.place) from unnest(k.confkey) with ordinality u(num, place)
      join names n on n.attrelid = k.confrelid and n.attnum = u.num), '[]'))
  from tables t join pg_constraint k on k.conrelid = t.oid where k.contype in ('p', 'u', 'f', 'c', 'x')
union all
select 'index', t.place || jsonb_build_object('name', i.relname, 'definition', pg_get_indexdef(i.oid), 'unique', x.indisunique, 'valid', x.indisvalid,
    'columns', coalesce((select jsonb_agg(distinct n.attname) from pg_depend d join names n on n.attrelid = t.oid and n.attnum = d.refobjsubid
      where d.classid = 'pg_class'::regclass and d.objid = i.oid and d.refclassid = 'pg_class'::regclass and d.refobjid = t.oid), '[]'))
  from tables t join pg_index x on x.indrelid = t.oid join pg_class i on i.oid = x.indexrelid
  where not exists (select from pg_constraint k where k.conindid = i.oid and k.contype in ('p', 'u', 'x'))
union all
select 'policy', t.place || jsonb_build_object('name', p.polname,
    'command', case p.polcmd when 'r' then 'select' when 'a' then 'insert' when 'w' then 'update' when 'd' then 'delete' else 'all' end,
    'permissive', p.polpermissive,
    'roles', (select jsonb_agg(coalesce(r.rolname, 'public') order by r.rolname) from unnest(p.polroles) m left join pg_roles r on r.oid = m),
    'using', pg_get_expr(p.polqual, p.polrelid), 'check', pg_get_expr(p.polwithcheck, p.polrelid))
  from tables t join pg_policy p on p.polrelid = t.oid
union all
select 'trigger', t.place || jsonb_build_object('name', g.tgname, 'definition', pg_get_triggerdef(g.oid))
  from tables t join pg_trigger g on g.tgrelid = t.oid where not g.tgisinternal
union all
select 'grant', t.place || jsonb_build_object('role', coalesce(g.rolname, 'public'), 'column', null,
    'privileges', jsonb_agg(a.privilege_type order by a.privilege_type))
  from relations t cross join aclexplode(t.relacl) a left join pg_roles g on g.oid = a.grantee
  where a.grantee <> t.relowner group by t.place, g.rolname
union all
select 'grant', t.place || jsonb_build_object('role', coalesce(g.rolname, 'public'), 'column', c.attname,
    'privileges', jsonb_agg(a.privilege_type order by a.privilege_type))
  from tables t join pg_attribute c on c.attrelid = t.oid cross join aclexplode(c.attacl) a left join pg_roles g on g.oid = a.grantee
  where a.grantee <> t.relowner and not c.attisdropped group by t.place, g.rolname, c.attname
union all
select 'function', jsonb_build_object('schema', s.nspname, 'owner', o.rolname, 'definition', pg_get_functiondef(p.oid),
    'signature', quote_ident(p.proname) || '(' || coalesce((select string_agg(format_type(u.type, null), ', ' order by u.place)
      from unnest(p.proargtypes) with ordinality u(type, place)), '') || ')',
    'execute', coalesce((select jsonb_agg(coalesce(g.rolname, 'public') order by g.rolname)
      from aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a left join pg_roles g on g.oid = a.grantee where a.grantee <> p.proowner), '[]'))
  from schemas s join pg_proc p on p.pronamespace = s.oid join pg_roles o on o.oid = p.proowner where p.prosecdef
union all
select 'view', jsonb_build_object('schema', t.nspname, 'name', t.relname, 'definition', pg_get_viewdef(t.oid), 'options', coalesce(array_to_string(t.reloptions, ','), ''),
    'comment', obj_description(t.oid, 'pg_class'),
    'columns', (select jsonb_agg(quote_ident(a.attname) || ' ' || format_type(a.atttypid, a.atttypmod) order by a.attnum) from pg_attribute a where a.attrelid = t.oid and a.attnum > 0),
    'reads', coalesce((select jsonb_agg(distinct n.nspname || '.' || c.relname) from pg_rewrite w
      join pg_depend d on d.classid = 'pg_rewrite'::regclass and d.objid = w.oid and d.refclassid = 'pg_class'::regclass and d.refobjid <> t.oid
      join pg_class c on c.oid = d.refobjid join pg_namespace n on n.oid = c.relnamespace where w.ev_class = t.oid), '[]'))
  from relations t where t.relkind = 'v'
) parts`
