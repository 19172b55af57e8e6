import type { FleetDatabase } from '../../../core/fleet.ts'
import { type Migration, orderMigrations } from '../../../core/migration.ts'
import type { Module } from '../../../core/module-set.ts'
import { describeNode, type NodeStatus } from '../../../core/node.ts'
import { bootstrap, withClient } from '../bootstrap.ts'
import type { PlanStep } from '../diff/step.ts'
import { prefixMark } from '../diff/structure.ts'
import { digestOf, type FleetFiles, fleetFiles } from '../fleet/plan.ts'
import { FleetRecord } from '../fleet/record.ts'
import { readNodes, servedModules } from '../nodes.ts'
import { type DownWish, migrateDown } from './down.ts'
import { generateMigrations } from './generate.ts'
import { readLedger } from './ledger.ts'
import { type LiveRows, readLiveRows } from './live-rows.ts'
import { planDatabase } from './plan.ts'
import { asOwner, type DatabaseOptions, type UpWish } from './run-one.ts'
import { migrateUp, type UpResult } from './up.ts'

/** Where a migration stands in a database. */
export interface MigrationStatus {
  readonly module: string
  readonly name: string
  /** `missing` and `changed`: the database has seen a file that is not there, or not so. */
  readonly state: 'pending' | 'applied' | 'baseline' | 'changed' | 'missing'
  /** ISO 8601; null where it is pending. */
  readonly at: string | null
  readonly milliseconds: number | null
}

/** The migrations of one database. */
export interface Migrator {
  plan(): Promise<readonly PlanStep[]>
  generate(name: string | undefined): Promise<readonly Migration[]>
  status(): Promise<readonly MigrationStatus[]>
  /** The processes that serve from it. */
  nodes(): Promise<readonly NodeStatus[]>
  up(wish: UpWish): Promise<UpResult>
  down(wish: DownWish): Promise<readonly Migration[]>
  /** Makes the functions of actions, and proves that the database is what the definitions say. Throws `conflict`. */
  verify(): Promise<void>
  liveRows(module: Module): Promise<LiveRows>
  /** Up to where the database has seen the migrations of each module. */
  seen(): Promise<FleetDatabase['modules']>
  files(): FleetFiles
  /** Opens what this database remembers of the fleet, of which it is the platform's. */
  fleet<T>(work: (record: FleetRecord) => Promise<T>): Promise<T>
}

export function createMigrator(options: DatabaseOptions): Migrator {
  return {
    plan: async () => {
      const named = (text: string) => text.replaceAll(prefixMark, options.prefix)
      const steps = await planDatabase(options)
      return steps.map(step => ({ ...step, id: named(step.id), sql: step.sql.map(named) }))
    },
    generate: name => generateMigrations(options, name),
    status: () => readStatus(options),
    nodes: () => readNodeStatus(options),
    up: wish => migrateUp(options, wish),
    down: wish => migrateDown(options, wish),
    verify: async () => {
      await bootstrap({ ...options, apply: 'functions' })
    },
    liveRows: module => readLiveRows(options, module),
    seen: () => readSeen(options),
    files: () =>
      fleetFiles(
        options.migrations,
        options.modules.map(({ id }) => id),
        options.prefix,
      ),
    fleet: async work => {
      await bootstrap({ ...options, modules: [], apply: 'additive', part: 'platform' })
      return withClient(options.target, client => asOwner(client, options.prefix, () => work(new FleetRecord(client))))
    },
  }
}

async function readSeen({ target, prefix, modules }: DatabaseOptions): Promise<FleetDatabase['modules']> {
  const ledger = await withClient(target, client => asOwner(client, prefix, () => readLedger(client)))
  return Object.fromEntries(
    modules.flatMap(({ id }) => {
      const entries = ledger.filter(({ module }) => module === id)
      const last = entries.at(-1)
      return last ? [[id, { number: last.number, digest: digestOf(entries) }]] : []
    }),
  )
}

async function readNodeStatus({ target, prefix, modules }: DatabaseOptions): Promise<NodeStatus[]> {
  const here = servedModules(modules, prefix)
  const nodes = await withClient(target, async client => {
    const { rows } = await client.query<{ known: boolean }>(`select to_regnamespace('tenantry') is not null as known`)
    return rows[0]?.known ? asOwner(client, prefix, () => readNodes(client)) : []
  })
  return nodes.map(node => describeNode(node, here))
}

async function readStatus({ target, prefix, migrations, modules }: DatabaseOptions): Promise<MigrationStatus[]> {
  const ids = modules.map(({ id }) => id)
  const ledger = await withClient(target, async client => {
    const { rows } = await client.query<{ known: boolean }>(
      `select to_regclass('tenantry.migrations') is not null as known`,
    )
    return rows[0]?.known ? asOwner(client, prefix, () => readLedger(client)) : []
  })
  const files = orderMigrations(migrations, ids).map(({ module, number, name, checksum }): MigrationStatus => {
    const entry = ledger.find(entry => entry.module === module && entry.number === number)
    if (!entry) return { module, name, state: 'pending', at: null, milliseconds: null }
    const state = entry.checksum === checksum && entry.name === name ? entry.outcome : 'changed'
    return { module, name, state, at: entry.at, milliseconds: entry.milliseconds }
  })
  const missing = ledger.flatMap(({ module, number, name, at, milliseconds }): MigrationStatus[] => {
    const isThere = migrations.some(file => file.module === module && file.number === number)
    return isThere || !ids.includes(module) ? [] : [{ module, name, state: 'missing', at, milliseconds }]
  })
  return [...files, ...missing]
}
