import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { entity } from '../../src/core/entity.ts'
import {
  array,
  bigint,
  boolean,
  bytes,
  date,
  decimal,
  integer,
  json,
  oneOf,
  reference,
  text,
  timestamp,
  uuid,
} from '../../src/core/field.ts'
import type { Entity } from '../../src/core/module-set.ts'
import { openPostgres } from '../../src/data/postgres/postgres.ts'
import { openTwoTenants, type TwoTenants } from '../../src/testing/two-tenants.ts'

const odd = `it's "odd" \\ $1 {} ; -- \n😀`
const sizes = entity('sizes', { size: integer(), title: text().default(odd) }, { key: ['size'] })
/** Stands before what it names, and goes with it. */
const labels = entity('labels', {
  size: reference(() => sizes, { onDelete: 'cascade' }),
  parent_id: reference('labels', { onDelete: 'cascade' }).optional(),
})
const everything = entity('everything', {
  text: text({ min: 1, max: 100, collation: 'C' }).default(odd),
  integer: integer({ min: -3, max: 3 }).default(-3),
  bigint: bigint().default('-9223372036854775808'),
  decimal: decimal(30, 10).default('-0.0000000001'),
  boolean: boolean().default(false),
  timestamp: timestamp().default('2024-02-29T12:00:00.5Z'),
  date: date().default('2024-02-29'),
  uuid: uuid().default('0190a0a0-0000-7000-8000-000000000001'),
  json: json().default({ [odd]: [1, null, { deep: odd }] }),
  bytes: bytes({ max: 4 }).default('\\xdeadbeef'),
  kind: oneOf(odd, 'plain').default(odd),
  texts: array(text({ max: 50 })).default([odd, '', 'NULL', '{a,b}']),
  integers: array(integer({ min: 0, max: 9 })).default([1, 2]),
  decimals: array(decimal(6, 2)).default(['1.50']),
  booleans: array(boolean()).default([true, false]),
  kinds: array(oneOf('a', 'b')).default(['a']),
  jsons: array(json()).default([{ a: [odd] }, 'text', 5]),
  dates: array(date()).default(['2024-02-29']),
  none: array(uuid()).default([]),
  size: reference(() => sizes).optional(),
  user: text().default('reserved by SQL'),
  table: integer().optional(),
})

let tenants: TwoTenants
before(async () => {
  tenants = await openTwoTenants({
    modules: [
      { name: 'kinds', version: '1.0.0', entities: [labels, sizes, everything], access: { admin: 'tenant_writer' } },
    ],
  })
})
after(() => tenants.close())

test('defaults of every type arrive in the row as they were defined', async () => {
  const { id, created_at, updated_at, ...row } = await tenants.acme.insert(everything, {})
  assert.deepEqual(row, {
    text: odd,
    integer: -3,
    bigint: -9223372036854775808n,
    decimal: '-0.0000000001',
    boolean: false,
    timestamp: '2024-02-29T12:00:00.5+00:00',
    date: '2024-02-29',
    uuid: '0190a0a0-0000-7000-8000-000000000001',
    json: { [odd]: [1, null, { deep: odd }] },
    bytes: Uint8Array.of(0xde, 0xad, 0xbe, 0xef),
    kind: odd,
    texts: [odd, '', 'NULL', '{a,b}'],
    integers: [1, 2],
    decimals: ['1.50'],
    booleans: [true, false],
    kinds: ['a'],
    jsons: [{ a: [odd] }, 'text', 5],
    dates: ['2024-02-29'],
    none: [],
    size: null,
    user: 'reserved by SQL',
    table: null,
  })
  assert.equal((await tenants.acme.insert(sizes, { size: 1 })).title, odd)
})

test('a reference has the type of the key it names, and names that SQL reserves are names', async () => {
  const row = await tenants.acme.insert(everything, { size: 1, table: 7, user: 'me' })
  assert.equal(row.size, 1)
  assert.deepEqual(await tenants.acme.list(everything, { where: { size: 1, table: { gte: 7 }, user: 'me' } }), [row])
  const [column] = await tenants.database.query<{ type: string }>(
    `select format_type(atttypid, atttypmod) as type from pg_attribute where attrelid = 'kinds_v1.everything'::regclass and attname = 'size'`,
  )
  assert.equal(column?.type, 'integer')
})

test('values in arrays keep the limits of their field', async () => {
  for (const wrong of [{ integers: [10] }, { integers: [-1] }, { kinds: ['c' as 'a'] }, { texts: ['x'.repeat(51)] }])
    await assert.rejects(tenants.acme.insert(everything, wrong), { reason: '23514' })
  await tenants.acme.insert(everything, { integers: [], kinds: [], texts: [] })
})

test('definitions with every type read back from the server as they were made', async () => {
  const { database, modules } = tenants
  const { target, prefix, secrets } = database
  await database.query(`update tenantry.installation set verified = null`)
  const again = await openPostgres({ target, modules: modules.modules, secrets, settings: { prefix, apply: 'never' } })
  assert.deepEqual(again.applied, [])
  await again.close()
})

test('rows of one tenant are read and removed as a whole, and no other’s', async () => {
  const { dataOf, postgres, modules } = tenants
  const [one, other] = [dataOf('initech'), dataOf('hooli')]
  for (const data of [one, other]) {
    await data.insert(sizes, { size: 3 })
    await data.insert(everything, [{ size: 3 }, { size: 3 }])
    const label = await data.insert(labels, { size: 3 })
    await data.update(labels, label.id, { parent_id: label.id })
  }
  const entities = [labels, sizes, everything].map(definition => modules.entityOf(definition))
  const seen: string[] = []
  await postgres.rows.snapshot('initech', entities, async ({ name }, row) => {
    assert.equal(row.includes('tenant_id'), false)
    seen.push(`${name} ${JSON.parse(row).size}`)
  })
  assert.deepEqual(seen, ['labels 3', 'sizes 3', 'everything 3', 'everything 3'])
  const numberOf = ({ name }: Entity) => seen.filter(line => line.startsWith(`${name} `)).length
  await one.insert(sizes, { size: 4 })
  await assert.rejects(postgres.rows.purge('initech', entities, numberOf), {
    code: 'conflict',
    message: /sizes has changed/,
  })
  assert.equal(await one.count(everything), 2)
  await one.purge(sizes, 4)
  const removed = await postgres.rows.purge('initech', entities, numberOf)
  assert.deepEqual(Object.fromEntries([...removed].map(([{ name }, count]) => [name, count])), {
    labels: 1,
    sizes: 1,
    everything: 2,
  })
  for (const definition of [labels, sizes, everything]) assert.equal(await one.count(definition), 0)
  for (const [definition, count] of [
    [labels, 1],
    [sizes, 1],
    [everything, 2],
  ] as const)
    assert.equal(await other.count(definition), count)
})

test('a snapshot rejects with what its reader throws', async () => {
  const thrown = new Error('the disk is full')
  const { postgres, modules } = tenants
  const reading = postgres.rows.snapshot('hooli', [modules.entityOf(sizes)], async () => {
    throw thrown
  })
  await assert.rejects(reading, error => error === thrown)
})
