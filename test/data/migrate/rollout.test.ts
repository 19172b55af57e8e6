// F8.4: code from before and code from after run beside each other, and start beside each other, until the contract.
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, before, describe, test } from 'node:test'
import { entity } from '../../../src/core/entity.ts'
import { reference, text } from '../../../src/core/field.ts'
import type { Migration } from '../../../src/core/migration.ts'
import { createModuleSet, type Module } from '../../../src/core/module-set.ts'
import { bootstrap } from '../../../src/data/postgres/bootstrap.ts'
import { servedModules } from '../../../src/data/postgres/nodes.ts'
import { refused } from './refused.ts'
import { eager, type MigrationWorld, openMigrationWorld } from './world.ts'

const moduleOf = (version: string, entities: Parameters<typeof entity>[]): Module => {
  const made = entities.map(wish => entity(...wish))
  const [module] = createModuleSet([
    { name: 'crm', version, entities: made, access: { admin: 'tenant_writer' } },
  ]).modules
  return module ?? assert.fail()
}
const named = reference('people')
const old = moduleOf('1.0.0', [
  ['people', { name: text(), mail: text({ max: 80 }).optional() }],
  ['notes', { body: text({ max: 80 }), person_id: named }, { unique: [['body']] }],
])
/** `notes` and `mail` go, `tasks` and `phone` come. */
const young = moduleOf('1.1.0', [
  ['people', { name: text(), phone: text({ max: 40 }).optional() }, { unique: [['phone']] }],
  ['tasks', { title: text(), person_id: named }],
])

describe('a rollout', () => {
  let world: MigrationWorld
  let first: readonly Migration[]
  let all: readonly Migration[]
  before(async () => {
    world = await openMigrationWorld()
    first = await world.migrator(old, []).generate('start')
    await world.migrator(old, first).up(eager)
    for (const tenant of ['acme', 'globex']) await world.addRow(tenant, 'Ada')
    all = [...first, ...(await world.migrator(young, first).generate('next'))]
  })
  after(() => world.database.drop())

  /** A node starts in production. */
  const start = (module: Module, files: readonly Migration[]) =>
    bootstrap({
      ...world.options(module, files),
      apply: 'never',
      node: { id: randomUUID(), host: 'api', pid: 1, modules: servedModules([module], world.database.prefix) },
    })
  const startOld = () => start(old, first)
  const startYoung = () => start(young, all)
  const run = (sql: string) => world.database.query(sql)

  test('begins with migrations: before them the new code does not start, behind them both do', async () => {
    assert.equal((await refused(startYoung(), 'conflict')).reason, 'migrations_pending')
    const { held } = await world.migrator(young, all).up(eager)
    assert.deepEqual(
      held.map(({ name }) => name),
      ['0005_next_contract'],
    )
    await world.migrator(young, all).verify()
    await startYoung()
    await startOld()
    await startYoung()
  })

  test('lets nothing be beside the definitions but what its files bring or take away', async () => {
    const strange = async (work: Promise<unknown>, id: string) =>
      assert.match((await refused(work, 'conflict')).details ?? '', new RegExp(`^not defined: ${id}$`, 'm'))
    await strange(start(young, []), 'table crm_v1.notes')
    await strange(start(old, []), 'table crm_v1.tasks')
    for (const [table, again] of [
      ['notes', startYoung],
      ['tasks', startOld],
    ] as const) {
      const name = `crm_v1.${table}`
      for (const [spoil, mend] of [
        ['no force row level security', 'force row level security'],
        ['disable row level security', 'enable row level security'],
      ]) {
        await run(`alter table ${name} ${spoil}`)
        await strange(again(), `table ${name}`)
        await run(`alter table ${name} ${mend}`)
      }
      await run(`grant select on ${name} to public`)
      await strange(again(), `grant ${name} public`)
      await run(`revoke select on ${name} from public`)
      await run(`create policy open on ${name} to public using (true)`)
      await strange(again(), `policy ${name}.open`)
      await run(`drop policy open on ${name}`)
      await again()
    }
    await run(
      `create table crm_v1.strange (id text); alter table crm_v1.strange owner to ${world.database.prefix}_main; alter table crm_v1.strange enable row level security, force row level security`,
    )
    await strange(startYoung(), 'table crm_v1.strange')
    await run('drop table crm_v1.strange')
    await run(`alter table crm_v1.people add constraint strange check (name <> 'x')`)
    await strange(startOld(), 'constraint crm_v1.people.strange')
    await run('alter table crm_v1.people drop constraint strange')
    await run('alter table crm_v1.people add constraint strange check (phone is not null) not valid')
    await strange(startOld(), 'constraint crm_v1.people.strange')
    await run('alter table crm_v1.people drop constraint strange')
  })

  test('ends with the contract, when nobody runs the code from before', async () => {
    await startOld()
    const lossy = { ...eager, allowDestructive: true }
    assert.equal((await refused(world.migrator(young, all).up(lossy), 'conflict')).reason, 'nodes_in_the_way')
    await run('delete from tenantry.nodes')
    await startYoung()
    await world.migrator(young, all).up(lossy)
    await startYoung()
    await refused(startOld(), 'conflict')
    assert.deepEqual(await run('select tenant_id as tenant, name from crm_v1.people order by 1'), [
      { tenant: 'acme', name: 'Ada' },
      { tenant: 'globex', name: 'Ada' },
    ])
  })
})
