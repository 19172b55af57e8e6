import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { TenantData } from '../../src/core/tenant-data.ts'
import { createContext } from '../../src/testing/context.ts'
import { module, other, parents, soon, take } from '../data/changes/world.ts'
import { type OpenProduct, openProduct } from './open-product.ts'

let product: OpenProduct
before(async () => {
  const subscribe = ['feed@1']
  product = await openProduct({
    modules: [module, other],
    tenants: ['acme', 'globex', 'initech'].map(key => ({ key, subscribe })),
  })
})
after(() => product.close())

function dataOf(tenant: string): TenantData {
  const { modules } = product.platform.product
  return new TenantData(createContext(modules, tenant), modules, product.platform.postgres.datasource)
}

async function waiting(tenant: string) {
  const data = dataOf(tenant)
  const position = await data.changePosition(parents)
  return data.changes(parents, { after: position })[Symbol.asyncIterator]().next()
}

test('what is written over HTTP is told to its tenant', async () => {
  const [acme, globex] = [dataOf('acme'), dataOf('globex')]
  const positions = [await acme.changePosition(parents), await globex.changePosition(parents)]
  for (const tenant of ['globex', 'acme']) {
    const token = await product.token(tenant)
    const { status } = await product.ask(`/${tenant}/feed/v1/parents`, { token, body: { name: tenant } })
    assert.equal(status, 201)
  }
  const [ours] = await take(acme.changes(parents, { after: positions[0] ?? '' }), 1)
  const [theirs] = await take(globex.changes(parents, { after: positions[1] ?? '' }), 1)
  assert.deepEqual([ours?.row?.name, theirs?.row?.name], ['acme', 'globex'])
})

test('a tenant that is suspended, or no longer runs the module, is told no more', async () => {
  const { operations } = product.platform
  const [acme, globex] = [waiting('acme'), waiting('globex')]
  const outcomes = Promise.allSettled([
    soon(acme, 15_000, 'acme still waits'),
    soon(globex, 15_000, 'globex still waits'),
  ])
  await operations.suspendTenant('acme')
  await operations.unsubscribe('globex', 'feed@1')
  const reasons = (await outcomes).map(outcome => (outcome.status === 'rejected' ? outcome.reason.reason : 'told'))
  assert.deepEqual(reasons, ['tenant_suspended', 'module_not_running'])
})

test('with a tenant go its changes', async () => {
  await dataOf('initech').insert(parents, { name: 'x' })
  await product.platform.operations.suspendTenant('initech')
  await product.platform.operations.removeTenant('initech')
  assert.deepEqual(await product.database.query(`select * from tenantry.changes where tenant_id = 'initech'`), [])
})
