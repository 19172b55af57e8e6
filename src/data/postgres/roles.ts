import { createHash, createHmac, pbkdf2Sync, randomBytes } from 'node:crypto'
import type pg from 'pg'
import { isTenantRole, servingRoles } from '../../core/access-role.ts'
import { TenantryError } from '../../core/errors.ts'
import { isServerError } from './errors.ts'
import { identifier } from './sql/writer.ts'

/** The roles of one installation. They belong to the server, not to a database, so all carry the installation's prefix. */
export interface Roles {
  /** Owns every object; no login. */
  readonly main: string
  /** Owns the functions that search indexes for others; no login, and nobody may become it. */
  readonly search: string
  /** Owns the trigger functions that record changes, and may do nothing but add to these; no login, and nobody may become it. */
  readonly recorder: string
  /** Owns the functions that tell policies of groups of tenants; no login, and nobody may become it. */
  readonly sharing: string
  /** Carries one tenant's rows from table to table as they are; only the platform login may become it. No login. */
  readonly mover: string
  readonly tenantLogin: string
  readonly platformLogin: string
  /** What each login may become. */
  readonly tenantRoles: readonly string[]
  readonly platformRoles: readonly string[]
  /** Both of them. */
  readonly servingRoles: readonly string[]
}

export function rolesOf(prefix: string): Roles {
  if (!/^[a-z][a-z0-9_]{0,20}$/.test(prefix)) {
    throw new TenantryError('invalid', 'That is not a prefix for roles', { hint: 'Use up to 21 of a-z, 0-9 and "_"' })
  }
  const named = (name: string) => `${prefix}_${name}`
  return {
    main: named('main'),
    search: named('search'),
    recorder: named('recorder'),
    sharing: named('sharing'),
    mover: named('mover'),
    tenantLogin: named('tenant_login'),
    platformLogin: named('platform_login'),
    tenantRoles: servingRoles.filter(isTenantRole).map(named),
    // The system's principals also act inside a tenant, and never on the tenants' connections.
    platformRoles: [...servingRoles.map(named), named('mover')],
    servingRoles: servingRoles.map(named),
  }
}

export interface LoginPasswords {
  readonly tenant: string
  readonly platform: string
}

/** Any number; all installations of a server take the same lock while they make roles. */
const rolesLock = 7_203_441

/** Whether `createRoles` would find nothing to do. From any database of the server. */
export async function hasRoles(client: pg.ClientBase, prefix: string): Promise<boolean> {
  const roles = rolesOf(prefix)
  const owners = [roles.main, roles.search, roles.recorder, roles.sharing]
  const all = [...owners, roles.mover, ...roles.servingRoles, roles.tenantLogin, roles.platformLogin]
  const memberships = [
    ...roles.tenantRoles.map(role => [roles.tenantLogin, role] as const),
    ...roles.platformRoles.map(role => [roles.platformLogin, role] as const),
  ]
  const { rows } = await client.query<{ made: boolean }>(hasRolesSql, [
    all,
    owners,
    memberships.map(([login]) => login),
    memberships.map(([, role]) => role),
  ])
  return rows[0]?.made === true
}

const hasRolesSql = `
select (select count(*) from pg_roles where rolname = any ($1::text[])) = cardinality($1::text[])
  and not exists (select from pg_roles where rolname = any ($2::text[]) and not pg_has_role(current_user, oid,
    case when current_setting('server_version_num')::int >= 160000 then 'SET' else 'MEMBER' end))
  and not exists (select from unnest($3::text[], $4::text[]) wanted(login, role) where not exists (
    select from pg_auth_members m join pg_roles l on l.oid = m.member join pg_roles r on r.oid = m.roleid
    where l.rolname = wanted.login and r.rolname = wanted.role)) as made`

/**
 * Makes the roles that are missing; never alters one that is there. `client` is the bootstrap login, connected to the
 * database `postgres`, where all installations of a server meet. Safe when several run at once.
 */
export async function createRoles(client: pg.ClientBase, prefix: string, passwords: LoginPasswords): Promise<void> {
  const roles = rolesOf(prefix)
  await client.query('select pg_advisory_lock($1)', [rolesLock])
  try {
    const present = new Set(
      (
        await client.query<{ rolname: string }>('select rolname from pg_roles where starts_with(rolname, $1)', [
          `${prefix}_`,
        ])
      ).rows.map(row => row.rolname),
    )
    for (const role of [
      ...[roles.main, roles.search, roles.recorder, roles.sharing, roles.mover],
      ...roles.servingRoles,
    ]) {
      if (!present.has(role)) await createRole(client, `create role ${identifier(role)} nologin`)
    }
    await createLogin(client, present, roles.tenantLogin, passwords.tenant, roles.tenantRoles)
    await createLogin(client, present, roles.platformLogin, passwords.platform, roles.platformRoles)
    await becomeAbleToSet(client, roles.main)
    await becomeAbleToSet(client, roles.search)
    await becomeAbleToSet(client, roles.recorder)
    await becomeAbleToSet(client, roles.sharing)
  } finally {
    await client.query('select pg_advisory_unlock($1)', [rolesLock])
  }
}

async function createRole(client: pg.ClientBase, sql: string): Promise<void> {
  try {
    await client.query(sql)
  } catch (error) {
    // Another server process of the same installation was faster, although it did not see our lock.
    if (isServerError(error) && (error.code === '42710' || error.code === '23505')) return
    throw error
  }
}

async function createLogin(
  client: pg.ClientBase,
  present: ReadonlySet<string>,
  login: string,
  password: string,
  becomes: readonly string[],
): Promise<void> {
  if (!present.has(login)) {
    await createRole(client, `create role ${identifier(login)} login noinherit password '${scramVerifier(password)}'`)
  }
  const { rows } = await client.query<{ member: string }>(
    `select r.rolname as member from pg_auth_members m join pg_roles r on r.oid = m.roleid join pg_roles l on l.oid = m.member
     where l.rolname = $1`,
    [login],
  )
  const missing = becomes.filter(role => !rows.some(({ member }) => member === role))
  if (missing.length > 0) await client.query(`grant ${missing.map(identifier).join(', ')} to ${identifier(login)}`)
}

/** The bootstrap login makes objects as their owner. A superuser may anyway; another needs to be a member. */
async function becomeAbleToSet(client: pg.ClientBase, owner: string): Promise<void> {
  const { rows } = await client.query<{ able: boolean; modern: boolean }>(
    `select current_setting('server_version_num')::int >= 160000 as modern,
            pg_has_role(current_user, $1, case when current_setting('server_version_num')::int >= 160000 then 'SET' else 'MEMBER' end) as able`,
    [owner],
  )
  if (rows[0]?.able) return
  await client.query(
    `grant ${identifier(owner)} to current_user${rows[0]?.modern ? ' with set true, inherit false' : ''}`,
  )
}

/**
 * The form in which PostgreSQL stores a password (RFC 5803), made here so that the password itself is never in a
 * statement, where a server may log it.
 */
function scramVerifier(password: string): string {
  const iterations = 4096
  const salt = randomBytes(16)
  const salted = pbkdf2Sync(password, salt, iterations, 32, 'sha256')
  const clientKey = createHmac('sha256', salted).update('Client Key').digest()
  const storedKey = createHash('sha256').update(clientKey).digest('base64')
  const serverKey = createHmac('sha256', salted).update('Server Key').digest('base64')
  return `SCRAM-SHA-256$${iterations}:${salt.toString('base64')}$${storedKey}:${serverKey}`
}
