import assert from 'node:assert/strict'
import { test } from 'node:test'
import { entity } from '../../src/core/entity.ts'
import { reference, text } from '../../src/core/field.ts'
import type { Link } from '../../src/core/link.ts'
import { createModuleSet } from '../../src/core/module-set.ts'
import type { Embed, Plan, Selection } from '../../src/core/plan.ts'
import { checkPlan } from '../../src/core/plan-check.ts'
import { embedNames } from '../../src/core/plan-relations.ts'

const emails = entity('emails', { address: text() })
const people = entity(
  'people',
  {
    name: text().unique(),
    home_id: reference(() => emails).optional(),
    work_id: reference(() => emails).optional(),
    boss_id: reference('people').optional(),
  },
  { revision: true, softDelete: true, instanced: true },
)
const secrets = entity('secrets', { person_id: reference(() => people).unique() }, { instanced: true })
const set = createModuleSet([
  { name: 'base', version: '1.0.0', entities: [emails] },
  { name: 'crm', version: '1.0.0', entities: [people], dependsOn: ['base@1'] },
  { name: 'vault', version: '1.0.0', entities: [secrets], dependsOn: ['crm@1'] },
])
const wide = set.expose(['base@1', 'crm@1', 'vault@1'])
const narrow = set.expose(['crm@1'])
const [E, P, S] = [set.entityOf(emails), set.entityOf(people), set.entityOf(secrets)]

const all: Selection[] = [{ kind: 'all' }]
const embed = (relation: string, hint?: string, more: Partial<Embed> = {}): Embed => ({
  kind: 'embed',
  relation,
  join: 'left',
  spread: false,
  query: { select: all },
  ...(hint === undefined ? {} : { hint }),
  ...more,
})
const read = (select: readonly Selection[]): Plan => ({ kind: 'read', entity: P, select })
const usesOf = (plan: Plan) => checkPlan(plan, wide).uses.map(({ entity: { name }, verb }) => `${verb} ${name}`)

test('every entity that a plan touches is one of its uses', () => {
  assert.deepEqual(usesOf(read(all)), ['read people'])
  assert.deepEqual(
    usesOf(read([embed('emails', 'home_id'), embed('secrets', undefined, { query: { select: [embed('people')] } })])),
    ['read people', 'read emails', 'read secrets'],
  )
  assert.deepEqual(usesOf({ kind: 'delete', entity: P, returning: [embed('emails', 'work_id')] }), [
    'write people',
    'read emails',
  ])
  assert.deepEqual(usesOf({ kind: 'insert', entity: P, fields: ['name'], rows: '[]' }), ['write people'])
  assert.deepEqual(
    usesOf({
      kind: 'insert',
      entity: P,
      fields: ['name'],
      rows: '[]',
      onConflict: { fields: ['name'], resolution: 'merge' },
    }),
    ['write people', 'read people'],
  )
  assert.deepEqual(usesOf({ kind: 'update', entity: P, fields: ['name'], patch: '{}' }), ['write people'])
})

test('entities of modules that the tenant does not see cannot be embedded', () => {
  for (const select of [[embed('emails', 'home_id')], [embed('secrets')], [embed('home_id')]]) {
    assert.throws(() => checkPlan(read(select), narrow), { code: 'invalid', reason: 'PGRST200' })
  }
})

test('a relation that is given as itself is refused where its names would be', () => {
  const given = (link: Link): Selection => ({ ...embed('any'), link })
  const [relation] = P.references
  assert.ok(relation)
  const link = { relation, outgoing: true, through: null }
  assert.doesNotThrow(() => checkPlan(read([given(link)]), wide))
  assert.throws(() => checkPlan(read([given(link)]), narrow), { code: 'invalid', reason: 'PGRST200' })
  // It is no relation of this entity, seen from this side.
  for (const wrong of [
    { ...link, outgoing: false },
    { ...link, through: relation },
  ])
    assert.throws(() => checkPlan(read([given(wrong)]), wide), { code: 'invalid', reason: 'PGRST200' })
})

