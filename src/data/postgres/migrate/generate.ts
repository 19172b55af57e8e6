import { createHash, randomBytes } from 'node:crypto'
import type pg from 'pg'
import { TenantryError } from '../../../core/errors.ts'
import type { Migration } from '../../../core/migration.ts'
import type { Module } from '../../../core/module-set.ts'
import { withClient } from '../bootstrap.ts'
import { planSteps } from '../diff/plan.ts'
import { readStructure } from '../diff/read-structure.ts'
import { noRenames, type Renames, renamesOf, reversed } from '../diff/renames.ts'
import { type PlanStep, type Stage, stages } from '../diff/step.ts'
import type { Structure } from '../diff/structure.ts'
import { isServerError } from '../errors.ts'
import { identifier } from '../sql/writer.ts'
import { migrateDown } from './down.ts'
import { expectedStructure } from './plan.ts'
import type { DatabaseOptions, UpWish } from './run-one.ts'
import { schemaOf, scriptText } from './script-text.ts'
import { migrateUp } from './up.ts'

const quiet: UpWish = {
  allowDestructive: true,
  takesWhatIsThere: false,
  beforeLoss: async () => {},
  actor: { subject: 'tenantry', via: 'code' },
  onProgress: () => {},
}

/**
 * The migrations that lead from the state after all files to the definitions, each with what takes it back. They are found and
 * tried, there and back, in a database that is made for that and dropped afterwards. Throws `conflict` where the login may
 * not make one, or where a file does not run.
 */
export async function generateMigrations(
  options: DatabaseOptions,
  name: string | undefined,
): Promise<readonly Migration[]> {
  const scratch = `${options.prefix}_scratch_${randomBytes(6).toString('hex')}`
  await withClient(options.target, client => createDatabase(client, scratch))
  try {
    return await new Generation({ ...options, target: { ...options.target, database: scratch } }, name).run()
  } finally {
    await withClient(options.target, client =>
      client.query(`drop database if exists ${identifier(scratch)} with (force)`),
    )
  }
}

async function createDatabase(client: pg.ClientBase, name: string): Promise<void> {
  await client.query(`create database ${identifier(name)} template template0 encoding 'UTF8'`).catch(error => {
    if (!isServerError(error) || error.code !== '42501') throw error
    throw new TenantryError(
      'conflict',
      'The login may not make databases, and migrations are tried in one of their own',
      {
        hint: 'Generate them where you develop, or let the login: alter role … createdb',
        cause: error,
      },
    )
  })
}

class Generation {
  readonly #options: DatabaseOptions
  readonly #name: string | undefined
  readonly #renames: Renames
  #migrations: readonly Migration[]

  constructor(options: DatabaseOptions, name: string | undefined) {
    this.#options = options
    this.#name = name
    this.#renames = renamesOf(options.modules)
    this.#migrations = options.migrations
  }

