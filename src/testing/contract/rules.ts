import assert from 'node:assert/strict'
import { test } from 'node:test'
import { makers, papers, rooms, things, values } from './entities.ts'
import { compare, fields, is, refused, shownText, type World } from './world.ts'

export function ruleTests(world: World): void {
  test('a revision starts at 1 and grows by one with every change', async () => {
    const { data } = world.fresh()
    const paper = await data.insert(papers, { slug: 'a' })
    assert.equal(paper.revision, 1)
    assert.equal((await data.update(papers, paper.id, { title: 'b' })).revision, 2)
    assert.equal((await data.update(papers, paper.id, { title: 'c', revision: 2 })).revision, 3)
    await data.softDelete(papers, paper.id)
    assert.equal((await data.restore(papers, paper.id)).revision, 5)
    const tenant = world.fresh()
    const insert = (revision: number) =>
      tenant.run({
        kind: 'insert',
        entity: world.entity(papers),
        fields: ['slug', 'revision'],
        rows: JSON.stringify({ slug: 'x', revision }),
      })
    await refused(insert(2), 'invalid')
    assert.equal((await insert(1)).rows, 1)
  })

  test('a stale revision changes nothing and is a conflict, in a patch or in a condition', async () => {
    const tenant = world.fresh()
    const { data } = tenant
    const { id } = await data.insert(papers, { slug: 'a' })
    await data.update(papers, id, { title: 'b' })
    await refused(data.update(papers, id, { title: 'stale', revision: 1 }), 'conflict', 'stale_revision')
    await refused(data.update(papers, id, { title: 'future', revision: 3 }), 'conflict', 'stale_revision')
    const entity = world.entity(papers)
    const at = (revision: string) => ({
      where: {
        kind: 'and' as const,
        not: false,
        conditions: [compare('id', 'eq', id), compare('revision', 'eq', revision)],
      },
    })
    const patch = { kind: 'update', entity, fields: ['title'], patch: '{"title":"x"}' } as const
    await refused(tenant.run({ ...patch, ...at('1') }), 'conflict', 'stale_revision')
    await refused(tenant.run({ kind: 'delete', entity, ...at('1') }), 'conflict', 'stale_revision')
    await refused(tenant.run({ kind: 'delete', entity, mode: 'purge', ...at('1') }), 'conflict', 'stale_revision')
    assert.equal((await data.get(papers, id)).title, 'b')
    assert.equal((await tenant.run({ ...patch, ...at('2') })).rows, 1)
    const missing = {
      ...patch,
      where: {
        kind: 'and' as const,
        not: false,
        conditions: [compare('slug', 'eq', 'no'), compare('revision', 'eq', '1')],
      },
    }
    assert.equal((await tenant.run(missing)).rows, 0)
  })

  test('of many concurrent writers with the same revision exactly one wins', async () => {
    const { data } = world.fresh()
    const { id } = await data.insert(papers, { slug: 'a', words: 0 })
    const writers = Array.from({ length: 20 }, (_, words) => data.update(papers, id, { words, revision: 1 }))
    const outcomes = await Promise.allSettled(writers)
    assert.equal(outcomes.filter(({ status }) => status === 'fulfilled').length, 1)
    for (const outcome of outcomes)
      if (outcome.status === 'rejected') assert.equal(outcome.reason.reason, 'stale_revision')
    assert.equal((await data.get(papers, id)).revision, 2)
  })

  test('concurrent writers that name no revision all win, one after the other', async () => {
    const { data } = world.fresh()
    const { id } = await data.insert(papers, { slug: 'a' })
    await Promise.all(Array.from({ length: 20 }, (_, words) => data.update(papers, id, { words })))
    assert.equal((await data.get(papers, id)).revision, 21)
  })

  test('softly deleted rows are hidden, can be asked for, restored and purged', async () => {
    const tenant = world.fresh()
    const { data } = tenant
    const { id } = await data.insert(makers, { name: 'Forge' })
    await data.softDelete(makers, id)
    assert.equal(await data.find(makers, id), undefined)
    assert.equal(await data.count(makers), 0)
    assert.equal((await data.list(makers, { includeDeleted: true })).length, 1)
    assert.equal((await tenant.read(makers, { deleted: 'only' })).length, 1)
    await refused(data.softDelete(makers, id), 'not_found')
    await refused(data.update(makers, id, { name: 'x' }), 'not_found')
    const restored = await data.restore(makers, id)
    assert.equal(restored.deleted_at, null)
    await refused(data.restore(makers, id), 'not_found')
    await data.softDelete(makers, id)
    await data.purge(makers, id)
    assert.equal((await data.list(makers, { includeDeleted: true })).length, 0)
    await refused(data.softDelete(things, id), 'invalid')
    const moved = {
      kind: 'update',
      entity: world.entity(makers),
      fields: ['deleted_at'],
      patch: '{"deleted_at":"2020-01-01"}',
    } as const
    await data.insert(makers, { name: 'Other' })
    await refused(tenant.run(moved), 'invalid')
    assert.equal((await tenant.read(makers, { where: is('deleted_at', 'null') })).length, 1)
  })

  test('a unique value can be used again after a soft delete, and on_conflict means the live row', async () => {
    const { data } = world.fresh()
    const first = await data.insert(papers, { slug: 'a' })
    await data.softDelete(papers, first.id)
    const second = await data.insert(papers, { slug: 'a' })
    const merged = await data.upsert(papers, { slug: 'a', title: 'new' }, { on: ['slug'] })
    assert.equal(merged.id, second.id)
    await refused(data.restore(papers, first.id), 'conflict', '23505')
    await data.softDelete(papers, second.id)
    assert.equal((await data.restore(papers, first.id)).id, first.id)
  })

  test('times and authors are the platform’s to say', async () => {
    const one = world.fresh({ subject: 'ada' })
    const paper = await one.data.insert(papers, { slug: 'a' })
    assert.deepEqual([paper.created_by, paper.updated_by], ['ada', 'ada'])
    const other = world.at(one.context.tenant, { subject: `bob'; "drop` })
    const changed = await other.data.update(papers, paper.id, { words: 1 })
    assert.deepEqual([changed.created_by, changed.updated_by], ['ada', `bob'; "drop`])
    assert.equal(changed.created_at, paper.created_at)
    for (const name of ['created_by', 'updated_by', 'created_at'])
      await refused(one.data.update(papers, paper.id, { [name]: 'x' }), 'invalid')
  })

  test('instances of a tenant do not see each other, and a missing one is refused', async () => {
    const { context } = world.fresh()
    const at = (instance: string) => world.at(context.tenant, { instance })
    const room = await at('eu').data.insert(rooms, { name: 'hall' })
    assert.equal(room.instance_id, 'eu')
    await at('us').data.insert(rooms, { id: room.id, name: 'hall' })
    assert.equal((await at('eu').data.list(rooms)).length, 1)
    assert.equal(await at('asia').data.find(rooms, room.id), undefined)
    await refused(at('asia').data.update(rooms, room.id, { name: 'x' }), 'not_found')
    const whole = world.at(context.tenant)
    assert.equal((await whole.data.list(rooms)).length, 2)
    await refused(whole.data.insert(rooms, { name: 'lobby' }), 'invalid')
  })

  test('who has no role for what a plan does is refused', async () => {
    const admin = world.fresh()
    await admin.data.insert(things, { title: 'a' })
    const auditor = world.at(admin.context.tenant, { roles: ['auditor'] })
    assert.equal(await auditor.data.count(things), 1)
    await refused(auditor.data.insert(things, { title: 'b' }), 'forbidden', '42501')
    await refused(auditor.run({ kind: 'delete', entity: world.entity(things) }), 'forbidden')
    const nobody = world.at(admin.context.tenant, { roles: ['stranger'] })
    await refused(nobody.data.count(things), 'forbidden')
    const anonymous = world.at(admin.context.tenant, { roles: ['anonymous'], anonymous: true })
    await refused(anonymous.data.count(things), 'unauthenticated')
    await refused(world.at('').data.count(things), 'internal')
  })

  test('errors tell codes and names of fields, never values, SQL or the tenant', async () => {
    const tenant = world.at('tenant-with-a-name')
    const { data } = tenant
    const secret = 'S3CRET-value'
    await data.insert(papers, { slug: secret })
    await data.insert(makers, { name: secret })
    const attempts: [attempt: () => Promise<unknown>, code: string, reason: string][] = [
      [() => data.insert(papers, { slug: secret }), 'conflict', '23505'],
      [
        () => data.insert(things, { title: secret, parent_id: '00000000-0000-7000-8000-000000000000' }),
        'conflict',
        '23503',
      ],
      [() => data.insert(values, { label: `${secret}${secret}` }), 'invalid', '23514'],
      [() => data.insert(things, { title: null as unknown as string, rank: 1 }), 'invalid', '23502'],
      [() => tenant.read(things, { where: compare('rank', 'eq', secret) }), 'invalid', '22P02'],
      [() => tenant.read(values, { where: compare('moment', 'eq', `2020-99-99`) }), 'invalid', '22008'],
      [() => tenant.read(values, { where: compare('day', 'eq', secret) }), 'invalid', '22007'],
      [() => tenant.read(values, { where: compare('whole', 'eq', '99999999999999') }), 'invalid', '22003'],
      [() => tenant.read(values, { where: compare('numbers', 'eq', `{${secret}`) }), 'invalid', '22P02'],
      [() => tenant.read(makers, { where: compare('name', 'match', `(${secret}`) }), 'invalid', '2201B'],
      [
        () => tenant.read(makers, { select: [{ kind: 'field', path: { field: 'name' }, cast: 'int' }] }),
        'invalid',
        '22P02',
      ],
      [
        () => tenant.read(makers, { select: [{ kind: 'field', path: { field: 'name' }, cast: 'timestamptz' }] }),
        'invalid',
        '22007',
      ],
      [
        () => tenant.read(makers, { select: [{ kind: 'field', path: { field: 'name' }, cast: 'jsonb' }] }),
        'invalid',
        '22P02',
      ],
      [
        () =>
          tenant.run({ kind: 'insert', entity: world.entity(things), fields: ['title'], rows: `{"title":"${secret}` }),
        'invalid',
        '22P02',
      ],
      [
        () => tenant.run({ kind: 'insert', entity: world.entity(things), fields: ['title'], rows: `"${secret}"` }),
        'invalid',
        '22023',
      ],
      [
        () =>
          tenant.run({
            kind: 'insert',
            entity: world.entity(values),
            fields: ['raw'],
            rows: `{"raw":"\\\\x${secret}"}`,
          }),
        'invalid',
        '22023',
      ],
      [
        () => tenant.run({ kind: 'update', entity: world.entity(makers), fields: ['name'], patch: `["${secret}"]` }),
        'invalid',
        '22023',
      ],
    ]
    for (const [attempt, code, reason] of attempts) {
      const error = await refused(attempt(), code, reason)
      assert.doesNotMatch(shownText(error), /S3CRET|tenant-with-a-name|tenant_id|99-99|9999|select|insert into|\$1/i)
      assert.notEqual(error.message, '')
    }
    assert.deepEqual(await tenant.read(makers, { select: fields('name') }), [{ name: secret }])
  })
}
