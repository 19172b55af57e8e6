import { decimal, entity, oneOf, reference, text } from 'tenantry'
import { addresses } from '../../shared/v1/address.ts'
import { emails } from '../../shared/v1/email.ts'
import { phones } from '../../shared/v1/phone.ts'

export const customerStatuses = ['lead', 'active', 'inactive'] as const

/** Since this major a customer has names instead of a title. */
export const customers = entity(
  'customers',
  {
    /** Empty for companies. */
    given_name: text({ max: 200 }).default(''),
    family_name: text({ min: 1, max: 200 }),
    status: oneOf(...customerStatuses).default('lead'),
    email_id: reference(() => emails, { onDelete: 'setNull' }).optional(),
    address_id: reference(() => addresses, { onDelete: 'setNull' }).optional(),
    phone_id: reference(() => phones, { onDelete: 'setNull' }).optional(),
    credit: decimal(12, 2).default('0'),
  },
  { revision: true, softDelete: true, unique: [['email_id']], indexes: [['status', 'family_name']] },
)
