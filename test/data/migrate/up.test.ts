// F8.2: running migrations.
import assert from 'node:assert/strict'
import { after, before, beforeEach, describe, test } from 'node:test'
import pg from 'pg'
import type { Migration } from '../../../src/core/migration.ts'
import type { Progress } from '../../../src/data/postgres/migrate/run-one.ts'
import { refused } from './refused.ts'
import { crm, eager, type MigrationWorld, openMigrationWorld, written } from './world.ts'

const module = crm()

describe('migrate up', () => {
  let world: MigrationWorld
  let first: readonly Migration[]
  const up = (files: readonly Migration[], wish = {}) =>
    world.migrator(module, [...first, ...files]).up({ ...eager, ...wish })
  const ledger = () => world.database.query<{ name: string }>('select name from tenantry.migrations order by number')
  before(async () => {
    world = await openMigrationWorld()
    first = await world.migrator(module, []).generate('start')
    await up([])
    for (const tenant of ['acme', 'globex']) await world.addRow(tenant, 'Ada')
  })
  after(() => world.database.drop())
  beforeEach(async () => {
    await world.database.query('delete from tenantry.migrations where number > 1')
    await world.database.query('alter table crm_v1.people drop column if exists extra, drop column if exists more')
    await world.database.query('drop index if exists crm_v1.people_extra')
  })

  const add = 'alter table crm_v1.people add column extra text;\n'

  test('keeps all of a migration or nothing, and says where it failed and where the database stands', async () => {
    const files = [written(2, add), written(3, `alter table crm_v1.people add column more text;\n\nselect 1/0;`)]
    const error = await refused(up(files), 'conflict')
    assert.match(error.message, /^crm@1 0003_by_hand, line 3: a value in a row does not fit \(22012\)/)
    assert.match(error.details ?? '', /crm@1 stands at 0002_by_hand/)
    assert.deepEqual(
      (await ledger()).map(({ name }) => name),
      ['0001_start', '0002_by_hand'],
    )
    assert.deepEqual(await world.database.query(columnsSql), [{ name: 'extra' }])
    const mended = [written(2, add), written(3, 'alter table crm_v1.people add column more text')]
    assert.equal((await up(mended)).applied.length, 1)
  })

  test('runs each migration once when two are started at once', async () => {
    const files = [
      written(2, `${add}select pg_sleep(0.3)`),
      written(3, 'alter table crm_v1.people add column more text'),
    ]
    const done = await Promise.all([up(files), up(files), up(files)])
    assert.equal(done.flatMap(({ applied }) => applied).length, 2)
    assert.equal((await ledger()).length, 3)
  })

  test('waits for locks in short turns, tries again, and gives up whole', async () => {
    const other = new pg.Client(world.database.target)
    await other.connect()
    await other.query('begin; select from crm_v1.people limit 1')
    const told: Progress['kind'][] = []
    const busy = await refused(up([written(2, add)], { delays: [10] }), 'unavailable')
    assert.match(busy.message, /crm@1 0002_by_hand: others hold the locks/)
    const done = up([written(2, add)], {
      onProgress: ({ kind }: Progress) => {
        told.push(kind)
        if (kind === 'retried') void other.query('rollback')
      },
    })
    assert.equal((await done).applied.length, 1)
    await other.end()
    assert.deepEqual(
      told.filter(kind => kind !== 'retried'),
      ['begun', 'done'],
    )
  })

  test('builds an index beside writers, and what a failure left of it is dropped before the next try', async () => {
    const index =
      '-- tenantry: no transaction\ncreate unique index concurrently if not exists people_extra on crm_v1.people (tenant_id, extra)'
    const files = [written(2, `${add}update crm_v1.people set extra = 'x'`), written(3, index)]
    await world.addRow('acme', 'Bob')
    const error = await refused(up(files), 'conflict')
    assert.match(error.message, /0003_by_hand.*23505/)
    assert.ok(!error.message.includes('acme'), 'no value of a row')
    // As a process leaves it that is killed in the middle.
    const own = new pg.Client(world.database.target)
    await own.connect()
    await own.query('create unique index concurrently people_extra on crm_v1.people (tenant_id, extra)').catch(() => {})
    await own.query(`update crm_v1.people set extra = name`)
    await own.end()
    assert.equal((await up(files)).applied.length, 1)
    assert.deepEqual(
      await world.database.query(
        `select indisvalid as valid from pg_index where indexrelid = 'crm_v1.people_extra'::regclass`,
      ),
      [{ valid: true }],
    )
    await world.database.query(`delete from crm_v1.people where name = 'Bob'`)
  })

  test('refuses files that are not those the database has seen, all by name', async () => {
    const files = [written(2, add), written(4, 'select 1', null, 'fourth')]
    await up(files)
    const error = await refused(up([written(2, `${add}-- more`), written(3, 'select 3', null, 'third')]), 'conflict')
    assert.deepEqual(error.details?.split('\n').sort(), [
      'changed: crm@1 0002_by_hand',
      'missing: crm@1 0004_fourth',
      'too late: crm@1 0003_third, behind which others were applied',
    ])
    const status = await world.migrator(module, [...first, written(2, 'select 2'), written(5, 'select 5')]).status()
    assert.deepEqual(
      status.map(({ state }) => state),
      ['applied', 'changed', 'pending', 'missing'],
    )
  })

  test('A4 leaves no table open', async () => {
    const error = await refused(up([written(2, 'create table crm_v1.extra (tenant_id text)')]), 'conflict')
    assert.match(error.details ?? '', /crm_v1\.extra/)
    assert.deepEqual(await world.database.query(`select to_regclass('crm_v1.extra') as found`), [{ found: null }])
  })

  test('A28 a backfill that row security hides rows from does not pass for done', async () => {
    const { name: main } =
      (
        await world.database.query<{ name: string }>(
          `select polname as name from pg_policy where polname = 'main' and polrelid = 'crm_v1.people'::regclass`,
        )
      )[0] ?? {}
    assert.equal(main, 'main')
    await world.database.query('drop policy main on crm_v1.people')
    const fill = `${add}alter table crm_v1.people add constraint filled check (extra is not null) not valid;
      update crm_v1.people set extra = 'x' where extra is null; alter table crm_v1.people validate constraint filled`
    const error = await refused(up([written(2, fill)]), 'conflict')
    assert.match(error.message, /23514/)
    await world.database.query(
      `create policy main on crm_v1.people to "${world.database.prefix}_main" using (true) with check (true)`,
    )
    await up([written(2, fill)])
    assert.deepEqual(await world.database.query('select distinct extra from crm_v1.people'), [{ extra: 'x' }])
  })

  test('loses nothing unasked, not even where the file does not say that it does', async () => {
    const files = [written(2, add), written(3, 'alter table crm_v1.people drop column extra'), written(4, 'select 1')]
    const { applied, held } = await up(files)
    assert.deepEqual(
      [applied, held].map(list => list.map(({ number }) => number)),
      [[2], [3, 4]],
    )
    const failing = async () => {
      throw new Error('the disk is full')
    }
    await assert.rejects(
      up(files, { allowDestructive: true, beforeLoss: failing }),
      /the disk is full|cannot be prepared/,
    )
    assert.deepEqual(await world.database.query(columnsSql), [{ name: 'extra' }])
  })

  test('a file cannot end the transaction that it runs in by way of a block', async () => {
    const error = await refused(up([written(2, `${add}do $$ begin commit; end $$`)]), 'conflict')
    assert.match(error.message, /2D000/)
    assert.deepEqual(await world.database.query(columnsSql), [])
  })
})

const columnsSql = `select attname as name from pg_attribute where attrelid = 'crm_v1.people'::regclass and attnum > 0 and not attisdropped and attname in ('extra', 'more')`