test('an embed that could mean several relations is refused with the candidates', () => {
  assert.throws(() => checkPlan(read([embed('emails')]), wide), {
    reason: 'PGRST201',
    hint: /'emails!people_home_id_fkey', 'emails!people_work_id_fkey'/,
    detailList: [
      {
        cardinality: 'many-to-one',
        embedding: 'people with emails',
        relationship: 'people_home_id_fkey using people(home_id) and emails(id)',
      },
      {
        cardinality: 'many-to-one',
        embedding: 'people with emails',
        relationship: 'people_work_id_fkey using people(work_id) and emails(id)',
      },
    ],
  })
  for (const hint of ['home_id', 'people_home_id_fkey'])
    assert.doesNotThrow(() => checkPlan(read([embed('emails', hint)]), wide))
  for (const [relation, outgoing] of [
    ['people', false],
    ['boss_id', true],
  ] as const) {
    const checked = checkPlan(read([embed(relation)]), wide)
    assert.ok(checked.kind === 'read' && checked.query.embeds[0]?.outgoing === outgoing)
  }
})

test('the words that an embed is offered in mean one relation', () => {
  const names = embedNames(P, { entity: () => true, relation: () => true })
  assert.deepEqual(names, ['emails!home_id', 'emails!work_id', 'boss_id', 'people', 'secrets'])
  for (const name of names) {
    const [relation = '', hint] = name.split('!')
    assert.doesNotThrow(() => checkPlan(read([embed(relation, hint)]), wide), name)
  }
})

test('a reference that is unique is one row from both sides', () => {
  const checked = checkPlan(read([embed('secrets')]), wide)
  assert.ok(checked.kind === 'read')
  assert.deepEqual(
    checked.query.embeds.map(({ arity, outgoing }) => [arity, outgoing]),
    [['one', false]],
  )
  assert.doesNotThrow(() =>
    checkPlan({ kind: 'read', entity: S, select: [embed('people', undefined, { spread: true })] }, wide),
  )
})

test('what a payload may name depends on the field and on the plan', () => {
  const insert = (field: string) => () => checkPlan({ kind: 'insert', entity: P, fields: [field], rows: '' }, wide)
  const update = (field: string) => () => checkPlan({ kind: 'update', entity: P, fields: [field], patch: '' }, wide)
  for (const field of ['name', 'id', 'revision', 'instance_id']) assert.doesNotThrow(insert(field), field)
  for (const field of ['name', 'revision', 'deleted_at']) assert.doesNotThrow(update(field), field)
  for (const field of ['created_at', 'updated_at', 'deleted_at'])
    assert.throws(insert(field), { code: 'invalid' }, field)
  // In a change of what is there they may be a part of a whole record, which the statement compares.
  for (const field of ['created_at', 'updated_at', 'id', 'instance_id']) {
    const checked = update(field)()
    assert.deepEqual(checked.kind === 'update' && [checked.fields.length, checked.kept.map(({ name }) => name)], [
      0,
      [field],
    ])
  }
  for (const check of [insert('tenant_id'), update('tenant_id')]) assert.throws(check, { code: 'forbidden' })
  assert.throws(insert('nothing'), { reason: 'PGRST204' })
})

test('restoring looks at deleted rows, deleting is soft where it can be', () => {
  const restore = checkPlan({ kind: 'update', entity: P, fields: ['deleted_at'], patch: '' }, wide)
  assert.ok(restore.kind === 'update' && restore.deleted === 'include')
  const soft = checkPlan({ kind: 'delete', entity: P }, wide)
  assert.ok(soft.kind === 'delete' && soft.mode === 'soft' && soft.deleted === 'exclude')
  const hard = checkPlan({ kind: 'delete', entity: E }, wide)
  assert.ok(hard.kind === 'delete' && hard.mode === 'purge')
  assert.throws(() => checkPlan({ kind: 'delete', entity: E, mode: 'soft' }, wide), { code: 'invalid' })
})

