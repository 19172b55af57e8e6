import assert from 'node:assert/strict'
import { test } from 'node:test'
import { makers, papers, parts, rates, things, units, values } from './entities.ts'
import { all, by, compare, embed, fields, refused, type World } from './world.ts'

export function writeTests(world: World): void {
  test('a row is inserted, found, listed, counted, changed and removed', async () => {
    const { data } = world.fresh()
    const thing = await data.insert(things, { title: 'lamp', rank: 1 })
    assert.match(thing.id, /^[0-9a-f]{8}-[0-9a-f]{4}-7/)
    assert.equal(thing.created_at, thing.updated_at)
    assert.deepEqual(await data.find(things, thing.id), thing)
    assert.deepEqual(await data.list(things, { where: { title: 'lamp' } }), [thing])
    assert.equal(await data.count(things, { where: { rank: { gte: 1 } } }), 1)
    const changed = await data.update(things, thing.id, { title: 'torch' })
    assert.equal(changed.title, 'torch')
    assert.equal(changed.created_at, thing.created_at)
    assert.ok(changed.updated_at > thing.updated_at)
    await data.purge(things, thing.id)
    assert.equal(await data.find(things, thing.id), undefined)
    await refused(data.get(things, thing.id), 'not_found')
    await refused(data.update(things, thing.id, { title: 'x' }), 'not_found')
    await refused(data.purge(things, thing.id), 'not_found')
  })

  test('values of every type come back exactly as they were given', async () => {
    const { data } = world.fresh()
    const given = {
      label: `ünï"\\',{}\u2028 ’`,
      whole: -5,
      big: 9223372036854775807n,
      price: '-1234567890.99',
      flag: true,
      moment: '2024-02-29T23:59:59.123456+00:00',
      day: '0001-01-01',
      code: '0190a0a0-0000-7000-8000-000000000000',
      data: { a: [1, null, { 'b"': 'c' }], n: 0.5 },
      raw: Uint8Array.of(0, 1, 127, 128, 255),
      kind: 'fancy',
      tags: ['a,b', '"', '\\', '', 'NULL', '{}'],
      numbers: [1, -2],
    } as const
    const stored = await data.insert(values, given)
    const { id, created_at, updated_at, ...rest } = stored
    assert.deepEqual(rest, given)
    assert.deepEqual(await data.get(values, id), stored)
    for (const name of ['label', 'big', 'price', 'moment', 'code', 'raw', 'tags', 'numbers', 'data', 'day'] as const)
      assert.deepEqual(await data.list(values, { where: { [name]: given[name] } }), [stored], name)
  })

  test('what is left out gets its default, and null where it is optional', async () => {
    const { data } = world.fresh()
    const { id, created_at, updated_at, ...row } = await data.insert(values, {})
    assert.deepEqual(row, {
      label: null,
      whole: null,
      big: null,
      price: '0.00',
      flag: null,
      moment: null,
      day: null,
      code: null,
      data: null,
      raw: null,
      kind: 'plain',
      tags: [],
      numbers: null,
    })
  })

  test('JSON output is PostgreSQL’s own, exact output keeps every digit as text', async () => {
    const tenant = world.fresh()
    await tenant.data.insert(values, { big: 9007199254740993n, price: '1.10', raw: Uint8Array.of(222, 173) })
    const run = (output: 'json' | 'exact') =>
      tenant.run({ kind: 'read', entity: world.entity(values), select: fields('big', 'price', 'raw'), output })
    assert.equal((await run('json')).body, '[{"big":9007199254740993,"price":1.10,"raw":"\\\\xdead"}]')
    assert.equal((await run('exact')).body, '[{"big":"9007199254740993","price":"1.10","raw":"\\\\xdead"}]')
  })

  test('limits of fields are kept by the database', async () => {
    const { data } = world.fresh()
    const wrong = [
      { label: '' },
      { label: 'x'.repeat(21) },
      { whole: 1001 },
      { whole: -6 },
      { kind: 'odd' as 'plain' },
      { raw: new Uint8Array(9) },
      { tags: ['x'.repeat(11)] },
    ]
    for (const row of wrong) await refused(data.insert(values, row), 'invalid', '23514')
    await refused(data.insert(values, { price: '12345678901.00' }), 'invalid', '22003')
    await refused(data.insert(values, { big: 2n ** 63n }), 'invalid', '22003')
    await refused(data.insert(things, { title: null as unknown as string }), 'invalid', '23502')
    await data.insert(values, { label: '😀'.repeat(20), tags: [], numbers: [] })
    assert.equal(await data.count(values), 1)
  })

  test('a write returns what it is asked for, embeds included', async () => {
    const tenant = world.fresh()
    const maker = await tenant.data.insert(makers, { name: 'Forge' })
    const insert = await tenant.run({
      kind: 'insert',
      entity: world.entity(things),
      fields: ['title', 'maker_id'],
      rows: JSON.stringify([{ title: 'anvil', maker_id: maker.id }]),
      returning: [...fields('title'), embed('makers', { select: fields('name') })],
    })
    assert.deepEqual(insert, { body: '[{"title":"anvil","makers":{"name":"Forge"}}]', rows: 1, total: null })
    const update = await tenant.run({
      kind: 'update',
      entity: world.entity(things),
      fields: ['rank'],
      patch: '{"rank":2}',
      returning: fields('title', 'rank'),
      single: true,
    })
    assert.deepEqual(update, { body: '{"title":"anvil","rank":2}', rows: 1, total: null })
    const remove = await tenant.run({ kind: 'delete', entity: world.entity(things), returning: fields('rank') })
    assert.deepEqual(remove, { body: '[{"rank":2}]', rows: 1, total: null })
    const silent = await tenant.run({
      kind: 'insert',
      entity: world.entity(things),
      fields: ['title'],
      rows: '{"title":"one"}',
    })
    assert.deepEqual(silent, { body: '', rows: 1, total: null })
  })

  test('a single write that meets none or several rows changes nothing', async () => {
    const tenant = world.fresh()
    await tenant.data.insert(things, [{ title: 'a' }, { title: 'b' }])
    const entity = world.entity(things)
    const several = { kind: 'update', entity, fields: ['title'], patch: '{"title":"z"}', single: true } as const
    await refused(tenant.run({ ...several, returning: [all] }), 'invalid', 'PGRST116')
    await refused(tenant.run(several), 'invalid', 'PGRST116')
    await refused(tenant.run({ ...several, where: compare('title', 'eq', 'nobody') }), 'invalid', 'PGRST116')
    await refused(tenant.run({ kind: 'delete', entity, single: true }), 'invalid', 'PGRST116')
    assert.deepEqual(
      (await tenant.data.list(things, { order: { title: 'asc' } })).map(({ title }) => title),
      ['a', 'b'],
    )
  })

  test('10,000 rows are inserted by one call, or none of them', async () => {
    const { data } = world.fresh()
    const rows = Array.from({ length: 10_000 }, (_, rank) => ({ title: `thing ${rank}`, rank }))
    const stored = await data.insert(things, rows)
    assert.equal(stored.length, 10_000)
    assert.equal(stored[9_999]?.rank, 9_999)
    assert.equal(new Set(stored.map(({ id }) => id)).size, 10_000)
    await refused(data.insert(things, [...rows, { title: 'x'.repeat(101), rank: 1 }]), 'invalid', '23514')
    assert.equal(await data.count(things), 10_000)
  })

  test('rows that name different fields are inserted together, each with its own defaults', async () => {
    const { data } = world.fresh()
    await data.insert(values, [{ label: 'a' }, { kind: 'fancy' }, {}])
    assert.equal(await data.count(values, { where: { kind: 'plain' } }), 2)
    await refused(data.insert(values, [{ label: 'b' }, { whole: 5000 }]), 'invalid')
    assert.equal(await data.count(values), 3)
  })

  test('inserting nothing is no mistake', async () => {
    const tenant = world.fresh()
    assert.deepEqual(await tenant.data.insert(values, []), [])
    const entity = world.entity(values)
    const none = await tenant.run({ kind: 'insert', entity, fields: ['label'], rows: '[]', returning: [all] })
    assert.deepEqual(none, { body: '[]', rows: 0, total: null })
    const empty = await tenant.run({ kind: 'insert', entity, fields: [], rows: '[{},{}]', returning: fields('kind') })
    assert.equal(empty.rows, 2)
    const patch = await tenant.run({ kind: 'update', entity, fields: [], patch: '{}', returning: [all] })
    assert.deepEqual(patch, { body: '[]', rows: 0, total: null })
  })

  test('a payload cannot name the tenant nor change what the platform fills in', async () => {
    const tenant = world.fresh()
    const entity = world.entity(things)
    const insert = (field: string) =>
      tenant.run({ kind: 'insert', entity, fields: ['title', field], rows: '{"title":"x"}' })
    const update = (field: string) => tenant.run({ kind: 'update', entity, fields: [field], patch: '{}' })
    await refused(insert('tenant_id'), 'forbidden')
    await refused(update('tenant_id'), 'forbidden')
    for (const name of ['created_at', 'updated_at']) {
      assert.deepEqual(Object.keys((await refused(insert(name), 'invalid')).fields ?? {}), [name])
    }
    const { id, created_at } = await tenant.data.insert(things, { title: 'whole' })
    for (const name of ['id', 'created_at', 'updated_at'])
      assert.deepEqual(Object.keys((await refused(update(name), 'invalid')).fields ?? {}), [name])
    const patch = JSON.stringify({ id, created_at, title: 'sent back' })
    await tenant.run({ kind: 'update', entity, fields: ['id', 'created_at', 'title'], patch })
    assert.deepEqual(await tenant.data.get(things, id).then(row => [row.title, row.created_at]), [
      'sent back',
      created_at,
    ])
    await tenant.data.purge(things, id)
    await refused(insert('nothing'), 'invalid', 'PGRST204')
    // What the plan does not name is not written, whatever the text says.
    const rows = JSON.stringify({ title: 'mine', tenant_id: 'globex', created_at: '2000-01-01', id: null })
    await tenant.run({ kind: 'insert', entity, fields: ['title'], rows })
    assert.equal(await tenant.data.count(things), 1)
    assert.ok((await tenant.data.list(things))[0]?.created_at.startsWith('20'))
  })

  test('an upsert adds, merges or ignores by the key or by a unique set', async () => {
    const tenant = world.fresh()
    const { data } = tenant
    assert.equal((await data.upsert(units, { code: 'EUR', title: 'Euro' })).title, 'Euro')
    assert.equal((await data.upsert(units, { code: 'EUR', title: 'euro' })).title, 'euro')
    assert.equal(await data.count(units), 1)
    await data.upsert(papers, { slug: 'a', title: 'one' }, { on: ['slug'] })
    const merged = await data.upsert(papers, { slug: 'a', title: 'two' }, { on: ['slug'] })
    assert.deepEqual([merged.title, merged.revision], ['two', 2])
    const ignore = await tenant.run({
      kind: 'insert',
      entity: world.entity(units),
      fields: ['code', 'title'],
      rows: '[{"code":"EUR","title":"x"},{"code":"USD","title":"Dollar"}]',
      onConflict: { resolution: 'ignore' },
      returning: fields('code'),
    })
    assert.deepEqual(ignore, { body: '[{"code":"USD"}]', rows: 1, total: null })
    assert.equal((await data.get(units, 'EUR')).title, 'euro')
    const only = { kind: 'insert', entity: world.entity(units), fields: ['code'], rows: '{"code":"EUR"}' } as const
    assert.equal((await tenant.run({ ...only, onConflict: { resolution: 'merge' } })).rows, 1)
    const wrong = { fields: ['title'], resolution: 'merge' } as const
    await refused(tenant.run({ ...only, onConflict: wrong }), 'invalid', '42P10')
    const twice = { ...only, rows: '[{"code":"CHF"},{"code":"CHF"}]', onConflict: { resolution: 'merge' } } as const
    await refused(tenant.run(twice), 'invalid', '21000')
  })

  test('keys of one and of several fields name their rows', async () => {
    const { data } = world.fresh()
    await data.insert(units, { code: 'kg' })
    await refused(data.insert(units, { code: 'kg' }), 'conflict', '23505')
    const key = { unit: 'kg', day: '2026-01-01' }
    const rate = await data.insert(rates, { ...key, rate: '1.5' })
    assert.equal(rate.rate, '1.5000')
    assert.deepEqual(await data.get(rates, key), rate)
    assert.equal((await data.update(rates, key, { rate: '2' })).rate, '2.0000')
    assert.equal((await data.upsert(rates, { ...key, rate: '3' })).rate, '3.0000')
    await refused(data.find(rates, { unit: 'kg' } as typeof key), 'invalid')
    await refused(data.update(rates, key, { unit: 'g' } as object), 'invalid')
    await data.purge(rates, key)
    assert.equal(await data.count(rates), 0)
  })

  test('references hold: restrict, cascade and setNull do what they say', async () => {
    const { data } = world.fresh()
    const maker = await data.insert(makers, { name: 'Forge' })
    const parent = await data.insert(things, { title: 'parent', maker_id: maker.id })
    const child = await data.insert(things, { title: 'child', parent_id: parent.id })
    const part = await data.insert(parts, { thing_id: child.id, label: 'part' })
    const twin = await data.insert(parts, { thing_id: parent.id, label: 'twin', twin_id: part.id })
    await refused(data.purge(things, parent.id), 'conflict', '23503')
    await data.purge(makers, maker.id)
    assert.equal((await data.get(things, parent.id)).maker_id, null)
    await data.purge(things, child.id)
    assert.equal(await data.find(parts, part.id), undefined)
    assert.deepEqual((await data.get(parts, twin.id)).twin_id, null)
    const nowhere = '00000000-0000-7000-8000-000000000000'
    await refused(data.insert(parts, { thing_id: nowhere, label: 'x' }), 'conflict', '23503')
    await refused(data.update(things, parent.id, { parent_id: nowhere }), 'conflict', '23503')
    await data.update(things, parent.id, { parent_id: parent.id })
  })

  test('unique sets hold inside a tenant and mean nothing between tenants', async () => {
    const one = world.fresh()
    const other = world.fresh()
    const paper = await one.data.insert(papers, { slug: 'same' })
    await refused(one.data.insert(papers, { slug: 'same' }), 'conflict', '23505')
    await other.data.insert(papers, { id: paper.id, slug: 'same' })
    const second = await one.data.insert(papers, { slug: 'second' })
    await refused(one.data.update(papers, second.id, { slug: 'same' }), 'conflict', '23505')
    const { message } = await refused(one.data.insert(papers, { slug: 'same' }), 'conflict', '23505')
    assert.match(message, /papers_slug_key/)
  })

  test('an update or delete without a condition means every row of the tenant and no other', async () => {
    const one = world.fresh()
    const other = world.fresh()
    for (const { data } of [one, other]) await data.insert(things, [{ title: 'a' }, { title: 'b' }])
    const entity = world.entity(things)
    const update = await one.run({ kind: 'update', entity, fields: ['title'], patch: '{"title":"z"}' })
    assert.equal(update.rows, 2)
    assert.equal((await one.run({ kind: 'delete', entity })).rows, 2)
    const left = await other.read(things, { select: fields('title'), order: [by('title')] })
    assert.deepEqual(left, [{ title: 'a' }, { title: 'b' }])
  })
}
