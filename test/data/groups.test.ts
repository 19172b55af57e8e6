// F1.6: rows that members of a group may read.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { sql } from 'kysely'
import { action } from '../../src/core/action.ts'
import { rows } from '../../src/core/action-definition.ts'
import { entity } from '../../src/core/entity.ts'
import { TenantryError } from '../../src/core/errors.ts'
import { integer, reference, searchText, text } from '../../src/core/field.ts'
import { related } from '../../src/core/query.ts'
import { createSystemModules } from '../../src/core/system-modules.ts'
import type { TenantData } from '../../src/core/tenant-data.ts'
import { kyselyIn } from '../../src/data/postgres/kysely.ts'
import { openTwoTenants, type TwoTenants } from '../../src/testing/two-tenants.ts'
import { take } from './changes/world.ts'

const recipes = entity(
  'recipes',
  { title: text(), code: text().optional(), size: integer().default(0), words: searchText('title') },
  {
    ...{ shareWith: true, revision: true, softDelete: true, authors: true, changes: true, aggregates: true },
    ...{ unique: [['code']], own: { customer: 'created_by' } },
  },
)
/** Shared with their recipe or not, each by itself. */
const steps = entity(
  'steps',
  { text: text(), recipe_id: reference(() => recipes, { onDelete: 'cascade' }) },
  { shareWith: true },
)
/** Nobody else's. */
const notes = entity('notes', { text: text(), recipe_id: reference(() => recipes, { onDelete: 'cascade' }) })
const allRecipes = action('all_recipes', { reads: [recipes], output: rows(recipes), sql: 'select * from recipes' })

const id = (number: number) => `00000000-0000-7000-8000-${String(number).padStart(12, '0')}`

let world: TwoTenants
before(async () => {
  world = await openTwoTenants({
    modules: [
      {
        ...{ name: 'kitchen', version: '1.0.0', entities: [recipes, steps, notes], actions: [allRecipes] },
        access: {
          admin: 'tenant_writer',
          auditor: 'tenant_reader',
          customer: 'tenant_writer',
          service_admin: 'writer',
        },
      },
    ],
  })
  for (const [name, members] of [
    ['chefs', ['acme', 'globex', 'initech']],
    ['bakers', ['globex', 'initech']],
  ] as const) {
    await groups().create(name)
    for (const tenant of members) await groups().add(name, tenant)
  }
})
after(() => world.close())

const groups = () => world.postgres.platform.groups
const at = (tenant: string, ...roles: string[]) => world.dataOf(tenant, { roles: roles.length ? roles : ['admin'] })
const titles = async (data: TenantData, shared?: 'exclude' | 'only') =>
  (await data.list(recipes, { order: { title: 'asc' }, ...(shared && { shared }) })).map(({ title }) => title)

async function fill(): Promise<void> {
  await world.database.query('truncate kitchen_v1.recipes, kitchen_v1.steps, kitchen_v1.notes')
  const [acme, globex] = [at('acme'), at('globex')]
  await acme.insert(recipes, { id: id(1), title: 'acme 1' })
  await globex.insert(recipes, [
    { id: id(2), title: 'globex 2', shared_with: 'chefs' },
    { id: id(3), title: 'globex 3 secret', shared_with: 'bakers' },
    { id: id(4), title: 'globex 4 secret' },
  ])
  await globex.insert(steps, [
    { id: id(21), text: 'shown', recipe_id: id(2), shared_with: 'chefs' },
    { id: id(22), text: 'hidden secret', recipe_id: id(2) },
  ])
  await globex.insert(notes, { text: 'a secret', recipe_id: id(2) })
}

async function refusal(work: Promise<unknown>): Promise<string> {
  const error: unknown = await work.then(
    () => assert.fail('it was done'),
    thrown => thrown,
  )
  assert.ok(error instanceof TenantryError, String(error))
  return error.code
}

