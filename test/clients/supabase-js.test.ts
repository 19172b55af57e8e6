import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { createClient } from '@supabase/supabase-js'
import { type OpenProduct, openProduct } from '../http/open-product.ts'
import type { Database, Enums, TablesInsert } from './database.ts'
import { dataOf, errorOf } from './outcome.ts'
import { clientModules, ids, twoTenants } from './world.ts'

let product: OpenProduct

before(async () => {
  product = await openProduct({ modules: clientModules, tenants: twoTenants })
})
after(() => product?.close())

/** Its own sign-in stays off, as for every server that is not Supabase's. */
const auth = { persistSession: false, autoRefreshToken: false, detectSessionInUrl: false }

/** The two ways to hand it a token of somebody else's; the tenant's address stands where Supabase's project would. */
const ways = {
  accessToken: (url: string, token: string) =>
    createClient<Database, 'crm'>(url, 'unused', { db: { schema: 'crm' }, accessToken: async () => token }),
  'global.headers': (url: string, token: string) =>
    createClient<Database, 'crm'>(url, 'unused', {
      auth,
      db: { schema: 'crm' },
      global: { headers: { Authorization: `Bearer ${token}` } },
    }),
}

for (const [way, connect] of Object.entries(ways)) {
  for (const tenant of ['acme', 'globex']) {
    describe(`supabase-js with ${way} as ${tenant}`, () => {
      let client: ReturnType<typeof connect>

      before(async () => {
        client = connect(`${product.url}/${tenant}`, await product.token(tenant))
      })

      test('rows are read with their related rows, and counted', async () => {
        const { data, count, error } = await client
          .from('customers')
          .select('title, cities(name), orders(total)', { count: 'exact' })
          .eq('id', ids.ada)
          .order('place', { referencedTable: 'orders' })
        assert.equal(error, null)
        assert.equal(count, 1)
        assert.deepEqual(data, [
          { title: `Ada of ${tenant}`, cities: { name: `Berlin ${tenant}` }, orders: [{ total: 10 }, { total: 20 }] },
        ])
      })

      test('a row is written, changed and removed', async () => {
        const status: Enums<'customers_status'> = 'lead'
        const wish: TablesInsert<'customers'> = { title: 'Dot', email: `dot@${tenant}.example`, credit: '5.50', status }
        const { id, revision } = await dataOf(client.from('customers').insert(wish).select('id, revision').single())
        const changed = await dataOf(
          client.from('customers').update({ status: 'active', revision }).eq('id', id).select('title, status').single(),
        )
        assert.deepEqual(changed, { title: 'Dot', status: 'active' })
        const merged = await dataOf(
          client
            .from('customers')
            .upsert({ title: 'Dot.', email: `dot@${tenant}.example` }, { onConflict: 'email' })
            .select('id, title, status')
            .single(),
        )
        assert.deepEqual(merged, { id, title: 'Dot.', status: 'active' })
        assert.equal((await client.from('customers').delete().eq('id', id)).status, 204)
        assert.deepEqual(await dataOf(client.from('customers').select().eq('id', id)), [])
      })

      test('another module is another schema', async () => {
        const cities = await dataOf(client.schema('directory').from('cities').select('name').order('name'))
        assert.deepEqual(cities, [{ name: `Berlin ${tenant}` }, { name: `Paris ${tenant}` }])
      })

      test('an action is called in its schema', async () => {
        const rows = await dataOf(client.rpc('customers_in', { city: `Paris ${tenant}` }).select('title'))
        assert.deepEqual(rows, [{ title: `Bob of ${tenant}` }])
        const error = await errorOf(client.schema('club').rpc('customers_in' as never, { city: 'x' } as never))
        assert.deepEqual([error.status, error.code], [404, 'PGRST202'])
      })

      test('an error is what the server said', async () => {
        const error = await errorOf(client.from('orders').insert({ customer_id: ids.paris, place: 9, total: 1 }))
        assert.deepEqual([error.status, error.code], [409, '23503'])
      })

      test('the address of another tenant is refused with 403 whatever is asked', async () => {
        const other = tenant === 'acme' ? 'globex' : 'acme'
        const foreign = connect(`${product.url}/${other}`, await product.token(tenant))
        assert.equal((await errorOf(foreign.from('customers').select())).status, 403)
        assert.equal((await errorOf(foreign.from('customers').update({ age: 1 }).eq('id', ids.ada))).status, 403)
        const { age } = await dataOf(
          connect(`${product.url}/${other}`, await product.token(other))
            .from('customers')
            .select('age')
            .eq('id', ids.ada)
            .single(),
        )
        assert.equal(age, 36)
      })
    })
  }
}

describe('supabase-js as it is without a schema', () => {
  const connect = async (tenant: string) => {
    const token = await product.token(tenant)
    return createClient<Database>(`${product.url}/${tenant}`, 'unused', { accessToken: async () => token })
  }

  test('the schema is "public": the entities of all modules', {}, async () => {
    const client = await connect('acme')
    const rows = await dataOf(client.from('orders').select('place, customers(title, cities(name))').eq('id', ids.order))
    assert.deepEqual(rows, [{ place: 1, customers: { title: 'Ada of acme', cities: { name: 'Berlin acme' } } }])
    const made = await dataOf(client.from('cities').insert({ name: 'Lima acme' }).select('name').single())
    assert.deepEqual(made, { name: 'Lima acme' })
    assert.equal(
      (await errorOf(client.from('customers').insert({ title: 'x', email: 'ada@acme.example' }))).code,
      '23505',
    )
  })

  test('it reads the OpenAPI document', async () => {
    const client = await connect('globex')
    const { data, error } = await client.getOpenApiSpec()
    assert.equal(error, null)
    assert.match(JSON.stringify(data), /\/crm\/v1\/customers/)
  })
})
