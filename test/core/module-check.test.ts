import assert from 'node:assert/strict'
import { test } from 'node:test'
import { action } from '../../src/core/action.ts'
import { entity } from '../../src/core/entity.ts'
import { TenantryError } from '../../src/core/errors.ts'
import type { EntityDefinition, Fields } from '../../src/core/field.ts'
import {
  array,
  bytes,
  date,
  decimal,
  Field,
  integer,
  json,
  oneOf,
  range,
  reference,
  searchText,
  text,
} from '../../src/core/field.ts'
import type { ModuleDefinition } from '../../src/core/module.ts'
import { checkModules } from '../../src/core/module-check.ts'
import { createModuleSet } from '../../src/core/module-set.ts'

const module = (more: Partial<ModuleDefinition> = {}): ModuleDefinition => ({
  name: 'shop',
  version: '1.0.0',
  entities: [],
  ...more,
})

/** Problems as lines, as an operator sees them. */
function problems(...definitions: ModuleDefinition[]): string[] {
  return checkModules(definitions).map(({ place, message }) => `${place}: ${message}`)
}

/** An entity as plain JavaScript could make it, past the compiler. */
function loose(name: string, fields: Record<string, unknown>, options: object = {}): EntityDefinition {
  return { name, fields: fields as Fields, options }
}

const inShop = (...entities: EntityDefinition[]) => problems(module({ entities }))

test('a definition without problems has none', () => {
  const countries = entity('countries', { code: text() }, { key: ['code'], scope: 'global' })
  const shops = entity(
    'shops',
    { name: text().unique(), country: reference(() => countries).optional(), head: reference('shops').optional() },
    { indexes: [['name', 'created_at']], revision: true },
  )
  assert.deepEqual(inShop(countries, shops), [])
})

test('names of modules, entities and fields follow their patterns and are not reserved', () => {
  for (const name of ['', 'Shop', '1shop', 'a-b', 'a b', 'x'.repeat(42), 'é', 'shop;', '_a'])
    assert.match(problems(module({ name }))[0] ?? '', /the name must match/, name)
  for (const name of [
    'rest',
    'graphql',
    'auth',
    'docs',
    'openapi',
    'tenantry',
    'public',
    'pg_shop',
    'information_schema',
  ])
    assert.match(problems(module({ name }))[0] ?? '', /reserved word/, name)
  for (const name of ['Pets', 'pet-s', 'x'.repeat(48), 'pets"', ''])
    assert.match(inShop(loose(name, {}))[0] ?? '', /the name must match/, name)
  for (const name of ['rpc', 'graphql', 'docs', 'openapi', 'constructor'])
    assert.match(inShop(loose(name, {}))[0] ?? '', /reserved word/, name)
  for (const name of ['Name', 'na me', '1a', 'a"', 'x'.repeat(48)])
    assert.match(inShop(loose('pets', { [name]: text() }))[0] ?? '', /the name must match/, name)
  for (const name of [
    'id',
    'tenant_id',
    'instance_id',
    'created_at',
    'revision',
    'select',
    'order',
    'and',
    'limit',
    'on_conflict',
    'constructor',
  ])
    assert.match(inShop(loose('pets', { [name]: text() }))[0] ?? '', /reserved word/, name)
})

test('a version has three parts and a major of at least 1', () => {
  for (const version of ['1', '1.0', 'v1.0.0', '01.0.0', '1.0.0-beta', '0.1.0', '', '1.0.0.0', '1.0.x'])
    assert.match(problems(module({ version })).join(), /must look like 1\.4\.0/, version)
  assert.deepEqual(problems(module({ version: '10.20.30' })), [])
})

test('all problems are told at once, each with module, entity and field', () => {
  const broken = loose(
    'pets',
    { Name: text(), kind: oneOf(...([] as unknown as [string])), size: decimal(2, 3), owner_id: reference('nobody') },
    { key: ['gone'], unique: [['missing']] },
  )
  const error = thrown(() =>
    createModuleSet([
      module({ version: '1.0', entities: [broken], access: { admin: 'main' as 'writer' } }),
      module({ name: 'Other' }),
    ]),
  )
  assert.equal(error.code, 'invalid')
  assert.match(error.message, /9 problems|\d+ problems/)
  const lines = (error.details ?? '').split('\n')
  for (const expected of [
    /^shop@1: the version "1\.0" must look like 1\.4\.0/,
    /^shop@1: access: "main" is not an access role/,
    /^shop@1 pets\.Name: the name must match/,
    /^shop@1 pets\.kind: oneOf needs at least one value/,
    /^shop@1 pets\.size: decimal takes/,
    /^shop@1 pets\.owner_id: the entity "nobody" that it references belongs to no module/,
    /^shop@1 pets\.gone: key: there is no such field/,
    /^shop@1 pets\.missing: unique: there is no such field/,
    /^Other@1: the name must match/,
  ])
    assert.ok(
      lines.some(line => expected.test(line)),
      `${expected} in\n${error.details}`,
    )
  assert.equal(lines.length, Number(/\d+/.exec(error.message)?.[0]))
})