test('members read what is shared with their group, in every way of reading, and nobody else anything', async () => {
  await fill()
  const [acme, initech, stranger] = [at('acme'), at('initech', 'auditor'), at('umbrella')]
  assert.deepEqual(await titles(acme), ['acme 1', 'globex 2'])
  assert.deepEqual(await titles(initech), ['globex 2', 'globex 3 secret'])
  assert.deepEqual(await titles(stranger), [])
  assert.deepEqual(await titles(acme, 'exclude'), ['acme 1'])
  assert.deepEqual(await titles(acme, 'only'), ['globex 2'])
  assert.deepEqual([await acme.count(recipes), await stranger.count(recipes)], [2, 0])
  assert.equal(await acme.count(recipes, { shared: 'only' }), 1)
  assert.equal((await acme.get(recipes, id(2))).shared_with, 'chefs')
  assert.equal(await acme.find(recipes, id(2), { shared: 'exclude' }), undefined)
  assert.equal(await acme.find(recipes, id(3)), undefined)
  const shown = await acme.list(recipes, {
    ...{ select: ['title', { steps: related(steps), notes: related(notes) }], order: { title: 'desc' }, limit: 1 },
  })
  assert.deepEqual(
    shown.map(row => [row.title, row.steps.map(({ text }) => text), row.notes.length]),
    [['globex 2', ['shown'], 0]],
  )
  const having = (data: TenantData, text: string) =>
    data.list(recipes, { where: { has: related(steps, { where: { text } }) } })
  assert.equal((await having(acme, 'shown')).length, 1)
  assert.equal((await having(acme, 'hidden secret')).length, 0)
  const found = await acme.list(recipes, { where: { words: { search: 'globex' } }, order: { title: 'asc' }, limit: 5 })
  assert.deepEqual(
    found.map(({ title }) => title),
    ['globex 2'],
  )
  assert.deepEqual((await acme.call(allRecipes, {})).map(({ title }) => title).sort(), ['acme 1', 'globex 2'])
  const byHand = (data: TenantData) =>
    data.transaction(tx =>
      kyselyIn(tx, { reads: { recipes } }, db =>
        sql<{ title: string }>`select title from kitchen_v1.recipes`.execute(db),
      ),
    )
  assert.equal((await byHand(acme)).rows.length, 2)
  assert.equal((await byHand(stranger)).rows.length, 0)
  const words = { kind: 'compare', path: { field: 'words' }, operator: 'plfts', value: 'globex', not: false } as const
  const recipe = { select: [{ kind: 'field', path: { field: 'title' } }], where: words } as const
  const embed = { kind: 'embed', relation: 'recipes', join: 'inner', spread: false, query: recipe } as const
  const inner = { kind: 'read', entity: acme.entityOf(steps), select: [embed] } as const
  assert.equal((await acme.run(inner)).body, '[{"recipes":{"title":"globex 2"}}]')
  const pages: string[] = []
  for (let after: string | undefined; ; ) {
    const page = await acme.page(recipes, { order: { title: 'desc' }, limit: 1, ...(after !== undefined && { after }) })
    pages.push(...page.rows.map(({ title }) => title))
    if (page.next === null) break
    after = page.next
  }
  assert.deepEqual(pages, ['globex 2', 'acme 1'])
  // Somebody who sees only rows of his own sees none of theirs, called alike or not.
  const alike = world.dataOf('acme', { subject: 'somebody at globex', roles: ['customer'] })
  assert.deepEqual([await titles(alike), await alike.count(recipes)], [[], 0])
})

test('a list that is too large for one text has what is shared as well, once', async () => {
  await fill()
  await world.database.query(
    `insert into kitchen_v1.recipes (tenant_id, title, shared_with) select tenant, left(repeat(md5(n::text), 1000), 30000), 'chefs'
     from generate_series(1, 80) n, unnest(array['acme', 'globex']) tenant`,
  )
  const acme = at('acme')
  const select = [
    { kind: 'field', path: { field: 'id' } },
    { kind: 'field', path: { field: 'title' } },
  ] as const
  const plan = { kind: 'read', entity: acme.entityOf(recipes), select, count: 'exact' } as const
  const answer = await world.datasource.run(acme.context, plan, { large: 'stream' })
  let text = ''
  for await (const part of answer.stream ?? []) text += part
  const ids = (JSON.parse(text) as { id: string }[]).map(({ id }) => id)
  assert.deepEqual([answer.rows, answer.total, ids.length, new Set(ids).size], [162, 162, 162, 162])
  const page = await world.datasource.run(acme.context, { ...plan, select: [], keyset: {}, limit: 2 })
  assert.deepEqual([page.rows, page.total], [2, 162])
})

