import assert from 'node:assert/strict'
import { test } from 'node:test'
import { makers, parts, rates, things, units } from './entities.ts'
import { by, compare, embed, fields, refused, type World } from './world.ts'

export function embedTests(world: World): void {
  const filled = async () => {
    const tenant = world.fresh()
    const { data } = tenant
    const maker = await data.insert(makers, { name: 'Forge' })
    const other = await data.insert(makers, { name: 'Idle' })
    const bench = await data.insert(things, { title: 'bench', rank: 1, maker_id: maker.id })
    const stool = await data.insert(things, { title: 'stool', rank: 2, maker_id: maker.id, parent_id: bench.id })
    await data.insert(things, { title: 'loner' })
    const leg = await data.insert(parts, { thing_id: bench.id, label: 'leg' })
    await data.insert(parts, { thing_id: bench.id, label: 'top', twin_id: leg.id })
    await data.insert(parts, { thing_id: stool.id, label: 'seat' })
    return { ...tenant, maker, other, bench, stool }
  }

  test('references are followed outwards to depth 3', async () => {
    const { read } = await filled()
    const rows = await read(parts, {
      select: [
        ...fields('label'),
        embed('things', { select: [...fields('title'), embed('makers', { select: fields('name') })] }),
      ],
      where: compare('label', 'eq', 'top'),
    })
    assert.deepEqual(rows, [{ label: 'top', things: { title: 'bench', makers: { name: 'Forge' } } }])
  })

  test('references are followed inwards to depth 3, filtered, ordered and cut at each level', async () => {
    const { read } = await filled()
    const select = [
      ...fields('name'),
      embed('things', {
        select: [
          ...fields('title'),
          embed('parts', { select: fields('label'), order: [by('label', 'desc')], limit: 1 }),
        ],
        where: compare('rank', 'lt', '3'),
        order: [by('rank', 'desc')],
      }),
    ]
    assert.deepEqual(await read(makers, { select, order: [by('name')] }), [
      {
        name: 'Forge',
        things: [
          { title: 'stool', parts: [{ label: 'seat' }] },
          { title: 'bench', parts: [{ label: 'top' }] },
        ],
      },
      { name: 'Idle', things: [] },
    ])
    const second = embed('things', { select: fields('title'), order: [by('rank')], offset: 1, limit: 1 })
    const [forge] = await read(makers, { select: [second], where: compare('name', 'eq', 'Forge') })
    assert.deepEqual(forge, { things: [{ title: 'stool' }] })
  })

  test('an entity that names itself is followed both ways by the names of its key', async () => {
    const { read } = await filled()
    const up = await read(things, {
      select: [...fields('title'), embed('parent_id', { select: fields('title') }, { alias: 'parent' })],
      where: compare('title', 'eq', 'stool'),
    })
    assert.deepEqual(up, [{ title: 'stool', parent: { title: 'bench' } }])
    const down = await read(things, {
      select: [...fields('title'), embed('things', { select: fields('title') })],
      where: compare('title', 'eq', 'bench'),
    })
    assert.deepEqual(down, [{ title: 'bench', things: [{ title: 'stool' }] }])
  })

  test('a reference that is unique embeds one row in both directions', async () => {
    const { read } = await filled()
    const rows = await read(parts, {
      select: [...fields('label'), embed('twin_id', { select: fields('label') }, { alias: 'twin' })],
      order: [by('label')],
    })
    assert.deepEqual(rows, [
      { label: 'leg', twin: null },
      { label: 'seat', twin: null },
      { label: 'top', twin: { label: 'leg' } },
    ])
  })

  test('inner leaves out rows without related ones, also where the embed has a condition or shows nothing', async () => {
    const { read } = await filled()
    const inner = { join: 'inner' } as const
    const titles = async (select: Parameters<typeof read>[1]['select']) =>
      (await read(things, { select: [...fields('title'), ...(select ?? [])], order: [by('title')] })).map(
        row => row.title,
      )
    assert.deepEqual(await titles([embed('makers', { select: fields('name') }, inner)]), ['bench', 'stool'])
    assert.deepEqual(await titles([embed('parts', { where: compare('label', 'eq', 'seat') }, inner)]), ['stool'])
    assert.deepEqual(await titles([embed('parts', { select: [], where: compare('label', 'eq', 'leg') }, inner)]), [
      'bench',
    ])
    const nested = embed(
      'things',
      { select: [embed('parts', { select: [], where: compare('label', 'eq', 'seat') }, inner)] },
      inner,
    )
    const makersOf = await read(makers, { select: [...fields('name'), nested] })
    assert.deepEqual(
      makersOf.map(row => row.name),
      ['Forge'],
    )
  })

  test('whether an embed has rows can be a condition', async () => {
    const { read } = await filled()
    const select = [...fields('title'), embed('makers', { select: [] })]
    const titles = async (not: boolean) =>
      (await read(things, { select, where: { kind: 'related', embed: 'makers', not }, order: [by('title')] })).map(
        row => row.title,
      )
    assert.deepEqual(await titles(false), ['bench', 'stool'])
    assert.deepEqual(await titles(true), ['loner'])
    await refused(read(things, { where: { kind: 'related', embed: 'makers', not: false } }), 'invalid', '42703')
  })

  test('a spread puts the fields of the one related row among the row’s own, and many are refused', async () => {
    const { read } = await filled()
    const rows = await read(parts, {
      select: [
        ...fields('label'),
        embed(
          'things',
          {
            select: [
              { kind: 'field', path: { field: 'title' }, alias: 'of' },
              embed('makers', { select: fields('name') }, { spread: true }),
            ],
          },
          { spread: true },
        ),
      ],
      order: [by('label')],
    })
    assert.deepEqual(rows, [
      { label: 'leg', of: 'bench', name: 'Forge' },
      { label: 'seat', of: 'stool', name: 'Forge' },
      { label: 'top', of: 'bench', name: 'Forge' },
    ])
    await refused(read(makers, { select: [embed('things', {}, { spread: true })] }), 'invalid', 'PGRST119')
  })

  test('rows can be ordered by a field of an embed of one row', async () => {
    const { read } = await filled()
    const order = [{ path: { field: 'title' }, embed: 'things', direction: 'desc' as const }, by('label')]
    const rows = await read(parts, { select: [...fields('label'), embed('things', { select: [] })], order })
    assert.deepEqual(rows, [{ label: 'seat' }, { label: 'leg' }, { label: 'top' }])
    await refused(read(makers, { select: [embed('things')], order }), 'invalid', 'PGRST118')
    await refused(read(parts, { order }), 'invalid', 'PGRST108')
  })

  test('keys of the author’s own are followed like the platform’s', async () => {
    const tenant = world.fresh()
    await tenant.data.insert(units, { code: 'EUR' })
    await tenant.data.insert(rates, { unit: 'EUR', day: '2026-01-01', rate: '1.1' })
    const rows = await tenant.read(units, {
      select: [...fields('code'), embed('rates', { select: fields('day', 'rate') })],
    })
    assert.deepEqual(rows, [{ code: 'EUR', rates: [{ day: '2026-01-01', rate: 1.1 }] }])
  })

  test('unknown relations are refused, and so is nesting without end', async () => {
    const { read } = world.fresh()
    await refused(read(things, { select: [embed('nothing')] }), 'invalid', 'PGRST200')
    await refused(read(things, { select: [embed('makers', {}, { hint: 'nothing' })] }), 'invalid', 'PGRST200')
    let deep = embed('parent_id')
    for (let level = 0; level < 20; level++) deep = embed('parent_id', { select: [deep] })
    await refused(read(things, { select: [deep] }), 'invalid')
  })

  test('softly deleted rows are left out of embeds', async () => {
    const { data, read, maker } = await filled()
    await data.softDelete(makers, maker.id)
    const rows = await read(things, {
      select: [...fields('title'), embed('makers', { select: fields('name') })],
      where: compare('title', 'eq', 'bench'),
    })
    assert.deepEqual(rows, [{ title: 'bench', makers: null }])
  })
}
