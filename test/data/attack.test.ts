import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { entity } from '../../src/core/entity.ts'
import { TenantryError } from '../../src/core/errors.ts'
import { date, integer, json, reference, text } from '../../src/core/field.ts'
import type { Entity } from '../../src/core/module-set.ts'
import type { Answer, Condition, Embed, Plan, Selection } from '../../src/core/plan.ts'
import type { TenantContext } from '../../src/core/tenant-context.ts'
import { openTwoTenants, type TwoTenants } from '../../src/testing/two-tenants.ts'

// A pair probe (THREATS): acme does everything to what only globex has, and to what nobody has; the answers must be the
// same. Every row of globex holds the canary; one byte of it in anything that acme gets is a leak.

const brands = entity('brands', { name: text() }, { softDelete: true, unique: [['name']] })
const articles = entity(
  'articles',
  {
    title: text(),
    note: json().optional(),
    brand_id: reference(() => brands, { onDelete: 'setNull' }).optional(),
    parent_id: reference('articles').optional(),
  },
  { revision: true, authors: true },
)
const reviews = entity(
  'reviews',
  {
    article_id: reference(() => articles, { onDelete: 'cascade' }),
    words: text(),
    stars: integer().optional(),
    answer_id: reference('reviews').optional().unique(),
  },
  { revision: true, softDelete: true },
)
const codes = entity('codes', { code: text(), label: text().optional() }, { key: ['code'] })
const prices = entity(
  'prices',
  { code: reference(() => codes), day: date(), label: text().optional() },
  { key: ['code', 'day'] },
)
const desks = entity('desks', { name: text().unique(), near_id: reference('desks').optional() }, { instanced: true })
const currencies = entity('currencies', { iso: text(), name: text() }, { key: ['iso'], scope: 'global' })

const canary = 'CANARY-7f3a9'
const entities = [brands, articles, reviews, codes, prices, desks]

let tenants: TwoTenants
let acme: TenantContext
let globex: TenantContext

const id = (number: number) => `0190a0a0-0000-7000-8000-${String(number).padStart(12, '0')}`
/** Both tenants have rows with these keys; only globex; nobody. */
const both = { id: id(1), text: 'both', day: '2026-01-01' }
const theirs = { id: id(2), text: 'theirs', day: '2026-02-02' }
const nobodys = { id: id(9), text: 'nobody', day: '2026-09-09' }
/** Of rows that a probe adds beside the one it is about. */
const fresh = { id: id(8), text: 'fresh', day: '2026-08-08' }
type Key = typeof both

before(async () => {
  tenants = await openTwoTenants({
    modules: [
      {
        name: 'shop',
        version: '1.0.0',
        entities,
        access: { admin: 'tenant_writer', auditor: 'tenant_reader', wide: 'writer' },
      },
      { name: 'world', version: '1.0.0', entities: [currencies], access: { admin: 'tenant_reader' } },
    ],
  })
  acme = tenants.contextOf('acme', { instance: 'eu' })
  globex = tenants.contextOf('globex', { instance: 'eu' })
  for (const [context, mark] of [
    [acme, 'mine'],
    [globex, canary],
  ] as const) {
    for (const key of context === acme ? [both] : [both, theirs])
      await fill(context, key, `${mark} ${key === both ? 1 : 2}`)
  }
  // The same tenant in another instance is a stranger too.
  const us = tenants.contextOf('acme', { instance: 'us' })
  await insert(us, desks, { id: theirs.id, name: `${canary} us` })
})
after(() => tenants.close())

const of = (definition: (typeof entities)[number] | typeof currencies): Entity => tenants.modules.entityOf(definition)

function insert(
  context: TenantContext,
  definition: (typeof entities)[number],
  row: Record<string, unknown>,
): Promise<Answer> {
  return tenants.datasource.run(context, {
    kind: 'insert',
    entity: of(definition),
    fields: Object.keys(row),
    rows: JSON.stringify(row),
  })
}

