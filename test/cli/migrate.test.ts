import assert from 'node:assert/strict'
import { readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { createTestDatabase, type TestDatabase } from '../../src/testing/test-database.ts'
import { newFolder, writeFiles } from './product-files.ts'
import { launch, type Running } from './run.ts'
import { runWarm as run } from './warm.ts'

/** How often a run is killed; in `.ci/run` more often. */
const kills = Number(process.env.TENANTRY_TEST_KILLS ?? 2)

const config = `import { defineConfig } from 'tenantry'
export default defineConfig({ name: 'Notes' })
`
const moduleOf = (fields: string) => `import { defineModule, entity, text } from 'tenantry'
export default defineModule({
  name: 'notes', version: '1.0.0', access: { admin: 'tenant_writer', clerk: 'tenant_writer' },
  entities: [entity('notes', { author: text().optional(), ${fields} }, { own: { clerk: 'author' } })],
})
`
const migrations = 'modules/notes/v1/migrations'

describe('tenantry migrate', { timeout: 180_000 + kills * 5_000 }, () => {
  const { dir, remove } = newFolder({
    'package.json': '{ "type": "module" }',
    'tenantry.config.ts': config,
    'modules/notes/v1/module.ts': moduleOf('body: text(), more: text().optional()'),
  })
  let database: TestDatabase
  let env: Record<string, string>
  let server: Running | undefined
  const tenantry = (line: string) => run(line.split(' '), { dir, env })
  const inFolder = () => readdirSync(join(dir, migrations)).sort()
  before(async () => {
    database = await createTestDatabase({ ownRoles: true })
    const { host, port, user = '', password } = database.target
    const url = `postgres://${user}:${String(password)}@localhost/${database.name}?host=${encodeURIComponent(host)}&port=${port}`
    env = { DATABASE_URL: url, TENANTRY_PREFIX: database.prefix, NODE_ENV: 'production' }
  })
  after(async () => {
    server?.child.kill('SIGKILL')
    await database.drop()
    remove()
  })

  test('a change goes from its definition to files, and from there to a database in production', async () => {
    const wrote = await tenantry('migrate generate --name start')
    assert.equal(wrote.code, 0, wrote.stderr)
    assert.deepEqual(inFolder(), ['0001_start.sql', '0001_start.undo.sql'])
    const ran = await tenantry('migrate up')
    assert.equal(ran.code, 0, ran.stderr)
    assert.match(ran.stderr, /^notes@1 0001_start {2}\d+ ms$/m)
    server = launch(['start', '--port', '0', '--json'], { dir, env })
    await server.saying('\n')
    for (const tenant of ['acme', 'globex'])
      await database.query(`insert into notes_v1.notes (tenant_id, body, more) values ($1, 'one', 'kept for ' || $1)`, [
        tenant,
      ])

    writeFiles(dir, { 'modules/notes/v1/module.ts': moduleOf('body: text({ max: 99 }), title: text().optional()') })
    const planned = await tenantry('migrate plan')
    assert.match(planned.stdout, /^4 steps: 2 safe, 1 slow, 1 destructive$/m)
    assert.match(planned.stdout, /^ {2}destructive {2}drop column notes_v1\.notes\.more$/m)
    await tenantry('migrate generate --name titles')
    const refused = await tenantry('tenant list')
    assert.deepEqual([refused.code, refused.stdout], [4, ''])
    assert.match(
      refused.stderr,
      /^error: 3 migrations have not been run on this database\n {2}notes@1 0002_titles_expand$/m,
    )
  })

  test('what loses rows waits until it is allowed, and each tenant is archived before', async () => {
    const held = JSON.parse((await tenantry('migrate up --json')).stdout)
    assert.deepEqual([held.applied.length, held.held, held.remaining], [2, ['notes@1 0004_titles_contract'], null])
    assert.equal((await tenantry('tenant list')).code, 0, 'what the old code needs does not hold up the new')
    const told = await tenantry('migrate up --allow-destructive')
    const named = `(pid ${server?.child.pid}) runs notes@1 1.0.0, another definition is here`
    assert.deepEqual([told.code, told.stderr.includes(named)], [4, true], told.stderr)
    assert.match((await tenantry('migrate status')).stdout, /\nNODE .*\n.* others: notes@1 1\.0\.0$/m)
    server?.child.kill('SIGTERM')
    await server?.ended
    const { archives } = JSON.parse((await tenantry('migrate up --allow-destructive --json')).stdout)
    assert.equal(archives.length, 2)
    const [acme = '', globex = ''] = archives.map((folder: string) =>
      readFileSync(join(folder, 'notes@1.notes.ndjson'), 'utf8'),
    )
    assert.match(acme, /kept for acme/)
    assert.doesNotMatch(acme, /globex/)
    assert.match(globex, /kept for globex/)
    const status = await tenantry('migrate status')
    assert.deepEqual([status.code, status.stdout.includes('\nNo node serves\n')], [0, true], status.stdout)
  })

  test('line ends are nobody’s change, names and bytes that are none are refused by name', async () => {
    const file = join(dir, migrations, '0001_start.sql')
    const text = readFileSync(file, 'utf8')
    writeFiles(dir, { [`${migrations}/0001_start.sql`]: text.replaceAll('\n', '\r\n') })
    assert.equal((await tenantry('migrate up')).code, 0)
    const odd = {
      [`${migrations}/0005_Drop.sql`]: '',
      [`${migrations}/..x y.sql.bak`]: '',
      [`${migrations}/0006_nul.sql`]: 'select \0',
      [`${migrations}/0007_lone.undo.sql`]: '',
    }
    writeFiles(dir, { ...odd, [`${migrations}/evil\n\u001b[31m.sql`]: '' })
    const { code, stderr } = await tenantry('migrate status')
    assert.equal(code, 2)
    for (const name of [
      '0005_Drop.sql',
      '0006_nul.sql: it holds a NUL',
      '0007_lone.undo.sql: there is no 0007_lone.sql',
      'evil\\n\\u001b[31m.sql',
    ])
      assert.ok(stderr.includes(name), `${name} in ${stderr}`)
    for (const name of inFolder())
      if (!/^000[1-4]_[a-z_]+(\.undo)?\.sql$/.test(name)) rmSync(join(dir, migrations, name))
    writeFiles(dir, { [`${migrations}/0001_start.sql`]: `${text}-- more\n` })
    const changed = await tenantry('migrate up')
    assert.equal(changed.code, 4)
    assert.match(changed.stderr, /changed: notes@1 0001_start/)
    writeFiles(dir, { [`${migrations}/0001_start.sql`]: text })
  })

  test(`killed ${kills} times, it goes on where it was, and the database is whole each time`, async () => {
    const numbers = Array.from({ length: Math.max(12, kills * 4) }, (_, index) => index + 5)
    for (const number of numbers) {
      const name = `${migrations}/${String(number).padStart(4, '0')}_c.sql`
      const column = `alter table notes_v1.notes add column c${number} text; select pg_sleep(0.04); create table notes_v1.t${number} (); alter table notes_v1.t${number} enable row level security, force row level security`
      const index = `-- tenantry: no transaction\ncreate index concurrently if not exists c${number} on notes_v1.notes (tenant_id, body)`
      writeFiles(dir, { [name]: number % 3 === 0 ? index : column })
    }
    for (let kill = 0; kill < kills; kill++) {
      const { child, ended } = launch(['migrate', 'up'], { dir, env: { ...env, NODE_ENV: 'development' } })
      await Promise.race([new Promise(resolve => child.stderr?.once('data', resolve)), ended])
      await sleep(Math.random() * 250)
      child.kill('SIGKILL')
      await ended
      await whole(numbers)
    }
    const { code, stderr } = await run(['migrate', 'up'], { dir, env: { ...env, NODE_ENV: 'development' } })
    assert.equal(code, 0, stderr)
    assert.equal(await whole(numbers), numbers.length)
  })

  /** Each migration is there with everything that it makes, or not at all. Answers how many are. */
  async function whole(numbers: readonly number[]): Promise<number> {
    const seen = new Set(
      (await database.query<{ number: number }>('select number from tenantry.migrations')).map(({ number }) => number),
    )
    const objects = await database.query<{ name: string }>(
      `select attname as name from pg_attribute where attrelid = 'notes_v1.notes'::regclass and attname ~ '^c[0-9]'
       union all select relname from pg_class c join pg_index i on i.indexrelid = c.oid where relname ~ '^c[0-9]' and i.indisvalid
       union all select relname from pg_class where relkind = 'r' and relname ~ '^t[0-9]'`,
    )
    const there = new Set(objects.map(({ name }) => name))
    for (const number of numbers) {
      // An index may be whole before it is noted down; the next run finds it and notes it.
      if (number % 3 !== 0)
        assert.deepEqual(
          [there.has(`c${number}`), there.has(`t${number}`)],
          [seen.has(number), seen.has(number)],
          `migration ${number}`,
        )
      else if (seen.has(number)) assert.ok(there.has(`c${number}`), `index ${number}`)
    }
    return numbers.filter(number => seen.has(number)).length
  }
})
