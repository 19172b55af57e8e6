import assert from 'node:assert/strict'
import { Socket } from 'node:net'
import { after, before, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { entity } from '../../src/core/entity.ts'
import { reference, text } from '../../src/core/field.ts'
import type { Embed } from '../../src/core/plan.ts'
import { kyselyIn } from '../../src/data/postgres/kysely.ts'
import { openTwoTenants, type TwoTenants } from '../../src/testing/two-tenants.ts'

const makers = entity('makers', { name: text().unique() }, { revision: true, softDelete: true })
const things = entity('things', { title: text({ max: 20 }), maker_id: reference(() => makers).optional() })
/** Some see rows of their own only, and other tenants' rows are seen too. */
const tips = entity(
  'tips',
  { text: text() },
  { authors: true, shareWith: true, own: { guest: 'created_by' }, access: { guest: 'tenant_writer' } },
)

let tenants: TwoTenants
const counted = { writes: 0, reads: 0 }
let counting = false

type Method = (this: Socket, ...given: unknown[]) => unknown

/** Counts what goes through the sockets of this process while `counting`, each call being one write or read of the system. */
function watchSockets(): () => void {
  const methods = Socket.prototype as unknown as Record<'_write' | '_writev' | 'push', Method>
  const { _write, _writev, push } = methods
  const count = (original: Method, what: 'writes' | 'reads') =>
    function (this: Socket, ...given: unknown[]) {
      if (counting && given[0] !== null) counted[what]++
      return original.apply(this, given)
    }
  methods._write = count(_write, 'writes')
  methods._writev = count(_writev, 'writes')
  methods.push = count(push, 'reads')
  return () => Object.assign(methods, { _write, _writev, push })
}

const unwatch = watchSockets()

before(async () => {
  tenants = await openTwoTenants({
    modules: [{ name: 'trip', version: '1.0.0', entities: [makers, things, tips], access: { admin: 'tenant_writer' } }],
    settings: { connections: 1 },
  })
  await sleep(50)
})
after(async () => {
  unwatch()
  await tenants.close()
})

/** How many writes and reads `work` took once its statement is prepared. */
async function trips(work: () => Promise<unknown>): Promise<{ writes: number; reads: number }> {
  await work().catch(() => {})
  await sleep(5)
  Object.assign(counted, { writes: 0, reads: 0 })
  counting = true
  await work().catch(() => {})
  await sleep(5)
  counting = false
  return { ...counted }
}

const one = { writes: 1, reads: 1 }

test('a read is one write and one read on the socket, embeds and counts included', async () => {
  const { acme, datasource, modules } = tenants
  const maker = await acme.insert(makers, { name: 'Forge' })
  await acme.insert(things, [{ title: 'a', maker_id: maker.id }, { title: 'b' }])
  assert.deepEqual(await trips(() => acme.find(makers, maker.id)), one)
  assert.deepEqual(
    await trips(() => acme.list(things, { where: { title: { like: '%a%' } }, order: { title: 'asc' }, limit: 5 })),
    one,
  )
  assert.deepEqual(await trips(() => acme.count(things)), one)
  const inner = (relation: string, ...select: Embed[]): Embed => ({
    kind: 'embed',
    relation,
    join: 'left',
    spread: false,
    query: { select: [{ kind: 'all' }, ...select] },
  })
  const nested = () =>
    datasource.run(acme.context, {
      kind: 'read',
      entity: modules.entityOf(makers),
      select: [{ kind: 'all' }, inner('things', inner('makers', inner('things')))],
      count: 'exact',
    })
  assert.match((await nested()).body, /"things":\[/)
  assert.deepEqual(await trips(nested), one)
})

test('a write is one write and one read on the socket, whatever it returns', async () => {
  const { acme } = tenants
  const maker = await acme.insert(makers, { name: 'Mill' })
  let number = 0
  assert.deepEqual(await trips(() => acme.insert(things, { title: `t${number++}`, maker_id: maker.id })), one)
  assert.deepEqual(await trips(() => acme.insert(things, [{ title: 'x' }, { title: 'y' }])), one)
  assert.deepEqual(await trips(() => acme.upsert(makers, { name: 'Mill' }, { on: ['name'] })), one)
  assert.deepEqual(await trips(() => acme.update(makers, maker.id, { name: `Mill ${number++}` })), one)
  const gone = await acme.insert(things, [{ title: 'g' }, { title: 'h' }])
  assert.deepEqual(await trips(() => acme.purge(things, (gone.pop() ?? assert.fail()).id)), one)
})

test('an error is one write too, and comes back at once', async () => {
  const { acme } = tenants
  await acme.insert(makers, { name: 'Twice' })
  // PostgreSQL sends an error as soon as it has one, and that it is ready in a write of its own.
  const failing = async (work: () => Promise<unknown>) => {
    const { writes, reads } = await trips(work)
    assert.ok(writes === 1 && reads <= 2, `${writes} writes, ${reads} reads`)
  }
  const { id } = await acme.insert(makers, { name: 'Once' })
  await failing(() => acme.insert(makers, { name: 'Twice' }))
  await failing(() => acme.insert(things, { title: 'x'.repeat(21) }))
  await failing(() => acme.update(makers, id, { revision: 7 }))
  await failing(() => acme.list(makers, { where: { id: 'no uuid' } }))
})

test('own rows and shared rows take no further round trip', async () => {
  const { acme, dataOf } = tenants
  const guest = dataOf('acme', { roles: ['guest'], subject: 'guest' })
  const tip = await guest.insert(tips, { text: 'a' })
  for (const data of [acme, guest]) {
    assert.deepEqual(await trips(() => data.list(tips, { order: { id: 'asc' }, limit: 5 })), one)
    assert.deepEqual(await trips(() => data.find(tips, tip.id)), one)
    assert.deepEqual(await trips(() => data.update(tips, tip.id, { text: 'b' })), one)
  }
})

test('a transaction takes a round trip for each statement and one for its end; one that says nothing takes none', async () => {
  const { acme, globex } = tenants
  for (const data of [acme, globex]) {
    const { id } = await data.insert(makers, { name: 'Forge of transactions' })
    const work = () =>
      data.transaction(async inside => {
        const { name } = await inside.get(makers, id)
        await inside.update(makers, id, { name })
        await inside.count(makers)
      })
    assert.deepEqual(await trips(work), { writes: 4, reads: 4 })
    assert.deepEqual(await trips(() => data.transaction(async () => {})), { writes: 0, reads: 0 })
    const inParts = () => data.transaction(inside => inside.transaction(part => part.count(makers)))
    assert.deepEqual(await trips(inParts), { writes: 5, reads: 5 })
  }
})

test('a connection whose transaction ran SQL of its own knows no prepared statement after it', async () => {
  const { acme } = tenants
  const count = () => acme.transaction(inside => inside.count(things), { verb: 'read' })
  const before = await count()
  for (let turn = 0; turn < 8; turn++) {
    await acme.transaction(async inside => {
      await inside.count(things)
      await kyselyIn(inside, { reads: { things } }, db => db.selectFrom('things').select('id').limit(1).execute())
    })
    assert.equal(await count(), before)
  }
})

test('a statement that is new to its connection is one write and one read as well', async () => {
  const { acme, datasource, modules } = tenants
  let number = 0
  const novel = () =>
    datasource.run(acme.context, {
      kind: 'read',
      entity: modules.entityOf(makers),
      select: [{ kind: 'field', path: { field: 'name' }, alias: `name${number++}` }],
      limit: 1,
    })
  assert.deepEqual(await trips(novel), one)
})

test('what the definitions already refuse does not reach the database', async () => {
  const { acme, globex, datasource, modules, contextOf } = tenants
  const none = { writes: 0, reads: 0 }
  const entity = modules.entityOf(makers)
  const payload = { kind: 'insert', entity, fields: ['tenant_id'], rows: '{}' } as const
  assert.deepEqual(await trips(() => datasource.run(acme.context, payload)), none)
  const unknown = { kind: 'read', entity, select: [{ kind: 'field', path: { field: 'nothing' } }] } as const
  assert.deepEqual(await trips(() => datasource.run(globex.context, unknown)), none)
  const stranger = contextOf('acme', { roles: ['stranger'] })
  assert.deepEqual(await trips(() => datasource.run(stranger, { kind: 'read', entity, select: [] })), none)
})
