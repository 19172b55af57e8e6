import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { customers } from '../../examples/backoffice/modules/customers/v1/customer.ts'
import customersModule from '../../examples/backoffice/modules/customers/v1/module.ts'
import { invoices } from '../../examples/backoffice/modules/invoices/v1/invoice.ts'
import invoicesModule from '../../examples/backoffice/modules/invoices/v1/module.ts'
import { openInvoices } from '../../examples/backoffice/modules/invoices/v1/open-invoices.ts'
import { pay } from '../../examples/backoffice/modules/invoices/v1/pay.ts'
import products from '../../examples/backoffice/modules/products/v1/module.ts'
import shared from '../../examples/backoffice/modules/shared/v1/module.ts'
import { openTwoTenants } from '../../src/testing/two-tenants.ts'

const { acme, globex, close } = await openTwoTenants({ modules: [shared, customersModule, products, invoicesModule] })
after(close)

test('an invoice of the example is open until it is paid, once, and for its own tenant only', async () => {
  const id = '00000000-0000-7000-8000-0000000000aa'
  const customer_id = '00000000-0000-7000-8000-0000000000bb'
  for (const tenant of [acme, globex]) {
    await tenant.insert(customers, { id: customer_id, title: tenant.key })
    const invoice = { customer_id, due_on: '2026-02-01', status: 'sent' } as const
    await tenant.insert(invoices, [
      { ...invoice, id, number: `${tenant.key} 1` },
      { ...invoice, number: `${tenant.key} 2`, status: 'draft' },
    ])
  }
  const open = async (due_before: string) =>
    (await acme.call(openInvoices, { customer_id, due_before })).map(({ number }) => number)
  assert.deepEqual(await open('2026-03-01'), ['acme 1'])
  assert.deepEqual(await open('2026-01-01'), [])

  assert.equal((await acme.call(pay, { invoice_id: id })).status, 'paid')
  await assert.rejects(acme.call(pay, { invoice_id: id }), { code: 'conflict', reason: 'invoice_paid' })
  assert.deepEqual(await open('2026-03-01'), [])
  assert.equal((await globex.get(invoices, id)).status, 'sent')
  assert.equal((await globex.call(openInvoices, { customer_id })).length, 1)
})
