import assert from 'node:assert/strict'
import { test } from 'node:test'
import { action } from '../../src/core/action.ts'
import { type ActionDefinition, row, rows } from '../../src/core/action-definition.ts'
import { entity } from '../../src/core/entity.ts'
import { integer, reference, searchText, text, uuid } from '../../src/core/field.ts'
import type { ModuleDefinition } from '../../src/core/module.ts'
import { checkModules } from '../../src/core/module-check.ts'
import { createModuleSet } from '../../src/core/module-set.ts'

const places = entity('places', { code: text() }, { key: ['code'] })
const strangers = entity('strangers', { title: text() })
const loose = entity('loose', { title: text() })
const pets = entity('pets', { name: text(), place: reference(() => places).optional() })

const others: ModuleDefinition[] = [
  { name: 'geo', version: '1.0.0', entities: [places] },
  { name: 'far', version: '1.0.0', entities: [strangers] },
]

const shop = (...actions: ActionDefinition[]): ModuleDefinition => ({
  ...{ name: 'shop', version: '1.0.0', dependsOn: ['geo@1'], entities: [pets] },
  actions,
})

/** Problems without the module's name. */
function problems(...actions: ActionDefinition[]): string[] {
  return checkModules([...others, shop(...actions)]).map(({ place, message }) =>
    `${place}: ${message}`.replace('shop@1 ', ''),
  )
}

/** As plain JavaScript could make it, past the compiler. */
function made(more: object): ActionDefinition {
  return { ...action('it', { reads: [pets], sql: 'select 1' }), ...more }
}

test('an action without problems has none, and knows what follows from it', () => {
  const find = action('find', {
    input: { place: reference(() => places), most: integer().default(5) },
    reads: [pets, () => places],
    output: rows(() => pets),
    sql: 'select * from pets',
  })
  const feed = action('feed', { writes: [pets], reads: [places], output: row({ fed: integer() }), sql: 'select 1' })
  assert.deepEqual(problems(find, feed), [])
  const modules = createModuleSet([...others, shop(find, feed)])
  const [first, second] = [modules.actionOf(find), modules.actionOf(feed)]
  assert.deepEqual([first.readOnly, second.readOnly], [true, false])
  assert.deepEqual(
    second.uses.map(({ entity, verb }) => `${verb} ${entity.id}`),
    ['write shop@1.pets', 'read geo@1.places'],
  )
  assert.equal(first.output.entity, modules.entityOf(pets))
  // A reference is given as the key that it names.
  assert.equal(first.input.fields.get('place')?.spec.type, 'text')
  assert.throws(() => modules.actionOf(made({})), { code: 'invalid' })
})

test('names follow their pattern, are not reserved and stand once', () => {
  for (const name of ['', 'Find', 'find-it', '1st', 'a b', 'x'.repeat(48), 'a"'])
    assert.match(problems(made({ name }))[0] ?? '', /the name must match/, name)
  assert.match(problems(made({ name: 'constructor' }))[0] ?? '', /reserved word/)
  assert.match(problems(made({}), made({})).join(), /two actions with this name/)
  for (const name of [
    'tenant_id',
    'instance_id',
    'select',
    'order',
    'limit',
    'offset',
    'and',
    'or',
    'columns',
    'not',
  ]) {
    assert.deepEqual(problems(made({ input: { [name]: text() } })), [`it.${name}: the name is a reserved word`])
    assert.deepEqual(problems(made({ output: rows({ [name]: text() }) })), [`it.${name}: the name is a reserved word`])
  }
  assert.deepEqual(problems(made({ input: { id: uuid() } })), [])
})

test('an action has one body', () => {
  const either = ['it: an action has either run or sql']
  assert.deepEqual(problems(made({ sql: undefined })), either)
  assert.deepEqual(problems(made({ run: async () => undefined })), either)
  assert.deepEqual(problems(made({ sql: undefined, run: 'yes' })), ['it: run must be a function'])
  assert.deepEqual(problems(made({ description: 5 })), ['it: description must be a text'])
  assert.deepEqual(problems(made({ sql: '  ' })), ['it: sql must be a text that is not empty'])
})

test('it names entities of its module and of those that this depends on', () => {
  assert.deepEqual(problems(made({ reads: [strangers] })), [
    'it: reads: strangers is of far@1, which the module does not depend on',
  ])
  assert.deepEqual(problems(made({ writes: [loose] })), [
    'it: writes: the entity "loose" belongs to no module; where files import each other, give () => entity',
  ])
  assert.match(problems(made({ reads: [undefined] }))[0] ?? '', /the entity "" belongs to no module/)
  assert.match(
    problems(made({ input: { a: reference(() => strangers) } }))[0] ?? '',
    /which the module does not depend on/,
  )
  assert.deepEqual(problems(made({ output: rows(places) })), ['it: output: places must be named in reads or writes'])
})

test('one that names no entity says who may call it', () => {
  assert.match(problems(made({ reads: [] }))[0] ?? '', /must say which roles may call it/)
  assert.deepEqual(problems(made({ reads: [], roles: ['admin'] })), [])
  assert.match(problems(made({ roles: [] }))[0] ?? '', /at least one service role/)
  assert.match(problems(made({ roles: ['no role'] }))[0] ?? '', /must match/)
})

test('fields are fields that a parameter or a result can have', () => {
  assert.match(problems(made({ input: { a: 1 } }))[0] ?? '', /this is not a field/)
  assert.match(problems(made({ input: { a: searchText('b') } }))[0] ?? '', /searchText belongs to an entity/)
  assert.match(problems(made({ input: { a: integer({ min: 2, max: 1 }) } }))[0] ?? '', /min is greater than max/)
  assert.match(problems(made({ output: rows({}) }))[0] ?? '', /at least one field/)
  assert.match(problems(made({ output: { kind: 'all' } }))[0] ?? '', /give rows\(…\), row\(…\) or a field/)
  const same = { input: { a: text() }, output: rows({ a: text() }) }
  assert.deepEqual(problems(made(same)), ['it.a: output: a parameter has this name'])
  const inTypeScript = { ...same, sql: undefined, run: async () => [] }
  assert.deepEqual(problems(made(inTypeScript)), [])
  const many = Object.fromEntries(Array.from({ length: 51 }, (_, index) => [`a${index}`, text()]))
  assert.match(problems(made({ input: many }))[0] ?? '', /more than 50 fields/)
})
