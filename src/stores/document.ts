import { TenantryError } from '../core/errors.ts'

export interface Metadata {
  readonly id: string
  /** The id of another document, of whatever type; nothing is demanded of it. */
  readonly parentId: string | null
  /** 1, then +1 with every change. */
  readonly revision: number
  /** Times as ISO 8601. */
  readonly created: string
  readonly updated: string
  /** When it was softly deleted. */
  readonly deleted: string | null
}

export interface Document<Message> {
  readonly id: string
  readonly message: Message
  /** Absent: none in a new document, the same as before in one that is there. All documents of a call have it or none. */
  readonly parentId?: string | null
}

export interface DocumentWithMetadata<Message> {
  readonly message: Message
  readonly metadata: Metadata
}

/** A document to write whose revision is checked: as it was read, or its id and the revision alone. */
export interface MetadataToCheck<Message> {
  readonly message: Message
  readonly metadata: Pick<Metadata, 'id' | 'revision'> & Partial<Metadata>
}

/** A document as a new row, the message not yet encoded. */
export interface DocumentRow<Message> {
  readonly document_id: string
  readonly parent_id?: string | null
  readonly revision?: number
  readonly message: Message
}

export const metadataFields = ['document_id', 'parent_id', 'revision', 'created_at', 'updated_at', 'deleted_at']

export function rowOf<Message>({ id, message, parentId }: Document<Message>): DocumentRow<Message> {
  return { document_id: id, message, ...(parentId !== undefined && { parent_id: parentId }) }
}

export function checkedRowOf<Message>({ message, metadata }: MetadataToCheck<Message>): DocumentRow<Message> & {
  readonly revision: number
} {
  const { id, parentId, revision } = metadata
  if (!Number.isSafeInteger(revision))
    throw new TenantryError('invalid', 'The metadata of a document need its revision')
  return { ...rowOf({ id, message, ...(parentId !== undefined && { parentId }) }), revision }
}

export function withoutRevision<Message>({ revision: _, ...row }: DocumentRow<Message>): DocumentRow<Message> {
  return row
}

export function metadataOf(row: Readonly<Record<string, unknown>>): Metadata {
  const text = (value: unknown) => (value == null ? null : String(value))
  return {
    id: String(row.document_id),
    parentId: text(row.parent_id),
    revision: Number(row.revision),
    created: String(row.created_at),
    updated: String(row.updated_at),
    deleted: text(row.deleted_at),
  }
}

/** Preconditions and kept fields are words of requests; here they mean documents. */
export function inOurWords(error: unknown, updates: boolean): unknown {
  if (!(error instanceof TenantryError)) return error
  const newRevision = error.code === 'invalid' && error.fields?.revision !== undefined
  if (error.code === 'precondition_failed' || (newRevision && updates))
    return new TenantryError('not_found', 'There is no such document', { hint: 'Add it with insert or upsert' })
  return newRevision ? staleRevision() : error
}

export function staleRevision(): TenantryError {
  return new TenantryError('conflict', 'The document has another revision than the one given', {
    reason: 'stale_revision',
    hint: 'Read it again and repeat the change on what it says now',
  })
}