async function fill(context: TenantContext, key: Key, mark: string): Promise<void> {
  await insert(context, brands, { id: key.id, name: mark })
  await insert(context, articles, { id: key.id, title: mark, note: { mark }, brand_id: key.id })
  await insert(context, articles, { id: key.id.replace('7000', '7001'), title: mark, parent_id: key.id })
  await insert(context, reviews, { id: key.id, article_id: key.id, words: mark, stars: 5 })
  await insert(context, codes, { code: key.text, label: mark })
  await insert(context, prices, { code: key.text, day: key.day, label: mark })
  await insert(context, desks, { id: key.id, name: mark })
}

/** A name for everything that a caller can see of an outcome, without the key it asked for. */
async function seen(work: Promise<Answer>, key: Key, never = `${canary}|globex|tenant_id`): Promise<string> {
  const outcome = await work.then(
    answer => ({ body: answer.body, rows: answer.rows, total: answer.total }),
    (error: unknown) => {
      assert.ok(error instanceof TenantryError, String(error))
      const { code, reason, message, details, hint, fields, retryAfter } = error
      assert.notEqual(code, 'internal', `${message} ${String(error.cause)}`)
      return { code, reason, message, details, hint, fields, retryAfter }
    },
  )
  const shown = JSON.stringify(outcome)
  assert.doesNotMatch(shown, new RegExp(never), shown)
  // What differs by nature: the key itself, times and generated ids.
  return shown
    .replaceAll(key.id, '<id>')
    .replaceAll(key.id.replace('7000', '7001'), '<id2>')
    .replaceAll(key.text, '<text>')
    .replaceAll(key.day, '<day>')
    .replace(/\d{4}-\d\d-\d\dT[0-9:.+]+/g, '<time>')
    .replace(/[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}/g, '<new>')
}

/** All rows of globex, and of acme's other instance, as the superuser sees them. */
async function foreignRows(): Promise<string> {
  const parts: string[] = []
  for (const { name } of entities) {
    const condition = name === 'desks' ? `tenant_id = 'globex' or instance_id = 'us'` : `tenant_id = 'globex'`
    const rows = await tenants.database.query(
      `select to_jsonb(t) as row from shop_v1.${name} t where ${condition} order by 1`,
    )
    parts.push(JSON.stringify(rows))
  }
  return parts.join('\n')
}

const eq = (field: string, value: string): Condition => ({
  kind: 'compare',
  path: { field },
  not: false,
  operator: 'eq',
  value,
})
const and = (...conditions: Condition[]): Condition => ({ kind: 'and', not: false, conditions })
const everything: Selection[] = [{ kind: 'all' }]
const embed = (relation: string, more: Partial<Embed> = {}): Embed => ({
  kind: 'embed',
  relation,
  join: 'left',
  spread: false,
  query: { select: everything },
  ...more,
})

/** The condition that names one row by its key. */
function keyOf(entity: Entity, key: Key): Condition {
  return and(...entity.key.map(name => eq(name, name === 'day' ? key.day : name === 'code' ? key.text : key.id)))
}

/** A new row of an entity with this key. */
function rowOf(entity: Entity, key: Key, refers: Key): Record<string, unknown> {
  const rows: Record<string, Record<string, unknown>> = {
    brands: { id: key.id, name: `fresh ${key.text}` },
    articles: { id: key.id, title: 'fresh' },
    reviews: { id: key.id, article_id: refers.id, words: 'fresh' },
    codes: { code: key.text, label: 'fresh' },
    prices: { code: refers.text, day: key.day, label: 'fresh' },
    desks: { id: key.id, name: `fresh ${key.text}` },
  }
  return rows[entity.name] ?? assert.fail()
}

/** Every embed that an entity has, in both directions, by the names of the foreign keys. */
function embedsOf(entity: Entity): Embed[] {
  return [
    ...entity.references.map(({ field }) => embed(field, { alias: `to_${field}` })),
    ...entity.referencedBy
      .filter(({ from }) => from !== entity)
      .map(({ name }) => embed(name, { alias: `from_${name}` })),
  ]
}

