import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import { describe, it } from 'node:test'
import customers from '../../examples/backoffice/modules/customers/v1/module.ts'
import customersTwo from '../../examples/backoffice/modules/customers/v2/module.ts'
import invoices from '../../examples/backoffice/modules/invoices/v1/module.ts'
import products from '../../examples/backoffice/modules/products/v1/module.ts'
import shared from '../../examples/backoffice/modules/shared/v1/module.ts'
import { acmeRows } from '../../examples/backoffice/rows/acme.ts'
import { globexRows } from '../../examples/backoffice/rows/globex.ts'
import { type JsonSchema, jsonSchemaOf } from '../../src/api/json-schema.ts'
import { createOpenApi, type OpenApiDocument } from '../../src/api/openapi.ts'
import type { GrantedRole } from '../../src/core/access-role.ts'
import { entity } from '../../src/core/entity.ts'
import {
  array,
  bigint,
  boolean,
  bytes,
  date,
  decimal,
  integer,
  json,
  oneOf,
  range,
  reference,
  searchText,
  text,
  timestamp,
  uuid,
} from '../../src/core/field.ts'
import type { ModuleDefinition } from '../../src/core/module.ts'
import { createModuleSet, type Entity } from '../../src/core/module-set.ts'

const backoffice = createModuleSet([shared, customers, products, invoices])
/** One tenant's rows are of version 2. */
const both = createModuleSet([shared, customers, customersTwo, products, invoices])

const fitting = createModuleSet([
  {
    name: 'fitting',
    version: '1.0.0',
    entities: [
      entity('things', {
        title: text(),
        amount: integer(),
        tags: array(text()),
        span: range('date'),
        words: searchText('title'),
      }),
    ],
  },
])

function describeModules(
  modules = backoffice.modules,
  roles: readonly string[] | null = null,
  pathOf = ({ name, module }: Entity) => `/${module.name}/v${module.version.major}/${name}`,
): OpenApiDocument {
  return createOpenApi({ title: 'Back office', version: '1.0.0', serverUrl: '/acme', modules, roles, pathOf })
}

interface Operation {
  readonly operationId: string
  readonly summary: string
  readonly tags: readonly string[]
  readonly security?: unknown
  readonly parameters: readonly { readonly $ref?: string; readonly name?: string; readonly description?: string }[]
  readonly requestBody?: { readonly content: Readonly<Record<string, unknown>> }
  readonly responses: Readonly<Record<string, { readonly $ref?: string; readonly description?: string }>>
}

function operationsOf(document: OpenApiDocument): { path: string; method: string; operation: Operation }[] {
  return Object.entries(document.paths).flatMap(([path, item]) =>
    Object.entries(item as unknown as Record<string, Operation>).map(([method, operation]) => ({
      path,
      method,
      operation,
    })),
  )
}

function operationOf(document: OpenApiDocument, id: string): Operation {
  const found = operationsOf(document).find(({ operation }) => operation.operationId === id)
  assert.ok(found, `there is no operation ${id}`)
  return found.operation
}

