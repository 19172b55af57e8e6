import type pg from 'pg'
import { TenantryError } from '../../core/errors.ts'
import type { Entity } from '../../core/module-set.ts'
import { seeded } from '../../core/seeded.ts'
import type { TenantKey } from '../../core/tenant.ts'
import type { TenantRows } from '../../core/tenant-rows.ts'
import type { ConnectionTarget } from './driver.ts'
import { allRowsOf, rowsSetting } from './own-rows.ts'
import { currentTenant } from './policies.ts'
import { withSession } from './session.ts'
import { allSettingsSql } from './settings.ts'
import { tableOf } from './sql/join.ts'
import { identifier } from './sql/writer.ts'

const batch = 1_000
/**
 * What other tenants share is theirs to keep. Row security says the same of all else, and where somebody has spoilt it,
 * everybody's rows would be archived and removed without this.
 */
const ofTenant = `tenant_id = (select ${currentTenant})`

/** All rows of one tenant, for archives and removal. Runs under row security as that tenant, so it cannot touch another's. */
export class PostgresTenantRows implements TenantRows {
  readonly #target: ConnectionTarget
  readonly #prefix: string

  constructor(target: ConnectionTarget, prefix: string) {
    this.#target = target
    this.#prefix = prefix
  }

  /**
   * One snapshot for all entities: `repeatable read`. Rows come as JSON text, in the order of their key. What was seeded, which comes
   * last, only the role sees that seeds.
   */
  async snapshot(
    tenant: TenantKey,
    entities: readonly Entity[],
    onRow: (entity: Entity, row: string) => Promise<void>,
  ): Promise<void> {
    let thrown: { readonly error: unknown } | undefined
    const give = (entity: Entity, row: string) =>
      onRow(entity, row).catch(error => {
        thrown = { error }
        throw error
      })
    await this.#transaction(
      tenant,
      entities,
      'tenant_reader',
      'begin isolation level repeatable read, read only',
      async client => {
        for (const entity of entities.filter(({ global }) => !global)) {
          if (entity === seeded)
            await client.query(`select set_config('role', $1, true)`, [`${this.#prefix}_tenant_writer`])
          const names = [...entity.fields.keys()].map(identifier).join(', ')
          const key = entity.key.map(identifier).join(', ')
          await client.query(
            `declare rows no scroll cursor for select row_to_json(r)::text as row from (select ${names} from ${tableOf(entity)} where ${ofTenant} order by ${key}) r`,
          )
          for (;;) {
            const { rows } = await client.query<{ row: string }>(`fetch ${batch} from rows`)
            for (const { row } of rows) await give(entity, row)
            if (rows.length < batch) break
          }
          await client.query('close rows')
        }
      },
    ).catch(error => {
      // What the caller throws is not the database's fault.
      throw thrown ? thrown.error : error
    })
  }

  /** In one transaction; rows may name each other in circles. Answers how many rows each entity had. */
  purge(
    tenant: TenantKey,
    entities: readonly Entity[],
    expected: (entity: Entity) => number,
  ): Promise<ReadonlyMap<Entity, number>> {
    // All of it is counted before anything goes, because a row that is removed may take others with it.
    return this.#transaction(
      tenant,
      entities,
      'tenant_writer',
      'begin isolation level repeatable read',
      async client => {
        await client.query('set constraints all deferred')
        const own = entities.filter(({ global }) => !global).toReversed()
        const counts = new Map<Entity, number>()
        for (const entity of own) {
          const { rows } = await client.query<{ count: string }>(
            `select count(*) from ${tableOf(entity)} where ${ofTenant}`,
          )
          const count = Number(rows[0]?.count)
          if (count !== expected(entity)) {
            throw new TenantryError('conflict', `${entity.id} has changed since its rows were counted`, {
              hint: 'Try again',
            })
          }
          counts.set(entity, count)
        }
        for (const entity of own) await client.query(`delete from ${tableOf(entity)} where ${ofTenant}`)
        return counts
      },
    )
  }

  #transaction<T>(
    tenant: TenantKey,
    entities: readonly Entity[],
    role: string,
    begin: string,
    work: (client: pg.Client) => Promise<T>,
  ): Promise<T> {
    const config = { application_name: 'tenantry archive', options: '-c timezone=UTC' }
    return withSession(this.#target, config, async client => {
      await client.query(begin)
      const rows = rowsSetting(allRowsOf(entities))
      await client.query(allSettingsSql, [`${this.#prefix}_${role}`, tenant, '', 'tenantry', '0', rows])
      const result = await work(client)
      await client.query('commit')
      return result
    })
  }
}
