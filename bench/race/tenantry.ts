import { tenantryRequest } from '../request.ts'
import { type Competitor, rowsOfGraphql, rowsOfList } from './competitor.ts'

export function tenantry(parts: {
  readonly pid: number
  readonly port: number
  readonly tenant: string
  readonly token: string
  readonly logLevel: string
}): Competitor {
  const { pid, port, tenant, token, logLevel } = parts
  return {
    name: 'Tenantry',
    setup: `one process with its default pool, LOG_LEVEL=${logLevel} into a file; ES256 token, row security, audit columns`,
    pid,
    port,
    request: (bench, id) => tenantryRequest(bench, { tenant, token, id }),
    rows: rowsOfList,
  }
}

const query = `query ($lines: Int!) { invoices(limit: 20, orderBy: { field: id, direction: ASC }) { id number customerId status issuedOn dueOn total note createdAt updatedAt revision
  lineItems(limit: $lines) { id invoiceId position productId title quantity unitPrice createdAt updatedAt } } }`

/** The same server's GraphQL, for what is nested. */
export function tenantryGraphql(parts: {
  readonly pid: number
  readonly port: number
  readonly tenant: string
  readonly token: string
}): Competitor {
  const { pid, port, tenant, token } = parts
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }
  const body = JSON.stringify({ query, variables: { lines: 5 } })
  return {
    name: 'Tenantry, GraphQL',
    setup: 'the same process; a document with a variable',
    pid,
    port,
    request: () => ({ method: 'POST', path: `/${tenant}/invoices/v1/graphql`, headers, body }),
    rows: rowsOfGraphql,
  }
}
