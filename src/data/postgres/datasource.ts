import { resolveAccess, type ServingRole } from '../../core/access-role.ts'
import type { Change, ChangeOptions } from '../../core/changes.ts'
import type { CheckedCall } from '../../core/checked-plan.ts'
import type {
  Datasource,
  Once,
  OnceAnswer,
  OnceOptions,
  PlanRunner,
  RunOptions,
  TransactionOptions,
} from '../../core/datasource.ts'
import { TenantryError } from '../../core/errors.ts'
import type { Entity, Exposure } from '../../core/module-set.ts'
import type { Answer, Plan, Read } from '../../core/plan.ts'
import { type CheckedPlan, checkPlan } from '../../core/plan-check.ts'
import type { TenantContext } from '../../core/tenant-context.ts'
import { ChangeFeed } from './changes-feed.ts'
import type { ChangeSignal } from './changes-signal.ts'
import { withFields } from './error-fields.ts'
import { notSingle, tooLarge } from './errors.ts'
import { runOnceIn } from './idempotency.ts'
import type { Pool } from './pool.ts'
import { type Settings, settingsOf } from './settings.ts'
import { rowStreamOf } from './sql/row-stream.ts'
import { statementOf } from './sql/statement.ts'
import type { Statement } from './sql/writer.ts'
import type { StreamPool } from './stream.ts'
import type { StatementRow } from './tenant-statement.ts'
import type { OpenTransaction, TransactionPool } from './transaction.ts'

/** Which connections serve a principal: those of tenants, or those that reach across them. */
export interface Lane {
  readonly reads: Pool
  /** More of them: a connection that commits waits for the disk, and those that wait together share the wait. */
  readonly writes: Pool
  readonly transactions: TransactionPool
  readonly streams: StreamPool
}

interface Compiled {
  readonly exposure: Exposure
  readonly checked: CheckedPlan
  readonly statement: Statement
}

export interface PostgresDatasourceOptions {
  readonly prefix: string
  readonly tenantLane: Lane
  readonly platformLane: Lane
  /** Milliseconds that one statement may take. */
  readonly statementTimeout: number
  readonly changes: {
    readonly signal: ChangeSignal
    readonly contextNow: (context: TenantContext) => TenantContext
  }
}

/** Plans on PostgreSQL: one round trip each, under the access role that the principal has for what the plan touches. */
export class PostgresDatasource implements Datasource {
  readonly #options: PostgresDatasourceOptions
  /** Reads that are asked again as the same object need no second look; what their author sees is part of it. */
  readonly #compiled = new WeakMap<Plan, Compiled>()

  readonly #feed: ChangeFeed

  constructor(options: PostgresDatasourceOptions) {
    this.#options = options
    this.#feed = new ChangeFeed({
      ...options.changes,
      run: (context, plan) => this.run(context, plan),
      ask: async (context, entity, statement) => {
        const checked = checkPlan({ kind: 'read', entity, select: [{ kind: 'all' }] }, context.exposure)
        const settings = this.#settings(accessOf(context, checked), context, checked)
        return this.#lane(context).reads.run({ settings, statement, repeatable: true })
      },
    })
  }

  async run(context: TenantContext, plan: Plan, { signal, large }: RunOptions = {}): Promise<Answer> {
    const { checked, statement } = this.#compile(plan, context.exposure)
    if (plan.kind !== 'read' && plan.rollback) return this.#runAndUndo(context, plan, signal)
    const { reads, writes, streams } = this.#lane(context)
    const settings = this.#settings(accessOf(context, checked), context, checked)
    const reading = checked.kind === 'read' || (checked.kind === 'call' && checked.action.readOnly)
    try {
      const row = await (reading ? reads : writes).run({ settings, statement, repeatable: reading, signal })
      if (checked.kind !== 'read' || !isTooLarge(row) || large === 'omit') return answerOf(checked, row)
      if (large !== 'stream') throw tooLarge()
      const { rows, total, parts } = await streams.open(settings, rowStreamOf(checked), signal)
      return { body: '', rows, total, stream: parts }
    } catch (error) {
      throw withFields(error, checked)
    }
  }

  #compile(plan: Plan, exposure: Exposure): Compiled {
    const known = this.#compiled.get(plan)
    if (known?.exposure === exposure) return known
    const checked = checkPlan(plan, exposure)
    const compiled = { exposure, checked, statement: statementOf(checked) }
    if (plan.kind === 'read') this.#compiled.set(plan, compiled)
    return compiled
  }

  /**
   * The answer is taken out of a transaction that is then rolled back. An error of the statement's own would do it in one
   * round trip, but would carry rows into the server's log and has a limited length.
   */
  async #runAndUndo(
    context: TenantContext,
    plan: Exclude<Plan, Read>,
    signal: AbortSignal | undefined,
  ): Promise<Answer> {
    const undone = new Error('rolled back')
    let answer: Answer | undefined
    const work = async (runner: PlanRunner) => {
      answer = await runner.run(context, { ...plan, rollback: false })
      throw undone
    }
    await this.transaction(context, work, { ...(signal && { signal }) }).catch(error => {
      if (error !== undone) throw error
    })
    if (answer) return answer
    throw new TenantryError('internal', 'A rolled back statement had no answer')
  }

  transaction<T>(
    context: TenantContext,
    work: (runner: PlanRunner) => Promise<T>,
    { verb = 'write', signal }: TransactionOptions = {},
  ): Promise<T> {
    return this.#lane(context).transactions.run({ verb, signal, tenant: context.tenant }, transaction =>
      work(this.#runnerIn(transaction, context)),
    )
  }

  #runnerIn(transaction: OpenTransaction, context: TenantContext): PlanRunner {
    return {
      run: async (inner, plan) => {
        if (inner !== context)
          throw new TenantryError('forbidden', 'A transaction belongs to the context it was begun in')
        const checked = checkPlan(plan, context.exposure)
        if (plan.kind !== 'read' && plan.rollback)
          throw new TenantryError('invalid', 'One statement of a transaction cannot be rolled back')
        const settings = this.#settings(accessOf(context, checked), context, checked)
        return answerIn(transaction, settings, checked, statementOf(checked))
      },
    }
  }

  runOnce(
    context: TenantContext,
    plan: Exclude<Plan, Read>,
    once: Once,
    { signal, work = runner => runner.run(context, plan) }: OnceOptions = {},
  ): Promise<OnceAnswer> {
    const checked = checkPlan(plan, context.exposure)
    const settings = this.#settings(accessOf(context, checked), context, checked)
    return this.#lane(context).transactions.run({ verb: 'write', signal, tenant: context.tenant }, transaction =>
      runOnceIn(
        (text, values) => transaction.run(settings, { text, values }),
        context,
        once,
        () => work(this.#runnerIn(transaction, context)),
      ),
    )
  }

  changes(context: TenantContext, entity: Entity, options?: ChangeOptions): AsyncIterable<Change> {
    return this.#feed.changes(context, entity, options)
  }

  changePosition(context: TenantContext, entity: Entity): Promise<string> {
    return this.#feed.position(context, entity)
  }

  #settings(role: ServingRole, context: TenantContext, { entity }: CheckedPlan): Settings {
    const { prefix, statementTimeout } = this.#options
    return settingsOf(prefix, role, context, entity.limits.timeoutMs ?? statementTimeout)
  }

  /** A principal of the system tenant that acts across tenants has connections of its own (F1.6). */
  #lane(context: TenantContext): Lane {
    return context.acrossTenants ? this.#options.platformLane : this.#options.tenantLane
  }

  async close(): Promise<void> {
    const { tenantLane, platformLane, changes } = this.#options
    await changes.signal.close()
    await Promise.all(
      [tenantLane, platformLane].flatMap(({ reads, writes, transactions, streams }) => [
        reads.close(),
        writes.close(),
        transactions.close(),
        streams.close(),
      ]),
    )
  }
}

