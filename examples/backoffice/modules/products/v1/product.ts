import { array, boolean, decimal, entity, integer, json, text } from 'tenantry'

type ProductDetails = { readonly weight_kg?: number; readonly colour?: string; readonly warning?: string }

export const products = entity(
  'products',
  {
    sku: text({ min: 1, max: 40 }).unique(),
    title: text({ min: 1, max: 200 }),
    price: decimal(12, 2, { min: 0 }),
    stock: integer({ min: 0 }).default(0),
    tags: array(text({ max: 40 })).default([]),
    details: json<ProductDetails>().default({}),
    active: boolean().default(true),
  },
  { indexes: [['stock']] },
)
