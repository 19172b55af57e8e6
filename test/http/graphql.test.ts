import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { auditServer } from 'graphql-http'
import { defineModule } from '../../src/app/define-module.ts'
import { graphqlFaults, readDocuments } from '../../src/app/graphql-documents.ts'
import { action, type RunBody } from '../../src/core/action.ts'
import { row, rows } from '../../src/core/action-definition.ts'
import { entity } from '../../src/core/entity.ts'
import { TenantryError } from '../../src/core/errors.ts'
import { array, bigint, decimal, integer, json, oneOf, reference, text } from '../../src/core/field.ts'
import { type Answer, jsonOf } from './client.ts'
import { type OpenProduct, openProduct } from './open-product.ts'

const makers = entity(
  'makers',
  {
    name: text().unique(),
    boss_id: reference<string>('makers', { onDelete: 'setNull' }).optional(),
    secret: text().hidden().default('hidden from all'),
    salary: decimal(12, 2)
      .reserved({ read: ['admin'], write: ['admin'] })
      .default('0'),
  },
  { revision: true, softDelete: true },
)

const things = entity(
  'things',
  {
    title: text({ max: 20 }),
    maker_id: reference(() => makers).optional(),
    kind: oneOf('tool', 'toy').default('tool'),
    pieces: bigint().default(0),
    tags: array(text()).default([]),
    details: json().default({}),
  },
  { indexes: [['maker_id']] },
)

/** Rows of one's own. */
const memos = entity(
  'memos',
  { text: text() },
  { authors: true, own: { guest: 'created_by' }, access: { guest: 'tenant_writer' } },
)
const meters = entity('meters', { value: integer() }, { instanced: true })
const banners = entity('banners', { text: text() }, { access: { anonymous: 'tenant_reader' } })

const thingsOf = action('things_of', {
  description: 'The things of a maker',
  input: { maker_id: reference(() => makers) },
  reads: [things],
  output: rows(things),
  sql: 'select * from things t where t.maker_id = things_of.maker_id',
})

const rename: RunBody<
  { from: ReturnType<typeof text>; to: ReturnType<typeof text> },
  ReturnType<typeof row<typeof makers>>
>['run'] = async (tenant, { from, to }) => {
  const [found] = await tenant.list(makers, { where: { name: { eq: from } } })
  if (!found) throw new TenantryError('not_found', 'There is no such maker')
  if (tenant.version.major !== 1) throw new Error('wrong module')
  return tenant.update(makers, found.id, { name: to })
}
const renameMaker = action('rename_maker', {
  input: { from: text(), to: text() },
  writes: [makers],
  output: row(makers),
  run: rename,
})

const access = { admin: 'tenant_writer', auditor: 'tenant_reader', service_admin: 'reader' } as const
const forge = defineModule({
  name: 'forge',
  version: '1.2.0',
  entities: [makers, things, memos, meters, banners],
  actions: [thingsOf, renameMaker],
  access,
})
const sales = defineModule({
  name: 'sales',
  version: '1.0.0',
  dependsOn: ['forge@1'],
  entities: [entity('sales', { thing_id: reference(() => things), price: decimal(10, 2) })],
  access,
})

let product: OpenProduct
const tokens: Record<string, string> = {}
const wire = { counting: false, writes: 0 }

before(async () => {
  product = await openProduct({
    modules: [forge, sales],
    tenants: [
      { key: 'acme', subscribe: ['forge@1', 'sales@1'] },
      { key: 'globex', subscribe: ['forge@1', 'sales@1'] },
      { key: 'initech', subscribe: ['forge@1'] },
    ],
  })
  for (const tenant of ['acme', 'globex', 'initech']) tokens[tenant] = await product.token(tenant)
  tokens.auditor = await product.token('acme', { roles: ['auditor'] })
  watchDatabase(Number(new URL(product.url).port))
})
after(() => product.close())

/** Where the test runner writes to. */
const reports: readonly unknown[] = [process.stdout, process.stderr]

