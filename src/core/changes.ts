import type { EntityDefinition, KeyOf, Row } from './entity.ts'
import { bytesOf } from './exact-json.ts'
import type { Entity, EntityField } from './module-set.ts'
import type { TenantContext } from './tenant-context.ts'

/** What was done to a row. `softDelete` and `restore` are updates that hide it and bring it back. */
export type ChangeOperation = 'insert' | 'update' | 'softDelete' | 'restore' | 'delete'

/** One change of one row, told at least once and in order for each row. */
export interface Change<R = Readonly<Record<string, unknown>>, K = unknown> {
  /** Opaque text: give it as `after` to go on behind this change. It is for this tenant and entity. */
  readonly position: string
  readonly operation: ChangeOperation
  readonly key: K
  /** The row as it is at delivery and as the consumer may see it; absent when it is gone by then. */
  readonly row?: R
  /** When it was written, ISO 8601; the change is visible from its transaction's commit on. */
  readonly at: string
}

export type ChangeOf<E extends EntityDefinition> = Change<Row<E>, KeyOf<E>>

export interface ChangeOptions {
  /** Where to go on. Absent: changes that commit from the first `next()` on. */
  readonly after?: string
  /** When it fires the iteration ends. */
  readonly signal?: AbortSignal
}

/** A row's key: the JSON texts of its fields in their order. */
export type KeyTexts = readonly string[]

/**
 * Reads what is told of rows in place of the rows themselves, by `keyName`; what is not there is left out. Throws `too_large` when it
 * is too much for one answer: it is then asked for fewer.
 */
export type RowReader<R> = (context: TenantContext, keys: readonly KeyTexts[]) => Promise<ReadonlyMap<string, R>>

export function keyName(key: KeyTexts): string {
  return JSON.stringify(key)
}

/** The port to a feed of changes. A broker's consumer fills it too, so nothing here says how a position is made. */
export interface ChangeSource {
  /**
   * Follows an entity's changes inside the context's tenant until `signal` fires or the caller stops. Every page asks anew what the
   * principal may read. Throws `forbidden` without the right (also later, when it is lost), `invalid` for an entity without
   * `changes` and for what is no position (`changes_position`), `conflict` for one older than what is kept (`changes_gone`).
   */
  changes(context: TenantContext, entity: Entity, options?: ChangeOptions): AsyncIterable<Change>
  /** The same with what `read` answers as `row`, asked once for all keys that are there together; it decides what may be seen. */
  changesAs<R>(
    context: TenantContext,
    entity: Entity,
    read: RowReader<R>,
    options?: ChangeOptions,
  ): AsyncIterable<Change<R>>
  /** The position now: changes that commit later are behind it. Take it, read the rows, then follow from it. */
  changePosition(context: TenantContext, entity: Entity): Promise<string>
}

/** A key as `KeyOf` shows it, from the JSON texts of its fields in their order. */
export function keyFromTexts(entity: Entity, texts: KeyTexts): unknown {
  const values = entity.key.map((name, index) => {
    const field = entity.fields.get(name)
    return field ? decodeKey(entity, field, texts[index] ?? '') : undefined
  })
  if (values.length === 1) return values[0]
  return Object.fromEntries(entity.key.map((name, index) => [name, values[index]]))
}

function decodeKey(entity: Entity, field: EntityField, text: string): unknown {
  const { type } = field.spec
  if (type === 'reference') {
    const relation = entity.references.find(reference => reference.field === field.name)
    const target = relation?.to.fields.get(relation.toField)
    return relation && target ? decodeKey(relation.to, target, text) : text
  }
  if (type === 'integer') return Number(text)
  if (type === 'bigint') return BigInt(text)
  if (type === 'bytes') return bytesOf(text)
  return type === 'boolean' ? text === 'true' : text
}
