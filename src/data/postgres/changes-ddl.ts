import { isTenantRole, reachOf, servingRoles } from '../../core/access-role.ts'
import type { Entity, Module } from '../../core/module-set.ts'
import { ownChange, ownersSql } from './own-rows.ts'
import { currentInstance, currentTenant, tenantRoleNames } from './policies.ts'
import { rolesOf } from './roles.ts'
import { tableOf } from './sql/join.ts'
import { identifier, literal } from './sql/writer.ts'
import type { Step } from './step.ts'

export const changesTable = '"tenantry"."changes"'
/** The last transaction of each tenant and entity whose changes are no longer kept. */
export const sweptTable = '"tenantry"."changes_swept"'
export const changesChannel = 'tenantry_changes'
export const ofTenant = `tenant_id = (select ${currentTenant})`

/**
 * The outbox of all entities with `changes: true`. It holds keys and no rows: a consumer reads the row at delivery, as it may see
 * it then. A stored copy would outlive erasure, hold what is hidden from the consumer, have the fields of the module's version at
 * the time of the write, and double what a write costs. What that gives up are the states between two deliveries.
 *
 * Nobody writes it but the recorder, a role without a login that nobody may become, through the trigger functions that it
 * owns. Tenants' roles read their own; the platform's writer removes what is old.
 */
export function changesSteps(prefix: string): Step[] {
  const { main, recorder } = rolesOf(prefix)
  const policy = (table: string, name: string, role: string, rule: string): Step => ({
    id: `policy tenantry.${table}.${name}`,
    sql: `create policy ${name} on "tenantry".${table} ${rule.replace('%', identifier(role))}`,
  })
  const grant = (table: string, role: string, rights: string): Step => ({
    id: `grant tenantry.${table} ${role}`,
    sql: `grant ${rights} on "tenantry".${table} to ${identifier(role)}`,
  })
  const writer = `${prefix}_writer`
  return [
    {
      id: 'table tenantry.changes',
      sql: `create table ${changesTable} (position bigint generated always as identity, tenant_id text collate "C" not null,
        instance_id text collate "C", entity text collate "C" not null, operation text collate "C" not null,
        key text[] collate "C" not null, xid xid8 not null default pg_current_xact_id(),
        at timestamptz not null default clock_timestamp(), owners text[] collate "C", constraint changes_pkey primary key (tenant_id, entity, position));
        alter table ${changesTable} enable row level security, force row level security`,
      covers: ['column tenantry.changes.owners'],
    },
    {
      id: 'column tenantry.changes.owners',
      sql: `alter table ${changesTable} add column owners text[] collate "C"`,
    },
    {
      id: 'index tenantry.changes_xid_idx',
      sql: `create index changes_xid_idx on ${changesTable} (tenant_id, entity, xid)`,
    },
    { id: 'index tenantry.changes_at_idx', sql: `create index changes_at_idx on ${changesTable} using brin (at)` },
    {
      id: 'table tenantry.changes_swept',
      sql: `create table ${sweptTable} (tenant_id text collate "C" not null, entity text collate "C" not null, xid xid8 not null,
        constraint changes_swept_pkey primary key (tenant_id, entity));
        alter table ${sweptTable} enable row level security, force row level security`,
    },
    {
      id: `schema grant tenantry ${recorder}`,
      sql: `grant usage on schema "tenantry" to ${identifier(recorder)}`,
      definition: 'USAGE',
    },
    policy('changes', 'main', main, 'to % using (true) with check (true)'),
    policy('changes_swept', 'main', main, 'to % using (true) with check (true)'),
    policy('changes', 'recorder', recorder, 'for insert to % with check (true)'),
    grant('changes', recorder, 'insert'),
    ...servingRoles.filter(isTenantRole).flatMap(role => {
      const within = `(instance_id is null or instance_id = (select ${currentInstance}))`
      const seen = reachOf(role).withinInstance ? `${ofTenant} and ${within}` : ofTenant
      return [
        policy('changes', role, `${prefix}_${role}`, `for select to % using (${seen})`),
        grant('changes', `${prefix}_${role}`, 'select'),
        policy('changes_swept', role, `${prefix}_${role}`, `for select to % using (${ofTenant})`),
        grant('changes_swept', `${prefix}_${role}`, 'select'),
      ]
    }),
    {
      id: 'policy tenantry.changes.own',
      sql: `create policy own on ${changesTable} as restrictive for select to ${tenantRoleNames(prefix)} using (${ownChange})`,
    },
    policy('changes', 'writer_select', writer, 'for select to % using (true)'),
    policy('changes', 'writer_delete', writer, 'for delete to % using (true)'),
    grant('changes', writer, 'delete'),
    ...['ctid', 'tenant_id', 'entity', 'xid', 'at'].map(column => ({
      id: `column grant tenantry.changes.${column} ${writer}`,
      sql: `grant select (${column}) on ${changesTable} to ${identifier(writer)}`,
    })),
    policy('changes_swept', 'writer', writer, 'to % using (true) with check (true)'),
    grant('changes_swept', writer, 'select, insert, update, delete'),
  ]
}

