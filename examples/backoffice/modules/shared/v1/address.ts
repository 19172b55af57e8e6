import { entity, text } from 'tenantry'

export const addresses = entity(
  'addresses',
  {
    street: text({ min: 1, max: 200 }),
    city: text({ min: 1, max: 100 }),
    region: text({ max: 100 }).optional(),
    postal_code: text({ max: 20 }),
    /** ISO 3166-1: two letters. */
    country: text({ min: 2, max: 2 }).default('US'),
  },
  { indexes: [['country', 'city']] },
)
