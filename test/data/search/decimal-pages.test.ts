// F5.10: pages by keyset in the order of decimals, which the database keeps a second time as floating point.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { entity } from '../../../src/core/entity.ts'
import { decimal, integer } from '../../../src/core/field.ts'
import type { OrderBy } from '../../../src/core/query.ts'
import type { TenantData } from '../../../src/core/tenant-data.ts'
import { openTwoTenants, type TwoTenants } from '../../../src/testing/two-tenants.ts'

const prices = entity(
  'prices',
  { exact: decimal(12, 2), wide: decimal(30, 2), perhaps: decimal(12, 2).optional(), rank: integer() },
  { indexes: [['exact'], ['wide'], ['perhaps']] },
)

let tenants: TwoTenants
before(async () => {
  tenants = await openTwoTenants({
    modules: [{ name: 'till', version: '1.0.0', entities: [prices], access: { admin: 'tenant_writer' } }],
  })
  await fill(tenants.acme, 100)
  await fill(tenants.globex, 1000)
})
after(() => tenants?.close())

/** Neighbours that floating point cannot tell apart, on both sides of zero. */
const wides = ['-12345678901234567890', '0', '12345678901234567890'].flatMap(whole =>
  ['01', '02', '03'].map(cents => `${whole}.${cents}`),
)

async function fill(data: TenantData, most: number): Promise<void> {
  const rows = Array.from({ length: 27 }, (_, index) => ({
    exact: `${(index * 7) % 5}.50`,
    wide: wides[(index * 4) % wides.length] ?? '0',
    perhaps: index % 3 === 0 ? null : `${(index * 5) % 4}.25`,
    rank: most - index,
  }))
  await data.insert(prices, rows)
}

const orders: readonly OrderBy<typeof prices>[] = [
  { perhaps: 'asc nulls first' },
  { perhaps: 'desc nulls last', wide: 'desc' },
  ...(['asc', 'desc'] as const).flatMap((direction): OrderBy<typeof prices>[] => [
    { exact: direction },
    { wide: direction },
    { perhaps: direction },
    { exact: direction, wide: 'asc' },
    { wide: direction, exact: 'desc' },
    { rank: direction },
    { perhaps: direction, wide: direction },
    { wide: direction, rank: direction },
  ]),
]

for (const order of orders) {
  test(`pages by ${JSON.stringify(order)} are the list, of each tenant its own`, async () => {
    for (const data of [tenants.acme, tenants.globex]) {
      const all = await data.list(prices, { order: { ...order, id: Object.values(order).at(-1) ?? 'asc' } })
      const paged: unknown[] = []
      for (let after: string | undefined; ; ) {
        const { rows, next } = await data.page(prices, { order, limit: 4, ...(after !== undefined && { after }) })
        paged.push(...rows)
        if (next === null) break
        after = next
      }
      assert.deepEqual(paged, all)
      assert.equal(all.length, 27)
    }
  })
}
