import type { Module } from '../../core/module-set.ts'
import { withClient } from './bootstrap.ts'
import type { ConnectionTarget } from './driver.ts'
import { rolesOf } from './roles.ts'
import { identifier } from './sql/writer.ts'

/**
 * Gives back the pages of tables that were found to hold no row. A planner that knows a table as empty takes every index for
 * equally good, and the references of thousands of rows that come into it at once are each looked for among all of them. Without
 * pages it reckons with what is there. `target`: the bootstrap login. What cannot be done now is left as it is.
 */
export async function tidyEmptied(target: ConnectionTarget, prefix: string, modules: readonly Module[]): Promise<void> {
  await withClient(target, async client => {
    await client.query(`set role ${identifier(rolesOf(prefix).main)}`)
    const { rows } = await client.query<{ schema: string; name: string }>(
      `select n.nspname as schema, c.relname as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
       where n.nspname = any ($1::text[]) and c.relkind = 'r' and c.reltuples = 0 and c.relpages > 0`,
      [modules.map(({ schema }) => schema)],
    )
    for (const { schema, name } of rows) await client.query(`vacuum ${identifier(schema)}.${identifier(name)}`)
  }).catch(() => {}) // It takes longer then, and comes out the same.
}
