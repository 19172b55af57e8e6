import { type Entity, type EntityField, type Module, sharedField } from '../../../core/module-set.ts'
import type { TenantKey } from '../../../core/tenant.ts'
import { withClient } from '../bootstrap.ts'
import { readStructure } from '../diff/read-structure.ts'
import type { Table } from '../diff/structure.ts'
import { identifier } from '../sql/writer.ts'
import { asOwner, type DatabaseOptions } from './run-one.ts'

export interface LiveRows {
  /** The module with the tables and columns that the database has now, which its definition may not know any more. */
  readonly module: Module
  /** Tenants that have rows in any of them, and how many in which entity, by its id. */
  readonly tenants: ReadonlyMap<TenantKey, ReadonlyMap<string, number>>
}

/** What of a module's rows could be lost, for an archive of each tenant. */
export function readLiveRows({ target, prefix }: DatabaseOptions, module: Module): Promise<LiveRows> {
  return withClient(target, async client => {
    const { tables } = await readStructure(client, { schemas: [module.schema], prefix })
    const own = [...tables.values()].filter(({ columns }) => columns.has('tenant_id'))
    const tenants = new Map<TenantKey, Map<string, number>>()
    await asOwner(client, prefix, async () => {
      for (const { schema, name } of own) {
        const { rows } = await client.query<{ tenant: string; count: string }>(
          `select tenant_id as tenant, count(*) as count from ${identifier(schema)}.${identifier(name)} group by 1 order by 1`,
        )
        for (const { tenant, count } of rows) {
          const counts = tenants.get(tenant) ?? new Map<string, number>()
          tenants.set(tenant, counts.set(`${module.id}.${name}`, Number(count)))
        }
      }
    })
    const entities: Entity[] = []
    const found: Module = { ...module, entities, actions: [] }
    for (const table of own) entities.push(entityOf(table, found))
    return { module: found, tenants }
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
    ...{
      changes: false,
      global: false,
      internal: false,
      ruled: false,
      // Else rows that others share would be in the archive.
      sharing: columns.has(sharedField),
      limits: {},
      access: new Map(),
      // Where rows are somebody's own, an archive asks for those of all; where they are not, nothing comes of that.
      own: new Map([['tenantry', { field: 'created_by', reads: true }]]),
    },
    definition: { name, fields: {}, options: {} },
  }
}
