import type pg from 'pg'
import type { Module } from '../../core/module-set.ts'
import type { LiveNode, NodeEntry } from '../../core/node.ts'
import { formatVersion } from '../../core/version.ts'
import { moduleSteps } from './ddl.ts'
import type { PlatformRun } from './group-store.ts'
import { fingerprintOf } from './inspect.ts'
import { rolesOf } from './roles.ts'
import { identifier, isoText } from './sql/writer.ts'

/** Milliseconds between two signs of life. */
const beat = 10_000
/** Seconds without one after which a node no longer counts. */
const patience = 60

export const nodesColumns = `id uuid primary key, host text not null, pid integer not null, modules jsonb not null,
  started_at timestamptz not null default clock_timestamp(), seen_at timestamptz not null default clock_timestamp()`

const insertSql = `insert into tenantry.nodes (id, host, pid, modules) values ($1, $2, $3, $4)
  on conflict (id) do update set seen_at = clock_timestamp()`

/** What a process serves with, as others must be able to tell it. */
export function servedModules(modules: readonly Module[], prefix: string): NodeEntry['modules'] {
  return Object.fromEntries(
    modules.map(module => {
      const fingerprint = fingerprintOf(moduleSteps(module, prefix).map(({ id, sql }) => [id, sql] as const))
      return [module.id, { version: formatVersion(module.version), fingerprint }]
    }),
  )
}

/** As the bootstrap login. What processes that were killed have left is cleared away a day later. */
export async function registerNode(client: pg.ClientBase, prefix: string, node: NodeEntry): Promise<void> {
  await client.query(`set role ${identifier(rolesOf(prefix).main)}`)
  await client.query(`delete from tenantry.nodes where seen_at < now() - interval '1 day'`)
  await client.query(insertSql, valuesOf(node))
  await client.query('reset role')
}

/** Those that live, the oldest first; none where there is no such table yet. As the owner. */
export async function readNodes(client: pg.ClientBase): Promise<readonly LiveNode[]> {
  const { rows: known } = await client.query<{ known: boolean }>(
    `select to_regclass('tenantry.nodes') is not null as known`,
  )
  if (!known[0]?.known) return []
  const { rows } = await client.query<LiveNode>(
    `select id, host, pid, modules, ${isoText('started_at')} as "startedAt", ${isoText('seen_at')} as "seenAt",
       greatest(0, floor(extract(epoch from clock_timestamp() - seen_at)))::int as "secondsSilent"
     from tenantry.nodes where seen_at > clock_timestamp() - $1 * interval '1 second' order by started_at, id`,
    [patience],
  )
  return rows
}

/** Says every ten seconds that a node serves, until it is closed; what fails is tried again the next time. */
export function keepNode(write: PlatformRun, node: NodeEntry): { close(): Promise<void> } {
  const say = async () => {
    const there = await write('update tenantry.nodes set seen_at = clock_timestamp() where id = $1 returning id', [
      node.id,
    ])
    if (there.length === 0) await write(insertSql, valuesOf(node))
  }
  let saying = Promise.resolve()
  const timer = setInterval(() => {
    saying = saying.then(say).catch(() => {})
  }, beat).unref()
  return {
    async close() {
      clearInterval(timer)
      await saying
      await write('delete from tenantry.nodes where id = $1', [node.id]).catch(() => {}) // It is forgotten in a minute.
    },
  }
}

function valuesOf({ id, host, pid, modules }: NodeEntry): unknown[] {
  return [id, host, pid, JSON.stringify(modules)]
}
