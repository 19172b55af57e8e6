import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { after, before, test } from 'node:test'
import { promisify } from 'node:util'
import { entity } from '../../src/core/entity.ts'
import { text } from '../../src/core/field.ts'
import { type DataLayer, openPostgres } from '../../src/data/postgres/library.ts'
import { createTestDatabase, type TestDatabase } from '../../src/testing/test-database.ts'

const run = promisify(execFile)
const root = new URL('../../', import.meta.url)
const notes = entity('notes', { title: text({ max: 20 }) }, { instanced: true })
const secret = 'a secret of thirty-two characters'
const actor = { subject: 'ann', roles: ['clerk'] }

let database: TestDatabase
let url: string
let data: DataLayer

before(async () => {
  database = await createTestDatabase({ ownRoles: true })
  const { host, port, user, password } = database.server
  const at = encodeURIComponent(host)
  url = `postgres://${user}:${encodeURIComponent(password)}@${at}:${port}/${database.name}`
  data = await openPostgres({
    url,
    secret,
    entities: [notes],
    access: { clerk: 'tenant_writer', group: 'reader' },
    settings: { prefix: database.prefix },
  })
})
after(async () => {
  await data?.close()
  await database?.drop()
})

test('tenants and instances are plain texts, kept apart by the database', async () => {
  const coke = data.tenant('coke', { ...actor, instance: 'eu' })
  const pepsi = data.tenant('pepsi', { ...actor, instance: 'eu' })
  const row = await coke.insert(notes, { title: 'ours' })
  assert.equal(await pepsi.find(notes, row.id), undefined)
  assert.equal(await data.tenant('coke', { ...actor, instance: 'us' }).count(notes), 0)
  assert.equal(await data.acrossTenants({ subject: 'pat', roles: ['group'] }).count(notes), 1)
  await assert.rejects(data.acrossTenants({ subject: 'pat', roles: ['nobody'] }).count(notes), { code: 'forbidden' })
  await assert.rejects(data.tenant('coke', { subject: 'pat', roles: ['group'] }).count(notes), { code: 'forbidden' })
})

test('a text that is no tenant, instance, subject or secret is refused', async () => {
  const hostile = ['', 'Coke', 'system', '*', "x' or true --", 'a\0b', 'undefined', undefined, null, ['coke'], {}]
  for (const tenant of hostile as string[]) {
    assert.throws(() => data.tenant(tenant, actor), { code: 'invalid' }, String(tenant))
  }
  for (const instance of ['', 'a b', "'", '\n', 'x'.repeat(65)]) {
    assert.throws(() => data.tenant('coke', { ...actor, instance }), { code: 'invalid' })
  }
  assert.throws(() => data.tenant('coke', { ...actor, subject: '' }), { code: 'invalid' })
  await assert.rejects(openPostgres({ url, secret: 'short', entities: [notes] }), { code: 'invalid' })
})

test('nothing of a server is loaded with it: no HTTP, no log, no metrics, no tokens', async () => {
  const program = `
    import { registerHooks } from 'node:module'
    const packages = new Set()
    registerHooks({
      resolve(specifier, context, next) {
        const found = next(specifier, context)
        const name = /node_modules\\/((?:@[^/]+\\/)?[^/]+)/.exec(found.url)?.[1]
        packages.add(found.url.startsWith('node:') ? found.url : (name ?? /\\/src\\/(\\w+)\\//.exec(found.url)?.[1] + '/'))
        return found
      },
    })
    const { openPostgres } = await import('tenantry/data/postgres')
    await import('tenantry')
    if (typeof openPostgres !== 'function') throw new Error('no openPostgres')
    console.log([...packages].sort().join(' '))`
  const args = ['--conditions=tenantry-source', '--input-type=module', '--eval', program]
  const { stdout } = await run(process.execPath, args, { cwd: root })
  const loaded = stdout.trim().split(' ')
  assert.ok(loaded.includes('pg') && loaded.includes('data/'), stdout)
  const npm = loaded.filter(name => !name.startsWith('node:') && !name.endsWith('/'))
  assert.deepEqual(
    npm.filter(name => !/^(pg|pgpass|postgres|split2|xtend)/.test(name) && name !== 'kysely'),
    [],
  )
  const server = ['node:http', 'node:https', 'node:http2', 'node:cluster', 'identity/', 'api/', 'catalog/', 'cli/']
  assert.deepEqual(
    server.filter(name => loaded.includes(name)),
    [],
  )
})

test('the example does what its page says', { timeout: 60_000 }, async () => {
  const own = await createTestDatabase({ ownRoles: true })
  try {
    const env = { ...process.env, DATABASE_URL: url.replace(database.name, own.name), TENANTRY_PREFIX: own.prefix }
    const args = ['--conditions=tenantry-source', 'examples/data-layer/main.ts']
    const expected = readFileSync(new URL('examples/data-layer/output.txt', root), 'utf8')
    assert.equal((await run(process.execPath, args, { cwd: root, env })).stdout, expected)
    // And again, on a database where it has been.
    assert.equal((await run(process.execPath, args, { cwd: root, env })).stdout, expected)
  } finally {
    await own.drop()
  }
})