type Probe = [what: string, plan: (key: Key) => Plan]

function readProbes(entity: Entity): Probe[] {
  const read = { kind: 'read', entity, select: everything } as const
  const names = [...entity.fields.values()]
  const nested = embedsOf(entity)
  const deep = nested.map((inner, index) => ({
    ...inner,
    alias: `deep${index}`,
    query: { select: [...everything, ...embedsOfTarget(entity, inner)] },
  }))
  return [
    ['reads by key', key => ({ ...read, where: keyOf(entity, key), count: 'exact' })],
    ['reads by key as a single object', key => ({ ...read, where: keyOf(entity, key), single: true })],
    ['reads exact values by key', key => ({ ...read, where: keyOf(entity, key), output: 'exact' })],
    ['reads by key with softly deleted rows', key => ({ ...read, where: keyOf(entity, key), deleted: 'include' })],
    [
      'reads with everything embedded',
      key => ({ ...read, select: [...everything, ...nested, ...deep], where: keyOf(entity, key) }),
    ],
    [
      'lists with everything embedded',
      () => ({ ...read, select: [...everything, ...nested, ...deep], count: 'exact' }),
    ],
    ...nested.map(
      (inner): Probe => [
        `reads what has ${inner.relation}`,
        key => ({
          ...read,
          select: [
            ...everything,
            { ...inner, join: 'inner', query: { select: everything, where: foreignKey(entity, inner, key) } },
          ],
        }),
      ],
    ),
    ...names.flatMap(({ name, spec }): Probe[] => [
      [`orders by ${name}`, () => ({ ...read, order: [{ path: { field: name }, direction: 'desc' }], offset: 0 })],
      [
        `asks whether ${name} is null`,
        () => ({
          ...read,
          where: { kind: 'compare', path: { field: name }, not: false, operator: 'is', value: 'null' },
          count: 'exact',
        }),
      ],
      ...(spec.type === 'text' || spec.type === 'oneOf'
        ? (['like', 'ilike', 'match', 'imatch', 'neq', 'gt', 'lt', 'isdistinct'] as const).map(
            (operator): Probe => [
              `filters ${name} with ${operator}`,
              key => ({
                ...read,
                where: {
                  kind: 'compare',
                  path: { field: name },
                  not: false,
                  operator,
                  value: key === theirs ? canary : 'absent-7f3a9',
                },
              }),
            ],
          )
        : []),
      ...(spec.type === 'reference' || spec.type === 'uuid'
        ? [
            [
              `filters ${name} with in`,
              key => ({
                ...read,
                where: {
                  kind: 'compare',
                  path: { field: name },
                  not: false,
                  operator: 'in',
                  values: name === 'code' ? [key.text] : [key.id],
                },
                count: 'exact',
              }),
            ] satisfies Probe,
          ]
        : []),
    ]),
  ]
}

function targetOf(entity: Entity, { relation }: Embed): Entity {
  const outgoing = entity.references.find(({ field }) => field === relation)
  const incoming = entity.referencedBy.find(({ name }) => name === relation)
  return outgoing?.to ?? incoming?.from ?? assert.fail()
}
const embedsOfTarget = (entity: Entity, inner: Embed) => embedsOf(targetOf(entity, inner))
const foreignKey = (entity: Entity, inner: Embed, key: Key) => keyOf(targetOf(entity, inner), key)

