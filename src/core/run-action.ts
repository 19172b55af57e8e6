import { resultText } from './action-result.ts'
import type { EntityUseOf } from './checked-plan.ts'
import type { Datasource, RunOptions, TransactionRunner } from './datasource.ts'
import { TenantryError } from './errors.ts'
import { decodeRows } from './exact-json.ts'
import type { Action } from './module-set.ts'
import type { Answer, Call } from './plan.ts'
import { checkPlan } from './plan-check.ts'
import { sightFor } from './sight.ts'
import type { TenantContext } from './tenant-context.ts'

/** Where and for whom an action runs. */
export interface ActionHost {
  readonly context: TenantContext
  readonly datasource: Datasource
  /** Of the transaction that it runs in, when there is one already. */
  readonly runner?: TransactionRunner
  /** A tenant's data for a body in TypeScript, over the plans of its transaction. */
  dataOf(runner: TransactionRunner): unknown
}

/**
 * Calls an action and answers in the form that the plan asks for. SQL is one statement. TypeScript runs in one transaction:
 * the arguments are read by the database, the body makes its plans, and its result is filtered, shaped and written as JSON by
 * the database like rows of its own. Throws what the body throws, and as `run` and `checkPlan` do.
 */
export async function runCall(plan: Call, host: ActionHost, options: RunOptions = {}): Promise<Answer> {
  const { context, datasource, runner } = host
  if (!plan.action.definition.run) return (runner ?? datasource).run(context, plan, options)
  const { rollback = false, ...kept } = plan
  return inTransaction(host, plan.action, { ...options, rollback }, async inner => {
    const result = await runBody(kept, { ...host, runner: inner })
    return inner.run(context, { ...kept, stage: { result: resultText(plan.action, result) } })
  })
}

/** As `runCall`, for code: what a body in TypeScript answers is handed on as it is, once it is checked. */
export function callBody(plan: Call, host: ActionHost): Promise<unknown> {
  return inTransaction(host, plan.action, {}, async runner => {
    const result = await runBody(plan, { ...host, runner })
    resultText(plan.action, result)
    return result
  })
}

async function runBody(
  { action, input, given }: Call,
  { context, runner, dataOf }: ActionHost & { readonly runner: TransactionRunner },
): Promise<unknown> {
  const read: Call = {
    kind: 'call',
    action,
    input,
    given,
    select: [],
    stage: 'arguments',
    output: 'exact',
    single: true,
  }
  const answer = await runner.run(context, read)
  const [values] = decodeRows(action.input, { ...answer, body: `[${answer.body}]` })
  return action.definition.run?.(dataOf(withinUses(action, runner)), values)
}

interface WorkOptions extends RunOptions {
  readonly rollback?: boolean
}

/** In the transaction that is open, or in one of its own. */
async function inTransaction<T>(
  { context, datasource, runner }: ActionHost,
  { readOnly }: Action,
  { rollback = false, signal }: WorkOptions,
  work: (runner: TransactionRunner) => Promise<T>,
): Promise<T> {
  if (runner) return work(runner)
  const options = { verb: readOnly ? 'read' : 'write', ...(signal && { signal }) } as const
  if (!rollback) return datasource.transaction(context, work, options)
  const undone = new Undone<T>()
  await datasource
    .transaction(
      context,
      async inner => {
        undone.answer = { value: await work(inner) }
        throw undone
      },
      options,
    )
    .catch((error: unknown) => {
      if (error !== undone) throw error
    })
  if (undone.answer) return undone.answer.value
  throw new TenantryError('internal', 'A call that was rolled back had no answer')
}

/** Thrown to roll back. */
class Undone<T> extends Error {
  answer: { readonly value: T } | undefined
}

/** Plans that keep to what the action's definition says it reads and writes: roles and documentation follow from that. */
function withinUses(action: Action, runner: TransactionRunner): TransactionRunner {
  return {
    nested: work => runner.nested(inner => work(withinUses(action, inner))),
    author: async (context, uses, work) => {
      refuseExcess(action, uses)
      return runner.author(context, uses, work)
    },
    run: async (context, plan, options) => {
      refuseExcess(action, checkPlan(plan, context.exposure, sightFor(context, plan)).uses)
      return runner.run(context, plan, options)
    },
  }
}

function refuseExcess(action: Action, uses: readonly EntityUseOf[]): void {
  const excess = uses.find(
    ({ entity, verb }) =>
      !action.uses.some(use => use.entity === entity && (use.verb === verb || use.verb === 'write')),
  )
  if (!excess) return
  const what = `The action ${action.id} ${excess.verb}s ${excess.entity.id}, which its ${excess.verb}s do not name`
  throw new TenantryError('internal', 'Something went wrong on our side', { cause: new Error(what) })
}