test('what is shared is not asked for where nothing can be', async () => {
  assert.equal(await refusal(at('acme').list(notes, { shared: 'only' })), 'invalid')
  assert.deepEqual(await at('acme').list(notes, { shared: 'exclude' }), [])
})

test('members change, delete, lock and refer to nothing that they were shown', async () => {
  await fill()
  const acme = at('acme')
  const before = await world.database.query('select * from kitchen_v1.recipes order by tenant_id, id')
  for (const write of [
    (key: string) => acme.update(recipes, key, { title: 'mine' }),
    (key: string) => acme.update(recipes, key, { title: 'mine', revision: 1 }),
    (key: string) => acme.update(recipes, key, { title: 'mine', revision: 7 }),
    (key: string) => acme.update(recipes, key, { shared_with: null }),
    (key: string) => acme.softDelete(recipes, key),
    (key: string) => acme.purge(recipes, key),
    (key: string) => acme.insert(notes, { text: 'mine', recipe_id: key }),
  ]) {
    assert.equal(await refusal(write(id(2))), await refusal(write(id(99))), String(write))
  }
  assert.equal(await acme.purgeMany(recipes, { where: { shared_with: 'chefs' } }), 0)
  const lock = { kind: 'read', entity: acme.entityOf(recipes), select: [{ kind: 'all' }], lock: true } as const
  assert.equal((await acme.transaction(tx => tx.run(lock))).rows, 1)
  const byHand = acme.transaction(tx =>
    kyselyIn(tx, { writes: { recipes } }, async db => {
      const changed = await sql`update kitchen_v1.recipes set title = 'x'`.execute(db)
      const deleted = await sql`delete from kitchen_v1.recipes where tenant_id <> 'acme'`.execute(db)
      return [Number(changed.numAffectedRows), Number(deleted.numAffectedRows)]
    }),
  )
  assert.deepEqual(await byHand, [1, 0])
  await world.database.query(`update kitchen_v1.recipes set title = 'acme 1' where tenant_id = 'acme'`)
  const stable = ({ updated_at: _, revision: __, updated_by: ___, ...row }: Record<string, unknown>) => row
  const after = await world.database.query('select * from kitchen_v1.recipes order by tenant_id, id')
  assert.deepEqual(after.map(stable), before.map(stable))
})

test('a key names one row: one’s own, else the one that was made first, whatever others put beside it', async () => {
  await fill()
  const [acme, initech] = [at('acme'), at('initech')]
  await initech.insert(recipes, { id: id(2), title: 'initech in its place', shared_with: 'chefs' })
  assert.equal((await acme.get(recipes, id(2))).title, 'globex 2')
  assert.deepEqual(await titles(acme), ['acme 1', 'globex 2'])
  await acme.insert(recipes, { id: id(2), title: 'acme 2' })
  assert.equal((await acme.get(recipes, id(2))).title, 'acme 2')
  assert.deepEqual(await titles(acme), ['acme 1', 'acme 2'])
  // What a write means is one's own, also where another's row is in another revision.
  assert.equal((await acme.update(recipes, id(2), { title: 'acme 2b', revision: 1 })).revision, 2)
  const upserted = await acme.upsert(recipes, { id: id(2), title: 'acme 2c' })
  assert.deepEqual([upserted.title, (await at('globex').get(recipes, id(2))).title], ['acme 2c', 'globex 2'])
  await acme.softDelete(recipes, id(2))
  assert.equal(await acme.find(recipes, id(2)), undefined)
})

test('a tenant shares with its own groups only, and takes back at once', async () => {
  await fill()
  const [acme, globex] = [at('acme'), at('globex')]
  for (const name of ['bakers', 'nobody', '']) {
    assert.equal(await refusal(acme.insert(recipes, { title: 'x', shared_with: name })), 'forbidden', name)
    assert.equal(await refusal(acme.update(recipes, id(1), { shared_with: name })), 'forbidden', name)
    assert.equal(await refusal(acme.upsert(recipes, { id: id(1), title: 'x', shared_with: name })), 'forbidden', name)
  }
  assert.deepEqual(await titles(acme, 'only'), ['globex 2'])
  await globex.softDelete(recipes, id(2))
  assert.equal((await acme.list(recipes, { includeDeleted: true, shared: 'only' })).length, 0)
  await globex.restore(recipes, id(2))
  assert.deepEqual(await titles(acme, 'only'), ['globex 2'])
  await globex.update(recipes, id(2), { shared_with: null })
  assert.deepEqual(await titles(acme, 'only'), [])
})

