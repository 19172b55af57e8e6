import type pg from 'pg'
import { TenantryError } from '../../core/errors.ts'
import type { ModuleId } from '../../core/module.ts'
import type { Entity, Module, Move } from '../../core/module-set.ts'
import type { TenantKey } from '../../core/tenant.ts'
import type { UpgradePair, UpgradePlan, UpgradeRecord, UpgradeStore } from '../../core/upgrade-plan.ts'
import type { ConnectionTarget } from './driver.ts'
import { toError } from './errors.ts'
import { withSession } from './session.ts'
import { tableOf } from './sql/join.ts'
import { copySql, type ForeignKey, foreignKeysSql, namedSql, printSql, removeGoneSql } from './sql/upgrade.ts'
import { isoText } from './sql/writer.ts'
import { upgradeLock } from './upgrade-ddl.ts'
import { atOnce, carryMapped } from './upgrade-rows.ts'

/** Milliseconds to wait for the tenant's writes that are under way. */
const patience = 15_000

/** What makes values look as they do is fixed, because rows are compared by how they look. */
const sessionOptions =
  '-c timezone=UTC -c datestyle=ISO -c intervalstyle=postgres -c extra_float_digits=1 -c bytea_output=hex'

/**
 * Upgrades in one database. Rows are carried under row security as the tenant whose they are, so that no step can touch
 * another's; only the record and the subscriptions are the platform's.
 */
export class PostgresUpgrades implements UpgradeStore {
  readonly #target: ConnectionTarget
  readonly #prefix: string
  readonly #modules: ReadonlyMap<string, Module>
  readonly #tidy: (modules: readonly Module[]) => Promise<void>

  /** `target`: the platform login. `tidy` is called before rows come into the tables of these modules. */
  constructor(
    target: ConnectionTarget,
    prefix: string,
    modules: readonly Module[],
    tidy: (modules: readonly Module[]) => Promise<void>,
  ) {
    this.#target = target
    this.#prefix = prefix
    this.#modules = new Map(modules.map(module => [module.id, module]))
    this.#tidy = tidy
  }

