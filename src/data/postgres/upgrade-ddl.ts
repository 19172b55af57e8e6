import type { Entity, Module } from '../../core/module-set.ts'
import { currentTenant } from './policies.ts'
import { rolesOf } from './roles.ts'
import { tableOf } from './sql/join.ts'
import { raised } from './sql/raised.ts'
import { identifier, literal } from './sql/writer.ts'
import type { Step } from './step.ts'

/** Held by writes, shared, and by an upgrade of the tenant, alone. `$1` or a variable with the tenant's key stands in it. */
export const upgradeLock = (tenant: string) => `hashtextextended('tenantry upgrade ' || ${tenant}, 0)`

const ofTenant = `tenant_id = (select ${currentTenant})`

/**
 * What upgrades are kept in: their record; which schemas of a tenant nobody may write to, because it was moved away from there and
 * a node may not know yet; and a print of each row that was carried over, by which later writes are told.
 */
export function upgradeSteps(prefix: string): Step[] {
  const { main, mover } = rolesOf(prefix)
  const owned = (table: string): Step => ({
    id: `policy tenantry.${table}.main`,
    sql: `create policy main on "tenantry".${table} to ${identifier(main)} using (true) with check (true)`,
  })
  const ofMover = (table: string): Step[] => [
    {
      id: `policy tenantry.${table}.mover`,
      sql: `create policy mover on "tenantry".${table} to ${identifier(mover)} using (${ofTenant}) with check (${ofTenant})`,
    },
    {
      id: `grant tenantry.${table} ${mover}`,
      sql: `grant select, insert, delete on "tenantry".${table} to ${identifier(mover)}`,
    },
  ]
  const secured = (table: string) =>
    `alter table "tenantry".${table} enable row level security, force row level security`
  return [
    {
      id: 'table tenantry.upgrades',
      sql: `create table "tenantry".upgrades (id bigint generated always as identity primary key,
        tenant text collate "C" not null, pairs jsonb not null, rows jsonb not null,
        state text collate "C" not null default 'upgraded', upgraded_at timestamptz not null default clock_timestamp(), ended_at timestamptz)`,
    },
    {
      id: 'index tenantry.upgrades_tenant_idx',
      sql: 'create index upgrades_tenant_idx on "tenantry".upgrades (tenant, id)',
    },
    {
      id: `grant tenantry.upgrades ${prefix}_reader`,
      sql: `grant select on "tenantry".upgrades to ${identifier(`${prefix}_reader`)}`,
    },
    {
      id: `grant tenantry.upgrades ${prefix}_writer`,
      sql: `grant select, insert, update on "tenantry".upgrades to ${identifier(`${prefix}_writer`)}`,
    },
    {
      id: 'table tenantry.frozen',
      sql: `create table "tenantry".frozen (tenant_id text collate "C" not null default ${currentTenant}, schema_name text collate "C" not null,
        constraint frozen_pkey primary key (tenant_id, schema_name)); ${secured('frozen')}`,
    },
    owned('frozen'),
    ...ofMover('frozen'),
    ...['tenant_writer', 'tenant_instance_writer', 'instance_writer', 'writer'].flatMap(role => [
      {
        id: `policy tenantry.frozen.${role}`,
        sql: `create policy ${role} on "tenantry".frozen for select to ${identifier(`${prefix}_${role}`)} using (${role.startsWith('tenant_') ? ofTenant : 'true'})`,
      },
      {
        id: `grant tenantry.frozen ${prefix}_${role}`,
        sql: `grant select on "tenantry".frozen to ${identifier(`${prefix}_${role}`)}`,
      },
    ]),
    {
      id: 'table tenantry.upgrade_prints',
      sql: `create table "tenantry".upgrade_prints (tenant_id text collate "C" not null default ${currentTenant}, entity text collate "C" not null,
        key text collate "C" not null, print uuid not null,
        constraint upgrade_prints_pkey primary key (tenant_id, entity, key)); ${secured('upgrade_prints')}`,
    },
    owned('upgrade_prints'),
    ...ofMover('upgrade_prints'),
  ]
}

/**
 * Lets a write of a tenant pass unless an upgrade of that tenant is under way or has moved it away from there. It never waits: neither for
 * an upgrade nor for one that waits for the writes before it. What foreign keys do to frozen rows has to happen there, too.
 */
export function fenceFunction(prefix: string): Step {
  const { main, mover } = rolesOf(prefix)
  return {
    id: 'function tenantry.fence',
    sql: `create or replace function tenantry.fence() returns trigger language plpgsql as $$
declare
  tenant text := nullif(current_setting('tenantry.tenant', true), '');
  passes boolean;
begin
  if tg_level = 'ROW' then
    if tg_op = 'DELETE' then tenant := old.tenant_id; else tenant := new.tenant_id; end if;
  end if;
  if tenant is not null and current_user <> ${literal(main)} and current_user <> ${literal(mover)} then
    -- First the lock, then the look: in one expression the look would be older than the lock.
    passes := pg_try_advisory_xact_lock_shared(${upgradeLock('tenant')});
    if passes then
      passes := not exists (select from tenantry.frozen f where f.tenant_id = tenant and f.schema_name = tg_table_schema);
    end if;
    if not passes then
      raise exception using errcode = '${raised.upgrading}', message = 'the tenant is being upgraded';
    end if;
  end if;
  if tg_op = 'DELETE' then return old; end if;
  return new;
end $$`,
  }
}

/** Only where a module has two majors of which one takes over from the other; other tables have nothing of it. */
export function upgradableSteps(module: Module, prefix: string): Step[] {
  if (!module.upgradable) return []
  const { mover } = rolesOf(prefix)
  return [
    {
      id: `schema grant ${module.schema} ${mover}`,
      sql: `grant usage on schema ${identifier(module.schema)} to ${identifier(mover)}`,
    },
    ...module.entities.filter(({ global }) => !global).flatMap(entity => entitySteps(entity, mover)),
  ]
}

function entitySteps(entity: Entity, mover: string): Step[] {
  const table = `${entity.module.schema}.${entity.name}`
  const trigger = (name: string, each: string): Step => ({
    id: `trigger ${table}.${name}`,
    sql: `create trigger ${name} before insert or update or delete on ${tableOf(entity)} for each ${each} execute function tenantry.fence()`,
  })
  return [
    {
      id: `policy ${table}.mover`,
      sql: `create policy mover on ${tableOf(entity)} to ${identifier(mover)} using (${ofTenant}) with check (${ofTenant})`,
    },
    {
      id: `grant ${table} ${mover}`,
      sql: `grant select, insert, update, delete on ${tableOf(entity)} to ${identifier(mover)}`,
    },
    trigger('fence', 'statement'),
    // Who writes across tenants names the tenant in each row.
    trigger('fence_across', `row when (${currentTenant} is null)`),
  ]
}
