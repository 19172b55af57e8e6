import assert from 'node:assert/strict'
import { test } from 'node:test'
import { TenantryError } from '../../../src/core/errors.ts'
import { conversionOf } from '../../../src/data/postgres/diff/conversion.ts'
import { planSteps } from '../../../src/data/postgres/diff/plan.ts'
import type { Column, Constraint, Structure, Table } from '../../../src/data/postgres/diff/structure.ts'

const column = (name: string, type: string, more: Partial<Column> = {}): Column => ({
  ...{ name, type, collation: null, notNull: false, expression: null, volatile: false, generated: false },
  ...more,
})

function structureOf(columns: readonly Column[], parts: Partial<Table> = {}): Structure {
  const empty = {
    constraints: new Map(),
    indexes: new Map(),
    policies: new Map(),
    triggers: new Map(),
    grants: new Map(),
  }
  const table: Table = {
    schema: 'a_v1',
    name: 't',
    columns: new Map(columns.map(item => [item.name, item])),
    ...empty,
    ...parts,
  }
  return { schemaGrants: new Map(), tables: new Map([['a_v1.t', table]]), functions: new Map(), views: new Map() }
}

test('a change of type is called what it costs', () => {
  const cases: [from: string, to: string, risk: string | undefined][] = [
    ['numeric(6,2)', 'numeric(8,2)', 'safe'],
    ['numeric(6,2)', 'numeric(8,3)', 'slow'],
    ['numeric(6,2)', 'numeric(8,6)', 'destructive'],
    ['numeric(6,2)', 'numeric(6,1)', 'destructive'],
    ['integer', 'bigint', 'slow'],
    ['bigint', 'integer', 'destructive'],
    ['integer', 'numeric(12,2)', 'slow'],
    ['integer', 'numeric(8,2)', 'destructive'],
    ['uuid', 'text', 'slow'],
    ['text', 'uuid', 'destructive'],
    ['integer', 'integer[]', 'slow'],
    ['integer[]', 'integer', undefined],
    ['jsonb', 'uuid', undefined],
  ]
  for (const [from, to, risk] of cases)
    assert.equal(conversionOf(column('c', from), column('c', to))?.risk, risk, `${from} to ${to}`)
  const collated = conversionOf(column('c', 'text', { collation: '"C"' }), column('c', 'text', { collation: '"de"' }))
  assert.equal(collated?.risk, 'slow')
})

test('what has no other form loses its values, and says so', () => {
  const steps = planSteps(structureOf([column('c', 'jsonb')]), structureOf([column('c', 'uuid')]))
  assert.deepEqual(
    steps.map(({ id, risk }) => [id, risk]),
    [
      ['drop column a_v1.t.c', 'destructive'],
      ['add column a_v1.t.c', 'safe'],
    ],
  )
})

test('a rule over a column that is stored anew is made again, and looked at beside readers and writers', () => {
  const rule: Constraint = {
    ...{
      name: 'r',
      kind: 'check',
      definition: 'CHECK ((c > d))',
      columns: ['c', 'd'],
      target: null,
      targetColumns: [],
    },
  }
  const of = (type: string, other = 'integer') =>
    structureOf([column('c', type), column('d', other)], { constraints: new Map([['r', rule]]) })
  const ids = (from: Structure, to: Structure) => planSteps(from, to).map(({ id }) => id)
  assert.deepEqual(ids(of('integer'), of('bigint')), [
    'drop constraint a_v1.t.r',
    'change type a_v1.t.c from integer to bigint',
    'add constraint a_v1.t.r',
    'validate constraint a_v1.t.r',
  ])
  // With the column that has no other form the rule would be gone, too.
  assert.deepEqual(ids(of('jsonb'), of('uuid')), [
    ...['drop constraint a_v1.t.r', 'drop column a_v1.t.c', 'add column a_v1.t.c'],
    ...['add constraint a_v1.t.r', 'validate constraint a_v1.t.r'],
  ])
  assert.deepEqual(ids(of('integer', 'uuid'), of('integer', 'uuid')), [])
})

test('a rule goes with its column, and before it where a default could break it', () => {
  const rule: Constraint = {
    ...{ name: 'r', kind: 'check', definition: 'CHECK ((c > 0))', columns: ['c'], target: null, targetColumns: [] },
  }
  const stages = (more: Partial<Column>) =>
    planSteps(
      structureOf([column('c', 'integer', more), column('d', 'text')], { constraints: new Map([['r', rule]]) }),
      structureOf([column('d', 'text')]),
    ).map(({ id, stage }) => [id, stage])
  assert.deepEqual(stages({}), [['drop column a_v1.t.c', 'contract']])
  assert.deepEqual(stages({ expression: '0' }), [
    ['drop constraint a_v1.t.r', 'expand'],
    ['drop column a_v1.t.c', 'contract'],
  ])
})

test('a table of tenants never becomes one of all, nor the other way round', () => {
  const [own, shared] = [
    structureOf([column('tenant_id', 'text'), column('c', 'text')]),
    structureOf([column('c', 'text')]),
  ]
  for (const [from, to] of [
    [own, shared],
    [shared, own],
  ] as const)
    assert.throws(
      () => planSteps(from, to),
      (error: unknown) => error instanceof TenantryError && error.details === 'a_v1.t',
    )
})

test('a required field waits for its rows: a rule for new ones, a look at the old, then not null', () => {
  const steps = planSteps(
    structureOf([column('c', 'text')]),
    structureOf([column('c', 'text', { notNull: true, expression: `'x'::text` })]),
  )
  assert.deepEqual(
    steps.map(({ id, stage }) => [stage, id]),
    [
      ['expand', 'set default a_v1.t.c'],
      ['expand', 'add rule a_v1.t.c is not null'],
      ['validate', 'fill a_v1.t.c'],
      ['validate', 'validate a_v1.t.c is not null'],
      ['validate', 'set not null a_v1.t.c'],
    ],
  )
})

test('an index on a table that stays is built beside writers, but a unique one is not left out for a moment', () => {
  const index = (definition: string, unique = false) => {
    const found = { name: 'i', definition, unique, valid: true, columns: ['c'] }
    return structureOf([column('c', 'text')], { indexes: new Map([['i', found]]) })
  }
  const none = structureOf([column('c', 'text')])
  const [made] = planSteps(none, index('CREATE INDEX i ON a_v1.t USING btree (c)'))
  assert.deepEqual(
    [made?.stage, made?.sql],
    ['index', ['CREATE INDEX CONCURRENTLY IF NOT EXISTS i ON a_v1.t USING btree (c)']],
  )
  const [before, after] = [
    index('CREATE UNIQUE INDEX i ON a_v1.t USING btree (c)', true),
    index('CREATE UNIQUE INDEX i ON a_v1.t USING btree (c DESC)', true),
  ]
  assert.deepEqual(
    planSteps(before, after).map(({ stage }) => stage),
    ['expand', 'expand'],
  )
})

test('a column that goes hinders nobody until it is gone', () => {
  const steps = planSteps(structureOf([column('c', 'text', { notNull: true })]), structureOf([]))
  assert.deepEqual(
    steps.map(({ stage, id }) => [stage, id]),
    [
      ['expand', 'drop not null a_v1.t.c'],
      ['contract', 'drop column a_v1.t.c'],
    ],
  )
})
