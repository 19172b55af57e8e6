import assert from 'node:assert/strict'
import { test } from 'node:test'
import { values } from './entities.ts'
import { all, and, by, compare, fields, is, not, or, path, refused, type World, within } from './world.ts'

export function readTests(world: World): void {
  const filled = async () => {
    const tenant = world.fresh()
    await tenant.data.insert(values, [
      { label: 'a', whole: 1, flag: true, price: '1.50', data: { name: 'first', list: [1, 2], deep: { n: 7 } } },
      { label: 'b', whole: 2, flag: false, price: '2.50', data: { name: 'second', list: [3] }, tags: ['x', 'y'] },
      { label: 'c', whole: 3, price: '10', data: ['bare'], tags: ['z'] },
      { label: 'B%_', price: '0', day: '2024-02-29' },
    ])
    return tenant
  }

  test('every operator compares as PostgreSQL does', async () => {
    const tenant = await filled()
    const labels = async (where: Parameters<typeof not>[0]) =>
      (await tenant.read(values, { select: fields('label'), where, order: [by('label')] })).map(row => row.label)
    assert.deepEqual(await labels(compare('label', 'eq', 'a')), ['a'])
    assert.deepEqual(await labels(compare('label', 'neq', 'a')), ['B%_', 'b', 'c'])
    assert.deepEqual(await labels(compare('whole', 'gt', '1')), ['b', 'c'])
    assert.deepEqual(await labels(compare('whole', 'gte', '2')), ['b', 'c'])
    assert.deepEqual(await labels(compare('price', 'lt', '2.50')), ['B%_', 'a'])
    assert.deepEqual(await labels(compare('price', 'lte', '2.5')), ['B%_', 'a', 'b'])
    assert.deepEqual(await labels(compare('label', 'like', 'B%')), ['B%_'])
    assert.deepEqual(await labels(compare('label', 'like', 'B\\%\\_')), ['B%_'])
    assert.deepEqual(await labels(compare('label', 'ilike', 'b%')), ['B%_', 'b'])
    assert.deepEqual(await labels(compare('label', 'match', '^[ab]$')), ['a', 'b'])
    assert.deepEqual(await labels(compare('label', 'imatch', '^B')), ['B%_', 'b'])
    assert.deepEqual(await labels(compare('whole', 'isdistinct', '1')), ['B%_', 'b', 'c'])
    assert.deepEqual(await labels(within('label', 'in', ['a', 'c', 'nobody', '",\\{}'])), ['a', 'c'])
    assert.deepEqual(await labels(within('label', 'in', [])), [])
    assert.deepEqual(await labels(within('label', 'like', ['a%', 'b%'], 'any')), ['a', 'b'])
    assert.deepEqual(await labels(within('whole', 'gt', ['1', '2'], 'all')), ['c'])
    assert.deepEqual(await labels(is('whole', 'null')), ['B%_'])
    assert.deepEqual(await labels(is('whole', 'not_null')), ['a', 'b', 'c'])
    assert.deepEqual(await labels(is('flag', 'true')), ['a'])
    assert.deepEqual(await labels(is('flag', 'false')), ['b'])
    assert.deepEqual(await labels(is('flag', 'unknown')), ['B%_', 'c'])
    assert.deepEqual(await labels(is('flag', 'true', true)), ['B%_', 'b', 'c'])
    assert.deepEqual(await labels(compare('day', 'eq', '2024-02-29')), ['B%_'])
    assert.deepEqual(await labels(compare('kind', 'eq', 'plain')), ['B%_', 'a', 'b', 'c'])
    assert.deepEqual(await labels(compare('tags', 'eq', '{"x","y"}')), ['b'])
  })

  test('and, or and not nest, and the empty ones are true and false', async () => {
    const tenant = await filled()
    const count = async (where: Parameters<typeof not>[0]) => (await tenant.read(values, { where })).length
    assert.equal(await count(and(compare('whole', 'gt', '1'), compare('whole', 'lt', '3'))), 1)
    assert.equal(await count(or(compare('whole', 'eq', '1'), compare('whole', 'eq', '3'))), 2)
    assert.equal(await count(not(or(compare('label', 'eq', 'a'), compare('label', 'eq', 'b')))), 2)
    assert.equal(
      await count(or(and(compare('whole', 'eq', '1'), not(is('flag', 'null'))), compare('label', 'eq', 'c'))),
      2,
    )
    assert.equal(await count(compare('label', 'eq', 'a', true)), 3)
    assert.equal(await count(and()), 4)
    assert.equal(await count(or()), 0)
    assert.equal(await count(not(and())), 0)
  })

  test('rows come in the order asked for, with nulls where asked for', async () => {
    const tenant = await filled()
    const whole = async (...order: ReturnType<typeof by>[]) =>
      (await tenant.read(values, { select: fields('whole'), order })).map(row => row.whole)
    assert.deepEqual(await whole(by('whole')), [1, 2, 3, null])
    assert.deepEqual(await whole(by('whole', 'desc')), [null, 3, 2, 1])
    assert.deepEqual(await whole(by('whole', 'asc', 'first')), [null, 1, 2, 3])
    assert.deepEqual(await whole(by('whole', 'desc', 'last')), [3, 2, 1, null])
    assert.deepEqual(await whole(by('kind'), by('price', 'desc')), [3, 2, 1, null])
    const byJson = await tenant.read(values, {
      select: fields('label'),
      where: is('flag', 'not_null'),
      order: [{ path: path('data', '->>name'), direction: 'desc' }],
    })
    assert.deepEqual(byJson, [{ label: 'b' }, { label: 'a' }])
  })

  test('limit and offset cut the answer and the count does not notice', async () => {
    const tenant = await filled()
    const entity = world.entity(values)
    const page = await tenant.run({
      kind: 'read',
      entity,
      select: fields('label'),
      order: [by('label')],
      limit: 2,
      offset: 1,
      count: 'exact',
    })
    assert.deepEqual(page, { body: '[{"label":"a"}, \n {"label":"b"}]', rows: 2, total: 4 })
    const none = await tenant.run({ kind: 'read', entity, select: [all], limit: 0, count: 'exact' })
    assert.deepEqual(none, { body: '[]', rows: 0, total: 4 })
    const beyond = await tenant.run({ kind: 'read', entity, select: [all], offset: 100 })
    assert.deepEqual(beyond, { body: '[]', rows: 0, total: null })
    const some = await tenant.run({ kind: 'read', entity, select: [], where: is('flag', 'not_null'), count: 'exact' })
    assert.equal(some.total, 2)
  })

  test('a single read answers an object and refuses none or several', async () => {
    const tenant = await filled()
    const entity = world.entity(values)
    const one = await tenant.run({
      kind: 'read',
      entity,
      select: fields('label'),
      where: compare('label', 'eq', 'a'),
      single: true,
    })
    assert.deepEqual(one, { body: '{"label":"a"}', rows: 1, total: null })
    for (const where of [compare('label', 'eq', 'nobody'), and()]) {
      await refused(tenant.run({ kind: 'read', entity, select: [all], where, single: true }), 'invalid', 'PGRST116')
    }
  })

  test('places inside JSON are selected, filtered and named after their last key', async () => {
    const tenant = await filled()
    const rows = await tenant.read(values, {
      select: [
        { kind: 'field', path: path('data', '->>name') },
        { kind: 'field', path: path('data', '->list', 0), alias: 'head' },
        { kind: 'field', path: path('data', '->deep', '->n') },
      ],
      where: compare(path('data', '->>name'), 'neq', 'second'),
    })
    assert.deepEqual(rows, [{ name: 'first', head: 1, n: 7 }])
    const deep = await tenant.read(values, {
      select: fields('label'),
      where: compare(path('data', '->deep', '->n'), 'eq', '7'),
    })
    assert.deepEqual(deep, [{ label: 'a' }])
    const hostile = path('data', `->>'; drop table "values"; --`)
    assert.deepEqual(await tenant.read(values, { where: compare(hostile, 'eq', 'x') }), [])
  })

  test('casts change the type of a value in the answer, and only to types of the list', async () => {
    const tenant = await filled()
    const cast = (field: string, type: string) =>
      tenant.read(values, {
        select: [{ kind: 'field', path: { field }, cast: type, alias: 'v' }],
        where: compare('label', 'eq', 'a'),
      })
    assert.deepEqual(await cast('whole', 'text'), [{ v: '1' }])
    assert.deepEqual(await cast('price', 'int'), [{ v: 2 }])
    assert.deepEqual(await cast('flag', 'int4'), [{ v: 1 }])
    await refused(cast('whole', 'regclass'), 'invalid', '42704')
    await refused(cast('whole', 'text; drop table x'), 'invalid', '42704')
    await refused(cast('label', 'int'), 'invalid', '22P02')
    await refused(cast('flag', 'date'), 'invalid', '42846')
  })

  test('an operator that does not fit the type of its field is the caller’s mistake', async () => {
    const tenant = await filled()
    await refused(tenant.read(values, { where: compare('whole', 'like', '1%') }), 'invalid', '42883')
    await refused(tenant.read(values, { where: is('label', 'true') }), 'invalid', '42804')
    await refused(tenant.read(values, { where: compare('label', 'match', '(') }), 'invalid', '2201B')
    await refused(tenant.read(values, { where: compare('whole', 'eq', 'one') }), 'invalid', '22P02')
    await refused(tenant.read(values, { where: compare('label', 'eq', 'nul\0') }), 'invalid')
  })

  test('what is no JSON is looked into as the JSON that it is shown as', async () => {
    const tenant = await filled()
    assert.deepEqual(await tenant.read(values, { where: compare(path('label', '->>a'), 'eq', '1') }), [])
  })

  test('unknown names are refused wherever they stand', async () => {
    const tenant = world.fresh()
    await refused(tenant.read(values, { select: fields('nothing') }), 'invalid', '42703')
    await refused(tenant.read(values, { where: compare('nothing', 'eq', '1') }), 'invalid', '42703')
    await refused(tenant.read(values, { order: [by('nothing')] }), 'invalid', '42703')
    for (const name of ['tenant_id', 'ctid', 'xmin', 'tableoid', 'values', '*', '', 'constructor', '__proto__']) {
      await refused(tenant.read(values, { select: fields(name) }), 'invalid', '42703')
      await refused(tenant.read(values, { where: compare(name, 'eq', '1') }), 'invalid', '42703')
      await refused(tenant.read(values, { order: [by(name)] }), 'invalid', '42703')
    }
  })

  test('any text can be a name in the answer', async () => {
    const tenant = world.fresh()
    await tenant.data.insert(values, { label: 'a' })
    for (const alias of ['größe 1.a-b$', 'a"b', "';--", '\\', '\n\u2028', '', '__proto__', 'x'.repeat(100)]) {
      const rows = await tenant.read(values, { select: [{ kind: 'field', path: { field: 'label' }, alias }] })
      assert.deepEqual(
        rows.map(row => Object.entries(row)),
        [[[alias, 'a']]],
      )
    }
  })
}
