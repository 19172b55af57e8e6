import type pg from 'pg'
import { type Actor, allTenants } from '../../../core/audit.ts'
import { TenantryError } from '../../../core/errors.ts'
import { type DatabaseStatus, type FleetDatabase, parseDatabaseName } from '../../../core/fleet.ts'
import type { LiveNode } from '../../../core/node.ts'
import { recordStatement } from '../audit.ts'
import { readNodes } from '../nodes.ts'
import { isoText } from '../sql/writer.ts'

export const databasesColumns = `name text collate "C" primary key,
  status text collate "C" not null default 'pending' check (status = any (array['pending', 'in_progress', 'realized', 'error'])),
  modules jsonb not null default '{}', error text, added_at timestamptz not null default clock_timestamp(),
  changed_at timestamptz not null default clock_timestamp()`

/** What the platform's database remembers of the fleet. One statement after the other, whoever asks. */
export class FleetRecord {
  readonly #client: pg.ClientBase
  #turn: Promise<unknown> = Promise.resolve()

  /** `client`: in the platform's database, as the owner. */
  constructor(client: pg.ClientBase) {
    this.#client = client
  }

  async list(): Promise<readonly FleetDatabase[]> {
    return this.#query<FleetDatabase>(
      `select name, status, modules, error, ${isoText('added_at')} as "addedAt", ${isoText('changed_at')} as "changedAt"
       from tenantry.databases order by name`,
    )
  }

  /** Who serves the installation, whichever of its databases. */
  nodes(): Promise<readonly LiveNode[]> {
    return this.#inTurn(() => readNodes(this.#client))
  }

  /** Throws `invalid` for what cannot be one, `not_found` where the server has none, `conflict` for one that is there. */
  async add(text: string, actor: Actor): Promise<void> {
    const name = parseDatabaseName(text)
    const [found] = await this.#query<{ own: boolean }>(
      'select datname = current_database() as own from pg_database where datname = $1 and datallowconn and not datistemplate',
      [name],
    )
    if (!found) throw new TenantryError('not_found', `The server has no database "${name}"`, { hint: 'Make it first' })
    if (found.own) throw new TenantryError('invalid', "The platform's own database is migrated with every fleet")
    const sql = 'insert into tenantry.databases (name) values ($1) on conflict (name) do nothing returning name'
    if (await this.#change(sql, name, 'database.add', actor)) return
    throw new TenantryError('conflict', `The database "${name}" is in the fleet already`)
  }

  /** The database itself stays as it is. */
  async remove(text: string, actor: Actor): Promise<void> {
    const name = parseDatabaseName(text)
    const sql = 'delete from tenantry.databases where name = $1 returning name'
    if (await this.#change(sql, name, 'database.remove', actor)) return
    throw new TenantryError('not_found', `There is no database "${name}" in the fleet`, {
      hint: 'See: tenantry database list',
    })
  }

  /** Those that were thought to be done. */
  async setPending(names: readonly string[]): Promise<void> {
    await this.#query(
      `update tenantry.databases set status = 'pending', changed_at = clock_timestamp() where name = any ($1::text[]) and status = 'realized'`,
      [names],
    )
  }

  /** `modules` null: as far as was known. */
  async set(
    name: string,
    status: DatabaseStatus,
    {
      modules = null,
      error = null,
    }: { readonly modules?: FleetDatabase['modules'] | null; readonly error?: string | null },
  ): Promise<void> {
    await this.#query(
      `update tenantry.databases set status = $2, modules = coalesce($3, modules), error = $4, changed_at = clock_timestamp() where name = $1`,
      [name, status, modules && JSON.stringify(modules), error],
    )
  }

  async #change(sql: string, name: string, verb: string, actor: Actor): Promise<boolean> {
    const act = {
      ...actor,
      tenant: allTenants,
      instance: null,
      verb,
      target: name,
      rows: null,
      outcome: 'done',
    } as const
    const record = recordStatement(act)
    return this.#inTurn(async () => {
      await this.#client.query('begin')
      try {
        const { rowCount } = await this.#client.query(sql, [name])
        if (rowCount === 1) await this.#client.query(record.text, [...record.values])
        await this.#client.query('commit')
        return rowCount === 1
      } catch (error) {
        await this.#client.query('rollback').catch(() => {})
        throw error
      }
    })
  }

  #query<R extends pg.QueryResultRow>(
    sql: string,
    values: readonly (string | readonly string[] | null)[] = [],
  ): Promise<R[]> {
    return this.#inTurn(async () => (await this.#client.query<R>(sql, [...values])).rows)
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const mine = this.#turn.then(work)
    this.#turn = mine.catch(() => {})
    return mine
  }
}
