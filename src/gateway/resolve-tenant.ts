import type { CatalogEntry } from '../core/catalog.ts'
import { TenantryError } from '../core/errors.ts'
import { anonymousPrincipal, type Principal } from '../core/principal.ts'
import { systemTenant, type TenantKey } from '../core/tenant.ts'

/** What a request says about its tenant. */
export interface TenantQuestion {
  /** The first segment of the path, or the name in the host. */
  readonly named: string | undefined
  /** The header `X-Tenant`, which may only agree. */
  readonly header: string | readonly string[] | undefined
  /** Of a checked token; undefined when there is none. */
  readonly principal: Principal | undefined
}

export interface ResolvedTenant {
  readonly entry: CatalogEntry
  readonly principal: Principal
  /** True when a principal of the system tenant acts across all tenants: the path named its own. */
  readonly acrossTenants: boolean
}

/** The service roles with which the system tenant's principals act in others; no other role of theirs counts anywhere. */
const systemRoles = ['service_admin', 'service_auditor'] as const

/**
 * Which tenant a request is for (F1.3). The token decides; a path, host or header that says otherwise is refused in the
 * same words whether or not that tenant exists. Without a token the named tenant is asked as `anonymous`; one that does not
 * exist asks for a token, as an existing one does. There is no default tenant. The one exception: a principal of the system
 * tenant with a role of the platform acts in the tenant that the path names, and across all of them where that is `system`
 * (F1.6). Pure.
 */
export function resolveTenant(
  question: TenantQuestion,
  find: (key: TenantKey) => CatalogEntry | undefined,
): ResolvedTenant {
  const { named, header, principal } = question
  if (named === undefined || named === '') {
    throw new TenantryError('invalid', 'The request names no tenant', {
      hint: 'Begin the path with the tenant: /{tenant}/…',
    })
  }
  if (principal?.tenant === systemTenant) return resolveForSystem(principal, named, header, find)
  const key = principal?.tenant ?? named
  if (named !== key || (header !== undefined && header !== key)) {
    throw principal ? otherTenant() : tokenNeeded()
  }
  const entry = find(key)
  if (!entry) throw principal ? otherTenant() : tokenNeeded()
  if (!principal && entry.tenant.state !== 'active') throw tokenNeeded()
  refuseInactive(entry)
  return { entry, principal: principal ?? anonymousPrincipal(key), acrossTenants: false }
}

function resolveForSystem(
  principal: Principal,
  named: TenantKey,
  header: TenantQuestion['header'],
  find: (key: TenantKey) => CatalogEntry | undefined,
): ResolvedTenant {
  const roles = systemRoles.filter(role => principal.roles.includes(role))
  if (roles.length === 0 || (header !== undefined && header !== named)) throw otherTenant()
  const entry = find(named)
  if (!entry) throw new TenantryError('not_found', 'There is no such tenant', { hint: 'See: /-/tenants' })
  refuseInactive(entry)
  return { entry, principal: { ...principal, roles }, acrossTenants: named === systemTenant }
}

function refuseInactive({ tenant: { state } }: CatalogEntry): void {
  if (state === 'active') return
  if (state === 'suspended') {
    throw new TenantryError('forbidden', 'The tenant is suspended', {
      reason: 'tenant_suspended',
      hint: 'Ask the operator of the platform',
    })
  }
  throw new TenantryError('forbidden', 'The tenant is not active', {
    reason: 'tenant_not_active',
    hint: 'Ask the operator of the platform',
  })
}

function otherTenant(): TenantryError {
  return new TenantryError('forbidden', 'The token is for another tenant', {
    hint: 'Path, host and X-Tenant must name the tenant of the token',
  })
}

export function tokenNeeded(): TenantryError {
  return new TenantryError('unauthenticated', 'A token is needed', { hint: 'Send it as "Authorization: Bearer …"' })
}
