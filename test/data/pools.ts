import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import { entity } from '../../src/core/entity.ts'
import { TenantryError } from '../../src/core/errors.ts'
import { text } from '../../src/core/field.ts'
import type { Sharing } from '../../src/data/postgres/connection.ts'
import type { ConnectionTarget } from '../../src/data/postgres/driver.ts'
import { Pool, type PoolOptions } from '../../src/data/postgres/pool.ts'
import type { Settings } from '../../src/data/postgres/settings.ts'
import type { StatementRow } from '../../src/data/postgres/tenant-statement.ts'
import type { TestDatabase } from '../../src/testing/test-database.ts'
import { openTwoTenants, type TwoTenants, type TwoTenantsOptions } from '../../src/testing/two-tenants.ts'

export interface Ask {
  readonly tenant?: string
  readonly role?: string
  readonly instance?: string
  readonly subject?: string
  readonly timeout?: number
  /** The setting that tells rows of one's own. */
  readonly rows?: string
  readonly values?: readonly (string | null)[]
  readonly repeatable?: boolean
  readonly sharing?: Sharing
  /** It inserts one row, and may insert those of others with it. */
  readonly takesRows?: boolean
  readonly signal?: AbortSignal
}

export const notes = entity('notes', { body: text().optional() })

/** For tests that need one table: `pool_v1.notes`. */
export const poolModule = {
  name: 'pool',
  version: '1.0.0',
  entities: [notes],
  access: { admin: 'tenant_writer' },
} as const

/** Pools of tenants' statements on one database, without what makes these statements. */
export class Pools {
  readonly tenants: TwoTenants
  readonly #database: TestDatabase
  readonly #pools: Pool[] = []

  private constructor(tenants: TwoTenants) {
    this.tenants = tenants
    this.#database = tenants.database
  }

  /** On a database of its own, which is gone when they end. */
  static async over(options: TwoTenantsOptions): Promise<Pools> {
    return new Pools(await openTwoTenants(options))
  }

  /** The database as the login of tenants' sessions. */
  get target(): ConnectionTarget {
    const { target, prefix, secrets } = this.#database
    return { ...target, user: `${prefix}_tenant_login`, password: secrets.derive('login tenant') }
  }

  async open(options: Partial<PoolOptions> = {}): Promise<Pool> {
    const pool = new Pool(this.target, { size: 1, ...options })
    this.#pools.push(pool)
    await pool.open()
    return pool
  }

  ask(pool: Pool, text: string, more: Ask = {}): Promise<StatementRow> {
    const { tenant = 'acme', role = 'tenant_writer', instance = 'eu', subject = `subject of ${tenant}` } = more
    const { timeout = 10_000, rows, values = [], repeatable = false, sharing, takesRows = false, signal } = more
    const plain = [`${this.#database.prefix}_${role}`, tenant, instance, subject, String(timeout)] as const
    const settings: Settings = rows === undefined ? plain : [...plain, rows]
    return pool.run({ settings, statement: { text, values, takesRows }, repeatable, sharing, signal })
  }

  /** Sessions of tenants that are in this state. */
  backends(state = 'active'): Promise<{ pid: number; query: string }[]> {
    return this.#database.query(
      `select pid, query from pg_stat_activity where datname = current_database() and usename = $1 and state = $2`,
      [`${this.#database.prefix}_tenant_login`, state],
    )
  }

  /** Ends all sessions of tenants, from the server's side. */
  async terminate(): Promise<void> {
    await this.#database.query(
      `select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and usename = $1`,
      [`${this.#database.prefix}_tenant_login`],
    )
  }

  /** Closes all pools; more may be opened. */
  async close(): Promise<void> {
    for (const pool of this.#pools) await pool.close()
  }

  async end(): Promise<void> {
    await this.close()
    await this.tenants.close()
  }
}

export async function failure(work: Promise<unknown>): Promise<TenantryError> {
  const error = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  assert.ok(error instanceof TenantryError, `an error of ours was expected: ${String(error)}`)
  return error
}

export async function until(condition: () => Promise<boolean> | boolean, patience = 5_000): Promise<void> {
  const end = Date.now() + patience
  while (!(await condition())) {
    if (Date.now() > end) assert.fail('it did not come true in time')
    await sleep(10)
  }
}

/** https://en.wikipedia.org/wiki/Linear_congruential_generator, with the numbers of ISO C. */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0
    return (state >>> 8) / 2 ** 24
  }
}
