import { action, reference, row, TenantryError } from 'tenantry'
import { invoices } from './invoice.ts'

/** TypeScript: all of it in one transaction. Another tenant's invoice is `not_found`, as if there were none. */
export const pay = action('pay', {
  description: 'Marks an invoice that was sent as paid',
  input: { invoice_id: reference(() => invoices) },
  writes: [invoices],
  output: row(invoices),
  run: async (tenant, { invoice_id }) => {
    const { status, revision } = await tenant.get(invoices, invoice_id)
    if (status !== 'sent') {
      throw new TenantryError(
        'conflict',
        status === 'paid' ? 'The invoice is paid already' : 'The invoice was not sent',
        {
          reason: `invoice_${status}`,
        },
      )
    }
    // The revision makes sure that of two who pay at once one is refused.
    return tenant.update(invoices, invoice_id, { status: 'paid', revision })
  },
})
