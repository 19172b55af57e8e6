import type { PostgresSettings } from '../data/postgres/postgres.ts'

/** Set in processes that another one of ours has started to serve for it. */
export const workerVariable = 'TENANTRY_WORKER'

export const isWorker = process.env[workerVariable] !== undefined

/** A process that only watches others needs few connections. */
export const watcherSettings: PostgresSettings = { connections: 1, writeConnections: 1, transactions: 2 }

/** Each worker's part of the connections that one process would have; never fewer than keep statements flowing. */
export function workerSettings(count: number): PostgresSettings & { readonly apply: 'never' } {
  return { ...connectionsOf(count), apply: 'never' }
}

/** A process that serves one module beside others takes a quarter of what one alone would. */
export const partSettings: PostgresSettings = connectionsOf(4)

const partsBeside = 8

/**
 * What the embedded server has to take: twice the pipelined connections of each worker, those of processes that serve single
 * modules, and commands beside them.
 */
export function mostConnections(count: number): number {
  return 40 + count * mostOf(connectionsOf(count)) + partsBeside * mostOf(connectionsOf(4))
}

function mostOf({ connections, writeConnections, transactions, streams }: ReturnType<typeof connectionsOf>): number {
  return 2 * connections + 2 * writeConnections + transactions + streams + 8
}

function connectionsOf(count: number) {
  const part = (all: number) => Math.max(2, Math.ceil(all / count))
  return { connections: part(4), writeConnections: part(8), transactions: part(8), streams: part(4) }
}
