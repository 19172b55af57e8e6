import assert from 'node:assert/strict'
import { test } from 'node:test'
import { getIntrospectionQuery, printSchema } from 'graphql'
import { Graphql, type GraphqlOptions } from '../../../src/api/graphql/graphql.ts'
import { defaultGraphqlLimits, graphqlLimitsFaults } from '../../../src/api/graphql/limits.ts'
import type { PlannedField } from '../../../src/api/graphql/prepared.ts'
import { GraphqlRefusal } from '../../../src/api/graphql/refusal.ts'
import { Remembered } from '../../../src/api/graphql/remembered.ts'
import { sourceOfBody, sourceOfQuery } from '../../../src/api/graphql/request.ts'
import { negotiateGraphql } from '../../../src/api/graphql/respond.ts'
import { singularOf } from '../../../src/api/graphql/words.ts'
import { limitsOf } from '../../../src/api/rest/limits.ts'
import { action } from '../../../src/core/action.ts'
import { DefinedName } from '../../../src/core/defined-name.ts'
import { entity } from '../../../src/core/entity.ts'
import { bigint, decimal, json, oneOf, reference, text } from '../../../src/core/field.ts'
import type { ModuleDefinition } from '../../../src/core/module.ts'
import { createModuleSet, type ModuleSet } from '../../../src/core/module-set.ts'
import type { Read } from '../../../src/core/plan.ts'
import { checkPlan } from '../../../src/core/plan-check.ts'
import { statementOf } from '../../../src/data/postgres/sql/statement.ts'

const access = { admin: 'tenant_writer', auditor: 'tenant_reader' } as const
const people = entity('people', {
  full_name: text(),
  boss_id: reference<string>('people').optional(),
  size: bigint().default(0),
  money: decimal(20, 2).default('0'),
  state: oneOf('on', 'off').default('on'),
  // No name for GraphQL.
  shape: oneOf('a-b', 'c').default('c'),
  details: json().optional(),
})
const pets = entity('pets', {
  name: text(),
  owner_id: reference(() => people),
  sitter_id: reference(() => people).optional(),
})
const teams = entity('teams', { title: text() })
const members = entity(
  'members',
  { team_id: reference(() => teams), person_id: reference(() => people) },
  { key: ['team_id', 'person_id'] },
)
const badges = entity('badges', {
  owner_id: reference(() => people)
    .optional()
    .reserved({ read: ['chief'] }),
})
const crew: ModuleDefinition = {
  name: 'crew',
  version: '1.0.0',
  entities: [people, pets, teams, members, badges],
  access,
}
const crew2: ModuleDefinition = {
  name: 'crew',
  version: '2.1.0',
  entities: [entity('people', { nickname: text() })],
  access,
}
const zoo: ModuleDefinition = { name: 'zoo', version: '1.0.0', entities: [entity('pets', { species: text() })], access }

function open(definitions: readonly ModuleDefinition[], options: Partial<GraphqlOptions> = {}) {
  const modules = createModuleSet(definitions)
  const graphql = new Graphql({
    modules: modules.modules,
    limits: defaultGraphqlLimits,
    limitsOf: ({ limits }) => limitsOf(limits, {}),
    introspection: true,
    documents: new Map(),
    only: false,
    now: () => performance.now(),
    ...options,
  })
  const schemaOf = (subscriptions: readonly string[], roles = ['admin'], module?: string) =>
    graphql.schemaFor(callerOf(modules, subscriptions, roles), module === undefined ? null : modules.get(module))
  const prepare = (query: string, variables?: object, subscriptions = ['crew@1']) =>
    graphql.prepare(schemaOf(subscriptions), sourceOfBody(JSON.stringify({ query, variables }), 'application/json'))
  const planOf = (query: string, variables?: object) => (prepare(query, variables).fields[0] as PlannedField).plan
  return { modules, graphql, schemaOf, prepare, planOf }
}

function callerOf(modules: ModuleSet, subscriptions: readonly string[], roles: readonly string[], tenant = 'acme') {
  const principal = { subject: 'ann', tenant, roles, instance: null, anonymous: false }
  return { principal, exposure: modules.expose(subscriptions), acrossTenants: false }
}

