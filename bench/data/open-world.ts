import pg from 'pg'
import { bytes, entity, integer, text } from 'tenantry'
import { documents } from 'tenantry/stores'
import { openTwoTenants, type TwoTenants } from 'tenantry/testing'
import { GreetingSchema } from '../../test/stores/generated/greeting_pb.ts'

export const tasks = entity('tasks', { title: text(), n: integer().default(0) }, { revision: true, softDelete: true })
/** The same, and its changes are recorded. */
export const recorded = entity('recorded', { title: text(), n: integer().default(0) }, { changes: true })
/** What holds the bytes of documents by hand. */
const blobs = entity('blobs', { payload: bytes() }, { revision: true, softDelete: true })
export const greetings = documents('greetings', GreetingSchema)

export interface DataWorld extends TwoTenants {
  /** The superuser's: row security does not bind it. */
  readonly pool: pg.Pool
  /** A prepared statement of that name, as pg knows it. */
  ask<Row extends pg.QueryResultRow>(name: string, text: string, values: readonly unknown[]): Promise<Row[]>
}

/** Two tenants with the tables of the benchmark; the rows are acme's. */
export async function openDataWorld(): Promise<DataWorld> {
  const access = { admin: 'tenant_writer' } as const
  const entities = [tasks, recorded, blobs, greetings.entity]
  const tenants = await openTwoTenants({ modules: [{ name: 'bench', version: '1.0.0', entities, access }] })
  const pool = new pg.Pool({ ...tenants.database.target, max: 16 })
  return {
    ...tenants,
    pool,
    ask: async (name, text, values) => (await pool.query({ name, text, values: [...values] })).rows,
    async close() {
      await pool.end()
      await tenants.close()
    },
  }
}