test('who joins, leaves or is removed counts for the next statement, on both sides', async () => {
  await fill()
  const [acme, globex] = [at('acme'), at('globex')]
  await groups().remove('chefs', 'acme')
  assert.deepEqual(await titles(acme), ['acme 1'])
  await groups().add('chefs', 'acme')
  assert.deepEqual(await titles(acme, 'only'), ['globex 2'])
  await groups().remove('chefs', 'globex')
  assert.deepEqual([await titles(acme, 'only'), (await acme.list(steps)).length], [[], 0])
  // Its row still names the group, and may be changed otherwise.
  assert.equal((await globex.update(recipes, id(2), { size: 3 })).shared_with, 'chefs')
  assert.equal(await refusal(globex.insert(recipes, { title: 'x', shared_with: 'chefs' })), 'forbidden')
  await groups().add('chefs', 'globex')
  assert.deepEqual(await titles(acme, 'only'), ['globex 2'])
  await groups().removeFromAll('globex')
  assert.deepEqual(await titles(acme, 'only'), [])
  for (const name of ['chefs', 'bakers']) await groups().add(name, 'globex')
  assert.deepEqual(await titles(acme, 'only'), ['globex 2'])
})

test('a group that was deleted shares nothing, and its name is not given again', async () => {
  await fill()
  await groups().create('short-lived')
  for (const tenant of ['acme', 'globex']) await groups().add('short-lived', tenant)
  await at('globex').insert(recipes, { title: 'for a while', shared_with: 'short-lived' })
  assert.deepEqual(await titles(at('acme'), 'only'), ['for a while', 'globex 2'])
  assert.equal(await groups().delete('short-lived'), true)
  assert.equal(await groups().delete('short-lived'), false)
  assert.deepEqual(await titles(at('acme'), 'only'), ['globex 2'])
  assert.equal(await groups().add('short-lived', 'acme'), false)
  assert.equal(await refusal(groups().create('short-lived')), 'conflict')
  assert.equal(await groups().find('short-lived'), undefined)
  // Also for somebody who joined while it was being deleted.
  await world.database.query(`update tenantry.group_members set left_at = null where group_name = 'short-lived'`)
  assert.deepEqual(await titles(at('acme'), 'only'), ['globex 2'])
})

test('changes and archives are of one’s own rows, also where another’s has the same key', async () => {
  await fill()
  const acme = at('acme')
  const start = await acme.changePosition(recipes)
  await at('globex').update(recipes, id(2), { size: 1 })
  await acme.insert(recipes, { id: id(2), title: 'acme 2' })
  await acme.purge(recipes, id(2))
  assert.equal((await acme.get(recipes, id(2))).title, 'globex 2')
  const told = await take(acme.changes(recipes, { after: start }), 2)
  assert.deepEqual(
    told.map(({ operation, row }) => [operation, row]),
    [
      ['insert', undefined],
      ['delete', undefined],
    ],
  )
  const entities = [world.modules.entityOf(recipes)]
  const archived: string[] = []
  await world.postgres.rows.snapshot('acme', entities, async (_, row) => {
    archived.push(JSON.parse(row).title)
  })
  assert.deepEqual(archived, ['acme 1'])
  await world.postgres.rows.purge('acme', entities, () => 1)
  assert.deepEqual([await titles(acme, 'exclude'), await titles(acme, 'only')], [[], ['globex 2']])
})

test('the platform’s own people see in a tenant what it sees, and across all every row once', async () => {
  await fill()
  const read = { kind: 'read', entity: world.modules.entityOf(recipes), select: [{ kind: 'all' }] } as const
  const context = world.contextOf('acme', { roles: ['service_admin'] })
  const acting = { ...context, principal: { ...context.principal, tenant: 'system' } }
  assert.equal((await world.datasource.run(acting, read)).rows, 2)
  const system = createSystemModules(world.modules)
  const across = {
    ...world.contextOf('system', { roles: ['service_admin'], acrossTenants: true }),
    exposure: system.exposure,
  }
  const entity = system.modules.entityOf(recipes)
  assert.equal((await world.datasource.run(across, { ...read, entity })).rows, 4)
})
