import type { Entity, EntityField, Module } from '../../../core/module-set.ts'
import type { TenantKey } from '../../../core/tenant.ts'
import { withClient } from '../bootstrap.ts'
import { readStructure } from '../diff/read-structure.ts'
import type { Table } from '../diff/structure.ts'
import { identifier } from '../sql/writer.ts'
import { asOwner, type DatabaseOptions } from './up.ts'

export interface LiveRows {
  /** The module with the tables and columns that the database has now, which its definition may not know any more. */
  readonly module: Module
  /** Tenants that have rows in any of them. */
  readonly tenants: readonly TenantKey[]
}

/** What of a module's rows could be lost, for an archive of each tenant. */
export function readLiveRows({ target, prefix }: DatabaseOptions, module: Module): Promise<LiveRows> {
  return withClient(target, async client => {
    const { tables } = await readStructure(client, { schemas: [module.schema], prefix })
    const own = [...tables.values()].filter(({ columns }) => columns.has('tenant_id'))
    const tenants = new Set<TenantKey>()
    await asOwner(client, prefix, async () => {
      for (const { schema, name } of own) {
        const { rows } = await client.query<{ tenant: string }>(
          `select distinct tenant_id as tenant from ${identifier(schema)}.${identifier(name)}`,
        )
        for (const { tenant } of rows) tenants.add(tenant)
      }
    })
    const entities: Entity[] = []
    const found: Module = { ...module, entities, actions: [] }
    for (const table of own) entities.push(entityOf(table, found))
    return { module: found, tenants: [...tenants].sort() }
  })
}

/** A table as an entity: its columns, and the key in whose order rows are read. */
function entityOf({ name, columns, constraints }: Table, module: Module): Entity {
  const spec: EntityField['spec'] = { type: 'text', array: false, optional: true, unique: false }
  const shown = [...columns.values()].filter(column => !column.generated && column.name !== 'tenant_id')
  const key = [...constraints.values()].find(({ kind }) => kind === 'primary')?.columns ?? []
  return {
    name,
    id: `${module.id}.${name}`,
    module,
    fields: new Map(shown.map(column => [column.name, { name: column.name, spec, platform: true, write: 'never' }])),
    key: key.filter(column => column !== 'tenant_id'),
    ...{ references: [], referencedBy: [], unique: [], indexes: [] },
    ...{ revision: false, softDelete: false, instanced: columns.has('instance_id'), authors: false, aggregates: false },
    ...{ changes: false, global: false, internal: false, limits: {}, access: new Map(), ruled: false, own: new Map() },
    definition: { name, fields: {}, options: {} },
  }
}
