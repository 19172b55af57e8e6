/**
 * `slow`: it rewrites a table, reads all of it or holds a lock that long. `destructive`: something that was kept is gone
 * afterwards, or may be.
 */
export type Risk = 'safe' | 'slow' | 'destructive'

/**
 * When a step is done. `release`: what stands in the way of another module goes first. `expand`: at once, in one transaction; code from before and code from after can run. `index`: alone and
 * outside a transaction. `validate`: when no row can break the new rules any more. `contract`: when no code needs the old.
 */
export const stages = ['release', 'expand', 'index', 'validate', 'contract'] as const
export type Stage = (typeof stages)[number]

/** One change of a database. */
export interface PlanStep {
  /** What it does to which object: `add column customers_v1.customers.phone`. */
  readonly id: string
  readonly risk: Risk
  readonly stage: Stage
  /** Commands, each for itself; NUL stands for the prefix of roles. */
  readonly sql: readonly string[]
  /** What a person should know: why it is slow, what it loses, what must be done before. */
  readonly note?: string
}

export function step(id: string, sql: string | readonly string[], more: Partial<PlanStep> = {}): PlanStep {
  return { id, risk: 'safe', stage: 'expand', sql: typeof sql === 'string' ? [sql] : sql, ...more }
}

const risks: readonly Risk[] = ['safe', 'slow', 'destructive']

/** The greatest risk among steps. */
export function riskOf(steps: readonly PlanStep[]): Risk {
  return risks.findLast(risk => steps.some(step => step.risk === risk)) ?? 'safe'
}
