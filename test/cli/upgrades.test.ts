import assert from 'node:assert/strict'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { type EmbeddedServer, openEmbedded } from '../../src/data/postgres/embedded.ts'
import { newFolder } from './product-files.ts'
import { runWarm as run } from './warm.ts'

const files = {
  'package.json': '{ "type": "module" }',
  'tenantry.config.ts': `import { defineConfig } from 'tenantry'
export default defineConfig({ name: 'To do', editions: { basic: [], pro: ['reports'] } })
`,
  'modules/notes/v1/module.ts': `import { defineModule, entity, text, seed } from 'tenantry'
export const notes = entity('notes', { body: text() })
export default defineModule({ name: 'notes', version: '1.0.0', entities: [notes], access: { admin: 'tenant_writer' },
  seeds: [seed(notes, [{ id: '00000000-0000-7000-8000-000000000001', body: 'first' }])] })
`,
  'modules/notes/v2/module.ts': `import { defineModule, entity, text, upgradeRows } from 'tenantry'
import { notes as old } from '../v1/module.ts'
const notes = entity('notes', { text: text() })
export default defineModule({ name: 'notes', version: '2.0.0', entities: [notes], access: { admin: 'tenant_writer' },
  upgrade: { from: 1,
    up: [upgradeRows(old, notes, ({ body }) => ({ text: body }))],
    down: [upgradeRows(notes, old, ({ text }) => ({ body: text }))] } })
`,
}
const { dir, remove } = newFolder(files)
let server: EmbeddedServer
before(async () => {
  server = await openEmbedded({ folder: join(dir, '.tenantry'), mode: 'own', fsync: false })
  for (const key of ['acme', 'globex', 'initech'])
    assert.equal((await tenantry(`tenant add ${key} --subscribe notes@1`)).code, 0)
})
after(async () => {
  await server?.close()
  remove()
})

const tenantry = (line: string) => run(line.split(' '), { dir })

test('a tenant is given an edition, a cohort and flags; what the product has not is refused', async () => {
  const set = await tenantry('tenant set acme --edition pro --cohort canary --flag beta,fast')
  assert.equal(set.code, 0, set.stderr)
  assert.match(set.stdout, /edition +pro\n.*cohort +canary\n.*flags +beta, fast\n/s)
  const less = await tenantry('tenant set acme --no-flag fast --json')
  const { edition, cohort, flags } = JSON.parse(less.stdout)
  assert.deepEqual([edition, cohort, flags], ['pro', 'canary', ['beta']])
  const unknown = await tenantry('tenant set globex --edition gold')
  assert.notEqual(unknown.code, 0)
  assert.match(unknown.stderr, /no edition "gold"[\s\S]*basic, pro/)
  assert.match((await tenantry('tenant set globex --flag Nö')).stderr, /not a name for a flag/)
})

test('a plan is shown first, a cohort goes first, and the rest goes on where it was', async () => {
  const plan = await tenantry('upgrade plan acme notes@2')
  assert.equal(plan.code, 0, plan.stderr)
  assert.match(plan.stdout, /1\. +notes@1 +-> +notes@2/)
  const canary = await tenantry('upgrade run notes@2 --cohort canary')
  assert.deepEqual([canary.code, canary.stdout.trim()], [0, '1 tenant upgraded'])
  assert.match(canary.stderr, /1\/1 acme upgraded with 1 row/)
  const all = await tenantry('upgrade run notes@2 --all --json')
  const { done, already, failed, left } = JSON.parse(all.stdout)
  assert.deepEqual([done, already, failed, left], [['globex', 'initech'], ['acme'], null, []])
  assert.match((await tenantry('upgrade list')).stdout, /initech +open +notes@1 -> notes@2 +1/)
})

test('a cohort goes back together, others are confirmed, and neither without being told which', async () => {
  const back = await tenantry('upgrade rollback notes@2 --cohort canary')
  assert.deepEqual([back.code, back.stdout.trim()], [0, '1 tenant rolled back'])
  assert.match(
    (await tenantry('upgrade confirm notes@2 --tenant globex')).stderr,
    /there is no way back then[\s\S]*--yes/,
  )
  const sure = await tenantry('upgrade confirm notes@2 --tenant globex --yes')
  assert.equal(sure.code, 0, sure.stderr)
  const states = JSON.parse((await tenantry('upgrade list --json')).stdout) as { tenant: string; state: string }[]
  assert.deepEqual(states.map(({ tenant, state }) => `${tenant} ${state}`).sort(), [
    'acme rolled_back',
    'globex confirmed',
    'initech upgraded',
  ])
  assert.match((await tenantry('upgrade run notes@2')).stderr, /Which tenants\?/)
  assert.match((await tenantry('upgrade rollback notes@2 --tenant globex')).stderr, /no open upgrade/)
})
