import { generateRows } from '../examples/backoffice/generate.ts'
import type { Platform } from '../src/app/platform.ts'

/** Makes tenants with rows; answers the one in the middle, which the requests are about. */
export async function loadTenants({ operations }: Platform, tenants: number, rows: number): Promise<string> {
  for (let number = 1; number <= tenants; number++) {
    const key = `bench-${number}`
    await operations.addTenant({ key, subscribe: ['customers@1', 'products@1', 'invoices@1'] })
    for (const batch of generateRows(number, rows)) await operations.addRows(key, [batch])
  }
  return `bench-${Math.ceil(tenants / 2)}`
}