/** Counts the writes to the database while `wire.counting`. */
function watchDatabase(httpPort: number): void {
  const methods = Socket.prototype as unknown as Record<
    '_write' | '_writev',
    (this: Socket, ...given: unknown[]) => unknown
  >
  for (const name of ['_write', '_writev'] as const) {
    const original = methods[name]
    methods[name] = function (this: Socket, ...given) {
      const ours = this.localPort === httpPort || this.remotePort === httpPort
      if (wire.counting && !ours && !reports.includes(this)) wire.writes++
      return original.apply(this, given)
    }
  }
}

/** The least of three times, since the platform writes by itself now and then. */
async function countWrites<T>(work: () => Promise<T>): Promise<{ writes: number; answer: T }> {
  const rounds: { writes: number; answer: T }[] = []
  while (rounds.length < 3) {
    Object.assign(wire, { counting: true, writes: 0 })
    const answer = await work()
    wire.counting = false
    rounds.push({ writes: wire.writes, answer })
  }
  return rounds.reduce((least, round) => (round.writes < least.writes ? round : least))
}

interface Result {
  readonly data?: Record<string, unknown> | null
  readonly errors?: { message: string; path?: unknown[]; locations?: unknown[]; extensions: Record<string, unknown> }[]
}

interface Where {
  readonly tenant?: string
  readonly token?: string
  readonly path?: string
}

function post(
  query: string,
  variables?: object,
  { tenant = 'acme', token = tenant, path = `/${tenant}/graphql` }: Where = {},
): Promise<Answer> {
  return product.ask(path, { token: tokens[token] ?? token, body: { query, variables } })
}

async function ask(...given: Parameters<typeof post>): Promise<Result> {
  const answer = await post(...given)
  assert.equal(answer.status, 200, answer.text)
  return jsonOf<Result>(answer)
}

async function dataOf<T = Record<string, never>>(...given: Parameters<typeof post>): Promise<T> {
  const { data, errors } = await ask(...given)
  assert.equal(errors, undefined, JSON.stringify(errors))
  return data as T
}

const makerIds: Record<string, string> = {}

test('both addresses pass the whole audit of GraphQL over HTTP', async () => {
  for (const path of ['/acme/forge/v1/graphql', '/acme/graphql']) {
    const fetchFn = (url: string, options: RequestInit = {}) =>
      fetch(url, { ...options, headers: { ...options.headers, authorization: `Bearer ${tokens.acme}` } })
    const results = await auditServer({ url: `${product.url}${path}`, fetchFn })
    const failed = results
      .filter(({ status }) => status !== 'ok')
      .map(({ name, ...rest }) => [name, 'reason' in rest && rest.reason])
    assert.deepEqual(failed, [])
    assert.ok(results.length > 50)
  }
})

test('rows are added, and read nested both ways, each root field with one statement', async () => {
  for (const tenant of ['acme', 'globex']) {
    const added = await dataOf<{ insertMakers: { id: string }[] }>(
      'mutation($inputs: [MakerInput!]!) { insertMakers(inputs: $inputs) { id name } }',
      { inputs: [{ name: 'Forge' }, { name: 'Mill', salary: '12.50' }] },
      { tenant },
    )
    makerIds[tenant] = added.insertMakers[0]?.id ?? ''
    await dataOf(
      `mutation($maker: UUID) { insertThings(inputs: [{ title: "of ${tenant}", makerId: $maker, kind: toy, pieces: 9007199254740993 }, { title: "loose", tags: ["a", null] }]) { id } }`,
      { maker: makerIds[tenant] },
      { tenant },
    )
  }
  const query = `query($id: UUID!) {
    getMakerById(id: $id) { __typename name things { title kind pieces maker { id things { title } } } }
    all: things(orderBy: [{ field: title }], where: { maker: { name: { like: "F%" } } }) { title ...Tags }
    countThings
  }
  fragment Tags on Thing { tags }`
  const expected = {
    getMakerById: {
      __typename: 'Maker',
      name: 'Forge',
      things: [
        {
          title: 'of acme',
          kind: 'toy',
          pieces: '9007199254740993',
          maker: { id: makerIds.acme, things: [{ title: 'of acme' }] },
        },
      ],
    },
    all: [{ title: 'of acme', tags: [] }],
    countThings: 2,
  }
  assert.deepEqual(await dataOf(query, { id: makerIds.acme }), expected)
  const { writes, answer } = await countWrites(() => dataOf(query, { id: makerIds.acme }))
  assert.deepEqual(answer, expected)
  assert.ok(writes <= 3, `${writes} writes for three root fields`)
  const nested = '{ makers { name boss { name } things { title maker { things { maker { name } } } } } }'
  await dataOf(nested)
  assert.equal((await countWrites(() => dataOf(nested))).writes, 1)
})

