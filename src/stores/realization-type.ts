import type { GrantedRole } from '../core/access-role.ts'
import { type EntityDefinition, entity } from '../core/entity.ts'
import { integer, json, oneOf, reference, text } from '../core/field.ts'
import type { JsonValue } from '../core/json.ts'
import type { TenantData } from '../core/tenant-data.ts'
import { operations, realizationStatuses } from './realization-status.ts'
import { RealizationStore } from './realization-store.ts'

export interface RealizationOptions {
  /** Resources are kept apart by instance inside the tenant. */
  readonly instanced?: boolean
  /** True: REST and OpenAPI show both entities. */
  readonly published?: boolean
  /** Which access role each service role has here. Absent: that of the module. */
  readonly access?: Readonly<Record<string, GrantedRole>>
}

/** A kind of resource that enforcement points realize: its tables, and how to reach a tenant's. */
export interface RealizationType<Intent extends JsonValue> {
  /** For `entities` of the module: the resources, and the record of each enforcement point. */
  readonly entities: readonly [resources: EntityDefinition, records: EntityDefinition]
  /** Those of a tenant; inside a transaction, a part of it. */
  of(tenant: TenantData): RealizationStore<Intent>
}

/** Resources with an intent, and how far each enforcement point has realized it. */
export function realization<Intent extends JsonValue = JsonValue>(
  name: string,
  { instanced = false, published = false, access }: RealizationOptions = {},
): RealizationType<Intent> {
  const options = { instanced, internal: !published, ...(access && { access }) }
  const resources = entity(
    name,
    {
      resource_id: text({ min: 1, max: 200 }),
      at_revision: integer({ min: 0 }),
      operation: oneOf(...operations),
      status: oneOf(...realizationStatuses),
      intent: json().optional(),
    },
    { key: ['resource_id'], indexes: [['status']], ...options },
  )
  const records = entity(
    `${name}_points`,
    {
      resource_id: reference(() => resources, { onDelete: 'cascade' }),
      point: text({ min: 1, max: 200 }),
      at_revision: integer({ min: 1 }),
      status: oneOf(...realizationStatuses),
      error: text({ max: 1024 }).optional(),
    },
    { key: ['resource_id', 'point'], ...options },
  )
  return { entities: [resources, records], of: tenant => new RealizationStore(tenant, resources, records) }
}
