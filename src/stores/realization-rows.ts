import type { EntityDefinition } from '../core/entity.ts'
import { payloadText } from '../core/exact-json.ts'
import type { Condition, Insert, Read } from '../core/plan.ts'
import type { TenantData } from '../core/tenant-data.ts'
import { type Operation, operationOf, overallOf, type RealizationStatus, statusOf } from './realization-status.ts'
import { idIn, rowsIn } from './store-parts.ts'

export interface ResourceRow {
  readonly id: string
  /** 0 until its first intent is there. */
  readonly revision: number
  readonly operation: Operation
  readonly status: RealizationStatus
  readonly intent: unknown
}

export interface RecordRow {
  readonly id: string
  readonly point: string
  readonly revision: number
  readonly status: RealizationStatus
  readonly error: string | null
  readonly updated: string
}

/** The two tables of a realization, inside one transaction or outside of any. */
export class RealizationRows {
  readonly #tenant: TenantData
  readonly #resources: EntityDefinition
  readonly #records: EntityDefinition

  constructor(tenant: TenantData, resources: EntityDefinition, records: EntityDefinition) {
    this.#tenant = tenant
    this.#resources = resources
    this.#records = records
  }

  transaction<T>(work: (rows: RealizationRows) => Promise<T>): Promise<T> {
    return this.#tenant.transaction(inside => work(new RealizationRows(inside, this.#resources, this.#records)))
  }

  /** Locked, all changes of them wait: whoever locks several does it in the order of their ids. */
  async resources(where: Condition | null, { lock = false, limit = null as number | null } = {}) {
    const rows = await rowsIn(this.#tenant, {
      ...this.#read(this.#resources, ['resource_id', 'at_revision', 'operation', 'status', 'intent'], 'resource_id'),
      ...(where && { where }),
      ...(limit !== null && { limit }),
      lock,
    })
    return rows.map(
      (row): ResourceRow => ({
        id: String(row.resource_id),
        revision: Number(row.at_revision),
        operation: operationOf(row.operation),
        status: statusOf(row.status),
        intent: row.intent,
      }),
    )
  }

  /** Under a lock they are read as the resources were: under the same settings. */
  async records(ids: readonly string[], { lock = false } = {}): Promise<RecordRow[]> {
    const fields = ['resource_id', 'point', 'at_revision', 'status', 'error', 'updated_at']
    const rows = await rowsIn(this.#tenant, {
      ...this.#read(this.#records, fields, 'point'),
      where: idIn('resource_id', ids),
      lock,
    })
    return rows.map(
      (row): RecordRow => ({
        id: String(row.resource_id),
        point: String(row.point),
        revision: Number(row.at_revision),
        status: statusOf(row.status),
        error: typeof row.error === 'string' ? row.error : null,
        updated: String(row.updated_at),
      }),
    )
  }

  #read(definition: EntityDefinition, fields: readonly string[], order: string): Read {
    return {
      kind: 'read',
      entity: this.#tenant.entityOf(definition),
      select: fields.map(field => ({ kind: 'field', path: { field } })),
      output: 'exact',
      order: [{ path: { field: order }, direction: 'asc' }],
    }
  }

  /** Rows for ids that have none, so that there is something to lock. */
  async reserve(ids: readonly string[]): Promise<void> {
    const rows = ids
      .toSorted()
      .map(resource_id => ({ resource_id, at_revision: 0, operation: 'persist', status: 'unknown' }))
    await this.#write(this.#resources, rows, 'ignore')
  }

  /** Writes resources whose records are those given, with the status that follows from them. */
  async saveResources(resources: readonly ResourceRow[], records: readonly RecordRow[]): Promise<ResourceRow[]> {
    const saved = withStatus(resources, records)
    await this.#write(
      this.#resources,
      saved.map(({ intent, ...row }) => ({ ...columnsOf(row), intent })),
      'merge',
    )
    return saved
  }

  /** The same where only records have changed: what has its status already is not written, and no intent is. */
  async saveStatus(resources: readonly ResourceRow[], records: readonly RecordRow[]): Promise<ResourceRow[]> {
    const saved = withStatus(resources, records)
    const changed = saved.filter(({ status }, index) => status !== resources[index]?.status)
    await this.#write(this.#resources, changed.map(columnsOf), 'merge')
    return saved
  }

  async saveRecords(records: readonly RecordRow[]): Promise<void> {
    await this.#write(
      this.#records,
      records.map(({ id, point, revision, status, error }) => ({
        ...{ resource_id: id, point, at_revision: revision, status, error },
      })),
      'merge',
    )
  }

  async #write(
    definition: EntityDefinition,
    rows: readonly Readonly<Record<string, unknown>>[],
    resolution: 'merge' | 'ignore',
  ): Promise<void> {
    const [first] = rows
    if (!first) return
    const plan: Insert = {
      kind: 'insert',
      entity: this.#tenant.entityOf(definition),
      fields: Object.keys(first),
      rows: payloadText(rows),
      onConflict: { resolution },
    }
    await this.#tenant.run(plan)
  }

  /** Their records go with them. */
  async removeResources(where: Condition): Promise<number> {
    return this.#remove(this.#resources, where)
  }

  async removeRecords(ids: readonly string[]): Promise<void> {
    if (ids.length > 0) await this.#remove(this.#records, idIn('resource_id', ids))
  }

  async #remove(definition: EntityDefinition, where: Condition): Promise<number> {
    const { rows } = await this.#tenant.run({ kind: 'delete', entity: this.#tenant.entityOf(definition), where })
    return rows
  }
}

function columnsOf({ id, revision, operation, status }: Omit<ResourceRow, 'intent'>) {
  return { resource_id: id, at_revision: revision, operation, status }
}

function withStatus(resources: readonly ResourceRow[], records: readonly RecordRow[]): ResourceRow[] {
  return resources.map(resource => {
    const counted = records.filter(({ id, revision }) => id === resource.id && revision === resource.revision)
    const statuses = counted.map(({ status }) => status)
    return { ...resource, status: overallOf(resource.operation, statuses) }
  })
}
