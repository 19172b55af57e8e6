import type pg from 'pg'
import type { Verb } from '../../core/access-role.ts'
import type { Action } from '../../core/module-set.ts'
import type { SqlAction } from './actions-ddl.ts'

/** What the body of a function touches, as PostgreSQL resolved its names. */
interface Touched {
  readonly name: string
  /** `schema.table`, and whether the body writes there. */
  readonly relations: readonly { readonly name: string; readonly writes: boolean }[]
  /** Functions that no body may call. */
  readonly functions: readonly string[]
}

/**
 * What is wrong with the bodies of actions, one sentence each: they touch what their definition does not name, or call what
 * could change for whom the rest of them runs. `schemaOf` gives the schema in which an action's function is looked for.
 */
export async function findBodyFaults(
  client: pg.ClientBase,
  actions: readonly SqlAction[],
  schemaOf: (action: Action) => string,
): Promise<string[]> {
  const byName = new Map(actions.map(({ action }) => [`${schemaOf(action)}.${action.name}`, action]))
  const { rows } = await client.query<Touched>(touchedSql, [[...byName.keys()]])
  return rows.flatMap(({ name, relations, functions }) => {
    const action = byName.get(name)
    if (!action) return []
    return [
      ...relations.flatMap(relation => relationFault(action, relation.name, relation.writes ? 'write' : 'read')),
      ...functions.map(called => `${action.id}: it calls ${called}, which a body may not`),
    ]
  })
}

function relationFault(action: Action, table: string, verb: Verb): string[] {
  const found = action.uses.filter(({ entity }) => `${entity.module.schema}.${entity.name}` === table)
  if (found.some(use => use.verb === verb || use.verb === 'write')) return []
  return [`${action.id}: it ${verb}s ${table}, which its ${verb}s do not name`]
}

/**
 * `bodies` selects the name and tree of each body.
 *
 * A body is kept as a tree in which everything has been found, in whatever way it was written. Rights that a table needs: 1 to
 * insert, 4 to update or lock, 8 to delete. A body calls functions of PostgreSQL itself, and of those that change or run
 * something only the harmless: `set_config` could change the tenant or the role for the statements behind it.
 */
export const treeFaultsSql = (bodies: string) => `
with bodies as (${bodies}),
relations as (
  select b.name, m[1]::oid as relation, 0 as rights from bodies b cross join regexp_matches(b.tree, ':relid ([0-9]+)', 'g') m where m[1] <> '0'
  union
  select b.name, m[1]::oid, m[2]::int from bodies b cross join regexp_matches(b.tree, ':relid ([0-9]+)[^{}]*?:requiredPerms ([0-9]+)', 'g') m
),
functions as (
  select b.name, m[1]::oid as function from bodies b cross join regexp_matches(b.tree, ':(?:funcid|opfuncid|aggfnoid|winfnoid) ([0-9]+)', 'g') m
  union
  select b.name, o.oprcode from bodies b cross join regexp_matches(b.tree, ':opno ([0-9]+)', 'g') m join pg_operator o on o.oid = m[1]::oid
)
select b.name,
  coalesce((select json_agg(json_build_object('name', r.name, 'writes', r.writes) order by r.name) from (
    select n.nspname || '.' || c.relname as name, bool_or(r.rights & 13 <> 0) as writes from relations r
    join pg_class c on c.oid = r.relation join pg_namespace n on n.oid = c.relnamespace where r.name = b.name group by 1) r), '[]') as relations,
  coalesce((select json_agg(distinct p.oid::regprocedure::text) from functions f join pg_proc p on p.oid = f.function
    where f.name = b.name and (p.oid >= 16384 or p.proname ~ '^(table|schema|database)_to_xml'
      or (p.provolatile = 'v' and p.proname not in ('random', 'random_normal', 'gen_random_uuid', 'uuidv4', 'uuidv7', 'clock_timestamp', 'timeofday')))), '[]') as functions
from bodies b order by b.name`

const touchedSql = treeFaultsSql(`select n.nspname || '.' || p.proname as name, p.prosqlbody::text as tree
  from pg_proc p join pg_namespace n on n.oid = p.pronamespace where n.nspname || '.' || p.proname = any ($1::text[])`)
