import { type RowScope, resolveAccess, resolveRows, type ServingRole } from '../../core/access-role.ts'
import { notRecorded } from '../../core/audit.ts'
import type { Change, ChangeOptions, RowReader } from '../../core/changes.ts'
import type { CheckedCall, CheckedRead, EntityUseOf } from '../../core/checked-plan.ts'
import type {
  Datasource,
  Once,
  OnceAnswer,
  OnceOptions,
  RunOptions,
  SlotValue,
  TransactionOptions,
  TransactionRunner,
} from '../../core/datasource.ts'
import { TenantryError } from '../../core/errors.ts'
import type { Entity, Exposure } from '../../core/module-set.ts'
import type { Answer, Plan, Read } from '../../core/plan.ts'
import { type CheckedPlan, checkPlan } from '../../core/plan-check.ts'
import { type Sight, sightFor } from '../../core/sight.ts'
import type { TenantContext } from '../../core/tenant-context.ts'
import { ChangeFeed } from './changes-feed.ts'
import type { ChangeSignal } from './changes-signal.ts'
import type { Sharing } from './connection.ts'
import type { OpenTransaction } from './conversation.ts'
import { withFields } from './error-fields.ts'
import { notSingle, tooLarge } from './errors.ts'
import { runOnceIn } from './idempotency.ts'
import { allRowsOf } from './own-rows.ts'
import type { Pool } from './pool.ts'
import { type Settings, settingsOf } from './settings.ts'
import { rowStreamOf } from './sql/row-stream.ts'
import { statementOf } from './sql/statement.ts'
import { fillStatement, type Statement, withoutGiven } from './sql/writer.ts'
import type { StreamPool } from './stream.ts'
import { isSystemAct, recordSettings, SystemActs } from './system-acts.ts'
import type { StatementRow } from './tenant-statement.ts'
import type { TransactionPool } from './transaction.ts'

/** Which connections serve the principals of tenants. */
export interface Lane {
  readonly reads: Pool
  /** More of them: a connection that commits waits for the disk, and those that wait together share the wait. */
  readonly writes: Pool
  readonly transactions: TransactionPool
  readonly streams: StreamPool
}

/** Those of the system tenant's principals, whatever their role (F1.6): each of their acts is a transaction with its record. */
export type PlatformLane = Pick<Lane, 'transactions' | 'streams'>

interface Compiled {
  readonly checked: CheckedPlan
  /** The statement, where nobody has rows of his own. */
  readonly statement: Statement | null
  /** Else one for each set of rows that principals reach, by the setting that says which. */
  readonly narrowed: Map<string, Statement> | null
}

/** As what, and on which rows of entities with own rows, a plan runs. */
interface Access {
  readonly role: ServingRole
  readonly rows: readonly RowScope[] | null
}

interface Running {
  readonly settings: Settings
  readonly rows: Access['rows']
}

export interface PostgresDatasourceOptions {
  readonly prefix: string
  readonly tenantLane: Lane
  readonly platformLane: PlatformLane
  /** Milliseconds that one statement may take. */
  readonly statementTimeout: number
  readonly changes: {
    readonly signal: ChangeSignal
    readonly contextNow: (context: TenantContext) => TenantContext
  }
}

/** Statements of one remembered plan: callers with as many different sets of roles that matter. */
const mostSights = 16
/** Texts of one plan: a list of two values has another than one of three. */
const mostVariants = 16
/** Tenants with as many different sets of modules. */
const mostExposures = 64

/** Plans on PostgreSQL: one round trip each, under the access role that the principal has for what the plan touches. */
export class PostgresDatasource implements Datasource {
  readonly #options: PostgresDatasourceOptions
  /** Plans that come again as the same object need no second look, for each exposure that they come with. */
  readonly #compiled = new WeakMap<Plan, Map<Exposure, Compiled>>()
  /** Of those that touch entities whose fields have rules, one for each that may see other fields. */
  readonly #compiledFor = new WeakMap<Plan, Map<Sight, Compiled>>()
  /** Statements of other texts for plans that are like the one that a statement was made of, the last made first. */
  readonly #variants = new WeakMap<Statement, Statement[]>()
  readonly #feed: ChangeFeed

