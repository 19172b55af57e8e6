import type { Verb } from '../../core/access-role.ts'
import { type Act, actorOf, allTenants, notRecorded } from '../../core/audit.ts'
import type { CheckedPlan } from '../../core/checked-plan.ts'
import type { OnceAnswer } from '../../core/datasource.ts'
import { TenantryError } from '../../core/errors.ts'
import type { Answer, Plan } from '../../core/plan.ts'
import { systemTenant } from '../../core/tenant.ts'
import type { TenantContext } from '../../core/tenant-context.ts'
import { givenTenantsSql, recordStatement } from './audit.ts'
import { endedEarly, type OpenTransaction } from './conversation.ts'
import type { Settings } from './settings.ts'

/** A principal of the system tenant acts, whose every act is recorded. Not: the platform itself, which makes a tenant's rows. */
export function isSystemAct({ principal, platform }: TenantContext): boolean {
  return principal.tenant === systemTenant && !principal.anonymous && !platform
}

/** What the record is written under, whatever the act itself runs as. */
export function recordSettings(prefix: string, { principal }: TenantContext, timeout: number): Settings {
  return [`${prefix}_writer`, '', '', principal.subject, String(timeout)]
}

/** The acts of one transaction: recorded in it as they are done, and after it when it comes to nothing. */
export class SystemActs {
  readonly #context: TenantContext
  readonly #settings: Settings
  readonly #verb: Verb
  readonly #acts: Act[] = []
  readonly #underWay = new Set<Promise<unknown>>()
  /** Notes an outcome of each act that has none yet. */
  readonly #open = new Set<(outcome: string) => void>()
  #ended = false
  /** What the last act failed with. */
  #refusal: unknown
  #parts = 0
  /** Why something that was done is in no record. */
  #unrecorded: unknown

  /** `verb`: `read` refuses writes, other than those of the record. */
  constructor(context: TenantContext, settings: Settings, verb: Verb) {
    this.#context = context
    this.#settings = settings
    this.#verb = verb
  }

  /**
   * The transaction came to nothing. What has no outcome yet has this one, and what its function may still try is none of it. True
   * when there is something to record.
   */
  end(error: unknown): boolean {
    // What was tried inside of another first.
    for (const note of [...this.#open].reverse()) note(outcomeOf(error))
    this.#open.clear()
    this.#ended = true
    return this.#acts.length > 0
  }

  /** Runs `act` and records it in its transaction, with the number of rows that it answers. */
  run(plan: Plan, transaction: OpenTransaction, act: () => Promise<Answer>): Promise<Answer> {
    const tried = this.#tried(plan, async () => {
      const answer = await act()
      await this.#record(transaction, { ...this.#actOf(plan), rows: answer.rows, outcome: 'done' })
      return answer
    })
    const end = () => this.#underWay.delete(tried)
    this.#underWay.add(tried)
    tried.then(end, end)
    return tried
  }

  /** Before the commit, while the transaction still answers. Throws where something would be kept that is in no record. */
  async settle(): Promise<void> {
    while (this.#underWay.size > 0) await Promise.allSettled(this.#underWay)
    if (this.#unrecorded !== undefined) throw this.#unrecorded
    if (this.#parts > 0) throw endedEarly()
  }

  /** The same for a write that is made once: what it does is recorded by itself, and here that it was only answered again. */
  runOnce(plan: Plan, transaction: OpenTransaction, act: () => Promise<OnceAnswer>): Promise<OnceAnswer> {
    const before = this.#acts.length
    return this.#tried(
      plan,
      async () => {
        const once = await act()
        const { replayed, answer } = once
        if (replayed) await this.#record(transaction, { ...this.#actOf(plan), rows: answer.rows, outcome: 'replayed' })
        return once
      },
      // What was refused inside has been noted by itself.
      () => this.#acts.length > before,
    )
  }

  /** A part that is undone takes the record of its acts with it, so they are recorded once more behind it. */
  async runPart<T>(transaction: OpenTransaction, part: () => Promise<T>): Promise<T> {
    const before = this.#acts.length
    this.#parts++
    try {
      return await part()
    } catch (error) {
      for (const act of this.#acts.slice(before)) await this.#record(transaction, act)
      throw error
    } finally {
      this.#parts--
    }
  }

  async #tried<T>(plan: Plan, act: () => Promise<T>, isNoted = () => false): Promise<T> {
    const note = (outcome: string) => {
      if (!isNoted()) this.#acts.push({ ...this.#actOf(plan), outcome })
    }
    if (!this.#ended) this.#open.add(note)
    const refusal = this.#refusal
    try {
      const result = await act()
      if (this.#open.delete(note)) this.#acts.push(this.#actOf(plan))
      return result
    } catch (error) {
      // A transaction that is over refuses all that comes with one and the same error, which was known before this was begun.
      if (this.#open.delete(note) && error !== refusal) note(outcomeOf(error))
      this.#refusal = error
      throw error
    }
  }

  async #record(transaction: OpenTransaction, act: Act): Promise<void> {
    await transaction.run(this.#settings, recordStatement(act)).catch(error => {
      const unrecorded = notRecorded(error)
      this.#unrecorded ??= unrecorded
      throw unrecorded
    })
  }

  /** In a transaction of its own: what was tried, and is not. */
  async recordFailed(transaction: OpenTransaction): Promise<void> {
    for (const act of this.#acts) await this.#record(transaction, act)
  }

  #actOf(plan: Plan): Act {
    const { acrossTenants, tenant, instance } = this.#context
    return {
      ...actorOf(this.#context),
      tenant: acrossTenants ? allTenants : tenant,
      instance,
      verb: plan.kind,
      target: plan.kind === 'call' ? plan.action.id : plan.entity.id,
      rows: null,
      outcome: 'rolled_back',
    }
  }

  /** New rows across tenants say whose they are, and only tenants that can run get any. Throws `invalid`. */
  async check(transaction: OpenTransaction, plan: CheckedPlan): Promise<void> {
    if (this.#verb === 'read' && plan.uses.some(({ verb }) => verb === 'write')) {
      throw new TenantryError('forbidden', 'The transaction is for reading only', { reason: '25006' })
    }
    if (!this.#context.acrossTenants || plan.kind !== 'insert' || plan.entity.global) return
    if (!plan.fields.some(({ name }) => name === 'tenant_id')) throw noTenant()
    const rows = plan.rows.trimStart().startsWith('{') ? `[${plan.rows}]` : plan.rows
    const [without, unable] = await transaction.run(this.#settings, { text: givenTenantsSql, values: [rows] })
    if (without !== '0') throw noTenant()
    if (unable !== '0') {
      throw new TenantryError('invalid', 'A "tenant_id" names a tenant that does not exist or cannot run', {
        hint: 'Rows are added to active tenants only',
        fields: { tenant_id: ['names no active tenant'] },
      })
    }
  }
}

function outcomeOf(error: unknown): string {
  return error instanceof TenantryError ? error.code : 'internal'
}

function noTenant(): TenantryError {
  return new TenantryError('invalid', 'Across tenants each new row needs a "tenant_id"', {
    hint: 'Give each row the key of its tenant, or write in one tenant: /{tenant}/…',
    fields: { tenant_id: ['is needed'] },
  })
}
