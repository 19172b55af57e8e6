import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { decodeJwt } from 'jose'
import { type EmbeddedServer, openEmbedded } from '../../src/data/postgres/embedded.ts'
import { newFolder, productFiles } from './product-files.ts'
import type { Ran } from './run.ts'
import { runWarm as run } from './warm.ts'

const { dir, remove } = newFolder(productFiles)
let server: EmbeddedServer

// The commands attach to it, which is faster than each of them starting its own.
before(async () => {
  server = await openEmbedded({ folder: join(dir, '.tenantry'), mode: 'own', fsync: false })
})
after(async () => {
  await server?.close()
  remove()
})

const tenantry = (line: string): Promise<Ran> => run(line.split(' '), { dir })

async function json(line: string) {
  const { code, stdout, stderr } = await tenantry(`${line} --json`)
  assert.equal(stderr, '')
  assert.equal(code, 0)
  return JSON.parse(stdout)
}

async function refused(line: string): Promise<{ exit: number | null; code: string; message: string; hint: string }> {
  const { code: exit, stdout, stderr } = await tenantry(`${line} --json`)
  assert.equal(stdout, '')
  return { exit, ...JSON.parse(stderr).error }
}

test('a new installation has the system tenant and no other', async () => {
  const tenants = await json('tenant list')
  assert.deepEqual(
    tenants.map(({ key }: { key: string }) => key),
    ['system'],
  )
})

test('a tenant is added with its modules and what they depend on', async () => {
  const { code, stdout, stderr } = await run(
    ['tenant', 'add', 'acme', '--name', 'Acme Ltd', '--subscribe', 'tasks@1'],
    {
      dir,
    },
  )
  assert.deepEqual({ code, stderr }, { code: 0, stderr: '' })
  assert.match(stdout, /^Added the tenant acme\n/)
  const shown = await json('tenant show acme')
  assert.equal(shown.name, 'Acme Ltd')
  assert.equal(shown.state, 'active')
  assert.deepEqual(shown.subscriptions, ['tasks@1'])
  assert.deepEqual(shown.running, [
    { name: 'people', version: '1.2.0' },
    { name: 'tasks', version: '1.0.0' },
  ])
  assert.match(shown.issuer, /^http:\/\/.*\/acme\/auth$/)
})

test('several subscriptions are repeated or listed with commas', async () => {
  const globex = await json('tenant add globex --subscribe notes@1 --subscribe people@1')
  const initech = await json('tenant add initech --subscribe notes@1,people@1')
  assert.deepEqual(globex.subscriptions, ['notes@1', 'people@1'])
  assert.deepEqual(initech.subscriptions, ['notes@1', 'people@1'])
})

test('the list is a table for people and an array for programs', async () => {
  const { stdout } = await tenantry('tenant list')
  const lines = stdout.trimEnd().split('\n')
  assert.match(lines[0] ?? '', /^KEY +NAME +STATE +SUBSCRIPTIONS +PLACEMENT$/)
  const column = (lines[0] ?? '').indexOf('STATE')
  for (const line of lines.slice(1)) assert.equal(line.slice(column, column + 6), 'active')
  const tenants = await json('tenant list')
  assert.equal(tenants.length, lines.length - 1)
  for (const { key, placement } of tenants) assert.ok(stdout.includes(key) && placement.isolation === 'row')
})

const refusals: readonly (readonly [line: string, exit: number, code: string])[] = [
  ['tenant add acme', 4, 'conflict'],
  ['tenant add system', 2, 'invalid'],
  ['tenant add Acme_1', 2, 'invalid'],
  ['tenant show nobody', 3, 'not_found'],
  ['tenant suspend nobody', 3, 'not_found'],
  ['tenant remove nobody', 3, 'not_found'],
  ['token nobody --role admin', 3, 'not_found'],
  ['subscribe acme nothing@1', 3, 'not_found'],
  ['tenant suspend system', 4, 'conflict'],
  ['tenant remove system --yes', 4, 'conflict'],
  ['subscribe system tasks@1', 4, 'conflict'],
]
for (const [line, exit, code] of refusals) {
  test(`"${line}" is refused with ${exit}`, async () => {
    const error = await refused(line)
    assert.deepEqual([error.exit, error.code], [exit, code])
  })
}

test('an unknown module leaves no tenant behind', async () => {
  assert.equal((await refused('tenant add hooli --subscribe nothing@1')).exit, 3)
  assert.equal((await refused('tenant show hooli')).exit, 3)
})

test('a dry run prints the plan in order, marks what is new and changes nothing', async () => {
  const before = await json('tenant show initech')
  const { code, stdout } = await tenantry('subscribe initech tasks@1 --dry-run')
  assert.equal(code, 0)
  assert.match(stdout, /^ {2}1\. +people@1 +runs already +needed\n {2}2\. +tasks@1 +new +subscribed$/m)
  assert.match(stdout, /nothing was changed/)
  const plan = await json('subscribe initech tasks@1 --dry-run')
  assert.deepEqual(plan, {
    tenant: 'initech',
    module: 'tasks@1',
    dryRun: true,
    order: ['people@1', 'tasks@1'],
    added: ['tasks@1'],
    subscriptions: ['notes@1', 'people@1', 'tasks@1'],
  })
  assert.deepEqual(await json('tenant show initech'), before)
})

