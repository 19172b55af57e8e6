import { limitFaults } from '../core/limits.ts'

/** What stays open: connections over WebSocket, and event streams. */
export interface LiveLimits {
  readonly connections: number
  /** A tenant's share of them. */
  readonly connectionsPerTenant: number
  /** Operations of one connection that are under way, subscriptions among them. */
  readonly operationsPerConnection: number
}

export const defaultLiveLimits: LiveLimits = {
  connections: 10_000,
  connectionsPerTenant: 500,
  operationsPerConnection: 50,
}

const most = 1_000_000

/** What is wrong with limits as somebody wrote them. */
export function liveLimitsFaults(limits: unknown): string[] {
  if (typeof limits !== 'object' || limits === null) return ['live must be an object']
  return limitFaults(limits, { connections: most, connectionsPerTenant: most, operationsPerConnection: most })
}
