import type { DescMessage } from '@bufbuild/protobuf'
import type { GrantedRole } from '../core/access-role.ts'
import { type EntityDefinition, entity } from '../core/entity.ts'
import { bytes, text } from '../core/field.ts'
import type { TenantData } from '../core/tenant-data.ts'
import { DocumentStore } from './document-store.ts'

export interface DocumentOptions {
  /** Documents are kept apart by instance inside the tenant. */
  readonly instanced?: boolean
  /** The most bytes of one message. Default 4 MiB. */
  readonly maxBytes?: number
  /** True: REST and OpenAPI show it as the entity that it is, the payload as hexadecimal bytes. */
  readonly published?: boolean
  /** Which access role each service role has here. Absent: that of the module. */
  readonly access?: Readonly<Record<string, GrantedRole>>
}

/** A type of documents: its table, and how to reach a tenant's. */
export interface DocumentType<D extends DescMessage> {
  /** For `entities` of the module. */
  readonly entity: EntityDefinition
  readonly schema: D
  /** The documents of a tenant; inside a transaction, a part of it. */
  of(tenant: TenantData): DocumentStore<D>
}

const mostBytes = 4 * 1024 * 1024

/** Protobuf messages of one type, by id, in a table of their own. `schema` is the message's generated descriptor. */
export function documents<D extends DescMessage>(
  name: string,
  schema: D,
  { instanced = false, maxBytes = mostBytes, published = false, access }: DocumentOptions = {},
): DocumentType<D> {
  const definition = entity(
    name,
    {
      document_id: text({ min: 1, max: 200 }),
      parent_id: text({ min: 1, max: 200 }).optional(),
      payload: bytes({ max: maxBytes }),
    },
    {
      key: ['document_id'],
      indexes: [['parent_id']],
      revision: true,
      softDelete: true,
      instanced,
      internal: !published,
      ...(access && { access }),
    },
  )
  return { entity: definition, schema, of: tenant => new DocumentStore(tenant, definition, schema) }
}