  constructor(options: PostgresDatasourceOptions) {
    this.#options = options
    this.#feed = new ChangeFeed({
      ...options.changes,
      run: (context, plan) => this.run(context, plan),
      ask: async (context, entity, statement) => {
        // What the platform's own people do is recorded act by act, and this has no end.
        if (isSystemAct(context))
          throw new TenantryError('forbidden', 'Changes are followed by principals of the tenant')
        const checked = checkPlan({ kind: 'read', entity, select: [{ kind: 'all' }] }, context.exposure)
        const { settings } = this.#running(context, checked)
        return this.#options.tenantLane.reads.run({ settings, statement, repeatable: true })
      },
    })
  }

  async run(context: TenantContext, plan: Plan, { signal, large, like }: RunOptions = {}): Promise<Answer> {
    if (isSystemAct(context))
      return this.#runForSystem(context, plan, { ...(signal && { signal }), ...(large && { large }) })
    const compiled = like ? this.#compile(like.plan, context, true) : this.#compile(plan, context, plan.kind === 'read')
    const { checked } = compiled
    if (plan.kind !== 'read' && plan.rollback) return this.#runAndUndo(context, plan, signal)
    if (checked.kind === 'read' && checked.lock)
      throw new TenantryError('invalid', 'Rows are locked inside a transaction only')
    const { reads, writes, streams } = this.#options.tenantLane
    const running = this.#running(context, checked)
    const { settings } = running
    const made = compiled.statement ?? narrowedStatement(compiled, running)
    const wanted = () => (like ? this.#check(plan, context) : checked)
    const statement = like ? this.#fill(made, like.values, () => statementOf(wanted(), running.rows)) : made
    const reading = checked.kind === 'read' || (checked.kind === 'call' && checked.action.readOnly)
    try {
      const row = await (reading ? reads : writes).run({
        settings,
        statement,
        repeatable: reading,
        sharing: sharingOf(checked),
        signal,
      })
      if (checked.kind !== 'read' || !isTooLarge(row) || large === 'omit') return answerOf(checked, row)
      const whole = wanted()
      if (large !== 'stream' || whole.kind !== 'read') throw tooLarge()
      return await streamed(streams, running, whole, signal)
    } catch (error) {
      throw withFields(error, wanted)
    }
  }

  /** In a transaction with its record, which is there before the answer leaves. */
  async #runForSystem(context: TenantContext, plan: Plan, { signal, large }: RunOptions): Promise<Answer> {
    if (plan.kind !== 'read' && plan.rollback) return this.#runAndUndo(context, plan, signal)
    let stream: CheckedRead | undefined
    const onLarge = (checked: CheckedRead) => {
      if (large === undefined) throw tooLarge()
      stream = checked
    }
    const answer = await this.#transactionForSystem(
      context,
      (transaction, acts) => this.#runnerIn(transaction, context, acts, onLarge).run(context, plan),
      { ...(signal && { signal }) },
    )
    if (!stream || large !== 'stream') return answer
    return streamed(this.#options.platformLane.streams, this.#running(context, stream), stream, signal)
  }

  async #transactionForSystem<T>(
    context: TenantContext,
    work: (transaction: OpenTransaction, acts: SystemActs) => Promise<T>,
    { verb = 'write', signal }: TransactionOptions,
  ): Promise<T> {
    const { prefix, statementTimeout, platformLane } = this.#options
    const { transactions } = platformLane
    const acts = new SystemActs(context, recordSettings(prefix, context, statementTimeout), verb)
    const running = { verb: 'write', tenant: context.tenant } as const
    try {
      return await transactions.run({ ...running, signal }, async transaction => {
        const result = await work(transaction, acts)
        await acts.settle()
        return result
      })
    } catch (error) {
      if (!acts.end(error)) throw error
      await transactions
        .run({ ...running, signal: undefined }, transaction => acts.recordFailed(transaction))
        .catch(cause => {
          throw notRecorded(cause)
        })
      throw error
    }
  }

  #check(plan: Plan, context: TenantContext): CheckedPlan {
    return checkPlan(plan, context.exposure, sightFor(context, plan))
  }

  /** The statement with these values; a text depends on some of them, and is kept for others that are like them in that. */
  #fill(made: Statement, values: readonly SlotValue[], makeAnew: () => Statement): Statement {
    const filled = fillStatement(made, values)
    if (filled) return filled
    const variants = this.#variants.get(made) ?? []
    for (const variant of variants) {
      const filled = fillStatement(variant, values)
      if (filled) return filled
    }
    const variant = makeAnew()
    this.#variants.set(made, [withoutGiven(variant), ...variants].slice(0, mostVariants))
    return variant
  }

  /** `keep`: the plan comes again as the same object. */
  #compile(plan: Plan, context: TenantContext, keep: boolean): Compiled {
    const { exposure } = context
    const known = this.#compiled.get(plan)?.get(exposure)
    if (known) return known
    const sight = sightFor(context, plan)
    // A sight is of one exposure.
    const seen = this.#compiledFor.get(plan)?.get(sight)
    if (seen) return seen
    const checked = checkPlan(plan, exposure, sight)
    const plain = !hasOwnRows(checked.uses)
    const statement = plain ? statementOf(checked) : null
    const compiled = { checked, statement, narrowed: plain ? null : new Map() }
    if (!keep) return compiled
    if (checked.uses.some(({ entity }) => entity.ruled)) keepFor(this.#compiledFor, plan, sight, compiled, mostSights)
    else keepFor(this.#compiled, plan, exposure, compiled, mostExposures)
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
    const work = async (runner: TransactionRunner) => {
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
    work: (runner: TransactionRunner) => Promise<T>,
    { verb = 'write', signal }: TransactionOptions = {},
  ): Promise<T> {
    if (isSystemAct(context)) {
      return this.#transactionForSystem(
        context,
        (transaction, acts) => work(this.#runnerIn(transaction, context, acts)),
        { verb, ...(signal && { signal }) },
      )
    }
    return this.#options.tenantLane.transactions.run({ verb, signal, tenant: context.tenant }, transaction =>
      work(this.#runnerIn(transaction, context)),
    )
  }

  #runnerIn(
    transaction: OpenTransaction,
    context: TenantContext,
    acts?: SystemActs,
    onLarge: (plan: CheckedRead) => void = refuseLarge,
  ): TransactionRunner {
    const run = async (plan: Plan): Promise<Answer> => {
      const checked = this.#check(plan, context)
      if (plan.kind !== 'read' && plan.rollback)
        throw new TenantryError('invalid', 'One statement of a transaction cannot be rolled back')
      const { settings, rows } = this.#running(context, checked)
      await acts?.check(transaction, checked)
      return answerIn(transaction, settings, checked, statementOf(checked, rows), onLarge)
    }
    return {
      nested: work => {
        const part = () => transaction.nested(inner => work(this.#runnerIn(inner, context, acts)))
        return acts ? acts.runPart(transaction, part) : part()
      },
      author: async (inner, uses, work) => {
        if (inner !== context) throw foreignContext()
        const [first] = uses
        if (!first) throw new TenantryError('invalid', 'Statements read or write an entity at least')
        // The record of the platform's acts says what each of them touched, which SQL of an author's does not tell.
        if (acts) throw new TenantryError('forbidden', "SQL of one's own is not for the system tenant")
        const { settings } = this.#runningAs(roleFor(context, uses), context, first)
        return transaction.author(settings, work)
      },
      run: async (inner, plan) => {
        if (inner !== context) throw foreignContext()
        return acts ? acts.run(plan, transaction, () => run(plan)) : run(plan)
      },
    }
  }

  runOnce(
    context: TenantContext,
    plan: Exclude<Plan, Read>,
    once: Once,
    { signal, work = runner => runner.run(context, plan) }: OnceOptions = {},
  ): Promise<OnceAnswer> {
    const settingsNow = () => this.#running(context, this.#check(plan, context)).settings
    const onceIn = (transaction: OpenTransaction, settings: Settings, acts?: SystemActs) =>
      runOnceIn(
        (text, values) => transaction.run(settings, { text, values }),
        context,
        once,
        () => work(this.#runnerIn(transaction, context, acts)),
      )
    if (isSystemAct(context)) {
      return this.#transactionForSystem(
        context,
        // What is refused has been tried, and is recorded too.
        (transaction, acts) => acts.runOnce(plan, transaction, async () => onceIn(transaction, settingsNow(), acts)),
        { ...(signal && { signal }) },
      )
    }
    const settings = settingsNow()
    return this.#options.tenantLane.transactions.run({ verb: 'write', signal, tenant: context.tenant }, transaction =>
      onceIn(transaction, settings),
    )
  }

  changes(context: TenantContext, entity: Entity, options?: ChangeOptions): AsyncIterable<Change> {
    return this.#feed.changes(context, entity, options)
  }

  changesAs<R>(
    context: TenantContext,
    entity: Entity,
    read: RowReader<R>,
    options?: ChangeOptions,
  ): AsyncIterable<Change<R>> {
    return this.#feed.changesAs(context, entity, read, options)
  }

  changePosition(context: TenantContext, entity: Entity): Promise<string> {
    return this.#feed.position(context, entity)
  }

  #running(context: TenantContext, checked: CheckedPlan): Running {
    return this.#runningAs(accessOf(context, checked), context, checked)
  }

  #runningAs({ role, rows }: Access, context: TenantContext, { entity }: Pick<CheckedPlan, 'entity'>): Running {
    const { prefix, statementTimeout } = this.#options
    return { settings: settingsOf(prefix, role, context, entity.limits.timeoutMs ?? statementTimeout, rows), rows }
  }

  async close(): Promise<void> {
    const { tenantLane, platformLane, changes } = this.#options
    await changes.signal.close()
    const { reads, writes } = tenantLane
    const others = [tenantLane, platformLane].flatMap(({ transactions, streams }) => [transactions, streams])
    await Promise.all([reads, writes, ...others].map(pool => pool.close()))
  }
}

