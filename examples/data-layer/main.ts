import { decimal, entity, integer, oneOf, reference, related, TenantryError, text } from 'tenantry'
import { openEmbedded, openPostgres } from 'tenantry/data/postgres'

const products = entity('products', { name: text({ max: 100 }).unique() }, { softDelete: true })
const orders = entity(
  'orders',
  {
    product_id: reference(() => products),
    crates: integer({ min: 1 }),
    price: decimal(10, 2),
    state: oneOf('open', 'shipped').default('open'),
  },
  { revision: true, instanced: true, authors: true },
)

// Any PostgreSQL, or the one that comes with Tenantry.
const { DATABASE_URL, TENANTRY_PREFIX } = process.env
const server = DATABASE_URL ? undefined : await openEmbedded({ folder: '.tenantry', mode: 'attach-or-start' })
const data = await openPostgres({
  url: DATABASE_URL ?? server?.url ?? '',
  secret: process.env.DATA_SECRET ?? 'only for this example, never for yours',
  entities: [products, orders],
  access: { clerk: 'tenant_writer', auditor: 'tenant_reader', group_auditor: 'reader' },
  settings: { prefix: TENANTRY_PREFIX ?? 'tenantry' },
})

try {
  const coke = (instance: string) => data.tenant('coke', { subject: 'ann', roles: ['clerk'], instance })
  const pepsi = (instance: string) => data.tenant('pepsi', { subject: 'bob', roles: ['clerk'], instance })
  const auditor = data.tenant('coke', { subject: 'eve', roles: ['auditor'] })
  const group = data.acrossTenants({ subject: 'pat', roles: ['group_auditor'] })
  const every = { where: {} }
  for (const tenant of [coke('americas'), pepsi('americas'), coke('europe'), pepsi('europe')]) {
    await tenant.purgeMany(orders, every) // What an earlier run has left.
  }
  await coke('europe').purgeMany(products, every)
  await pepsi('europe').purgeMany(products, every)

  // The same code for both; nobody says which rows are whose.
  const cola = await coke('americas').insert(products, { name: 'Cola' })
  const other = await pepsi('americas').insert(products, { name: 'Cola' })
  const order = await coke('americas').insert(orders, { product_id: cola.id, crates: 10, price: '99.90' })
  await coke('europe').insert(orders, { product_id: cola.id, crates: 3, price: '31.50' })
  await pepsi('europe').insert(orders, [
    { product_id: other.id, crates: 5, price: '40.00' },
    { product_id: other.id, crates: 7, price: '56.00' },
  ])

  const list = await coke('europe').list(orders, { select: ['crates', 'price', 'created_by', { product: ['name'] }] })
  console.log('Coke in Europe:', JSON.stringify(list))
  console.log('Orders of Coke in the Americas, in all, of Pepsi in the Americas:')
  console.log(await coke('americas').count(orders), await auditor.count(orders), await pepsi('americas').count(orders))
  console.log('Pepsi asks for the order of Coke:', await pepsi('americas').find(orders, order.id))
  console.log('The auditor of both sees:', await group.count(orders))

  await tell('An auditor writes', () => auditor.update(products, cola.id, { name: 'Mine' }))
  await tell('Pepsi orders what Coke has', () =>
    pepsi('europe').insert(orders, { product_id: cola.id, crates: 1, price: '1' }),
  )

  const { revision } = await coke('americas').update(orders, order.id, { crates: 12, revision: order.revision })
  console.log('A change makes revision', revision)
  await tell('Another change of revision 1', () =>
    coke('americas').update(orders, order.id, { crates: 1, revision: 1 }),
  )

  await tell('A transaction that fails', () =>
    coke('americas').transaction(async tx => {
      await tx.updateMany(orders, { where: { state: 'open' } }, { state: 'shipped' })
      await tx.insert(orders, { product_id: cola.id, crates: 0, price: '0' })
    }),
  )
  console.log('Still open:', await coke('americas').count(orders, { where: { state: 'open' } }))

  await coke('europe').softDelete(products, cola.id)
  const seen = { select: ['name', { orders: related(orders, { select: ['crates'] }) }] } as const
  console.log('Deleted:', await coke('americas').count(products), 'and restored:')
  await coke('europe').restore(products, cola.id)
  console.log(JSON.stringify(await coke('americas').list(products, seen)))
} finally {
  await data.close()
  await server?.close()
}

async function tell(what: string, work: () => Promise<unknown>): Promise<void> {
  const refused = await work().catch((error: unknown) => error)
  console.log(`${what}:`, refused instanceof TenantryError ? `${refused.code}, ${refused.message}` : refused)
}
