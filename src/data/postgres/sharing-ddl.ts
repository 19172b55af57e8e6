import { constraintName, type Entity, sharedField } from '../../core/module-set.ts'
import { currentTenant, tenantRoleNames } from './policies.ts'
import { rolesOf } from './roles.ts'
import { tableOf } from './sql/join.ts'
import { identifier, literal } from './sql/writer.ts'
import type { Step } from './step.ts'

/** Names of the groups that the context's tenant is a member of, as an array. */
export const ownGroups = 'tenantry.sharing_groups()'
/** Who has left one of those groups: `group/tenant`, as an array. */
const formerMembers = 'tenantry.sharing_former()'

/** The functions that run with the rights of the sharing role, as the live catalog names them. */
export const sharingSignatures: readonly string[] = [
  'tenantry.sharing_groups()',
  'tenantry.sharing_former()',
  'tenantry.sharing_check()',
]

/**
 * Groups, their members, and the functions by which policies know of them. Nobody who serves a tenant may read these tables: the
 * functions belong to a role without a login that nobody may become. A member that leaves stays in the table, because its rows
 * still name the group; so does a group that is deleted, because its name is never given again.
 */
export function sharingSteps(prefix: string): Step[] {
  const { main, sharing, tenantRoles } = rolesOf(prefix)
  const table = (name: string, columns: string): Step => ({
    id: `table tenantry.${name}`,
    sql: `create table tenantry.${name} (${columns})`,
    definition: `r p owner ${main}`,
  })
  const grant = (table: string, role: string, rights: string): Step => ({
    id: `grant tenantry.${table} ${role}`,
    sql: `grant ${rights} on tenantry.${table} to ${identifier(role)}`,
    definition: rights.toUpperCase().split(', ').sort().join(' '),
  })
  const definer = (name: string, body: string, callers: readonly string[]): Step[] => [
    {
      id: `function tenantry.${name}`,
      sql: `grant create on schema tenantry to ${identifier(sharing)};
        set local role ${identifier(sharing)};
        create or replace function tenantry.${name}() ${body};
        revoke execute on function tenantry.${name}() from public;
        grant execute on function tenantry.${name}() to ${callers.map(identifier).join(', ')};
        set local role ${identifier(main)};
        revoke create on schema tenantry from ${identifier(sharing)}`,
      covers: callers.map(role => `function grant tenantry.${name}() ${role}`),
    },
    ...callers.map(role => ({
      id: `function grant tenantry.${name}() ${role}`,
      sql: `set local role ${identifier(sharing)}; grant execute on function tenantry.${name}() to ${identifier(role)}; set local role ${identifier(main)}`,
      definition: 'EXECUTE',
    })),
  ]
  return [
    table(
      'groups',
      `name text collate "C" primary key check (name ~ '^[a-z0-9][a-z0-9-]{0,61}[a-z0-9]$'),
       created_at timestamptz not null default now(), deleted_at timestamptz`,
    ),
    table(
      'group_members',
      `group_name text collate "C" not null references tenantry.groups (name), tenant text collate "C" not null,
       joined_at timestamptz not null default now(), left_at timestamptz, primary key (group_name, tenant)`,
    ),
    {
      id: 'index tenantry.group_members_tenant_idx',
      sql: 'create index group_members_tenant_idx on tenantry.group_members (tenant)',
    },
    {
      id: 'index tenantry.group_members_left_idx',
      sql: 'create index group_members_left_idx on tenantry.group_members (group_name) where left_at is not null',
    },
    ...['groups', 'group_members'].flatMap(name => [
      grant(name, `${prefix}_reader`, 'select'),
      grant(name, `${prefix}_writer`, 'select, insert, update'),
    ]),
    {
      id: `schema grant tenantry ${sharing}`,
      sql: `grant usage on schema tenantry to ${identifier(sharing)}`,
      definition: 'USAGE',
    },
    grant('groups', sharing, 'select'),
    grant('group_members', sharing, 'select'),
    ...definer('sharing_groups', groupsBody, tenantRoles),
    ...definer('sharing_former', formerBody, tenantRoles),
    ...definer('sharing_check', checkBody, [main]),
  ]
}

const asText =
  'returns text[] language plpgsql stable parallel restricted security definer set search_path = pg_catalog'

const groupsBody = `${asText} as $$
begin
  return array(
    select m.group_name from tenantry.group_members m join tenantry.groups g on g.name = m.group_name and g.deleted_at is null
    where m.tenant = ${currentTenant} and m.left_at is null);
end $$`

const formerBody = `${asText} as $$
begin
  return array(
    select m.group_name || '/' || m.tenant from tenantry.group_members own
    join tenantry.group_members m on m.group_name = own.group_name and m.left_at is not null
    where own.tenant = ${currentTenant} and own.left_at is null);
end $$`

/** Whoever writes a row, its tenant must be a member of the group that the row newly names. */
const checkBody = `returns trigger language plpgsql security definer set search_path = pg_catalog as $$
begin
  if tg_op = 'UPDATE' then
    if new.shared_with is not distinct from old.shared_with and new.tenant_id = old.tenant_id then
      return new;
    end if;
  end if;
  if not exists (select from tenantry.group_members m join tenantry.groups g on g.name = m.group_name and g.deleted_at is null
      where m.group_name = new.shared_with and m.tenant = new.tenant_id and m.left_at is null) then
    raise exception using errcode = '42501', message = 'the tenant is no member of such a group';
  end if;
  return new;
end $$`

/**
 * What an entity with `shareWith` has more than others. Rows that are not shared are in no further index and run no trigger. The
 * mover carries rows as they are, also of a tenant that has left the group since.
 */
export function shareSteps(entity: Entity, prefix: string): Step[] {
  if (!entity.sharing) return []
  const { schema } = entity.module
  const index = constraintName(entity.name, [sharedField], 'idx')
  const live = entity.softDelete ? ' and deleted_at is null' : ''
  const columns = [sharedField, ...entity.key].map(identifier).join(', ')
  return [
    {
      id: `index ${schema}.${index}`,
      sql: `create index ${identifier(index)} on ${tableOf(entity)} (${columns}) where ${sharedField} is not null`,
    },
    {
      id: `policy ${schema}.${entity.name}.shared`,
      sql: `create policy shared on ${tableOf(entity)} for select to ${tenantRoleNames(prefix)}
        using (${sharedField} = any ((select ${ownGroups})::text[]) and ${sharedField} || '/' || tenant_id <> all ((select ${formerMembers})::text[])${live})`,
    },
    {
      id: `trigger ${schema}.${entity.name}.share`,
      sql: `create trigger share before insert or update on ${tableOf(entity)} for each row when (new.${sharedField} is not null and current_user <> ${literal(rolesOf(prefix).mover)}) execute function tenantry.sharing_check()`,
    },
  ]
}
