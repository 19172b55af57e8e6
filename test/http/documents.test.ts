import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { create } from '@bufbuild/protobuf'
import { typesOf } from '../../src/api/types.ts'
import { defineModule } from '../../src/app/define-module.ts'
import { entity } from '../../src/core/entity.ts'
import { reference, text } from '../../src/core/field.ts'
import { documents } from '../../src/stores/index.ts'
import { GreetingSchema } from '../stores/generated/greeting_pb.ts'
import { jsonOf } from './client.ts'
import { type OpenProduct, openProduct } from './open-product.ts'

const hidden = documents('hidden', GreetingSchema)
const shown = documents('shown', GreetingSchema, { published: true })
/** Refers to what no API shows. */
const labels = entity('labels', { title: text(), hidden_id: reference(() => hidden.entity).optional() })
const canary = 'CANARY-51c2'

let product: OpenProduct
const tokens: Record<string, string> = {}

before(async () => {
  const module = defineModule({
    name: 'mail',
    version: '1.0.0',
    entities: [hidden.entity, shown.entity, labels],
    access: { admin: 'tenant_writer' },
    routes: app => {
      app.post('/greet', async ({ tenant }) => {
        const message = create(GreetingSchema, { text: `${canary} of ${tenant.key}` })
        return [
          await hidden.of(tenant).insert({ id: 'a', message }),
          await shown.of(tenant).insert({ id: 'a', message }),
        ]
      })
      app.get('/greeting', async ({ tenant }) => ({ text: (await hidden.of(tenant).findById('a'))?.text }))
    },
  })
  const tenants = ['acme', 'globex'].map(key => ({ key, name: key, subscribe: ['mail@1'] }))
  product = await openProduct({ modules: [module], tenants })
  for (const { key } of tenants) {
    tokens[key] = await product.token(key)
    assert.equal((await ask(key, 'mail/v1/greet', 'POST')).status, 200)
  }
})
after(() => product?.close())

const ask = (tenant: string, path: string, method = 'GET', body?: unknown) =>
  product.ask(`/${tenant}/${path}`, { method, token: tokens[tenant] ?? '', body })

test('documents are reached by the code of their module, each tenant its own', async () => {
  for (const tenant of ['acme', 'globex'])
    assert.deepEqual(jsonOf(await ask(tenant, 'mail/v1/greeting')), { text: `${canary} of ${tenant}` })
})

test('no generated API knows documents unless their author publishes them', async () => {
  for (const tenant of ['acme', 'globex']) {
    for (const path of ['mail/v1', 'rest/v1']) {
      const unknown = await ask(tenant, `${path}/absent`)
      const answer = await ask(tenant, `${path}/hidden`)
      assert.deepEqual([answer.status, answer.plain.replaceAll('hidden', 'absent')], [404, unknown.plain])
      assert.equal((await ask(tenant, `${path}/hidden`, 'POST', { document_id: 'x', payload: '\\x' })).status, 404)
      assert.equal((await ask(tenant, `${path}/labels?select=title,hidden(payload)`)).status, 400)
      assert.equal((await ask(tenant, `${path}/labels?select=title`)).status, 200)
      const rows = jsonOf<{ payload: string }[]>(await ask(tenant, `${path}/shown?select=payload`))
      const text = Buffer.from(rows[0]?.payload.slice(2) ?? '', 'hex').toString()
      assert.ok(text.includes(`${canary} of ${tenant}`), text)
    }
    const profile = { headers: { 'accept-profile': 'mail@1' }, token: tokens[tenant] ?? '' }
    assert.equal((await product.ask(`/${tenant}/rest/v1/hidden`, profile)).status, 404)
    for (const path of ['openapi.json', 'mail/v1/openapi.json']) {
      const { text } = await ask(tenant, path)
      assert.ok(text.includes('/shown') && !/hidden(?!_id)/i.test(text), path)
    }
  }
})

test('types of clients have no documents unless their author publishes them', () => {
  const text = typesOf(product.platform.product.modules.modules)
  assert.ok(/shown: \{/.test(text) && !/hidden(?!_id)/i.test(text), text)
})

test('no payload is logged, also when its write fails', async () => {
  for (const tenant of ['acme', 'globex']) assert.equal((await ask(tenant, 'mail/v1/greet', 'POST')).status, 409)
  const logged = product.logged().toLowerCase()
  for (const trace of [canary, Buffer.from(canary).toString('hex')]) assert.ok(!logged.includes(trace.toLowerCase()))
})