const { graphql, modules, schemaOf, prepare, planOf } = open([crew, crew2, zoo])

function refused(work: () => unknown): string {
  try {
    work()
  } catch (error) {
    if (error instanceof GraphqlRefusal) return error.errors.map(({ message }) => message).join('\n')
    throw error
  }
  return ''
}

test('names are decided over the whole product, so that no subscription renames anything', () => {
  const fields = (subscriptions: string[]) =>
    Object.keys(schemaOf(subscriptions).schema.getQueryType()?.getFields() ?? {})
  const one = fields(['crew@1'])
  assert.deepEqual(one.slice(0, 6), [
    'people',
    'getPersonById',
    'countPeople',
    'crewPets',
    'getCrewPetById',
    'countCrewPets',
  ])
  assert.ok(one.includes('getMemberByTeamIdAndPersonId'))
  const all = fields(['crew@1', 'crew@2', 'zoo@1'])
  for (const name of one) assert.ok(all.includes(name), name)
  assert.ok(all.includes('zooPets') && all.includes('peopleV2') && all.includes('getPersonByIdV2'))
  assert.deepEqual(fields(['crew@2'])[0], 'people')
})

test('names that would meet are told apart, whatever entities, fields and actions are called', () => {
  const odd: ModuleDefinition = {
    name: 'odd',
    version: '1.0.0',
    entities: [
      entity('person', { and_id: reference(() => people).optional(), people: text().optional() }),
      people,
      entity('person_wheres', { a_b: text(), a__b: text() }),
      entity('count_people', { name: text() }),
      entity('person_states', { name: text() }),
      entity('queries', { name: text() }),
      entity('strings', { true: text() }),
    ],
    actions: [
      action('people', { reads: [people], sql: 'select' }),
      action('count', { reads: [people], sql: 'select' }),
    ],
    access,
  }
  const text_ = printSchema(open([odd]).schemaOf(['odd@1']).schema)
  for (const part of [
    '  callPeople: Boolean!',
    'a_B: String!',
    'type OddQuery {',
    'type OddString {',
    '  countPeople_(',
  ]) {
    assert.ok(text_.includes(part), part)
  }
})

test('words have their singular', () => {
  const words = {
    line_items: 'line_item',
    people: 'person',
    addresses: 'address',
    statuses: 'status',
    boxes: 'box',
    categories: 'category',
    news: 'news',
    data: 'data',
    houses: 'house',
  }
  for (const [plural, singular] of Object.entries(words)) assert.equal(singularOf(plural), singular)
})

test('a field of a root is one plan: fragments, aliases, directives and variables are part of it', () => {
  const query = `query($with: Boolean!, $name: String, $limit: Int = 3) {
    people(where: { fullName: { eq: $name }, not: { crewPetsByOwner: { name: { like: "R%" } } } }, limit: $limit, offset: 2) {
      ...Both called: fullName crewPetsByOwner(limit: 1) { name }
      ... @include(if: $with) { boss { id } }
      crewPetsByOwner(limit: 1) { owner { fullName @skip(if: $with) id } }
    }
  }
  fragment Both on Person { __typename id teams { title } }`
  const plan = planOf(query, { with: false, name: 'Ann' }) as Read
  const shown = JSON.parse(
    JSON.stringify(plan.select, (key, value) =>
      key === 'link' ? undefined : value instanceof DefinedName ? `!${value.text}` : value,
    ),
  )
  const embed = (relation: string, alias: string, query: object) => ({
    kind: 'embed',
    relation,
    alias,
    join: 'left',
    spread: false,
    query,
  })
  const field = (name: string, alias: string) => ({ kind: 'field', path: { field: name }, alias })
  const pet = {
    limit: 1,
    select: [
      field('name', '!name'),
      embed('people', '!owner', { select: [field('full_name', '!fullName'), field('id', '!id')] }),
    ],
  }
  assert.deepEqual(shown, [
    { kind: 'constant', alias: '!__typename', value: 'Person' },
    field('id', '!id'),
    embed('teams', '!teams', { limit: 1000, select: [field('title', '!title')] }),
    field('full_name', 'called'),
    embed('pets', '!crewPetsByOwner', pet),
    embed('pets', '?0', {
      select: [],
      where: { kind: 'compare', path: { field: 'name' }, not: false, operator: 'like', value: 'R%' },
    }),
  ])
  assert.deepEqual([plan.limit, plan.offset, plan.output], [3, 2, 'exact'])
  // In the order of the schema and not of the document, so that the statement is the same.
  assert.deepEqual(plan.where, {
    kind: 'and',
    not: false,
    conditions: [
      { kind: 'and', not: true, conditions: [{ kind: 'related', embed: '?0', not: false }] },
      { kind: 'compare', path: { field: 'full_name' }, not: false, operator: 'eq', value: 'Ann' },
    ],
  })
})

