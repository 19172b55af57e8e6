// F7.4: what goes along with an upgrade.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { entity } from '../../src/core/entity.ts'
import { TenantryError } from '../../src/core/errors.ts'
import { integer, reference, text } from '../../src/core/field.ts'
import type { ModuleDefinition } from '../../src/core/module.ts'
import { checkModules } from '../../src/core/module-check.ts'
import { createModuleSet } from '../../src/core/module-set.ts'
import { type UpgradeDefinition, upgradeRows } from '../../src/core/upgrade-definition.ts'
import { resolveRollback, resolveUpgrade } from '../../src/core/upgrade-plan.ts'

const module = (name: string, major: number, more: Partial<ModuleDefinition> = {}): ModuleDefinition => ({
  name,
  version: `${major}.0.0`,
  entities: [],
  ...more,
})

const old = entity('things', { title: text(), note: text().optional() }, { softDelete: true })

/** What is said of a second major of a module whose first one has `things` and `extras`. */
function problems(upgrade: UpgradeDefinition, entities: ModuleDefinition['entities']): string[] {
  const extras = entity('extras', { title: text() })
  const first = module('shop', 1, { entities: [old, extras] })
  const dropped = [...(upgrade.dropped ?? []), extras]
  const second = module('shop', 2, { entities, upgrade: { ...upgrade, dropped } })
  return checkModules([first, second]).map(({ place, message }) => `${place}: ${message}`)
}

test('entities of the same shape need no step, and new fields only a default', () => {
  const things = entity(
    'things',
    { title: text(), note: text().optional(), level: integer().default(1) },
    { softDelete: true },
  )
  assert.deepEqual(problems({ from: 1 }, [things]), [])
})

test('what rows could not survive is said when the module loads', () => {
  const shapes: [ModuleDefinition['entities'][number], RegExp][] = [
    [entity('things', { title: text(), note: text() }, { softDelete: true }), /"note" may be null; add a step to up/],
    [
      entity('things', { title: integer(), note: text().optional() }, { softDelete: true }),
      /"title" is of another type/,
    ],
    [
      entity('things', { title: text(), note: text().optional(), code: text() }, { softDelete: true }),
      /"code" has no value; add a step to up/,
    ],
    [entity('things', { note: text().optional() }, { softDelete: true }), /on the way back "title" has no value/],
    [entity('things', { title: text(), note: text().optional() }), /deleted softly would come back/],
    [
      entity('things', { title: text(), note: text().optional() }, { softDelete: true, instanced: true }),
      /instances, or none/,
    ],
    [
      entity('things', { title: text(), note: text().optional() }, { softDelete: true, key: ['title'] }),
      /both entities need the same key/,
    ],
    [entity('others', { title: text() }), /shop@2 things: upgrade: nothing takes over its rows/],
  ]
  for (const [shape, expected] of shapes) assert.match(problems({ from: 1 }, [shape]).join('\n'), expected)
})

test('steps go between entities of the two majors, each to one, forth and back', () => {
  const things = entity('things', { name: text() }, { softDelete: true })
  const stranger = entity('strangers', { name: text() })
  const up = upgradeRows(old, things, ({ title }) => ({ name: title }))
  const down = upgradeRows(things, old, ({ name }) => ({ title: name }))
  assert.deepEqual(problems({ from: 1, up: [up], down: [down] }, [things]), [])
  assert.match(problems({ from: 1, up: [up] }, [things]).join(), /the way back is missing: down needs a step to things/)
  assert.match(
    problems({ from: 1, up: [up, up], down: [down] }, [things]).join(),
    /upgrade.up: each entity becomes one other/,
  )
  const astray = upgradeRows(old, stranger, ({ title }) => ({ name: title }))
  assert.match(
    problems({ from: 1, up: [astray], down: [down] }, [things]).join('\n'),
    /strangers: upgrade.up: it is no entity of shop@2/,
  )
  for (const from of [2, 3, 0, 1.5])
    assert.match(problems({ from }, [things]).join('\n'), /takes over from an older major/)
  const alone = checkModules([module('shop', 2, { upgrade: { from: 1 } })])
  assert.match(alone[0]?.message ?? '', /the product has no shop@1/)
})

const refusal = (code: string, text: RegExp) => (error: unknown) =>
  error instanceof TenantryError &&
  error.code === code &&
  text.test(`${error.message}\n${error.details}\n${error.hint}`)

