import { defineModule } from 'tenantry'
import { addresses } from './address.ts'
import { emails } from './email.ts'
import { phones } from './phone.ts'

const page = { limit: 100 }

/** What other modules reference. Public: a tenant that runs it as a dependency may use it, too. */
export default defineModule({
  name: 'shared',
  version: '1.0.0',
  public: true,
  entities: [addresses, emails, phones],
  access: { admin: 'tenant_writer', auditor: 'tenant_reader', service_admin: 'writer', service_auditor: 'reader' },
  routes: app => {
    /** Every way to reach somebody, in one answer. */
    app.get('/directory', async ({ tenant }) => {
      const [addressRows, emailRows, phoneRows] = await Promise.all([
        tenant.list(addresses, { order: { country: 'asc', city: 'asc', street: 'asc' }, ...page }),
        tenant.list(emails, { order: { address: 'asc' }, ...page }),
        tenant.list(phones, { order: { number: 'asc' }, ...page }),
      ])
      return { tenant: tenant.key, addresses: addressRows, emails: emailRows, phones: phoneRows }
    })
  },
})
