// F8.1: from any definitions to any others, and back.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import fc from 'fast-check'
import { planSteps } from '../../../src/data/postgres/diff/plan.ts'
import { noRenames, type Renames, renamesOf, reversed } from '../../../src/data/postgres/diff/renames.ts'
import { type PlanStep, type Stage, stages } from '../../../src/data/postgres/diff/step.ts'
import type { Structure } from '../../../src/data/postgres/diff/structure.ts'
import type { LiveCatalog } from '../../../src/data/postgres/live-catalog.ts'
import { moduleOf, pairs } from './definitions.ts'
import { moduleFrom, openWorld } from './world.ts'

const runs = Number(process.env.TENANTRY_TEST_PAIRS ?? 3)

let world: Awaited<ReturnType<typeof openWorld>>
before(async () => {
  world = await openWorld()
})
after(() => world.close())

test(`${runs} random pairs of definitions: the plan leads from one to the other and back, with all rows that can be kept`, async () => {
  const seen = { withRows: 0, emptied: 0, steps: 0 }
  await fc.assert(
    fc.asyncProperty(pairs, async ({ before, after }) => {
      const [one, two] = [moduleFrom(moduleOf(before)), moduleFrom(moduleOf(after))]
      await world.make(one)
      const start = await world.structure()
      await world.fill(start)
      const [firstCatalog, rows] = [await world.catalog(), await rowsOf(start)]
      const renames = renamesOf([two])
      const wanted = await world.expectedStructure(two)
      const steps = planSteps(start, wanted, { renames })
      seen.steps += steps.length
      let emptied = false
      const onData = async (work: () => Promise<void>) => {
        await work().catch(async error => {
          if (!/^2[23]/.test(error.code)) throw error
          emptied = true
          await world.empty()
          await work()
        })
      }
      const states: [Stage, Structure][] = []
      for (const stage of stages) {
        if (!steps.some(step => step.stage === stage)) continue
        const files = await nodesOf()
        states.push([stage, await world.structure()])
        await onData(() => world.apply(steps, stage))
        await keptFiles(
          files,
          steps.filter(step => step.stage === stage),
        )
      }
      same(await world.catalog(), await world.expectedCatalog(two), 'the definition')
      assert.deepEqual(planSteps(await world.structure(), wanted, { renames }), [], 'a second plan')
      const gone = new Set(steps.map(({ id }) => id.replace(/^drop column /, '')))
      if (!emptied) kept(rows, await rowsOf(await world.structure()), renames, gone)
      seen[emptied ? 'emptied' : 'withRows']++

      for (const [stage, state] of states.toReversed()) {
        const back = { renames: stage === 'expand' ? reversed(renames) : noRenames, concurrently: false }
        const undo = planSteps(await world.structure(), state, back)
        await onData(() => world.apply(undo))
      }
      same(await world.catalog(), firstCatalog, 'where it began')
    }),
    {
      numRuns: runs,
      endOnFailure: true,
      ...(process.env.FC_SEED && { seed: Number(process.env.FC_SEED), path: process.env.FC_PATH ?? '' }),
    },
  )
  console.log(
    `${runs} pairs, ${seen.steps} steps, ${seen.withRows} with all their rows, ${seen.emptied} whose rows did not fit`,
  )
  assert.ok(runs < 20 || seen.withRows > 0, 'some rows must be kept')
})

function same(found: LiveCatalog, wanted: LiveCatalog, what: string): void {
  assert.deepEqual(
    Object.fromEntries([...found].sort()),
    Object.fromEntries([...wanted].sort()),
    `the database is not ${what}`,
  )
}

type Rows = ReadonlyMap<string, readonly Readonly<Record<string, unknown>>[]>

async function rowsOf({ tables }: Structure): Promise<Rows> {
  const found = new Map<string, Readonly<Record<string, unknown>>[]>()
  for (const { schema, name } of tables.values()) {
    const { rows } = await world.client.query<{ row: Record<string, unknown> }>(
      `select to_jsonb(t) as row from "${schema}"."${name}" t order by tenant_id, id`,
    )
    found.set(
      `${schema}.${name}`,
      rows.map(({ row }) => row),
    )
  }
  return found
}

/** Every value that both sides have is the same; a type may only show it in another form. */
function kept(before: Rows, after: Rows, { tables, columns }: Renames, gone: ReadonlySet<string>): void {
  for (const [place, rows] of before) {
    const name = tables.get(place)
    const now = name === undefined ? place : `prop_v1.${name}`
    const found = after.get(now)
    if (!found) continue
    assert.equal(found.length, rows.length, `rows of ${place}`)
    for (const [index, row] of rows.entries()) {
      for (const [column, value] of Object.entries(row)) {
        const called = columns.get(`${now}.${column}`) ?? column
        const there: unknown = found[index]?.[called]
        if (gone.has(`${now}.${called}`)) continue
        if (value === null || there === undefined || ['updated_at', 'revision', 'updated_by', 'words'].includes(column))
          continue
        if (kindOf(value) === kindOf(there)) assert.equal(shown(there), shown(value), `${place}.${column}`)
      }
    }
  }
}

function kindOf(value: unknown): string {
  return Array.isArray(value) ? `array of ${typeof value[0]}` : typeof value
}

async function nodesOf(): Promise<ReadonlyMap<string, string>> {
  const { rows } = await world.client.query<{ id: string; node: string }>(
    `select c.oid::text as id, c.relfilenode::text as node from pg_class c join pg_namespace n on n.oid = c.relnamespace where n.nspname = 'prop_v1' and c.relkind = 'r'`,
  )
  return new Map(rows.map(({ id, node }) => [id, node]))
}

/** No table is written anew by steps that are called safe. */
async function keptFiles(before: ReadonlyMap<string, string>, steps: readonly PlanStep[]): Promise<void> {
  if (steps.some(({ risk }) => risk !== 'safe')) return
  for (const [id, node] of await nodesOf()) assert.equal(node, before.get(id) ?? node, 'a safe step wrote a table anew')
}

/** The same moment or number looks the same, whatever type it has. */
function shown(value: unknown): string {
  if (typeof value === 'object') return JSON.stringify(value)
  const text = String(value)
  return String(/^\d{4}-\d\d-\d\d/.test(text) ? Date.parse(text) : Number(text) || text)
}