test('what another tenant has is as what nobody has: in arguments, conditions, related rows and payloads', async () => {
  const nobody = '00000000-0000-7000-8000-00000000dead'
  const theirs = makerIds.globex ?? ''
  const attacks = [
    'query($id: UUID!) { getMakerById(id: $id) { name } }',
    'query($id: UUID!) { makers(where: { id: { eq: $id } }) { name } countMakers(where: { id: { in: [$id] } }) }',
    'query($id: UUID!) { things(where: { maker: { id: { eq: $id } } }) { title } countThings(where: { makerId: { eq: $id } }) }',
    'query($id: UUID!) { thingsOf(makerId: $id) { title } }',
    'mutation($id: UUID!) { updateMakers(where: { id: { eq: $id } }, input: { name: "mine" }) { id } }',
    'mutation($id: UUID!) { deleteMakers(where: { id: { eq: $id } }) { id } }',
    'mutation($id: UUID!) { insertThings(inputs: [{ title: "x", makerId: $id }]) { id maker { name } } }',
    'mutation($id: UUID!) { updateThings(where: {}, input: { makerId: $id }) { id } }',
    'mutation($id: UUID!) { saveMaker(input: { id: $id, name: "mine" }, revision: 1) { id } }',
  ]
  for (const query of attacks) {
    const [real, made] = [await post(query, { id: theirs }), await post(query, { id: nobody })]
    assert.equal(real.plain, made.plain, query)
    assert.ok(!real.text.includes('globex'), real.text)
  }
  assert.deepEqual(await dataOf('{ makers(orderBy: [{ field: name }]) { name revision } }', {}, { tenant: 'globex' }), {
    makers: [
      { name: 'Forge', revision: 1 },
      { name: 'Mill', revision: 1 },
    ],
  })
  const foreign = [
    await post('{ makers { id } }', {}, { tenant: 'globex', token: 'acme' }),
    await post('{ makers { id } }', {}, { tenant: 'nobody', token: 'acme' }),
  ]
  assert.equal(foreign[0]?.status, 403)
  assert.equal(foreign[0]?.plain, foreign[1]?.plain)
})

test('a mutation is all or nothing, and its errors say where', async () => {
  const before = await dataOf('{ countMakers }')
  const failed = await ask(
    'mutation { insertMakers(inputs: [{ name: "New" }]) { id } again: insertMakers(inputs: [{ name: "New" }]) { id } }',
  )
  assert.equal(failed.data, null)
  assert.deepEqual(
    failed.errors?.map(({ path, locations, extensions }) => ({ path, locations, ...extensions })),
    [
      {
        path: ['again'],
        locations: [{ line: 1, column: 59 }],
        code: 'conflict',
        reason: '23505',
        fields: { name: ['is taken'] },
      },
    ],
  )
  assert.deepEqual(await dataOf('{ countMakers }'), before)
  const { renameMaker: renamed, insertMakers } = await dataOf<Record<string, { name: string }>>(
    'mutation { insertMakers(inputs: [{ name: "New" }]) { name } renameMaker(from: "New", to: "Newer") { name } }',
  )
  assert.deepEqual([insertMakers, renamed], [[{ name: 'New' }], { name: 'Newer' }])
  const gone = await ask(
    'mutation { insertMakers(inputs: [{ name: "Lost" }]) { name } renameMaker(from: "nobody", to: "x") { name } }',
  )
  assert.deepEqual([gone.data, gone.errors?.[0]?.extensions.code], [null, 'not_found'])
  assert.deepEqual(await dataOf('{ makers(where: { name: { eq: "Lost" } }) { name } }'), { makers: [] })
})

