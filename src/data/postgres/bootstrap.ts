import pg from 'pg'
import { TenantryError } from '../../core/errors.ts'
import type { Module } from '../../core/module-set.ts'
import { sharedPlacement } from '../../core/placement.ts'
import { systemTenant } from '../../core/tenant.ts'
import { type ActionOptions, applyActions, readExpectedActions } from './actions-apply.ts'
import { functionSql, type SqlAction, sqlActionsOf } from './actions-ddl.ts'
import { auditSteps } from './audit.ts'
import { changesSteps, recorderSignatures } from './changes-ddl.ts'
import { moduleSteps, type Step } from './ddl.ts'
import type { ConnectionTarget } from './driver.ts'
import { isServerError } from './errors.ts'
import { idempotencySteps } from './idempotency.ts'
import { compareCatalogs, type Differences, fingerprintOf, readExpectedCatalog } from './inspect.ts'
import { type LiveCatalog, readLiveCatalog } from './live-catalog.ts'
import { platformSteps } from './platform.ts'
import { createRoles, type LoginPasswords, rolesOf } from './roles.ts'
import { searchSignatures } from './search-functions.ts'
import { findSecurityFaults } from './security-check.ts'
import { sharingSignatures } from './sharing-ddl.ts'
import { identifier } from './sql/writer.ts'
import { upgradeSteps } from './upgrade-ddl.ts'

export interface BootstrapOptions {
  /** The bootstrap login: may make roles and schemas. Used only here and closed before anything is served. */
  readonly target: ConnectionTarget
  readonly prefix: string
  readonly passwords: LoginPasswords
  /** Tells one master key from another without telling the key. */
  readonly keyFingerprint: string
  readonly modules: readonly Module[]
  /** `additive`: what is missing is made. `never`: it is reported, except on an empty database. */
  readonly apply: 'additive' | 'never'
}

const leastVersion = 150000
/** Any number; nodes of one installation take turns. */
const bootstrapLock = 7_203_442

/**
 * Brings a database to what the definitions say and proves that it is so. Answers the ids of what it made. Idempotent and
 * safe when several start at once. Throws `conflict` when the database differs in a way that adding cannot mend.
 */
export async function bootstrap(options: BootstrapOptions): Promise<readonly string[]> {
  await withClient({ ...options.target, database: 'postgres' }, client =>
    createRoles(client, options.prefix, options.passwords),
  )
  return withClient(options.target, async client => {
    await checkServer(client)
    await client.query('select pg_advisory_lock($1)', [bootstrapLock])
    return new Bootstrap(client, options).run()
  })
}

async function withClient<T>(target: ConnectionTarget, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({
    ...atDatabase(target),
    application_name: 'tenantry bootstrap',
    connectionTimeoutMillis: 10_000,
  })
  client.on('error', () => {}) // The statement under way rejects; there is nobody else to tell.
  try {
    await client.connect()
    return await work(client)
  } catch (error) {
    if (error instanceof TenantryError) throw error
    const told = isServerError(error)
      ? ` (${error.code}: ${error.message})`
      : ` (${error instanceof Error ? error.message : 'unknown'})`
    throw new TenantryError('unavailable', `The database cannot be prepared${told}`, {
      hint: 'DATABASE_URL must name a login that may make roles and schemas, on PostgreSQL 15 or newer',
      cause: error,
    })
  } finally {
    await client.end().catch(() => {})
  }
}

/** A URL keeps its own database unless another is asked for. */
export function atDatabase({ connectionString, database, ...rest }: ConnectionTarget): pg.ClientConfig {
  if (connectionString === undefined) return database === undefined ? rest : { ...rest, database }
  if (database === undefined) return { ...rest, connectionString }
  const url = new URL(connectionString)
  url.pathname = `/${encodeURIComponent(database)}`
  return { ...rest, connectionString: url.href }
}

