import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { TransactionRunner } from '../../src/core/datasource.ts'
import type { Call } from '../../src/core/plan.ts'
import { runCall } from '../../src/core/run-action.ts'
import { TenantData } from '../../src/core/tenant-data.ts'
import { openTwoTenants, type TwoTenants } from '../../src/testing/two-tenants.ts'
import {
  bills,
  billsTwice,
  books,
  close,
  echo,
  lines,
  nested,
  noBills,
  openBills,
  pay,
  places,
  settle,
  shared,
  sums,
  total,
  wrong,
} from './actions-world.ts'

/** The same in both tenants. */
const bill = '00000000-0000-7000-8000-000000000001'
const other = '00000000-0000-7000-8000-000000000002'

let world: TwoTenants

before(async () => {
  world = await openTwoTenants({ modules: [shared, books] })
})
after(() => world?.close())

async function fill() {
  for (const tenant of [world.acme, world.globex]) {
    for (const { id } of await tenant.list(bills)) await tenant.purge(bills, id)
    await tenant.insert(bills, [
      { id: bill, title: `first of ${tenant.key}`, total: '10.50' },
      { id: other, title: `second of ${tenant.key}`, total: '0.10' },
    ])
  }
}

const titles = (rows: readonly { readonly title: string }[]) => rows.map(({ title }) => title).sort()
const plan = (call: Partial<Call> & Pick<Call, 'action'>): Call => ({
  ...{ kind: 'call', input: '{}', given: [], select: [{ kind: 'all' }] },
  ...call,
})

describe('actions in SQL', () => {
  before(fill)

  test('rows are those of the caller, and a parameter left out has its default', async () => {
    for (const tenant of [world.acme, world.globex]) {
      assert.deepEqual(titles(await tenant.call(openBills, {})), [`first of ${tenant.key}`, `second of ${tenant.key}`])
      assert.deepEqual(titles(await tenant.call(openBills, { least: '5' })), [`first of ${tenant.key}`])
    }
  })

  test('one that writes changes nothing of another tenant, although the ids are the same', async () => {
    const settled = await world.acme.call(settle, { bill })
    assert.deepEqual([settled.title, settled.status, settled.revision], ['first of acme', 'paid', 2])
    assert.equal((await world.globex.get(bills, bill)).status, 'open')
  })

  test('one row that is none undoes the call', async () => {
    const missing = '00000000-0000-7000-8000-0000000000ff'
    await assert.rejects(world.acme.call(settle, { bill: missing }), { reason: 'PGRST116' })
  })

  test('several statements are done together, and the hidden tenant is never shown', async () => {
    await world.acme.call(close, { title: 'the end' })
    assert.deepEqual(titles(await world.acme.list(bills)), ['first of acme', 'second of acme', 'the end'])
    assert.equal((await world.globex.list(bills)).length, 2)
    const action = world.modules.actionOf(openBills)
    const answer = await world.datasource.run(world.contextOf('globex'), plan({ action }))
    assert.doesNotMatch(answer.body, /tenant_id/)
  })

  test('values keep all their digits on both ways', async () => {
    const given = { big: 9_000_000_000_000_000n, exact: '12345678901234567890.0123456789', tags: ['a', 'b"c'] }
    const found = await world.acme.call(echo, { ...given, raw: Uint8Array.of(1, 255) })
    const expected = { big2: given.big, exact2: given.exact, tags2: given.tags }
    assert.deepEqual(found, { ...expected, raw2: Uint8Array.of(1, 255), data2: { fresh: true } })
    assert.equal(await world.globex.call(total, {}), '10.60')
  })

  test('what a field promises holds for a parameter too', async () => {
    const fits = { big: 1n, exact: '1' }
    await assert.rejects(world.acme.call(echo, { ...fits, big: 9_000_000_000_000_001n }), /"big" must be at most/)
    await assert.rejects(world.acme.call(echo, { ...fits, raw: new Uint8Array(5) }), /"raw" must be at most 4 bytes/)
    await assert.rejects(
      world.acme.call(echo, { ...fits, tags: ['long'] }),
      /"tags" must hold values of at most 3 characters/,
    )
    await assert.rejects(world.acme.call(echo, { ...fits, kind: 'c' as 'a' }), /"kind" must be one of a, b/)
    await assert.rejects(world.acme.call(echo, { ...fits, big: null as never }), /"big" .*must not be null/)
    await assert.rejects(world.acme.call(close, { title: 'x' }), /"title" must be at least 3 characters/)
  })

  test('an argument that is wrong is refused although no row asks for it', async () => {
    const empty = world.dataOf('initech')
    await assert.rejects(empty.call(openBills, { least: null as never }), /"least" must not be null/)
    await assert.rejects(empty.call(noBills, { least: -1 }), /"least" must be at least 0/)
    assert.deepEqual(await empty.call(noBills, { least: 0 }), [])
    await assert.rejects(empty.call(settle, { bill: null as never }), /"bill" must not be null/)
  })

  test('an entity of a dependency is called by its schema', async () => {
    const found = await world.globex.call(sums, {})
    assert.deepEqual(found, [{ status: 'open', bills: 2n, total: '10.60' }])
  })
})

