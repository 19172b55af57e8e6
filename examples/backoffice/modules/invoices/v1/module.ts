import { defineModule } from 'tenantry'
import { invoices } from './invoice.ts'
import { lineItems } from './line-item.ts'
import { openInvoices } from './open-invoices.ts'
import { pay } from './pay.ts'
import { statementOf } from './statement.ts'

const params = {
  type: 'object',
  properties: { customer_id: { type: 'string', format: 'uuid' } },
}

export default defineModule({
  name: 'invoices',
  version: '1.1.0',
  dependsOn: ['customers@1', 'products@1'],
  entities: [invoices, lineItems],
  actions: [openInvoices, pay],
  access: { admin: 'tenant_writer', auditor: 'tenant_reader', service_admin: 'writer', service_auditor: 'reader' },
  routes: app => {
    /** What a customer was invoiced, has paid and owes. Another tenant's customer is 404, as if there were none. */
    app.get<{ Params: { customer_id: string } }>(
      '/statements/:customer_id',
      { schema: { params } },
      ({ tenant, params }) => statementOf(tenant, params.customer_id),
    )
  },
})
