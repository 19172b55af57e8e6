import { createHash } from 'node:crypto'
import type { Once } from '../../core/datasource.ts'
import { TenantryError } from '../../core/errors.ts'
import { sightFor } from '../../core/sight.ts'
import type { TenantContext } from '../../core/tenant-context.ts'
import { headerOf, type RestRequest } from './request.ts'

/** Headers that change what is written or answered. */
const fingerprinted = [
  'accept',
  'accept-profile',
  'content-profile',
  'content-type',
  'if-match',
  'if-none-match',
  'prefer',
]

/** What the request does, and to which entity or by which action. */
interface Deed {
  readonly target: string
  readonly writes: boolean
  readonly rollback: boolean
}

/**
 * What tells one write and its repetitions from all others (draft-ietf-httpapi-idempotency-key-header): its key, and a digest
 * of everything that it asks for. Undefined without the header and for reads, which may be repeated anyway. Throws `invalid`.
 */
export function onceOf(
  request: Pick<RestRequest, 'method' | 'locationBase' | 'query' | 'headers' | 'body'>,
  { target, writes, rollback }: Deed,
  context: TenantContext,
): Omit<Once, 'seconds'> | undefined {
  const key = headerOf(request, 'idempotency-key')
  if (key === undefined || !writes) return undefined
  if (!/^[\x21-\x7e](?:[\x20-\x7e]{0,253}[\x21-\x7e])?$/.test(key)) {
    throw refused(
      'An Idempotency-Key has 1 to 255 printable characters of ASCII',
      'Take a random UUID for each request',
    )
  }
  if (context.principal.anonymous)
    throw refused('An Idempotency-Key needs a token that says whose it is', 'Send a token')
  if (context.acrossTenants) throw refused('An Idempotency-Key is for writes to one tenant', 'Leave it out')
  if (rollback) throw refused('A write that is undone has no answer to keep', 'Leave out tx=rollback')
  const asked = [
    request.method,
    request.locationBase,
    target,
    request.query,
    // What an answer holds is for those who may see it.
    ...(context.exposure.fieldRoles.length > 0 ? [sightFor(context, {}).id] : []),
    ...fingerprinted.map(name => headerOf(request, name) ?? null),
    request.body ?? null,
  ]
  return { key, fingerprint: createHash('sha256').update(JSON.stringify(asked)).digest('base64url') }
}

function refused(message: string, hint: string): TenantryError {
  return new TenantryError('invalid', message, { hint })
}
