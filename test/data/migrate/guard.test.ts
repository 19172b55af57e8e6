import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, before, beforeEach, describe, test } from 'node:test'
import { text } from '../../../src/core/field.ts'
import type { Migration } from '../../../src/core/migration.ts'
import type { Module } from '../../../src/core/module-set.ts'
import { bootstrap } from '../../../src/data/postgres/bootstrap.ts'
import { keepNode, servedModules } from '../../../src/data/postgres/nodes.ts'
import { refused } from './refused.ts'
import { crm, eager, type MigrationWorld, openMigrationWorld, written } from './world.ts'

const old = crm({ mail: text().optional() })
const young = crm({ phone: text().optional() })
const renamed = crm({ letter: text().optional().renamedFrom('mail') })
const lossy = { ...eager, allowDestructive: true }

describe('what code or tenants still need is not taken away', () => {
  let world: MigrationWorld
  let first: readonly Migration[]
  let all: readonly Migration[]
  before(async () => {
    world = await openMigrationWorld()
    first = await world.migrator(old, []).generate('start')
    await world.migrator(old, first).up(eager)
    for (const tenant of ['acme', 'globex']) await world.addRow(tenant, 'Ada')
    all = [...first, ...(await world.migrator(young, first).generate('phone'))]
  })
  after(() => world.database.drop())
  /** Back to the first migration, with nobody around. */
  beforeEach(async () => {
    await world.database.query(`delete from tenantry.nodes; delete from tenantry.upgrades`)
    await world.migrator(young, all).down({ ...lossy, module: young, to: 1 })
  })

  const nodeAt = (host: string, module: Module) => ({
    ...{ id: randomUUID(), host, pid: 812 },
    modules: servedModules([module], world.database.prefix),
  })
  /** A node starts with these definitions. */
  const serve = (module: Module, files: readonly Migration[], host: string) => {
    return bootstrap({ ...world.options(module, files), apply: 'never', node: nodeAt(host, module) })
  }
  const columns = async () => {
    const rows = await world.database.query<{ name: string }>(
      `select attname as name from pg_attribute where attrelid = 'crm_v1.people'::regclass and attname in ('mail', 'phone', 'letter') and not attisdropped order by 1`,
    )
    return rows.map(({ name }) => name)
  }

  test('F8.4 a column stays while a node runs the code that reads it, which is named', async () => {
    await serve(old, first, 'api-1')
    const { up } = world.migrator(young, all)
    const error = await refused(up(lossy), 'conflict')
    assert.match(error.details ?? '', /^crm@1 0003_phone_contract\napi-1 \(pid 812\) runs crm@1 1\.0\.0, another/)
    assert.deepEqual(await columns(), ['mail'], 'nothing of the run was done')
    assert.deepEqual((await up(eager)).held.length, 1, 'what both can live with is run')
    assert.deepEqual(await columns(), ['mail', 'phone'])

    await serve(young, all, 'api-2')
    assert.doesNotMatch((await refused(up(lossy), 'conflict')).details ?? '', /api-2/)
    await world.database.query(`update tenantry.nodes set seen_at = now() - interval '61 s' where host = 'api-1'`)
    assert.equal((await up(lossy)).applied.length, 1, 'who has been silent for a minute does not count')
    assert.deepEqual(await columns(), ['phone'])
  })

  test('a node says every ten seconds that it lives, also where it was forgotten, and no more when it ends', async context => {
    context.mock.timers.enable({ apis: ['setInterval'] })
    const rows = () => world.database.query(`select host from tenantry.nodes where seen_at > now() - interval '30 s'`)
    const { promise: said, resolve } = Promise.withResolvers<void>()
    const node = nodeAt('api-1', old)
    const keeping = keepNode(async (sql, values) => {
      const result = await world.database.query<never>(sql, values)
      if (sql.startsWith('insert')) resolve()
      return result
    }, node)
    context.mock.timers.tick(9_000)
    assert.deepEqual(await rows(), [])
    context.mock.timers.tick(1_000)
    await said
    assert.deepEqual(await rows(), [{ host: 'api-1' }])
    await keeping.close()
    assert.deepEqual(await rows(), [])
  })

  test('nodes may be ignored when that is said', async () => {
    await serve(old, first, 'api-1')
    const { applied } = await world.migrator(young, all).up({ ...lossy, ignoreNodes: true })
    assert.deepEqual([applied.length, await columns()], [2, ['phone']])
  })

  /** A run that has begun to change the database, and takes its time. */
  const begin = (module: Module, files: readonly Migration[]) => {
    const { promise: begun, resolve } = Promise.withResolvers<void>()
    const done = world.migrator(module, files).up({
      ...lossy,
      onProgress: ({ kind }) => {
        if (kind === 'begun') resolve()
      },
    })
    return { begun, done }
  }

  test('a node that starts meanwhile waits, and is refused or counts', async () => {
    const files = [...first, written(2, 'select pg_sleep(0.3); alter table crm_v1.people drop column mail')]
    const running = begin(crm(), files)
    await running.begun
    await refused(serve(old, first, 'api-1'), 'conflict')
    await running.done
    assert.deepEqual(await world.database.query('select host from tenantry.nodes'), [])
    await world.database.query(
      `alter table crm_v1.people add column mail text collate "C"; delete from tenantry.migrations where number = 2`,
    )
  })

  test('a rename is refused too, whatever was allowed, and the undo while nodes run the code from after', async () => {
    const rename = (from: string, to: string) => `alter table "crm_v1"."people" rename column "${from}" to "${to}"`
    const files = [...first, written(2, rename('mail', 'letter'), rename('letter', 'mail'))]
    const migrator = world.migrator(renamed, files)
    await serve(old, first, 'api-1')
    const error = await refused(migrator.up(eager), 'conflict')
    assert.match(error.details ?? '', /0002_by_hand\napi-1/)
    await world.database.query('delete from tenantry.nodes')
    await migrator.up(eager)
    await serve(renamed, files, 'api-2')
    const down = { ...lossy, module: renamed, to: 1 }
    assert.match((await refused(migrator.down(down), 'conflict')).details ?? '', /api-2 \(pid 812\) runs crm@1/)
    assert.deepEqual(await columns(), ['letter'])
    await world.database.query('delete from tenantry.nodes')
    await migrator.down(down)
    assert.deepEqual(await columns(), ['mail'])
  })

  const upgrade = (tenant: string, from = 'crm@1', to = 'crm@2') =>
    world.database.query(`insert into tenantry.upgrades (tenant, pairs, rows) values ($1, $2, '{}')`, [
      tenant,
      JSON.stringify([{ from, to }]),
    ])

  test('F8.4 the old rows of an upgrade stay until it is confirmed, and its tenants are named', async () => {
    await upgrade('acme')
    await upgrade('globex', 'other@1', 'other@2')
    const { up } = world.migrator(young, all)
    const error = await refused(up({ ...lossy, ignoreNodes: true }), 'conflict')
    assert.equal(error.details, 'crm@1 0003_phone_contract\ntenant acme went from crm@1 to crm@2')
    assert.deepEqual(await columns(), ['mail'])
    await world.database.query(`update tenantry.upgrades set state = 'confirmed' where tenant = 'acme'`)
    await up(lossy)
    assert.deepEqual(await columns(), ['phone'])
  })

  test('an upgrade that is carried out while the migration runs counts as well', async () => {
    const files = [...first, written(2, 'select pg_sleep(0.3); alter table crm_v1.people drop column mail')]
    const running = begin(crm(), files)
    const error = refused(running.done, 'conflict')
    await running.begun
    await upgrade('globex', 'crm@0', 'crm@1')
    assert.match((await error).details ?? '', /tenant globex/)
    assert.deepEqual(await columns(), ['mail'])
  })
})
