import { defineModule } from 'tenantry'
import { customerStatuses, customers } from './customer.ts'
import { totalCredit } from './total-credit.ts'

export default defineModule({
  name: 'customers',
  version: '1.4.0',
  dependsOn: ['shared@1'],
  entities: [customers],
  access: { admin: 'tenant_writer', auditor: 'tenant_reader', service_admin: 'writer', service_auditor: 'reader' },
  routes: app => {
    /** How many customers there are of each status, and the credit they have together. */
    app.get('/summary', async ({ tenant }) => {
      const counts = await Promise.all(customerStatuses.map(status => tenant.count(customers, { where: { status } })))
      return {
        tenant: tenant.key,
        customers: Object.fromEntries(customerStatuses.map((status, index) => [status, counts[index]])),
        credit: await totalCredit(tenant),
      }
    })
  },
})
