import assert from 'node:assert/strict'
import { test } from 'node:test'
import { action } from '../../src/core/action.ts'
import { row as oneRow, rows } from '../../src/core/action-definition.ts'
import { entity, type Insert, type KeyOf, type Patch, type Row } from '../../src/core/entity.ts'
import {
  array,
  bigint,
  boolean,
  bytes,
  decimal,
  integer,
  json,
  oneOf,
  reference,
  text,
  timestamp,
  uuid,
} from '../../src/core/field.ts'
import { seed } from '../../src/core/module.ts'
import type { TenantData } from '../../src/core/tenant-data.ts'

// Most of this file is checked by the compiler: what must not compile stands under @ts-expect-error.

const owners = entity('owners', { email: text({ max: 100 }), level: integer() }, { key: ['email'] })
const stays = entity('stays', { owner: reference(() => owners), night: text() }, { key: ['owner', 'night'] })
const pets = entity(
  'pets',
  {
    name: text(),
    kind: oneOf('cat', 'dog').default('cat'),
    weight: decimal(6, 3).optional(),
    chip: bigint(),
    photo: bytes().optional(),
    tags: array(text()).default([]),
    data: json<{ seen: boolean }>().optional(),
    alive: boolean().default(true),
    born: timestamp().optional(),
    owner_email: reference(() => owners).optional(),
    mother_id: reference('pets').optional(),
  },
  { revision: true, softDelete: true, instanced: true, authors: true },
)

const row: Row<typeof pets> = {
  id: 'x',
  name: 'Tom',
  kind: 'cat',
  weight: null,
  chip: 1n,
  photo: null,
  tags: ['a'],
  data: { seen: true },
  alive: true,
  born: null,
  owner_email: 'a@b',
  mother_id: null,
  instance_id: 'eu',
  created_at: 'now',
  updated_at: 'now',
  created_by: 'me',
  updated_by: 'me',
  deleted_at: null,
  revision: 1,
}

test('a row has every field, with null where it is optional, and what the platform adds', () => {
  row.kind satisfies 'cat' | 'dog'
  row.weight satisfies string | null
  row.chip satisfies bigint
  row.data?.seen satisfies boolean | undefined
  row.revision satisfies number
  row.deleted_at satisfies string | null
  // @ts-expect-error a row is not written to
  row.name = 'Jerry'
  // @ts-expect-error nobody sees the tenant
  assert.equal(row.tenant_id, undefined)
  const plain = entity('plain', { name: text() })
  // @ts-expect-error without `revision: true` there is none
  const none = (of: Row<typeof plain>) => of.revision
  assert.equal(typeof none, 'function')
  // @ts-expect-error an entity with a key of its own has no id
  const noId = (of: Row<typeof owners>) => of.id
  assert.equal(typeof noId, 'function')
})

test('a new row may leave out what is optional or has a default, and nothing else', () => {
  const least: Insert<typeof pets> = { name: 'Tom', chip: 1n }
  const most: Insert<typeof pets> = {
    ...least,
    id: 'x',
    kind: 'dog',
    weight: null,
    photo: new Uint8Array(),
    tags: [],
    mother_id: 'y',
  }
  assert.notDeepEqual(least, most)
  const wrong: Insert<typeof pets>[] = [
    // @ts-expect-error `chip` is needed
    { name: 'Tom' },
    // @ts-expect-error `name` cannot be null
    { name: null, chip: 1n },
    // @ts-expect-error not one of its values
    { name: 'Tom', chip: 1n, kind: 'bird' },
    // @ts-expect-error the platform counts revisions
    { name: 'Tom', chip: 1n, revision: 1 },
    // @ts-expect-error the platform keeps times
    { name: 'Tom', chip: 1n, created_at: 'now' },
    // @ts-expect-error the platform knows the tenant
    { name: 'Tom', chip: 1n, tenant_id: 'acme' },
    // @ts-expect-error no such field
    { name: 'Tom', chip: 1n, nick: 'x' },
    // @ts-expect-error a number is not exact enough
    { name: 'Tom', chip: 1 },
  ]
  assert.equal(wrong.length, 8)
  // @ts-expect-error an entity with a key of its own has no id
  const withId: Insert<typeof owners> = { email: 'a', level: 1, id: 'x' }
  assert.ok(withId)
})

test('a field that is reserved for readers may be missing from a row; one that is reserved for writers is there', () => {
  const paid = entity('paid', {
    pay: integer()
      .reserved({ read: ['boss'] })
      .optional(),
    grade: integer().reserved({ write: ['boss'] }),
    pin: text().hidden().default('0'),
  })
  const read = (row: Row<typeof paid>) => {
    row.pay satisfies number | null | undefined
    row.grade satisfies number
    row.pin satisfies string
    // @ts-expect-error perhaps nobody may read it here
    return row.pay satisfies number | null
  }
  const least: Insert<typeof paid> = { grade: 1 }
  assert.deepEqual([typeof read, least.grade], ['function', 1])
})

