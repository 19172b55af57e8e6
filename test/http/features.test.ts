// F7.5: editions and flags.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { defineModule } from '../../src/app/define-module.ts'
import { jsonOf } from './client.ts'
import { type OpenProduct, openProduct } from './open-product.ts'

const reports = defineModule({
  name: 'reports',
  version: '1.0.0',
  entities: [],
  access: { admin: 'tenant_writer' },
  routes: app => {
    app.get('/features', async ({ tenant: { features } }) => ({
      edition: features.edition,
      flags: features.flags,
      charts: features.has('charts'),
    }))
  },
})

let product: OpenProduct
before(async () => {
  product = await openProduct({
    modules: [reports],
    config: { editions: { basic: ['lists'], pro: ['lists', 'charts'] } },
    tenants: [
      { key: 'acme', subscribe: ['reports@1'], edition: 'pro', flags: ['beta'] },
      { key: 'globex', subscribe: ['reports@1'] },
    ],
  })
})
after(() => product?.close())

async function featuresOf(tenant: string): Promise<unknown> {
  const answer = await product.ask(`/${tenant}/reports/v1/features`, { token: await product.token(tenant) })
  return jsonOf(answer)
}

test("module code reads the tenant's edition and flags, and never another's", async () => {
  assert.deepEqual(await featuresOf('acme'), { edition: 'pro', flags: ['beta', 'charts', 'lists'], charts: true })
  assert.deepEqual(await featuresOf('globex'), { edition: null, flags: [], charts: false })
})

test('the platform sets them over HTTP, at once and recorded; tenants cannot', async () => {
  const system = await product.token('system', { roles: ['service_admin'] })
  const patch = (token: string, body: unknown) => product.ask('/-/tenants/globex', { token, method: 'PATCH', body })
  const answer = await patch(system, { edition: 'basic', flags: { charts: true }, cohort: 'canary' })
  assert.equal(answer.status, 200, answer.text)
  assert.deepEqual(await featuresOf('globex'), { edition: 'basic', flags: ['charts', 'lists'], charts: true })
  assert.deepEqual(await featuresOf('acme'), { edition: 'pro', flags: ['beta', 'charts', 'lists'], charts: true })
  assert.equal((await patch(system, { edition: null, flags: { charts: false } })).status, 200)
  assert.deepEqual(await featuresOf('globex'), { edition: null, flags: [], charts: false })
  assert.equal((await patch(await product.token('globex'), { edition: 'pro' })).status, 403)
  for (const body of [{ edition: 'gold' }, { flags: { 'A B': true } }, { cohort: '' }, { state: 'active' }])
    assert.equal((await patch(system, body)).status, 400, JSON.stringify(body))
  const acts = await product.platform.audit.acts({ tenant: 'globex', verb: 'tenant.set', limit: 10 })
  assert.ok(acts.some(({ target, outcome }) => target === 'edition,flags,cohort' && outcome === 'done'))
})
