import { appendOnlyFunction } from './audit.ts'
import type { Step } from './ddl.ts'
import { databasesColumns } from './fleet/record.ts'
import { ledgerColumns } from './migrate/ledger.ts'
import { nodesColumns } from './nodes.ts'
import { rolesOf } from './roles.ts'
import { sharingSteps } from './sharing-ddl.ts'
import { identifier, literal } from './sql/writer.ts'
import { fenceFunction } from './upgrade-ddl.ts'

/** The tables of the platform itself and the functions that all tables use, in schema `tenantry`. Pure. */
export function platformSteps(prefix: string): Step[] {
  const roles = rolesOf(prefix)
  /** Rights on a platform table, with the name under which they are read back. */
  const grant = (table: string, role: 'reader' | 'writer', rights: string): Step => ({
    id: `grant tenantry.${table} ${prefix}_${role}`,
    sql: `grant ${rights} on tenantry.${table} to ${identifier(`${prefix}_${role}`)}`,
    definition: rights.toUpperCase().split(', ').sort().join(' '),
  })
  const table = (name: string, columns: string): Step => ({
    id: `table tenantry.${name}`,
    sql: `create table tenantry.${name} (${columns})`,
    definition: `r p owner ${roles.main}`,
  })
  return [
    { id: 'schema tenantry', sql: 'create schema tenantry' },
    ...[...roles.servingRoles, roles.mover].map(role => ({
      id: `schema grant tenantry ${role}`,
      sql: `grant usage on schema tenantry to ${identifier(role)}`,
      definition: 'USAGE',
    })),
    ...functions,
    fenceFunction(prefix),
    keepFunction(prefix),
    refuseChangeFunction(prefix),
    table(
      'installation',
      `single boolean primary key default true check (single),
       prefix text not null, key_fingerprint text not null, public_url text, verified text, created_at timestamptz not null default now()`,
    ),
    grant('installation', 'reader', 'select'),
    grant('installation', 'writer', 'select'),
    {
      id: `column grant tenantry.installation.public_url ${prefix}_writer`,
      sql: `grant update (public_url) on tenantry.installation to ${identifier(`${prefix}_writer`)}`,
      definition: 'UPDATE',
    },
    table(
      'catalog_version',
      'single boolean primary key default true check (single), version bigint not null default 0',
    ),
    grant('catalog_version', 'reader', 'select'),
    grant('catalog_version', 'writer', 'select, update'),
    table(
      'tenants',
      `key text collate "C" primary key check (key ~ '^[a-z0-9][a-z0-9-]{0,30}[a-z0-9]$'),
       name text not null check (char_length(name) between 1 and 200),
       state text not null check (state = any (array['provisioning', 'active', 'suspended', 'removing', 'removed'])),
       cell text not null, isolation text not null, process text not null, datasource text not null,
       subscriptions text[] not null default '{}',
       version bigint not null, created_at timestamptz not null default now(), updated_at timestamptz not null default now()`,
    ),
    ...['edition text collate "C"', 'cohort text collate "C"', `flags text[] not null default '{}'`].map(column => ({
      id: `column tenantry.tenants.${column.split(' ', 1)[0]}`,
      sql: `alter table tenantry.tenants add column ${column}`,
    })),
    {
      id: 'index tenantry.tenants_version_idx',
      sql: 'create unique index tenants_version_idx on tenantry.tenants (version)',
    },
    grant('tenants', 'reader', 'select'),
    grant('tenants', 'writer', 'select, insert, update'),
    {
      id: 'trigger tenantry.tenants.number_change',
      sql: 'create trigger number_change before insert or update on tenantry.tenants for each row execute function tenantry.number_change()',
    },
    table(
      'tenant_keys',
      `tenant text collate "C" not null references tenantry.tenants (key), kid text collate "C" not null,
       public_jwk text not null, sealed_private_jwk text not null, created_at timestamptz not null default now(),
       primary key (tenant, kid)`,
    ),
    table('migrations', ledgerColumns),
    table('databases', databasesColumns),
    table('nodes', nodesColumns),
    grant('nodes', 'writer', 'select, insert, update, delete'),
    grant('tenant_keys', 'reader', 'select'),
    grant('tenant_keys', 'writer', 'select, insert, delete'),
    ...sharingSteps(prefix),
  ]
}

