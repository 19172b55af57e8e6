import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { decimal, integer, searchText, text } from '../../../src/core/field.ts'
import type { Migration } from '../../../src/core/migration.ts'
import { bootstrap } from '../../../src/data/postgres/bootstrap.ts'
import { refused } from './refused.ts'
import { crm, eager, type MigrationWorld, openMigrationWorld } from './world.ts'

const one = crm({ mail: text().optional(), credit: decimal(8, 2).optional() })
const two = crm(
  {
    mail: text({ max: 80 }).default('none'),
    age: integer().optional(),
    note: text().default('tenantry_main'),
    words: searchText('name'),
  },
  { indexes: [['age']], changes: true },
)

describe('migrations that are generated', () => {
  let world: MigrationWorld
  let first: readonly Migration[]
  let all: readonly Migration[]
  before(async () => {
    world = await openMigrationWorld()
    first = await world.migrator(one, []).generate('start')
    await world.migrator(one, first).up(eager)
    for (const tenant of ['acme', 'globex']) for (const name of ['Ada', 'Bob']) await world.addRow(tenant, name)
    all = [...first, ...(await world.migrator(two, first).generate('more'))]
  })
  after(() => world.database.drop())

  test('are in files of what belongs together, none of which knows an installation', () => {
    assert.deepEqual(
      all.map(({ name }) => name),
      [
        '0001_start',
        '0002_more_expand',
        '0003_more_index',
        '0004_more_index',
        '0005_more_validate',
        '0006_more_contract',
      ],
    )
    const access = all.map(({ text, undo }) => text + undo).join('')
    assert.ok(!access.includes(`"${world.database.prefix}_`), 'a role of this installation is named')
    assert.match(access, /to "\$\{prefix\}_tenant_reader"/)
    assert.match(access, /default 'tenantry_main'::text/)
  })

  test('lose nothing before that is allowed, and archive what would be gone as it is then', async () => {
    const held = await world.migrator(two, all).up(eager)
    assert.deepEqual([held.applied.length, held.held.map(({ name }) => name)], [4, ['0006_more_contract']])
    await world.migrator(two, all).verify()
    const seen: (string | undefined)[] = []
    const beforeLoss = async () => {
      const { tenants, module } = await world.migrator(two, all).liveRows(two)
      seen.push(...tenants.keys(), ...(module.entities[0]?.fields.keys() ?? []))
    }
    await world.migrator(two, all).up({ ...eager, allowDestructive: true, beforeLoss })
    assert.deepEqual(seen.slice(0, 2), ['acme', 'globex'])
    assert.ok(seen.includes('credit'), 'the column that goes is in the archive')
  })

  test('fill the rows of all tenants under forced row security', async () => {
    const rows = await world.database.query('select tenant_id, name, mail, note from crm_v1.people order by 1, 2')
    assert.equal(rows.length, 4)
    for (const row of rows) assert.deepEqual([row.mail, row.note], ['none', 'tenantry_main'])
  })

  test('lead to what the definitions say, after which there is nothing to plan or to generate', async () => {
    const migrator = world.migrator(two, all)
    await migrator.verify()
    assert.deepEqual(await migrator.plan(), [])
    assert.deepEqual(await migrator.generate(undefined), [])
  })

  test('are taken back down to a number, and run again', async () => {
    const migrator = world.migrator(two, all)
    const down = { ...eager, module: two, to: 1 }
    const error = await refused(migrator.down(down), 'conflict')
    assert.match(error.details ?? '', /0002_more_expand/)
    await migrator.down({ ...down, allowDestructive: true })
    await world.migrator(one, first).verify()
    assert.deepEqual(await world.migrator(one, first).plan(), [])
    const { applied } = await migrator.up({ ...eager, allowDestructive: true })
    assert.equal(applied.length, 5)
    assert.equal((await world.database.query('select 1 from crm_v1.people')).length, 4)
  })

  test('are named by a start in production that lacks them, and not run by it', async () => {
    const other = crm({ phone: text().optional() })
    const next = [...first, ...(await world.migrator(other, first).generate('phone'))]
    const own = await openMigrationWorld()
    try {
      await own.migrator(one, first).up(eager)
      const error = await refused(bootstrap({ ...own.options(other, next), apply: 'never' }), 'conflict')
      assert.match(error.details ?? '', /^crm@1 0002_phone/)
      assert.equal(error.hint, 'Run them: tenantry migrate up')

      // A start in development makes what is new; the file then finds it there.
      await bootstrap({ ...own.options(other, next), apply: 'additive' })
      const blocked = await refused(own.migrator(other, next).up({ ...eager, allowDestructive: true }), 'conflict')
      assert.match(blocked.message, /crm@1 0002_phone.*42701/)
      await own.migrator(other, next).up({ ...eager, allowDestructive: true, takesWhatIsThere: true })
      await own.migrator(other, next).verify()
      const status = await own.migrator(other, next).status()
      assert.deepEqual(
        status.map(({ state }) => state),
        ['applied', 'baseline', 'applied'],
      )
    } finally {
      await own.database.drop()
    }
  })

  test('count as seen where a start makes a module from nothing', async () => {
    const own = await openMigrationWorld()
    try {
      await bootstrap({ ...own.options(two, all), apply: 'never' })
      const status = await own.migrator(two, all).status()
      assert.ok(status.every(({ state }) => state === 'baseline'))
      assert.deepEqual((await own.migrator(two, all).up(eager)).applied, [])
    } finally {
      await own.database.drop()
    }
  })
})

test('a rename that no migration has made yet stops a start, which would make it anew and empty', async () => {
  const world = await openMigrationWorld()
  try {
    const before = crm({ mail: text().optional() })
    const after = crm({ email: text().optional().renamedFrom('mail') })
    const first = await world.migrator(before, []).generate('start')
    await world.migrator(before, first).up(eager)
    await world.database.query(`insert into crm_v1.people (tenant_id, name, mail) values ('acme', 'Ada', 'a@b.c')`)
    const error = await refused(bootstrap({ ...world.options(after, first), apply: 'additive' }), 'conflict')
    assert.equal(error.details, 'crm_v1.people.mail to email')
    const all = [...first, ...(await world.migrator(after, first).generate(undefined))]
    assert.equal(all[1]?.name, '0002_rename_column_people_mail_to_email')
    await world.migrator(after, all).up(eager)
    await world.migrator(after, all).verify()
    assert.deepEqual(await world.database.query('select email from crm_v1.people'), [{ email: 'a@b.c' }])
  } finally {
    await world.database.drop()
  }
})