test('a patch names any fields, and a revision only where there is one', () => {
  const patches: Patch<typeof pets>[] = [{}, { name: 'x' }, { weight: null }, { revision: 3 }]
  assert.equal(patches.length, 4)
  // @ts-expect-error no revision there
  const wrong: Patch<typeof owners> = { revision: 1 }
  // @ts-expect-error the platform keeps times
  const times: Patch<typeof pets> = { updated_at: 'now' }
  assert.ok(wrong && times)
})

test('a key is the id, the one key field, or an object of several', () => {
  const keys: [KeyOf<typeof pets>, KeyOf<typeof owners>, KeyOf<typeof stays>] = [
    'x',
    'a@b',
    { owner: 'a@b', night: 'n' },
  ]
  assert.equal(keys.length, 3)
  // @ts-expect-error both fields are needed
  const half: KeyOf<typeof stays> = { owner: 'a@b' }
  // @ts-expect-error an object is needed
  const bare: KeyOf<typeof stays> = 'a@b'
  assert.ok(half && bare)
})

test('definitions are checked where they are written', () => {
  // @ts-expect-error no such field to be unique
  entity('x', { a: text() }, { unique: [['b']] })
  // @ts-expect-error no such field to be the key
  entity('x', { a: text() }, { key: ['id'] })
  // @ts-expect-error the owner's role is given to nobody
  entity('x', { a: text() }, { access: { admin: 'main' } })
  // @ts-expect-error not an access role
  entity('x', { a: text() }, { access: { admin: 'superuser' } })
  // @ts-expect-error the default is not one of the values
  oneOf('a', 'b').default('c')
  // @ts-expect-error a text is not a number
  integer().default('1')
  // @ts-expect-error seeds are rows of their entity
  seed(owners, [{ email: 'a' }])
  assert.deepEqual(seed(owners, [{ email: 'a', level: 1 }]).rows, [{ email: 'a', level: 1 }])
})

test('a field under construction is never changed in place', () => {
  const plain = text({ max: 5 })
  const optional = plain.optional()
  assert.equal(plain.spec.optional, false)
  assert.equal(optional.spec.optional, true)
  assert.equal(plain.default('x').unique().spec.default, 'x')
  assert.equal(plain.spec.default, undefined)
})

const adopt = action('adopt', {
  input: { pet: uuid(), fee: decimal(6, 2).default('0'), note: text().optional(), chip: bigint() },
  writes: [pets],
  output: oneRow(pets),
  run: async (tenant, input) => {
    input satisfies { pet: string; fee: string; note: string | null; chip: bigint }
    // @ts-expect-error no such parameter
    void input.nothing
    return tenant.get(pets, input.pet)
  },
})
const counts = action('counts', {
  reads: [() => pets],
  output: rows({ kind: oneOf('cat', 'dog'), many: bigint().optional() }),
  sql: 'select 1',
})
const names = action('names', { reads: [pets], output: array(text()), sql: 'select 1' })
const nothing = action('nothing', { writes: [pets], sql: 'select 1' })

test('the input and the result of an action are those of its fields', () => {
  async function use(tenant: TenantData) {
    const pet = await tenant.call(adopt, { pet: 'x', chip: 1n })
    pet satisfies Row<typeof pets>
    const found = await tenant.call(counts, {})
    found satisfies readonly { kind: 'cat' | 'dog'; many: bigint | null }[]
    const all: readonly string[] = await tenant.call(names, {})
    // @ts-expect-error nothing is no text
    const none: string = await tenant.call(nothing, {})
    // @ts-expect-error the chip is needed
    await tenant.call(adopt, { pet: 'x' })
    // @ts-expect-error a fee cannot be null
    await tenant.call(adopt, { pet: 'x', chip: 1n, fee: null })
    // @ts-expect-error no such parameter
    await tenant.call(adopt, { pet: 'x', chip: 1n, age: 1 })
    return [all, none]
  }
  assert.ok(use)
  // @ts-expect-error a text is not what the output says
  action('wrong', { reads: [pets], output: integer(), run: async () => 'one' })
  // @ts-expect-error a row lacks fields
  action('wrong', { reads: [pets], output: oneRow(pets), run: async () => ({ name: 'Tom' }) })
  // @ts-expect-error one body only
  action('wrong', { reads: [pets], sql: 'select 1', run: async () => {} })
  // @ts-expect-error no body
  action('wrong', { reads: [pets] })
})
