import { action, date, reference, rows } from 'tenantry'
import { customers } from '../../customers/v2/customer.ts'
import { invoices } from './invoice.ts'

/** SQL: one statement, which PostgreSQL plans together with the caller's filters. */
export const openInvoices = action('open_invoices', {
  description: 'What a customer has not paid yet, the longest due first',
  input: {
    customer_id: reference(() => customers),
    /** Only what is due before this day. */
    due_before: date().optional(),
  },
  reads: [invoices],
  output: rows(invoices),
  sql: `
    select * from invoices i
    where i.customer_id = open_invoices.customer_id and i.status = 'sent'
      and (open_invoices.due_before is null or i.due_on < open_invoices.due_before)
    order by i.due_on, i.number`,
})