test('names of the definitions stand in the statement, and what a request calls something is bound', () => {
  const plan = planOf('{ people { fullName evilName: fullName crewPetsByOwner { __typename name } } }')
  const { exposure } = callerOf(modules, ['crew@1'], ['admin'])
  const { text, values } = statementOf(checkPlan(plan, exposure))
  assert.ok(!text.includes('evilName') && values.some(value => value?.includes('evilName')), text)
  const plain = statementOf(
    checkPlan(planOf('{ people { fullName crewPetsByOwner { __typename name } } }'), exposure),
  ).text
  for (const name of ['"fullName"', '"crewPetsByOwner"', '"__typename"']) assert.ok(plain.includes(`as ${name}`), plain)
  assert.throws(() => new DefinedName('a"b'), { code: 'internal' })
})

test('numbers keep their digits, as text, as numbers of JSON and in the document', () => {
  const insert = (query: string, body = '{}') => {
    const source = sourceOfBody(`{"query":${JSON.stringify(query)},"variables":${body}}`, 'application/json')
    const [field] = graphql.prepare(schemaOf(['crew@1']), source).fields
    const plan = field?.kind === 'plan' && field.plan
    return plan && plan.kind === 'insert' ? plan.rows : ''
  }
  const literal = insert(
    'mutation { insertPeople(inputs: [{ fullName: "a", size: 9223372036854775807, money: 123456789012345678.90, details: [0.10, 12345678901234567890] }]) { id } }',
  )
  assert.equal(
    literal,
    '[{"full_name":"a","size":"9223372036854775807","money":"123456789012345678.90","details":[0.10,12345678901234567890]}]',
  )
  const given =
    '{"p":{"fullName":"a","size":9223372036854775807,"money":123456789012345678.90,"details":{"n":12345678901234567890}}}'
  const variable = insert('mutation($p: PersonInput!) { insertPeople(inputs: [$p]) { id } }', given)
  assert.equal(
    variable,
    '[{"full_name":"a","size":"9223372036854775807","money":"123456789012345678.90","details":{"n":12345678901234567890}}]',
  )
  assert.match(
    refused(() => prepare('mutation { insertPeople(inputs: [{ fullName: "a", size: 9223372036854775808 }]) { id } }')),
    /This is no BigInt/,
  )
})

test('a condition that was forgotten is refused, and so is a write of all rows that nobody meant', () => {
  for (const where of [
    '{ fullName: {} }',
    '{ fullName: { eq: $x } }',
    '{ fullName: { gt: null } }',
    '{ boss: null }',
    '{ details: { at: [{ path: [] , eq: "x" }] } }',
  ])
    assert.match(
      refused(() =>
        prepare(
          `query($x: String) { people(where: ${where}) { id } q: people(where: {fullName: {eq: $x, isNull: true}}) { id } }`,
        ),
      ),
      /^The condition on "\w+" is empty/,
      where,
    )
  assert.match(
    refused(() => prepare('mutation { deletePeople { id } }')),
    /"where" of type "PersonWhere!" is required/,
  )
  assert.match(
    refused(() => prepare('mutation { deletePeople(where: { boss: {} }) { id } }')),
    /not for those with related rows/,
  )
  assert.equal(planOf('{ people(where: { fullName: { eq: null } }) { id } }').kind, 'read')
})

