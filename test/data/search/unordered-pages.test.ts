// Pages that nobody ordered: PostgreSQL plans each by itself, and may find the rows of one in an index, those of the next as they lie.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { entity } from '../../../src/core/entity.ts'
import { array, integer, text } from '../../../src/core/field.ts'
import { openTwoTenants, type TwoTenants } from '../../../src/testing/two-tenants.ts'

const things = entity(
  'things',
  { third: integer(), rank: integer(), tags: array(text()).default([]) },
  { indexes: [['rank'], ['tags']] },
)

let tenants: TwoTenants
before(async () => {
  tenants = await openTwoTenants({
    modules: [{ name: 'attic', version: '1.0.0', entities: [things], access: { admin: 'tenant_writer' } }],
  })
  // Keys in no order, so that their index is in another than the rows.
  for (const tenant of ['acme', 'globex'])
    await tenants.database.query(
      `insert into attic_v1.things (tenant_id, id, third, rank) select $1, gen_random_uuid(), i % 3, i % 500 from generate_series(1, 20000) i`,
      [tenant],
    )
  await tenants.database.query('analyze attic_v1.things')
})
after(() => tenants?.close())

for (const [where, limit, all] of [
  [{ third: 1 }, 300, 6667],
  [{ rank: { gte: 400 } }, 100, 4000],
  [{ third: { neq: 1 } }, 600, 13333],
] as const) {
  test(`pages of ${limit} where ${JSON.stringify(where)} skip no row and repeat none`, async () => {
    for (const data of [tenants.acme, tenants.globex]) {
      const found = new Set<string>()
      let rows = 0
      for (let offset = 0; ; offset += limit) {
        const page = await data.list(things, { select: ['id'], where, limit, offset })
        for (const { id } of page) found.add(id)
        rows += page.length
        if (page.length < limit) break
      }
      assert.deepEqual([rows, found.size], [all, all])
    }
  })
}

test('a page far behind the first of what is searched is an empty one, however long it may be', async () => {
  for (const data of [tenants.acme, tenants.globex]) {
    const page = { limit: 1_500_000_000, offset: 1_500_000_000 }
    assert.deepEqual(await data.list(things, { where: { tags: { contains: ['x'] } }, ...page }), [])
  }
})
