import type pg from 'pg'
import { TenantryError } from '../../../core/errors.ts'
import { describeMigration, type Migration } from '../../../core/migration.ts'
import { type LiveNode, nodesInTheWay } from '../../../core/node.ts'
import type { BootstrapOptions } from '../bootstrap.ts'
import { readNodes, servedModules } from '../nodes.ts'
import type { Script } from './parse.ts'

export interface GuardWish {
  readonly direction: 'up' | 'down'
  /** True: nodes that would break do not count. Default false. */
  readonly ignoreNodes?: boolean
  /** Files that came after this process, whose definitions cannot be those that they lead to. Default none. */
  readonly later?: readonly Migration[]
  /** Nodes that are written down in another database and may serve from this one as well. Default none. */
  readonly nodesBeside?: () => Promise<readonly LiveNode[]>
}

/**
 * Throws `conflict`, naming them, when one of these migrations takes away what a live node reads, or what an open upgrade of
 * a tenant needs for its way back. `client` has the rights of the owner. Inside a migration's transaction, behind its
 * commands, the answer holds until it ends: whoever upgrades a tenant needs the tables that it has locked.
 */
export async function refuseLossesInUse(
  client: pg.ClientBase,
  { modules, prefix }: Pick<BootstrapOptions, 'modules' | 'prefix'>,
  scripts: ReadonlyMap<Migration, Script>,
  { direction, ignoreNodes = false, later = [], nodesBeside = async () => [] }: GuardWish,
): Promise<void> {
  const losing = [...scripts].filter(([, { destructive }]) => destructive).map(([migration]) => migration)
  if (losing.length > 0) await refuseOpenUpgrades(client, losing)
  const breaking = [...scripts].filter(([, { breaks }]) => breaks).map(([migration]) => migration)
  if (breaking.length === 0 || ignoreNodes) return
  const early = breaking.filter(migration => later.includes(migration))
  if (early.length > 0) throw startedBefore(early)
  const nodes = [...(await readNodes(client)), ...(await nodesBeside())]
  const here = servedModules(modules, prefix)
  const ids = [...new Set(breaking.map(({ module }) => module))]
  const found = ids.flatMap(id => (here[id] ? nodesInTheWay(nodes, id, here[id], direction) : []))
  if (found.length > 0) throw nodesWouldBreak(breaking, found)
}

/** Rows that a rollback brings back, and those that it compares with what was carried over. */
async function refuseOpenUpgrades(client: pg.ClientBase, losing: readonly Migration[]): Promise<void> {
  const { rows: known } = await client.query<{ known: boolean }>(
    `select to_regclass('tenantry.upgrades') is not null as known`,
  )
  if (!known[0]?.known) return
  const { rows } = await client.query<{ tenant: string; from: string; to: string; count: string }>(
    `select tenant, p ->> 'from' as from, p ->> 'to' as to, count(*) over () as count
     from tenantry.upgrades, jsonb_array_elements(pairs) p
     where state = 'upgraded' and (p ->> 'from' = any ($1::text[]) or p ->> 'to' = any ($1::text[])) order by 1, 2 limit ${mostNamed}`,
    [losing.map(({ module }) => module)],
  )
  if (rows.length === 0) return
  const more = Number(rows[0]?.count) - rows.length
  throw new TenantryError('conflict', 'Open upgrades of tenants could not be rolled back any more', {
    reason: 'upgrades_open',
    details: [
      ...losing.map(describeMigration),
      ...rows.map(({ tenant, from, to }) => `tenant ${tenant} went from ${from} to ${to}`),
      ...(more > 0 ? [`and ${more} more`] : []),
    ].join('\n'),
    hint: 'Nothing was lost. Confirm these upgrades or roll them back first: tenantry upgrade list',
  })
}

const mostNamed = 50

function nodesWouldBreak(breaking: readonly Migration[], found: readonly string[]): TenantryError {
  return new TenantryError('conflict', 'Nodes serve with code that needs what would be gone or called otherwise', {
    reason: 'nodes_in_the_way',
    details: [...breaking.map(describeMigration), ...found].join('\n'),
    hint: `Stop them, or start them with other code; one that was killed counts for a minute. ${ignoring}`,
  })
}

function startedBefore(early: readonly Migration[]): TenantryError {
  return new TenantryError('conflict', 'This node was started before these files, so it needs what would be gone', {
    reason: 'nodes_in_the_way',
    details: early.map(describeMigration).join('\n'),
    hint: `Start it again with the code that they belong to. ${ignoring}`,
  })
}

const ignoring = 'With --ignore-nodes (ignoreNodes) it is done all the same, and requests to such nodes may fail'