/** The access role for a plan. Throws `unauthenticated` for a caller without a token, else `forbidden`. */
function accessOf(context: TenantContext, plan: CheckedPlan): ServingRole {
  if (!context.acrossTenants && context.tenant === '') {
    throw new TenantryError('internal', 'Data access without a tenant')
  }
  if (context.platform) return 'tenant_writer'
  if (plan.kind === 'call') refuseCaller(context, plan)
  const access = resolveAccess({
    roles: context.principal.roles,
    acrossTenants: context.acrossTenants,
    hasInstance: context.instance !== null,
    uses: plan.uses,
  })
  if ('role' in access) {
    const { role } = access
    const instanced = plan.uses.some(({ entity }) => entity.instanced)
    if (instanced && context.instance === null && role.includes('instance_')) {
      throw new TenantryError('invalid', 'This needs an instance, and the request has none')
    }
    return role
  }
  const refused = plan.uses.find(use => use === access.refused)
  throw denied(context, `permission denied for ${refused?.entity.name} (${access.refused.verb})`)
}

/** Some actions may be called by certain service roles only, whatever these may do with its entities. */
function refuseCaller(context: TenantContext, { action }: CheckedCall): void {
  if (action.roles?.some(role => context.principal.roles.includes(role)) ?? true) return
  throw denied(context, `permission denied for ${action.name}`)
}

function denied({ principal }: TenantContext, what: string): TenantryError {
  if (principal.anonymous) {
    return new TenantryError('unauthenticated', 'A token is needed', { hint: 'Send it as "Authorization: Bearer …"' })
  }
  return new TenantryError('forbidden', what, { reason: '42501', hint: 'None of the roles in the token allows it' })
}

/** There are rows and no text of them. */
function isTooLarge([body, rows]: StatementRow): boolean {
  return body === null && rows !== '0'
}

async function answerIn(
  transaction: OpenTransaction,
  settings: Settings,
  plan: CheckedPlan,
  statement: Statement,
): Promise<Answer> {
  try {
    const row = await transaction.run(settings, statement)
    if (plan.kind === 'read' && isTooLarge(row)) throw tooLarge()
    return answerOf(plan, row)
  } catch (error) {
    throw withFields(error, plan)
  }
}

function answerOf(plan: CheckedPlan, row: StatementRow): Answer {
  const [body, rows, total, inserted, revision, next] = row
  const answer: Answer = {
    body: body ?? '',
    rows: Number(rows ?? 0),
    total: total == null ? null : Number(total),
    ...(inserted != null && { inserted: Number(inserted) }),
    ...(plan.revision && revision != null && rows === '1' && { revision: Number(revision) }),
    ...(plan.kind === 'read' && plan.keyset && next != null && { next }),
  }
  if (plan.single && plan.kind === 'read' && answer.rows !== 1) throw notSingle(answer.rows)
  return answer
}
