import type { EntityDefinition } from '../core/entity.ts'
import type { JsonValue } from '../core/json.ts'
import type { Condition } from '../core/plan.ts'
import type { TenantData } from '../core/tenant-data.ts'
import {
  type DeletionToMark,
  errorAfter,
  type IntentToPersist,
  idsOf,
  noRevision,
  notFound,
  notFoundNow,
  type PointStatus,
  type Resource,
  type ResourceList,
  type ResourceToMark,
  staleRevision,
} from './realization.ts'
import { RealizationRows, type RecordRow, type ResourceRow } from './realization-rows.ts'
import type { RealizationStatus } from './realization-status.ts'
import { compare, idIn } from './store-parts.ts'

/**
 * A tenant's resources of one kind. Each change is one transaction that locks its resources, so the overall status is always
 * that of the records. Of several resources all are changed or none. Throws `not_found`, and `conflict` for a stale revision.
 */
export class RealizationStore<Intent extends JsonValue = JsonValue> {
  readonly #rows: RealizationRows

  constructor(tenant: TenantData, resources: EntityDefinition, records: EntityDefinition) {
    this.#rows = new RealizationRows(tenant, resources, records)
  }

  /** A new revision of each resource, which is pending at every point. What was deleted begins anew, without records. */
  async persistIntent(...intents: IntentToPersist<Intent>[]): Promise<Resource<Intent>[]> {
    const ids = idsOf(intents)
    return this.#rows.transaction(async rows => {
      await rows.reserve(ids)
      const found = await this.#lock(rows, intents)
      const gone = found.filter(({ operation }) => operation === 'delete').map(({ id }) => id)
      await rows.removeRecords(gone)
      const byId = new Map(intents.map(({ id, intent }) => [id, intent ?? null]))
      const wished = found.map(row => ({ ...row, operation: 'persist' as const, intent: byId.get(row.id) ?? null }))
      return this.#next(rows, wished, 'pending')
    })
  }

  markPending(point: string, ...resources: ResourceToMark[]): Promise<Resource<Intent>[]> {
    return this.#mark(point, 'pending', resources)
  }

  markInProgress(point: string, ...resources: ResourceToMark[]): Promise<Resource<Intent>[]> {
    return this.#mark(point, 'in_progress', resources)
  }

  markSuccess(point: string, ...resources: ResourceToMark[]): Promise<Resource<Intent>[]> {
    return this.#mark(point, 'realized', resources)
  }

  markError(point: string, ...resources: ResourceToMark[]): Promise<Resource<Intent>[]> {
    return this.#mark(point, 'error', resources)
  }

  markDeletionPending(point: string, ...resources: DeletionToMark[]): Promise<Resource<Intent>[]> {
    return this.#mark(point, 'deletion_pending', resources)
  }

  markDeletionInProgress(point: string, ...resources: DeletionToMark[]): Promise<Resource<Intent>[]> {
    return this.#mark(point, 'deletion_in_progress', resources)
  }

  markDeletionRealized(point: string, ...resources: DeletionToMark[]): Promise<Resource<Intent>[]> {
    return this.#mark(point, 'deletion_realized', resources)
  }

  /** A deletion that went wrong. */
  markDeletionError(point: string, ...resources: DeletionToMark[]): Promise<Resource<Intent>[]> {
    return this.#mark(point, 'error', resources, true)
  }

  /** A new revision of each resource, whose deletion is pending at every point. */
  async softDelete(...ids: string[]): Promise<Resource<Intent>[]> {
    const wanted = idsOf(ids.map(id => ({ id })))
    return this.#rows.transaction(async rows => {
      const found = await this.#lock(
        rows,
        wanted.map(id => ({ id })),
      )
      for (const row of found) if (row.operation === 'delete') throw notFound()
      return this.#next(
        rows,
        found.map(row => ({ ...row, operation: 'soft_delete' as const })),
        'deletion_pending',
      )
    })
  }

  /** The resources are gone; what the points say of them stays until it is purged. */
  async delete(...ids: string[]): Promise<Resource<Intent>[]> {
    const wanted = idsOf(ids.map(id => ({ id })))
    return this.#rows.transaction(async rows => {
      const found = await this.#lock(
        rows,
        wanted.map(id => ({ id })),
      )
      const gone = found.map(row => ({ ...row, operation: 'delete' as const, intent: null }))
      return (await rows.saveResources(gone, await rows.records(wanted, { lock: true }))).map(this.#shown)
    })
  }

  /** Removes resources, their overall status and all records; answers how many resources. */
  async purge(...ids: string[]): Promise<number> {
    return ids.length === 0 ? 0 : this.#rows.removeResources(idIn('resource_id', ids))
  }

  /** Purges every resource that is deleted and whose deletion is realized at every point; answers how many. */
  purgeStale(): Promise<number> {
    const conditions = [compare('operation', 'eq', 'delete'), compare('status', 'eq', 'deletion_realized')]
    return this.#rows.removeResources({ kind: 'and', not: false, conditions })
  }

  /** Throws `not_found`. Of a deleted resource it is known until it is purged. */
  async overallStatus(id: string): Promise<RealizationStatus> {
    const [row] = await this.#rows.resources(idIn('resource_id', [id]))
    return row?.status ?? notFoundNow()
  }

  /** What each enforcement point says of a resource at its present revision. Throws `not_found`. */
  async statusMap(id: string): Promise<Map<string, PointStatus>> {
    // Every change of a revision takes all records along, so that one statement sees them at one revision.
    const records = await this.#rows.records([id])
    if (records.length === 0) await this.overallStatus(id)
    return new Map(
      records.map(({ point, status, revision, error, updated }) => [point, { status, revision, error, updated }]),
    )
  }

  /** The resource, unless it is deleted. */
  async find(id: string): Promise<Resource<Intent> | undefined> {
    const [row] = await this.#rows.resources(idIn('resource_id', [id]))
    return row && row.operation !== 'delete' ? this.#shown(row) : undefined
  }

  /** Resources with this overall status, deleted ones included. */
  async list({ status, limit, after }: ResourceList = {}): Promise<Resource<Intent>[]> {
    const conditions: Condition[] = [
      ...(status === undefined ? [] : [compare('status', 'eq', status)]),
      ...(after === undefined ? [] : [compare('resource_id', 'gt', after)]),
    ]
    const where: Condition | null = conditions.length > 0 ? { kind: 'and', not: false, conditions } : null
    return (await this.#rows.resources(where, { limit: limit ?? null })).map(this.#shown)
  }

  async #mark(
    point: string,
    status: RealizationStatus,
    marks: readonly DeletionToMark[],
    deletion = status.startsWith('deletion'),
  ) {
    const ids = idsOf(marks)
    if (!deletion && marks.some(({ revision }) => revision === undefined)) throw noRevision()
    return this.#rows.transaction(async rows => {
      const found = await this.#lock(rows, marks)
      if (!deletion) for (const { operation } of found) if (operation !== 'persist') throw notFound()
      const records = await rows.records(ids, { lock: true })
      const details = new Map(marks.map(({ id, details }) => [id, details]))
      const marked = found.map(({ id, revision }): RecordRow => {
        const before = records.find(
          record => record.id === id && record.point === point && record.revision === revision,
        )
        const older = before?.error ?? null
        const error = errorAfter(status, details.get(id), older)
        return { id, point, revision, status, error, updated: '' }
      })
      await rows.saveRecords(marked)
      const others = records.filter(record => record.point !== point)
      return (await rows.saveStatus(found, [...others, ...marked])).map(this.#shown)
    })
  }

  /** The next revision, with every point at `status`. */
  async #next(rows: RealizationRows, resources: readonly ResourceRow[], status: RealizationStatus) {
    const next = resources.map(row => ({ ...row, revision: row.revision + 1 }))
    const revisions = new Map(next.map(({ id, revision }) => [id, revision]))
    const records = (
      await rows.records(
        next.map(({ id }) => id),
        { lock: true },
      )
    ).map((record): RecordRow => ({ ...record, revision: revisions.get(record.id) ?? 0, status, error: null }))
    await rows.saveRecords(records)
    return (await rows.saveResources(next, records)).map(this.#shown)
  }

  /** The resources in the order asked for, at the revisions asked for, and nobody else's to change. */
  async #lock(rows: RealizationRows, wanted: readonly { readonly id: string; readonly revision?: number }[]) {
    const found = await rows.resources(
      idIn(
        'resource_id',
        wanted.map(({ id }) => id),
      ),
      { lock: true },
    )
    const byId = new Map(found.map(row => [row.id, row]))
    return wanted.map(({ id, revision }) => {
      const row = byId.get(id)
      if (!row) throw notFound()
      if (revision !== undefined && revision !== row.revision) throw staleRevision()
      return row
    })
  }

  /** What was stored as an intent is what `persistIntent` was given. */
  #shown = ({ id, revision, status, operation, intent }: ResourceRow): Resource<Intent> => ({
    ...{ id, revision, status, operation },
    intent: (intent ?? null) as Intent | null,
  })
}
