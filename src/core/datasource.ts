import type { ChangeSource } from './changes.ts'
import type { Answer, Plan, Read } from './plan.ts'
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

/** A write that is made once, however often it is sent. */
export interface Once {
  /** The caller's own name for it; another subject or tenant may have the same. */
  readonly key: string
  /** Differs between any two different requests. */
  readonly fingerprint: string
  /** How long its answer is kept. */
  readonly seconds: number
}

export interface OnceOptions extends RunOptions {
  readonly work?: (runner: PlanRunner) => Promise<Answer>
}

export interface OnceAnswer {
  readonly answer: Answer
  /** True when the write was made before, and this is the answer that it had. */
  readonly replayed: boolean
}

/** The port to a kind of place where rows live. A tenant's rows are reachable only through it. */
export interface Datasource extends PlanRunner, ChangeSource {
  /** Runs `work` in one transaction on a connection of its own; it commits when `work` returns and rolls back when it throws. */
  transaction<T>(
    context: TenantContext,
    work: (runner: PlanRunner) => Promise<T>,
    options?: TransactionOptions,
  ): Promise<T>
  /**
   * Runs a write and keeps its answer in the same transaction; the same write again is answered from there. Throws `conflict`
   * for another write under the same key, and with `retryAfter` while the first is under way. What fails is not kept. `work`
   * stands for more than running the plan, which then says only what it needs a role for.
   */
  runOnce(context: TenantContext, plan: Exclude<Plan, Read>, once: Once, options?: OnceOptions): Promise<OnceAnswer>
  close(): Promise<void>
}
