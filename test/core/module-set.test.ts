import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { entity } from '../../src/core/entity.ts'
import { reference, text } from '../../src/core/field.ts'
import type { ModuleDefinition } from '../../src/core/module.ts'
import { checkModules } from '../../src/core/module-check.ts'
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

/** Dependencies without a circle, on some majors: each module on some of those before it, given in any order. */
const dependencies = fc
  .array(fc.array(fc.nat(), { maxLength: 4 }), { minLength: 1, maxLength: 12 })
  .map(wishes => wishes.map((wish, index) => [...new Set(index === 0 ? [] : wish.map(number => number % index))]))

test('whatever depends on whatever: all that is needed runs, nothing else, once, and after what it needs', () => {
  fc.assert(
    fc.property(dependencies, fc.infiniteStream(fc.nat()), (needs, numbers) => {
      const next = (below: number) => (numbers.next().value ?? 0) % below
      const definitions = needs.map((wanted, index) =>
        module(
          `m${index}`,
          wanted.map(other => `m${other}`),
        ),
      )
      const shuffled = definitions.toSorted(() => next(3) - 1)
      const subscribed = needs.flatMap((_, index) => (next(3) === 0 ? [index] : []))
      const set = createModuleSet(shuffled)
      const order = set.resolve(subscribed.map(index => `m${index}@1`)).map(({ name }) => Number(name.slice(1)))

      const closure = new Set(subscribed)
      for (const index of closure) for (const needed of needs[index] ?? []) closure.add(needed)
      assert.deepEqual(new Set(order), closure)
      assert.equal(order.length, closure.size)
      for (const [place, index] of order.entries())
        for (const needed of needs[index] ?? []) assert.ok(order.indexOf(needed) < place, `${needed} before ${index}`)
      const again = set.resolve(subscribed.toReversed().map(index => `m${index}@1`))
      assert.deepEqual(new Set(again.map(({ name }) => Number(name.slice(1)))), closure)
    }),
  )
})

test('a circle among any dependencies is named, from a module back to itself, and a least version that nobody has', () => {
  fc.assert(
    fc.property(dependencies, fc.nat(), fc.nat(), (needs, one, other) => {
      const [first, last] = [one % needs.length, other % needs.length]
      const wanted = needs.map(list => [...list])
      wanted[first]?.push(last)
      const reaches = (from: number): boolean => from === first || (needs[from] ?? []).some(reaches)
      const definitions = wanted.map((list, index) =>
        module(
          `m${index}`,
          [...new Set(list)].map(name => `m${name}`),
        ),
      )
      const circles = checkModules(definitions).flatMap(({ message }) => /m\d+@1( -> m\d+@1)+/.exec(message)?.[0] ?? [])
      assert.equal(circles.length > 0, reaches(last), circles.join())
      for (const circle of circles) {
        const names = circle.split(' -> ')
        assert.equal(names[0], names.at(-1))
        for (const [place, name] of names.slice(1).entries())
          assert.ok(wanted[Number(names[place]?.slice(1, -2))]?.includes(Number(name.slice(1, -2))), circle)
      }
    }),
  )
  const version = fc.record({ minor: fc.nat(3), patch: fc.nat(3) })
  fc.assert(
    fc.property(version, version, (has, least) => {
      const definitions = [
        module('base', [], { version: `1.${has.minor}.${has.patch}` }),
        module('top', [], { dependsOn: [`base@1.${least.minor}.${least.patch}`] }),
      ]
      const isEnough = has.minor > least.minor || (has.minor === least.minor && has.patch >= least.patch)
      assert.equal(checkModules(definitions).length === 0, isEnough)
    }),
  )
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