test('subscribing does what the dry run said, and unsubscribing ends it', async () => {
  const done = await json('subscribe initech tasks@1')
  assert.deepEqual([done.dryRun, done.added], [false, ['tasks@1']])
  const needed = await refused('unsubscribe initech people@1')
  assert.equal(needed.exit, 4)
  assert.match(needed.message, /needed by tasks@1/)
  const { stdout } = await tenantry('unsubscribe initech tasks@1')
  assert.equal(stdout, 'No longer running: tasks@1. Subscriptions of initech are: notes@1, people@1. The data stays.\n')
})

test('a tenant is suspended and resumed', async () => {
  assert.equal((await tenantry('tenant suspend globex')).stdout, 'The tenant globex is suspended\n')
  assert.equal((await json('tenant show globex')).state, 'suspended')
  assert.equal((await json('tenant resume globex')).state, 'active')
})

test('the token alone is on standard output', async () => {
  const { code, stdout, stderr } = await tenantry(
    'token acme --role admin,auditor --role admin --subject ada --expires 30m',
  )
  assert.deepEqual([code, stderr], [0, ''])
  assert.match(stdout, /^[\w-]+\.[\w-]+\.[\w-]+\n$/)
  const { sub, roles, tenant, iat = 0, exp = 0 } = decodeJwt(stdout.trim())
  assert.deepEqual(
    { sub, roles, tenant, life: exp - iat },
    { sub: 'ada', roles: ['admin', 'auditor'], tenant: 'acme', life: 1800 },
  )
})

test('a role that no module knows is remarked beside the token', async () => {
  const { code, stdout, stderr } = await tenantry('token acme --role amdin')
  assert.equal(code, 0)
  assert.match(stdout, /^\S+\n$/)
  assert.match(stderr, /^note: no module knows the role "amdin"; the modules know admin, auditor\n$/)
})

test('the roles of the platform are good for the system tenant alone', async () => {
  assert.equal((await tenantry('token system --role service_admin')).stderr, '')
  assert.match((await tenantry('token acme --role service_admin')).stderr, /no module knows the role/)
})

test('a token that could not be good is 2', async () => {
  const wrongs = ['--expires 0', '--expires 9999d', '--role anonymous', '--instance ../x']
  const errors = await Promise.all(wrongs.map(wrong => refused(`token acme --role admin ${wrong}`)))
  for (const { exit } of errors) assert.equal(exit, 2)
})

test('a tenant is seeded again, tried out with temporary seeds, and rid of them', async () => {
  const again = await tenantry('seed acme')
  assert.equal(again.code, 0, again.stderr)
  assert.match(again.stdout, /^Seeds of acme:\n\n {2}ENTITY.*\n {2}people@1\.people +0 +0 +0 +1$/m)
  const { seeds, dryRun } = await json('seed acme people@1 --temporary')
  assert.deepEqual([dryRun, seeds.map(({ inserted }: { inserted: number }) => inserted)], [false, [0, 1]])
  assert.match((await tenantry('deseed acme --dry-run')).stdout, /people@1\.people +1\n\nThis was a dry run/)
  assert.deepEqual((await json('deseed acme people@1')).removed, { 'people@1.people': 1 })
  assert.equal((await refused('seed acme people@1 more')).exit, 2)
})

test('removing without a terminal and without --yes is refused with 5 and removes nothing', async () => {
  const { exit, code, hint } = await refused('tenant remove acme')
  assert.deepEqual([exit, code], [5, 'forbidden'])
  assert.match(hint, /--yes/)
  assert.equal((await tenantry('tenant remove acme')).code, 5)
  assert.equal((await json('tenant show acme')).state, 'active')
})

test('a removed tenant is in the archive, with its rows, and nowhere else', async () => {
  const { code, stdout } = await tenantry('tenant remove acme --yes')
  assert.equal(code, 0)
  assert.match(stdout, /^Removed the tenant acme\n/)
  assert.match(stdout, /people@1\.people +1$/m)
  const [, archive = ''] = /archive +(\S+)/.exec(stdout) ?? []
  assert.ok(archive.startsWith(join(dir, '.tenantry/archives/acme-')), archive)
  assert.match(readFileSync(join(archive, 'people@1.people.ndjson'), 'utf8'), /"Ada"/)
  assert.ok(existsSync(join(archive, 'manifest.json')))
  assert.equal((await refused('tenant show acme')).exit, 3)
  assert.equal((await refused('tenant add acme')).exit, 4)
})

test('removing for programs answers the archive and the counts', async () => {
  const removed = await json('tenant remove globex --yes')
  assert.equal(removed.tenant, 'globex')
  assert.equal(removed.rows['people@1.people'], 1)
  assert.ok(existsSync(removed.archive))
})

test('what was done on the command line is in the record, with who did it', async () => {
  const acts = await json('audit --tenant acme --verb tenant.add')
  assert.deepEqual(
    acts.slice(-2).map(({ outcome }: { outcome: string }) => outcome),
    ['done', 'begun'],
  )
  assert.ok(acts.every(({ via, subject }: { via: string; subject: string }) => via === 'cli' && subject !== ''))
  const { stdout } = await tenantry('audit --limit 1')
  assert.match(stdout, /^NUMBER +AT +SUBJECT/)
  assert.equal((await refused('audit --limit none')).code, 'invalid')
})

test('a group is made of tenants that are there', async () => {
  assert.match((await tenantry('group create partners')).stdout, /^Created the group partners/)
  const [added, stranger] = await Promise.all([
    json('group add partners initech'),
    refused('group add partners nobody'),
  ])
  assert.deepEqual([added.members, stranger.code], [['initech'], 'not_found'])
  assert.match((await tenantry('group list')).stdout, /^NAME +MEMBERS\npartners +initech\n/)
})
