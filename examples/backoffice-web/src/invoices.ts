import type { Clients } from './clients.ts'
import { PayDocument, UnpaidInvoicesDocument } from './generated/graphql.ts'
import type { Line } from './table.ts'

/** Invoices that were sent, with what they are for, in one request. */
export async function listUnpaid({ graphql }: Clients, afterwards: () => Promise<void>): Promise<Line[]> {
  const { invoices } = await graphql(UnpaidInvoicesDocument, { most: 20 })
  return invoices.map(({ id, number, total, dueOn, customer, lineItems }) => ({
    title: `${number}, ${customer?.title}`,
    more: `due ${dueOn}: ${lineItems.map(({ quantity, title }) => `${quantity} × ${title}`).join(', ')}`,
    end: total,
    button: {
      label: 'Paid',
      press: async () => {
        await graphql(PayDocument, { invoiceId: id })
        await afterwards()
      },
    },
  }))
}
