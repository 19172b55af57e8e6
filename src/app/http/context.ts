import type { FastifyRequest } from 'fastify'
import { TenantryError } from '../../core/errors.ts'
import type { Exposure, Module } from '../../core/module-set.ts'
import { anonymousRole, type Principal } from '../../core/principal.ts'
import { systemTenant } from '../../core/tenant.ts'
import type { TenantContext } from '../../core/tenant-context.ts'
import { parseWantedVersion, satisfiesVersion, type Version } from '../../core/version.ts'
import { resolveTenant, tokenNeeded } from '../../gateway/resolve-tenant.ts'
import type { Platform } from '../platform.ts'
import { authorize, chooseInstance } from './decide-principal.ts'

/** Where in a tenant a request goes; null outside a module. */
export interface ContextModule {
  readonly module: Module
  readonly version: Version
  /** What is seen through it. */
  readonly exposure: Exposure
}

/** What is looked at of a request. */
export type ContextRequest = Pick<FastifyRequest, 'id' | 'method' | 'originalUrl' | 'headers'>

/** The principal of the token, checked before or now; undefined without a token. */
export async function principalOf(
  { identity, product }: Platform,
  request: ContextRequest,
): Promise<Principal | undefined> {
  const { authorization } = request.headers
  const principal = identity.peek(authorization) ?? (await identity.check(authorization))
  const { authorizer } = product.config
  return principal && authorizer ? authorize(authorizer, request, principal) : principal
}

/**
 * Who acts, where, through which module: steps 2 to 4 of a request's life. Throws as `resolveTenant` does, and the same
 * `not_found` for a module that is unknown, not subscribed or not of that version; without a token it asks for one instead.
 */
export async function openContext(
  platform: Platform,
  request: ContextRequest,
  named: string,
  moduleName?: string,
  version?: string,
): Promise<TenantContext> {
  const found = await principalOf(platform, request)
  const question = { named, header: request.headers['x-tenant'], principal: found }
  const { entry, principal, acrossTenants } = resolveTenant(question, key => platform.catalog.find(key))
  const { instancer } = platform.product.config
  const base = {
    tenant: entry.tenant.key,
    instance: instancer ? await chooseInstance(instancer, request, principal) : principal.instance,
    principal,
    acrossTenants,
    exposure: acrossTenants ? platform.system.exposure : entry.exposure,
    features: entry.features,
    ...(instancer && { instanceNeeded: true }),
    ...(principal.tenant === systemTenant && { requestId: request.id }),
  }
  if (moduleName === undefined || version === undefined) return { ...base, module: null, version: null }
  const chosen = chooseModule(base.exposure, moduleName, version)
  if (!chosen) throw principal.anonymous ? tokenNeeded() : noSuchModule()
  return { ...base, ...chosen }
}

/** `v1`, `v1.4` and `v1.0.1` reach the module v1, as long as it is not older than what was asked for. */
function chooseModule(exposure: TenantContext['exposure'], name: string, text: string): ContextModule | undefined {
  const wanted = text.startsWith('v') ? parseWantedVersion(text.slice(1)) : undefined
  const found = wanted && exposure.find(name, wanted.major)
  if (!found || !satisfiesVersion(found.module.version, wanted)) return undefined
  return { ...found, version: text.includes('.') ? wanted : found.module.version }
}

function noSuchModule(): TenantryError {
  return new TenantryError('not_found', 'There is no such module', {
    hint: 'The tenant has to subscribe to it, at this version',
  })
}

/** Without a token only what some entity opens to `anonymous` is worth looking at. */
export function refuseAnonymous(context: TenantContext, access: ReadonlyMap<string, unknown> | undefined): void {
  if (context.principal.anonymous && !access?.has(anonymousRole)) throw tokenNeeded()
}
