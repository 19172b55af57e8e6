import assert from 'node:assert/strict'
import { test } from 'node:test'
import { papers, things } from './entities.ts'
import { fields, refused, type World } from './world.ts'

export function transactionTests(world: World): void {
  test('a transaction commits when its work returns, and others see nothing before', async () => {
    const { data } = world.fresh()
    const answer = await data.transaction(async inside => {
      await inside.insert(things, { title: 'a' })
      await inside.insert(things, { title: 'b' })
      assert.equal(await inside.count(things), 2)
      assert.equal(await data.count(things), 0)
      return 'done'
    })
    assert.equal(answer, 'done')
    assert.equal(await data.count(things), 2)
  })

  test('a transaction rolls back when its work throws, and rejects with what was thrown', async () => {
    const { data } = world.fresh()
    const thrown = new Error('changed my mind')
    const work = data.transaction(async inside => {
      await inside.insert(things, { title: 'a' })
      throw thrown
    })
    await assert.rejects(work, error => error === thrown)
    assert.equal(await data.count(things), 0)
  })

  test('a transaction inside a transaction joins it', async () => {
    const { data } = world.fresh()
    const work = data.transaction(async outer => {
      await outer.transaction(inner => inner.insert(things, { title: 'inner' }))
      assert.equal(await outer.count(things), 1)
      throw new Error('no')
    })
    await assert.rejects(work, /no/)
    assert.equal(await data.count(things), 0)
  })

  test('a statement that failed is never followed by a silent rollback', async () => {
    const { data } = world.fresh()
    await data.insert(papers, { slug: 'taken' })
    const work = data.transaction(async inside => {
      await inside.insert(things, { title: 'lost?' })
      await inside.insert(papers, { slug: 'taken' }).catch(() => 'never mind')
      return 'committed'
    })
    const outcome = await work.then(
      () => 'committed',
      () => 'refused',
    )
    assert.equal(await data.count(things), outcome === 'committed' ? 1 : 0)
  })

  test('a transaction that reads refuses to write', async () => {
    const { data } = world.fresh()
    await data.insert(things, { title: 'a' })
    const count = await data.transaction(inside => inside.count(things), { verb: 'read' })
    assert.equal(count, 1)
    await refused(
      data.transaction(inside => inside.insert(things, { title: 'b' }), { verb: 'read' }),
      'forbidden',
    )
    assert.equal(await data.count(things), 1)
  })

  test('a transaction cannot be used for another tenant nor after its end', async () => {
    const one = world.fresh()
    const other = world.fresh()
    const plan = { kind: 'read', entity: world.entity(things), select: fields('title') } as const
    let kept: { run(): Promise<unknown> } | undefined
    await world.datasource.transaction(one.context, async runner => {
      await refused(runner.run(other.context, plan), 'forbidden')
      await refused(runner.run({ ...one.context, tenant: other.context.tenant }, plan), 'forbidden')
      kept = { run: () => runner.run(one.context, plan) }
    })
    await refused(kept?.run() ?? Promise.resolve(), 'internal')
  })

  test('a transaction rolls back when its signal fires', async () => {
    const { data } = world.fresh()
    const stop = new AbortController()
    const work = data.transaction(
      async inside => {
        await inside.insert(things, { title: 'a' })
        stop.abort()
        await inside.insert(things, { title: 'b' })
      },
      { signal: stop.signal },
    )
    await refused(work, 'unavailable')
    assert.equal(await data.count(things), 0)
    const late = new AbortController()
    const forgetful = data.transaction(
      async inside => {
        await inside.insert(things, { title: 'a' })
        late.abort()
      },
      { signal: late.signal },
    )
    await refused(forgetful, 'unavailable')
    assert.equal(await data.count(things), 0)
  })

  test('a read whose signal has fired is not run', async () => {
    const { context } = world.fresh()
    const plan = { kind: 'read', entity: world.entity(things), select: fields('title') } as const
    await refused(world.datasource.run(context, plan, { signal: AbortSignal.abort() }), 'unavailable')
    const stop = new AbortController()
    const running = world.datasource.run(context, plan, { signal: stop.signal })
    stop.abort()
    await refused(running, 'unavailable')
    assert.equal((await world.datasource.run(context, plan)).rows, 0)
  })
}
