import assert from 'node:assert/strict'
import { cpSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { after, before, describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { parseEnvironment } from '../../src/app/environment.ts'
import { type Fleet, type FleetOptions, openFleet } from '../../src/app/fleet.ts'
import { createLog } from '../../src/app/log.ts'
import { openMigrations } from '../../src/app/migrations.ts'
import { loadProduct } from '../../src/app/product.ts'
import { shareOwnPackage } from '../../src/cli/own-package.ts'
import { createTestDatabase, type TestDatabase } from '../../src/testing/test-database.ts'
import { refused } from '../data/migrate/refused.ts'
import { wholeOnly } from '../whole.ts'
import { newFolder, writeFiles } from './product-files.ts'
import { launch } from './run.ts'
import { runWarm as run } from './warm.ts'

/** How many databases; 200 and 50 kills are promised, and few are tried unless said. */
const size = Number(process.env.TENANTRY_TEST_FLEET ?? 4)
const kills = Number(process.env.TENANTRY_TEST_KILLS ?? 1)

const { dir, remove } = newFolder({
  'package.json': '{ "type": "module" }',
  'tenantry.config.ts': `import { defineConfig } from 'tenantry'
export default defineConfig({ name: 'Notes' })
`,
  'modules/notes/v1/module.ts': `import { defineModule, entity, text } from 'tenantry'
export default defineModule({
  name: 'notes', version: '1.0.0', access: { admin: 'tenant_writer' }, entities: [entity('notes', { body: text() })],
})
`,
})
const file = (number: number) => `modules/notes/v1/migrations/${String(number).padStart(4, '0')}_by_hand.sql`
const say = (number: number) => `comment on table notes_v1.notes is '${number}'`

describe('a fleet of databases', {
  skip: process.env.TENANTRY_TEST_FLEET ? false : wholeOnly,
  timeout: 120_000 + (size + kills) * 4_000,
}, () => {
  let database: TestDatabase
  let env: Record<string, string>
  let fleet: Fleet & { close(): Promise<void> }
  let names: string[]
  const up = (wish: Partial<FleetOptions> = {}) =>
    fleet.up({
      ...{ allowDestructive: false, baseline: false, ignoreNodes: false, parallel: 4, retry: false },
      ...{ actor: { subject: 'ops', via: 'cli' }, onProgress: () => {}, onVisited: () => {}, ...wish },
    })
  const actor = { subject: 'ops', via: 'cli' } as const
  const states = async () => {
    const rows = await database.query<{ status: string; count: number }>(
      'select status, count(*)::int as count from tenantry.databases group by 1 order by 1',
    )
    return Object.fromEntries(rows.map(({ status, count }) => [status, count]))
  }
  before(async () => {
    database = await createTestDatabase({ ownRoles: true })
    names = Array.from({ length: size }, (_, index) => `${database.name}_${index}`)
    const { host, port, user = '', password } = database.target
    const url = `postgres://${user}:${String(password)}@localhost/${database.name}?host=${encodeURIComponent(host)}&port=${port}`
    env = { DATABASE_URL: url, TENANTRY_PREFIX: database.prefix, NODE_ENV: 'production' }
    shareOwnPackage()
    const product = await loadProduct(dir)
    const options = { product, environment: parseEnvironment(env, product.dir), log: createLog('silent') }
    const migrations = await openMigrations(options)
    await migrations.generate('start')
    fleet = await openFleet(options)
  })
  after(async () => {
    await fleet.close()
    for (const name of names) await database.query(`drop database if exists "${name}" with (force)`)
    await database.drop()
    remove()
  })

  test('is of databases of the server that were added, by their names only', async () => {
    const [first = ''] = names
    await refused(fleet.add('x"; drop schema tenantry; --', actor), 'invalid')
    await refused(fleet.add(database.name, actor), 'invalid')
    await refused(fleet.add('template1', actor), 'not_found')
    await refused(fleet.add(first, actor), 'not_found')
    await refused(fleet.remove(first, actor), 'not_found')
    await database.query(`create database "${first}" template template0 encoding 'UTF8'`)
    await fleet.add(first, actor)
    await refused(fleet.add(first, actor), 'conflict')
    const { platform, visited } = await up()
    assert.deepEqual(platform?.applied, ['notes@1 0001_start'])
    assert.deepEqual(
      visited.map(({ name, status, applied }) => [name, status, applied]),
      [[first, 'realized', ['notes@1 0001_start']]],
    )
    for (const name of names.slice(1)) await database.query(`create database "${name}" template "${first}"`)
    for (const name of names.slice(1)) await fleet.add(name, actor)
    assert.equal((await up()).visited.length, size - 1, 'who was never visited is')
    const acts = await database.query(`select distinct verb from tenantry.audit where verb like 'database%'`)
    assert.deepEqual(acts, [{ verb: 'database.add' }])
  })

  const connectable = (name: string, allowed: boolean) =>
    database.query(`alter database "${name}" allow_connections ${allowed}`)

  test('F8.3 is visited where something is pending only; what fails is named and tried again alone', async () => {
    const [first = '', second = ''] = names
    await connectable(second, false)
    assert.deepEqual((await up()).visited, [])
    writeFiles(dir, { [file(2)]: say(2) })
    const { visited } = await up()
    assert.equal(visited.length, size)
    const failed = visited.filter(({ status }) => status === 'error')
    assert.deepEqual(
      failed.map(({ name }) => name),
      [second],
    )
    assert.deepEqual(await states(), { error: 1, realized: size - 1 })
    await connectable(second, true)
    await connectable(first, false)
    const retried = await up({ retry: true })
    assert.deepEqual([retried.platform, retried.visited.map(({ name }) => name)], [null, [second]])
    assert.deepEqual(await states(), { realized: size })
    await connectable(first, true)
  })

  test('never calls done what was left, nor takes files that were changed for those that were seen', async () => {
    writeFiles(dir, { [file(3)]: 'truncate notes_v1.notes' })
    const left = await up()
    assert.deepEqual([left.visited.length, left.left.length, await states()], [0, size, { pending: size }])
    const [first = '', second = ''] = names
    await connectable(second, false)
    assert.equal((await up({ allowDestructive: true })).visited.length, size)
    assert.deepEqual(await states(), { error: 1, realized: size - 1 })
    await connectable(second, true)

    // F8.4, of nodes that are written down in the platform's database only.
    await database.query(
      `insert into tenantry.nodes (id, host, pid, modules) values (gen_random_uuid(), 'api-1', 812, '{ "notes@1": { "version": "0.9.0", "fingerprint": "" } }')`,
    )
    const [inUse] = (await up({ allowDestructive: true, retry: true })).visited
    assert.match(inUse?.error?.details ?? '', /notes@1 0003_by_hand\napi-1 \(pid 812\) runs notes@1 0\.9\.0/)
    assert.deepEqual(await states(), { error: 1, realized: size - 1 })
    await database.query('delete from tenantry.nodes')
    await up({ allowDestructive: true, retry: true })
    assert.deepEqual(await states(), { realized: size })

    await database.query(
      `update tenantry.databases set modules = jsonb_set(modules, '{notes@1,digest}', '"of other files"') where name = $1`,
      [first],
    )
    assert.deepEqual(
      (await up()).visited.map(({ name, applied }) => [name, applied]),
      [[first, []]],
    )
    assert.deepEqual((await up()).visited, [])
  })

  test('in production what the definitions say and no file does is refused at the end, and named', async () => {
    const longer = newFolder({
      'package.json': '{ "type": "module" }',
      'tenantry.config.ts': readFileSync(join(dir, 'tenantry.config.ts'), 'utf8'),
      'modules/notes/v1/module.ts': readFileSync(join(dir, 'modules/notes/v1/module.ts'), 'utf8').replace(
        'body: text()',
        'body: text(), more: text().optional()',
      ),
    })
    cpSync(join(dir, 'modules/notes/v1/migrations'), join(longer.dir, 'modules/notes/v1/migrations'), {
      recursive: true,
    })
    const product = await loadProduct(longer.dir)
    const wish = { allowDestructive: false, baseline: false, ignoreNodes: false, actor, onProgress: () => {} }
    const upIn = async (variables: Record<string, string>) => {
      const environment = parseEnvironment(
        { ...env, TENANTRY_FOLDER: join(dir, '.tenantry'), ...variables },
        product.dir,
      )
      const opened = await openMigrations({ product, environment, log: createLog('silent') })
      return opened.up(wish).finally(() => opened.close())
    }
    assert.match((await refused(upIn({}), 'conflict')).details ?? '', /^column notes_v1\.notes\.more$/m)
    const told = await upIn({ NODE_ENV: 'development' })
    assert.match(told.remaining ?? '', /notes_v1\.notes\.more/, 'in development it is told')
    longer.remove()
  })

  test('of a thousand databases none is visited when nothing is pending', async () => {
    await database.query(
      `insert into tenantry.databases (name, status, modules)
       select 'nowhere_' || n, 'realized', (select modules from tenantry.databases where name = $1) from generate_series(1, 1000) n`,
      [names[0]],
    )
    const began = performance.now()
    const { visited, unvisited } = await up()
    const took = performance.now() - began
    assert.deepEqual([visited.length, unvisited], [0, size + 1000])
    assert.ok(took < (size < 100 ? 5_000 : 1_000), `${took} ms`)
    await database.query(`delete from tenantry.databases where name like 'nowhere%'`)
  })

  /** In each database the comment is that of the last migration it has noted down. */
  async function whole(name: string): Promise<number> {
    const client = new pg.Client({ ...database.target, database: name })
    await client.connect()
    try {
      const { rows } = await client.query<{ last: number; said: string | null }>(
        `select max(number) as last, obj_description('notes_v1.notes'::regclass) as said from tenantry.migrations`,
      )
      const { last = 0, said } = rows[0] ?? {}
      if (last > 3) assert.equal(said, String(last), name)
      return last
    } finally {
      await client.end()
    }
  }

  /** Where each stands. A server has fewer connections than databases. */
  async function allWhole(): Promise<readonly number[]> {
    const stands: number[] = []
    const waiting = names.values()
    const look = async () => {
      for (const name of waiting) stands.push(await whole(name))
    }
    await Promise.all(Array.from({ length: 8 }, look))
    return stands
  }

  test(`killed ${kills} times, it goes on where it was, and each database is whole each time`, async () => {
    for (let number = 4; number <= 9; number++)
      writeFiles(dir, { [file(number)]: `${say(number)}; select pg_sleep(0.02)` })
    const args = ['migrate', 'up', '--fleet', '--parallel', '4']
    for (let kill = 0; kill < kills; kill++) {
      const { child, ended } = launch(args, { dir, env })
      await Promise.race([new Promise(resolve => child.stderr?.once('data', resolve)), ended])
      await sleep(Math.random() * 400)
      child.kill('SIGKILL')
      await ended
      const { realized = 0 } = await states()
      const done = await allWhole()
      assert.ok(done.filter(last => last === 9).length >= realized, 'what is called done is done')
    }
    const { code, stderr } = await run(args, { dir, env })
    assert.equal(code, 0, stderr)
    assert.deepEqual(new Set(await allWhole()), new Set([9]))
    assert.deepEqual(await states(), { realized: size })
    const listed = await run(['database', 'list'], { dir, env })
    assert.match(listed.stdout, new RegExp(`^${names[0]} +realized +notes@1/9 `, 'm'))
    const [last = ''] = names.slice(-1)
    assert.equal((await run(['database', 'remove', last], { dir, env })).code, 0)
    assert.equal((await states()).realized, size - 1)
    assert.equal((await run(['migrate', 'up', '--retry'], { dir, env })).code, 2)
  })

  test('is done with what it has begun when who watches it fails, and goes on there', async () => {
    const { realized = 0 } = await states()
    writeFiles(dir, { [file(90)]: say(90) })
    let told = 0
    const onVisited = () => {
      if (++told === 1) throw new Error('no terminal')
    }
    await assert.rejects(up({ onVisited, parallel: 2 }), /no terminal/)
    assert.deepEqual(await states(), { pending: realized - 2, realized: 2 })
    assert.equal((await up()).visited.length, realized - 2)
    assert.deepEqual(await states(), { realized })
  })
})