test('a whole record that is sent back restores nothing', () => {
  const deletedOf = (fields: string[]) => {
    const checked = checkPlan({ kind: 'update', entity: P, fields, patch: '' }, wide)
    return checked.kind === 'update' && checked.deleted
  }
  assert.equal(deletedOf(['deleted_at', 'revision']), 'include')
  assert.equal(deletedOf(['deleted_at', 'name']), 'exclude')
})

test('embeds are bounded in number, because the planner looks at all of them together', () => {
  const many = (count: number) => read(Array.from({ length: count }, () => embed('secrets')))
  assert.doesNotThrow(() => checkPlan(many(64), wide))
  assert.throws(() => checkPlan(many(65), wide), { code: 'invalid', message: /more than 64 embeds/ })
})

test('a conflict is on the key or on a unique set, in any order', () => {
  const on =
    (...fields: string[]) =>
    () =>
      checkPlan({ kind: 'insert', entity: P, fields: [], rows: '', onConflict: { fields, resolution: 'merge' } }, wide)
  assert.doesNotThrow(on('id'))
  assert.doesNotThrow(on('name'))
  for (const fields of [[], ['name', 'id'], ['revision'], ['name', 'name']])
    assert.throws(on(...fields), { reason: '42P10' }, fields.join())
  for (const field of ['tenant_id', 'nothing']) assert.throws(on(field), { reason: '42703' }, field)
})

test('words that become part of a statement are from closed lists, whatever the compiler was told', () => {
  const wrong = '1; drop table people' as never
  const path = { field: 'name' }
  for (const plan of [
    { kind: 'read', entity: P, select: all, order: [{ path, direction: wrong }] },
    { kind: 'read', entity: P, select: all, order: [{ path, direction: 'asc', nulls: wrong }] },
    { kind: 'read', entity: P, select: [{ kind: 'field', path, cast: wrong }] },
  ] satisfies Plan[])
    assert.throws(() => checkPlan(plan, wide), { code: 'invalid' })
})

test('only names of the definitions are marked as ours', () => {
  const nameOf = (selection: Selection) => {
    const checked = checkPlan(read([selection]), wide)
    assert.ok(checked.kind === 'read')
    return (checked.query.columns[0] ?? checked.query.embeds[0])?.name
  }
  const path = { field: 'name' }
  assert.deepEqual(nameOf({ kind: 'field', path }), { text: 'name', ours: true })
  assert.deepEqual(nameOf({ kind: 'field', path, alias: 'id' }), { text: 'id', ours: true })
  for (const alias of ['a', 'a"', '', 'tenant_id', 'x'.repeat(64)])
    assert.deepEqual(nameOf({ kind: 'field', path, alias }), { text: alias, ours: false })
  const json = [{ arrow: '->', key: 'k"' }] as const
  assert.deepEqual(nameOf({ kind: 'field', path: { field: 'name', json } }), { text: 'k"', ours: false })
  assert.deepEqual(nameOf(embed('secrets')), { text: 'secrets', ours: true })
  assert.deepEqual(nameOf(embed('secrets', undefined, { alias: 'id' })), { text: 'id', ours: false })
})

test('what is said about an unknown name is short and holds no control characters', () => {
  const name = `${'x'.repeat(200)}\u001b[31m\r\n`
  for (const plan of [
    read([{ kind: 'field', path: { field: name } }]),
    read([embed(name)]),
    read([embed('emails', name)]),
    { kind: 'insert', entity: P, fields: [name], rows: '' } satisfies Plan,
  ]) {
    try {
      checkPlan(plan, wide)
      assert.fail('a refusal was expected')
    } catch (error) {
      const { message, details, hint } = error as { message: string; details: string | null; hint: string | null }
      assert.doesNotMatch(`${message}${details ?? ''}${hint ?? ''}`, /\p{Cc}|x{100}/u)
    }
  }
})