function writeProbes(entity: Entity): Probe[] {
  const textField =
    [...entity.fields.values()].find(
      ({ spec, platform, name }) => spec.type === 'text' && !platform && !entity.key.includes(name),
    )?.name ?? assert.fail()
  const rows = (row: Record<string, unknown>) =>
    ({ kind: 'insert', entity, fields: Object.keys(row), rows: JSON.stringify([row]) }) as const
  const patch = (values: Record<string, unknown>) =>
    ({ kind: 'update', entity, fields: Object.keys(values), patch: JSON.stringify(values) }) as const
  const own = (key: Key) => rowOf(entity, key, both)
  return [
    ['changes by key', key => ({ ...patch({ [textField]: 'x' }), where: keyOf(entity, key), returning: everything })],
    [
      'changes by key as a single object',
      key => ({ ...patch({ [textField]: 'x' }), where: keyOf(entity, key), single: true, returning: everything }),
    ],
    [
      'changes what matches a text',
      key => ({ ...patch({ [textField]: 'x' }), where: eq(textField, key === theirs ? `${canary} 2` : 'absent') }),
    ],
    ...(entity.revision
      ? [
          [
            'changes a revision',
            key => ({ ...patch({ [textField]: 'x', revision: 1 }), where: keyOf(entity, key) }),
          ] satisfies Probe,
          [
            'changes with a revision as condition',
            key => ({ ...patch({ [textField]: 'x' }), where: and(keyOf(entity, key), eq('revision', '7')) }),
          ] satisfies Probe,
        ]
      : []),
    ...(entity.softDelete
      ? [
          [
            'deletes softly',
            key => ({ kind: 'delete', entity, where: keyOf(entity, key), returning: everything }),
          ] satisfies Probe,
          [
            'restores',
            key => ({
              ...patch({ deleted_at: null }),
              deleted: 'only',
              where: keyOf(entity, key),
              returning: everything,
            }),
          ] satisfies Probe,
        ]
      : []),
    ['purges', key => ({ kind: 'delete', entity, mode: 'purge', where: keyOf(entity, key), returning: everything })],
    ['inserts with that key', key => ({ ...rows(own(key)), returning: everything })],
    [
      'inserts with that key, ignoring a conflict',
      key => ({ ...rows(own(key)), onConflict: { resolution: 'ignore' }, returning: everything }),
    ],
    [
      'upserts with that key',
      key => ({ ...rows(own(key)), onConflict: { resolution: 'merge' }, returning: everything }),
    ],
    ...entity.unique
      .filter(({ fields }) => fields.includes(textField))
      .map(
        ({ fields }): Probe => [
          `upserts on ${fields.join()}`,
          key => ({
            ...rows({ ...own(key), [textField]: key === theirs ? `${canary} 2` : 'absent 2' }),
            onConflict: { fields, resolution: 'merge' },
            returning: [{ kind: 'field', path: { field: 'created_at' } }],
          }),
        ],
      ),
    ...entity.unique
      .filter(({ fields }) => fields.includes(textField))
      .map(
        ({ fields }): Probe => [
          `takes the value of ${fields.join()}`,
          key => ({
            ...rows({ ...own(key), [textField]: key === theirs ? `${canary} 2` : 'absent 2' }),
            returning: [{ kind: 'field', path: { field: 'created_at' } }],
          }),
        ],
      ),
    ...entity.references.flatMap(({ field, to }): Probe[] => [
      [
        `inserts with ${field} naming it`,
        key => ({
          ...rows({ ...rowOf(entity, fresh, both), [field]: to.name === 'codes' ? key.text : key.id }),
          returning: everything,
        }),
      ],
      ...(entity.key.includes(field)
        ? []
        : [
            [
              `changes ${field} to name it`,
              key => ({
                ...patch({ [field]: to.name === 'codes' ? key.text : key.id }),
                where: keyOf(entity, both),
                returning: everything,
              }),
            ] satisfies Probe,
          ]),
    ]),
  ]
}

/** Everything acme can do to a key, each in a transaction that is rolled back, so that no probe changes the next. */
async function probe(entity: Entity, what: string, plan: (key: Key) => Plan): Promise<void> {
  const [foreign, absent] = [await seen(undone(plan(theirs)), theirs), await seen(undone(plan(nobodys)), nobodys)]
  assert.equal(foreign, absent, `${entity.name}: ${what} tells another tenant's row from none`)
  const read = plan(theirs)
  if (read.kind === 'read') {
    assert.equal(
      await seen(tenants.datasource.run(acme, read), theirs),
      await seen(tenants.datasource.run(acme, plan(nobodys)), nobodys),
      `${entity.name}: ${what}`,
    )
  }
  // The key that both have means one's own row.
  await seen(undone(plan(both)), both)
}

