import pg from 'pg'
import type { ConnectionTarget } from '../src/data/postgres/driver.ts'
import { Priority } from '../src/data/postgres/embedded/priority.ts'
import { tenantSession } from '../src/data/postgres/settings.ts'

/** Milliseconds that a request of the slow tenant is to take. */
export const slowTime = 500

const mostPatterns = 200

/** Goes back and forth in a title and does not match it: each costs PostgreSQL some time in each row. */
const patternOf = (index: number, any: string) => [...'ernais', index].map(part => any + part).join('') + any

function burningPath(tenant: string, patterns: number): string {
  const all = Array.from({ length: patterns }, (_, n) => `title.ilike.${patternOf(n, '*')}`)
  return `/${tenant}/customers/v1/customers?select=id&limit=1&or=${encodeURIComponent(`(${all.join(',')})`)}`
}

/** The same work for a session outside of Tenantry. */
function burningSql(tenant: string, patterns: number): string {
  const all = Array.from({ length: patterns }, (_, n) => `title ilike '${patternOf(n, '%')}'`)
  return `select count(*) from customers_v1.customers where tenant_id = '${tenant}' and (${all.join(' or ')})`
}

export interface Burning {
  readonly path: string
  readonly sql: string
  /** Milliseconds that the request really takes. */
  readonly time: number
}

/** A list that takes `slowTime` of PostgreSQL's processor when nothing else runs. */
export async function calibrate(tenant: string, ask: (path: string) => Promise<number>): Promise<Burning> {
  let patterns = 40
  for (let attempt = 0; ; attempt++) {
    const path = burningPath(tenant, patterns)
    await ask(path)
    const time = Math.min(await ask(path), await ask(path), await ask(path))
    const wanted = Math.min(mostPatterns, Math.max(1, Math.round((patterns * slowTime) / time)))
    if (attempt === 4 || wanted === patterns) return { path, sql: burningSql(tenant, patterns), time }
    patterns = wanted
  }
}

/** What a read of phones waits for: a lock that is held for twice the slow time, and given back for a moment. */
export class Lock {
  readonly #client: pg.Client
  #held: Promise<void> = Promise.resolve()
  #on = false

  constructor(target: ConnectionTarget) {
    this.#client = new pg.Client(target)
  }

  async open(): Promise<void> {
    await this.#client.connect()
  }

  start(): void {
    this.#on = true
    this.#held = this.#hold()
  }

  async stop(): Promise<void> {
    this.#on = false
    await this.#held
  }

  async #hold(): Promise<void> {
    while (this.#on) {
      await this.#client.query('begin; lock table shared_v1.phones in access exclusive mode')
      await this.#client.query(`select pg_sleep(${(slowTime * 2) / 1_000})`)
      await this.#client.query('commit')
    }
  }

  async close(): Promise<void> {
    await this.#client.end()
  }
}

/**
 * Sessions outside of Tenantry that keep PostgreSQL's processor busy: what no pool can help against. They plan as those of tenants
 * do. `idle`: each at the priority that a tenant's slow statements have.
 */
export class Burners {
  readonly #clients: readonly pg.Client[]
  readonly #priority: Priority | undefined
  #on = false
  #work: Promise<unknown> = Promise.resolve()

  constructor(target: ConnectionTarget, sessions: number, priority: 'usual' | 'idle') {
    this.#clients = Array.from({ length: sessions }, () => new pg.Client({ ...target, options: tenantSession }))
    if (priority === 'idle') this.#priority = new Priority()
  }

  async open(): Promise<void> {
    await Promise.all(
      this.#clients.map(async client => {
        await client.connect()
        const { rows } = await client.query<{ id: number }>('select pg_backend_pid() as id')
        for (const { id } of rows) this.#priority?.lower(id)
      }),
    )
  }

  start(sql: string): void {
    this.#on = true
    this.#work = Promise.all(
      this.#clients.map(async client => {
        while (this.#on) await client.query(sql)
      }),
    )
  }

  async stop(): Promise<void> {
    this.#on = false
    await this.#work
  }

  async close(): Promise<void> {
    this.#priority?.close()
    await Promise.all(this.#clients.map(client => client.end()))
  }
}
