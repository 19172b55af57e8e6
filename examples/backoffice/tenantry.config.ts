import { defineConfig } from 'tenantry'
import { acmeRows } from './rows/acme.ts'
import { globexRows } from './rows/globex.ts'

export default defineConfig({
  name: 'Back office',
  development: {
    tenants: {
      acme: {
        name: 'Acme Corporation',
        subscribe: ['shared@1', 'customers@1', 'products@1', 'invoices@1'],
        rows: acmeRows,
      },
      globex: {
        name: 'Globex Corporation',
        // Brings shared@1 along, which is public; there are no invoices here. Its customers are of version 2 already.
        subscribe: ['customers@2', 'products@1'],
        rows: globexRows,
      },
    },
  },
})
