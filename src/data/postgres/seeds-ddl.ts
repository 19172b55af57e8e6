import { seeded } from '../../core/seeded.ts'
import { currentTenant } from './policies.ts'
import { rolesOf } from './roles.ts'
import { tableOf } from './sql/join.ts'
import { identifier } from './sql/writer.ts'
import type { Step } from './step.ts'

/** Which rows were seeded: under row security of the tenant, for the role with which the platform seeds it. */
export function seedsSteps(prefix: string): Step[] {
  const table = tableOf(seeded)
  const ofTenant = `tenant_id = (select ${currentTenant})`
  const policy = (name: string, role: string, rule: string): Step => ({
    id: `policy tenantry.seeded.${name}`,
    sql: `create policy ${name} on ${table} ${rule.replace('%', identifier(role))}`,
  })
  const grant = (role: string, rights: string): Step => ({
    id: `grant tenantry.seeded ${prefix}_${role}`,
    sql: `grant ${rights} on ${table} to ${identifier(`${prefix}_${role}`)}`,
  })
  return [
    {
      id: 'table tenantry.seeded',
      sql: `create table ${table} (tenant_id text collate "C" not null default ${currentTenant}, entity text collate "C" not null,
        seed_key text collate "C" not null, row_key text collate "C" not null, row_created_at timestamptz not null,
        temporary boolean not null, created_at timestamptz not null default now(), updated_at timestamptz not null default now(),
        constraint seeded_pkey primary key (tenant_id, entity, seed_key));
        alter table ${table} enable row level security, force row level security`,
    },
    policy('main', rolesOf(prefix).main, 'to % using (true) with check (true)'),
    policy('tenant_writer', `${prefix}_tenant_writer`, `for all to % using (${ofTenant}) with check (${ofTenant})`),
    grant('tenant_writer', 'select, insert, update, delete'),
    // A tenant that is removed leaves none of them behind.
    policy('writer_select', `${prefix}_writer`, 'for select to % using (true)'),
    policy('writer_delete', `${prefix}_writer`, 'for delete to % using (true)'),
    grant('writer', 'delete'),
    {
      id: `column grant tenantry.seeded.tenant_id ${prefix}_writer`,
      sql: `grant select (tenant_id) on ${table} to ${identifier(`${prefix}_writer`)}`,
    },
  ]
}
