import type { Answer, Plan } from './plan.ts'
import type { TenantContext } from './tenant-context.ts'

export interface RunOptions {
  /** When it fires the statement is taken out of the queue or cancelled, and `run` rejects with `unavailable`. */
  readonly signal?: AbortSignal
  /**
   * What becomes of a list that is larger than one text should be: `stream` gives it as `Answer.stream`, which has to be read
   * to its end or closed; `omit` only its numbers. Absent: it is refused, `too_large`.
   */
  readonly large?: 'stream' | 'omit'
}

/** Runs plans for whoever holds a context; the access role is resolved on every run. */
export interface PlanRunner {
  /** Throws `forbidden` or `unauthenticated` without a role for every entity touched, `invalid` for unknown names. */
  run(context: TenantContext, plan: Plan, options?: RunOptions): Promise<Answer>
}

export interface TransactionOptions {
  /** `read` refuses writes. Absent: `write`. */
  readonly verb?: 'read' | 'write'
  readonly signal?: AbortSignal
}

/** The port to a kind of place where rows live. A tenant's rows are reachable only through it. */
export interface Datasource extends PlanRunner {
  /** Runs `work` in one transaction on a connection of its own; it commits when `work` returns and rolls back when it throws. */
  transaction<T>(
    context: TenantContext,
    work: (runner: PlanRunner) => Promise<T>,
    options?: TransactionOptions,
  ): Promise<T>
  close(): Promise<void>
}