/** The functions of these modules that run with the recorder's rights, as the live catalog names them. */
export function recorderSignatures(modules: readonly Module[]): string[] {
  return modules.flatMap(({ schema, entities }) =>
    entities.filter(({ changes }) => changes).map(({ name }) => `${schema}.${functionName(name)}()`),
  )
}

function functionName(entity: string): string {
  return `${entity} changed`
}

/** What an entity with `changes: true` has more than others: three triggers, each of which runs once for a statement. */
export function recorderSteps(entity: Entity, prefix: string): Step[] {
  if (!entity.changes) return []
  const [main, recorder] = [rolesOf(prefix).main, rolesOf(prefix).recorder].map(identifier)
  const schema = identifier(entity.module.schema)
  const name = `${schema}.${identifier(functionName(entity.name))}`
  const trigger = (event: 'insert' | 'update' | 'delete', tables: string): Step => ({
    id: `trigger ${entity.module.schema}.${entity.name}.changes_${event}`,
    sql: `create trigger changes_${event} after ${event} on ${tableOf(entity)} referencing ${tables} for each statement execute function ${name}()`,
  })
  return [
    {
      // Only who makes a trigger needs to be allowed to execute its function, so no role that serves is.
      id: `function ${entity.module.schema}.${functionName(entity.name)}()`,
      sql: `grant create, usage on schema ${schema} to ${recorder};
        set local role ${recorder};
        create or replace function ${name}() ${bodySql(entity)};
        revoke execute on function ${name}() from public;
        grant execute on function ${name}() to ${main};
        set local role ${main};
        revoke create, usage on schema ${schema} from ${recorder}`,
    },
    trigger('insert', 'new table as new_rows'),
    trigger('update', 'old table as old_rows new table as new_rows'),
    trigger('delete', 'old table as old_rows'),
  ]
}

/**
 * Positions are drawn after the statement has its rows' locks, so two changes of one row have them in the order in which they
 * were made. A key that changes (only plain SQL can do that) is a row that goes and one that comes.
 */
function bodySql(entity: Entity): string {
  const into = `insert into ${changesTable} (tenant_id, instance_id, entity, operation, key, owners) select`
  const owners = (...rows: string[]) => ownersSql(entity, rows) ?? 'null'
  const id = literal(entity.id)
  const scope = (name: string) => (entity.instanced ? `${name}.instance_id` : 'null')
  const key = (value: (column: string) => string) =>
    `array[${entity.key.map(column => `to_jsonb(${value(identifier(column))}) #>> '{}'`).join(', ')}]`
  const all = (rows: string, operation: string) =>
    `${into} r.tenant_id, ${scope('r')}, ${id}, '${operation}', ${key(column => `r.${column}`)}, ${owners('r')} from ${rows} r`
  const ties = ['tenant_id', ...(entity.instanced ? ['instance_id'] : []), ...entity.key.map(identifier)]
  const hides = entity.softDelete
    ? `when o.deleted_at is null and n.deleted_at is not null then 'softDelete' when o.deleted_at is not null and n.deleted_at is null then 'restore' `
    : ''
  return `returns trigger language plpgsql volatile security definer set search_path = pg_catalog set timezone = 'UTC' as $$
begin
  if tg_op = 'INSERT' then
    ${all('new_rows', 'insert')};
  elsif tg_op = 'DELETE' then
    ${all('old_rows', 'delete')};
  else
    ${into} coalesce(n.tenant_id, o.tenant_id), ${entity.instanced ? 'coalesce(n.instance_id, o.instance_id)' : 'null'}, ${id},
      case when n.tenant_id is null then 'delete' when o.tenant_id is null then 'insert' ${hides}else 'update' end,
      ${key(column => `coalesce(n.${column}, o.${column})`)}, ${owners('o', 'n')}
    from old_rows o full join new_rows n on ${ties.map(column => `n.${column} = o.${column}`).join(' and ')};
  end if;
  if found then
    perform pg_notify('${changesChannel}', '');
  end if;
  return null;
end $$`
}