test('what is defined twice is told', () => {
  const pets = entity('pets', { name: text() })
  assert.deepEqual(problems(module(), module()), ['shop@1: this module is defined twice'])
  assert.deepEqual(problems(module({ entities: [pets] }), module({ name: 'zoo', entities: [pets] })), [
    'zoo@1 pets: this entity belongs to shop@1 already',
  ])
  assert.deepEqual(inShop(pets, entity('pets', { other: text() })), [
    'shop@1 pets: the module has two entities with this name',
  ])
  assert.deepEqual(problems(module(), module({ version: '2.0.0' })), [])
})

test('fields are refused for limits and defaults that make no sense', () => {
  const wrong: Record<string, [Field<unknown> | object, RegExp]> = {
    a: [text({ min: 5, max: 2 }), /min is greater than max/],
    b: [text({ max: 0 }), /max must be at least 1/],
    c: [bytes({ max: -1 }), /max must be at least 1/],
    d: [decimal(0, 0), /precision of 1 to 1000/],
    e: [decimal(5, 6), /scale of 0 to the precision/],
    f: [oneOf('x', 'y', 'x'), /names "x" twice/],
    g: [text({ collation: 'de"; drop' }), /not the name of a collation/],
    h: [integer().default(1.5), /a whole number/],
    i: [decimal(5, 2).default('ten'), /decimal as text/],
    j: [date().default('tomorrow'), /'now' or a time/],
    k: [new Field({ ...text().spec, array: true, default: 'x' }), /an array is needed/],
    l: [{ spec: {} }, /this is not a field/],
    m: [new Field({ ...oneOf('a').spec, default: 'b' }), /one of its values/],
    n: [new Field({ ...text().spec, default: 5 }), /a text is needed/],
  }
  for (const [name, [field, expected]] of Object.entries(wrong))
    assert.match(inShop(loose('pets', { [name]: field })).join('\n'), expected, name)
})

test('keys and sets name fields that are there, once, and of a kind that can be a key', () => {
  const keyed = (field: Field<unknown>, options: object) => inShop(loose('pets', { a: field }, options)).join('\n')
  assert.match(keyed(text(), { key: [] }), /name at least one field/)
  assert.match(keyed(text(), { key: ['a', 'a'] }), /named twice/)
  assert.match(keyed(text().optional(), { key: ['a'] }), /cannot be optional/)
  assert.match(keyed(json(), { key: ['a'] }), /array or JSON/)
  assert.match(keyed(array(text()), { key: ['a'] }), /array or JSON/)
  assert.match(keyed(searchText('a'), { key: ['a'] }), /searchText cannot be part/)
  assert.match(keyed(text(), { unique: [[]] }), /name at least one field/)
  assert.match(keyed(text(), { unique: [['a', 'a']] }), /named twice/)
  assert.match(keyed(text(), { indexes: [['tenant_id']] }), /there is no such field/)
  assert.deepEqual(inShop(entity('pets', { a: text() }, { indexes: [['a', 'created_at']] })), [])
  for (const field of [array(text()), json(), range('date')]) {
    assert.match(keyed(field, { indexes: [['a', 'created_at']] }), /has an index of its own: \[\['a'\]\]/)
    assert.equal(keyed(field, { indexes: [['a']] }), '')
  }
})

test('ranges reach over values that have an order, and words come from text fields of the entity', () => {
  const words = (field: Field<unknown>, options: object = {}) =>
    inShop(loose('pets', { name: text(), tags: array(text()), days: range('date'), words: field }, options)).join('\n')
  assert.equal(words(searchText('name', { config: 'english' })), '')
  assert.match(words(searchText('tags')), /"tags" is no text field/)
  assert.match(words(searchText('days')), /"days" is no text field/)
  assert.match(words(searchText('nothing')), /"nothing" is no text field/)
  assert.match(words(searchText('words')), /"words" is no text field/)
  assert.match(words(searchText('name', 'name')), /names "name" twice/)
  assert.match(words(searchText('name').optional()), /cannot be an array, optional/)
  assert.match(words(searchText('name'), { indexes: [['words']] }), /cannot be part of an index/)
  assert.match(words(new Field({ ...searchText('name').spec, config: "'); drop" as 'simple' })), /config: use one of/)
  assert.match(words(new Field({ ...searchText('name').spec, from: [] })), /needs at least one text field/)
  assert.match(words(new Field({ ...range('date').spec, of: 'text' as 'date' })), /a range is one of integer/)
})

