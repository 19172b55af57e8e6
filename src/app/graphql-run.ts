import type { PlannedField, PreparedOperation } from '../api/graphql/prepared.ts'
import { type ErrorEntry, entryOf } from '../api/graphql/refusal.ts'
import { dataText, type Outcome, refuseSeveral } from '../api/graphql/respond.ts'
import type { Datasource, Once, TransactionRunner } from '../core/datasource.ts'
import { TenantryError } from '../core/errors.ts'
import type { ModuleSet } from '../core/module-set.ts'
import type { Answer } from '../core/plan.ts'
import { runCall } from '../core/run-action.ts'
import type { TenantContext } from '../core/tenant-context.ts'
import { TenantData } from '../core/tenant-data.ts'

/** Where and for whom an operation runs. */
export interface GraphqlHost {
  readonly context: TenantContext
  readonly datasource: Datasource
  readonly modules: ModuleSet
  readonly signal: AbortSignal
  /** Is told of each error. */
  onError(error: unknown): void
}

/** Fields of one operation that run at once. */
const mostAtOnce = 8
/** Characters of all answers together; what is larger is refused, as one that is too large by itself. */
const mostText = 32 * 1024 * 1024

/** The text of an answer. */
export interface GraphqlAnswer {
  readonly text: string
  /** The same mutation was made before, and this is the answer that it had. */
  readonly replayed: boolean
}

/**
 * The answer to an operation. Fields of a query run at once, each as one statement. Those of a mutation run one after the other in
 * one transaction: when one fails nothing was done, and there is no data. `once`: the mutation is made once under this key.
 */
export async function runGraphql(operation: PreparedOperation, host: GraphqlHost, once?: Once): Promise<GraphqlAnswer> {
  const fields = operation.fields.filter(field => field.kind === 'plan')
  const textOf = (outcomes: ReadonlyMap<PlannedField, Outcome>) => dataText(operation, outcomes)
  const fresh = (text: string) => ({ text, replayed: false })
  if (operation.kind === 'query') return fresh(textOf(await runQuery(fields, host)))
  const [first, ...others] = fields
  if (!first) return fresh(textOf(new Map()))
  try {
    if (once) return await runOnce(fields, first, host, once, textOf)
    if (others.length === 0) return fresh(textOf(await runAll(fields, host)))
    const { datasource, context, signal } = host
    const work = (runner: TransactionRunner) => runAll(fields, host, runner)
    return fresh(textOf(await datasource.transaction(context, work, { signal })))
  } catch (error) {
    // What was answered before has been undone.
    if (error instanceof Failed) return fresh(textOf(new Map([[error.field, { error: error.entry }]])))
    host.onError(error)
    return fresh(textOf(new Map([[first, { error: entryOf(error, first) }]])))
  }
}

async function runOnce(
  fields: readonly PlannedField[],
  { plan }: PlannedField,
  host: GraphqlHost,
  once: Once,
  textOf: (outcomes: ReadonlyMap<PlannedField, Outcome>) => string,
): Promise<GraphqlAnswer> {
  const { datasource, context, signal } = host
  if (plan.kind === 'read') throw new TenantryError('internal', 'A mutation only reads')
  const work = async (runner: TransactionRunner): Promise<Answer> => {
    return { body: textOf(await runAll(fields, host, runner)), rows: 0, total: null }
  }
  const { answer, replayed } = await datasource.runOnce(context, plan, once, { signal, work })
  return { text: answer.body, replayed }
}

async function runQuery(fields: readonly PlannedField[], host: GraphqlHost): Promise<Map<PlannedField, Outcome>> {
  const outcomes = new Map<PlannedField, Outcome>()
  const waiting = [...fields]
  let size = 0
  const work = async () => {
    for (let field = waiting.shift(); field; field = waiting.shift()) {
      const outcome = await outcomeOf(field, host, size > mostText ? refuseLarge : () => runField(field, host))
      if ('answer' in outcome) size += outcome.answer.body.length
      outcomes.set(field, outcome)
    }
  }
  await Promise.all(fields.slice(0, mostAtOnce).map(work))
  return outcomes
}

/** One after the other. Throws `Failed` for the first that fails. */
async function runAll(
  fields: readonly PlannedField[],
  host: GraphqlHost,
  runner?: TransactionRunner,
): Promise<Map<PlannedField, Outcome>> {
  const outcomes = new Map<PlannedField, Outcome>()
  for (const field of fields) {
    const outcome = await outcomeOf(field, host, () => runField(field, host, runner))
    if ('error' in outcome) throw new Failed(field, outcome.error)
    outcomes.set(field, outcome)
  }
  return outcomes
}

/** Thrown to roll back. */
class Failed extends Error {
  readonly field: PlannedField
  readonly entry: ErrorEntry

  constructor(field: PlannedField, entry: ErrorEntry) {
    super('a field of the mutation failed')
    this.field = field
    this.entry = entry
  }
}

async function outcomeOf(field: PlannedField, host: GraphqlHost, run: () => Promise<Answer>): Promise<Outcome> {
  try {
    const answer = await run()
    refuseSeveral(field, answer)
    return { answer }
  } catch (error) {
    host.onError(error)
    return { error: entryOf(error, field) }
  }
}

async function refuseLarge(): Promise<Answer> {
  throw new TenantryError('too_large', 'The answer is too large', { hint: 'Ask for fewer rows at once' })
}

function runField({ plan }: PlannedField, host: GraphqlHost, runner?: TransactionRunner): Promise<Answer> {
  const { datasource, modules, signal } = host
  if (plan.kind !== 'call') return (runner ?? datasource).run(host.context, plan, { signal })
  // A body learns which module it is of; the transaction knows its own context only.
  const { module } = plan.action
  const context = { ...host.context, module, version: module.version }
  const dataOf = (inner: TransactionRunner) => new TenantData(context, modules, datasource, inner)
  const inside = runner && runnerFor(runner, context, host.context)
  return runCall(plan, { context, datasource, dataOf, ...(inside && { runner: inside }) }, { signal })
}

/** The same runner for plans of `context`, which differs from the transaction's in its module only. */
function runnerFor(runner: TransactionRunner, context: TenantContext, own: TenantContext): TransactionRunner {
  const same = (given: TenantContext) => (given === context ? own : given)
  return {
    run: (given, plan, options) => runner.run(same(given), plan, options),
    nested: work => runner.nested(inner => work(runnerFor(inner, context, own))),
    author: (given, uses, work) => runner.author(same(given), uses, work),
  }
}
