import { TenantryError } from '../../core/errors.ts'
import type { Entity } from '../../core/module-set.ts'
import type { TenantKey } from '../../core/tenant.ts'

/**
 * How far a consumer is: everything visible in the snapshot `since` was told, and of what `upto` sees beside it everything up to
 * the position `after`. Positions alone would not do: they are drawn before a commit, and a lower one may commit later.
 */
export interface Cursor {
  readonly since: string
  /** Absent at the beginning of a page sequence: the next one goes up to the present. */
  readonly within?: { readonly upto: string; readonly after: string }
}

const snapshot = /^\d{1,20}:\d{1,20}:(\d{1,20}(,\d{1,20})*)?$/
/** As many transactions as a server could have open at once are told in less. */
const mostLength = 64 * 1024

export function positionOf(tenant: TenantKey, entity: Entity, { since, within }: Cursor): string {
  const parts = [tenant, entity.id, since, ...(within ? [within.upto, within.after] : [])]
  return Buffer.from(parts.join(' ')).toString('base64url')
}

/** Throws `invalid` in the same words for what is no position at all and for one of another tenant or entity. */
export function parsePosition(tenant: TenantKey, entity: Entity, position: string): Cursor {
  if (typeof position !== 'string' || position.length > mostLength) throw noPosition()
  const text = Buffer.from(position, 'base64url').toString()
  const [ofTenant, ofEntity, since = '', upto, after, ...more] = text.split(' ')
  if (ofTenant !== tenant || ofEntity !== entity.id || !snapshot.test(since) || more.length > 0) throw noPosition()
  if (upto === undefined) return { since }
  if (!snapshot.test(upto) || after === undefined || !/^\d{1,18}$/.test(after)) throw noPosition()
  return { since, within: { upto, after } }
}

export function noPosition(): TenantryError {
  return new TenantryError('invalid', 'That is not a position in these changes', {
    reason: 'changes_position',
    hint: 'Give the position of a change of this entity as it came, or none to begin now',
  })
}

/** The changes behind the position are no longer all there. */
export function positionGone(now: string): TenantryError {
  return new TenantryError('conflict', 'The changes behind this position are no longer kept', {
    reason: 'changes_gone',
    details: now,
    hint: 'Read the rows anew, then go on from the position in "details", which is the present one',
  })
}
