import type { Entity } from '../../src/core/module-set.ts'
import { createTestDatabase } from '../../src/testing/test-database.ts'
import { rows } from '../differential/rows.ts'
import { shop } from '../differential/shop.ts'
import { type OpenProduct, openProduct } from '../http/open-product.ts'
import { canary, yard, yardRows } from './yard.ts'

export interface FuzzedProduct extends OpenProduct {
  /** Puts the rows of the tenant that is asked back as they were. */
  reset(): Promise<void>
  /** Everything that the other tenant has, as one number. */
  fingerprint(): Promise<string>
}

/** Two tenants with the rows of the differential test and of a module with the rest; acme is asked, globex is there to be found. */
export async function openFuzzedProduct(): Promise<FuzzedProduct> {
  const database = await createTestDatabase()
  const product = await openProduct({
    database,
    modules: [shop, yard],
    tenants: ['acme', 'globex'].map(key => ({ key, subscribe: ['shop@1', 'yard@1'] })),
    config: { allowRollback: true },
    settings: { statementTimeout: 3_000 },
    variables: { LOG_LEVEL: 'warn' },
  })
  const entities = product.platform.product.modules.modules.flatMap(module => module.entities)
  const fill = async (tenant: string, some: readonly Entity[], textOf: (entity: Entity) => string) => {
    const steps = some.flatMap(entity => {
      const columns = [...entity.fields.values()]
        .filter(({ spec }) => spec.type !== 'searchText')
        .map(({ name }) => `"${name}"`)
      const table = `${entity.module.schema}."${entity.name}"`
      return [
        `delete from ${table} where tenant_id = '${tenant}'`,
        `insert into ${table} (tenant_id, ${columns}) select '${tenant}', ${columns} from json_populate_recordset(null::${table}, ${quoted(textOf(entity))})`,
      ]
    })
    await database.query(`begin; set local session_replication_role = replica; ${steps.join('; ')}; commit`)
  }
  // What nobody may write is there once for all.
  const written = entities.filter(({ name }) => name !== 'scrolls')
  const reset = () => fill('acme', written, rowsOf)
  await fill('globex', entities, withCanary)
  await fill('acme', entities, rowsOf)
  return {
    ...product,
    reset,
    fingerprint: async () => {
      const tables = [...entities.map(({ name, module }) => `${module.schema}."${name}"`), 'tenantry.idempotency']
      const sums = tables.map(
        table => `(select coalesce(sum(hashtext(t::text)), 0) from ${table} t where tenant_id = 'globex')`,
      )
      const [sum] = await database.query<{ sum: string }>(`select concat_ws(' ', ${sums.join(', ')}) as sum`)
      return sum?.sum ?? ''
    },
    close: async () => {
      await product.close()
      await database.drop()
    },
  }
}

function rowsOf({ name }: Pick<Entity, 'name'>): string {
  return rows[name] ?? yardRows[name] ?? '[]'
}

/** The first tenant's rows with the canary in all texts that nothing refers to. */
function withCanary({ name, key, fields }: Entity): string {
  const list: Record<string, unknown>[] = JSON.parse(rowsOf({ name }))
  const texts = [...fields.values()].filter(
    ({ name, spec }) => spec.type === 'text' && !spec.array && !key.includes(name),
  )
  return JSON.stringify(
    list.map(row => ({
      ...row,
      ...Object.fromEntries(texts.map(({ name: field }) => [field, `${canary} ${row[field] ?? ''}`])),
    })),
  )
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "''")}'`
}
