import { TenantryError } from '../../../core/errors.ts'
import { identifier } from '../sql/writer.ts'
import { functionSteps, grantSteps, policySteps, revokeSteps, schemaGrantSteps, triggerSteps } from './access.ts'
import { columnSql, columnSteps } from './columns.ts'
import { newTables, type Pair, pairsOf, placeOf, tableSql } from './compare.ts'
import { addConstraintSteps, addIndexSteps, dropConstraintSteps, dropIndexSteps } from './constraints.ts'
import { applyRenames, noRenames, type Renames } from './renames.ts'
import { type PlanStep, stages, step } from './step.ts'
import type { Structure, Table } from './structure.ts'
import { viewSteps } from './views.ts'

export interface PlanOptions {
  readonly renames?: Renames
  /** False: indexes are built inside a transaction, while nobody can write. Default true. */
  readonly concurrently?: boolean
}

/**
 * The steps from one structure to another, in an order in which they can be done. Pure. Empty when nothing differs. Throws
 * `conflict` for a change that no steps could make without letting tenants see each other's rows.
 */
export function planSteps(
  given: Structure,
  to: Structure,
  { renames = noRenames, concurrently = true }: PlanOptions = {},
): PlanStep[] {
  const { steps: renaming, structure: from } = applyRenames(given, to, renames)
  const pairs = pairsOf(from, to)
  refuseScopeChanges(pairs)
  const added = newTables(from, to)
  const gone = [...from.tables].flatMap(([place, table]) => (to.tables.has(place) ? [] : [table]))
  const views = viewSteps(given, to, changedTables(pairs, renaming))
  const schemas = schemaGrantSteps(from, to)
  const functions = functionSteps(from, to)
  const triggers = [
    ...pairs.map(pair => triggerSteps(pair.from, pair.to, functions.remade)),
    ...added.map(table => triggerSteps(undefined, table, new Set())),
  ]
  const steps = [
    ...views.dropped,
    ...renaming,
    ...triggers.flatMap(({ dropped }) => dropped),
    ...gone.flatMap(table => dropOwnTriggers(table, functions.remade)),
    ...functions.dropped,
    ...dropConstraintSteps(pairs, to),
    ...pairs.flatMap(dropIndexSteps),
    ...pairs.flatMap(({ from: before, to: after }) => revokeSteps(before, after)),
    ...schemas.granted,
    ...added.flatMap(tableSteps),
    ...pairs.flatMap(columnSteps),
    ...added.flatMap(table =>
      [...table.indexes.values()].map(({ name, definition }) => step(`add index ${table.schema}.${name}`, definition)),
    ),
    ...pairs.flatMap(pair => addIndexSteps(pair, concurrently)),
    ...addConstraintSteps(pairs, added, to),
    ...pairs.flatMap(pair => [...policySteps(pair.from, pair.to), ...grantSteps(pair.from, pair.to, pair.touched)]),
    ...added.flatMap(table => [...policySteps(undefined, table), ...grantSteps(undefined, table)]),
    ...functions.added,
    ...triggers.flatMap(({ added: some }) => some),
    ...views.added,
    ...schemas.revoked,
    ...dropTableSteps(gone),
  ]
  return stages.flatMap(stage => steps.filter(step => step.stage === stage))
}

function tableSteps(table: Table): PlanStep[] {
  const constraints = [...table.constraints.values()].filter(({ kind }) => kind !== 'foreign')
  const lines = [
    ...[...table.columns.values()].map(columnSql),
    ...constraints.map(({ name, definition }) => `constraint ${identifier(name)} ${definition}`),
  ]
  // Row security is switched on with the table, never later.
  return [
    step(`add table ${placeOf(table)}`, [
      `create table ${tableSql(table)} (\n  ${lines.join(',\n  ')}\n)`,
      `alter table ${tableSql(table)} enable row level security, force row level security`,
    ]),
  ]
}

/** Those that name each other in a circle, too. */
function dropTableSteps(tables: readonly Table[]): PlanStep[] {
  const stage = 'contract'
  return [
    ...tables.flatMap(table =>
      [...table.constraints.values()]
        .filter(({ kind }) => kind === 'foreign')
        .map(({ name }) =>
          step(
            `drop constraint ${placeOf(table)}.${name}`,
            `alter table ${tableSql(table)} drop constraint ${identifier(name)}`,
            { stage },
          ),
        ),
    ),
    ...tables.map(table =>
      step(`drop table ${placeOf(table)}`, `drop table ${tableSql(table)}`, {
        stage,
        risk: 'destructive',
        note: 'Its rows are gone afterwards',
      }),
    ),
  ]
}

/** A function cannot go before the triggers of a table that goes later. */
function dropOwnTriggers(table: Table, remade: ReadonlySet<string>): PlanStep[] {
  return [...table.triggers.values()]
    .filter(({ definition }) => [...remade].some(name => definition.includes(`FUNCTION ${name}`)))
    .map(({ name }) =>
      step(`drop trigger ${placeOf(table)}.${name}`, `drop trigger ${identifier(name)} on ${tableSql(table)}`),
    )
}

/** Tables whose columns change under the views that read them. */
function changedTables(pairs: readonly Pair[], renaming: readonly PlanStep[]): Set<string> {
  const touched = pairs.filter(({ touched }) => touched.size > 0).map(({ to }) => placeOf(to))
  const named = pairs
    .filter(({ to }) => renaming.some(({ id }) => / (table|column) /.test(id) && id.includes(placeOf(to))))
    .map(({ to }) => placeOf(to))
  return new Set([...touched, ...named])
}

/** What kept tenants apart would be gone, or nobody could say whose the rows are. */
function refuseScopeChanges(pairs: readonly Pair[]): void {
  const changed = pairs.filter(({ from, to }) => from.columns.has('tenant_id') !== to.columns.has('tenant_id'))
  if (changed.length === 0) return
  throw new TenantryError('conflict', 'An entity cannot change between rows of tenants and rows of all', {
    details: changed.map(({ to }) => placeOf(to)).join('\n'),
    hint: 'Make another entity and bring the rows there',
  })
}