const rollback = new Error('roll back')

async function undone(plan: Plan): Promise<Answer> {
  let answer: Answer | undefined
  await tenants.datasource
    .transaction(acme, async runner => {
      answer = await runner.run(acme, plan)
      throw rollback
    })
    .catch((error: unknown) => {
      if (error !== rollback) throw error
    })
  return answer ?? assert.fail()
}

for (const definition of entities) {
  test(`whatever acme reads of ${definition.name}, another tenant’s row is like none`, async () => {
    for (const [what, plan] of readProbes(of(definition))) await probe(of(definition), what, plan)
  })

  test(`whatever acme writes to ${definition.name}, another tenant’s row is like none and stays as it is`, async () => {
    const before = await foreignRows()
    assert.match(before, new RegExp(canary))
    for (const [what, plan] of writeProbes(of(definition))) await probe(of(definition), what, plan)
    assert.equal(await foreignRows(), before)
  })
}

test('committed writes without a condition touch one’s own rows only', async () => {
  const before = await foreignRows()
  const { datasource, contextOf } = tenants
  const own = contextOf('initech', { instance: 'eu' })
  await fill(own, both, 'mine')
  await fill(own, theirs, 'mine too')
  for (const definition of entities.toReversed()) {
    const entity = of(definition)
    const update = await datasource.run(own, { kind: 'update', entity, fields: ['updated_at'].slice(1), patch: '{}' })
    assert.equal(update.rows, 0)
    await datasource.run(own, { kind: 'delete', entity, mode: 'purge' })
    assert.equal((await datasource.run(own, { kind: 'read', entity, select: everything, deleted: 'include' })).rows, 0)
  }
  assert.equal(await foreignRows(), before)
})

test('a payload that names a tenant is refused, or its tenant is never looked at', async () => {
  const { datasource, database } = tenants
  const entity = of(codes)
  for (const plan of [
    { kind: 'insert', entity, fields: ['code', 'tenant_id'], rows: '{"code":"x","tenant_id":"globex"}' },
    { kind: 'update', entity, fields: ['tenant_id'], patch: '{"tenant_id":"globex"}' },
  ] satisfies Plan[])
    await assert.rejects(datasource.run(acme, plan), { code: 'forbidden' })
  for (const [name, code] of [
    ['TENANT_ID', 'invalid'],
    ['tenant_id ', 'invalid'],
    ['"tenant_id"', 'invalid'],
    ['instance_id', 'invalid'],
  ] as const)
    await assert.rejects(datasource.run(acme, { kind: 'insert', entity, fields: [name], rows: '{}' }), { code })
  // The instance is a field, which the policy holds to that of the context.
  for (const rows of ['{}', '{"instance_id":"us"}']) {
    const plan: Plan = { kind: 'insert', entity: of(desks), fields: ['instance_id'], rows }
    await assert.rejects(datasource.run(acme, plan), { code: 'forbidden' })
  }
  await datasource.run(acme, {
    kind: 'insert',
    entity,
    fields: ['code'],
    rows: '{"code":"smuggled","tenant_id":"globex","instance_id":"us"}',
  })
  const stored = await database.query(`select tenant_id from shop_v1.codes where code = 'smuggled'`)
  assert.deepEqual(stored, [{ tenant_id: 'acme' }])
  const conflict = {
    kind: 'insert',
    entity,
    fields: ['code'],
    rows: '{"code":"x"}',
    onConflict: { fields: ['tenant_id', 'code'], resolution: 'merge' },
  } satisfies Plan
  await assert.rejects(datasource.run(acme, conflict), { code: 'invalid' })
})

