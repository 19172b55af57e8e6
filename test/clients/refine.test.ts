import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { DataProvider } from '@refinedev/core'
import { dataProvider } from '@refinedev/supabase'
import { createClient } from '@supabase/supabase-js'
import { type OpenProduct, openProduct } from '../http/open-product.ts'
import { clientModules, ids, twoTenants } from './world.ts'

let product: OpenProduct

before(async () => {
  product = await openProduct({ modules: clientModules, tenants: twoTenants })
})
after(() => product?.close())

type AnyClient = Parameters<typeof dataProvider>[0]

async function connect(tenant: string): Promise<DataProvider> {
  const token = await product.token(tenant)
  const options = { db: { schema: 'crm' }, accessToken: async () => token }
  // Its types know supabase-js without exact optional properties.
  const client: unknown = createClient(`${product.url}/${tenant}`, 'unused', options)
  return dataProvider(client as AnyClient)
}

for (const tenant of ['acme', 'globex']) {
  describe(`refine's data provider as ${tenant}`, () => {
    let provider: DataProvider
    const named = (...names: string[]) => names.map(name => `${name} of ${tenant}`)
    const titles = (rows: readonly Record<string, unknown>[]) => rows.map(({ title }) => title)
    const resource = 'customers'

    before(async () => {
      provider = await connect(tenant)
    })

    test('a list has its page, its order and the number of all', async () => {
      const { data, total } = await provider.getList({
        resource,
        pagination: { currentPage: 2, pageSize: 2 },
        sorters: [{ field: 'title', order: 'desc' }],
      })
      assert.deepEqual([titles(data), total], [named('Ada'), 3])
    })

    test('a list is sorted by a field of a related row, which it brings along', async () => {
      const { data } = await provider.getList({
        resource,
        sorters: [{ field: 'cities.name', order: 'asc' }],
        filters: [{ field: 'id', operator: 'eq', value: ids.bob }],
      })
      assert.deepEqual(data[0]?.cities, { name: `Paris ${tenant}` })
    })

    const filters: readonly (readonly [operator: string, field: string, value: unknown, ...names: string[]])[] = [
      ['eq', 'status', 'active', 'Ada'],
      ['ne', 'status', 'active', 'Bob', 'Cyd'],
      ['gte', 'age', 20, 'Ada', 'Bob'],
      ['between', 'credit', [5, 100], 'Bob', 'Cyd'],
      ['contains', 'title', 'BOB', 'Bob'],
      ['containss', 'title', 'Bob', 'Bob'],
      ['startswith', 'title', 'c', 'Cyd'],
      ['in', 'status', ['lead', 'inactive'], 'Bob', 'Cyd'],
      ['null', 'city_id', null, 'Cyd'],
      ['nnull', 'city_id', null, 'Ada', 'Bob'],
    ]
    for (const [operator, field, value, ...names] of filters) {
      test(`a list is filtered with ${operator}`, async () => {
        const { data } = await provider.getList({
          resource,
          sorters: [{ field: 'title', order: 'asc' }],
          filters: [{ field, operator, value }],
        })
        assert.deepEqual(titles(data), named(...names))
      })
    }

    test('a list is filtered with or', async () => {
      const { data } = await provider.getList({
        resource,
        sorters: [{ field: 'title', order: 'asc' }],
        filters: [
          {
            operator: 'or',
            value: [
              { field: 'title', operator: 'contains', value: 'Ada' },
              { field: 'status', operator: 'in', value: ['inactive'] },
            ],
          },
        ],
      })
      assert.deepEqual(titles(data), named('Ada', 'Cyd'))
    })

    test('one row and many are found by their ids, with what else is selected', async () => {
      const one = await provider.getOne({ resource, id: ids.ada, meta: { select: 'title, profiles(motto)' } })
      assert.deepEqual(one.data, { title: `Ada of ${tenant}`, profiles: { motto: `Onwards, ${tenant}` } })
      const { data } = await provider.getMany({ resource, ids: [ids.ada, ids.cyd] })
      assert.deepEqual(titles(data).sort(), named('Ada', 'Cyd'))
      const user = await provider.getOne({ resource: 'users', id: 'root', meta: { idColumnName: 'username' } })
      assert.equal(user.data?.title, `root of ${tenant}`)
      assert.equal((await provider.getOne({ resource, id: ids.paris })).data, undefined)
    })

    test('a row is made, changed with what a form has of it, and removed', async () => {
      const meta = { schema: 'directory' }
      const made = await provider.create({ resource: 'cities', variables: { name: `Ulm ${tenant}` }, meta })
      const id = String(made.data.id)
      const changed = await provider.update({ resource: 'cities', id, variables: { country: 'AT' }, meta })
      assert.deepEqual([changed.data?.name, changed.data?.country], [`Ulm ${tenant}`, 'AT'])
      await provider.deleteOne({ resource: 'cities', id, meta })
      assert.equal((await provider.getOne({ resource: 'cities', id, meta })).data, undefined)
    })

    test('several rows are made, changed and removed', async () => {
      const meta = { schema: 'directory' }
      const names = [`Jena ${tenant}`, `Kiel ${tenant}`]
      const { data } = await provider.createMany({ resource: 'cities', variables: names.map(name => ({ name })), meta })
      const made = data.map(({ id }) => String(id))
      const changed = await provider.updateMany({ resource: 'cities', ids: made, variables: { country: 'XX' }, meta })
      assert.deepEqual(
        changed.data.map(({ country }) => country),
        ['XX', 'XX'],
      )
      await provider.deleteMany({ resource: 'cities', ids: made, meta })
      assert.deepEqual((await provider.getMany({ resource: 'cities', ids: made, meta })).data, [])
    })

    test('a form that sends back the whole record changes what is different in it', async () => {
      const { data } = await provider.getOne({ resource, id: ids.cyd })
      const changed = await provider.update({ resource, id: ids.cyd, variables: { ...data, age: 50 } })
      assert.equal(changed.data?.age, 50)
      // The record is stale now, and its revision says so.
      await assert.rejects(provider.update({ resource, id: ids.cyd, variables: { ...data, age: 51 } }))
    })

    test('what the server refuses rejects with its message', async () => {
      await assert.rejects(
        provider.create({ resource, variables: { title: 'x', email: `ada@${tenant}.example` } }),
        (error: { code?: string; message?: string }) =>
          error.code === '23505' && /duplicate key/.test(error.message ?? ''),
      )
    })

    test('nothing of what is listed is of the other tenant', async () => {
      const { data, total } = await provider.getList({ resource })
      assert.equal(total, 3)
      assert.ok(!JSON.stringify(data).includes(tenant === 'acme' ? 'globex' : 'acme'))
    })
  })
}
