import { tenantryRequest } from '../request.ts'
import { type Competitor, rowsOfList } from './competitor.ts'

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