const injections = [
  `'; set role postgres; --`,
  `'; set tenantry.tenant = 'globex'; --`,
  `' or '1'='1`,
  `', true), set_config('tenantry.tenant', 'globex`,
  `"; drop table shop_v1.codes; --`,
  `$1`,
  `$$; select 1; $$`,
  `\\'; reset role; --`,
  `globex\u0000`,
  `\u0000globex`,
  'globex\n',
  ' globex',
  'GLOBEX',
  'ｇlobex',
  '%',
  '*',
  '{globex}',
  'acme,globex',
]

test('values are only values, wherever they stand', async () => {
  const { datasource } = tenants
  const before = await foreignRows()
  for (const value of injections) {
    for (const [definition, field] of [
      [codes, 'code'],
      [articles, 'title'],
      [desks, 'name'],
    ] as const) {
      const entity = of(definition)
      for (const operator of ['eq', 'like', 'ilike', 'neq'] as const) {
        const where: Condition = { kind: 'compare', path: { field }, not: false, operator, value }
        await seen(datasource.run(acme, { kind: 'read', entity, select: everything, where }), nobodys, canary)
      }
      const path = {
        field: 'note',
        json: [
          { arrow: '->' as const, key: value },
          { arrow: '->>' as const, key: value },
        ],
      }
      if (definition === articles)
        await seen(
          datasource.run(acme, {
            kind: 'read',
            entity,
            select: [{ kind: 'field', path, alias: 'a' }],
            where: { kind: 'compare', path, not: false, operator: 'eq', value },
          }),
          nobodys,
          canary,
        )
    }
    const stored = await seen(insert(acme, articles, { title: value }), nobodys, canary)
    assert.match(stored, /"rows":1|"invalid"/)
    await seen(insert(acme, codes, { code: `i${value}` }), nobodys, canary)
  }
  assert.equal(await foreignRows(), before)
})

test('names are never text of a statement', async () => {
  const { datasource } = tenants
  const entity = of(codes)
  for (const name of [
    ...injections,
    'code"',
    'code; --',
    'code, tenant_id',
    'tenant_id',
    '(select 1)',
    't0.tenant_id',
  ]) {
    const attempts: Plan[] = [
      { kind: 'read', entity, select: [{ kind: 'field', path: { field: name } }] },
      { kind: 'read', entity, select: everything, where: eq(name, 'x') },
      { kind: 'read', entity, select: everything, order: [{ path: { field: name }, direction: 'asc' }] },
      { kind: 'read', entity, select: [embed(name)] },
      { kind: 'read', entity, select: [embed('prices', { hint: name })] },
      { kind: 'read', entity, select: [{ kind: 'field', path: { field: 'code' }, cast: name }] },
      { kind: 'insert', entity, fields: [name], rows: '{}' },
      { kind: 'update', entity, fields: [name], patch: '{}' },
      {
        kind: 'insert',
        entity,
        fields: ['code'],
        rows: '{"code":"x"}',
        onConflict: { fields: [name], resolution: 'ignore' },
      },
    ]
    for (const plan of attempts) await assert.rejects(datasource.run(acme, plan), TenantryError, JSON.stringify(name))
    const alias = {
      kind: 'read',
      entity,
      select: [{ kind: 'field', path: { field: 'code' }, alias: name }],
    } satisfies Plan
    await seen(datasource.run(acme, alias), nobodys, canary)
  }
})

test('a subject, an instance or a tenant cannot break out of its setting', async () => {
  const { datasource, contextOf, database } = tenants
  const before = await foreignRows()
  for (const value of injections) {
    for (const context of [
      contextOf('acme', { subject: value, instance: 'eu' }),
      contextOf('acme', { instance: value }),
      contextOf(value, { instance: 'eu' }),
      contextOf(value, { instance: value, subject: value }),
    ]) {
      for (const definition of entities) {
        const shown = await seen(
          datasource.run(context, { kind: 'read', entity: of(definition), select: everything }),
          nobodys,
          canary,
        )
        if (context.tenant !== 'acme') assert.doesNotMatch(shown, /mine/)
      }
      await seen(insert(context, articles, { title: 'injected' }), nobodys, canary)
    }
  }
  assert.equal(await foreignRows(), before)
  const subjects = await database.query<{ created_by: string }>(
    `select distinct created_by from shop_v1.articles where title = 'injected' and tenant_id = 'acme'`,
  )
  for (const { created_by } of subjects) assert.ok(injections.includes(created_by) || created_by === 'somebody at acme')
})

