import { defineModule } from 'tenantry'
import { customerStatuses, customers } from './customer.ts'
import { upgrade } from './upgrade.ts'

export default defineModule({
  name: 'customers',
  version: '2.0.0',
  dependsOn: ['shared@1'],
  entities: [customers],
  upgrade,
  access: { admin: 'tenant_writer', auditor: 'tenant_reader', service_admin: 'writer', service_auditor: 'reader' },
  routes: app => {
    /** How many customers there are of each status. */
    app.get('/summary', async ({ tenant }) => {
      const counts = await Promise.all(customerStatuses.map(status => tenant.count(customers, { where: { status } })))
      return {
        tenant: tenant.key,
        customers: Object.fromEntries(customerStatuses.map((status, index) => [status, counts[index]])),
      }
    })
  },
})
