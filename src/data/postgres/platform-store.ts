import pg from 'pg'
import type { Act, ActFilter, AuditRecord, RecordedAct } from '../../core/audit.ts'
import type { CatalogStore, KeyStore, StoredKey, TenantChange } from '../../core/catalog.ts'
import { TenantryError } from '../../core/errors.ts'
import type { TenantTraits } from '../../core/features.ts'
import type { GroupStore } from '../../core/groups.ts'
import type { ModuleId } from '../../core/module.ts'
import type { NodeEntry } from '../../core/node.ts'
import type { Placement } from '../../core/placement.ts'
import type { TenantKey, TenantState } from '../../core/tenant.ts'
import { type ActRow, listStatement, recordStatement, toAct } from './audit.ts'
import { atDatabase } from './bootstrap.ts'
import { changesChannel } from './changes-ddl.ts'
import { type ConnectionTarget, createPool } from './driver.ts'
import { toError } from './errors.ts'
import { PostgresGroups } from './group-store.ts'
import { keepNode } from './nodes.ts'
import { identifier, isoText } from './sql/writer.ts'

interface TenantRow {
  readonly key: TenantKey
  readonly name: string
  readonly state: TenantState
  readonly cell: string
  readonly isolation: Placement['isolation']
  readonly process: Placement['process']
  readonly datasource: Placement['datasource']
  readonly subscriptions: ModuleId[]
  readonly edition: string | null
  readonly cohort: string | null
  readonly flags: string[]
  readonly version: string
  readonly created_at: string
}

const tenantColumns = `key, name, state, cell, isolation, process, datasource, subscriptions, edition, cohort, flags, version,
  ${isoText('created_at')} as created_at`

/** The platform's own tables: catalog, keys and what the nodes of an installation agree on. */
export class PlatformStore implements CatalogStore, KeyStore, AuditRecord {
  readonly #target: ConnectionTarget
  readonly #prefix: string
  readonly #pool: pg.Pool
  readonly groups: GroupStore = new PostgresGroups(
    (sql, values) => this.#read(sql, values),
    (sql, values) => this.#write(sql, values),
  )

