import { join } from 'node:path'
import type { Actor } from '../core/audit.ts'
import { toTenantryError } from '../core/errors.ts'
import type { DatabaseStatus, FleetDatabase } from '../core/fleet.ts'
import { needsVisit } from '../data/postgres/fleet/plan.ts'
import type { FleetRecord } from '../data/postgres/fleet/record.ts'
import { openMigrator } from '../data/postgres/postgres.ts'
import { readMigrations } from './migration-files.ts'
import {
  createMigrations,
  type MigratedUp,
  type MigrationsOptions,
  openDatabase,
  type Parts,
  type UpOptions,
} from './migrations.ts'

export interface FleetOptions extends UpOptions {
  /** How many databases are visited at once. */
  readonly parallel: number
  /** Only those whose last visit failed. */
  readonly retry: boolean
  readonly onVisited: (visit: FleetVisit & { readonly number: number; readonly of: number }) => void
}

export interface FleetVisit {
  readonly name: string
  readonly status: DatabaseStatus
  readonly applied: readonly string[]
  /** What loses something and was left; the database is `pending` still. */
  readonly held: readonly string[]
  readonly archives: readonly string[]
  readonly error: { readonly message: string; readonly details: string | null } | null
}

export interface FleetUp {
  /** The platform's own database; null with `retry`. */
  readonly platform: MigratedUp | null
  readonly visited: readonly FleetVisit[]
  /** Not visited, since all that is pending there loses something; they are `pending`. */
  readonly left: readonly string[]
  /** Not visited, since by the record nothing is pending there. */
  readonly unvisited: number
}

/** The databases beside the platform's own, on the same server. */
export interface Fleet {
  list(): Promise<readonly FleetDatabase[]>
  add(name: string, actor: Actor): Promise<void>
  /** The database itself stays as it is. */
  remove(name: string, actor: Actor): Promise<void>
  up(options: FleetOptions): Promise<FleetUp>
}

/** Opens the platform's database for its fleet. */
export async function openFleet(options: MigrationsOptions): Promise<Fleet & { close(): Promise<void> }> {
  const { close, ...parts } = await openDatabase(options)
  return { ...createFleet(parts), close }
}

function createFleet(parts: Parts): Fleet {
  const { migrator } = openMigrator(parts.options)
  return {
    list: () => migrator.fleet(record => record.list()),
    add: (name, actor) => migrator.fleet(record => record.add(name, actor)),
    remove: (name, actor) => migrator.fleet(record => record.remove(name, actor)),
    up: options => migrateFleet(parts, options),
  }
}

/**
 * Runs what is pending: in the platform's own database first, then in those of the fleet that have something pending, some at
 * once. Where one fails the others go on. What was done is remembered database by database, so a run that is cut off
 * is gone on with by the next.
 */
async function migrateFleet(parts: Parts, options: FleetOptions): Promise<FleetUp> {
  const { allowDestructive, parallel, retry, onVisited } = options
  const platform = retry ? null : await (await createMigrations(parts)).up(options)
  const migrations = await readMigrations(parts.product)
  const given = { ...parts, options: { ...parts.options, settings: { ...parts.options.settings, migrations } } }
  const { migrator } = openMigrator(given.options)
  return migrator.fleet(async record => {
    const all = await record.list()
    const files = migrator.files()
    const due = all.filter(database =>
      retry ? database.status === 'error' : needsVisit(database, files, allowDestructive),
    )
    const left = all.filter(database => !due.includes(database) && needsVisit(database, files, true))
    // Nothing that is still to be done looks done, however this run ends.
    await record.setPending([...due, ...left].map(({ name }) => name))
    const visited: FleetVisit[] = []
    const waiting = due.values()
    const failures: unknown[] = []
    const work = async () => {
      for (const { name } of waiting) {
        if (failures.length > 0) return
        try {
          const visit = await visitDatabase(record, given, name, options)
          visited.push(visit)
          onVisited({ ...visit, number: visited.length, of: due.length })
        } catch (error) {
          failures.push(error)
        }
      }
    }
    await Promise.all(Array.from({ length: Math.min(parallel, due.length) }, work))
    // Not before the others are done: they write down what they did.
    if (failures.length > 0) throw failures[0]
    const names = left.map(({ name }) => name)
    return { platform, visited, left: names, unvisited: all.length - due.length - left.length }
  })
}

async function visitDatabase(
  record: FleetRecord,
  { product, environment, options }: Parts,
  name: string,
  wish: FleetOptions,
): Promise<FleetVisit> {
  await record.set(name, 'in_progress', {})
  const migrations = await createMigrations({
    product,
    // Archives of several databases may be of tenants with one key.
    environment: { ...environment, folder: join(environment.folder, 'databases', name) },
    options: { ...options, target: { ...options.target, database: name } },
    // Nodes write themselves down in the platform's own database only.
    nodesBeside: () => record.nodes(),
  })
  const outcome = await migrations.up(wish).then(
    ({ applied, held, archives }) =>
      ({ status: held.length > 0 ? 'pending' : 'realized', applied, held, archives, error: null }) as const,
    (thrown: unknown) => {
      const { message, details } = toTenantryError(thrown)
      return { status: 'error', applied: [], held: [], archives: [], error: { message, details } } as const
    },
  )
  // What a database has seen is asked of itself, also after a failure.
  const modules = await migrations.seen().catch(() => null)
  const error = outcome.error && [outcome.error.message, outcome.error.details ?? ''].join('\n').trim()
  await record.set(name, outcome.status, { modules, error })
  return { name, ...outcome }
}
