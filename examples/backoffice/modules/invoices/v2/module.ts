import { defineModule } from 'tenantry'
import { invoices } from './invoice.ts'
import { lineItems } from './line-item.ts'
import { openInvoices } from './open-invoices.ts'
import { pay } from './pay.ts'

/** The same invoices, of the customers of version 2. Their rows come over as they are. */
export default defineModule({
  name: 'invoices',
  version: '2.0.0',
  dependsOn: ['customers@2', 'products@1'],
  entities: [invoices, lineItems],
  actions: [openInvoices, pay],
  upgrade: { from: 1 },
  access: { admin: 'tenant_writer', auditor: 'tenant_reader', service_admin: 'writer', service_auditor: 'reader' },
})