  async upgrade(plan: UpgradePlan): Promise<UpgradeRecord> {
    const modules = plan.pairs.map(({ to }) => this.#get(to))
    await this.#tidy(modules)
    const tables = modules.flatMap(({ upgrade }) => upgrade?.moves ?? []).map(({ to }) => tableOf(to))
    return this.#transaction({ tenant: plan.tenant, tables }, async run => {
      await run.refuseOpen(plan)
      const rows: Record<string, number> = {}
      for (const { to } of plan.pairs) {
        for (const move of this.#movesTo(to)) {
          await refuseRows(run.client, move)
          rows[move.to.id] = await carry(run.client, { from: move.from, to: move.to, map: move.up }, false)
          await run.client.query(printSql(move.to), [move.to.id])
        }
      }
      await run.settle()
      await this.#move(run.client, plan)
      await run.asPlatform()
      await setSubscriptions(run.client, plan)
      return run.one(`insert into tenantry.upgrades (tenant, pairs, rows) values ($1, $2, $3) returning ${columns}`, [
        plan.tenant,
        JSON.stringify(plan.pairs),
        JSON.stringify(rows),
      ])
    })
  }

  rollback(id: number, plan: UpgradePlan): Promise<UpgradeRecord> {
    return this.#transaction({ tenant: plan.tenant }, async run => {
      await run.refuseEnded(id)
      const moves = plan.pairs.flatMap(({ from }) => this.#movesTo(from))
      for (const { from, to, down } of moves) {
        await carry(run.client, { from: to, to: from, map: down }, true)
        await atOnce(run.client, () => run.client.query(removeGoneSql(from, to), [to.id]))
      }
      await run.refuseNamed(moves.map(({ to }) => to))
      for (const { to } of moves.toReversed()) {
        await run.client.query(`delete from ${tableOf(to)}`)
        await run.client.query('delete from tenantry.upgrade_prints where entity = $1', [to.id])
      }
      await run.settle()
      await this.#move(run.client, plan)
      await run.asPlatform()
      await setSubscriptions(run.client, plan)
      return run.end(id, 'rolled_back')
    })
  }

  async confirm(id: number): Promise<UpgradeRecord> {
    const found = (await this.#records('where id = $1', [String(id)]))[0]
    if (!found) throw new TenantryError('not_found', `There is no upgrade ${id}`)
    return this.#transaction({ tenant: found.tenant }, async run => {
      await run.refuseEnded(id)
      const entitiesOf = (id: string) => this.#get(id).entities.filter(({ global }) => !global)
      await run.refuseNamed(found.pairs.flatMap(({ from }) => entitiesOf(from)))
      for (const { from, to } of found.pairs.toReversed()) {
        for (const entity of entitiesOf(from).toReversed()) await run.client.query(`delete from ${tableOf(entity)}`)
        for (const move of this.#movesTo(to))
          await run.client.query('delete from tenantry.upgrade_prints where entity = $1', [move.to.id])
      }
      await run.settle()
      await run.asPlatform()
      return run.end(id, 'confirmed')
    })
  }

  thaw(tenant: TenantKey, modules: readonly ModuleId[]): Promise<void> {
    return this.#connected(async client => {
      await client.query('begin')
      await becoming(client, `${this.#prefix}_mover`, tenant)
      await this.#thaw(client, modules)
      await client.query('commit')
    })
  }

  forget(tenant: TenantKey): Promise<void> {
    return this.#transaction({ tenant }, async run => {
      await run.client.query('delete from tenantry.upgrade_prints')
      await run.client.query('delete from tenantry.frozen')
      await run.asPlatform()
      await run.client.query(
        `update tenantry.upgrades set state = 'removed', ended_at = clock_timestamp() where tenant = $1 and state = 'upgraded'`,
        [tenant],
      )
    })
  }

  list({ tenant, state }: { readonly tenant?: TenantKey; readonly state?: UpgradeRecord['state'] }) {
    return this.#records('where ($1::text is null or tenant = $1) and ($2::text is null or state = $2)', [
      tenant ?? null,
      state ?? null,
    ])
  }

  #records(where: string, values: readonly (string | null)[]): Promise<readonly UpgradeRecord[]> {
    return this.#connected(async client => {
      await client.query('begin read only')
      await becoming(client, `${this.#prefix}_reader`, '')
      const { rows } = await client.query<Row>(
        `select ${columns} from tenantry.upgrades ${where} order by id desc limit 10000`,
        [...values],
      )
      await client.query('commit')
      return rows.map(toRecord)
    })
  }

  #get(id: string): Module {
    const module = this.#modules.get(id)
    if (module) return module
    throw new TenantryError('not_found', `The product has no module ${id} any more`)
  }

  #movesTo(id: string): readonly Move[] {
    return this.#get(id).upgrade?.moves ?? []
  }

  /** Writes go where the tenant is now. Whoever still thinks that it is where it was is refused, and would be lost there. */
  async #move(client: pg.ClientBase, { pairs, added }: UpgradePlan): Promise<void> {
    await this.#thaw(client, [...pairs.map(({ to }) => to), ...added])
    const schemas = pairs.map(({ from }) => this.#get(from).schema)
    await client.query(
      'insert into tenantry.frozen (schema_name) select unnest($1::text[]) on conflict (tenant_id, schema_name) do nothing',
      [schemas],
    )
  }

  async #thaw(client: pg.ClientBase, modules: readonly string[]): Promise<void> {
    const schemas = modules.map(id => this.#get(id).schema)
    await client.query('delete from tenantry.frozen where schema_name = any ($1::text[])', [schemas])
  }

  #connected<T>(work: (client: pg.Client) => Promise<T>): Promise<T> {
    const config = { application_name: 'tenantry upgrade', connectionTimeoutMillis: 10_000, options: sessionOptions }
    return withSession(this.#target, config, work)
  }

  /**
   * As the tenant whose rows are carried, once no write of it is under way; until it ends none begins. Nobody counts the rows of
   * `tables` meanwhile, as autovacuum does: it would not see those that come, and the planner would take the table for empty.
   * Upgrades into the same tables take turns for that.
   */
  #transaction<T>(
    { tenant, tables = [] }: { readonly tenant: TenantKey; readonly tables?: readonly string[] },
    work: (run: UpgradeRun) => Promise<T>,
  ): Promise<T> {
    return this.#connected(async client => {
      await client.query('begin')
      await becoming(client, `${this.#prefix}_mover`, tenant)
      await client.query(`select set_config('lock_timeout', $1, true)`, [String(patience)])
      if (tables.length > 0) {
        await client.query(`lock table ${tables.join(', ')} in share update exclusive mode`).catch(error => {
          throw otherUpgrade(toError(error))
        })
      }
      await client.query(`select pg_advisory_xact_lock(${upgradeLock('$1::text')})`, [tenant]).catch(error => {
        throw stillWritten(toError(error), tenant)
      })
      await client.query('set constraints all deferred')
      const result = await work(new UpgradeRun(client, this.#prefix, tenant))
      await client.query('commit')
      return result
    })
  }
}

