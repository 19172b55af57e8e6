import type pg from 'pg'
import { TenantryError } from '../../../core/errors.ts'
import { describeMigration, type Migration } from '../../../core/migration.ts'
import type { ModuleId } from '../../../core/module.ts'
import { isoText } from '../sql/writer.ts'

/** A migration that a database has seen. */
export interface Entry {
  readonly module: ModuleId
  readonly number: number
  readonly name: string
  readonly checksum: string
  /** `baseline`: some of what it makes was there already. */
  readonly outcome: 'applied' | 'baseline'
  /** ISO 8601. */
  readonly at: string
  readonly milliseconds: number
}

export const ledgerColumns = `module text collate "C" not null, number integer not null, name text collate "C" not null,
  checksum text collate "C" not null, outcome text collate "C" not null, at timestamptz not null default clock_timestamp(),
  milliseconds integer not null, primary key (module, number)`

const known = `select to_regclass('tenantry.migrations') is not null as known`
const selectEntries = `select module, number, name, checksum, outcome,
  ${isoText('at')} as at, milliseconds from tenantry.migrations order by module, number`

/** What the ledger of a database holds; nothing where it has none yet. As the owner or with the rights of one. */
export async function readLedger(client: pg.ClientBase): Promise<readonly Entry[]> {
  const { rows } = await client.query<{ known: boolean }>(known)
  return rows[0]?.known ? (await client.query<Entry>(selectEntries)).rows : []
}

export async function writeEntry(
  client: pg.ClientBase,
  { module, number, name, checksum }: Migration,
  outcome: Entry['outcome'],
  milliseconds: number,
): Promise<void> {
  await client.query(
    `insert into tenantry.migrations (module, number, name, checksum, outcome, milliseconds) values ($1, $2, $3, $4, $5, $6)
     on conflict (module, number) do nothing`,
    [module, number, name, checksum, outcome, Math.round(milliseconds)],
  )
}

export async function removeEntry(client: pg.ClientBase, { module, number }: Migration): Promise<void> {
  await client.query('delete from tenantry.migrations where module = $1 and number = $2', [module, number])
}

/** Migrations that a database has not seen, in their order. */
export function pendingOf(ordered: readonly Migration[], ledger: readonly Entry[]): Migration[] {
  const seen = new Set(ledger.map(({ module, number }) => `${module}/${number}`))
  return ordered.filter(({ module, number }) => !seen.has(`${module}/${number}`))
}

/**
 * Throws `conflict`, naming them all, when files are not those that the database has seen: changed, missing, or new ones
 * before others that were applied. `modules`: modules that the product has.
 */
export function refuseStrayFiles(
  migrations: readonly Migration[],
  ledger: readonly Entry[],
  modules: readonly string[],
): void {
  const files = new Map(migrations.map(migration => [`${migration.module}/${migration.number}`, migration]))
  const faults = ledger.flatMap(entry => {
    const file = files.get(`${entry.module}/${entry.number}`)
    if (!file) return modules.includes(entry.module) ? [`missing: ${describeMigration(entry)}`] : []
    if (file.name !== entry.name) return [`called otherwise: ${describeMigration(file)}, applied as ${entry.name}`]
    return file.checksum === entry.checksum ? [] : [`changed: ${describeMigration(file)}`]
  })
  const late = pendingOf(migrations, ledger).filter(({ module, number }) =>
    ledger.some(entry => entry.module === module && entry.number > number),
  )
  const lines = [
    ...faults,
    ...late.map(file => `too late: ${describeMigration(file)}, behind which others were applied`),
  ]
  if (lines.length === 0) return
  throw new TenantryError('conflict', 'The migration files are not those that this database has seen', {
    details: lines.join('\n'),
    hint: 'Bring the files back as they were applied; what is to be different becomes a new migration, with the next number',
  })
}
