import assert from 'node:assert/strict'
import { test } from 'node:test'
import { entity } from '../../src/core/entity.ts'
import { reference, text } from '../../src/core/field.ts'
import type { ModuleDefinition } from '../../src/core/module.ts'
import { createModuleSet, depthFirst } from '../../src/core/module-set.ts'

const module = (
  name: string,
  needs: readonly string[] = [],
  more: Partial<ModuleDefinition> = {},
): ModuleDefinition => ({
  name,
  version: '1.0.0',
  dependsOn: needs.map(need => `${need}@1`),
  entities: [],
  ...more,
})

test('subscriptions 1, 6 and 7 load as 3, 4, 5, 2, 1, 6, 7', () => {
  const needs: Record<number, number[]> = { 1: [2], 2: [3, 5], 3: [], 4: [], 5: [4], 6: [3], 7: [1] }
  assert.deepEqual(
    depthFirst([1, 6, 7], number => needs[number] ?? []),
    [3, 4, 5, 2, 1, 6, 7],
  )
  const definitions = Object.entries(needs).map(([number, wanted]) =>
    module(
      `m${number}`,
      wanted.map(other => `m${other}`),
    ),
  )
  for (const given of [definitions, definitions.toReversed()]) {
    const names = createModuleSet(given)
      .resolve(['m1@1', 'm6@1', 'm7@1'])
      .map(({ name }) => name)
    assert.deepEqual(names, ['m3', 'm4', 'm5', 'm2', 'm1', 'm6', 'm7'])
  }
})

test('modules stand after those they depend on, in whatever order they are given', () => {
  const definitions = [module('c', ['b']), module('b', ['a']), module('a')]
  for (const given of [definitions, definitions.toReversed()])
    assert.deepEqual(
      createModuleSet(given).modules.map(({ id }) => id),
      ['a@1', 'b@1', 'c@1'],
    )
})

test('a dependency runs for the tenant and is exposed only when subscribed or public', () => {
  const set = createModuleSet([
    module('hidden'),
    module('shared', [], { public: true }),
    module('shop', ['hidden', 'shared']),
  ])
  const exposure = set.expose(['shop@1'])
  assert.deepEqual(
    exposure.running.map(({ name }) => name),
    ['hidden', 'shared', 'shop'],
  )
  assert.deepEqual(
    [...exposure.exposed].map(({ name }) => name),
    ['shared', 'shop'],
  )
  assert.equal(exposure.findModule('hidden', 1), undefined)
  assert.equal(set.expose(['shop@1', 'hidden@1']).findModule('hidden', 1)?.id, 'hidden@1')
})

test('tenants with the same subscriptions share one exposure, whatever their order and repetition', () => {
  const set = createModuleSet([module('a'), module('b')])
  assert.equal(set.expose(['a@1', 'b@1']), set.expose(['b@1', 'a@1', 'a@1', 'gone@1']))
  assert.notEqual(set.expose(['a@1']), set.expose(['b@1']))
})

test('two majors of a module live side by side, and the latest is the highest number', () => {
  const set = createModuleSet([module('a', [], { version: '9.0.0' }), module('a', [], { version: '10.1.0' })])
  const exposure = set.expose(['a@9', 'a@10'])
  assert.equal(exposure.findLatest('a')?.id, 'a@10')
  assert.deepEqual(
    set.modules.map(({ schema }) => schema),
    ['a_v9', 'a_v10'],
  )
  assert.throws(() => set.get('a@11'), { code: 'not_found' })
  assert.equal(set.find('a@11'), undefined)
})

test('an entity knows its fields, keys, relations and access', () => {
  const people = entity(
    'people',
    { email: text().unique(), boss_id: reference('people').optional() },
    { access: { admin: 'none', auditor: 'tenant_reader' }, revision: true, softDelete: true },
  )
  const pets = entity(
    'pets',
    { tag: text(), owner_id: reference(() => people) },
    { key: ['tag'], unique: [['owner_id']] },
  )
  const set = createModuleSet([
    module('zoo', ['crm'], { entities: [pets] }),
    module('crm', [], { entities: [people], access: { admin: 'tenant_writer' } }),
  ])
  const [person, pet] = [set.entityOf(people), set.entityOf(pets)]
  assert.deepEqual(
    [...person.fields.keys()],
    ['id', 'email', 'boss_id', 'created_at', 'updated_at', 'deleted_at', 'revision'],
  )
  assert.deepEqual([...pet.fields.keys()], ['tag', 'owner_id', 'created_at', 'updated_at'])
  assert.deepEqual(Object.fromEntries(person.access), { admin: 'none', auditor: 'tenant_reader' })
  assert.deepEqual(
    person.referencedBy.map(({ name, unique }) => [name, unique]),
    [
      ['people_boss_id_fkey', false],
      ['pets_owner_id_fkey', true],
    ],
  )
  assert.equal(pet.references[0]?.to, person)
  assert.equal(pet.fields.get('tag')?.write, 'insert')
  assert.throws(() => set.entityOf(entity('strange', {})), { code: 'invalid' })
  assert.deepEqual(set.expose(['crm@1']).findEntities('people'), [person])
  assert.deepEqual(set.expose(['crm@1']).findEntities('constructor'), [])
})