/** What all three have in common, inside their transaction. */
class UpgradeRun {
  readonly client: pg.ClientBase
  readonly #prefix: string
  readonly #tenant: TenantKey

  constructor(client: pg.ClientBase, prefix: string, tenant: TenantKey) {
    this.client = client
    this.#prefix = prefix
    this.#tenant = tenant
  }

  asPlatform(): Promise<void> {
    return becoming(this.client, `${this.#prefix}_writer`, '')
  }

  #asMover(): Promise<void> {
    return becoming(this.client, `${this.#prefix}_mover`, this.#tenant)
  }

  /** References hold again, in the old tables and the new. */
  async settle(): Promise<void> {
    await this.client.query('set constraints all immediate').catch(error => {
      throw unsettled(toError(error))
    })
  }

  async one(sql: string, values: readonly (string | number)[]): Promise<UpgradeRecord> {
    const { rows } = await this.client.query<Row>(sql, [...values])
    if (rows[0]) return toRecord(rows[0])
    throw new TenantryError('internal', 'The upgrade was not recorded')
  }

  end(id: number, state: UpgradeRecord['state']): Promise<UpgradeRecord> {
    return this.one(
      `update tenantry.upgrades set state = $2, ended_at = clock_timestamp() where id = $1 returning ${columns}`,
      [id, state],
    )
  }

  async refuseEnded(id: number): Promise<void> {
    await this.asPlatform()
    const { rows } = await this.client.query<{ state: string }>('select state from tenantry.upgrades where id = $1', [
      id,
    ])
    await this.#asMover()
    const state = rows[0]?.state
    if (state === 'upgraded') return
    throw new TenantryError('conflict', `The upgrade ${id} is ${state?.replace('_', ' ') ?? 'unknown'} already`)
  }

