/** What one request may ask for, each refused with a message of its own; more rows than `rows` are not refused but left out. */
export interface Limits {
  /** Rows of a list, and of every embed in it. */
  readonly rows?: number
  /** Levels of embeds, and of `and`/`or` in each other. */
  readonly depth?: number
  /** Conditions of one request, at all levels. */
  readonly filters?: number
  readonly bodyBytes?: number
  /** Milliseconds that the statement may take. */
  readonly timeoutMs?: number
}

/** The greatest values; a level more would be refused by the plan, a longer time by the server. */
const mostOfLimits: Readonly<Required<Limits>> = {
  rows: 1_000_000,
  depth: 20,
  filters: 10_000,
  bodyBytes: 1024 * 1024 * 1024,
  timeoutMs: 3_600_000,
}

/** What is wrong with limits as somebody wrote them. */
export function limitsFaults(limits: unknown): string[] {
  if (typeof limits !== 'object' || limits === null) return ['limits must be an object']
  return limitFaults(limits, mostOfLimits).map(fault => `limits: ${fault}`)
}

/** The same for limits of any kind: whole numbers from 1 to the greatest that each may be. */
export function limitFaults(limits: object, most: Readonly<Record<string, number>>): string[] {
  return Object.entries(limits).flatMap(([name, value]: [string, unknown]) => {
    const greatest = Object.hasOwn(most, name) ? most[name] : undefined
    if (greatest === undefined)
      return [`there is no limit ${JSON.stringify(name)}; there are ${Object.keys(most).join(', ')}`]
    const fits = typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= greatest
    return fits ? [] : [`${name} must be a whole number from 1 to ${greatest}`]
  })
}
