import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { openTwoTenants, type TwoTenants } from '../../../src/testing/two-tenants.ts'
import { some } from '../../whole.ts'
import { type Caller, Callers, fillSql, places, searched, statementFor } from './world.ts'

let tenants: TwoTenants
let callers: Callers

before(async () => {
  tenants = await openTwoTenants({ modules: [searched] })
  const { database } = tenants
  for (const [tenant, rows] of [
    ['acme', 900],
    ['globex', 200],
  ] as const)
    for (const sql of fillSql(tenant, rows)) await database.query(sql)
  await database.query(`update searched_v1.items set deleted_at = now() where amount % 3 = 0`)
  await database.query(`insert into searched_v1.places (tenant_id, instance_id, tags)
    select tenant, place, array[tenant || ' ' || place, 'all', 'n' || i] from unnest(array['acme', 'globex']) tenant, unnest(array['north', 'south']) place, generate_series(1, 50) i`)
  await database.query('analyze')
  callers = await Callers.open(database)
})
after(async () => {
  await callers.close()
  await tenants.close()
})

const acme: Caller = { role: 'tenant_reader', tenant: 'acme' }
const globex: Caller = { role: 'tenant_reader', tenant: 'globex' }
/** Who reaches across tenants has none set. */
const platform: Caller = { role: 'reader', tenant: '' }

/** Both answers of a request, made with and without indexes; ours must use a function. */
async function same(
  line: string,
  caller: Caller,
  body?: unknown,
): Promise<{ body: string; n: string; total: string | null }> {
  const statement = statementFor(line, { body })
  assert.match(statement.text, /found0/, line)
  const [ours] = await callers.run(caller, statement)
  const [plain] = await callers.run(caller, statementFor(line, { body, plain: true }))
  assert.deepEqual(ours, plain, `${line} as ${caller.role} of ${caller.tenant}`)
  return Object.assign({ body: '', n: '', total: null }, ours)
}

const filters = [
  ...[
    'tags=cs.{rare7}',
    'tags=ov.{rare7,part9}',
    'tags=cd.{rare7,part7,half1}',
    'tags=eq.{rare7,part7,half1}',
    'tags=cs.{half1}',
    'tags=cs.{}',
  ],
  ...[
    'sizes=ov.{7,70,700}',
    'data=cs.{"rare":7}',
    'data=cs.{"half":1}',
    'data=cs.{}',
    'words=fts.rare7',
    'words=fts.!rare7',
  ],
  ...['words=plfts.rare7 part7', 'words=phfts.rare7 part7', 'words=wfts.rare7 -half0', 'words=fts(english).customers'],
  ...[
    'span=ov.[70,90)',
    'span=cs.[71,73)',
    'span=cd.[0,300)',
    'span=sl.[30,40)',
    'span=sr.[8950,8960)',
    'span=nxr.[30,40)',
  ],
  ...[
    'span=nxl.[8950,8960)',
    'span=adj.[70,80)',
    'span=eq.[70,80)',
    'span=ov.empty',
    'tags=cs.{rare7}&data=cs.{"half":1}',
  ],
  ...[
    'tags=cs.{half1}&words=fts.rare7',
    'tags=cs.{rare7}&amount=gt.100',
    'and=(tags.cs.{rare7},or(amount.gt.9,amount.is.null))',
  ],
]
const forms = [
  ...['select=id,tags&order=amount', 'select=id&order=amount.desc&limit=3', 'select=id&order=price&limit=2&offset=3'],
  ...[
    'select=count(),amount.sum()',
    'select=id,owners(name)&order=owners(rank),id&limit=4',
    'select=id,...owners!inner(name)&order=id',
  ],
  'select=id&order=id&limit=5&count',
]