  constructor(target: ConnectionTarget, prefix: string) {
    this.#target = target
    this.#prefix = prefix
    this.#pool = createPool({
      ...atDatabase(target),
      max: 4,
      connectionTimeoutMillis: 5_000,
      application_name: 'tenantry platform',
    })
  }

  async changes(after: number): Promise<readonly TenantChange[]> {
    const rows = await this.#read<TenantRow>(
      `select ${tenantColumns} from tenantry.tenants where version > $1 or $1 = 0 order by version`,
      [after],
    )
    return rows.map(toChange)
  }

  /** `onChange` is also called after each reconnection, because notifications were missed meanwhile. */
  async watch(onChange: () => void): Promise<{ close(): Promise<void> }> {
    return this.#listen('tenantry_catalog', onChange)
  }

  /** Calls `onChange` when a bootstrap has changed tables, roles or policies. */
  async watchSchema(onChange: () => void): Promise<{ close(): Promise<void> }> {
    return this.#listen('tenantry_schema', onChange)
  }

  /** Calls `onChange` when changes of rows were recorded. */
  async watchChanges(onChange: () => void): Promise<{ close(): Promise<void> }> {
    return this.#listen(changesChannel, onChange)
  }

  async #listen(channel: string, onChange: () => void): Promise<{ close(): Promise<void> }> {
    let client: pg.Client | undefined
    let timer: NodeJS.Timeout | undefined
    let closed = false
    let delay = 50
    const open = async (): Promise<void> => {
      const next = new pg.Client({
        ...atDatabase(this.#target),
        keepAlive: true,
        connectionTimeoutMillis: 5_000,
        application_name: 'tenantry watch',
      })
      next.on('error', () => {}) // `end` follows.
      await next.connect()
      next.on('notification', onChange)
      await next.query(`listen ${channel}`).catch(async error => {
        await next.end().catch(() => {})
        throw error
      })
      next.on('end', retry)
      client = next
      delay = 50
      if (closed) await next.end()
    }
    const retry = () => {
      if (closed) return
      timer = setTimeout(() => open().then(onChange, retry), delay)
      delay = Math.min(2_000, delay * 2)
    }
    await open().catch(error => {
      throw toError(error)
    })
    return {
      close: async () => {
        closed = true
        clearTimeout(timer)
        await client?.end()
      },
    }
  }

  async create(tenant: {
    key: TenantKey
    name: string
    placement: Placement
    state: TenantState
  }): Promise<TenantChange> {
    const { key, name, state, placement } = tenant
    try {
      const [row] = await this.#write<TenantRow>(
        `insert into tenantry.tenants (key, name, state, cell, isolation, process, datasource) values ($1, $2, $3, $4, $5, $6, $7) returning ${tenantColumns}`,
        [key, name, state, placement.cell, placement.isolation, placement.process, placement.datasource],
      )
      if (row) return toChange(row)
    } catch (error) {
      if (!(error instanceof TenantryError && error.reason === '23505')) throw error
    }
    throw new TenantryError('conflict', `The tenant key "${key}" is taken`, {
      hint: 'Keys are never given twice, also not after a removal',
    })
  }

  async setState(key: TenantKey, from: readonly TenantState[], to: TenantState): Promise<TenantChange | undefined> {
    const [row] = await this.#write<TenantRow>(
      `update tenantry.tenants set state = $3 where key = $1 and state = any ($2::text[]) returning ${tenantColumns}`,
      [key, from, to],
    )
    return row && toChange(row)
  }

  async setSubscriptions(
    key: TenantKey,
    from: readonly ModuleId[],
    to: readonly ModuleId[],
  ): Promise<TenantChange | undefined> {
    const [row] = await this.#write<TenantRow>(
      `update tenantry.tenants set subscriptions = $3::text[] where key = $1 and subscriptions = $2::text[] returning ${tenantColumns}`,
      [key, from, to],
    )
    return row && toChange(row)
  }

  async setTraits(
    key: TenantKey,
    version: number,
    { name, edition, cohort, flags }: TenantTraits & { readonly name: string },
  ): Promise<TenantChange | undefined> {
    const [row] = await this.#write<TenantRow>(
      `update tenantry.tenants set name = $3, edition = $4, cohort = $5, flags = $6::text[] where key = $1 and version = $2 returning ${tenantColumns}`,
      [key, version, name, edition, cohort, flags],
    )
    return row && toChange(row)
  }

  keys(tenant: TenantKey): Promise<readonly StoredKey[]> {
    return this.#read<StoredKey>(selectKeys, [tenant])
  }

  async addFirstKey(
    tenant: TenantKey,
    { kid, publicJwk, sealedPrivateJwk }: Omit<StoredKey, 'createdAt'>,
  ): Promise<readonly StoredKey[]> {
    // The lock is taken before the statement sees anything, so that of two who find no key only one adds one.
    await this.#write(
      `insert into tenantry.tenant_keys (tenant, kid, public_jwk, sealed_private_jwk)
       select key, $2, $3, $4 from tenantry.tenants where key = $1 and not exists (select from tenantry.tenant_keys where tenant = $1)`,
      [tenant, kid, publicJwk, sealedPrivateJwk],
      `select pg_advisory_xact_lock(hashtext('tenantry key of ' || $1))`,
    )
    return this.keys(tenant)
  }

  async removeKeys(tenant: TenantKey): Promise<void> {
    await this.#write('delete from tenantry.tenant_keys where tenant = $1', [tenant])
    // What was answered to its people goes with the keys that they signed in with.
    await this.#write('delete from tenantry.idempotency where tenant_id = $1', [tenant])
    await this.#write('delete from tenantry.seeded where tenant_id = $1', [tenant])
    // The removal of its rows was recorded too. Nobody may follow them any more, and the tenant's key is never given again.
    await this.#write('delete from tenantry.changes where tenant_id = $1', [tenant])
    await this.#write('delete from tenantry.changes_swept where tenant_id = $1', [tenant])
  }

  /** Where the platform is reached, as its nodes last said; null before the first start. */
  async publicUrl(): Promise<string | null> {
    const [row] = await this.#read<{ public_url: string | null }>('select public_url from tenantry.installation', [])
    return row?.public_url ?? null
  }

  async setPublicUrl(url: string): Promise<void> {
    await this.#write('update tenantry.installation set public_url = $1 where public_url is distinct from $1', [url])
  }

  async record(act: Act): Promise<void> {
    const { text, values } = recordStatement(act)
    await this.#write(text, values)
  }

  async acts(filter: ActFilter): Promise<readonly RecordedAct[]> {
    const { text, values } = listStatement(filter)
    return (await this.#read<ActRow>(text, values)).map(toAct)
  }

  /** Says again and again that a node serves; closed, it is forgotten. */
  keepNode(node: NodeEntry): { close(): Promise<void> } {
    return keepNode((sql, values) => this.#write(sql, values), node)
  }

  async ping(): Promise<void> {
    await this.#pool.query('select 1').catch(error => {
      throw toError(error)
    })
  }

  async close(): Promise<void> {
    await this.#pool.end()
  }

  #read<R extends pg.QueryResultRow>(sql: string, values: readonly unknown[]): Promise<R[]> {
    return this.#as<R>('reader', sql, values)
  }

  #write<R extends pg.QueryResultRow>(sql: string, values: readonly unknown[], lock?: string): Promise<R[]> {
    return this.#as<R>('writer', sql, values, lock)
  }

  async #as<R extends pg.QueryResultRow>(
    role: 'reader' | 'writer',
    sql: string,
    values: readonly unknown[],
    lock?: string,
  ): Promise<R[]> {
    const client = await this.#pool.connect().catch(error => {
      throw toError(error)
    })
    let broken = false
    try {
      await client.query('begin')
      await client.query(`set local role ${identifier(`${this.#prefix}_${role}`)}`)
      if (lock !== undefined) await client.query(lock, values.slice(0, 1))
      const { rows } = await client.query<R>(sql, [...values])
      await client.query('commit')
      return rows
    } catch (error) {
      await client.query('rollback').catch(() => {
        broken = true
      })
      throw toError(error)
    } finally {
      client.release(broken)
    }
  }
}

const selectKeys = `select kid, public_jwk as "publicJwk", sealed_private_jwk as "sealedPrivateJwk",
  ${isoText('created_at')} as "createdAt"
  from tenantry.tenant_keys where tenant = $1 order by created_at desc, kid`

function toChange(row: TenantRow): TenantChange {
  const { key, name, state, cell, isolation, process, datasource, subscriptions, edition, cohort, flags } = row
  return {
    version: Number(row.version),
    tenant: {
      key,
      name,
      state,
      placement: { cell, isolation, process, datasource },
      subscriptions,
      edition,
      cohort,
      flags,
      createdAt: row.created_at,
    },
  }
}
