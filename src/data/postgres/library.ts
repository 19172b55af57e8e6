import { createHmac } from 'node:crypto'
import type { GrantedRole } from '../../core/access-role.ts'
import type { EntityDefinition } from '../../core/entity.ts'
import { TenantryError } from '../../core/errors.ts'
import { noFeatures } from '../../core/features.ts'
import type { GroupStore } from '../../core/groups.ts'
import { createModuleSet } from '../../core/module-set.ts'
import { parseNewTenantKey, systemTenant, type TenantKey } from '../../core/tenant.ts'
import type { TenantContext } from '../../core/tenant-context.ts'
import { TenantData } from '../../core/tenant-data.ts'
import { openPostgres as openDatabase, type PostgresSettings } from './postgres.ts'

export { type EmbeddedServer, openEmbedded } from './embedded.ts'

export interface DataLayerOptions {
  /** How the bootstrap login reaches the database: `postgres://user:password@host:port/database`. It serves nothing. */
  readonly url: string
  /** 32 characters or more, the same at every start: the passwords of the serving logins are derived from it. */
  readonly secret: string
  readonly entities: readonly EntityDefinition[]
  /** The access role of each service role on entities that do not say it themselves. */
  readonly access?: Readonly<Record<string, GrantedRole>>
  /** The first part of the schema of the tables: `data` makes `data_v1`, which is the default. */
  readonly name?: string
  readonly settings?: PostgresSettings
}

/** Who acts, as your application has found out: nothing of it is checked here but its form. */
export interface Actor {
  readonly subject: string
  /** Service roles, which `access` maps to access roles. */
  readonly roles: readonly string[]
  /** The instance inside the tenant; absent: none. */
  readonly instance?: string
}

/** Rows of many tenants in one database, without a server. */
export interface DataLayer {
  /** A tenant's rows for somebody. Tenants are texts (`[a-z0-9-]`) that need not be made first. Throws `invalid` for others. */
  tenant(tenant: string, actor: Actor): TenantData
  /** Rows of all tenants, for roles that reach across them: `reader`, `writer` and their instance forms. */
  acrossTenants(actor: Actor): TenantData
  /** Groups of tenants, for entities with `shareWith`. */
  readonly groups: GroupStore
  /** Ids of what opening made. */
  readonly applied: readonly string[]
  /** What the pools do at the moment. */
  load(): { readonly connections: number; readonly waiting: number }
  close(): Promise<void>
}

const instancePattern = /^[A-Za-z0-9][\w.:-]{0,63}$/
const leastSecret = 32

/**
 * The data layer alone: makes what is missing in the database, proves that it keeps tenants apart, and serves. Throws `invalid`
 * for definitions with mistakes, and as the platform's start does when the database differs or cannot be reached.
 */
export async function openPostgres(options: DataLayerOptions): Promise<DataLayer> {
  const { url, secret, entities, access = {}, name = 'data', settings = {} } = options
  const modules = createModuleSet([{ name, version: '1.0.0', entities, access }])
  const postgres = await openDatabase({
    target: { connectionString: url },
    modules: modules.modules,
    secrets: secretsOf(secret),
    settings,
  })
  const exposure = modules.expose(modules.modules.map(({ id }) => id))
  const dataOf = (tenant: string, acrossTenants: boolean, { subject, roles, instance }: Actor) => {
    if (typeof subject !== 'string' || subject === '') throw new TenantryError('invalid', 'An actor has a subject')
    if (instance !== undefined && !instancePattern.test(instance)) {
      throw new TenantryError('invalid', 'That is not the name of an instance')
    }
    const principal = { subject, tenant, roles, instance: instance ?? null, anonymous: false }
    const context: TenantContext = {
      ...{ tenant, instance: principal.instance, principal, acrossTenants, exposure, features: noFeatures },
      ...{ module: null, version: null },
    }
    return new TenantData(context, modules, postgres.datasource)
  }
  return {
    tenant: (tenant, actor) => dataOf(tenantKey(tenant), false, actor),
    acrossTenants: actor => dataOf(systemTenant, true, actor),
    groups: postgres.platform.groups,
    applied: postgres.applied,
    load: () => postgres.load(),
    close: () => postgres.close(),
  }
}

/** What JSON from outside made of a tenant is not turned into a text. */
function tenantKey(tenant: unknown): TenantKey {
  return parseNewTenantKey(typeof tenant === 'string' ? tenant : '')
}

function secretsOf(secret: string): { derive(purpose: string): string; fingerprint(): string } {
  if (typeof secret !== 'string' || secret.length < leastSecret) {
    throw new TenantryError('invalid', `The secret has ${leastSecret} characters or more`, {
      hint: 'Make one with "openssl rand -base64 32" and keep it outside the database',
    })
  }
  const derive = (purpose: string) => createHmac('sha256', secret).update(purpose).digest('base64url')
  return { derive, fingerprint: () => derive('fingerprint').slice(0, 16) }
}