describe('what a function has found is what the condition itself finds', () => {
  for (const filter of some(filters, 3)) {
    test(filter, async () => {
      for (const [index, form] of forms.entries())
        for (const caller of index < 2 ? [acme, globex, platform] : [acme])
          await same(`GET items?${form}&${filter}`, caller)
    })
  }

  test('an unselective wish, a hopeless one and one without a tenant', async () => {
    assert.equal((await same('GET items?select=id&tags=cs.{half1}', acme)).n, '300')
    assert.equal((await same('GET items?select=id&tags=cs.{nothing}', acme)).n, '0')
    assert.equal((await same('GET items?select=id&tags=cs.{rare7}', { role: 'tenant_reader', tenant: '' })).n, '0')
    assert.equal(
      (await same('GET items?select=id&tags=cs.{rare7}', { role: 'tenant_reader', tenant: 'nobody' })).n,
      '0',
    )
  })

  test('changes change the same rows', async () => {
    const writer: Caller = { role: 'tenant_writer', tenant: 'acme' }
    for (const filter of ['tags=cs.{rare7}', 'tags=cs.{half1}', 'words=fts.part7', 'data=cs.{"rare":4}&amount=gt.50']) {
      const changed = await same(`PATCH items?select=id,amount&order=id&${filter}`, writer, { amount: -1 })
      assert.ok(JSON.stringify(changed.body).length > 50)
      await same(`DELETE items?select=id&order=id&${filter}`, writer)
    }
  })

  test('embeds that must have rows, or must not', async () => {
    for (const line of [
      'GET owners?select=name,items!inner(id)&items.tags=cs.{rare7}&order=name',
      'GET owners?select=name,items(id)&items.tags=cs.{rare7}&items=is.null&order=name',
      'GET owners?select=name,items(id)&items.words=fts.rare7&items=not.is.null&order=name&limit=3',
      'GET owners?select=name,items!inner(id)&items.tags=cs.{half1}&order=name&limit=3',
    ])
      for (const caller of [acme, globex]) {
        const [ours] = await callers.run(caller, statementFor(line))
        const [plain] = await callers.run(caller, statementFor(line, { plain: true }))
        assert.deepEqual(ours, plain, line)
      }
  })

  test('inside or, behind not and beside a key nothing is asked of a function', () => {
    for (const filter of [
      'or=(tags.cs.{a},amount.eq.1)',
      'tags=not.cs.{a}',
      'serial=eq.x&tags=cs.{a}',
      'not.and=(tags.cs.{a},amount.eq.1)',
    ])
      assert.doesNotMatch(statementFor(`GET items?${filter}`).text, /found0/, filter)
  })

  test('rows that this transaction has written are found, also before it ends', async () => {
    const context = tenants.contextOf('acme', { instance: 'north' })
    const entity = tenants.modules.entityOf(places)
    const answer = await tenants.datasource.transaction(context, async runner => {
      await runner.run(context, { kind: 'insert', entity, fields: ['tags'], rows: '[{"tags": ["fresh"]}]' })
      const path = { field: 'tags' }
      const where = { kind: 'compare', path, not: false, operator: 'cs', value: '{fresh}' } as const
      return runner.run(context, { kind: 'read', entity, select: [{ kind: 'all' }], where })
    })
    assert.equal(answer.rows, 1)
  })

  test('instances', async () => {
    const callersOf: Caller[] = [
      { role: 'tenant_instance_reader', tenant: 'acme', instance: 'north' },
      { role: 'tenant_instance_reader', tenant: 'acme', instance: 'south' },
      { role: 'tenant_instance_reader', tenant: 'acme' },
      { role: 'tenant_reader', tenant: 'acme' },
      { role: 'tenant_writer', tenant: 'acme', instance: 'north' },
      { role: 'instance_reader', tenant: '', instance: 'north' },
      { role: 'reader', tenant: '' },
    ]
    const seen: string[] = []
    for (const caller of callersOf) {
      for (const tag of ['acme north', 'all', 'n7', 'globex south'])
        seen.push((await same(`GET places?select=id,instance_id&order=id&tags=cs.{"${tag}"}`, caller)).n)
    }
    assert.deepEqual(seen.slice(0, 12), ['50', '50', '1', '0', '0', '50', '1', '0', '0', '0', '0', '0'])
  })
})