test('references stay inside what a module depends on, and within tenant and instance', () => {
  const people = entity('people', { name: text() })
  const crm = module({ name: 'crm', entities: [people] })
  const to = (target: EntityDefinition, field: Field<unknown> = reference(() => target)) =>
    entity('pets', { owner_id: field })
  assert.match(
    problems(crm, module({ entities: [to(people)] })).join(),
    /shop@1 pets\.owner_id: it references people of crm@1, which the module does not depend on/,
  )
  assert.deepEqual(problems(crm, module({ entities: [to(people)], dependsOn: ['crm@1'] })), [])
  assert.match(inShop(to(people)).join(), /belongs to no module/)
  const pair = entity('pair', { a: text(), b: text() }, { key: ['a', 'b'] })
  assert.match(inShop(pair, to(pair)).join(), /key of several fields/)
  const desks = entity('desks', { name: text() }, { instanced: true })
  assert.match(inShop(desks, to(desks)).join(), /has instances/)
  const world = entity('world', { pet: reference('pets') }, { scope: 'global' })
  assert.match(inShop(world, entity('pets', {})).join(), /an entity without a tenant cannot reference pets/)
  const lands = entity('lands', { code: text() }, { scope: 'global' })
  for (const onDelete of ['cascade', 'setNull'] as const)
    assert.match(
      inShop(lands, to(lands, reference(() => lands, { onDelete }).optional())).join(),
      /must not (delete|change) rows of tenants/,
    )
  assert.match(
    inShop(entity('pets', { mother_id: reference('pets', { onDelete: 'setNull' }) })).join(),
    /needs an optional reference/,
  )
  assert.match(inShop(loose('pets', { owners: array(reference('pets') as never) })).join(), /array of references/)
  assert.match(inShop(loose('x', { a: text() }, { scope: 'global', instanced: true })).join(), /cannot have instances/)
})

test('names that PostgreSQL would cut are refused', () => {
  const long = 'x'.repeat(45)
  assert.match(inShop(loose(long, { [long]: text().unique() })).join(), /longer than 63 bytes/)
  assert.match(
    inShop(
      loose(long, { abcdefghijk: text(), bcdefghijkl: text() }, { unique: [['abcdefghijk', 'bcdefghijkl']] }),
    ).join(),
    /longer than 63 bytes/,
  )
})

test('dependencies look right, are there and are new enough', () => {
  const old = module({ name: 'base', version: '1.2.0' })
  assert.deepEqual(problems(module({ dependsOn: ['base@1.3'] }), old), [
    'shop@1: the dependency base@1.3 is not satisfied by base 1.2.0',
  ])
  assert.deepEqual(problems(module({ dependsOn: ['base@1.10'] }), module({ name: 'base', version: '1.9.0' })), [
    'shop@1: the dependency base@1.10 is not satisfied by base 1.9.0',
  ])
  assert.deepEqual(problems(module({ dependsOn: ['base@1.2'] }), old), [])
  assert.deepEqual(problems(module({ dependsOn: ['base@2'] }), old), ['shop@1: the dependency base@2 is missing'])
  for (const wanted of ['base', 'base@', 'base@v1', '@1', 'base@0', 'base@1.x'])
    assert.match(problems(module({ dependsOn: [wanted] }), old).join(), /must look like shared@1/, wanted)
})

test('a circle of dependencies is named from its start, once', () => {
  const of = (name: string, ...needs: string[]) => module({ name, dependsOn: needs.map(need => `${need}@1`) })
  assert.deepEqual(problems(of('a', 'b'), of('b', 'c'), of('c', 'a')), [
    'a@1: the dependencies run in a circle: a@1 -> b@1 -> c@1 -> a@1',
  ])
  assert.deepEqual(problems(of('a', 'a')), ['a@1: the dependencies run in a circle: a@1 -> a@1'])
  assert.deepEqual(problems(of('x', 'a'), of('a', 'b'), of('b', 'a')), [
    'a@1: the dependencies run in a circle: a@1 -> b@1 -> a@1',
  ])
  assert.deepEqual(problems(of('a', 'b', 'c'), of('b', 'd'), of('c', 'd'), of('d')), [])
})

test('a module gives roles that exist and seeds only what is its own', () => {
  const pets = entity('pets', { name: text() })
  assert.match(problems(module({ access: { 'Big Boss': 'writer' } })).join(), /service role "Big Boss" must match/)
  assert.match(
    inShop(loose('pets', {}, { access: { admin: 'root' } })).join(),
    /shop@1 pets: access: "root" is not an access role/,
  )
  assert.match(problems(module({ seeds: [{ entity: pets, rows: [] }] })).join(), /seeds only entities of its own/)
})

function thrown(work: () => unknown): TenantryError {
  try {
    work()
  } catch (error) {
    assert.ok(error instanceof TenantryError)
    return error
  }
  assert.fail('an error was expected')
}

