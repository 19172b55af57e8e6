import type { ChangeSource } from './changes.ts'
import type { EntityUseOf } from './checked-plan.ts'
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
  /** Given to save work; the answer is the same without it. */
  readonly like?: Likeness
}

/** What the plan is like, but for the values in its slots, which are the same: what was made of the other plan serves this one too. */
export interface Likeness {
  /** The same object each time. */
  readonly plan: Plan
  /** The plan's own, by slot. */
  readonly values: readonly SlotValue[]
}

/** What stands in a slot: one value, or those of a list. */
export type SlotValue = string | readonly string[]

/** Runs plans for whoever holds a context; the access role is resolved on every run. */
export interface PlanRunner {
  /** Throws `forbidden` or `unauthenticated` without a role for every entity touched, `invalid` for unknown names. */
  run(context: TenantContext, plan: Plan, options?: RunOptions): Promise<Answer>
}

/** Runs plans in one transaction. */
export interface TransactionRunner extends PlanRunner {
  /**
   * A part of the transaction, after a savepoint: when `work` throws, only the part is undone, and the transaction may go on.
   * Meanwhile plans run through the runner that `work` is given only.
   */
  nested<T>(work: (runner: TransactionRunner) => Promise<T>): Promise<T>
  /**
   * Statements of the module author's own, under the access role that the caller has for these uses. What `work` is given
   * answers no more when it has ended. Throws as `run` does, and `invalid` for what neither reads nor writes rows.
   */
  author<T>(context: TenantContext, uses: readonly EntityUseOf[], work: (run: AuthorRun) => Promise<T>): Promise<T>
}

/** One statement in the datasource's own language; values are bound. */
export type AuthorRun = (text: string, values: readonly unknown[]) => Promise<AuthorRows>

export interface AuthorRows {
  /** Values have the types that they have in a `Row`. */
  readonly rows: readonly Readonly<Record<string, unknown>>[]
  /** Rows read or written. */
  readonly count: number
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
  readonly work?: (runner: TransactionRunner) => Promise<Answer>
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
    work: (runner: TransactionRunner) => Promise<T>,
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
