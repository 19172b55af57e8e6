import pg from 'pg'
import { entity } from '../../../src/core/entity.ts'
import { array, integer, range } from '../../../src/core/field.ts'
import type { ModuleDefinition } from '../../../src/core/module.ts'
import { createModuleSet, type Module } from '../../../src/core/module-set.ts'
import { bootstrap } from '../../../src/data/postgres/bootstrap.ts'
import { moduleSteps } from '../../../src/data/postgres/ddl.ts'
import { readStructure } from '../../../src/data/postgres/diff/read-structure.ts'
import type { PlanStep, Stage } from '../../../src/data/postgres/diff/step.ts'
import { prefixMark, type Structure, type Table } from '../../../src/data/postgres/diff/structure.ts'
import { readExpectedCatalog, readExpectedStructure } from '../../../src/data/postgres/inspect.ts'
import { type LiveCatalog, readLiveCatalog } from '../../../src/data/postgres/live-catalog.ts'
import { createTestDatabase } from '../../../src/testing/test-database.ts'

const schemas = ['prop_v1']

/** A database in which one module, `prop@1`, becomes another and another. */
export async function openWorld() {
  const database = await createTestDatabase()
  const { target, prefix, secrets } = database
  const every = entity('every', { tags: array(integer()), span: range('integer') }, { indexes: [['tags'], ['span']] })
  const base = createModuleSet([{ name: 'base', version: '1.0.0', entities: [every] }])
  const passwords = { tenant: secrets.derive('login tenant'), platform: secrets.derive('login platform') }
  await bootstrap({
    target,
    prefix,
    passwords,
    keyFingerprint: secrets.fingerprint(),
    modules: base.modules,
    apply: 'additive',
  })
  const client = new pg.Client(target)
  await client.connect()
  const main = `"${prefix}_main"`
  const transaction = async (work: () => Promise<void>): Promise<void> => {
    await client.query('begin')
    try {
      await client.query(`set local role ${main}`)
      await work()
      await client.query('commit')
    } catch (error) {
      await client.query('rollback')
      throw error
    }
  }
  const expected = async <T>(read: () => Promise<T>): Promise<T> => {
    await client.query('begin')
    try {
      return await read()
    } finally {
      await client.query('rollback')
    }
  }
  return {
    client,
    prefix,
    structure: (): Promise<Structure> => readStructure(client, { schemas, prefix }),
    catalog: (): Promise<LiveCatalog> => readLiveCatalog(client, schemas),
    expectedStructure: (module: Module) =>
      expected(() => readExpectedStructure(client, prefix, schemas, moduleSteps(module, prefix))),
    expectedCatalog: (module: Module) =>
      expected(() => readExpectedCatalog(client, prefix, schemas, moduleSteps(module, prefix))),
    /** The schema as a start in development makes it. */
    async make(module: Module): Promise<void> {
      await client.query('drop schema if exists prop_v1 cascade')
      await client.query(`create schema prop_v1 authorization ${main}`)
      const covered = new Set(moduleSteps(module, prefix).flatMap(({ covers }) => covers ?? []))
      await transaction(async () => {
        for (const { id, sql } of moduleSteps(module, prefix))
          if (!covered.has(id) && !/^(schema|extension) [^ ]+$/.test(id)) await client.query(sql)
      })
    },
    async apply(steps: readonly PlanStep[], stage?: Stage): Promise<void> {
      const commands = steps.filter(step => stage === undefined || step.stage === stage).flatMap(({ sql }) => sql)
      const texts = commands.map(sql => sql.replaceAll(prefixMark, prefix))
      if (stage !== 'index')
        return transaction(async () => {
          for (const sql of texts) await client.query(sql)
        })
      for (const sql of texts) await client.query(sql)
    },
    async fill(structure: Structure): Promise<void> {
      // They may name each other in circles.
      await client.query('begin; set constraints all deferred')
      for (const table of structure.tables.values())
        for (const tenant of ['acme', 'globex'])
          for (const number of [1, 2]) await insertRow(client, table, tenant, number)
      await client.query('commit')
    },
    async empty(): Promise<void> {
      const { tables } = await readStructure(client, { schemas, prefix })
      const names = [...tables.values()].map(({ schema, name }) => `"${schema}"."${name}"`)
      if (names.length > 0) await client.query(`truncate ${names.join(', ')}`)
      const { rows } = await client.query<{ name: string }>(
        `select i.indexrelid::regclass::text as name from pg_index i where not i.indisvalid`,
      )
      for (const { name } of rows) await client.query(`drop index ${name}`)
    },
    close: async () => {
      await client.end()
      await database.drop()
    },
  }
}

export function moduleFrom(definition: ModuleDefinition): Module {
  const [module] = createModuleSet([definition]).modules
  if (!module) throw new Error('there is no module')
  return module
}

const idOf = (number: number) => `00000000-0000-7000-8000-00000000000${number}`

async function insertRow(client: pg.Client, table: Table, tenant: string, number: number): Promise<void> {
  const foreign = new Set(
    [...table.constraints.values()].filter(({ kind }) => kind === 'foreign').flatMap(({ columns }) => columns),
  )
  const given = [...table.columns.values()].flatMap(({ name, type, generated }) => {
    if (
      generated ||
      ['created_at', 'updated_at', 'revision', 'deleted_at', 'created_by', 'updated_by', 'shared_with'].includes(name)
    )
      return []
    if (name === 'tenant_id') return [[name, tenant] as const]
    if (name === 'id' || foreign.has(name)) return [[name, idOf(number)] as const]
    const choices = [...table.constraints.values()].some(
      ({ kind, columns, definition }) => kind === 'check' && columns[0] === name && definition.includes('ARRAY['),
    )
    return [[name, choices ? ['x', 'y'][number - 1] : sampleOf(type, number)] as const]
  })
  const names = given.map(([name]) => `"${name}"`).join(', ')
  const places = given.map((_, index) => `$${index + 1}`).join(', ')
  await client.query(
    `insert into "${table.schema}"."${table.name}" (${names}) values (${places})`,
    given.map(([, value]) => value),
  )
}

function sampleOf(type: string, number: number): string {
  if (type === 'text[]') return `{"t ${number}"}`
  if (type === 'integer[]') return `{${number}}`
  if (type === 'int4range') return `[${number},9)`
  if (type === 'boolean') return String(number === 1)
  if (type === 'date') return `2026-01-0${number}`
  if (type.startsWith('timestamp')) return `2026-01-0${number} 00:00:00Z`
  if (type === 'uuid') return idOf(number)
  if (type === 'jsonb') return `{"n": ${number}}`
  if (type === 'bytea') return `\\x0${number}`
  if (type === 'text') return `it's "a" text ${number}`
  return String(number)
}
