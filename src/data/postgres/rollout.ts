import { describeMigration, type Migration } from '../../core/migration.ts'
import type { Module } from '../../core/module-set.ts'
import { placeOf } from './diff/compare.ts'
import { prefixMark, type Structure, type Table, type View } from './diff/structure.ts'
import type { LiveCatalog } from './live-catalog.ts'
import type { Command } from './migrate/commands.ts'
import { type Entry, pendingOf } from './migrate/ledger.ts'
import { parseScript } from './migrate/parse.ts'
import { rolesOf } from './roles.ts'

/** Where a database stands between the code from before and the code from after. */
export interface Rollout {
  /** `customers@1 0002_add_phone`, of migrations that the database has not seen. */
  readonly pending: readonly string[]
  /** `schema.table` and `schema.table.column` that stay until one of these drops them, because code from before uses them. */
  readonly leaving: ReadonlySet<string>
  /** Schemas of modules whose later migrations the database has seen: those of code that comes after this. */
  readonly ahead: ReadonlySet<string>
}

/** Pure. Throws `invalid` for files that cannot be run. */
export function rolloutOf(
  modules: readonly Module[],
  migrations: readonly Migration[],
  ledger: readonly Entry[],
  prefix: string,
): Rollout {
  const pending = pendingOf(migrations, ledger)
  const isLater = ({ id }: Module) => {
    const numbers = migrations.filter(({ module }) => module === id).map(({ number }) => number)
    return numbers.length > 0 && ledger.some(({ module, number }) => module === id && number > Math.max(...numbers))
  }
  return {
    pending: pending.map(describeMigration),
    leaving: new Set(pending.flatMap(migration => parseScript(migration, prefix).commands.flatMap(droppedBy))),
    ahead: new Set(modules.filter(isLater).map(({ schema }) => schema)),
  }
}

const name = '"?([a-z0-9_]+)"?'
const dropTable = new RegExp(`drop\\s+table\\s+(?:if\\s+exists\\s+)?${name}\\.${name}\\s*(?:cascade|restrict)?$`, 'i')
const dropColumn = new RegExp(
  `alter\\s+table\\s+${name}\\.${name}\\s+drop\\s+column\\s+(?:if\\s+exists\\s+)?${name}$`,
  'i',
)

/** One thing, by a command that does nothing else. Comments may stand before it. */
function droppedBy({ sql, words: [verb] }: Command): string[] {
  const found = verb === 'drop' ? dropTable.exec(sql) : verb === 'alter' ? dropColumn.exec(sql) : null
  return found ? [found.slice(1).join('.')] : []
}

/**
 * Ids of the objects that may be there although no definition says so, because of a rollout: tables that go later or came
 * earlier than this code, which nobody reaches but under forced row security, and rules for such columns alone. Pure.
 */
export function besideRollout(
  { leaving, ahead }: Rollout,
  structure: Structure,
  catalogs: { readonly expected: LiveCatalog; readonly live: LiveCatalog; readonly prefix: string },
): ReadonlySet<string> {
  const { expected } = catalogs
  const ids = new Set<string>()
  for (const [place, table] of structure.tables) {
    const isNew = ahead.has(table.schema)
    if (expected.has(`table ${place}`)) {
      const isBeside = (column: string) => isNew || leaving.has(`${place}.${column}`)
      for (const id of rulesOfOthers(table, expected, isBeside)) ids.add(id)
    } else if ((isNew || leaving.has(place)) && isClosed(table, catalogs)) for (const id of partsOf(table)) ids.add(id)
  }
  for (const view of structure.views.values()) {
    const id = `view ${placeOf(view)}`
    if (!ahead.has(view.schema) || expected.has(id) || !isInvokers(view, catalogs)) continue
    for (const part of [id, ...grantsOf(view)]) ids.add(part)
  }
  return ids
}

type Catalogs = Parameters<typeof besideRollout>[2]

/** It is the owner's, row security holds for all, and only roles of the installation have rights and policies. */
function isClosed(table: Table, { live, prefix }: Catalogs): boolean {
  const place = placeOf(table)
  const roles = [...table.policies.values()].flatMap(policy => policy.roles)
  return (
    live.get(`table ${place}`) === `r p owner ${rolesOf(prefix).main}` &&
    live.get(`row security ${place}`) === 'enabled forced' &&
    !live.has(`child of ${place}`) &&
    roles.every(role => role.startsWith(prefixMark)) &&
    ownGrants(table)
  )
}

function isInvokers(view: View, { live, prefix }: Catalogs): boolean {
  const start = `v p owner ${rolesOf(prefix).main} security_invoker=true`
  return live.get(`view ${placeOf(view)}`)?.startsWith(start) === true && ownGrants(view)
}

function ownGrants({ grants }: Pick<Table, 'grants'>): boolean {
  return [...grants.values()].every(({ role, column }) => column === null && role.startsWith(prefixMark))
}

/** As the live catalog names them; roles without the prefix of the installation. */
function partsOf(table: Table): string[] {
  const place = placeOf(table)
  return [
    ...[`table ${place}`, `row security ${place}`],
    ...[...table.columns.keys()].map(name => `column ${place}.${name}`),
    ...[...table.constraints.keys()].map(name => `constraint ${place}.${name}`),
    ...[...table.indexes.keys()].map(name => `index ${table.schema}.${name}`),
    ...[...table.policies.keys()].map(name => `policy ${place}.${name}`),
    ...[...table.triggers.keys()].map(name => `trigger ${place}.${name}`),
    ...grantsOf(table),
  ]
}

function grantsOf(object: Pick<Table, 'schema' | 'name' | 'grants'>): string[] {
  return [...object.grants.values()].map(({ role }) => `grant ${placeOf(object)} ${role}`)
}

const scope = new Set(['tenant_id', 'instance_id'])

/** What is about columns of other code alone, and asks nothing of a row in which they have no value. */
function rulesOfOthers(table: Table, expected: LiveCatalog, isBeside: (column: string) => boolean): string[] {
  const place = placeOf(table)
  const areOthers = (columns: readonly string[]) => {
    const own = columns.filter(name => !scope.has(name))
    return own.length > 0 && own.every(name => !expected.has(`column ${place}.${name}`) && isBeside(name))
  }
  return [
    ...[...table.constraints.values()]
      .filter(
        ({ kind, columns, definition }) => kind !== 'primary' && areOthers(columns) && !/ IS NOT NULL/.test(definition),
      )
      .map(({ name }) => `constraint ${place}.${name}`),
    ...[...table.indexes.values()]
      .filter(({ columns }) => areOthers(columns))
      .map(({ name }) => `index ${table.schema}.${name}`),
  ]
}
