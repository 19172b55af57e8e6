import { type ErrorParts, TenantryError } from '../../core/errors.ts'
import { fieldMessages, putMismatch } from '../../core/plan-names.ts'
import { raised } from './sql/raised.ts'

/** What PostgreSQL says with an error; only the parts that are read here. */
export interface ServerError {
  readonly code: string
  readonly severity: string
  readonly message: string
  readonly detail?: string
  readonly hint?: string
  readonly table?: string
  readonly column?: string
  readonly constraint?: string
}

/** The code alone would not do: the system's `EPIPE` looks like a SQLSTATE. */
export function isServerError(error: unknown): error is ServerError {
  return error instanceof Error && 'severity' in error && 'code' in error && typeof error.code === 'string'
}

/** True when the connection is gone or the server does not take statements: nothing was answered. */
export function isConnectionError(error: unknown): boolean {
  if (error instanceof TenantryError) return false
  return !isServerError(error) || /^(08|57P0)/.test(error.code)
}

/** A cancel request ended the statement, not its time limit. */
export function isStrayCancel(error: unknown): boolean {
  return isServerError(error) && error.code === '57014' && !/timeout/.test(error.message)
}

/** The connection lost or outdated what it had prepared; the statement has not run and may be sent again. */
export function isStalePreparation(error: unknown): boolean {
  return (
    isServerError(error) && (error.code === '26000' || (error.code === '0A000' && /cached plan/.test(error.message)))
  )
}

/**
 * An error of the server as one of ours. Its texts are made anew from names that the caller knows (entities and fields):
 * PostgreSQL's own name values, the tenant column and other tables.
 */
export function toError(error: unknown): TenantryError {
  if (error instanceof TenantryError) return error
  if (!isServerError(error)) {
    return new TenantryError('unavailable', 'The database cannot be reached', { retryAfter: 1, cause: error })
  }
  const parts: ErrorParts = { reason: error.code, cause: error }
  switch (error.code) {
    case '23505':
      return new TenantryError('conflict', `duplicate key value violates unique constraint "${error.constraint}"`, {
        ...parts,
        details: keyDetail(error.detail, 'already exists.'),
      })
    case '23503':
      // PostgreSQL's own words name only the two tables and the key, which is named after them.
      return new TenantryError('conflict', error.message, {
        ...parts,
        details: keyDetail(
          error.detail,
          /still referenced/.test(error.detail ?? '') ? 'is still referenced.' : 'is not present.',
        ),
      })
    case '23502':
      return new TenantryError(
        'invalid',
        `null value in column "${error.column}" of relation "${error.table}" violates not-null constraint`,
        parts,
      )
    case '23514':
      return new TenantryError(
        'invalid',
        `new row for relation "${error.table}" violates check constraint "${error.constraint}"`,
        parts,
      )
    case '42501':
      return new TenantryError('forbidden', 'permission denied', parts)
    case '42883':
      return new TenantryError('invalid', error.message, {
        ...parts,
        hint: error.hint ?? 'The operator does not fit the type of the field',
      })
    case '42804':
    case '42846':
      return new TenantryError('invalid', error.message, {
        ...parts,
        hint: 'The test or the cast does not fit the type of the field',
      })
    case '42601':
      // Our statements are well formed; what a caller searches for is parsed by PostgreSQL while it runs.
      if (!/tsquery|^there is no escaped character/.test(error.message)) break
      return new TenantryError('invalid', withoutValues(error.message), {
        ...parts,
        hint: 'Write it as words with & and | between them, or search with plfts or wfts',
      })
    case '21000':
      return new TenantryError('invalid', 'Two of the given rows have the same key', {
        ...parts,
        hint: 'Give each row once',
      })
    case '57014':
      return new TenantryError('unavailable', 'The statement took longer than is allowed and was stopped', {
        ...parts,
        hint: 'Ask for less: fewer rows, an indexed filter',
      })
    case '40001':
    case '40P01':
      return new TenantryError('conflict', 'Another change got in the way', { ...parts, hint: 'Try again' })
    case '55P03':
      return new TenantryError('unavailable', 'A row is locked by another change', { ...parts, retryAfter: 1 })
    case '25P03':
      return silent(error)
    case '25006':
      return new TenantryError('forbidden', 'This transaction only reads', parts)
    case raised.notSingle:
      return notSingle(Number(error.message), error)
    case raised.stale:
      return new TenantryError('conflict', 'The row has another revision than the one given', {
        reason: 'stale_revision',
        hint: 'Read the row again and repeat the change on what it says now',
        cause: error,
      })
    case raised.tooMany:
      return new TenantryError('invalid', 'Query result exceeds max-affected preference constraint', {
        reason: 'PGRST124',
        details: `The query affects ${Number(error.message)} rows`,
        cause: error,
      })
    case raised.precondition:
      return error.message === 'absent'
        ? new TenantryError('precondition_failed', 'The row is there already', {
            hint: 'Leave out If-None-Match to change it',
            cause: error,
          })
        : new TenantryError('precondition_failed', 'The row has another revision than If-Match says, or is not there', {
            hint: 'Read the row again and repeat the change on what it says now',
            cause: error,
          })
    case raised.upgrading:
      return new TenantryError(
        'unavailable',
        'The tenant is being upgraded, and its rows cannot be changed meanwhile',
        {
          reason: 'tenant_upgrading',
          hint: 'Try again in a moment',
          retryAfter: 1,
          cause: error,
        },
      )
    case raised.kept:
      return keptError(error)
    case raised.notPut:
      return putMismatch(error)
    case raised.tooLarge:
      return tooLarge(error)
    case raised.refused:
      return new TenantryError('invalid', error.message, {
        cause: error,
        fields: error.message.startsWith('deleted_at')
          ? { deleted_at: ['can only be set to null'] }
          : { revision: ['must be 1 in a new row'] },
      })
  }
  switch (error.code.slice(0, 2)) {
    case '22':
      return new TenantryError('invalid', withoutValues(error.message), parts)
    case '08':
    case '53':
    case '57':
      return new TenantryError('unavailable', 'The database does not take more work at the moment', {
        retryAfter: 1,
        cause: error,
      })
    case '54':
      return new TenantryError('invalid', 'The request is too complex for the database', parts)
  }
  return new TenantryError('internal', 'Something went wrong on our side', { cause: error })
}

