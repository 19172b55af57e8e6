import { defineModule } from 'tenantry'
import { products } from './product.ts'

const querystring = {
  type: 'object',
  properties: { below: { type: 'integer', minimum: 0, default: 10 } },
  additionalProperties: false,
}

export default defineModule({
  name: 'products',
  version: '1.0.0',
  entities: [products],
  access: { admin: 'tenant_writer', auditor: 'tenant_reader', service_admin: 'writer', service_auditor: 'reader' },
  routes: app => {
    /** What to order soon: active products with fewer than `below` pieces, the scarcest first. */
    app.get<{ Querystring: { below: number } }>('/low-stock', { schema: { querystring } }, ({ tenant, query }) =>
      tenant.list(products, {
        where: { active: true, stock: { lt: query.below } },
        order: { stock: 'asc', sku: 'asc' },
        limit: 100,
      }),
    )
  },
})