test('10,000 tenants over 20 sets of module versions have 20 schemas', () => {
  const definitions = Array.from({ length: 20 }, (_, index) => ({
    name: `m${index}`,
    version: '1.0.0',
    entities: [entity(`things${index}`, { name: text() })],
    access,
  }))
  const many = open(definitions)
  for (let index = 0; index < 10_000; index++) {
    const caller = callerOf(many.modules, [`m${index % 20}@1`], ['admin'], `tenant-${index}`)
    many.graphql.schemaFor(caller, null)
  }
  assert.deepEqual(many.graphql.schemas, { kept: 20, made: 20 })
  // Roles that nothing here is mapped to make no difference.
  many.graphql.schemaFor(callerOf(many.modules, ['m1@1'], ['admin', 'stranger']), null)
  assert.equal(many.graphql.schemas.made, 20)
  many.graphql.schemaFor(callerOf(many.modules, ['m1@1'], ['auditor']), null)
  assert.equal(many.graphql.schemas.made, 21)
})

test('what was asked in the same words is the same plan, so that its statement is known', () => {
  const query = '{ people { id } }'
  assert.equal(planOf(query), planOf(query))
  assert.notEqual(schemaOf(['crew@1']).id, schemaOf(['crew@1'], ['auditor']).id)
  assert.ok(!printSchema(schemaOf(['crew@1'], ['auditor']).schema).includes('Mutation'))
  assert.equal(schemaOf(['crew@1'], ['nobody']).empty, true)
  // What a reserved reference makes is seen by those who see the field, with all else the same.
  const [plain, chief] = [['admin'], ['admin', 'chief']].map(roles => printSchema(schemaOf(['crew@1'], roles).schema))
  // In the type that a badge is, and in the type that has badges.
  const badge = /^type Badge \{[^}]*\bownerId: UUID\b[^}]*\bowner: Person\b/m
  assert.deepEqual([badge.test(chief ?? ''), badge.test(plain ?? '')], [true, false])
  assert.deepEqual(
    [chief, plain].map(text => text?.match(/^ {2}badges\b/gm)?.length),
    [3, 1],
  )
})

test('introspection can be turned off, and then nothing is suggested either', () => {
  const closed = open([crew], { introspection: false })
  assert.match(
    refused(() => closed.prepare('{ __schema { types { name } } }')),
    /introspection/,
  )
  assert.equal(
    refused(() => closed.prepare('{ peple { id } }')),
    'Cannot query field "peple" on type "Query".',
  )
  assert.match(
    refused(() => prepare('{ peple { id } }')),
    /Did you mean "people"/,
  )
  const [whole] = prepare(
    getIntrospectionQuery({ inputValueDeprecation: true, oneOf: true, specifiedByUrl: true }),
  ).fields
  assert.ok(whole?.kind === 'constant' && whole.json.includes('"PersonWhere"'))
})

test('a schema is told of a part of the time only, but for what was asked in the same words', () => {
  let time = 0
  const slow = open([crew], { now: () => (time += 600) })
  const ask = (name: string) => slow.prepare(`{ ${name}: __schema { types { name } } }`)
  for (const name of ['a', 'b', 'c']) ask(name)
  assert.throws(() => ask('d'), { code: 'limited' })
  assert.doesNotThrow(() => ask('a'))
  time += 5_000
  assert.doesNotThrow(() => ask('d'))
})

test('what is kept is bounded by its weight, and the newest stays', () => {
  const kept = new Remembered<string>(3, 10)
  for (const [key, weight] of [
    ['a', 4],
    ['b', 4],
    ['c', 4],
  ] as const)
    kept.set(key, key, weight)
  assert.deepEqual([kept.get('a'), kept.get('b'), kept.get('c')], [undefined, 'b', 'c'])
  kept.set('d', 'd', 50)
  assert.deepEqual([kept.count, kept.get('d')], [1, 'd'])
})

test('a product may run only the documents that it knows', () => {
  const documents = new Map([['sha256:ab', '{ people { id } }']])
  const only = open([crew], { documents, only: true })
  const source = (body: object) => sourceOfBody(JSON.stringify(body), 'application/json')
  const prepareBody = (body: object) => only.graphql.prepare(only.schemaOf(['crew@1']), source(body))
  assert.equal(prepareBody({ documentId: 'sha256:ab' }).fields.length, 1)
  assert.match(
    refused(() => prepareBody({ query: '{ people { id } }' })),
    /Only documents that the product knows/,
  )
  assert.match(
    refused(() => prepareBody({ documentId: 'sha256:cd' })),
    /no document with this id/,
  )
  assert.throws(() => prepareBody({ documentId: 'sha256:ab', query: '{ people { id } }' }), /either/)
})