describe('a function names nothing but rows of the tenant', () => {
  /** Every function of the search role, called with what matches rows of all tenants. */
  const wishes = {
    'text[]': `array['all']`,
    'integer[]': 'array[7]',
    jsonb: `'{"rare":7}'`,
    tsquery: `'rare7'`,
    int4range: `'[0,100)'`,
  }

  async function named(caller: Caller, databaseRole?: string): Promise<Map<string, string[] | null>> {
    const functions = await tenants.database.query<{ name: string; operand: string }>(
      `select p.oid::regproc::text as name, format_type(p.proargtypes[0], null) as operand from pg_proc p where p.pronamespace = 'searched_v1'::regnamespace and p.prosecdef order by 1`,
    )
    assert.equal(functions.length, 4 + 4 + 1 + 9 + 1 + 4)
    const found = new Map<string, string[] | null>()
    for (const { name, operand } of functions) {
      const wish = Object.entries(wishes).find(([type]) => type === operand)?.[1]
      const [row] = await callers.run<{ rows: string[] | null }>(
        caller,
        { text: `select ${name}(${wish}::${operand}, 50000)::text[] as rows`, values: [] },
        databaseRole,
      )
      found.set(name, row?.rows ?? null)
    }
    return found
  }

  async function tenantsOf(table: string, rows: readonly string[]): Promise<string[]> {
    const found = await tenants.database.query<{ tenant_id: string }>(
      `select distinct tenant_id from searched_v1.${table} where ctid = any ($1::tid[])`,
      [rows],
    )
    return found.map(({ tenant_id }) => tenant_id)
  }

  test('with a tenant set, of that tenant', async () => {
    let any = 0
    for (const tenant of ['acme', 'globex'])
      for (const [name, rows] of await named({ role: 'tenant_reader', tenant })) {
        if (!rows || rows.length === 0) continue
        any++
        assert.deepEqual(await tenantsOf(name.includes('places') ? 'places' : 'items', rows), [tenant], name)
      }
    assert.ok(any > 10)
  })

  test('without a tenant, nothing, whatever the role', async () => {
    for (const role of ['tenant_reader', 'tenant_instance_writer', 'reader', 'writer'] as const)
      for (const [name, rows] of await named({ role, tenant: '' })) assert.equal(rows, null, `${name} as ${role}`)
  })

  test('to a role that reaches across tenants nothing, also when a tenant is set', async () => {
    for (const role of ['reader', 'instance_writer'] as const)
      for (const [name, rows] of await named({ role, tenant: 'acme' })) assert.equal(rows, null, `${name} as ${role}`)
  })

  test('to who is kept within an instance, of that instance', async () => {
    const name = `searched_v1."places.tags cs"`
    const rows = (await named({ role: 'tenant_instance_reader', tenant: 'acme', instance: 'north' })).get(name)
    assert.equal(rows, null, 'all of them match, so nobody names them')
    const [row] = await callers.run<{ rows: string[] }>(
      { role: 'tenant_instance_reader', tenant: 'acme', instance: 'north' },
      { text: `select ${name}(array['n7'], 10)::text[] as rows`, values: [] },
    )
    assert.equal(row?.rows.length, 1)
    const elsewhere = await callers.run<{ rows: string[] }>(
      { role: 'tenant_instance_reader', tenant: 'acme', instance: 'south' },
      { text: `select ${name}(array['acme north'], 10)::text[] as rows`, values: [] },
    )
    assert.deepEqual(elsewhere[0]?.rows, [])
  })

  test('never more than asked for, nor an unbounded number', async () => {
    const count = async (most: string) => {
      const text = `select cardinality(searched_v1."items.data cs"('{"rare":7}', ${most})) as n`
      return (await callers.run<{ n: number | null }>(acme, { text, values: [] }))[0]?.n
    }
    const all = (await count('50000')) ?? 0
    assert.ok(all > 10)
    assert.equal(await count(String(all - 1)), null)
    assert.equal(await count(String(all)), all)
    assert.equal(await count('-5'), null)
    assert.equal(await count('2147483647'), all)
    assert.equal(await count('null'), all)
  })

  test('the logins and the public may call none', async () => {
    const { prefix, query } = tenants.database
    const rows = await query(
      `select r.rolname, p.proname from pg_roles r, pg_proc p where p.pronamespace = 'searched_v1'::regnamespace and p.prosecdef
        and r.rolname = any ($1) and has_function_privilege(r.oid, p.oid, 'execute')`,
      [[`${prefix}_tenant_login`, `${prefix}_platform_login`]],
    )
    assert.deepEqual(rows, [])
  })

  test('a wish that is no wish is refused by the cast, in words about the wish', async () => {
    const wrong = statementFor('GET items?data=cs.{not json')
    await assert.rejects(callers.run(acme, wrong), (error: Error) => {
      assert.match(error.message, /invalid input syntax for type json/)
      return true
    })
  })
})

test('the search role sees all rows, none but the columns that it needs, and nobody can become it', async () => {
  const { database } = tenants
  const search = `${database.prefix}_search`
  const rows = await database.query<{ columns: string[] }>(
    `select array_agg(attname::text order by attname) as columns from pg_attribute where attrelid = 'searched_v1.items'::regclass and has_column_privilege($1, attrelid, attnum, 'select')`,
    [search],
  )
  assert.deepEqual(rows[0]?.columns, ['ctid', 'data', 'id', 'sizes', 'span', 'tags', 'tenant_id', 'words'])
  const writes = await database.query(
    `select relname from pg_class where relnamespace = 'searched_v1'::regnamespace and relkind = 'r' and has_any_column_privilege($1, oid, 'insert, update, references')`,
    [search],
  )
  assert.deepEqual(writes, [])
  const members = await database.query(
    `select r.rolname from pg_roles r where r.rolname <> $1 and not r.rolsuper and pg_has_role(r.oid, $1, 'MEMBER')`,
    [search],
  )
  assert.deepEqual(members, [])
})