test('a mutation with an Idempotency-Key is made once, and one that failed not at all', async () => {
  const send = (name: string, key: string) =>
    product.ask('/acme/graphql', {
      token: tokens.acme ?? '',
      headers: { 'idempotency-key': key },
      body: {
        query: `mutation { insertMakers(inputs: [{ name: "${name}" }]) { id } b: insertBanners(inputs: [{ text: "${name}" }]) { id } }`,
      },
    })
  const [first, second] = [await send('Once', 'one'), await send('Once', 'one')]
  assert.equal(first.text, second.text)
  assert.deepEqual([first.headers['idempotency-replayed'], second.headers['idempotency-replayed']], [undefined, 'true'])
  assert.equal(jsonOf<Result>(await send('Other', 'one')).errors?.[0]?.extensions.reason, 'idempotency_key_reused')
  for (let round = 0; round < 2; round++)
    assert.equal(jsonOf<Result>(await send('Once', 'two')).errors?.[0]?.extensions.reason, '23505')
  assert.deepEqual(await dataOf('{ countMakers(where: { name: { eq: "Once" } }) }'), { countMakers: 1 })
})

test('rows are changed, saved under their revision, deleted, restored and purged', async () => {
  const [made] = (
    await dataOf<{ insertMakers: { id: string }[] }>('mutation { insertMakers(inputs: [{ name: "Kiln" }]) { id } }')
  ).insertMakers
  const id = made?.id ?? ''
  const save =
    'mutation($id: UUID!, $revision: Int) { saveMaker(input: { id: $id, name: "Kilns" }, revision: $revision) { name revision } }'
  assert.deepEqual(await dataOf(save, { id, revision: 1 }), { saveMaker: { name: 'Kilns', revision: 2 } })
  assert.equal((await ask(save, { id, revision: 1 })).errors?.[0]?.extensions.code, 'precondition_failed')
  const remove = 'mutation($id: UUID!) { deleteMakers(where: { id: { eq: $id } }) { name deletedAt } }'
  assert.equal((await dataOf<{ deleteMakers: unknown[] }>(remove, { id })).deleteMakers.length, 1)
  assert.deepEqual(
    await dataOf(
      'query($id: UUID!) { getMakerById(id: $id) { name } all: getMakerById(id: $id, deleted: INCLUDE) { name } }',
      { id },
    ),
    {
      getMakerById: null,
      all: { name: 'Kilns' },
    },
  )
  const purge = 'mutation($id: UUID!) { deleteMakers(where: { id: { eq: $id } }, purge: true) { name } }'
  assert.deepEqual(await dataOf(purge, { id }), { deleteMakers: [{ name: 'Kilns' }] })
  const missing = await ask('mutation { updateMakers(input: { name: "all" }) { id } }')
  assert.match(missing.errors?.[0]?.message ?? '', /argument "where" of type "MakerWhere!" is required/)
})

test('what a caller may not use is not in its schema, nor named by an error', async () => {
  const names = async (token: string, type: string) => {
    const query = 'query($type: String!) { __type(name: $type) { fields { name } } }'
    const { __type } = await dataOf<{ __type: { fields: { name: string }[] } | null }>(query, { type }, { token })
    return __type?.fields.map(({ name }) => name)
  }
  assert.ok((await names('acme', 'Maker'))?.includes('salary'))
  for (const token of ['acme', 'auditor']) assert.ok(!(await names(token, 'Maker'))?.includes('secret'))
  assert.ok(!(await names('auditor', 'Maker'))?.includes('salary'))
  assert.equal(await names('auditor', 'Mutation'), undefined)
  const [{ message = '' } = {}] = (await ask('{ makers { salar } }', {}, { token: 'auditor' })).errors ?? []
  assert.equal(message, 'Cannot query field "salar" on type "Maker".')
  // What the tenant does not subscribe to is not there, and what it does is called the same.
  const initech = await ask('{ sales { id } }', {}, { tenant: 'initech' })
  assert.match(initech.errors?.[0]?.message ?? '', /^Cannot query field "sales" on type "Query"/)
  assert.equal((await post('{ __typename }', {}, { tenant: 'initech', path: '/initech/sales/v1/graphql' })).status, 404)
  assert.deepEqual(await dataOf('{ things { sales { price } } }', {}, { path: '/acme/forge/v1/graphql' }), {
    things: [{ sales: [] }, { sales: [] }],
  })
  const stranger = await product.token('acme', { roles: ['stranger'] })
  assert.equal((await post('{ __typename }', {}, { token: stranger })).status, 403)
})