  /**
   * All rows of `entities` are about to go, and what a foreign key would do to rows elsewhere nobody could undo: such rows are left
   * by a subscription that ended, or were written in what a new major brought along. Until the end none comes that names them.
   */
  async refuseNamed(entities: readonly Entity[]): Promise<void> {
    const tables = [entities.map(({ module }) => module.schema), entities.map(({ name }) => name)]
    const { rows: keys } = await this.client.query<ForeignKey>(foreignKeysSql, tables)
    for (const target of new Set(keys.map(({ target }) => target)))
      await this.client.query(`select count(*) from (select from ${target} for update) named`)
    await becoming(this.client, `${this.#prefix}_reader`, '')
    const naming: string[] = []
    for (const key of keys) {
      const { rows } = await this.client.query<{ found: boolean }>(namedSql(key), [this.#tenant])
      if (rows[0]?.found) naming.push(`${key.schema}.${key.name}.${key.field} names rows of ${key.target}`)
    }
    await this.#asMover()
    if (naming.length === 0) return
    throw new TenantryError('conflict', `Rows of ${this.#tenant} would lose what they reference`, {
      reason: 'upgrade_strands',
      details: naming.join('\n'),
      hint: 'Nothing was changed: remove these rows first, or purge their module',
    })
  }

  /** One upgrade after the other: what is frozen is what the last one goes back to. */
  async refuseOpen({ tenant, pairs }: UpgradePlan): Promise<void> {
    await this.asPlatform()
    const { rows } = await this.client.query<Row>(
      `select ${columns} from tenantry.upgrades where tenant = $1 and state = 'upgraded'`,
      [tenant],
    )
    await this.#asMover()
    const names = new Set(pairs.map(({ from }) => from.split('@', 1)[0]))
    const open = rows.flatMap(row => row.pairs).find(({ to }) => names.has(to.split('@', 1)[0]))
    if (!open) return
    throw new TenantryError('conflict', `The upgrade of ${tenant} from ${open.from} to ${open.to} is not confirmed`, {
      hint: `Confirm it or roll it back first`,
    })
  }
}

async function becoming(client: pg.ClientBase, role: string, tenant: string): Promise<void> {
  await client.query(
    `select set_config('role', $1, true), set_config('tenantry.tenant', $2, true), set_config('tenantry.instance', '', true), set_config('tenantry.subject', 'tenantry', true)`,
    [role, tenant],
  )
}

/** Answers how many rows went over. */
async function carry(
  client: pg.ClientBase,
  step: { readonly from: Move['from']; readonly to: Move['to']; readonly map: Move['up'] },
  changed: boolean,
): Promise<number> {
  const { from, to, map } = step
  if (map) return carryMapped(client, { from, to, map }, changed)
  const copy = () => client.query(copySql(from, to, changed), changed ? [from.id] : [])
  const { rowCount } = await (changed ? atOnce(client, copy) : copy())
  return rowCount ?? 0
}

async function refuseRows(client: pg.ClientBase, { to }: Move): Promise<void> {
  const { rows } = await client.query<{ found: boolean }>(`select exists (select from ${tableOf(to)}) as found`)
  if (!rows[0]?.found) return
  throw new TenantryError('conflict', `The tenant has rows in ${to.id} already`, {
    hint: 'An upgrade would mix the rows of two majors: remove these first',
  })
}

async function setSubscriptions(client: pg.ClientBase, { tenant, before, after }: UpgradePlan): Promise<void> {
  const { rowCount } = await client.query(
    `update tenantry.tenants set subscriptions = $3::text[] where key = $1 and subscriptions = $2::text[] and state in ('active', 'suspended')`,
    [tenant, before, after],
  )
  if (rowCount === 1) return
  throw new TenantryError('conflict', `The tenant ${tenant} was changed meanwhile`, {
    hint: 'Try again',
    retryAfter: 1,
  })
}

interface Row {
  readonly id: string
  readonly tenant: string
  readonly pairs: UpgradePair[]
  readonly state: UpgradeRecord['state']
  readonly rows: Record<string, number>
  readonly upgraded_at: string
  readonly ended_at: string | null
}

const columns = `id, tenant, pairs, state, rows, ${isoText('upgraded_at')} as upgraded_at, ${isoText('ended_at')} as ended_at`

function toRecord({ id, tenant, pairs, state, rows, upgraded_at, ended_at }: Row): UpgradeRecord {
  return { id: Number(id), tenant, pairs, state, rows, upgradedAt: upgraded_at, endedAt: ended_at }
}

function otherUpgrade(error: TenantryError): TenantryError {
  if (error.reason !== '55P03') return error
  return new TenantryError('unavailable', 'Another upgrade or a migration has had its turn for 15 seconds', {
    hint: 'Nothing was changed: try again',
    retryAfter: 5,
    cause: error,
  })
}

function stillWritten(error: TenantryError, tenant: TenantKey): TenantryError {
  if (error.reason !== '55P03') return error
  return new TenantryError('unavailable', `Writes of ${tenant} have been under way for ${patience / 1000} seconds`, {
    hint: 'Nothing was changed: try again',
    retryAfter: 5,
    cause: error,
  })
}

function unsettled(error: TenantryError): TenantryError {
  if (error.reason !== '23503') return error
  return new TenantryError('conflict', `References would be lost: ${error.message}`, {
    reason: 'upgrade_strands',
    hint: 'Nothing was changed: try again, or mend the step',
    cause: error,
  })
}
