import type pg from 'pg'
import { TenantryError } from '../../../core/errors.ts'
import type { Module } from '../../../core/module-set.ts'
import { withClient } from '../bootstrap.ts'
import { moduleSteps } from '../ddl.ts'
import { planSteps } from '../diff/plan.ts'
import { readStructure } from '../diff/read-structure.ts'
import { renamesOf } from '../diff/renames.ts'
import type { PlanStep } from '../diff/step.ts'
import type { Structure } from '../diff/structure.ts'
import { readExpectedStructure } from '../inspect.ts'
import { extensionSteps } from '../search-functions.ts'
import type { DatabaseOptions } from './run-one.ts'

/** The steps from what a database holds to what the definitions say. Changes nothing. */
export function planDatabase({
  target,
  modules,
  prefix,
}: Pick<DatabaseOptions, 'target' | 'modules' | 'prefix'>): Promise<PlanStep[]> {
  return withClient(target, async client => {
    await refuseEmpty(client)
    const live = await readStructure(client, { schemas: modules.map(({ schema }) => schema), prefix })
    return planSteps(live, await expectedStructure(client, modules, prefix), { renames: renamesOf(modules) })
  })
}

/** What the definitions say, in this server's words. */
export async function expectedStructure(
  client: pg.ClientBase,
  modules: readonly Module[],
  prefix: string,
): Promise<Structure> {
  await client.query('begin')
  try {
    for (const { sql } of modules.flatMap(extensionSteps)) await client.query(sql)
    const steps = modules.flatMap(module => moduleSteps(module, prefix))
    const schemas = modules.map(({ schema }) => schema)
    return await readExpectedStructure(client, prefix, schemas, steps)
  } finally {
    await client.query('rollback')
  }
}

async function refuseEmpty(client: pg.ClientBase): Promise<void> {
  const { rows } = await client.query<{ known: boolean }>(
    `select to_regclass('tenantry.installation') is not null as known`,
  )
  if (rows[0]?.known) return
  throw new TenantryError('conflict', 'The database has not been set up yet', {
    hint: 'The first start makes everything that the definitions say; so does: tenantry migrate up',
  })
}
