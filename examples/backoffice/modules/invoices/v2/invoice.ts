import { date, decimal, entity, oneOf, reference, text } from 'tenantry'
import { customers } from '../../customers/v2/customer.ts'

export const invoices = entity(
  'invoices',
  {
    number: text({ min: 1, max: 40 }).unique().writeOnce(),
    customer_id: reference(() => customers),
    status: oneOf('draft', 'sent', 'paid').default('draft'),
    issued_on: date().default('now'),
    due_on: date(),
    /** The sum of `quantity * unit_price` of its line items. */
    total: decimal(14, 2, { min: 0 }).default('0'),
    note: text({ max: 2000 }).optional(),
  },
  {
    revision: true,
    indexes: [
      ['customer_id', 'issued_on'],
      ['status', 'due_on'],
    ],
  },
)