function keepFor<K>(all: WeakMap<Plan, Map<K, Compiled>>, plan: Plan, key: K, compiled: Compiled, most: number): void {
  const kept = all.get(plan) ?? new Map<K, Compiled>()
  if (kept.size >= most) kept.clear()
  all.set(plan, kept.set(key, compiled))
}

/** Reads change nothing for each other, and an insert waits for nobody but other inserts of the same key. */
function sharingOf(checked: CheckedPlan): Sharing | undefined {
  if (checked.kind === 'read') return 'reads'
  return checked.kind === 'insert' && !checked.onConflict ? 'inserts' : undefined
}

/** The access role for a plan. Throws `unauthenticated` for a caller without a token, else `forbidden`. */
function accessOf(context: TenantContext, plan: CheckedPlan): Access {
  if (plan.kind === 'call' && context.acrossTenants) {
    throw new TenantryError('invalid', 'An action runs in one tenant', { hint: 'Call it there: /{tenant}/…' })
  }
  if (plan.kind === 'call' && !context.platform) refuseCaller(context, plan)
  return roleFor(context, plan.uses)
}

function roleFor(context: TenantContext, uses: readonly EntityUseOf[]): Access {
  if (!context.acrossTenants && context.tenant === '') {
    throw new TenantryError('internal', 'Data access without a tenant')
  }
  if (context.platform) {
    const rows = hasOwnRows(uses) ? allRowsOf(uses.map(({ entity }) => entity)) : null
    return { role: 'tenant_writer', rows }
  }
  const acting = isSystemAct(context)
  if (!acting && (context.acrossTenants || context.principal.tenant !== context.tenant)) {
    throw new TenantryError('internal', 'A principal of one tenant acts in another')
  }
  const question = {
    roles: context.principal.roles,
    acrossTenants: context.acrossTenants,
    acting: acting && !context.acrossTenants,
    hasInstance: context.instance !== null,
    uses,
  }
  const access = resolveAccess(question)
  if ('role' in access) {
    const { role } = access
    const instanced = uses.some(({ entity }) => entity.instanced)
    const needed = role.includes('instance_') || (context.instanceNeeded && !context.acrossTenants)
    if (instanced && context.instance === null && needed) {
      throw new TenantryError('invalid', 'This needs an instance, and the request has none')
    }
    return { role, rows: hasOwnRows(uses) ? resolveRows(question, role) : null }
  }
  const refused = uses.find(use => use === access.refused)
  throw denied(context, `permission denied for ${refused?.entity.name} (${access.refused.verb})`)
}

