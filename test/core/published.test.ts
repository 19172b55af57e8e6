import assert from 'node:assert/strict'
import { test } from 'node:test'
import { typesOf } from '../../src/api/types.ts'
import { action } from '../../src/core/action.ts'
import { row } from '../../src/core/action-definition.ts'
import { entity } from '../../src/core/entity.ts'
import { reference, text } from '../../src/core/field.ts'
import type { ModuleDefinition } from '../../src/core/module.ts'
import { createModuleSet } from '../../src/core/module-set.ts'
import type { Plan } from '../../src/core/plan.ts'
import { checkPlan } from '../../src/core/plan-check.ts'
import { exposeAlone, publishModules } from '../../src/core/published.ts'

const people = entity('people', { name: text() })
const secrets = entity('secrets', { word: text() }, { internal: true })
const names = entity(
  'names',
  { name: text() },
  { key: ['name'], view: { texts: ['select name from ', ''], reads: [() => people] } },
)
const greet = action('greet', {
  input: { id: reference(() => people) },
  reads: [people],
  output: row(people),
  run: async () => ({}) as never,
})
const people2 = entity('people', { name: text(), nick: text().optional() })
const tasks = entity('tasks', { title: text(), owner_id: reference(() => people) })

const folk: ModuleDefinition = { name: 'folk', version: '1.2.0', entities: [people, secrets, names], actions: [greet] }
const folk2: ModuleDefinition = { name: 'folk', version: '2.0.0', entities: [people2] }
const work = (publishes?: readonly string[]): ModuleDefinition => ({
  ...{ name: 'work', version: '1.0.0', dependsOn: ['folk@1'], entities: [tasks] },
  ...(publishes && { publishes }),
})
const setOf = (publishes?: readonly string[], apis: Record<string, readonly string[]> = {}) =>
  publishModules(createModuleSet([folk, folk2, work(publishes)]), apis)

function faults(run: () => unknown): string[] {
  try {
    run()
  } catch (error) {
    return String((error as { details?: string }).details).split('\n')
  }
  return []
}

const namesIn = (set = setOf(), id = 'work', subscriptions = ['work@1']) => {
  const found = set.expose(subscriptions).find(id)
  return (
    found && {
      entities: found.module.entities
        .filter(({ internal }) => !internal)
        .map(each => [each.id, [...(found.exposure.entities.get(each) ?? [])].join(' ')].join(': ')),
      actions: found.module.actions.map(({ id }) => id),
    }
  )
}
const all = 'read insert update delete'

test('a module shows what it publishes of those it depends on, to tenants that do not subscribe to them', () => {
  assert.deepEqual(namesIn()?.entities, [`work@1.tasks: ${all}`])
  const set = setOf(['folk.people.read', 'folk@1.rpc.greet'])
  assert.deepEqual(namesIn(set), {
    entities: [`work@1.tasks: ${all}`, 'folk@1.people: read'],
    actions: ['folk@1.greet'],
  })
  const exposure = set.expose(['work@1'])
  assert.equal(exposure.find('folk', 1), undefined)
  assert.deepEqual(
    exposure.findEntities('people').map(({ id }) => id),
    ['folk@1.people'],
  )
  // Who subscribes to both can do at each address what that address has.
  const both = set.expose(['work@1', 'folk@1'])
  assert.equal([...(both.entities.get(set.entityOf(people)) ?? [])].join(' '), all)
  assert.deepEqual(namesIn(set, 'work', ['work@1', 'folk@1'])?.entities, namesIn(set)?.entities)
})

test('what is published must be there, be told apart, and be of modules that are depended on', () => {
  assert.deepEqual(
    faults(() =>
      setOf([
        'folk.peple',
        'folk.secrets',
        'folk.people.rad',
        'folk.rpc.gret',
        'work.tasks',
        'folk',
        'folk.names.update',
        'folk.rpc.greet.read',
      ]),
    ),
    [
      'work@1 publishes: "folk.peple": folk@1 has no entity "peple"; there is people, names',
      'work@1 publishes: "folk.secrets": folk@1 has no entity "secrets"; there is people, names',
      'work@1 publishes: "folk.people.rad": there is no operation "rad"; there are read, insert, update, delete',
      'work@1 publishes: "folk.rpc.gret": folk@1 has no action "gret"; there is greet',
      'work@1 publishes: "work.tasks": there is no module "work"; the module depends on folk@1',
      'work@1 publishes: "folk" must look like customers.customers, customers.customers.read or invoices.rpc.pay',
      'work@1 publishes: "folk.names.update": names is a view, which can only be read',
      'work@1 publishes: "folk.rpc.greet.read" must look like customers.customers, customers.customers.read or invoices.rpc.pay',
    ],
  )
  assert.deepEqual(
    faults(() => setOf(['folk.people.update'])),
    ['work@1 publishes: "folk.people.update": update find rows by what they hold, so they need read too'],
  )
  const own: ModuleDefinition = { ...work(['folk.people']), entities: [entity('people', { title: text() })] }
  assert.deepEqual(
    faults(() => publishModules(createModuleSet([folk, own]))),
    ['work@1 publishes: "folk.people": the module has people of its own'],
  )
})