/** `customers id,created_at`: what a whole record had otherwise than the row. */
function keptError(error: ServerError): TenantryError {
  const [entity = '', list = ''] = error.message.split(' ')
  const names = list.split(',')
  const quoted = names.map(name => `"${name}"`).join(', ')
  return new TenantryError('invalid', `${quoted} of ${entity} cannot be changed`, {
    details: 'The row has another value than the one given',
    hint: 'Leave it out, or send it as it was read',
    fields: fieldMessages(names, 'cannot be changed'),
    cause: error,
  })
}

export function notSingle(rows: number, cause?: unknown): TenantryError {
  return new TenantryError('invalid', 'JSON object requested, multiple (or no) rows returned', {
    reason: 'PGRST116',
    details: `The result contains ${rows} rows`,
    cause,
  })
}

export function tooLarge(cause?: unknown): TenantryError {
  return new TenantryError('too_large', 'The answer is too large', {
    hint: 'Ask for fewer rows or fields: limit, select',
    cause,
  })
}

/** `Key (tenant_id, sku)=(acme, A-1) already exists.` → `Key (sku) already exists.` */
function keyDetail(detail: string | undefined, verdict: string): string | null {
  const columns = /^Key \(([^)]*)\)=/.exec(detail ?? '')?.[1]
  if (columns === undefined) return null
  const names = columns.split(', ').filter(name => name !== 'tenant_id' && name !== 'instance_id')
  return `Key (${names.join(', ')}) ${verdict}`
}

/** `invalid input syntax for type uuid: "x"` → without what stands behind the colon, which is a value. */
function withoutValues(message: string): string {
  const colon = message.indexOf(': ')
  const kept = colon < 0 ? message : message.slice(0, colon)
  return kept.replace(/"[^"]*"/g, '"…"')
}

export function abandoned(): TenantryError {
  return new TenantryError('unavailable', 'The caller went away before the answer')
}

/** A transaction of which nothing is heard. */
export function silent(cause?: unknown): TenantryError {
  return new TenantryError('unavailable', 'The transaction said nothing for too long and was ended', {
    hint: 'Nothing was kept. Do what takes long before or after it',
    cause,
  })
}

export function unknownOutcome(cause: unknown): TenantryError {
  return new TenantryError(
    'unavailable',
    'The connection was lost before the answer: the change may or may not have been made',
    {
      hint: 'Read the row to see which, then try again',
      retryAfter: 1,
      cause,
    },
  )
}