/** Version 7 of RFC 9562 for servers older than 18: 48 bits of time, the rest random. */
const uuidV7 = `
create or replace function tenantry.uuid_v7() returns uuid language plpgsql volatile set search_path = pg_catalog as $$
begin
  return encode(set_bit(set_bit(overlay(uuid_send(gen_random_uuid()) placing
    substring(int8send(floor(extract(epoch from clock_timestamp()) * 1000)::bigint) from 3) from 1 for 6), 52, 1), 53, 1), 'hex')::uuid;
end $$`

const functions: Step[] = [
  appendOnlyFunction,
  {
    id: 'function tenantry.uuid_v7',
    sql: `do $do$ begin
      if current_setting('server_version_num')::int >= 180000 then
        create or replace function tenantry.uuid_v7() returns uuid language sql volatile as 'select pg_catalog.uuidv7()';
      else ${uuidV7};
      end if; end $do$`,
  },
  {
    id: 'function tenantry.longest',
    sql: `create or replace function tenantry.longest(text[]) returns int language sql immutable set search_path = pg_catalog as 'select max(char_length(t)) from unnest($1) t'`,
  },
  {
    id: 'function tenantry.shortest',
    sql: `create or replace function tenantry.shortest(text[]) returns int language sql immutable set search_path = pg_catalog as 'select min(char_length(t)) from unnest($1) t'`,
  },
  {
    // Lets a statement refuse itself once it knows its rows, so that it rolls back.
    id: 'function tenantry.refuse',
    sql: `create or replace function tenantry.refuse(code text, message text) returns text language plpgsql volatile set search_path = pg_catalog as $$
begin
  raise exception using errcode = code, message = message;
end $$`,
  },
  {
    // Catalog changes are numbered without gaps: the counter's row is locked until the change commits.
    id: 'function tenantry.number_change',
    sql: `create or replace function tenantry.number_change() returns trigger language plpgsql set search_path = pg_catalog as $$
begin
  update tenantry.catalog_version set version = version + 1 returning version into new.version;
  new.updated_at := now();
  perform pg_notify('tenantry_catalog', new.version::text);
  return new;
end $$`,
  },
]

/**
 * Row duties: times, authors and revision. A revision that is given must be the current one (F3.2). Who carries rows over as they
 * are has none of them. It runs for every row, with the rights of who writes it, and has no search path of its own: to set one takes
 * longer than all that it does.
 */
const keepFunction = (prefix: string): Step => ({
  id: 'function tenantry.keep',
  sql: `create or replace function tenantry.keep() returns trigger language plpgsql as $$
begin
  if current_user = ${literal(rolesOf(prefix).mover)} then return new; end if;
  if tg_op = 'INSERT' then
    new.created_at := pg_catalog.now();
    new.updated_at := new.created_at;
  else
    new.created_at := old.created_at;
    new.updated_at := pg_catalog.now();
  end if;
  if tg_nargs = 0 then return new; end if;
  if tg_argv[0] = 'revision' then
    if tg_op = 'INSERT' then
      if new.revision is distinct from 1 then
        raise exception using errcode = 'TN400', message = 'A new row has revision 1';
      end if;
    else
      if new.revision is distinct from old.revision then
        raise exception using errcode = 'TN409', message = tg_table_name;
      end if;
      new.revision := old.revision + 1;
    end if;
  end if;
  if tg_argv[tg_nargs - 1] = 'authors' then
    new.updated_by := coalesce(pg_catalog.current_setting('tenantry.subject', true), '');
    if tg_op = 'INSERT' then new.created_by := new.updated_by; else new.created_by := old.created_by; end if;
  end if;
  return new;
end $$`,
})

/** Of the fields that it is given, those that a change would write a second time. Who carries rows over writes them as they were. */
const refuseChangeFunction = (prefix: string): Step => ({
  id: 'function tenantry.refuse_change',
  sql: `create or replace function tenantry.refuse_change() returns trigger language plpgsql set search_path = pg_catalog as $$
declare
  names text[];
begin
  if current_user = ${literal(rolesOf(prefix).mover)} then return new; end if;
  select array_agg(name) into names from unnest(tg_argv) name
    where to_jsonb(old) -> name <> 'null' and to_jsonb(new) -> name is distinct from to_jsonb(old) -> name;
  raise exception using errcode = 'TN422', message = concat_ws(' ', tg_table_name, array_to_string(names, ','));
end $$`,
})