test('types of clients have what is published where it is shown, and each type once', () => {
  const text = typesOf([...setOf(['folk.people']).expose(['work@1', 'folk@1']).exposed])
  const named = [...text.matchAll(/export type (\w+)/g)].map(([, name]) => name)
  assert.deepEqual(named, [...new Set(named)])
  assert.match(text, /'work@1': \{\s+Tables: \{\s+tasks: [\s\S]*?people: \{\s+Row: PeopleRow/)
})

test('a composed API has what it lists, of what the tenant has, in the major that it has', () => {
  const apis = { desk: ['folk.people.read', 'work.tasks', 'folk.rpc.greet'], 'desk@2': ['work.tasks.read'] }
  const set = setOf(undefined, apis)
  assert.deepEqual(namesIn(set, 'desk', ['work@1'])?.entities, ['work@1.tasks: read'], 'the highest major')
  const first = (subscriptions: readonly string[]) => {
    const found = set.expose(subscriptions).find('desk', 1)
    return found && [...found.exposure.entities.keys(), ...found.exposure.actions].map(({ id }) => id)
  }
  assert.deepEqual(first(['work@1']), ['work@1.tasks'])
  assert.deepEqual(first(['work@1', 'folk@1']), ['folk@1.people', 'work@1.tasks', 'folk@1.greet'])
  assert.deepEqual(first(['folk@2']), ['folk@2.people'])
  assert.equal(first([]), undefined)
})

test('a composed API never has more of an entity than the tenant has', () => {
  const set = setOf(['folk.people.read'], { desk: ['folk.people'] })
  assert.deepEqual(namesIn(set, 'desk', ['work@1'])?.entities, ['folk@1.people: read'])
  assert.deepEqual(namesIn(set, 'desk', ['folk@1'])?.entities, [`folk@1.people: ${all}`])
})

test('names of composed APIs that mean nothing, or two things, are refused', () => {
  const apis = {
    work: ['work.tasks'],
    graphql: ['work.tasks'],
    'Big Shop': ['work.tasks'],
    empty: [],
    twice: ['folk@1.people', 'folk@2.people'],
    unknown: ['fok.people', 'folk@3.people'],
  }
  assert.deepEqual(
    faults(() => setOf(undefined, apis)).map(line => line.replace(/ must match .*/, ' must match …')),
    [
      'products work: there is a module of this name, work@1, which has the same address',
      'products graphql: the name must match …',
      'products Big Shop: the name must match …',
      'products empty: name at least one operation',
      'products twice: "folk@2.people": people is that of folk@1 already',
      'products unknown: "fok.people": there is no module "fok"; there are folk@1, folk@2, work@1',
      'products unknown: "folk@3.people": there is no module "folk@3"; there are folk@1, folk@2, work@1',
    ],
  )
})

test('alone there is one module, for who sees it, and its code sees what it sees beside others', () => {
  const set = exposeAlone(setOf(['folk.people.read']), 'work@1')
  const exposure = set.expose(['work@1', 'folk@1'])
  assert.deepEqual(
    [...exposure.exposed].map(({ id }) => id),
    ['work@1'],
  )
  assert.deepEqual(
    [...exposure.entities.keys()].map(({ id }) => id),
    ['work@1.tasks', 'folk@1.people'],
  )
  assert.equal(exposure.find('folk', 1), undefined)
  assert.ok(exposure.whole.find('folk', 1))
  assert.equal(set.expose(['folk@1']).exposed.size, 0)
})

test('callers do what there is and nothing else, also in embeds and in what a write answers', () => {
  const set = setOf(undefined, { inbox: ['work.tasks.insert', 'folk.people'] })
  const found = set.expose(['work@1', 'folk@1']).find('inbox')
  assert.ok(found)
  const task = set.entityOf(tasks)
  const person = set.entityOf(people)
  const insert: Plan = { kind: 'insert', entity: task, fields: ['title'], rows: '[]' }
  const embed = (relation: string) =>
    ({ kind: 'embed', relation, join: 'left', spread: false, query: { select: [{ kind: 'all' }] } }) as const
  const check = (plan: Plan) => checkPlan(plan, found.exposure)
  check(insert)
  check({ kind: 'read', entity: person, select: [{ kind: 'all' }] })
  const missing: readonly [what: string, plan: Plan][] = [
    ['read', { kind: 'read', entity: task, select: [{ kind: 'all' }] }],
    ['update', { kind: 'update', entity: task, fields: ['title'], patch: '{}' }],
    ['delete', { kind: 'delete', entity: task }],
    ['update', { ...insert, onConflict: { resolution: 'merge' } }],
  ]
  for (const [what, plan] of missing)
    assert.throws(() => check(plan), { reason: 'not_offered', message: `There is no ${what} of tasks here` })
  assert.throws(() => check({ ...insert, returning: [{ kind: 'all' }] }), {
    message: 'Rows of tasks are not shown here',
  })
  assert.throws(() => check({ kind: 'read', entity: set.entityOf(secrets), select: [] }), { code: 'not_found' })
  assert.throws(() => check({ kind: 'read', entity: person, select: [embed('tasks')] }), { reason: 'PGRST200' })
  assert.throws(() => check({ kind: 'call', action: set.actionOf(greet), input: '{}', given: [], select: [] }), {
    reason: 'PGRST202',
  })
})
