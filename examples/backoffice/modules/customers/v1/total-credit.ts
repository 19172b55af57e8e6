import type { TenantData } from 'tenantry'
import { customers } from './customer.ts'

const pageSize = 1000

/** The credit of all customers as an exact decimal. Reads page by page, each after the last id of the one before. */
export async function totalCredit(tenant: TenantData): Promise<string> {
  let cents = 0
  let last = '00000000-0000-0000-0000-000000000000'
  while (true) {
    const page = await tenant.list(customers, {
      where: { credit: { neq: '0' }, id: { gt: last } },
      order: { id: 'asc' },
      limit: pageSize,
    })
    for (const { id, credit } of page) {
      cents += Math.round(Number(credit) * 100)
      last = id
    }
    if (page.length < pageSize) return (cents / 100).toFixed(2)
  }
}
