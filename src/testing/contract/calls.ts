import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ActionDefinition } from '../../core/action-definition.ts'
import type { Call } from '../../core/plan.ts'
import { addTwice, bigSum, makers, rankUp, things, thingsFrom, values } from './entities.ts'
import { all, by, compare, embed, type Fresh, fields, refused, type World } from './world.ts'

export function callTests(world: World): void {
  const plan = (definition: ActionDefinition, input: object, more: Partial<Call> = {}): Call => ({
    kind: 'call',
    action: world.modules.actionOf(definition),
    input: JSON.stringify(input),
    given: Object.keys(input),
    select: [all],
    ...more,
  })
  const rowsOf = async ({ run }: Fresh, call: Call) => JSON.parse((await run(call)).body)

  test('rows of an action are those of the tenant, filtered, ordered and cut like rows of the entity', async () => {
    const [mine, other] = [world.fresh(), world.fresh()]
    for (const { data } of [mine, other])
      await data.insert(
        things,
        ['a', 'b', 'c', 'd'].map((title, rank) => ({ title, rank })),
      )
    const call = plan(thingsFrom, { least: 1 }, { select: fields('title'), order: [by('title', 'desc')] })
    assert.deepEqual(await rowsOf(mine, call), [{ title: 'd' }, { title: 'c' }, { title: 'b' }])
    assert.deepEqual(await rowsOf(mine, { ...call, limit: 1, offset: 1 }), [{ title: 'c' }])
    assert.deepEqual(await rowsOf(mine, { ...call, where: compare('rank', 'lt', '3') }), [
      { title: 'c' },
      { title: 'b' },
    ])
    const counted = await mine.run({ ...call, limit: 1, count: 'exact' })
    assert.deepEqual([counted.rows, counted.total], [1, 3])
    const [first] = await rowsOf(mine, plan(thingsFrom, { least: 3 }))
    assert.deepEqual(Object.keys(first).sort(), [...world.entity(things).fields.keys()].sort())
  })

  test('rows of an action have related rows', async () => {
    const { data, ...fresh } = world.fresh()
    const maker = await data.insert(makers, { name: 'Acme' })
    await data.insert(things, { title: 'anvil', rank: 1, maker_id: maker.id })
    const call = plan(
      thingsFrom,
      { least: 0 },
      {
        select: [...fields('title'), embed('makers', { select: fields('name') })],
      },
    )
    assert.deepEqual(await rowsOf({ data, ...fresh }, call), [{ title: 'anvil', makers: { name: 'Acme' } }])
  })

  test('a call that writes changes rows of its tenant only; one that has no row does nothing', async () => {
    const [mine, other] = [world.fresh(), world.fresh()]
    for (const { data } of [mine, other]) await data.insert(things, { title: 'a', rank: 1 })
    assert.equal((await mine.data.call(rankUp, { of_title: 'a' })).rank, 2)
    assert.equal((await mine.data.call(rankUp, { of_title: 'a', by: 10 })).rank, 12)
    assert.equal((await other.data.list(things))[0]?.rank, 1)
    await refused(other.data.call(rankUp, { of_title: 'b' }), 'invalid', 'PGRST116')
    await mine.data.insert(things, { title: 'a', rank: 1 })
    await refused(mine.data.call(rankUp, { of_title: 'a' }), 'invalid', 'PGRST116')
    assert.deepEqual(
      (await mine.data.list(things, { order: { rank: 'asc' } })).map(({ rank }) => rank),
      [1, 12],
    )
  })

  test('arguments keep their digits, have the limits of their fields and are never left out unseen', async () => {
    const { data, run } = world.fresh()
    await data.insert(values, { big: 9_007_199_254_740_993n })
    assert.equal(await data.call(bigSum, { big: 2n }), 9_007_199_254_740_995n)
    await refused(data.call(thingsFrom, { least: -1 }), 'invalid')
    await refused(run(plan(thingsFrom, {})), 'not_found', 'PGRST202')
    await refused(run(plan(thingsFrom, { least: 1, nothing: 2 })), 'not_found', 'PGRST202')
    await refused(run(plan(thingsFrom, { least: null })), 'invalid')
    await refused(run(plan(thingsFrom, { least: 'x' })), 'invalid', '22P02')
    await refused(run(plan(thingsFrom, { least: 1 }, { select: fields('tenant_id') })), 'invalid', '42703')
  })

  test('a role for all that an action does is needed', async () => {
    const reader = world.fresh({ roles: ['auditor'] })
    assert.deepEqual(await reader.data.call(thingsFrom, { least: 0 }), [])
    await refused(reader.data.call(rankUp, { of_title: 'a' }), 'forbidden', '42501')
    await refused(reader.data.call(addTwice, { title: 'a' }), 'forbidden', '42501')
    await refused(world.fresh({ roles: [] }).data.call(thingsFrom, { least: 0 }), 'forbidden', '42501')
  })

  test('a body in TypeScript is a part of the transaction that calls it', async () => {
    const { data } = world.fresh()
    const added = await data.call(addTwice, { title: 'x' })
    assert.deepEqual(
      added.map(({ title, rank }) => [title, rank]),
      [
        ['x 1', 7],
        ['x 2', 7],
      ],
    )
    const work = data.transaction(async inside => {
      await inside.call(addTwice, { title: 'y' })
      await inside.call(rankUp, { of_title: 'y 1' })
      throw new Error('no')
    })
    await assert.rejects(work, /no/)
    assert.equal(await data.count(things), 2)
  })
}
