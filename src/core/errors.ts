/** The closed list of what can go wrong, each with its HTTP status. */
export const errorStatus = {
  invalid: 400,
  unauthenticated: 401,
  forbidden: 403,
  not_found: 404,
  conflict: 409,
  precondition_failed: 412,
  too_large: 413,
  limited: 429,
  unavailable: 503,
  internal: 500,
} as const

export type ErrorCode = keyof typeof errorStatus

export interface ErrorParts {
  /** A finer code inside `code`: PostgREST's (`PGRST116`), a SQLSTATE (`23505`) or ours (`tenant_suspended`). */
  readonly reason?: string
  readonly details?: string | null
  /** Details that are a list of things, where PostgREST gives them as JSON; they stand in place of `details`. */
  readonly detailList?: readonly Readonly<Record<string, string>>[]
  /** What the caller can do about it. */
  readonly hint?: string | null
  /** Messages for each field of a refused payload. */
  readonly fields?: Readonly<Record<string, readonly string[]>>
  /** Seconds after which a retry makes sense; sent as `Retry-After`. */
  readonly retryAfter?: number
  /** Kept for the log of `internal` errors; never sent to a caller. */
  readonly cause?: unknown
}

/**
 * The only error class that leaves a room. `message` says what was wrong, `hint` what to do. It holds no SQL text, no
 * value of a row, no secret and no other tenant's name, so all of it may be shown to the caller.
 */
export class TenantryError extends Error {
  readonly code: ErrorCode
  readonly reason: string | undefined
  readonly details: string | null
  readonly detailList: ErrorParts['detailList']
  readonly hint: string | null
  readonly fields: Readonly<Record<string, readonly string[]>> | undefined
  readonly retryAfter: number | undefined

  constructor(code: ErrorCode, message: string, parts: ErrorParts = {}) {
    super(message, parts.cause === undefined ? undefined : { cause: parts.cause })
    this.name = 'TenantryError'
    this.code = code
    this.reason = parts.reason
    this.details = parts.details ?? null
    this.detailList = parts.detailList
    this.hint = parts.hint ?? null
    this.fields = parts.fields
    this.retryAfter = parts.retryAfter
  }
}

/** Anything thrown, as one of ours: what is not ours becomes `internal` and keeps its text out of the answer. */
export function toTenantryError(error: unknown): TenantryError {
  if (error instanceof TenantryError) return error
  return new TenantryError('internal', 'Something went wrong on our side', { cause: error })
}