test('callers without a token see what is open to them, and else are asked for one', async () => {
  const anonymous = await product.ask('/acme/forge/v1/graphql', {
    body: { query: '{ banners { text } __schema { types { name } } }' },
  })
  assert.equal(anonymous.status, 200)
  assert.ok(!anonymous.text.includes('Maker'))
  const closed = await product.ask('/acme/sales/v1/graphql', { body: { query: '{ sales { id } }' } })
  assert.equal(closed.status, 401)
  assert.deepEqual(jsonOf<Result>(closed).errors?.[0]?.extensions.code, 'unauthenticated')
})

test('own rows and instances are kept as everywhere', async () => {
  const [ann, bob] = await Promise.all(
    ['ann', 'bob'].map(subject => product.token('acme', { roles: ['guest'], subject })),
  )
  await dataOf('mutation { insertMemos(inputs: [{ text: "of ann" }]) { id } }', {}, { token: ann ?? '' })
  const theirs = '{ memos { text } countMemos }'
  assert.deepEqual(await dataOf(theirs, {}, { token: bob ?? '' }), { memos: [], countMemos: 0 })
  assert.deepEqual(await dataOf(theirs, {}, { token: ann ?? '' }), { memos: [{ text: 'of ann' }], countMemos: 1 })
  const north = await product.token('acme', { instance: 'north' })
  const south = await product.token('acme', { instance: 'south' })
  await dataOf('mutation { insertMeters(inputs: [{ value: 7 }]) { value } }', {}, { token: north })
  assert.deepEqual(await dataOf('{ meters { value } }', {}, { token: south }), { meters: [] })
  const id = '00000000-0000-7000-8000-000000000001'
  for (const token of [north, south])
    await dataOf('mutation($id: UUID) { insertMeters(inputs: [{ id: $id, value: 9 }]) { id } }', { id }, { token })
  const one = 'query($id: UUID!) { getMeterById(id: $id) { value } countPlaces: countThings }'
  assert.deepEqual((await dataOf(one, { id }, { token: south })).getMeterById, { value: 9 })
  const { data, errors } = await ask(one, { id })
  assert.deepEqual(
    [data?.getMeterById, typeof data?.countPlaces, errors?.[0]?.path],
    [null, 'number', ['getMeterById']],
  )
  await dataOf('mutation($id: UUID) { deleteMeters(where: { id: { eq: $id } }) { id } }', { id })
  assert.deepEqual(await dataOf('{ meters { value instanceId } }', {}, { token: north }), {
    meters: [{ value: 7, instanceId: 'north' }],
  })
})

test('the system tenant reads across tenants where entities map its roles', async () => {
  const service = await product.token('system', { roles: ['service_admin'] })
  const query =
    '{ makers(where: { name: { eq: "Forge" } }, orderBy: [{ field: tenantId }]) { tenantId name things { tenantId } } }'
  assert.deepEqual(await dataOf(query, {}, { token: service, path: '/system/graphql' }), {
    makers: ['acme', 'globex'].map(tenantId => ({ tenantId, name: 'Forge', things: [{ tenantId }] })),
  })
  assert.deepEqual(
    await dataOf('{ countMakers(where: { name: { eq: "Forge" } }) }', {}, { token: service, path: '/globex/graphql' }),
    { countMakers: 1 },
  )
})

test('GET reads and never writes; other methods, forms and lists of requests are refused', async () => {
  const path = '/acme/forge/v1/graphql'
  const get = (query: string) => product.ask(`${path}?query=${encodeURIComponent(query)}`, { token: tokens.acme ?? '' })
  assert.deepEqual(jsonOf<Result>(await get('{ countMakers(where: { name: { eq: "Forge" } }) }')).data, {
    countMakers: 1,
  })
  const mutation = 'mutation { deleteThings(where: {}) { id } }'
  const write = await get(mutation)
  assert.deepEqual([write.status, write.headers.allow], [405, 'GET, POST'])
  const ask = (headers: Record<string, string>, body: unknown, method = 'POST') =>
    product.ask(path, { token: tokens.acme ?? '', method, headers, body })
  assert.equal((await ask({}, { query: mutation }, 'PUT')).status, 405)
  // The very same body as JSON is known by now.
  await ask({}, { query: '{ countThings }' })
  for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x'])
    assert.equal((await ask({ 'content-type': type }, { query: '{ countThings }' })).status, 415, type)
  assert.equal((await ask({}, [{ query: '{ countThings }' }])).status, 400)
  assert.equal((await ask({ accept: 'text/html' }, { query: '{ countThings }' })).status, 406)
  assert.deepEqual(await dataOf('{ countThings }'), { countThings: 2 })
})