describe('actions in TypeScript', () => {
  before(fill)

  test('all of a body is done or nothing of it', async () => {
    const paid = await world.acme.call(pay, { bill, note: 'now' })
    assert.deepEqual([paid.title, paid.status], ['first of acme', 'paid'])
    assert.deepEqual(titles(await world.acme.list(bills)), ['copy now 1', 'first of acme', 'second of acme'])
    await assert.rejects(world.acme.call(pay, { bill }), { code: 'conflict', reason: 'already_paid' })
    await assert.rejects(
      world.acme.transaction(async tenant => {
        await tenant.call(pay, { bill: other })
        throw new Error('no')
      }),
      /^Error: no$/,
    )
    assert.equal((await world.acme.get(bills, other)).status, 'open')
    assert.equal((await world.globex.list(bills)).length, 2)
  })

  test('its arguments are checked before it runs', async () => {
    await assert.rejects(world.acme.call(pay, { bill: other, note: 'too long' }), /"note" must be at most 5 characters/)
    await assert.rejects(world.acme.call(pay, { bill: other, times: 0 }), /"times" must be at least 1/)
    await assert.rejects(world.acme.call(pay, { bill: 'no id' }), { code: 'invalid', reason: '22P02' })
    await assert.rejects(world.acme.call(pay, {} as never), { code: 'not_found', reason: 'PGRST202' })
    assert.equal((await world.acme.get(bills, other)).status, 'open')
  })

  test('its rows are filtered, ordered, cut, counted and embedded by the database', async () => {
    const place = await world.globex.insert(places, { title: 'Springfield' })
    await world.globex.update(bills, bill, { place_id: place.id })
    const { rpc } = calls('globex')
    const answer = await rpc({
      action: world.modules.actionOf(billsTwice),
      select: [
        { kind: 'field', path: { field: 'title' } },
        { kind: 'embed', relation: 'places', join: 'left', spread: false, query: { select: [{ kind: 'all' }] } },
      ],
      where: { kind: 'compare', path: { field: 'total' }, not: false, operator: 'gt', value: '1' },
      limit: 1,
      count: 'exact',
    })
    const [row] = JSON.parse(answer.body)
    assert.deepEqual([row.title, row.places.title, answer.rows, answer.total], ['first of globex', 'Springfield', 1, 2])
  })

  test('a wrong result is not sent, and its cause says what is wrong with it', async () => {
    for (const [how, cause] of [
      ['nothing', /no list/],
      ['object', /no list/],
      ['short', /"number" is missing/],
      ['long', /"tenant_id", which is no field/],
      ['number', /"number" is no bigint/],
      ['null', /"title" is null/],
      ['undeclared', /writes books@1.bills, which its writes do not name/],
      ['read', /reads books@1.ledger, which its reads do not name/],
    ] as const) {
      const error = await world.acme.call(wrong, { how }).catch(error => error)
      assert.equal(error.code, 'internal', how)
      assert.match(error.cause.message, cause)
      assert.equal(error.message, 'Something went wrong on our side')
    }
  })

  test('one action calls another in the same transaction', async () => {
    assert.equal(await world.globex.call(nested, { bill: other }), '10.60')
    assert.equal((await world.globex.get(bills, other)).status, 'paid')
  })

  test('a call that is to be undone answers and changes nothing', async () => {
    for (const definition of [pay, settle]) {
      await fill()
      const { rpc } = calls('acme')
      const action = world.modules.actionOf(definition)
      const answer = await rpc({ action, input: `{"bill":"${bill}"}`, given: ['bill'], rollback: true })
      assert.equal(JSON.parse(answer.body).status, 'paid')
      assert.equal((await world.acme.get(bills, bill)).status, 'open')
      assert.equal((await world.acme.list(bills)).length, 2)
    }
  })
})

describe('who may call', () => {
  before(fill)

  test('a role for all that it reads and writes is needed', async () => {
    const auditor = world.dataOf('acme', { roles: ['auditor'] })
    assert.equal((await auditor.call(openBills, {})).length, 2)
    await assert.rejects(auditor.call(settle, { bill }), { code: 'forbidden', reason: '42501' })
    await assert.rejects(auditor.call(pay, { bill }), { code: 'forbidden', reason: '42501' })
    const nobody = world.dataOf('acme', { roles: ['guest'] })
    await assert.rejects(nobody.call(openBills, {}), { code: 'forbidden' })
    const anonymous = world.dataOf('acme', { roles: ['anonymous'], anonymous: true })
    await assert.rejects(anonymous.call(openBills, {}), { code: 'unauthenticated' })
    await assert.rejects(world.acme.call(lines, {}), { code: 'forbidden' })
    assert.deepEqual(await auditor.call(lines, {}), [])
  })

  test('an action may be for certain roles only', async () => {
    const auditor = world.dataOf('acme', { roles: ['auditor'] })
    await assert.rejects(auditor.call(echo, { big: 1n, exact: '1' }), { code: 'forbidden', reason: '42501' })
  })

  test('PostgreSQL itself lets readers call what reads and writers what writes', async () => {
    const may = async (role: string, name: string) => {
      const [found] = await world.database.query<{ may: boolean }>(
        `select has_function_privilege($1, (select oid from pg_proc where proname = $2 and pronamespace = 'books_v1'::regnamespace), 'execute') as may`,
        [`${world.database.prefix}_${role}`, name],
      )
      return found?.may
    }
    assert.deepEqual(
      await Promise.all([
        ...[may('tenant_reader', 'open_bills'), may('tenant_writer', 'open_bills')],
        ...[may('tenant_reader', 'settle'), may('tenant_writer', 'settle'), may('tenant_login', 'open_bills')],
      ]),
      [true, true, false, true, false],
    )
  })
})

/** Plans as they come from outside. */
function calls(tenant: string) {
  const context = world.contextOf(tenant)
  const { datasource, modules } = world
  const dataOf = (runner: TransactionRunner) => new TenantData(context, modules, datasource, runner)
  return { rpc: (call: Parameters<typeof plan>[0]) => runCall(plan(call), { context, datasource, dataOf }) }
}
