import { entity, oneOf, text } from 'tenantry'

export const phones = entity('phones', {
  /** E.164: `+15550100`. */
  number: text({ min: 4, max: 20 }),
  kind: oneOf('landline', 'mobile', 'fax').default('landline'),
})
