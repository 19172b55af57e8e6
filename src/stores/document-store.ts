import type { DescMessage, MessageShape } from '@bufbuild/protobuf'
import type { EntityDefinition } from '../core/entity.ts'
import { TenantryError } from '../core/errors.ts'
import { payloadText } from '../core/exact-json.ts'
import type { Entity } from '../core/module-set.ts'
import type { Insert, OnConflict, Precondition } from '../core/plan.ts'
import type { TenantData } from '../core/tenant-data.ts'
import {
  checkedRowOf,
  type Document,
  type DocumentRow,
  type DocumentWithMetadata,
  inOurWords,
  type Metadata,
  type MetadataToCheck,
  metadataFields,
  metadataOf,
  rowOf,
  staleRevision,
  withoutRevision,
} from './document.ts'
import { decodeMessage, encodeMessage } from './document-codec.ts'
import { atLeastOne, compare, eachOnce, idIn, oneOrMany, rowsIn } from './store-parts.ts'

export interface DocumentList {
  readonly ids?: readonly string[]
  readonly parentId?: string
  readonly includeDeleted?: boolean
  readonly limit?: number
  /** Only ids behind this one; lists are ordered by id. */
  readonly after?: string
}

/** What deletes may demand. */
interface DeleteOptions {
  readonly revision?: number
}

/**
 * A tenant's documents of one type. Each call is one statement, and of several documents all are written or none. Throws
 * `conflict` for an id that is taken and a revision that is stale, `not_found` for an update of what is not there, `forbidden` as
 * other data does. No error holds anything of a message.
 */
export class DocumentStore<D extends DescMessage> {
  readonly #tenant: TenantData
  readonly #entity: Entity
  readonly #schema: D

  constructor(tenant: TenantData, definition: EntityDefinition, schema: D) {
    this.#tenant = tenant
    this.#entity = tenant.entityOf(definition)
    this.#schema = schema
  }

