import { createHash } from 'node:crypto'
import type { Once, OnceAnswer } from '../../core/datasource.ts'
import { TenantryError } from '../../core/errors.ts'
import type { Answer } from '../../core/plan.ts'
import type { TenantContext } from '../../core/tenant-context.ts'
import type { Step } from './ddl.ts'
import { currentSubject } from './own-rows.ts'
import { currentTenant } from './policies.ts'
import { rolesOf } from './roles.ts'
import { identifier } from './sql/writer.ts'
import type { StatementRow } from './tenant-statement.ts'

/** Bytes of an answer that is kept; a write whose answer is larger is not made. */
const mostBytes = 256 * 1024
/** Answers whose time is over, removed with each new one. */
const sweep = 100

const table = '"tenantry"."idempotency"'
const ofTenant = `tenant_id = (select ${currentTenant})`
const ofSubject = `subject = (select ${currentSubject})`

/**
 * Where answers to writes with an `Idempotency-Key` are kept, under row security: a tenant's writers see those of their own
 * subject, add such, and remove what has expired, of the whole tenant. The platform's writer only removes.
 */
export function idempotencySteps(prefix: string): Step[] {
  const main = identifier(rolesOf(prefix).main)
  const policy = (role: string, command: 'select' | 'insert' | 'delete', condition: string): Step => ({
    id: `policy tenantry.idempotency.${role}_${command}`,
    sql: `create policy ${role}_${command} on ${table} for ${command} to ${identifier(`${prefix}_${role}`)} ${command === 'insert' ? 'with check' : 'using'} (${condition})`,
  })
  return [
    {
      id: 'table tenantry.idempotency',
      sql: `create table ${table} (tenant_id text collate "C" not null default ${currentTenant},
        subject text collate "C" not null default ${currentSubject}, key_hash bytea not null, fingerprint text not null,
        answer text not null, created_at timestamptz not null default now(), expires_at timestamptz not null,
        constraint idempotency_pkey primary key (tenant_id, key_hash));
        alter table ${table} enable row level security, force row level security`,
    },
    {
      id: 'index tenantry.idempotency_expires_at_idx',
      sql: `create index idempotency_expires_at_idx on ${table} (tenant_id, expires_at)`,
    },
    {
      id: 'policy tenantry.idempotency.main',
      sql: `create policy main on ${table} to ${main} using (true) with check (true)`,
    },
    ...['tenant_writer', 'tenant_instance_writer'].flatMap(role => [
      policy(role, 'select', `${ofTenant} and (${ofSubject} or expires_at <= now())`),
      policy(role, 'insert', `${ofTenant} and ${ofSubject}`),
      policy(role, 'delete', `${ofTenant} and expires_at <= now()`),
      {
        id: `grant tenantry.idempotency ${prefix}_${role}`,
        sql: `grant select, insert, delete on ${table} to ${identifier(`${prefix}_${role}`)}`,
      },
    ]),
    policy('writer', 'select', 'true'),
    policy('writer', 'delete', 'true'),
    {
      id: `grant tenantry.idempotency ${prefix}_writer`,
      sql: `grant delete on ${table} to ${identifier(`${prefix}_writer`)}`,
    },
    {
      id: `column grant tenantry.idempotency.tenant_id ${prefix}_writer`,
      sql: `grant select (tenant_id) on ${table} to ${identifier(`${prefix}_writer`)}`,
    },
  ]
}

/**
 * Inside one transaction: answers what the first request with the key was answered, or lets `write` make its answer and keeps
 * it. Throws `conflict` while the first one is under way (`retryAfter`), and for another request under the same key.
 */
export async function runOnceIn(
  run: (text: string, values: readonly (string | null)[]) => Promise<StatementRow>,
  { tenant, instance, principal }: TenantContext,
  { key, fingerprint, seconds }: Once,
  write: () => Promise<Answer>,
): Promise<OnceAnswer> {
  // A subject of the system tenant may be called as one of the tenant's.
  const foreign = principal.tenant === tenant ? [] : [principal.tenant]
  const hash = createHash('sha256')
    .update(JSON.stringify([tenant, instance, principal.subject, key, ...foreign]))
    .digest()
  const ofKey = `\\x${hash.toString('hex')}`
  // Ends with the transaction. Waiting instead would let callers who repeat themselves hold all connections.
  const [isFirst, sweeps] = await run(
    'select pg_try_advisory_xact_lock($1::bigint)::text, pg_try_advisory_xact_lock($2::bigint)::text',
    [lockOf(hash), lockOf(createHash('sha256').update(`sweep ${tenant}`).digest())],
  )
  if (isFirst !== 'true') throw underWay()
  const [found, kept] = await run(
    `select fingerprint, answer from ${table} where key_hash = $1::bytea and ${ofSubject} and expires_at > now()`,
    [ofKey],
  )
  if (found != null && kept != null) {
    if (found !== fingerprint) throw otherRequest()
    return { answer: JSON.parse(kept), replayed: true }
  }
  await run(
    `delete from ${table} where expires_at <= now() and (key_hash = $1::bytea
      or ($2::boolean and ctid = any (array(select ctid from ${table} where expires_at <= now() order by expires_at limit ${sweep}))))`,
    [ofKey, sweeps ?? 'false'],
  )
  const answer = await write()
  const text = JSON.stringify(answer)
  if (Buffer.byteLength(text) > mostBytes) throw tooLarge()
  await run(
    `insert into ${table} (key_hash, fingerprint, answer, expires_at)
      values ($1::bytea, $2::text, $3::text, now() + $4::double precision * interval '1 second')`,
    [ofKey, fingerprint, text, String(seconds)],
  )
  return { answer, replayed: false }
}

function lockOf(hash: Buffer): string {
  return String(hash.readBigInt64BE())
}

function underWay(): TenantryError {
  return new TenantryError('conflict', 'The first request with this Idempotency-Key is still under way', {
    reason: 'idempotency_under_way',
    hint: 'Send it again in a moment to get the same answer',
    retryAfter: 1,
  })
}

function otherRequest(): TenantryError {
  return new TenantryError('conflict', 'Another request had this Idempotency-Key', {
    reason: 'idempotency_key_reused',
    hint: 'A key is for one request and its repetitions: take a new one',
  })
}

function tooLarge(): TenantryError {
  return new TenantryError(
    'too_large',
    `An answer that is kept has ${mostBytes / 1024} KiB at most, so nothing was written`,
    {
      hint: 'Send return=minimal, or fewer rows',
    },
  )
}
