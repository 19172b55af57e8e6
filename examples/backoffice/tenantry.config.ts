import { defineConfig } from 'tenantry'
import { acmeRows } from './rows/acme.ts'
import { globexRows } from './rows/globex.ts'

export default defineConfig({
  name: 'Back office',
  // What a shop needs of the modules, and no more.
  products: {
    storefront: [
      'products.products.read',
      'customers.customers.read',
      'invoices.rpc.open_invoices',
      'invoices.rpc.pay',
    ],
  },
  // For `tenantry serve`.
  ports: { 'shared@1': 4041, 'customers@1': 4042, 'products@1': 4043, 'invoices@1': 4044 },
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