  /** Adds what is not there yet, softly deleted documents included. */
  insert(document: Document<MessageShape<D>>): Promise<Metadata>
  insert(documents: readonly Document<MessageShape<D>>[]): Promise<Metadata[]>
  insert(given: Given<Document<MessageShape<D>>>): Promise<Metadata | Metadata[]> {
    return oneOrMany(given, documents => this.#write(documents.map(rowOf), {}))
  }

  /** The same; a revision can only be 1. */
  insertWithMetadata(document: MetadataToCheck<MessageShape<D>>): Promise<Metadata>
  insertWithMetadata(documents: readonly MetadataToCheck<MessageShape<D>>[]): Promise<Metadata[]>
  insertWithMetadata(given: Given<MetadataToCheck<MessageShape<D>>>): Promise<Metadata | Metadata[]> {
    return oneOrMany(given, async documents => {
      if (documents.some(({ metadata }) => metadata.revision !== 1)) throw staleRevision()
      return this.#write(documents.map(checkedRowOf).map(withoutRevision), {})
    })
  }

  /** Changes what is there, whatever its revision is. */
  update(document: Document<MessageShape<D>>): Promise<Metadata>
  update(documents: readonly Document<MessageShape<D>>[]): Promise<Metadata[]>
  update(given: Given<Document<MessageShape<D>>>): Promise<Metadata | Metadata[]> {
    return oneOrMany(given, documents => this.#write(documents.map(rowOf), updating))
  }

  /** Changes what is there in exactly this revision. */
  updateWithMetadata(document: MetadataToCheck<MessageShape<D>>): Promise<Metadata>
  updateWithMetadata(documents: readonly MetadataToCheck<MessageShape<D>>[]): Promise<Metadata[]>
  updateWithMetadata(given: Given<MetadataToCheck<MessageShape<D>>>): Promise<Metadata | Metadata[]> {
    return oneOrMany(given, documents => this.#write(documents.map(checkedRowOf), updating))
  }

  /** Adds or changes; what was softly deleted comes back. */
  upsert(document: Document<MessageShape<D>>): Promise<Metadata>
  upsert(documents: readonly Document<MessageShape<D>>[]): Promise<Metadata[]>
  upsert(given: Given<Document<MessageShape<D>>>): Promise<Metadata | Metadata[]> {
    return oneOrMany(given, documents => this.#write(documents.map(rowOf), upserting))
  }

  /** The same; what is there must have this revision, and for what is not there it can only be 1. */
  upsertWithMetadata(document: MetadataToCheck<MessageShape<D>>): Promise<Metadata>
  upsertWithMetadata(documents: readonly MetadataToCheck<MessageShape<D>>[]): Promise<Metadata[]>
  upsertWithMetadata(given: Given<MetadataToCheck<MessageShape<D>>>): Promise<Metadata | Metadata[]> {
    return oneOrMany(given, documents => this.#write(documents.map(checkedRowOf), upserting))
  }

  async findById(id: string, options: { includeDeleted?: boolean } = {}): Promise<MessageShape<D> | undefined> {
    return (await this.findByIdWithMetadata(id, options))?.message
  }

  async findByIdWithMetadata(
    id: string,
    { includeDeleted = false }: { includeDeleted?: boolean } = {},
  ): Promise<DocumentWithMetadata<MessageShape<D>> | undefined> {
    const [found] = await this.findAllWithMetadata({ ids: [id], includeDeleted })
    return found
  }

  async findAll(list: DocumentList = {}): Promise<MessageShape<D>[]> {
    return (await this.findAllWithMetadata(list)).map(({ message }) => message)
  }

  async findAllAsMap(list: DocumentList = {}): Promise<Map<string, MessageShape<D>>> {
    return new Map((await this.findAllWithMetadata(list)).map(({ message, metadata }) => [metadata.id, message]))
  }

  async findAllWithMetadata(list: DocumentList = {}): Promise<DocumentWithMetadata<MessageShape<D>>[]> {
    const rows = await this.#read([...metadataFields, 'payload'], list)
    return rows.map(row => ({ message: decodeMessage(this.#schema, row.payload), metadata: metadataOf(row) }))
  }

  async metadata(id: string, { includeDeleted = false } = {}): Promise<Metadata | undefined> {
    const [row] = await this.#read(metadataFields, { ids: [id], includeDeleted })
    return row && metadataOf(row)
  }

  async revision(id: string, { includeDeleted = false } = {}): Promise<number | undefined> {
    return (await this.metadata(id, { includeDeleted }))?.revision
  }

  /** Hides documents until an upsert; answers how many. */
  softDeleteById(ids: string | readonly string[], options: DeleteOptions = {}): Promise<number> {
    return this.#delete(ids, 'soft', options)
  }

  /** Removes documents for good, softly deleted or not; answers how many. */
  deleteById(ids: string | readonly string[], options: DeleteOptions = {}): Promise<number> {
    return this.#delete(ids, 'purge', options)
  }

  async #delete(ids: string | readonly string[], mode: 'soft' | 'purge', { revision }: DeleteOptions): Promise<number> {
    const wanted = typeof ids === 'string' ? [ids] : ids
    if (revision !== undefined && wanted.length !== 1)
      throw new TenantryError('invalid', 'A revision is of one document', { hint: 'Give one id' })
    if (wanted.length === 0) return 0
    const conditions = [
      idIn('document_id', wanted),
      ...(revision === undefined ? [] : [compare('revision', 'eq', String(revision))]),
    ]
    const where = { kind: 'and', not: false, conditions } as const
    const { rows } = await this.#tenant.run({ kind: 'delete', entity: this.#entity, mode, where })
    return rows
  }

  async #read(fields: readonly string[], list: DocumentList): Promise<Record<string, unknown>[]> {
    const { ids, parentId, includeDeleted, limit, after } = list
    const conditions = [
      ...(ids ? [idIn('document_id', ids)] : []),
      ...(parentId === undefined ? [] : [compare('parent_id', 'eq', parentId)]),
      ...(after === undefined ? [] : [compare('document_id', 'gt', after)]),
    ]
    if (ids?.length === 0) return []
    if (limit !== undefined && !(Number.isSafeInteger(limit) && limit >= 0))
      throw new TenantryError('invalid', 'The limit must be a whole number, 0 or more')
    return rowsIn(this.#tenant, {
      kind: 'read',
      entity: this.#entity,
      select: fields.map(field => ({ kind: 'field', path: { field } })),
      output: 'exact',
      order: [{ path: { field: 'document_id' }, direction: 'asc' }],
      deleted: includeDeleted ? 'include' : 'exclude',
      ...(conditions.length > 0 && { where: { kind: 'and', not: false, conditions } }),
      ...(limit !== undefined && { limit }),
    })
  }

  async #write(rows: readonly DocumentRow<MessageShape<D>>[], how: Pick<Insert, 'onConflict' | 'precondition'>) {
    atLeastOne(rows)
    eachOnce(rows.map(({ document_id }) => document_id))
    const named = rows.filter(row => row.parent_id !== undefined).length
    if (named !== 0 && named !== rows.length)
      throw new TenantryError('invalid', 'Either all documents of a call have a parentId or none', {
        hint: 'Give null where there is no parent',
      })
    const fields = ['document_id', 'payload', ...(named ? ['parent_id'] : [])]
    const checked = rows[0]?.revision !== undefined
    const given = rows.map(({ message, ...row }) => ({ ...row, payload: encodeMessage(this.#schema, message) }))
    const plan: Insert = {
      kind: 'insert',
      entity: this.#entity,
      fields: checked ? [...fields, 'revision'] : fields,
      rows: payloadText(given),
      returning: metadataFields.map(field => ({ kind: 'field', path: { field } })),
      output: 'exact',
      ...how,
    }
    const written = await rowsIn(this.#tenant, plan).catch(error => {
      throw inOurWords(error, how === updating)
    })
    const byId = new Map(written.map(row => [row.document_id, metadataOf(row)]))
    return rows.flatMap(({ document_id }) => byId.get(document_id) ?? [])
  }
}

type Given<T> = T | readonly T[]

const merge = (deleted: OnConflict['deleted'] & string): OnConflict => ({ resolution: 'merge', deleted })
const present: Precondition = { kind: 'present' }
const updating = { onConflict: merge('refuse'), precondition: present }
const upserting = { onConflict: merge('restore') }
