import pg from 'pg'
import { TenantryError } from '../../core/errors.ts'
import { describeMigration, type Migration } from '../../core/migration.ts'
import type { Module } from '../../core/module-set.ts'
import type { NodeEntry } from '../../core/node.ts'
import { sharedPlacement } from '../../core/placement.ts'
import { systemTenant } from '../../core/tenant.ts'
import { type ActionOptions, applyActions, readExpectedActions } from './actions-apply.ts'
import { functionSql, type SqlAction, sqlActionsOf } from './actions-ddl.ts'
import { auditSteps } from './audit.ts'
import { changesSteps, recorderSignatures } from './changes-ddl.ts'
import { moduleSteps, type Step } from './ddl.ts'
import { readStructure } from './diff/read-structure.ts'
import { renamesOf } from './diff/renames.ts'
import { prefixMark } from './diff/structure.ts'
import type { ConnectionTarget } from './driver.ts'
import { isServerError } from './errors.ts'
import { idempotencySteps } from './idempotency.ts'
import { compareCatalogs, type Differences, fingerprintOf, readExpectedCatalog } from './inspect.ts'
import { type LiveCatalog, readLiveCatalog } from './live-catalog.ts'
import { takeTurn } from './lock.ts'
import { readLedger, writeEntry } from './migrate/ledger.ts'
import { registerNode } from './nodes.ts'
import { platformSteps } from './platform.ts'
import { createRoles, type LoginPasswords, rolesOf } from './roles.ts'
import { besideRollout, type Rollout, rolloutOf } from './rollout.ts'
import { searchSignatures } from './search-functions.ts'
import { findSecurityFaults } from './security-check.ts'
import { seedsSteps } from './seeds-ddl.ts'
import { sharingSignatures } from './sharing-ddl.ts'
import { identifier } from './sql/writer.ts'
import { upgradeSteps } from './upgrade-ddl.ts'
import { dropOutdatedViews, refuseViewFaults } from './views-apply.ts'

export interface BootstrapOptions {
  /** The bootstrap login: may make roles and schemas. Used only here and closed before anything is served. */
  readonly target: ConnectionTarget
  readonly prefix: string
  readonly passwords: LoginPasswords
  /** Tells one master key from another without telling the key. */
  readonly keyFingerprint: string
  readonly modules: readonly Module[]
  /** `additive`: what is missing is made. `functions`: only functions of actions are. `never`: it is reported. An empty database is always made. */
  readonly apply: 'additive' | 'functions' | 'never'
  /** Migrations of the modules. Those of a module whose schema is made here count as applied. */
  readonly migrations?: readonly Migration[]
  /** Who is going to serve: written down before anybody else may change what it needs. */
  readonly node?: NodeEntry
  /** `platform`: its own schema only, and nothing is compared. */
  readonly part?: 'platform'
}

const leastVersion = 150000
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
    await takeTurn(client)
    const applied = await new Bootstrap(client, options).run()
    if (options.node) await registerNode(client, options.prefix, options.node)
    return applied
  })
}

/**
 * What is wrong with a live database, one sentence each: where it differs from the definitions, and what would let somebody
 * walk around row security. Changes nothing: what is missing is made in a transaction that is rolled back. None: it is right.
 */
export async function findDatabaseFaults(options: BootstrapOptions): Promise<readonly string[]> {
  return withClient(options.target, async client => {
    await takeTurn(client)
    return new Bootstrap(client, options).faults()
  })
}

