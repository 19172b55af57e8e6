import type { TenantData } from 'tenantry'
import { customers } from '../../customers/v1/customer.ts'
import { invoices } from './invoice.ts'

/** A customer's last 100 invoices that left the house, newest first, and their sums as exact decimals. */
export async function statementOf(tenant: TenantData, customerId: string) {
  const customer = await tenant.get(customers, customerId)
  const issued = await tenant.list(invoices, {
    where: { customer_id: customerId, status: { in: ['sent', 'paid'] } },
    order: { issued_on: 'desc', number: 'desc' },
    limit: 100,
  })
  const open = issued.filter(({ status }) => status === 'sent')
  return {
    customer: customer.title,
    invoices: issued.map(({ number, status, issued_on, due_on, total }) => ({
      number,
      status,
      issued_on,
      due_on,
      total,
    })),
    invoiced: sum(issued),
    open: sum(open),
  }
}

function sum(rows: readonly { total: string }[]): string {
  const cents = rows.reduce((sum, { total }) => sum + Math.round(Number(total) * 100), 0)
  return (cents / 100).toFixed(2)
}