async function checkServer(client: pg.ClientBase): Promise<void> {
  const { rows } = await client.query<{ version: number; name: string; encoding: string }>(
    `select current_setting('server_version_num')::int as version, current_setting('server_version') as name,
       (select pg_encoding_to_char(encoding) from pg_database where datname = current_database()) as encoding`,
  )
  const [server] = rows
  if (!server || server.version < leastVersion) {
    throw new TenantryError('unavailable', `PostgreSQL ${server?.name} is too old`, { hint: 'Use version 15 or newer' })
  }
  if (server.encoding !== 'UTF8') {
    throw new TenantryError('unavailable', `The database has the encoding ${server.encoding}`, {
      hint: 'Use a database with UTF8',
    })
  }
}

class Bootstrap {
  readonly #client: pg.ClientBase
  readonly #options: BootstrapOptions
  readonly #schemas: readonly string[]
  readonly #platform: readonly Step[]
  /** Those of the platform's that are compared as strictly as the modules': what tenants' roles reach, and the audit record. */
  readonly #ownTables: readonly Step[]
  readonly #steps: readonly Step[]
  readonly #actions: ActionOptions
  #expectedActions: LiveCatalog = new Map()

  constructor(client: pg.ClientBase, options: BootstrapOptions) {
    this.#client = client
    this.#options = options
    this.#schemas = options.modules.map(({ schema }) => schema)
    this.#ownTables = [
      ...idempotencySteps(options.prefix),
      ...auditSteps(options.prefix),
      ...changesSteps(options.prefix),
      ...upgradeSteps(options.prefix),
    ]
    this.#platform = [...platformSteps(options.prefix), ...this.#ownTables]
    this.#steps = options.modules.flatMap(module => moduleSteps(module, options.prefix))
    this.#actions = {
      client,
      prefix: options.prefix,
      actions: sqlActionsOf(options.modules),
      schemas: this.#schemas,
      asOwner: work => this.#asOwner(work),
    }
  }

  async run(): Promise<readonly string[]> {
    const live = await this.#readLive()
    const isNew = !live.has('table tenantry.installation')
    const verified = isNew ? null : await this.#readInstallation()
    const definitions = fingerprintOf([
      ...[...this.#platform, ...this.#steps].map(({ id, sql }) => [id, sql] as const),
      ...this.#actions.actions.map(action => [`action ${action.action.id}`, describeAction(action)] as const),
    ])
    const state = (found: LiveCatalog) => `${definitions} ${fingerprintOf(found)}`
    if (verified === state(live)) {
      await this.#refuseFaults()
      return []
    }
    // All of it or nothing: what is refused leaves the database as it was.
    await this.#client.query('begin')
    try {
      const applied = [...(await this.#applyMissing(live, isNew)), ...(await this.#applyActions(isNew))]
      if (isNew) await this.#writeInstallation()
      const found = await this.#readLive()
      refuseDifferences(await this.#compare(found))
      await this.#refuseFaults()
      await this.#asOwner(() => this.#client.query('update tenantry.installation set verified = $1', [state(found)]))
      // Running nodes drop what they have prepared: a cached plan may outlive a change of roles or policies.
      if (applied.length > 0) await this.#client.query(`notify tenantry_schema`)
      await this.#client.query('commit')
      return applied
    } catch (error) {
      await this.#client.query('rollback')
      throw error
    }
  }

  async #refuseFaults(): Promise<void> {
    const { prefix, modules } = this.#options
    const allowed = {
      search: searchSignatures(modules),
      recorder: recorderSignatures(modules),
      sharing: sharingSignatures,
    }
    const faults = await findSecurityFaults(this.#client, prefix, ['tenantry', ...this.#schemas], allowed)
    if (faults.length === 0) return
    throw new TenantryError('conflict', 'The database would not keep tenants apart, so nothing is served', {
      details: faults.join('\n'),
      hint: 'Take these rights away and start again',
    })
  }

  #readLive(): Promise<LiveCatalog> {
    return readLiveCatalog(this.#client, ['tenantry', ...this.#schemas])
  }

  /** What was found right the last time; refuses an installation that belongs to another prefix or master key. */
  async #readInstallation(): Promise<string | null> {
    await this.#refuseOtherOwner()
    const { rows } = await this.#asOwner(() =>
      this.#client.query<{ key_fingerprint: string; verified: string | null }>(
        'select key_fingerprint, verified from tenantry.installation',
      ),
    )
    const [installation] = rows
    if (installation && installation.key_fingerprint !== this.#options.keyFingerprint) {
      throw new TenantryError('conflict', 'This database was set up with another master key', {
        hint: 'Give the master key it was set up with (TENANTRY_MASTER_KEY, TENANTRY_MASTER_KEY_FILE or master.key), or use another database',
      })
    }
    return installation?.verified ?? null
  }

  async #refuseOtherOwner(): Promise<void> {
    const { rows } = await this.#client.query<{ owner: string }>(
      `select o.rolname as owner from pg_namespace n join pg_roles o on o.oid = n.nspowner where n.nspname = 'tenantry'`,
    )
    const owner = rows[0]?.owner
    if (owner === rolesOf(this.#options.prefix).main) return
    throw new TenantryError(
      'conflict',
      `This database belongs to the installation with the prefix "${owner?.replace(/_main$/, '')}"`,
      { hint: 'Use that prefix (TENANTRY_PREFIX), or another database' },
    )
  }

  async #applyMissing(live: LiveCatalog, isNew: boolean): Promise<string[]> {
    const made = new Set<string>()
    const missing = [...this.#platform, ...this.#steps].filter(step => {
      // Functions are always replaced: a new release may have mended one, or somebody has changed it.
      if ((live.has(step.id) && !step.id.startsWith('function ')) || made.has(step.id)) return false
      for (const id of [step.id, ...(step.covers ?? [])]) made.add(id)
      return true
    })
    const added = missing.filter(({ id }) => !live.has(id)).map(({ id }) => id)
    if (this.#options.apply === 'never' && !isNew && added.length > 0) {
      throw new TenantryError('conflict', 'The database lacks what the definitions need', {
        details: added.join('\n'),
        hint: 'In production nothing is applied by itself: start once with --apply',
      })
    }
    const main = identifier(rolesOf(this.#options.prefix).main)
    for (const { sql } of missing.filter(({ id }) => /^schema [^ ]+$/.test(id)))
      await this.#client.query(`${sql} authorization ${main}`)
    for (const step of missing.filter(({ id }) => id.startsWith('extension '))) await this.#addExtension(step)
    await this.#asOwner(async () => {
      for (const step of missing) if (!/^(schema|extension) [^ ]+$/.test(step.id)) await this.#apply(step)
    })
    return added
  }

  async #addExtension({ id, sql }: Step): Promise<void> {
    try {
      await this.#client.query(sql)
    } catch (error) {
      if (!isServerError(error)) throw error
      throw new TenantryError('conflict', `The ${id} cannot be added (${error.code}), and an index needs it`, {
        hint: "It comes with PostgreSQL's own contrib modules and needs no superuser: install them, or allow it where the server is managed",
        cause: error,
      })
    }
  }

  async #apply({ id, sql }: Step): Promise<void> {
    try {
      await this.#client.query(sql)
    } catch (error) {
      if (!isServerError(error) || !/^(22|23|42)/.test(error.code)) throw error
      if (error.code === '42501') {
        throw new TenantryError('conflict', `The ${id} cannot be made: what it stands on belongs to another role`, {
          hint: `All objects of a module's schema must belong to ${rolesOf(this.#options.prefix).main}`,
          cause: error,
        })
      }
      throw new TenantryError('conflict', `The ${id} cannot be added to the rows that are there (${error.code})`, {
        hint: 'Make the new field optional or give it a default; anything else is a migration',
        cause: error,
      })
    }
  }

  /** Functions come after all tables. */
  async #applyActions(isNew: boolean): Promise<readonly string[]> {
    this.#expectedActions = await readExpectedActions(this.#actions)
    if (this.#options.apply === 'additive' || isNew) return applyActions(this.#actions, this.#expectedActions)
    const needed = await applyActions(this.#actions, this.#expectedActions, 'tell')
    if (needed.length === 0) return []
    throw new TenantryError('conflict', 'The functions in the database are not those of the actions', {
      details: needed.join('\n'),
      hint: 'In production nothing is applied by itself: start once with --apply',
    })
  }

  async #writeInstallation(): Promise<void> {
    const { prefix, keyFingerprint } = this.#options
    const { cell, isolation, process, datasource } = sharedPlacement
    await this.#asOwner(async () => {
      await this.#client.query('insert into tenantry.installation (prefix, key_fingerprint) values ($1, $2)', [
        prefix,
        keyFingerprint,
      ])
      await this.#client.query('insert into tenantry.catalog_version default values')
      await this.#client.query(
        `insert into tenantry.tenants (key, name, state, cell, isolation, process, datasource, version) values ($1, 'Platform', 'active', $2, $3, $4, $5, 0)`,
        [systemTenant, cell, isolation, process, datasource],
      )
    })
  }

  /** Platform tables are compared by who may reach them; module tables, and what of tenants is beside them, by everything. */
  async #compare(live: LiveCatalog): Promise<Differences> {
    const tables = await readExpectedCatalog(
      this.#client,
      this.#options.prefix,
      ['tenantry', ...this.#schemas],
      [...this.#ownTables, ...this.#steps],
    )
    const expected = new Map([...tables, ...this.#expectedActions])
    const compared = (catalog: LiveCatalog) =>
      new Map(
        [...catalog].filter(
          ([id]) =>
            / tenantry[.](idempotency|audit|changes|upgrades|upgrade_prints|frozen)/.test(id) ||
            !/^[a-z ]*? tenantry(\.| |$)/.test(id),
        ),
      )
    const differences = compareCatalogs(compared(expected), compared(live))
    const platform = new Set(this.#platform.map(({ id }) => id))
    const changed = this.#platform.flatMap(({ id, definition }) => {
      const found = live.get(id)
      return definition === undefined || found === definition ? [] : [{ id, expected: definition, found: found ?? '' }]
    })
    const strangers = [...live.keys()].filter(
      id =>
        /^(schema grant|grant|column grant|trigger|function|rule|view|table) tenantry[. ]/.test(id) &&
        !platform.has(id),
    )
    return {
      missing: differences.missing,
      different: [...differences.different, ...changed],
      unexpected: [...differences.unexpected, ...strangers],
    }
  }

  /** After an error the role is left as it is: the transaction or the whole connection ends. */
  async #asOwner<T>(work: () => Promise<T>): Promise<T> {
    await this.#client.query(`set role ${identifier(rolesOf(this.#options.prefix).main)}`)
    const result = await work()
    await this.#client.query('reset role')
    return result
  }
}

/** All that its function and the check of its body follow from. */
function describeAction(action: SqlAction): string {
  const { module, uses } = action.action
  return [functionSql(action, module.schema), ...uses.map(({ entity, verb }) => `${verb} ${entity.id}`)].join('\n')
}

function refuseDifferences({ missing, different, unexpected }: Differences): void {
  const lines = [
    ...missing.map(id => `missing: ${id}`),
    ...different.map(({ id, expected, found }) => `different: ${id}\n  defined: ${expected}\n  found:   ${found}`),
    ...unexpected.map(id => `not defined: ${id}`),
  ]
  if (lines.length === 0) return
  throw new TenantryError('conflict', 'The database differs from the definitions, so nothing is served', {
    details: lines.join('\n'),
    hint: 'Bring the definition or the database in line; adding what is new happens by itself, changing what is there does not',
  })
}