/** What a JSON pointer in the document names; undefined when it names nothing. */
function resolveRef(document: unknown, ref: string): unknown {
  assert.match(ref, /^#\//)
  return ref
    .slice(2)
    .split('/')
    .reduce<unknown>(
      (part, name) => (part !== null && typeof part === 'object' ? Reflect.get(part, name) : undefined),
      document,
    )
}

function refsOf(part: unknown): string[] {
  if (part === null || typeof part !== 'object') return []
  return Object.entries(part).flatMap(([name, value]) =>
    name === '$ref' && typeof value === 'string' ? [value] : refsOf(value),
  )
}

function moduleOf(name: string, entities: ModuleDefinition['entities'], access: Record<string, GrantedRole> = {}) {
  return createModuleSet([{ name, version: '1.0.0', entities, access }]).modules
}

describe('the OpenAPI document of the example product', () => {
  const document = describeModules()
  const operations = operationsOf(document)

  it('has a path with five operations for every entity, in the order of the modules', () => {
    assert.deepEqual(Object.keys(document.paths), [
      '/shared/v1/addresses',
      '/shared/v1/emails',
      '/shared/v1/phones',
      '/customers/v1/customers',
      '/products/v1/products',
      '/invoices/v1/invoices',
      '/invoices/v1/line_items',
      '/invoices/v1/rpc/open_invoices',
      '/invoices/v1/rpc/pay',
    ])
    for (const [path, item] of Object.entries(document.paths))
      if (!path.includes('/rpc/')) assert.deepEqual(Object.keys(item), ['get', 'post', 'put', 'patch', 'delete'])
  })

  it('has GET and POST for an action that only reads, and POST for one that writes', () => {
    const { get, post } = document.paths['/invoices/v1/rpc/open_invoices'] as unknown as Record<string, Operation>
    assert.deepEqual(get?.parameters.map(({ name }) => name).slice(0, 2), ['customer_id', 'due_before'])
    assert.deepEqual(Object.keys(post?.responses ?? {}).slice(0, 2), ['200', '206'])
    assert.deepEqual(Object.keys(document.paths['/invoices/v1/rpc/pay'] ?? {}), ['post'])
  })

  it('has the members that OpenAPI 3.1 requires', () => {
    assert.equal(document.openapi, '3.1.0')
    assert.deepEqual(document.servers, [{ url: '/acme' }])
    assert.deepEqual(document.security, [{ bearer: [] }])
    assert.deepEqual(document.components.securitySchemes, {
      bearer: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' },
    })
    for (const [group, parts] of Object.entries(document.components))
      for (const name of Object.keys(parts)) assert.match(name, /^[a-zA-Z0-9._-]+$/, `${group} ${name}`)
    for (const path of Object.keys(document.paths)) assert.match(path, /^\/[^{}?#]*$/)
    for (const parameter of Object.values(document.components.parameters ?? {})) checkParameter(parameter)
    for (const response of Object.values(document.components.responses ?? {}))
      assert.equal(typeof response.description, 'string')
    for (const { operation } of operations) {
      for (const parameter of operation.parameters) if (!parameter.$ref) checkParameter(parameter)
      for (const [status, response] of Object.entries(operation.responses)) {
        assert.match(status, /^[2-5]\d\d$/)
        assert.equal(typeof (response.$ref ?? response.description), 'string')
      }
    }
  })

  it('resolves every reference', () => {
    const refs = refsOf(document)
    assert.ok(refs.length > 100)
    for (const ref of refs) assert.notEqual(resolveRef(document, ref), undefined, ref)
  })

  it('names every parameter of an operation once', () => {
    for (const { operation } of operations) {
      const names = operation.parameters.map(parameter => {
        const { name, in: place } = (parameter.$ref ? resolveRef(document, parameter.$ref) : parameter) as Record<
          string,
          unknown
        >
        return `${place} ${name}`
      })
      assert.equal(new Set(names).size, names.length, operation.operationId)
    }
  })

  it('gives every operation an id of its own and the tag of its module', () => {
    const ids = operations.map(({ operation }) => operation.operationId)
    assert.equal(new Set(ids).size, ids.length)
    assert.ok(ids.includes('customers_v1_listCustomers'))
    assert.ok(ids.includes('invoices_v1_insertLineItems'))
    assert.deepEqual(
      document.tags.map(({ name }) => name),
      ['shared@1', 'customers@1', 'products@1', 'invoices@1'],
    )
    const tags = new Set(document.tags.map(({ name }) => name))
    for (const { operation } of operations) for (const tag of operation.tags) assert.ok(tags.has(tag))
  })

  it('lists the answers of each operation', () => {
    const statuses = (id: string) => Object.keys(operationOf(document, id).responses).join(' ')
    assert.equal(statuses('customers_v1_listCustomers'), '200 206 304 400 401 403 404 406 412 416 503')
    assert.equal(statuses('customers_v1_insertCustomers'), '200 201 400 401 403 404 406 409 412 413 503')
    assert.equal(statuses('customers_v1_updateCustomers'), '200 204 400 401 403 404 406 409 412 413 503')
    assert.equal(statuses('customers_v1_deleteCustomers'), '200 204 400 401 403 404 406 409 412 413 503')
  })

  it('makes every field a filter with an example', () => {
    const refs = operationOf(document, 'customers_v1_listCustomers').parameters.map(({ $ref }) => $ref)
    for (const field of backoffice.get('customers@1').entities[0]?.fields.keys() ?? []) {
      const ref = `#/components/parameters/customers_v1_Customers.${field}`
      assert.ok(refs.includes(ref), field)
      const parameter = resolveRef(document, ref) as Record<string, unknown>
      assert.equal(parameter.name, field)
      assert.match(String(parameter.example), /^(not\.)?[a-z]+\./)
    }
    const status = document.components.parameters?.['customers_v1_Customers.status']
    assert.equal(status?.example, 'in.(lead,active)')
  })

  it('says which operators fit a field', () => {
    const described = describeModules([fitting.get('fitting@1')]).components.parameters ?? {}
    const operatorsOf = (field: string) =>
      String(described[`fitting_v1_Things.${field}`]?.description).replace(/^.*Operators: ([^.]*)\..*$/, '$1')
    const comparisons = '`eq`, `neq`, `gt`, `gte`, `lt`, `lte`, `isdistinct`'
    const searches = '`fts`, `plfts`, `phfts`, `wfts`'
    assert.equal(operatorsOf('amount'), `${comparisons}, \`in\`, \`is\``)
    assert.equal(
      operatorsOf('title'),
      `${comparisons}, \`like\`, \`ilike\`, \`match\`, \`imatch\`, ${searches}, \`in\`, \`is\``,
    )
    assert.equal(operatorsOf('words'), `${searches}, \`is\``)
    assert.equal(operatorsOf('tags'), `\`cs\`, \`cd\`, \`ov\`, ${comparisons}, \`is\``)
    assert.equal(
      operatorsOf('span'),
      '`cs`, `cd`, `ov`, `sl`, `sr`, `nxr`, `nxl`, `adj`, `eq`, `neq`, `isdistinct`, `is`',
    )
    assert.match(String(described['fitting_v1_Things.title']?.description), /`eq\(any\)\.\{a,b\}`.*`wfts\(english\)/)
  })

  it('says which relations a row embeds', () => {
    const select = operationOf(document, 'customers_v1_listCustomers').parameters.find(({ name }) => name === 'select')
    assert.match(select?.description ?? '', /`emails`, `addresses`, `phones`, `invoices`/)
  })

  it('offers deleted rows only where deleting is soft', () => {
    const prefer = (id: string) =>
      operationOf(document, id).parameters.find(({ name }) => name === 'Prefer')?.description ?? ''
    assert.match(prefer('customers_v1_listCustomers'), /`deleted=include`/)
    assert.match(prefer('customers_v1_deleteCustomers'), /`purge`/)
    assert.doesNotMatch(prefer('products_v1_listProducts'), /deleted/)
    assert.match(prefer('customers_v1_updateCustomers'), /`deleted=include`/)
    assert.doesNotMatch(prefer('products_v1_deleteProducts'), /deleted|purge/)
  })

  it('never names the tenant column', () => {
    assert.doesNotMatch(JSON.stringify(document), /tenant_id/)
  })

  it('is the same every time', () => {
    assert.equal(JSON.stringify(describeModules()), JSON.stringify(document))
    const again = createModuleSet([shared, customers, products, invoices])
    assert.equal(JSON.stringify(describeModules(again.modules)), JSON.stringify(document))
  })

  it('has only the modules that were asked for', () => {
    const alone = describeModules([backoffice.get('customers@1')])
    assert.deepEqual(Object.keys(alone.paths), ['/customers/v1/customers'])
    assert.doesNotMatch(JSON.stringify(alone), /`(emails|invoices)`|postal_code/)
    for (const ref of refsOf(alone)) assert.notEqual(resolveRef(alone, ref), undefined, ref)
  })
})

function checkParameter(parameter: object): void {
  const { name, in: place, schema } = parameter as Record<string, unknown>
  assert.equal(typeof name, 'string')
  assert.ok(place === 'query' || place === 'header')
  assert.equal(typeof schema, 'object')
}

describe('what a caller sees', () => {
  const methodsOf = (document: OpenApiDocument) =>
    Object.fromEntries(Object.entries(document.paths).map(([path, item]) => [path, Object.keys(item).join(' ')]))

  it('is everything for a writer and reading for a reader', () => {
    assert.deepEqual(describeModules(backoffice.modules, ['admin']), describeModules())
    const seen = describeModules(backoffice.modules, ['auditor'])
    const { '/invoices/v1/rpc/open_invoices': opened, ...rows } = seen.paths
    assert.deepEqual(Object.keys(opened ?? {}), ['get', 'post'])
    assert.deepEqual([...new Set(Object.values(methodsOf({ ...seen, paths: rows })))], ['get'])
    assert.equal(Object.keys(rows).length, 7)
    assert.doesNotMatch(JSON.stringify(seen), /CustomersInsert|CustomersPatch/)
  })

  it('is nothing without a role, and with a role that only the platform has', () => {
    for (const roles of [[], ['nobody'], ['service_admin'], ['service_admin', 'service_auditor'], ['constructor']]) {
      const seen = describeModules(backoffice.modules, roles)
      assert.deepEqual(seen.paths, {})
      assert.deepEqual(seen.tags, [])
      assert.deepEqual(Object.keys(seen.components.schemas ?? {}), ['Error'])
    }
  })

  it('is decided entity by entity, and a hidden entity is not named as a relation', () => {
    const hidden = entity('hidden', { title: text() }, { access: { clerk: 'none' } })
    const open = entity(
      'open',
      { title: text(), hidden_id: reference(() => hidden) },
      { access: { clerk: 'tenant_writer' } },
    )
    const readable = entity('readable', { open_id: reference(() => open) })
    const modules = moduleOf('desk', [hidden, open, readable], { clerk: 'tenant_reader' })
    const seen = describeModules(modules, ['clerk'])
    assert.deepEqual(methodsOf(seen), { '/desk/v1/open': 'get post put patch delete', '/desk/v1/readable': 'get' })
    const select = operationOf(seen, 'desk_v1_listOpen').parameters.find(({ name }) => name === 'select')
    assert.match(select?.description ?? '', /Related rows: `readable`\.$/)
  })

  it('is reading where an entity belongs to the whole platform', () => {
    const countries = entity('countries', { code: text() }, { key: ['code'], scope: 'global' })
    const modules = moduleOf('world', [countries], { admin: 'tenant_writer' })
    assert.deepEqual(methodsOf(describeModules(modules, ['admin'])), { '/world/v1/countries': 'get' })
  })

  it('needs no token where an entity lets anybody read', () => {
    const news = entity('news', { title: text() }, { access: { anonymous: 'tenant_reader', admin: 'tenant_writer' } })
    const seen = describeModules(moduleOf('press', [news]), ['admin'])
    assert.deepEqual(operationOf(seen, 'press_v1_listNews').security, [{ bearer: [] }, {}])
    assert.equal(operationOf(seen, 'press_v1_insertNews').security, undefined)
  })
})

describe('names', () => {
  it('stay different however alike the entities are called', () => {
    const alike = ['orders', 'orders_insert', 'ordersinsert', 'a1', 'a_1', 'a__b', 'a_b'].map(name => entity(name, {}))
    const sets = createModuleSet([
      { name: 'shop', version: '1.0.0', entities: alike },
      { name: 'shop', version: '2.0.0', entities: alike.map(({ name }) => entity(name, {})) },
      { name: 'shop_v1', version: '2.0.0', entities: alike.map(({ name }) => entity(name, {})) },
    ])
    const seen = describeModules(sets.modules)
    const ids = operationsOf(seen).map(({ operation }) => operation.operationId)
    assert.equal(ids.length, 3 * 7 * 5)
    assert.equal(new Set(ids).size, ids.length)
    assert.equal(Object.keys(seen.components.schemas ?? {}).length, 3 * 7 * 3 + 1)
  })

  it('of a relation carry a hint where two relations have the same name', () => {
    const people = entity('people', { name: text() })
    const letters = entity('letters', { from_id: reference(() => people), to_id: reference(() => people) })
    const seen = describeModules(moduleOf('post', [people, letters]))
    const select = (id: string) => operationOf(seen, id).parameters.find(({ name }) => name === 'select')?.description
    assert.match(select('post_v1_listLetters') ?? '', /`people!from_id`, `people!to_id`/)
    assert.match(select('post_v1_listPeople') ?? '', /`letters!from_id`, `letters!to_id`/)
  })
})

interface Ajv {
  compile(schema: object): (value: unknown) => boolean
}

/** The validator that fastify brings along. */
function createAjv(): Ajv {
  const fromFastify = createRequire(createRequire(import.meta.url).resolve('fastify'))
  const fromCompiler = createRequire(fromFastify.resolve('@fastify/ajv-compiler'))
  const { default: Ajv2020 } = fromCompiler('ajv/dist/2020') as { default: new (options: object) => Ajv }
  const { default: addFormats } = fromCompiler('ajv-formats') as { default: (ajv: Ajv) => void }
  const ajv = new Ajv2020({ strict: true, allowUnionTypes: true, validateFormats: true })
  addFormats(ajv)
  return ajv
}

describe('the JSON Schema of an entity', () => {
  const ajv = createAjv()
  const accepts = (schema: JsonSchema, value: unknown) => ajv.compile(schema)(value)

  const targets = entity('targets', { code: integer() }, { key: ['code'] })
  const everything = entity(
    'everything',
    {
      title: text({ min: 1, max: 5 }),
      amount: decimal(5, 2),
      whole: decimal(3, 0).optional(),
      big: bigint().optional(),
      small: integer({ min: 0, max: 9 }).default(1),
      on: boolean().default(false),
      at: timestamp().default('now'),
      day: date().optional(),
      key: uuid().optional(),
      data: json().optional(),
      blob: bytes({ max: 2 }).optional(),
      kind: oneOf('a', 'b').optional(),
      tags: array(text({ max: 3 })).default([]),
      target_code: reference(() => targets).optional(),
    },
    { revision: true, softDelete: true, authors: true },
  )
  const set = createModuleSet([{ name: 'all', version: '1.0.0', entities: [targets, everything] }])
  const insert = jsonSchemaOf(set.entityOf(everything), 'insert')
  const patch = jsonSchemaOf(set.entityOf(everything), 'patch')
  const row = jsonSchemaOf(set.entityOf(everything), 'row')
  const least = { title: 'x', amount: 1 }

  it('is valid for every entity of the example product', () => {
    for (const module of backoffice.modules)
      for (const entity of module.entities)
        for (const kind of ['row', 'insert', 'patch'] as const) ajv.compile(jsonSchemaOf(entity, kind))
  })

  it('accepts the rows of the example product', () => {
    for (const { entity, rows } of [...acmeRows, ...globexRows]) {
      const validate = ajv.compile(jsonSchemaOf(both.entityOf(entity), 'insert'))
      for (const row of rows) assert.ok(validate(row), `${entity.name} ${JSON.stringify(row)}`)
    }
  })

  it('has the field of a new row that must be given as required, and no default that is a moment', () => {
    assert.deepEqual(insert.required, ['title', 'amount'])
    assert.equal(patch.required, undefined)
    const properties = insert.properties as Record<string, JsonSchema>
    assert.equal(properties.small?.default, 1)
    assert.equal(properties.at?.default, undefined)
    assert.equal((patch.properties as Record<string, JsonSchema>).small?.default, undefined)
  })

  for (const [what, value, expected] of [
    ['the fewest fields', {}, true],
    ['a decimal as a number', { amount: 4.35 }, true],
    ['a decimal as text', { amount: '999.99' }, true],
    ['too many digits in a text', { amount: '1.999' }, false],
    ['a decimal that is too large', { amount: 1000 }, false],
    ['a fraction where none may be', { whole: 1.5 }, false],
    ['a 64-bit integer as text', { big: '9223372036854775807' }, true],
    ['a text that is too long', { title: 'xxxxxx' }, false],
    ['characters outside the basic plane, counted as one', { title: '🦊🦊🦊🦊🦊' }, true],
    ['null for an optional field', { kind: null, day: null, data: null, target_code: null }, true],
    ['null for another', { title: null }, false],
    ['a value that is not one of them', { kind: 'c' }, false],
    ['any JSON', { data: [{ a: 1 }] }, true],
    ['a list with a long text', { tags: ['abcd'] }, false],
    ['bytes', { blob: '\\x00ff' }, true],
    ['too many bytes', { blob: '\\x00ff00' }, false],
    ['a reference of the type of its key', { target_code: 7 }, true],
    ['a reference of another type', { target_code: 'x' }, false],
    ['an id', { id: '018f4c5e-7a10-7c3d-9b52-3f6d1c0a8e41' }, true],
    ['the first revision', { revision: 1 }, true],
    ['another revision', { revision: 2 }, false],
    ['a field of the platform', { created_at: '2026-01-01T00:00:00Z' }, false],
    ['an unknown field', { nonsense: 1 }, false],
  ] as const) {
    it(`${expected ? 'accepts' : 'refuses'} ${what} in a new row`, () => {
      assert.equal(accepts(insert, { ...least, ...value }), expected)
    })
  }

  it('lets a patch restore a row and name the revision, not the key', () => {
    assert.equal(accepts(patch, {}), true)
    assert.equal(accepts(patch, { deleted_at: null, revision: 3 }), true)
    assert.equal(accepts(patch, { deleted_at: '2026-01-01T00:00:00Z' }), false)
    assert.equal(accepts(patch, { id: '018f4c5e-7a10-7c3d-9b52-3f6d1c0a8e41' }), false)
    assert.equal(accepts(jsonSchemaOf(set.entityOf(targets), 'patch'), { code: 1 }), false)
  })

  it('shows what is searched and never takes it', () => {
    const notes = entity('notes', { title: text(), days: range('date').optional(), words: searchText('title') })
    const [found] = createModuleSet([{ name: 'all', version: '1.0.0', entities: [notes] }]).modules.flatMap(
      ({ entities }) => entities,
    )
    assert.ok(found)
    const insert = jsonSchemaOf(found, 'insert')
    assert.ok(accepts(insert, { title: 'a', days: '[2026-01-01,)' }))
    assert.ok(!accepts(insert, { title: 'a', words: 'a' }))
    const { words } = jsonSchemaOf(found, 'row').properties as Record<string, JsonSchema>
    assert.deepEqual(words, {
      type: 'string',
      description: 'The words of title, for full text search',
      readOnly: true,
    })
  })

  it('has every field in a row, as PostgreSQL writes it, and marks those of the platform', () => {
    const stored = {
      ...{ id: '018f4c5e-7a10-7c3d-9b52-3f6d1c0a8e41', title: 'x', amount: 1.1, whole: 12, big: 5, small: 1, on: true },
      ...{ at: '2026-01-01T00:00:00.123456+00:00', day: '2026-01-01', key: null, data: { a: null }, blob: '\\x00' },
      ...{ kind: null, tags: [], target_code: 3, revision: 1, deleted_at: null, created_by: 'u', updated_by: 'u' },
      ...{ created_at: '2026-01-01T00:00:00+00:00', updated_at: '2026-01-01T00:00:00+00:00' },
    }
    assert.equal(accepts(row, stored), true)
    assert.equal(accepts(row, { ...stored, amount: '1.10' }), false)
    const readOnly = Object.entries(row.properties as Record<string, JsonSchema>).filter(([, field]) => field.readOnly)
    assert.deepEqual(
      readOnly.map(([name]) => name),
      ['created_at', 'updated_at', 'created_by', 'updated_by', 'deleted_at', 'revision'],
    )
  })
})
