import { TenantryError } from './errors.ts'
import type { TenantKey } from './tenant.ts'
import type { TenantContext } from './tenant-context.ts'

/** Stands for all tenants where one would be named; no tenant can be called so. */
export const allTenants = '*'

/** Who acts for the platform. */
export interface Actor {
  readonly subject: string
  /** `token`: a principal of the system tenant; `cli`: a user of the operating system; `code`: a script or the platform itself. */
  readonly via: 'token' | 'cli' | 'code'
  readonly requestId?: string
}

/** One act of the platform in tenants: what was done to what, never a value of a row. */
export interface Act extends Actor {
  /** `*` for all of them; null for an act that concerns none. */
  readonly tenant: TenantKey | null
  readonly instance: string | null
  /** `read`, `insert`, `update`, `delete`, `call`, or an operation: `tenant.suspend`. */
  readonly verb: string
  /** An entity or action (`customers@1.customers`), a module, or null. */
  readonly target: string | null
  /** Rows that were answered or written; null where there are none to count. */
  readonly rows: number | null
  /** `begun`, `done`, `replayed`, `rolled_back`, or the code of the error that refused it. */
  readonly outcome: string
}

export interface RecordedAct extends Omit<Act, 'requestId'> {
  /** Later acts have higher numbers, with gaps. */
  readonly id: number
  /** ISO 8601. */
  readonly at: string
  readonly requestId: string | null
}

export interface ActFilter {
  readonly tenant?: string
  readonly subject?: string
  readonly verb?: string
  readonly target?: string
  readonly requestId?: string
  /** Only acts with a lower number: the page after the one that ended there. */
  readonly before?: number
  /** 1 to 1,000. */
  readonly limit: number
}

/** The record of all acts: it can be added to and read, and nothing in it can be changed. */
export interface AuditRecord {
  record(act: Act): Promise<void>
  /** The newest first. */
  acts(filter: ActFilter): Promise<readonly RecordedAct[]>
}

/** Who acts in a context of the system tenant. */
export function actorOf({ principal, requestId }: TenantContext): Actor {
  return { subject: principal.subject, ...(requestId === undefined ? { via: 'code' } : { via: 'token', requestId }) }
}

/** What could not be recorded is not done. */
export function notRecorded(cause: unknown): TenantryError {
  return new TenantryError('unavailable', 'The act could not be recorded, so it was not done', {
    reason: 'audit_failed',
    retryAfter: 1,
    cause,
  })
}
