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
  return Object.entries(limits).flatMap(([name, value]: [string, unknown]) => {
    if (!Object.hasOwn(defaultLiveLimits, name))
      return [`there is no limit ${JSON.stringify(name)}; there are ${Object.keys(defaultLiveLimits).join(', ')}`]
    const fits = typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= most
    return fits ? [] : [`${name} must be a whole number from 1 to ${most}`]
  })
}
