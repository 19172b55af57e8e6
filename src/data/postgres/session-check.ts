import pg from 'pg'
import { isTenantRole, servingRoles } from '../../core/access-role.ts'
import type { Entity } from '../../core/module-set.ts'
import { atDatabase } from './bootstrap.ts'
import type { ConnectionTarget } from './driver.ts'
import { isServerError } from './errors.ts'
import { allRowsOf, rowsSetting } from './own-rows.ts'
import { rolesOf } from './roles.ts'
import { allSettingsSql } from './settings.ts'
import { tableOf } from './sql/join.ts'

/** No tenant can be called so, and no instance. */
const nobody = '-nobody-'

const stateSql = `select concat_ws(' ', current_user, nullif(current_setting('tenantry.tenant', true), ''),
  nullif(current_setting('tenantry.instance', true), ''), nullif(current_setting('tenantry.subject', true), ''), nullif(current_setting('tenantry.rows', true), ''),
  current_setting('statement_timeout')) as state`

/**
 * What is wrong with a connection of the tenant login, one sentence each: it is used as requests use it, and looked at
 * inside a transaction, after one, and after one that failed. No settings, no rows. THREATS A10, A12, A13, A14.
 */
export async function findSessionFaults(
  target: ConnectionTarget,
  prefix: string,
  entities: readonly Entity[],
): Promise<readonly string[]> {
  const client = new pg.Client({
    ...atDatabase(target),
    application_name: 'tenantry verify',
    statement_timeout: 10_000,
  })
  client.on('error', () => {}) // The statement under way rejects.
  try {
    await client.connect()
    const session = new Session(client, rolesOf(prefix).tenantLogin)
    for (const role of servingRoles.filter(isTenantRole)) await session.useAs(`${prefix}_${role}`)
    for (const entity of entities) if (!entity.global) await session.lookInto(entity, `${prefix}_tenant_reader`)
    return [...session.faults]
  } catch (error) {
    if (!isServerError(error)) throw error
    return [`a connection of the tenant login cannot be used (${error.code})`]
  } finally {
    await client.end().catch(() => {})
  }
}

class Session {
  readonly faults = new Set<string>()
  readonly #client: pg.Client
  readonly #login: string

  constructor(client: pg.Client, login: string) {
    this.#client = client
    this.#login = login
  }

  /** A transaction that commits, and one that fails. */
  async useAs(role: string): Promise<void> {
    const before = await this.#state()
    if (before.split(' ')[0] !== this.#login) this.faults.add(`a session begins as ${before.split(' ')[0]}`)
    for (const statement of [stateSql, 'select 1 / 0']) {
      await this.#client.query('begin')
      await this.#client.query(allSettingsSql, [role, nobody, nobody, nobody, '4321', nobody])
      const inside = await this.#state()
      if (inside !== `${role} ${nobody} ${nobody} ${nobody} ${nobody} 4321ms`)
        this.faults.add(`the settings of a request do not take hold: the statement runs as ${inside.split(' ')[0]}`)
      const failed = await this.#client.query(statement).then(
        () => false,
        () => true,
      )
      await this.#client.query(failed ? 'rollback' : 'commit')
      const after = await this.#state()
      if (after !== before) this.faults.add(`the settings of a request outlive its transaction: ${after}`)
    }
  }

  /** Rows that are seen for no tenant, by the login itself and by a role. */
  async lookInto(entity: Entity, role: string): Promise<void> {
    for (const settings of [undefined, [role, '', '', '', '0', rowsSetting(allRowsOf([entity]))]]) {
      await this.#client.query('begin')
      if (settings) await this.#client.query(allSettingsSql, settings)
      const sql = `select exists (select from ${tableOf(entity)}) as seen`
      // Not to be allowed to look is as good as to see nothing.
      const seen = await this.#client.query<{ seen: boolean }>(sql).then(
        ({ rows }) => rows[0]?.seen ?? false,
        () => false,
      )
      if (seen) this.faults.add(`rows of ${entity.id} are seen without a tenant`)
      await this.#client.query('rollback')
    }
  }

  async #state(): Promise<string> {
    const { rows } = await this.#client.query<{ state: string }>(stateSql)
    return rows[0]?.state ?? ''
  }
}
