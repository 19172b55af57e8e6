import { changesTable, sweptTable } from './changes-ddl.ts'
import type { ConnectionTarget } from './driver.ts'
import { withSession } from './session.ts'
import { identifier } from './sql/writer.ts'

/** Any number; of several nodes one sweeps. */
const sweepLock = 7_203_443
const batch = 10_000

/** What goes and the note up to which transaction it went are one statement, so no consumer sees one without the other. */
const sweepSql = `with gone as (
    delete from ${changesTable} where ctid = any (array(
      select ctid from ${changesTable} where at < now() - $1::double precision * interval '1 hour' limit ${batch}))
    returning tenant_id, entity, xid),
  noted as (
    insert into ${sweptTable} as s (tenant_id, entity, xid) select tenant_id, entity, max(xid) from gone group by 1, 2
    on conflict (tenant_id, entity) do update set xid = greatest(s.xid, excluded.xid))
  select count(*) as count from gone`

/** Removes changes older than `hours`, some at a time; answers how many. Another node that sweeps has its turn instead. */
export function sweepChanges(target: ConnectionTarget, prefix: string, hours: number): Promise<number> {
  const config = { application_name: 'tenantry sweep', connectionTimeoutMillis: 5_000 }
  return withSession(target, config, async client => {
    const { rows } = await client.query<{ mine: boolean }>('select pg_try_advisory_lock($1) as mine', [sweepLock])
    if (!rows[0]?.mine) return 0
    await client.query(`set role ${identifier(`${prefix}_writer`)}`)
    let total = 0
    for (let count = batch; count === batch; ) {
      const swept = await client.query<{ count: string }>(sweepSql, [hours])
      count = Number(swept.rows[0]?.count)
      total += count
    }
    return total
  })
}

/** Sweeps now and then until it is closed; what fails is tried again the next time. */
export function startSweeping(sweep: () => Promise<unknown>, hours: number): { close(): void } {
  const pause = Math.min(3_600_000, Math.max(60_000, (hours * 3_600_000) / 20))
  const timer = setInterval(() => sweep().catch(() => {}), pause).unref()
  return { close: () => clearInterval(timer) }
}