test('the documents of a product are its files, known by their hash', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'tenantry-documents-'))
  mkdirSync(join(dir, 'documents'))
  writeFileSync(join(dir, 'documents', 'makers.graphql'), '{ makers { name } }\n')
  const documents = await readDocuments({ dir, config: { name: 'Test' } })
  assert.deepEqual(
    [...documents],
    [['sha256:ea6c8b3f73c8c2199d51051c99bc4082077addf99eb15d18bbdb7c0e09f1ecaf', '{ makers { name } }\n']],
  )
  await assert.rejects(readDocuments({ dir, config: { name: 'Test', graphql: { documentsFolder: 'none' } } }), {
    code: 'invalid',
  })
  assert.deepEqual(
    graphqlFaults({ introspection: false, limits: { cost: 5 }, documents: 'only', documentsFolder: 'x' }),
    [],
  )
  assert.equal(
    graphqlFaults({ introspection: 'no', limits: { rows: 5 }, documents: 'all', folder: 'x', documentsFolder: 1 })
      .length,
    5,
  )
  rmSync(dir, { recursive: true })
})

test('hostile documents are refused at once, and reach no database', async () => {
  const many = (count: number, part: (index: number) => string) =>
    Array.from({ length: count }, (_, index) => part(index)).join(' ')
  const hostile: Record<string, string> = {
    deep: `{ makers ${'{ things { maker '.repeat(12)} { id } ${'} }'.repeat(12)} }`,
    deeper: `{ makers ${'{ boss '.repeat(2_000)} { id } ${'}'.repeat(2_000)} }`,
    wide: `{ ${many(400, index => `a${index}: countMakers`)} }`,
    repeated: `{ makers { ${'name '.repeat(400)} } }`,
    circle: '{ makers { ...A } } fragment A on Maker { boss { ...B } } fragment B on Maker { boss { ...A } }',
    blowUp: `{ makers { ...F0 } } ${many(30, index => `fragment F${index} on Maker { a: boss { ...F${index + 1} } b: boss { ...F${index + 1} } }`)} fragment F30 on Maker { id }`,
    overlap: `{ makers { ${many(40, index => `...G${index}`)} } } ${many(40, index => `fragment G${index} on Maker { boss { ${'boss { id } '.repeat(10)} } }`)}`,
    directives: `{ makers { name ${'@include(if: true) '.repeat(200)} } }`,
    values: `{ makers(where: { name: { in: [${'"x",'.repeat(4_990)}] } }) { id } }`,
    conditions: `{ makers(where: ${'{ and: ['.repeat(100)} {} ${'] }'.repeat(100)}) { id } }`,
    costly: '{ makers(limit: 1000) { things(limit: 1000) { maker { things(limit: 1000) { id } } } } }',
    long: `{ makers(where: { name: { eq: "${'x'.repeat(100_000)}" } }) { id } }`,
    brackets: `{ makers(where: ${'['.repeat(4_000)}`,
  }
  for (const [name, query] of Object.entries(hostile)) {
    const { writes, answer } = await countWrites(() => post(query, {}, { path: '/acme/forge/v1/graphql' }))
    assert.equal(writes, 0, name)
    const { data, errors } = jsonOf<Result>(answer)
    assert.deepEqual(
      [data, errors?.[0]?.extensions.code],
      [undefined, 'invalid'],
      `${name}: ${answer.text.slice(0, 200)}`,
    )
  }
  assert.equal((await post(`{ countMakers } #${'x'.repeat(1_000_000)}`)).status, 413)
  const variables = { where: JSON.parse(`${'{"not":'.repeat(500)}{}${'}'.repeat(500)}`) }
  assert.match(
    (await ask('query($where: MakerWhere) { makers(where: $where) { id } }', variables)).errors?.[0]?.message ?? '',
    /nested deeper/,
  )
})