test('a major takes along what depends on the old one and what the new one needs, in order', () => {
  const set = createModuleSet([
    module('a', 1),
    module('a', 2, { upgrade: { from: 1 } }),
    module('b', 1, { dependsOn: ['a@1'] }),
    module('b', 2, { dependsOn: ['a@2', 'd@1'], upgrade: { from: 1 } }),
    module('c', 1, { dependsOn: ['b@1'] }),
    module('c', 2, { dependsOn: ['b@2'], upgrade: { from: 1 } }),
    module('d', 1),
  ])
  const tenant = (...subscriptions: `${string}@${number}`[]) => ({ key: 'acme', subscriptions })
  const plan = resolveUpgrade(tenant('c@1'), 'b@2', set)
  assert.deepEqual(
    plan.pairs.map(({ from, to }) => `${from} ${to}`),
    ['a@1 a@2', 'b@1 b@2', 'c@1 c@2'],
  )
  assert.deepEqual([plan.after, plan.added], [['c@2'], ['d@1']])
  assert.deepEqual(resolveRollback(tenant('c@2'), plan.pairs, set).after, ['c@1'])
  // A product may leave out a module that a tenant is subscribed to still.
  const left = resolveUpgrade(tenant('c@1', 'gone@1'), 'b@2', set)
  assert.deepEqual(resolveRollback(tenant('c@2', 'gone@1'), left.pairs, set).after, ['c@1', 'gone@1'])
  assert.throws(
    () => resolveUpgrade(tenant('d@1'), 'a@2', set),
    refusal('conflict', /does not run a@1[\s\S]*Subscribe it instead/),
  )
  assert.throws(() => resolveUpgrade(tenant('a@1', 'a@2'), 'a@2', set), refusal('conflict', /runs a@2 already/))
  assert.throws(() => resolveUpgrade(tenant('a@1'), 'd@1', set), refusal('invalid', /takes over from no older major/))
  assert.throws(() => resolveUpgrade(tenant('a@1'), 'z@9', set), refusal('not_found', /no module/))
})

test('of any modules and subscriptions, an upgrade strands nothing and its way back leads back', () => {
  const names = ['a', 'b', 'c', 'd', 'e']
  /** Every module has two majors; a newer one depends on any major of those before it. */
  const world = fc.record({
    edges: fc.array(fc.tuple(fc.nat(4), fc.nat(4), fc.integer({ min: 1, max: 2 }), fc.integer({ min: 1, max: 2 })), {
      maxLength: 14,
    }),
    takes: fc.array(fc.boolean(), { minLength: 5, maxLength: 5 }),
    subscribed: fc.subarray(names, { minLength: 1 }),
    target: fc.nat(4),
  })
  fc.assert(
    fc.property(world, ({ edges, takes, subscribed, target }) => {
      const dependsOn = (index: number, major: number) => [
        ...new Set(
          edges
            .filter(([from, to, one]) => from === index && to < index && one === major)
            .map(([, to, , other]) => [to, `${names[to]}@${other}`] as const)
            .toSorted()
            .map(([, id]) => id)
            .filter((id, at, all) => all.findIndex(other => other[0] === id[0]) === at),
        ),
      ]
      const set = createModuleSet(
        names.flatMap((name, index) => [
          module(name, 1, { dependsOn: dependsOn(index, 1) }),
          module(name, 2, { dependsOn: dependsOn(index, 2), ...(takes[index] ? { upgrade: { from: 1 } } : {}) }),
        ]),
      )
      const tenant = { key: 'acme', subscriptions: subscribed.map(name => `${name}@1` as const).sort() }
      const before = set.resolve(tenant.subscriptions)
      let plan: ReturnType<typeof resolveUpgrade>
      try {
        plan = resolveUpgrade(tenant, `${names[target]}@2`, set)
      } catch (error) {
        assert.ok(error instanceof TenantryError && error.code !== 'internal')
        return
      }
      const after = set.resolve(plan.after)
      const moved = new Map(plan.pairs.map(({ from, to }) => [from, to]))
      // What ran runs on, at the old major or the new, and no old one is left behind that somebody needs.
      for (const { id } of before)
        assert.equal(after.some(module => module.id === (moved.get(id) ?? id)) || !needed(id, after), true)
      for (const { from } of plan.pairs) assert.ok(!after.some(({ id }) => id === from))
      // Whoever referenced a moved module's rows references the moved ones now.
      for (const module of before) {
        const next = set.get(moved.get(module.id) ?? module.id)
        for (const { id, name } of module.dependsOn)
          if (moved.has(id) && next.dependsOn.some(other => other.name === name))
            assert.ok(
              next.dependsOn.some(other => other.id === moved.get(id)),
              `${module.id} ${id}`,
            )
      }
      assert.deepEqual(
        resolveRollback({ key: 'acme', subscriptions: plan.after }, plan.pairs, set).after,
        tenant.subscriptions,
      )
    }),
    {
      numRuns: 500,
      examples: [
        [
          // c@2 came along with e@2, needs a@2 as that does, and goes with it.
          {
            edges: [
              [4, 2, 2, 2],
              [2, 0, 2, 2],
              [4, 0, 2, 2],
            ],
            takes: [true, false, false, false, true],
            subscribed: ['a', 'e'],
            target: 4,
          },
        ],
      ],
    },
  )
  function needed(id: string, running: readonly { dependsOn: readonly { id: string }[] }[]): boolean {
    return running.some(({ dependsOn }) => dependsOn.some(other => other.id === id))
  }
})

test('a reference may go to the new major of what it named', () => {
  const first = module('shop', 1, { entities: [old] })
  const things = entity('things', { title: text(), note: text().optional() }, { softDelete: true })
  const second = module('shop', 2, { entities: [things], upgrade: { from: 1 } })
  const lines = (target: typeof old) => entity('lines', { thing_id: reference(() => target) })
  const bills = module('bills', 1, { dependsOn: ['shop@1'], entities: [lines(old)] })
  const billsTwo = module('bills', 2, { dependsOn: ['shop@2'], entities: [lines(things)], upgrade: { from: 1 } })
  assert.deepEqual(checkModules([first, second, bills, billsTwo]), [])
})