test('a GET changes nothing, also when the same document was sent with POST before', () => {
  const query = 'mutation { deletePeople(where: {}) { id } }'
  const schema = schemaOf(['crew@1'])
  graphql.prepare(schema, sourceOfBody(JSON.stringify({ query }), 'application/json'))
  assert.throws(() => graphql.prepare(schema, sourceOfQuery(`query=${encodeURIComponent(query)}`)), {
    reason: 'graphql_method',
  })
})

test('hostile documents are refused within 10 ms', () => {
  const many = (count: number, part: (index: number) => string) =>
    Array.from({ length: count }, (_, index) => part(index)).join(' ')
  const hostile: Readonly<Record<string, string>> = {
    deep: `{ people ${'{ boss '.repeat(12)} { id } ${'}'.repeat(12)} }`,
    deeper: `{ people ${'{ boss '.repeat(2_000)} { id } ${'}'.repeat(2_000)} }`,
    wide: `{ ${many(400, index => `a${index}: countPeople`)} }`,
    fields: `{ people { ${many(2_000, index => `a${index}: id`)} } }`,
    repeated: `{ people { ${'id '.repeat(400)} } }`,
    circle: '{ people { ...A } } fragment A on Person { boss { ...B } } fragment B on Person { boss { ...A } }',
    blowUp: `{ people { ...F0 } } ${many(30, index => `fragment F${index} on Person { a: boss { ...F${index + 1} } b: boss { ...F${index + 1} } }`)} fragment F30 on Person { id }`,
    overlap: `{ people { ${many(40, index => `...G${index}`)} } } ${many(40, index => `fragment G${index} on Person { boss { ${'boss { id } '.repeat(10)} } }`)}`,
    directives: `{ people { id ${'@include(if: true) '.repeat(200)} } }`,
    values: `{ people(where: { fullName: { in: [${'"x",'.repeat(4_990)}] } }) { id } }`,
    nestedValues: `{ people(where: ${'{ and: ['.repeat(40)} {} ${'] }'.repeat(40)}) { id } }`,
    costly:
      '{ people(limit: 1000) { crewPetsByOwner(limit: 1000) { owner { crewPetsByOwner(limit: 1000) { id } } } } }',
    long: `{ people(where: { fullName: { eq: "${'x'.repeat(100_000)}" } }) { id } }`,
    quotes: `{ people(where: { fullName: { eq: ${'"""'.repeat(10_000)} } }) { id } }`,
    introspection: `{ __schema { ${many(30, index => `t${index}: types { fields { args { name } } }`)} } }`,
    definitions: many(400, index => `query Q${index} { people { id } }`),
    unknown: `{ ${many(300, index => `x${index}`).slice(0, 90)} }`,
  }
  const slow = Object.entries(hostile).flatMap(([name, query]) => {
    let least = Number.POSITIVE_INFINITY
    for (let round = 0; round < 10; round++) {
      const start = performance.now()
      assert.notEqual(
        refused(() => prepare(query)),
        '',
        name,
      )
      least = Math.min(least, performance.now() - start)
    }
    return least > 10 ? [`${name}: ${least.toFixed(1)} ms`] : []
  })
  assert.deepEqual(slow, [])
})

test('limits are whole numbers within bounds, and media types are chosen by what is accepted', () => {
  assert.deepEqual(graphqlLimitsFaults({ depth: 3, cost: 10 }), [])
  assert.deepEqual(graphqlLimitsFaults({ depth: 0, rows: 1 }).length, 2)
  assert.equal(
    negotiateGraphql('application/json;q=0.5, application/graphql-response+json'),
    'application/graphql-response+json',
  )
  assert.equal(negotiateGraphql('text/html, */*;q=0.1'), 'application/json')
  assert.throws(() => negotiateGraphql('text/html'), { reason: 'graphql_accept' })
  assert.equal(modules.modules.length, 3)
})
