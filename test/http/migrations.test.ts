// F8.6: migrations over HTTP.
import assert from 'node:assert/strict'
import { cpSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { entity } from '../../src/core/entity.ts'
import { text } from '../../src/core/field.ts'
import { type OpenProduct, openProduct } from './open-product.ts'

const notes = entity('notes', { body: text() }, { access: { admin: 'tenant_writer' } })

let product: OpenProduct
const tokens: Record<string, string> = {}
const ask = (as: string, method: string, body?: unknown) =>
  product.ask('/-/migrations', {
    method,
    ...(tokens[as] && { token: tokens[as] }),
    ...(body !== undefined && { body }),
  })

before(async () => {
  product = await openProduct({
    modules: [{ name: 'notes', version: '1.0.0', entities: [notes] }],
    tenants: [{ key: 'acme', subscribe: ['notes@1'] }],
  })
  tokens.operator = await product.token('system', { roles: ['service_admin'], subject: 'olga' })
  tokens.auditor = await product.token('system', { roles: ['service_auditor'] })
  tokens.tenant = await product.token('acme', { roles: ['service_admin', 'admin'] })
  const folder = join(product.platform.product.dir, 'modules/notes/v1/migrations')
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, '0001_comment.sql'), `comment on table notes_v1.notes is 'said';`)
  writeFileSync(join(folder, '0002_clear.sql'), 'truncate notes_v1.notes;')
})
after(() => product.close())

test('migrations are run by operators only, once, and stand in the audit record', async () => {
  for (const [who, status] of [
    ['nobody', 401],
    ['tenant', 403],
    ['auditor', 403],
  ] as const)
    assert.equal((await ask(who, 'POST', {})).status, status, who)
  assert.equal((await ask('tenant', 'GET')).status, 403)
  assert.equal((await ask('operator', 'POST', { all: true })).status, 400)
  const listed = JSON.parse((await ask('auditor', 'GET')).text)
  assert.deepEqual(
    listed.migrations.map(({ state }: { state: string }) => state),
    ['pending', 'pending'],
  )

  const ran = await ask('operator', 'POST', {})
  assert.equal(ran.status, 200, ran.text)
  assert.deepEqual(JSON.parse(ran.text), {
    ...{ applied: ['notes@1 0001_comment'], held: ['notes@1 0002_clear'], archives: [], remaining: null },
  })
  const again = JSON.parse((await ask('operator', 'POST')).text)
  assert.deepEqual(again.applied, [])
  const acts = await product.platform.audit.acts({ verb: 'migrate.up', limit: 10 })
  assert.deepEqual(
    acts.map(({ subject, via, target, outcome }) => [subject, via, target, outcome]),
    [['olga', 'token', 'notes@1 0001_comment', 'done']],
  )
})

test('F8.4 a node does not take away what it reads itself, nor what another one reads', async () => {
  const { nodes } = JSON.parse((await ask('auditor', 'GET')).text)
  assert.deepEqual(
    nodes.map(({ pid, modules }: { pid: number; modules: unknown }) => [pid, modules]),
    [[process.pid, [{ module: 'notes@1', version: '1.0.0', current: true }]]],
  )
  const own = await ask('operator', 'POST', { allowDestructive: true })
  assert.equal(own.status, 409)
  assert.match(own.text, /was started before these files/)

  const longer = entity('notes', { body: text(), more: text().optional() }, { access: { admin: 'tenant_writer' } })
  const other = await openProduct({
    modules: [{ name: 'notes', version: '1.1.0', entities: [longer] }],
    database: product.database,
  })
  try {
    const folder = join(product.platform.product.dir, 'modules')
    const beside = await other.ask('/-/migrations', {
      token: await other.token('system', { roles: ['service_auditor'] }),
    })
    assert.equal(JSON.parse(beside.text).nodes.length, 2)
    cpSync(folder, join(other.platform.product.dir, 'modules'), { recursive: true })
    const admin = await other.token('system', { roles: ['service_admin'] })
    const post = (body: unknown) => other.ask('/-/migrations', { method: 'POST', token: admin, body })
    assert.equal((await post({ allowDestructive: true })).status, 409)
    const rows = 'select count(*)::int as count from tenantry.migrations where number = 2'
    assert.deepEqual(await product.database.query(rows), [{ count: 0 }])
    assert.equal((await post({ allowDestructive: true, ignoreNodes: true })).status, 200)
    assert.deepEqual(await product.database.query(rows), [{ count: 1 }])
  } finally {
    await other.close()
  }
  assert.equal(JSON.parse((await ask('auditor', 'GET')).text).nodes.length, 1, 'a clean end is known at once')
})
