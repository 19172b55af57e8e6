import { boolean, entity, text } from 'tenantry'

export const emails = entity('emails', {
  address: text({ min: 3, max: 254 }).unique(),
  verified: boolean().default(false),
})
