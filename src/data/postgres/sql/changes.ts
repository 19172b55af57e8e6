import type { Entity } from '../../../core/module-set.ts'
import { changesTable, ofTenant, sweptTable } from '../changes-ddl.ts'
import type { Cursor } from '../changes-position.ts'
import { Binder, type Statement } from './writer.ts'

/** Changes of one page. */
export const pageSize = 200

/** One row: the snapshot that the next changes are compared with. */
export function presentSql(): Statement {
  return { text: 'select pg_current_snapshot()::text', values: [] }
}

/**
 * One row: the page as JSON `[[position, operation, key, at], …]`, the snapshot that it goes up to, whether changes behind the
 * cursor are no longer kept, and whether its snapshots are from a future that this server has not seen. Policies choose the tenant.
 */
export function changesSql(entity: Entity, { since, within }: Cursor): Statement {
  const binder = new Binder()
  const name = binder.bind(entity.id, 'text')
  const from = binder.bind(since, 'pg_snapshot')
  const upto = within ? binder.bind(within.upto, 'pg_snapshot') : 'pg_current_snapshot()'
  const select = `select position, operation, key, at from ${changesTable} where entity = ${name}`
  // What `from` does not see: later transactions, and those that were under way. Found by their numbers, so that a transaction
  // that stays open costs nothing; once there is a first page, the others follow it by position.
  const changes = within
    ? `${select} and position > ${binder.bind(within.after, 'bigint')} and not pg_visible_in_snapshot(xid, ${from}) and pg_visible_in_snapshot(xid, ${upto})`
    : `select * from delta`
  // `offset 0`: each of them is looked up in the index, however many the planner believes there are.
  const open = `select c.* from pg_snapshot_xip(${from}) x cross join lateral (${select} and xid = x offset 0) c`
  const delta = `delta as materialized (${select} and xid >= pg_snapshot_xmax(${from}) union all ${open}), `
  // Also a transaction that was under way in `from`, has ended since and is older than what was swept: its changes may be gone.
  const ended = `exists (select from pg_snapshot_xip(${from}) x where x <= s.xid and pg_visible_in_snapshot(x, pg_current_snapshot()))`
  const lost = `coalesce((select s.xid >= pg_snapshot_xmax(${from}) or ${ended} from ${sweptTable} s where ${ofTenant} and entity = ${name}), false)`
  const now = 'pg_snapshot_xmax(pg_current_snapshot())'
  const future = `greatest(pg_snapshot_xmax(${from}), pg_snapshot_xmax(${upto})) > ${now}`
  const text = `with ${within ? '' : delta}page as materialized (${changes} order by position limit ${pageSize})
    select (select coalesce(json_agg(json_build_array(position::text, operation, key, at) order by position), '[]')::text from page),
      ${upto}::text, ${lost}::text, (${future})::text`
  return { text, values: binder.values }
}