function hasOwnRows(uses: readonly EntityUseOf[]): boolean {
  return uses.some(({ entity }) => entity.own.size > 0)
}

/** The settings are part of what a statement is known by: who reaches other rows has another one. */
function narrowedStatement({ checked, narrowed }: Compiled, { settings, rows }: Running): Statement {
  const key = settings.length === 5 ? '' : settings[5]
  const known = narrowed?.get(key)
  if (known) return known
  const statement = statementOf(checked, rows)
  narrowed?.set(key, statement)
  return statement
}

async function streamed(
  streams: StreamPool,
  { settings, rows: scopes }: Running,
  plan: CheckedRead,
  signal: AbortSignal | undefined,
): Promise<Answer> {
  const { rows, total, parts } = await streams.open(settings, rowStreamOf(plan, scopes), signal)
  return { body: '', rows, total, stream: parts }
}

function foreignContext(): TenantryError {
  return new TenantryError('forbidden', 'A transaction belongs to the context it was begun in')
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

function refuseLarge(): never {
  throw tooLarge()
}

async function answerIn(
  transaction: OpenTransaction,
  settings: Settings,
  plan: CheckedPlan,
  statement: Statement,
  onLarge: (plan: CheckedRead) => void,
): Promise<Answer> {
  try {
    const row = await transaction.run(settings, statement)
    if (plan.kind === 'read' && isTooLarge(row)) onLarge(plan)
    return answerOf(plan, row)
  } catch (error) {
    throw withFields(error, () => plan)
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
