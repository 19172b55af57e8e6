import { decimal, entity, integer, reference, text } from 'tenantry'
import { products } from '../../products/v1/product.ts'
import { invoices } from './invoice.ts'

export const lineItems = entity(
  'line_items',
  {
    invoice_id: reference(() => invoices, { onDelete: 'cascade' }),
    /** Its place on the invoice, from 1. */
    position: integer({ min: 1 }),
    product_id: reference(() => products),
    /** As it was called when it was sold; so is the price. */
    title: text({ min: 1, max: 200 }),
    quantity: integer({ min: 1 }),
    unit_price: decimal(12, 2, { min: 0 }),
  },
  { unique: [['invoice_id', 'position']], indexes: [['product_id']] },
)
