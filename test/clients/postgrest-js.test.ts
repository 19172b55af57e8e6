import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { PostgrestClient, PostgrestError } from '@supabase/postgrest-js'
import { type OpenProduct, openProduct } from '../http/open-product.ts'
import type { Database, Tables, TablesUpdate } from './database.ts'
import { dataOf, errorOf } from './outcome.ts'
import { clientModules, ids, twoTenants } from './world.ts'

let product: OpenProduct

before(async () => {
  product = await openProduct({ modules: clientModules, tenants: twoTenants })
})
after(() => product?.close())

async function connect(tenant: string, roles = ['admin']): Promise<PostgrestClient<Database>> {
  const token = await product.token(tenant, { roles })
  return new PostgrestClient<Database>(`${product.url}/${tenant}/rest/v1`, {
    headers: { Authorization: `Bearer ${token}` },
    retry: false,
  })
}

// Both tenants' rows have the same ids, and each text of them names its tenant.
for (const tenant of ['acme', 'globex']) {
  describe(`postgrest-js as ${tenant}`, () => {
    let client: PostgrestClient<Database>
    const customers = () => client.from('customers')
    const named = (...names: string[]) => names.map(name => `${name} of ${tenant}`)

    before(async () => {
      client = await connect(tenant)
    })

    test('a list holds the rows of the tenant, as PostgreSQL makes JSON of them', async () => {
      const rows = await dataOf(customers().select().order('title'))
      assert.deepEqual(
        rows.map(({ title }) => title),
        named('Ada', 'Bob', 'Cyd'),
      )
      const ada: Tables<'customers'> | undefined = rows[0]
      assert.ok(ada)
      const { created_at, updated_at, ...rest } = ada
      assert.equal(created_at, updated_at)
      assert.deepEqual(rest, {
        ...{ id: ids.ada, title: `Ada of ${tenant}`, email: `ada@${tenant}.example`, status: 'active' },
        ...{ city_id: ids.berlin, referrer_id: null, age: 36, credit: 1234.5, active: true },
        // The number on the wire is exact; JSON.parse rounds it.
        ...{ visits: Number(9_007_199_254_740_993n), seen_at: '2026-01-02T03:04:05+00:00', born_on: '1990-12-10' },
        ...{ tags: ['vip', 'early'], details: { level: 3, lang: 'en', note: tenant }, photo: null },
        ...{ stay: '[2026-01-01,2026-02-01)', words: ["'ada':1", `'${tenant}':3`, "'of':2"].sort().join(' ') },
        ...{ deleted_at: null, revision: 1 },
      })
    })

    test('fields, aliases, json paths and casts are selected', async () => {
      const rows = await dataOf(
        customers().select('name:title, details->level, lang:details->>lang, credit::text').eq('id', ids.ada),
      )
      assert.deepEqual(rows, [{ name: `Ada of ${tenant}`, level: 3, lang: 'en', credit: '1234.50' }])
    })

    test('related rows are embedded both ways, to any depth, and are typed', async () => {
      const ada = await dataOf(
        customers()
          .select('title, cities(name), profiles(motto), orders(place, total)')
          .eq('id', ids.ada)
          .order('place', { referencedTable: 'orders' })
          .single(),
      )
      const city: string | undefined = ada.cities?.name
      const motto: string | undefined = ada.profiles?.motto
      assert.equal(city, `Berlin ${tenant}`)
      assert.equal(motto, `Onwards, ${tenant}`)
      assert.deepEqual(ada.orders, [
        { place: 1, total: 10 },
        { place: 2, total: 20 },
      ])
      const order = await dataOf(
        client.from('orders').select('customer:customers!inner(title, cities(name))').eq('id', ids.order).single(),
      )
      assert.deepEqual(order, { customer: { title: `Ada of ${tenant}`, cities: { name: `Berlin ${tenant}` } } })
    })

    test('an embed is named by its constraint, hinted at, spread, inner, filtered, limited', async () => {
      const spread = await dataOf(
        client.from('orders').select('place, ...customers(title)').eq('id', ids.order).single(),
      )
      assert.deepEqual(spread, { place: 1, title: `Ada of ${tenant}` })
      const hinted = await dataOf(
        customers().select('title, city:cities!customers_city_id_fkey(name)').eq('id', ids.bob).single(),
      )
      assert.deepEqual(hinted, { title: `Bob of ${tenant}`, city: { name: `Paris ${tenant}` } })
      const inner = await dataOf(customers().select('title, cities!inner(country)').eq('cities.country', 'FR'))
      assert.deepEqual(inner, [{ title: `Bob of ${tenant}`, cities: { country: 'FR' } }])
      const limited = await dataOf(
        customers()
          .select('orders(place)')
          .eq('id', ids.ada)
          .order('place', { referencedTable: 'orders', ascending: false })
          .limit(1, { referencedTable: 'orders' }),
      )
      assert.deepEqual(limited, [{ orders: [{ place: 2 }] }])
      const without = await dataOf(customers().select('title, orders!left()').is('orders', null))
      assert.deepEqual(without, [{ title: `Cyd of ${tenant}` }])
    })

    test('an entity that refers to itself embeds what it refers to by the name of the field', async () => {
      const bob = await dataOf(customers().select('title, referrer:referrer_id(title)').eq('id', ids.bob).single())
      assert.deepEqual(bob, { title: `Bob of ${tenant}`, referrer: { title: `Ada of ${tenant}` } })
    })

    const base = () => customers().select('title').order('title')
    const filters: Readonly<Record<string, readonly [asked: () => ReturnType<typeof base>, ...names: string[]]>> = {
      eq: [() => base().eq('status', 'active'), 'Ada'],
      neq: [() => base().neq('status', 'active'), 'Bob', 'Cyd'],
      gt: [() => base().gt('credit', 99.98), 'Ada', 'Cyd'],
      gte: [() => base().gte('age', 20), 'Ada', 'Bob'],
      lt: [() => base().lt('age', 36), 'Bob'],
      lte: [() => base().lte('credit', 99.99), 'Bob', 'Cyd'],
      like: [() => base().like('title', 'A%of%'), 'Ada'],
      likeAllOf: [() => base().likeAllOf('title', ['%B%', '%of%']), 'Bob'],
      likeAnyOf: [() => base().likeAnyOf('title', ['A%', 'C%']), 'Ada', 'Cyd'],
      ilike: [() => base().ilike('title', 'ada%'), 'Ada'],
      ilikeAllOf: [() => base().ilikeAllOf('title', ['%D%', 'a%']), 'Ada'],
      ilikeAnyOf: [() => base().ilikeAnyOf('title', ['a%', 'b%']), 'Ada', 'Bob'],
      regexMatch: [() => base().regexMatch('title', '^[AB]'), 'Ada', 'Bob'],
      regexIMatch: [() => base().regexIMatch('title', '^(ada|cyd) '), 'Ada', 'Cyd'],
      'is null': [() => base().is('city_id', null), 'Cyd'],
      'is false': [() => base().is('active', false), 'Bob'],
      isDistinct: [() => base().isDistinct('age', 36), 'Bob', 'Cyd'],
      in: [() => base().in('id', [ids.ada, ids.cyd]), 'Ada', 'Cyd'],
      'in, of texts with commas and quotes': [() => base().in('title', ['a,b', 'say "x"', ...named('Ada')]), 'Ada'],
      notIn: [() => base().notIn('status', ['lead', 'active']), 'Cyd'],
      match: [() => base().match({ status: 'lead', active: false }), 'Bob'],
      not: [() => base().not('status', 'in', '(lead,inactive)'), 'Ada'],
      'not is': [() => base().not('city_id', 'is', null), 'Ada', 'Bob'],
      or: [() => base().or('age.lt.30,status.eq.inactive'), 'Bob', 'Cyd'],
      'or, and within': [() => base().or('status.eq.inactive,and(age.gt.30,active.is.true)'), 'Ada', 'Cyd'],
      filter: [() => base().filter('age', 'gte', 36), 'Ada'],
      'a filter on a json path': [() => base().eq('details->>lang', 'fr'), 'Bob'],
      'filters of one field': [() => base().gt('age', 19).lt('age', 21), 'Bob'],
      'contains, of a range': [() => base().contains('stay', '[2026-01-15,2026-01-16)'), 'Ada'],
      'containedBy, of a range': [() => base().containedBy('stay', '[2026-01-01,2026-12-31]'), 'Ada', 'Bob'],
      'overlaps, of a range': [() => base().overlaps('stay', '[2026-01-31,2026-02-02)'), 'Ada', 'Bob'],
      rangeGt: [() => base().rangeGt('stay', '[2026-01-01,2026-02-01)'), 'Bob'],
      rangeGte: [() => base().rangeGte('stay', '[2026-01-01,2026-01-02)'), 'Ada', 'Bob'],
      rangeLt: [() => base().rangeLt('stay', '[2026-02-01,2026-03-01)'), 'Ada'],
      rangeLte: [() => base().rangeLte('stay', '[2026-01-01,2026-03-01)'), 'Ada', 'Bob'],
      rangeAdjacent: [() => base().rangeAdjacent('stay', '[2026-03-01,2026-04-01)'), 'Bob'],
      contains: [() => base().contains('tags', ['vip']), 'Ada'],
      'contains, of json': [() => base().contains('details', { lang: 'fr' }), 'Bob'],
      containedBy: [() => base().containedBy('tags', ['early', 'late']), 'Bob', 'Cyd'],
      overlaps: [() => base().overlaps('tags', ['early', 'none']), 'Ada', 'Bob'],
      textSearch: [() => base().textSearch('title', "'ada' | 'cyd'", { config: 'simple' }), 'Ada', 'Cyd'],
      'textSearch, websearch': [() => base().textSearch('words', 'ada or cyd', { type: 'websearch' }), 'Ada', 'Cyd'],
      'textSearch, plain': [() => base().textSearch('words', 'of bob', { type: 'plain' }), 'Bob'],
      'textSearch, phrase': [() => base().textSearch('words', 'cyd of', { type: 'phrase', config: 'simple' }), 'Cyd'],
    }
    for (const [name, [asked, ...names]] of Object.entries(filters)) {
      test(`filter: ${name}`, async () => {
        const rows = await dataOf(asked())
        assert.deepEqual(
          rows.map(({ title }) => title),
          named(...names),
        )
      })
    }

    test('rows are ordered by several fields, and nulls where they are wanted', async () => {
      const rows = await dataOf(
        customers().select('title').order('age', { ascending: false, nullsFirst: true }).order('title'),
      )
      assert.deepEqual(
        rows.map(({ title }) => title),
        named('Cyd', 'Ada', 'Bob'),
      )
      const related = await dataOf(
        customers().select('title, cities(name)').order('cities(name)', { ascending: false }),
      )
      assert.deepEqual(
        related.map(({ title }) => title),
        named('Cyd', 'Bob', 'Ada'),
      )
    })

    test('limit and range choose a part, count says how many there are in all', async () => {
      const first = await base().limit(1)
      assert.deepEqual([first.data, first.count, first.status], [[{ title: `Ada of ${tenant}` }], null, 200])
      const part = await customers().select('title', { count: 'exact' }).order('title').range(1, 1)
      assert.deepEqual([part.data, part.count, part.status], [[{ title: `Bob of ${tenant}` }], 3, 206])
      const none = await errorOf(customers().select('title', { count: 'exact' }).range(7, 9))
      assert.deepEqual([none.status, none.code], [416, 'PGRST103'])
    })

    test('head asks for the count alone', async () => {
      const { data, count, error } = await customers().select('*', { count: 'exact', head: true }).eq('status', 'lead')
      assert.deepEqual({ data, count, error }, { data: null, count: 1, error: null })
      const planned = await customers().select('*', { count: 'planned', head: true })
      assert.equal(planned.count, 3)
    })

    test('single wants one row, maybeSingle one or none', async () => {
      const error = await errorOf(customers().select().eq('title', 'nobody').single())
      assert.deepEqual([error.status, error.code], [406, 'PGRST116'])
      const nobody = await customers().select().eq('title', 'nobody').maybeSingle()
      assert.deepEqual([nobody.data, nobody.error], [null, null])
      const ada = await dataOf(customers().select('title').eq('id', ids.ada).maybeSingle())
      assert.equal(ada.title, `Ada of ${tenant}`)
      assert.equal((await errorOf(customers().select().maybeSingle())).code, 'PGRST116')
    })

    test('a module is a schema, by its name or its name and major', async () => {
      assert.deepEqual(await dataOf(client.schema('crm').from('users').select('title')), [
        { title: `root of ${tenant}` },
      ])
      assert.deepEqual(await dataOf(client.schema('club@1').from('users').select('nickname')), [])
      const made = await dataOf(client.schema('club@1').from('users').insert({ nickname: tenant }).select('nickname'))
      assert.deepEqual(made, [{ nickname: tenant }])
      const outside = new PostgrestClient<{ elsewhere: Database['club'] }>(client.url, {
        headers: client.headers,
        schema: 'elsewhere',
      })
      const unknown = await errorOf(outside.from('users').select())
      assert.deepEqual([unknown.status, unknown.code], [406, 'PGRST106'])
    })

    test('embeds reach into the modules beside the schema', async () => {
      const rows = await dataOf(
        client.schema('crm@1').from('customers').select('title, cities(name)').eq('id', ids.bob),
      )
      assert.deepEqual(rows, [{ title: `Bob of ${tenant}`, cities: { name: `Paris ${tenant}` } }])
    })

    test('one row is inserted, and shown when it is selected', async () => {
      const silent = await client.from('cities').insert({ name: `Rome ${tenant}`, country: 'IT' })
      assert.deepEqual([silent.status, silent.data, silent.error], [201, null, null])
      const oslo = await dataOf(
        client
          .from('cities')
          .insert({ name: `Oslo ${tenant}` })
          .select('name, country')
          .single(),
      )
      assert.deepEqual(oslo, { name: `Oslo ${tenant}`, country: 'DE' })
    })

    test('many rows are inserted at once; what only some of them give is null in the others', async () => {
      const { data, count, error } = await customers()
        .insert(
          [
            { title: 'x1', email: `x1@${tenant}`, age: 50, status: 'lead' },
            { title: 'x2', email: `x2@${tenant}`, city_id: ids.paris, status: 'lead' },
          ],
          { count: 'exact' },
        )
        .select('title, age, cities(name)')
        .order('title')
      assert.equal(error, null)
      assert.equal(count, 2)
      assert.deepEqual(data, [
        { title: 'x1', age: 50, cities: null },
        { title: 'x2', age: null, cities: { name: `Paris ${tenant}` } },
      ])
    })

    test('what a row does not give has its default when the client asks for that', async () => {
      const rows = await dataOf(
        customers()
          .insert(
            [
              { title: 'x3', email: `x3@${tenant}`, status: 'active' },
              { title: 'x4', email: `x4@${tenant}` },
            ],
            {
              defaultToNull: false,
            },
          )
          .select('title, status')
          .order('title'),
      )
      assert.deepEqual(rows, [
        { title: 'x3', status: 'active' },
        { title: 'x4', status: 'lead' },
      ])
    })

    test('numbers keep their digits as texts', async () => {
      const row = await dataOf(
        customers()
          .insert({ title: 'x5', email: `x5@${tenant}`, credit: '9999999999.99', visits: '9223372036854775807' })
          .select('credit::text, visits::text')
          .single(),
      )
      assert.deepEqual(row, { credit: '9999999999.99', visits: '9223372036854775807' })
    })

    test('rows are updated and answered', async () => {
      const { data, count, error } = await customers()
        .update({ age: 21, tags: ['new'], details: { level: 2 } }, { count: 'exact' })
        .eq('id', ids.bob)
        .select('age, tags, details, revision')
      assert.equal(error, null)
      assert.equal(count, 1)
      assert.deepEqual(data, [{ age: 21, tags: ['new'], details: { level: 2 }, revision: 2 }])
      const silent = await customers().update({ age: 20 }).eq('id', ids.bob)
      assert.deepEqual([silent.status, silent.data], [204, null])
      const stale = await errorOf(customers().update({ age: 22, revision: 1 }).eq('id', ids.bob))
      assert.equal(stale.status, 409)
      const nobody = await dataOf(customers().update({ age: 1 }).eq('title', 'nobody').select())
      assert.deepEqual(nobody, [])
    })

    test('an upsert changes the row that is there, by its key or another unique one', async () => {
      const changed = await dataOf(
        client
          .from('cities')
          .upsert({ id: ids.paris, name: `Paris! ${tenant}`, country: 'FR' })
          .select('name')
          .single(),
      )
      assert.equal(changed.name, `Paris! ${tenant}`)
      const byName = await dataOf(
        client
          .from('cities')
          .upsert(
            [
              { name: `Paris! ${tenant}`, country: 'XX' },
              { name: `Bonn ${tenant}`, country: 'DE' },
            ],
            { onConflict: 'name' },
          )
          .select('id, name, country')
          .order('name', { ascending: false }),
      )
      assert.deepEqual(
        byName.map(({ name, country }) => [name, country]),
        [
          [`Paris! ${tenant}`, 'XX'],
          [`Bonn ${tenant}`, 'DE'],
        ],
      )
      assert.equal(byName[0]?.id, ids.paris)
      const ignored = await dataOf(
        client
          .from('cities')
          .upsert({ name: `Bonn ${tenant}`, country: 'YY' }, { onConflict: 'name', ignoreDuplicates: true })
          .select(),
      )
      assert.deepEqual(ignored, [])
      const pair = await dataOf(
        client
          .from('orders')
          .upsert({ customer_id: ids.bob, place: 1, total: 31 }, { onConflict: 'customer_id,place' })
          .select('total')
          .single(),
      )
      assert.equal(pair.total, 31)
      await dataOf(
        client
          .from('cities')
          .update({ name: `Paris ${tenant}`, country: 'FR' })
          .eq('id', ids.paris)
          .select(),
      )
    })

    test('rows are deleted and answered', async () => {
      const { data, count, status } = await customers().delete({ count: 'exact' }).like('title', 'x%').select('title')
      assert.equal(status, 200)
      assert.equal(count, data?.length)
      assert.deepEqual(
        data
          ?.map(({ title }) => title)
          .sort()
          .slice(0, 2),
        ['x1', 'x2'],
      )
      const silent = await client.from('cities').delete().eq('name', `Bonn ${tenant}`)
      assert.deepEqual([silent.status, silent.data], [204, null])
    })

    test('errors have the form and the codes of PostgREST', async () => {
      const unique = await errorOf(customers().insert({ title: 'x', email: `ada@${tenant}.example` }))
      assert.deepEqual([unique.status, unique.code], [409, '23505'])
      const missing = await errorOf(client.from('orders').insert({ customer_id: ids.paris, place: 1, total: 1 }))
      assert.deepEqual([missing.status, missing.code], [409, '23503'])
      const column = await errorOf(customers().select().filter('nothing', 'eq', 1))
      assert.deepEqual([column.status, column.code], [400, '42703'])
      const relation = await errorOf(client.from('cities').select('name, orders(place)'))
      assert.deepEqual([relation.status, relation.code], [400, 'PGRST200'])
      assert.match(relation.message, /Could not find a relationship/)
      const platform: TablesUpdate<'customers'> & { created_at: string } = { created_at: '2020-01-01' }
      assert.equal(
        (
          await errorOf(
            customers()
              .update(platform as TablesUpdate<'customers'>)
              .eq('id', ids.ada),
          )
        ).status,
        400,
      )
      await assert.rejects(async () => customers().select('nothing').throwOnError(), PostgrestError)
    })

    test('a name that several modules have asks for a schema', async () => {
      const loose = new PostgrestClient(client.url, { headers: client.headers })
      const error = await errorOf(loose.from('users').select())
      assert.deepEqual([error.status, error.code], [406, 'PGRST106'])
      assert.match(error.hint, /Accept-Profile/)
      const unknown = await errorOf(loose.from('nothing').select())
      assert.deepEqual([unknown.status, unknown.code], [404, 'PGRST205'])
    })

    test('a reader reads and does not write; without a token neither', async () => {
      const auditor = await connect(tenant, ['auditor'])
      assert.equal((await dataOf(auditor.from('cities').select())).length > 0, true)
      const refused = await errorOf(auditor.from('cities').insert({ name: 'no' }))
      assert.deepEqual([refused.status, refused.code], [403, '42501'])
      const anonymous = new PostgrestClient<Database>(client.url)
      assert.equal((await errorOf(anonymous.from('cities').select())).status, 401)
      assert.equal((await errorOf(anonymous.from('cities').insert({ name: 'no' }))).status, 401)
    })

    test('a request that is given up ends', async () => {
      const controller = new AbortController()
      const asked = errorOf(customers().select().abortSignal(controller.signal))
      controller.abort()
      assert.match((await asked).message, /AbortError/)
      assert.match((await errorOf(customers().select().abortSignal(AbortSignal.abort()))).message, /AbortError/)
    })

    test('csv', async () => {
      const text = await dataOf(customers().select('title,age').order('title').limit(2).csv())
      assert.equal(text, `title,age\n"Ada of ${tenant}",36\n"Bob of ${tenant}",20`)
    })

    test('nulls are stripped', async () => {
      const rows = await dataOf(customers().select('title, age').eq('id', ids.cyd).stripNulls())
      assert.deepEqual(rows, [{ title: `Cyd of ${tenant}` }])
    })

    test('a change that would reach too many rows is not made', async () => {
      const thirteen = new PostgrestClient<Database, { PostgrestVersion: '13' }>(client.url, {
        headers: client.headers,
      })
      const refused = await errorOf(thirteen.from('customers').update({ age: 1 }).gte('age', 0).maxAffected(1).select())
      assert.deepEqual([refused.status, refused.code], [400, 'PGRST124'])
    })

    test('an action answers rows, which are filtered, ordered, cut and have related rows', async () => {
      const city = `Berlin ${tenant}`
      const rows = await dataOf(
        client.rpc('customers_in', { city }).select('title, cities(name), orders(total)').order('total', {
          referencedTable: 'orders',
          ascending: false,
        }),
      )
      assert.deepEqual(rows, [
        { title: `Ada of ${tenant}`, cities: { name: city }, orders: [{ total: 20 }, { total: 10 }] },
      ])
      assert.deepEqual(await dataOf(client.rpc('customers_in', { city, least_age: 40 })), [])
      const { data, count } = await client
        .rpc('customers_in', { city }, { get: true, count: 'exact' })
        .select('title')
        .eq('status', 'active')
        .limit(1)
      assert.deepEqual([data, count], [[{ title: `Ada of ${tenant}` }], 1])
      const head = await client.rpc('customers_in', { city }, { head: true, count: 'exact' })
      assert.deepEqual([head.status, head.data, head.count], [200, null, 1])
      const one = await dataOf(client.rpc('customers_in', { city }).select('title').single())
      assert.equal(one.title, `Ada of ${tenant}`)
      const text = await dataOf(client.rpc('customers_in', { city }).select('title').csv())
      assert.equal(text, `title\n"Ada of ${tenant}"`)
    })

    test('an action answers one value, rows of its own, or nothing', async () => {
      const credit: number = await dataOf(client.rpc('credit_of', { statuses: ['inactive'] }))
      assert.equal(credit, 99.99)
      assert.equal(await dataOf(client.rpc('credit_of', { statuses: ['inactive'] }, { get: true })), 99.99)
      const spent = await dataOf(client.rpc('spending').select('title, total').eq('title', `Ada of ${tenant}`))
      assert.deepEqual(spent, [{ title: `Ada of ${tenant}`, total: 30 }])
      const { status, data, error } = await client.rpc('visit', { customer: ids.cyd })
      assert.deepEqual([status, data, error], [204, null, null])
      const { visits } = await dataOf(customers().select('visits').eq('id', ids.cyd).single())
      assert.equal(visits, 1)
    })

    test('an action in TypeScript answers and refuses as REST does', async () => {
      const promoted = await dataOf(client.rpc('promote', { customer: ids.bob }).select('title, status, cities(name)'))
      assert.deepEqual(promoted, {
        ...{ title: `Bob of ${tenant}`, status: 'active' },
        cities: { name: `Paris ${tenant}` },
      })
      const again = await errorOf(client.rpc('promote', { customer: ids.bob }))
      assert.deepEqual([again.status, again.code], [409, 'active_already'])
      await dataOf(customers().update({ status: 'lead' }).eq('id', ids.bob).select())
      const auditor = await connect(tenant, ['auditor'])
      assert.equal((await errorOf(auditor.rpc('promote', { customer: ids.bob }))).status, 403)
      const unknown = await errorOf(client.rpc('promote', { nobody: 1 } as never))
      assert.deepEqual([unknown.status, unknown.code], [404, 'PGRST202'])
      assert.equal((await errorOf(client.rpc('promote', { customer: ids.bob }, { get: true }))).status, 405)
    })

    test('nothing of what was seen or written is of the other tenant', async () => {
      const other = tenant === 'acme' ? 'globex' : 'acme'
      const rows = await dataOf(customers().select('*, cities(*), orders(*), profiles(*)'))
      assert.equal(rows.length, 3)
      assert.ok(!JSON.stringify(rows).includes(other))
      const foreign = new PostgrestClient<Database>(`${product.url}/${other}/rest/v1`, { headers: client.headers })
      assert.equal((await errorOf(foreign.from('customers').select())).status, 403)
      assert.equal((await errorOf(foreign.from('customers').delete().eq('id', ids.ada))).status, 403)
    })
  })
}
