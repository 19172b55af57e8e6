import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { joinKeys } from '../../../src/data/postgres/sql/writer.ts'
import { openTwoTenants, type TwoTenants } from '../../../src/testing/two-tenants.ts'
import { Callers, fillSql, searched, statementFor } from './world.ts'

let tenants: TwoTenants
let callers: Callers

before(async () => {
  tenants = await openTwoTenants({ modules: [searched] })
  const { database } = tenants
  const sizes: [string, number][] = [
    ['acme', 4000],
    ['globex', 2000],
  ]
  for (let other = 0; other < 40; other++) sizes.push([`other${other}`, 50])
  for (const [tenant, rows] of sizes) for (const sql of fillSql(tenant, rows)) await database.query(sql)
  // What decimals would have without a twin.
  await database.query('create index on searched_v1.items (tenant_id, price)')
  await database.query('analyze')
  callers = await Callers.open(database)
})
after(async () => {
  await callers.close()
  await tenants.close()
})

const acme = { role: 'tenant_reader', tenant: 'acme' } as const

/** Conditions of indexes on items in a plan, joined; fails where items are read in any other way. */
async function indexConditions(line: string): Promise<string> {
  const plan = await callers.explain(acme, statementFor(line))
  const text = plan.join('\n')
  assert.doesNotMatch(text, /Seq Scan on items/, text)
  const conditions = plan.filter(row => /Index Cond:/.test(row))
  assert.ok(conditions.length > 0, text)
  for (const condition of conditions) assert.match(condition, /Index Cond: \(\(?tenant_id = /, text)
  return conditions.join('\n')
}

/** How often a prepared statement has run by a plan that was made before. */
async function keptPlans({ text }: { readonly text: string }): Promise<number> {
  const kept = `select generic_plans::int as kept from pg_prepared_statements where statement = $1`
  return Number((await callers.run(acme, { text: kept, values: [text] }))[0]?.kept)
}

/** What `fillSql` calls the row of an id of one digit. */
const nameOf = (id: string) => {
  const number = Number(id.at(-1))
  return `Customer ${number} rare${number} part${number} half${number % 2}`
}

const id = '00000000-0000-7000-8000-000000000007'

/** Filters that PostgreSQL or an implied condition serves; each with what must be asked of the index. */
const served: readonly [query: string, condition: RegExp][] = [
  [`id=eq.${id}`, /id = /],
  [`id=in.(${id},00000000-0000-7000-8000-000000000009)`, /id = ANY/],
  ['name=eq.Customer 7', /name = /],
  ['name=gte.Customer 77&name=lt.Customer 78', /name >= .*name < /],
  ['name=like.Customer 77*', /name >= .*name < /],
  ['name=like.Customer 7\\_*', /name >= .*name < /],
  ['name=like(any).{Customer 77*,Customer 99*}', /name >= .*name < /],
  ['name=like(all).{Customer*,Customer 99*}', /name >= .*name < /],
  ['or=(name.like.Customer 77*,amount.eq.5)', /name >= .*name < .*amount = /s],
  ['amount=eq.7', /amount = /],
  ['amount=gt.3990', /amount > /],
  ['amount=in.(1,2,3)', /amount = ANY/],
  ['total=lte.5000000', /total <= /],
  ['price=eq.7.25', /"price\?" = /],
  ['price=gte.7.25&price=lt.7.5', /"price\?" >= .*"price\?" <= /],
  ['price=in.(7.25,7.50)', /"price\?" = ANY/],
  ['wide=gt.49370913576691357568690', /"wide\?" >= /],
  ['seen=lt.2024-01-01T00:30:00Z', /seen < /],
  ['day=eq.2000-01-09', /day = /],
  [`code=eq.${id}`, /code = /],
  ['serial=eq.acme 7', /serial = /],
  ['active=is.true', /active = true/],
  ['active=eq.true', /active = /],
  ['kind=eq.a&amount=lt.20', /kind = .*amount < /],
  ['owner_id=eq.00000000-0000-7000-8000-000000000001', /owner_id = /],
  ['spoken=eq.Größe 7', /spoken = /],
]

describe('under row security', () => {
  for (const [query, condition] of served) {
    test(`${query} is asked of an index that begins with the tenant`, async () => {
      assert.match(await indexConditions(`GET items?select=id&${query}`), condition)
    })
  }

  for (const [field, values] of [
    ['id', [id]],
    ['amount', ['1', '2', '3']],
    ['price', ['7.25', '7.5']],
    ['name', Array.from({ length: 64 }, (_, index) => `Customer ${index}`)],
  ] as const) {
    test(`a list of ${values.length} in ${field} has one plan for all tenants and values, which PostgreSQL keeps`, async () => {
      const texts = new Set<string>()
      for (let run = 0; run < 10; run++) {
        for (const tenant of ['acme', 'globex']) {
          const moved = [...values.slice(run), ...values.slice(0, run)].join(',')
          const statement = statementFor(`GET items?select=id&${field}=in.(${moved})`)
          texts.add(statement.text)
          await callers.time({ ...acme, tenant }, statement)
        }
      }
      const [text = '', ...others] = texts
      assert.deepEqual(others, [])
      assert.ok((await keptPlans({ text })) >= 10)
    })
  }

  test('rows of several keys are found one by one in an index that begins with the tenant, by a plan that PostgreSQL keeps', async () => {
    const ids = Array.from({ length: 8 }, (_, index) => `00000000-0000-7000-8000-00000000000${index}`)
    const statementOf = (ids: readonly string[]) => {
      const statements = ids.map(id => statementFor(`GET items?select=name&id=eq.${id}`))
      const [text = ''] = statements.map(({ lookup }) => lookup?.())
      return { text, values: joinKeys(statements) }
    }
    for (let run = 0; run < 10; run++) {
      for (const tenant of ['acme', 'globex']) {
        const asked = ids.slice(run % 7)
        const { row } = await callers.time({ ...acme, tenant }, statementOf(asked))
        assert.deepEqual(Object.values(row), [[{ name: asked.map(nameOf)[0] }], '1', null, '1'])
      }
    }
    assert.ok((await keptPlans(statementOf(ids))) >= 10)
    const plan = (await callers.explain(acme, statementOf(ids))).join('\n')
    assert.match(plan, /Index Cond: \(\(tenant_id = .*\) AND \(id = given\.value1\)\)/, plan)
  })

  test('the first pages of a list have plans that PostgreSQL keeps', async () => {
    for (const offset of [20, 320]) {
      const statement = statementFor(`GET items?select=id&amount=gt.5&order=amount&limit=20&offset=${offset}`)
      for (let run = 0; run < 20; run++)
        await callers.time({ ...acme, tenant: run % 2 === 0 ? 'acme' : 'globex' }, statement)
      assert.ok((await keptPlans(statement)) >= 10, String(offset))
    }
    const [one, other] = [7, 340].map(offset =>
      statementFor(`GET items?select=id&order=amount&limit=20&offset=${offset}`),
    )
    assert.equal(one?.text, other?.text)
  })

  for (const field of ['name', 'amount', 'total', 'price', 'wide', 'seen', 'day', 'code', 'id']) {
    test(`the first rows by ${field} are the first of an index that begins with the tenant`, async () => {
      const line = `GET items?select=id&order=${field}&limit=5`
      assert.match(await indexConditions(line), /tenant_id/)
      const plan = (
        await callers.explain(acme, statementFor(line), 'analyze, costs off, timing off, summary off, buffers off')
      ).join('\n')
      const [, read = 'none'] = /Index (?:Only )?Scan using items_\S+ on items t0 \(actual rows=(\d+)/.exec(plan) ?? []
      assert.ok(Number(read) <= 6, plan)
    })
  }

  for (const [order, value, bound] of [
    ['amount', '7', /Index Cond: .*amount >= /],
    ['price', '7.25', /Index Cond: .*"price\?" >= /],
    ['wide', '49370913576691357568690.25', /Index Cond: .*"wide\?" >= /],
    ['price', null, /Index Cond: .*"price\?" IS NULL/],
    ['price.desc', null, /Index Cond: .*"price\?" IS NOT NULL/],
    ['price.desc', '7.25', /Index Cond: .*"price\?" <= /],
    ['seen.desc', '2024-01-01T00:30:00Z', /Index Cond: .*seen <= /],
  ] as const) {
    test(`a page by ${order} goes on after ${value} in an index that begins with the tenant`, async () => {
      const statement = statementFor(`GET items?select=id&order=${order}&limit=5`, { after: [value, id] })
      const plan = (
        await callers.explain(acme, statement, 'analyze, costs off, timing off, summary off, buffers off')
      ).join('\n')
      assert.match(plan, bound)
      const [, read = 'none'] =
        /Index (?:Only )?Scan.* using items_\S+ on items \S+ \(actual rows=(\d+)/.exec(plan) ?? []
      assert.ok(Number(read) <= 7, plan)
    })
  }

  test('a list in no order is in that of the key, which nobody has to sort, whatever has been changed', async () => {
    const statement = statementFor('GET items?select=id&limit=5')
    for (const tenant of ['acme', 'globex']) {
      const plan = (
        await callers.explain(
          { ...acme, tenant },
          statement,
          'analyze, costs off, timing off, summary off, buffers off',
        )
      ).join('\n')
      assert.match(plan, /Index (?:Only )?Scan using items_pkey on items t0 \(actual rows=5/, plan)
      assert.doesNotMatch(plan, /Sort/)
    }
    await tenants.database.query(
      `update searched_v1.items set total = total + 1 where tenant_id = 'acme' and id = '00000000-0000-7000-8000-000000000001'`,
    )
    const [first] = await callers.run<{ body: { id: string }[] }>(acme, statement)
    assert.deepEqual(
      first?.body.map(({ id }) => id.slice(-1)),
      ['0', '1', '2', '3', '4'],
    )
  })

  test('an embed is joined by an index that begins with the tenant', async () => {
    const conditions = await indexConditions('GET owners?select=id,items(id)&rank=eq.3')
    assert.match(conditions, /rank = /)
    assert.match(conditions, /tenant_id = t0.tenant_id\) AND \(owner_id = t0.id/)
  })

  test('a row that is given again is found by the key', async () => {
    const line = 'POST owners?on_conflict=id'
    const plan = await callers.explain(
      { role: 'tenant_writer', tenant: 'acme' },
      statementFor(line, { body: { id, name: 'x', rank: 1 } }),
    )
    assert.doesNotMatch(plan.join('\n'), /Seq Scan on (items|owners)/)
  })
})

/** Filters that need a function, and the index that it must look into. */
const searches: readonly [query: string, index: string, condition: RegExp][] = [
  ['tags=cs.{rare7}', 'items_tags_gin', /tags @> /],
  ['tags=ov.{rare7}', 'items_tags_gin', /tags && /],
  ['tags=cd.{rare7,part7,half1}', 'items_tags_gin', /tags <@ /],
  ['tags=eq.{rare7,part7,half1}', 'items_tags_gin', /tags = /],
  ['sizes=cs.{77}', 'items_sizes_gin', /sizes @> /],
  ['data=cs.{"rare":7}', 'items_data_gin', /data @> /],
  ['words=fts.rare7', 'items_words_gin', /words @@ /],
  ['words=plfts.customer rare7', 'items_words_gin', /words @@ /],
  ['words=phfts.rare7 part7', 'items_words_gin', /words @@ /],
  ['words=wfts.rare7 -part9', 'items_words_gin', /words @@ /],
  ['span=ov.[70,90)', 'items_span_gist', /span && /],
  ['span=cs.[71,73)', 'items_span_gist', /span @> /],
  ['span=cd.[70,90)', 'items_span_gist', /span <@ /],
  ['span=sl.[30,40)', 'items_span_gist', /span << /],
  ['span=sr.[39950,39960)', 'items_span_gist', /span >> /],
  ['span=nxr.[30,40)', 'items_span_gist', /span &< /],
  ['span=nxl.[39950,39960)', 'items_span_gist', /span &> /],
  ['span=adj.[70,80)', 'items_span_gist', /span -\|- /],
  ['span=eq.[70,80)', 'items_span_gist', /span = /],
]

describe('what is not leakproof', () => {
  for (const [query, index, condition] of searches) {
    test(`${query} is looked up in an index that begins with the tenant, and only its rows are read`, async () => {
      const line = `GET items?select=id&${query}`
      const plan = (
        await callers.explain(acme, statementFor(line), 'analyze, costs off, timing off, summary off, buffers off')
      ).join('\n')
      assert.match(plan, /Tid Scan on items t0_1 \(actual rows=[1-9]/, plan)
      assert.match(plan, /One-Time Filter: .*? on items t0_2 \(never executed\)/s, plan)

      // What earlier statements of the session have counted goes out of its memory.
      await callers.run(acme, { text: 'select pg_stat_force_next_flush()', values: [] })
      const scans = `select pg_stat_get_xact_numscans('searched_v1.${index}'::regclass)::int as scans`
      const used = await callers.run<{ scans: number }>(acme, {
        text: `with asked as materialized (select * from (${statementFor(line).text}) s) select n, (${scans}) as scans from asked`,
        values: statementFor(line).values,
      })
      assert.equal(used[0]?.scans, 1)

      // What the function asks, as its owner, without the settings that it prefers.
      const { operator, operand } = await operandOf(line)
      const inside = await explainInside(`tenant_id = 'acme' and ${query.split('=')[0]} ${operator} ${operand}`)
      assert.match(
        inside,
        new RegExp(
          `Scan (?:on|using) ${index}.*Index Cond: \\(\\(tenant_id = 'acme'::text\\) AND \\(${condition.source}`,
          's',
        ),
        inside,
      )
    })
  }

  test('a change finds its rows in the same way', async () => {
    const writer = { role: 'tenant_writer', tenant: 'acme' } as const
    for (const [method, body] of [
      ['PATCH', { amount: 3 }],
      ['DELETE', undefined],
    ] as const) {
      const statement = statementFor(`${method} items?tags=cs.{rare7}`, { body })
      const plan = (
        await callers.explain(writer, statement, 'analyze, costs off, timing off, summary off, buffers off')
      ).join('\n')
      assert.match(plan, /Tid Scan on items f_1 \(actual rows=[1-9]/, plan)
      assert.match(plan, /on items f_2 \(never executed\)/, plan)
      assert.match(plan, /Index Scan using items_pkey on items t0 .*?Index Cond: \(\(tenant_id = /s, plan)
    }
  })

  test('an embed that must have rows finds them in the same way', async () => {
    const statement = statementFor('GET owners?select=id,items!inner(id)&items.tags=cs.{rare7}')
    const plan = (
      await callers.explain(acme, statement, 'analyze, costs off, timing off, summary off, buffers off')
    ).join('\n')
    assert.match(plan, /Tid Scan on items t1_1 \(actual rows=[1-9]/, plan)
    assert.match(plan, /on items t1_2 \(never executed\)/, plan)
  })

  test('who wants what many rows have reads them as if there were no such index', async () => {
    const statement = statementFor('GET items?select=id&tags=cs.{half1}&order=amount&limit=20')
    const plan = (
      await callers.explain(acme, statement, 'analyze, costs off, timing off, summary off, buffers off')
    ).join('\n')
    assert.match(plan, /Tid Scan on items t0_1 \(actual rows=0/, plan)
    assert.match(plan, /Index Scan using items_amount_idx on items t0_2 \(actual rows=20/, plan)
  })
})

describe('without our doing', () => {
  const lost = [
    'name=like.Customer 77*',
    'price=eq.7.25',
    'price=gte.7.25&price=lt.7.5',
    'price=in.(7.25,7.50)',
    ...searches.map(([query]) => query),
  ]
  for (const query of lost) {
    test(`PostgreSQL asks ${query} of no index`, async () => {
      const plan = await callers.explain(acme, statementFor(`GET items?select=id&${query}`, { plain: true }))
      for (const condition of plan.filter(row => /Index Cond:/.test(row)))
        assert.match(condition, /Index Cond: \(tenant_id = \S+( \d\))?(\.col1)?\)$/, plan.join('\n'))
    })
  }
})

test('a table without a tenant is asked through its index as it is, without functions', async () => {
  const { database } = tenants
  await database.query(
    `insert into searched_v1.labels (tags, price) select array['t' || i % 1000], i from generate_series(1, 20000) i`,
  )
  await database.query('analyze searched_v1.labels')
  for (const [query, condition] of [
    ['tags=cs.{t7}', /Index Cond: \(tags @> /],
    ['price=eq.7', /Index Cond: \(price = /],
  ] as const) {
    const statement = statementFor(`GET labels?select=id&${query}`)
    assert.doesNotMatch(statement.text, /found0/)
    assert.match((await callers.explain(acme, statement)).join('\n'), condition)
  }
})

/** The SQL of an operator and what it compares with, out of the statement that asks for it. */
async function operandOf(line: string): Promise<{ operator: string; operand: string }> {
  const { text, values } = statementFor(line)
  const [, operator = '', operand = ''] =
    /t0\."\w+" (\S+) (\(\$1::[^)]+\)|\w+\(\$1::regconfig, \$2::text\))/.exec(text) ?? []
  const given = operand.replace(/\$(\d)/g, (_, number) => `'${values[Number(number) - 1]}'`)
  return { operator, operand: given }
}

async function explainInside(condition: string): Promise<string> {
  const rows = await callers.run<{ 'QUERY PLAN': string }>(
    { role: 'tenant_reader', tenant: 'acme' },
    { text: `explain (costs off) select ctid from searched_v1.items where ${condition}`, values: [] },
    `${tenants.database.prefix}_search`,
  )
  return rows.map(row => row['QUERY PLAN']).join('\n')
}
