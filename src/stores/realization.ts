import { TenantryError } from '../core/errors.ts'
import { errorDetails, type Operation, type RealizationStatus } from './realization-status.ts'
import { atLeastOne, eachOnce } from './store-parts.ts'

export interface Resource<Intent> {
  readonly id: string
  /** 1, then +1 with every intent and soft delete. */
  readonly revision: number
  readonly status: RealizationStatus
  readonly operation: Operation
  readonly intent: Intent | null
}

export interface IntentToPersist<Intent> {
  readonly id: string
  /** What is to be realized. Absent: null. */
  readonly intent?: Intent
  /** When given, the current one, else `conflict`. */
  readonly revision?: number
}

/** A resource as an enforcement point has seen it. */
export interface ResourceToMark {
  readonly id: string
  readonly revision: number
  /** For errors: what went wrong. */
  readonly details?: string
}

/** Marks of a deletion may leave the revision out: the resource may be gone. */
export type DeletionToMark = Omit<ResourceToMark, 'revision'> & { readonly revision?: number }

/** What one enforcement point has said. */
export interface PointStatus {
  readonly status: RealizationStatus
  readonly revision: number
  /** Newest first, at most 1024 bytes; null when nothing went wrong since the last intent or success. */
  readonly error: string | null
  /** ISO 8601. */
  readonly updated: string
}

export interface ResourceList {
  readonly status?: RealizationStatus
  readonly limit?: number
  /** Only ids behind this one; lists are ordered by id. */
  readonly after?: string
}

export function errorAfter(
  status: RealizationStatus,
  details: string | undefined,
  older: string | null,
): string | null {
  if (status === 'error') return details === undefined ? older : errorDetails(details, older)
  return status === 'realized' || status === 'deletion_realized' ? null : older
}

export function idsOf(rows: readonly { readonly id: string }[]): string[] {
  atLeastOne(rows)
  const ids = rows.map(({ id }) => id)
  eachOnce(ids)
  return ids
}

export function notFound(): TenantryError {
  return new TenantryError('not_found', 'There is no such resource', { hint: 'Begin with persistIntent' })
}

export function notFoundNow(): never {
  throw notFound()
}

export function staleRevision(): TenantryError {
  return new TenantryError('conflict', 'The resource has another revision than the one given', {
    reason: 'stale_revision',
    hint: 'Realize what its intent says now',
  })
}

export function noRevision(): TenantryError {
  return new TenantryError('invalid', 'A mark needs the revision of its resource', {
    hint: 'Give the one whose intent was realized',
  })
}