test('own rows name a text that holds the subject, and a service role inside a tenant', () => {
  const fields = {
    title: text(),
    owner: text(),
    n: integer(),
    tags: array(text()),
    cased: text({ collation: 'de-x-icu' }),
  }
  const own = (own: unknown, more: object = {}) =>
    inShop(loose('orders', { ...fields, given: text().default('x') }, { access, own, ...more }))
  const access = {
    ...{ customer: 'tenant_writer', reader: 'tenant_reader', gone: 'none', root: 'writer', anonymous: 'tenant_writer' },
  }
  assert.deepEqual(own({ customer: 'owner', reader: 'created_by' }, { authors: true }), [])
  assert.deepEqual(own({ customer: { writes: 'owner' } }), [])
  // Nobody gives it: it is the subject of who makes the row.
  assert.deepEqual(inShop(loose('orders', { owner: text().readOnly() }, { access, own: { customer: 'owner' } })), [])
  for (const [wrong, expected] of [
    [{ customer: 'created_by' }, /created_by needs authors: true/],
    [{ customer: 'nobody' }, /there is no field "nobody"/],
    [{ customer: 'n' }, /n must be a text/],
    [{ customer: 'tags' }, /tags must be a text/],
    [{ customer: 'cased' }, /cannot have a collation/],
    [{ customer: 'given' }, /given cannot have a default/],
    [{ customer: { field: 'owner' } }, /name the field/],
    [{ customer: 7 }, /name the field/],
    [{ stranger: 'owner' }, /access maps the service role to nothing/],
    [{ gone: 'owner' }, /access maps the service role to nothing/],
    [{ root: 'owner' }, /writer reaches across tenants/],
    [{ anonymous: 'owner' }, /callers without a token are nobody/],
    [{ reader: { writes: 'owner' } }, /tenant_reader writes nothing/],
  ] as const) {
    const found = own(wrong)
    assert.equal(found.length, 1, JSON.stringify(wrong))
    assert.match(found[0] ?? '', expected)
    assert.match(found[0] ?? '', /^shop@1 orders: own: /)
  }
  assert.match(own({ customer: 'owner' }, { scope: 'global' })[0] ?? '', /no rows of anybody/)
})

test('rows are shared of entities that have a tenant and no instances', () => {
  const shared = (fields: object, options: object) =>
    inShop(loose('orders', { title: text(), ...fields }, { shareWith: true, ...options }))
  assert.deepEqual(shared({}, {}), [])
  assert.match(shared({}, { scope: 'global' })[0] ?? '', /shareWith: an entity without a tenant/)
  assert.match(shared({}, { instanced: true })[0] ?? '', /shareWith: rows of an instance/)
  assert.match(shared({ shared_with: text() }, {})[0] ?? '', /shareWith: the field shared_with/)
})

test('the rules of fields leave a way to fill them in, and none around them', () => {
  const faults = (fields: Fields, options: object = {}) =>
    inShop(loose('shops', { name: text(), ...fields }, options)).map(fault => fault.replace(/^shop@1 shops\./, ''))
  const reserved = { read: ['boss', 'clerk'], write: ['boss'] } as const
  const fine: Fields = {
    pin: text().optional().hidden(),
    state: text().default('new').readOnly(),
    badge: text().writeOnce(),
    pay: integer().reserved(reserved),
    words: searchText('name'),
    pins: searchText('pin').hidden(),
    pays: searchText('wage').reserved({ read: ['boss'] }),
    wage: text().optional().reserved(reserved),
  }
  assert.deepEqual(faults(fine), [])
  const wrong: Fields = {
    pin: text().hidden(),
    state: text().readOnly(),
    all: text().reserved({}),
    none: text().reserved({ read: [] as unknown as [string] }),
    role: text().reserved({ read: ['No Role'] }),
    blind: text().reserved({ read: ['clerk'], write: ['boss'] }),
    wage: text().optional().reserved(reserved),
    words: searchText('pin'),
    more: searchText('wage').hidden(),
    parent: reference('shops', { onDelete: 'setNull' }).optional().writeOnce(),
    kept: searchText('name').readOnly(),
  }
  assert.deepEqual(
    faults(wrong).map(fault => fault.split(/: | needs|;|,/)[0]),
    ['pin', 'state', 'all', 'none', 'role', 'blind', 'words', 'more', 'parent', 'kept'],
  )
  for (const code of [text().hidden(), text().reserved(reserved), text().default('x').readOnly()])
    assert.match(faults({ code }, { key: ['code'] })[0] ?? '', /a field of the key/)
  const shown = action('act', {
    input: { pin: text().optional().hidden() },
    roles: ['admin'],
    run: async () => undefined,
  })
  assert.match(problems(module({ actions: [shown] }))[0] ?? '', /rules of fields are for those of entities/)
})