  async run(): Promise<readonly Migration[]> {
    const { modules, prefix, target } = this.#options
    await migrateUp(this.#options, quiet)
    const start = await this.#read()
    const wanted = await withClient(target, client => expectedStructure(client, modules, prefix))
    const steps = planSteps(start, wanted, { renames: this.#renames })
    const made: Migration[] = []
    for (const part of this.#parts(steps)) made.push(await this.#make(part, steps))
    await this.#refuseDifferences(wanted)
    await this.#tryBack(made, start)
    return made
  }

  #read(): Promise<Structure> {
    const { target, modules, prefix } = this.#options
    return withClient(target, client => readStructure(client, { schemas: modules.map(({ schema }) => schema), prefix }))
  }

  /** What goes into one file each: a module's steps of one stage; an index alone. Dependents let go first. */
  #parts(steps: readonly PlanStep[]): Part[] {
    const { modules } = this.#options
    return stages.flatMap(stage => {
      const ordered = stage === 'release' || stage === 'contract' ? modules.toReversed() : modules
      return ordered.flatMap((module): Part[] => {
        const own = steps.filter(step => step.stage === stage && schemaOf(step) === module.schema)
        if (own.length === 0) return []
        return stage === 'index' ? own.map(step => ({ module, stage, steps: [step] })) : [{ module, stage, steps: own }]
      })
    })
  }

  async #make({ module, stage, steps }: Part, all: readonly PlanStep[]): Promise<Migration> {
    const before = await this.#read()
    const last = Math.max(
      0,
      ...this.#migrations.filter(({ module: id }) => id === module.id).map(({ number }) => number),
    )
    const own = all.filter(step => schemaOf(step) === module.schema)
    const number = last + 1
    const name = `${String(number).padStart(4, '0')}_${nameOf(this.#name ?? slugOf(own), stage, own)}`
    const text = scriptText(steps, { after: this.#related(module), noTransaction: stage === 'index' })
    const draft = { module: module.id, number, name, text, undo: null, checksum: checksumOf(text) }
    await this.#up([...this.#migrations, draft])
    const renames = stage === 'expand' ? reversed(this.#renames) : noRenames
    const undo = scriptText(planSteps(await this.#read(), before, { renames, concurrently: false }), {
      after: [],
      noTransaction: false,
    })
    const migration = { ...draft, undo }
    this.#migrations = [...this.#migrations, migration]
    return migration
  }

  #up(migrations: readonly Migration[]): Promise<unknown> {
    return migrateUp({ ...this.#options, migrations }, quiet)
  }

  /** Where the modules stand that this one depends on or that depend on it. */
  #related(module: Module): { module: string; number: number }[] {
    const { modules } = this.#options
    const near = modules.filter(other => other !== module && (reaches(module, other) || reaches(other, module)))
    return near.flatMap(({ id }) => {
      const number = Math.max(
        0,
        ...this.#migrations.filter(migration => migration.module === id).map(migration => migration.number),
      )
      return number === 0 ? [] : [{ module: id, number }]
    })
  }

  async #refuseDifferences(wanted: Structure): Promise<void> {
    const left = planSteps(await this.#read(), wanted, { renames: this.#renames })
    if (left.length === 0) return
    throw new TenantryError('internal', 'The generated migrations do not lead to the definitions', {
      details: left.map(({ id }) => id).join('\n'),
    })
  }

  /** An empty database must stand where it stood. */
  async #tryBack(made: readonly Migration[], start: Structure): Promise<void> {
    const options = { ...this.#options, migrations: this.#migrations }
    for (const { module: id, number } of made.toReversed()) {
      const module = options.modules.find(module => module.id === id)
      if (module) await migrateDown(options, { ...quiet, module, to: number - 1 })
    }
    const left = planSteps(await this.#read(), start)
    if (left.length === 0) return
    throw new TenantryError('internal', 'The generated migrations cannot be taken back', {
      details: left.map(({ id }) => id).join('\n'),
    })
  }
}

interface Part {
  readonly module: Module
  readonly stage: Stage
  readonly steps: readonly PlanStep[]
}

function reaches(from: Module, to: Module): boolean {
  return from.dependsOn.some(module => module === to || reaches(module, to))
}

/** Files of one change have one name, and say which part of it they are. */
function nameOf(name: string, stage: Stage, all: readonly PlanStep[]): string {
  const isWhole = all.every(step => step.stage === stage) && (stage !== 'index' || all.length === 1)
  return isWhole ? name : `${name}_${stage}`
}

/** `add_column_customers_phone` */
function slugOf([first]: readonly PlanStep[]): string {
  const words = (first?.id ?? 'change').replace(/ [a-z0-9_]+_v\d+\./, ' ')
  return words
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '_')
    .replace(/^_|_$/g, '')
    .slice(0, 60)
}

function checksumOf(text: string): string {
  return createHash('sha256').update(text.replaceAll('\r\n', '\n')).digest('hex')
}
