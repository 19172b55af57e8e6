import type { Act, ActFilter, RecordedAct } from '../../core/audit.ts'
import type { Step } from './ddl.ts'
import { identifier, isoText, type Statement } from './sql/writer.ts'

const table = '"tenantry"."audit"'

/**
 * The record of the platform's acts. The platform's writer adds to it and its reader reads it; nobody has the right to change
 * it, and a trigger refuses that even to its owner.
 */
export function auditSteps(prefix: string): Step[] {
  const role = (name: 'reader' | 'writer') => identifier(`${prefix}_${name}`)
  const written = columns.map(({ name }) => name)
  return [
    {
      id: 'table tenantry.audit',
      sql: `create table ${table} (id bigint generated always as identity primary key,
        at timestamptz not null default clock_timestamp(), ${columns.map(({ name, sql }) => `${name} ${sql}`).join(', ')})`,
    },
    {
      id: 'index tenantry.audit_tenant_idx',
      sql: `create index audit_tenant_idx on ${table} (tenant, id)`,
    },
    {
      id: 'index tenantry.audit_subject_idx',
      sql: `create index audit_subject_idx on ${table} (subject, id)`,
    },
    {
      id: 'trigger tenantry.audit.append_only',
      sql: `create trigger append_only before update or delete or truncate on ${table} for each statement execute function tenantry.append_only()`,
    },
    { id: `grant tenantry.audit ${prefix}_reader`, sql: `grant select on ${table} to ${role('reader')}` },
    // Number and time are the database's to give.
    ...written.map(name => ({
      id: `column grant tenantry.audit.${name} ${prefix}_writer`,
      sql: `grant insert (${name}) on ${table} to ${role('writer')}`,
    })),
  ]
}

export const appendOnlyFunction: Step = {
  id: 'function tenantry.append_only',
  sql: `create or replace function tenantry.append_only() returns trigger language plpgsql set search_path = pg_catalog as $$
begin
  raise exception using errcode = '42501', message = 'the record of acts can only be added to';
end $$`,
}

const columns: readonly { readonly name: string; readonly sql: string; readonly of: (act: Act) => string | null }[] = [
  { name: 'subject', sql: 'text collate "C" not null', of: ({ subject }) => subject },
  { name: 'via', sql: 'text collate "C" not null', of: ({ via }) => via },
  { name: 'request_id', sql: 'text collate "C"', of: ({ requestId }) => requestId ?? null },
  { name: 'tenant', sql: 'text collate "C"', of: ({ tenant }) => tenant },
  { name: 'instance', sql: 'text collate "C"', of: ({ instance }) => instance },
  { name: 'verb', sql: 'text collate "C" not null', of: ({ verb }) => verb },
  { name: 'target', sql: 'text collate "C"', of: ({ target }) => target },
  { name: 'rows', sql: 'bigint', of: ({ rows }) => (rows === null ? null : String(rows)) },
  { name: 'outcome', sql: 'text collate "C" not null', of: ({ outcome }) => outcome },
]

const insertSql = `insert into ${table} (${columns.map(({ name }) => name).join(', ')}) values (${columns.map((_, index) => `$${index + 1}`).join(', ')})`

export function recordStatement(act: Act): Statement {
  return { text: insertSql, values: columns.map(({ of }) => of(act)) }
}

const listSql = `select id, ${isoText('at')} as at, subject, via,
  request_id as "requestId", tenant, instance, verb, target, rows, outcome from ${table}
  where ($1::bigint is null or id < $1) and ($2::text is null or tenant = $2) and ($3::text is null or subject = $3)
    and ($4::text is null or verb = $4) and ($5::text is null or target = $5) and ($6::text is null or request_id = $6)
  order by id desc limit $7`

export function listStatement({ before, tenant, subject, verb, target, requestId, limit }: ActFilter) {
  const values = [before ?? null, tenant ?? null, subject ?? null, verb ?? null, target ?? null, requestId ?? null]
  return { text: listSql, values: [...values, limit] }
}

/** `bigint` comes as text. */
export type ActRow = Omit<RecordedAct, 'id' | 'rows'> & { readonly id: string; readonly rows: string | null }

export function toAct({ id, rows, ...rest }: ActRow): RecordedAct {
  return { id: Number(id), ...rest, rows: rows === null ? null : Number(rows) }
}

/** Of the rows that are to be inserted: how many name no tenant, and how many one that cannot run. Those that can stay so. */
export const givenTenantsSql = `with given as (select distinct j.tenant_id as key from json_to_recordset($1::json) as j(tenant_id text)),
  able as (select t.key from tenantry.tenants t where t.state = 'active' and t.key in (select key from given) for share)
  select (select count(*) from given where key is null), (select count(*) from given where key is not null and key not in (select key from able))`
