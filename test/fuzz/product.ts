import type { Entity } from '../../src/core/module-set.ts'
import { createTestDatabase } from '../../src/testing/test-database.ts'
import { rows } from '../differential/rows.ts'
import { shop } from '../differential/shop.ts'
import { type OpenProduct, openProduct } from '../http/open-product.ts'

/** Stands in every text of the tenant that nobody asks for, and nowhere else. */
export const canary = 'kanarienvogel'

export interface FuzzedProduct extends OpenProduct {
  /** Puts the rows of the tenant that is asked back as they were. */
  reset(): Promise<void>
  /** Everything that the other tenant has, as one number. */
  fingerprint(): Promise<string>
}

/** Two tenants with the rows of the differential test; acme is asked, globex is there to be found. */
export async function openFuzzedProduct(): Promise<FuzzedProduct> {
  const database = await createTestDatabase()
  const product = await openProduct({
    database,
    modules: [shop],
    tenants: ['acme', 'globex'].map(key => ({ key, subscribe: ['shop@1'] })),
    config: { allowRollback: true },
    settings: { statementTimeout: 3_000 },
    variables: { LOG_LEVEL: 'warn' },
  })
  const { entities } = product.platform.product.modules.get('shop@1')
  const fill = async (tenant: string, textOf: (entity: Entity) => string) => {
    const steps = entities.flatMap(entity => {
      const columns = [...entity.fields.values()]
        .filter(({ spec }) => spec.type !== 'searchText')
        .map(({ name }) => `"${name}"`)
      const table = `shop_v1."${entity.name}"`
      return [
        `delete from ${table} where tenant_id = '${tenant}'`,
        `insert into ${table} (tenant_id, ${columns}) select '${tenant}', ${columns} from json_populate_recordset(null::${table}, ${quoted(textOf(entity))})`,
      ]
    })
    await database.query(`begin; set local session_replication_role = replica; ${steps.join('; ')}; commit`)
  }
  const reset = () => fill('acme', ({ name }) => rows[name] ?? '[]')
  await fill('globex', withCanary)
  await reset()
  return {
    ...product,
    reset,
    fingerprint: async () => {
      const sums = entities.map(
        ({ name }) =>
          `(select coalesce(sum(hashtext(t::text)), 0) from shop_v1."${name}" t where tenant_id = 'globex')`,
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

/** The first tenant's rows with the canary in all texts that nothing refers to. */
function withCanary({ name, key, fields }: Entity): string {
  const list: Record<string, unknown>[] = JSON.parse(rows[name] ?? '[]')
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