/** Connects as the bootstrap login. */
export async function withClient<T>(target: ConnectionTarget, work: (client: pg.Client) => Promise<T>): Promise<T> {
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
      ...seedsSteps(options.prefix),
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
      // They say what may be beside the definitions.
      ...(this.#options.migrations ?? []).map(file => [`migration ${describeMigration(file)}`, file.checksum] as const),
    ])
    const state = (found: LiveCatalog) => `${definitions} ${fingerprintOf(found)}`
    if (this.#options.part === 'platform') return this.#preparePlatform(live, isNew)
    if (verified === state(live)) {
      await this.#refuseFaults()
      return []
    }
    // All of it or nothing: what is refused leaves the database as it was.
    await this.#client.query('begin')
    try {
      const applied = [
        ...(await this.#applyMissing(await this.#withoutOutdatedViews(live), isNew)),
        ...(await this.#applyActions(isNew)),
      ]
      if (isNew) await this.#writeInstallation()
      await this.#writeBaseline(applied)
      const found = await this.#readLive()
      refuseDifferences(await this.#compare(found, live.size === 0), await this.#pending())
      await refuseViewFaults(this.#client, this.#options.modules)
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

  /** Views follow their definitions as functions do, where anything is applied at all. */
  async #withoutOutdatedViews(live: LiveCatalog): Promise<LiveCatalog> {
    if (this.#options.apply !== 'additive') return live
    const dropped = await this.#asOwner(() => dropOutdatedViews(this.#client, this.#schemas, this.#steps))
    return dropped === 0 ? live : this.#readLive()
  }

  /** As `findDatabaseFaults` says. */
  async faults(): Promise<readonly string[]> {
    const live = await this.#readLive()
    if (!live.has('table tenantry.installation')) return ['nothing was ever prepared in it']
    await this.#refuseOtherOwner()
    await this.#client.query('begin')
    try {
      await this.#client.query(`set local lock_timeout = '5s'`)
      const faults = await this.#securityFaults()
      return [...faults, ...(await this.#findDifferences(live))]
    } finally {
      await this.#client.query('rollback')
    }
  }

  /** What making all of it anew would add or change, and what would differ still. */
  async #findDifferences(live: LiveCatalog): Promise<readonly string[]> {
    try {
      await this.#applyMissing(live, true)
      await this.#applyActions(true)
      const made = await this.#readLive()
      return linesOf(withChanges(await this.#compare(made), live, made))
    } catch (error) {
      if (error instanceof TenantryError && error.code === 'conflict') return [error.message]
      throw error
    }
  }

  async #preparePlatform(live: LiveCatalog, isNew: boolean): Promise<readonly string[]> {
    await this.#client.query('begin')
    try {
      const applied = await this.#applyMissing(live, isNew)
      if (isNew) await this.#writeInstallation()
      await this.#client.query('commit')
      return applied
    } catch (error) {
      await this.#client.query('rollback')
      throw error
    }
  }

  /** A schema that was made from the definitions has seen all that its migrations would do. */
  async #writeBaseline(applied: readonly string[]): Promise<void> {
    const { modules, migrations = [] } = this.#options
    const made = modules.filter(({ schema }) => applied.includes(`schema ${schema}`)).map(({ id }) => id)
    const seen = migrations.filter(({ module }) => made.includes(module))
    if (seen.length === 0) return
    await this.#asOwner(async () => {
      for (const migration of seen) await writeEntry(this.#client, migration, 'baseline', 0)
    })
  }

  async #pending(): Promise<readonly string[]> {
    return (await this.#rollout()).pending
  }

  async #rollout(): Promise<Rollout> {
    const { migrations = [], modules, prefix } = this.#options
    const ledger = migrations.length === 0 ? [] : await this.#asOwner(() => readLedger(this.#client))
    return rolloutOf(modules, migrations, ledger, prefix)
  }

  #securityFaults(): Promise<readonly string[]> {
    const { prefix, modules } = this.#options
    const allowed = {
      search: searchSignatures(modules),
      recorder: recorderSignatures(modules),
      sharing: sharingSignatures,
    }
    return findSecurityFaults(this.#client, prefix, ['tenantry', ...this.#schemas], allowed)
  }

  async #refuseFaults(): Promise<void> {
    const faults = await this.#securityFaults()
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
    await this.#refuseRenames(live)
    if (this.#options.apply !== 'additive' && !isNew && added.length > 0) {
      const pending = await this.#pending()
      if (pending.length > 0) throw pendingError(pending)
      throw new TenantryError('conflict', 'The database lacks what the definitions need', {
        details: added.join('\n'),
        hint: 'In production nothing is applied by itself: make migrations of it (tenantry migrate generate) and run them, or start once with --apply',
      })
    }
    const main = identifier(rolesOf(this.#options.prefix).main)
    for (const { sql } of missing.filter(({ id }) => /^schema [^ ]+$/.test(id)))
      await this.#client.query(`${sql} authorization ${main}`)
    for (const step of missing.filter(({ id }) => id.startsWith('extension '))) await this.#addExtension(step)
    await this.#asOwner(async () => {
      await this.#applyAll(missing.filter(({ id }) => !/^(schema|extension) [^ ]+$/.test(id)))
    })
    return added
  }

  /** In one message, which is much faster than hundreds. Where something is refused they are tried one by one, to say which. */
  async #applyAll(steps: readonly Step[]): Promise<void> {
    if (steps.length === 0) return
    await this.#client.query('savepoint steps')
    try {
      await this.#client.query(steps.map(({ sql }) => sql).join(';\n'))
    } catch (error) {
      if (!isServerError(error)) throw error
      await this.#client.query('rollback to savepoint steps')
      for (const step of steps) await this.#apply(step)
    }
    await this.#client.query('release savepoint steps')
  }

  /** What was renamed must not be made a second time, empty. */
  async #refuseRenames(live: LiveCatalog): Promise<void> {
    const { tables, columns } = renamesOf(this.#options.modules)
    const due = [
      ...[...tables].filter(([old]) => live.has(`table ${old}`)).map(([old, name]) => `${old} to ${name}`),
      ...[...columns]
        .filter(([old, name]) => live.has(`column ${old}`) && !live.has(`column ${old.replace(/[^.]*$/, () => name)}`))
        .map(([old, name]) => `${old} to ${name}`),
    ]
    if (due.length === 0) return
    const pending = await this.#pending()
    if (pending.length > 0) throw pendingError(pending)
    throw new TenantryError('conflict', 'The definitions rename what is in the database', {
      details: due.join('\n'),
      hint: 'A migration does that: tenantry migrate generate, then tenantry migrate up',
    })
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
    if (this.#options.apply !== 'never' || isNew) return applyActions(this.#actions, this.#expectedActions)
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

  /**
   * Platform tables are compared by who may reach them; module tables, and what of tenants is beside them, by everything.
   * `fresh`: all of it was made just now where nothing was, so that making it once more could only show the same.
   */
  async #compare(live: LiveCatalog, fresh = false): Promise<Differences> {
    const steps = [...this.#ownTables, ...this.#steps]
    const schemas = ['tenantry', ...this.#schemas]
    const tables = fresh ? live : await readExpectedCatalog(this.#client, this.#options.prefix, schemas, steps)
    const expected = new Map([...tables, ...this.#expectedActions])
    const compared = (catalog: LiveCatalog) =>
      new Map(
        [...catalog].filter(
          ([id]) =>
            / tenantry[.](idempotency|audit|changes|upgrades|upgrade_prints|frozen|seeded)/.test(id) ||
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
      unexpected: [...(await this.#withoutRollout(differences.unexpected, { expected, live })), ...strangers],
    }
  }

  /** Code from before and code from after start beside what only the other one knows. */
  async #withoutRollout(
    unexpected: readonly string[],
    catalogs: { readonly expected: LiveCatalog; readonly live: LiveCatalog },
  ): Promise<readonly string[]> {
    if (unexpected.length === 0) return []
    const rollout = await this.#rollout()
    if (rollout.leaving.size + rollout.ahead.size === 0) return unexpected
    const { prefix } = this.#options
    const structure = await readStructure(this.#client, { schemas: this.#schemas, prefix })
    const beside = besideRollout(rollout, structure, { ...catalogs, prefix })
    return unexpected.filter(id => !beside.has(id.replace(` ${prefix}_`, ` ${prefixMark}_`)))
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

function pendingError(pending: readonly string[], details: readonly string[] = []): TenantryError {
  const count = pending.length === 1 ? 'A migration has' : `${pending.length} migrations have`
  return new TenantryError('conflict', `${count} not been run on this database`, {
    reason: 'migrations_pending',
    details: [...pending, ...details].join('\n'),
    hint: 'Run them: tenantry migrate up',
  })
}

/** The differences that are left after making `made` of `live`, and those that this mended. */
function withChanges(
  { missing, different, unexpected }: Differences,
  live: LiveCatalog,
  made: LiveCatalog,
): Differences {
  return {
    missing: [...missing, ...[...made.keys()].filter(id => !live.has(id))],
    different: [
      ...different,
      ...[...made].flatMap(([id, expected]) => {
        const found = live.get(id)
        return found === undefined || found === expected ? [] : [{ id, expected, found }]
      }),
    ],
    unexpected: [...unexpected, ...[...live.keys()].filter(id => !made.has(id))],
  }
}

function linesOf({ missing, different, unexpected }: Differences): readonly string[] {
  return [
    ...missing.map(id => `missing: ${id}`),
    ...different.map(({ id, expected, found }) => `different: ${id}\n  defined: ${expected}\n  found:   ${found}`),
    ...unexpected.map(id => `not defined: ${id}`),
  ]
}

function refuseDifferences(differences: Differences, pending: readonly string[]): void {
  const lines = linesOf(differences)
  if (lines.length === 0) return
  if (pending.length > 0) throw pendingError(pending, lines)
  throw new TenantryError('conflict', 'The database differs from the definitions, so nothing is served', {
    details: lines.join('\n'),
    hint: 'Bring the definition or the database in line. Adding what is new happens by itself; changes of what is there are migrations: tenantry migrate plan',
  })
}