test('roles that reach across tenants count only for principals of the system tenant', async () => {
  const { datasource, contextOf } = tenants
  const entity = of(articles)
  await assert.rejects(
    datasource.run(contextOf('acme', { roles: ['wide'] }), { kind: 'read', entity, select: everything }),
    { code: 'forbidden' },
  )
  const both = await datasource.run(contextOf('acme', { roles: ['wide', 'auditor'] }), {
    kind: 'read',
    entity,
    select: everything,
  })
  assert.doesNotMatch(both.body, new RegExp(canary))
  await assert.rejects(datasource.run(contextOf('acme', { roles: ['wide', 'auditor'] }), { kind: 'delete', entity }), {
    code: 'forbidden',
  })
  const across = await datasource.run(contextOf('system', { roles: ['wide'], acrossTenants: true }), {
    kind: 'read',
    entity,
    select: everything,
  })
  assert.match(across.body, new RegExp(canary))
})

test('whoever reads across tenants sees each row with the related rows of its own tenant', async () => {
  const { datasource, contextOf, modules } = tenants
  const system = contextOf('system', { roles: ['wide'], acrossTenants: true })
  const select = [...everything, embed('brand_id', { alias: 'brand' }), embed('reviews')]
  const entity = modules.entityOf(articles)
  const { body } = await datasource.run(system, { kind: 'read', entity, select, where: eq('id', both.id) })
  const rows: { title: string; brand: { name: string }; reviews: { words: string }[] }[] = JSON.parse(body)
  assert.equal(rows.length, 2)
  for (const { title, brand, reviews } of rows)
    assert.deepEqual([brand.name, ...reviews.map(({ words }) => words)], [title, title])
})

test('shared rows are read by every tenant and written by none', async () => {
  const { datasource } = tenants
  const entity = of(currencies)
  await tenants.database.query(`insert into world_v1.currencies (iso, name) values ('EUR', 'Euro')`)
  assert.equal((await datasource.run(acme, { kind: 'read', entity, select: everything })).rows, 1)
  for (const plan of [
    { kind: 'insert', entity, fields: ['iso', 'name'], rows: '{"iso":"XXX","name":"x"}' },
    { kind: 'update', entity, fields: ['name'], patch: '{"name":"x"}' },
    { kind: 'delete', entity },
  ] satisfies Plan[])
    await assert.rejects(datasource.run(acme, plan), { code: 'forbidden' })
})

test('a request with more values than the protocol can count is refused before it is sent', async () => {
  const { datasource } = tenants
  const entity = of(codes)
  const where: Condition = {
    kind: 'or',
    not: false,
    conditions: Array.from({ length: 66_000 }, (_, index) => eq('code', String(index))),
  }
  await assert.rejects(datasource.run(acme, { kind: 'read', entity, select: everything, where }), { code: 'too_large' })
  assert.ok((await datasource.run(globex, { kind: 'read', entity, select: everything })).rows > 0)
})

test('a thousand interleaved requests of both tenants stay apart', async () => {
  const { datasource } = tenants
  const answers = await Promise.all(
    Array.from({ length: 1_000 }, async (_, index) => {
      const context = index % 2 ? acme : globex
      const entity = of(entities[index % entities.length] ?? brands)
      const { body } = await datasource.run(context, {
        kind: 'read',
        entity,
        select: [...everything, ...embedsOf(entity)],
        where: keyOf(entity, both),
      })
      return (context === acme) === body.includes(canary) ? `${entity.name}: ${body}` : ''
    }),
  )
  assert.deepEqual(answers.filter(Boolean), [])
})
