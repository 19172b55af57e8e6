import type { FastifyRequest } from 'fastify'
import { TenantryError } from '../../core/errors.ts'
import { tokenNeeded } from '../../gateway/resolve-tenant.ts'
import type { Platform } from '../platform.ts'
import { openContext } from './context.ts'

/**
 * An address that no route has. Below a tenant it tells no more than any other address there: whose token it is comes
 * first, then the module, so that what a tenant does not subscribe to looks like what does not exist.
 */
export async function answerUnknownRoute(platform: Platform, request: FastifyRequest): Promise<never> {
  const [, tenant = '', module, version] = (request.url.split('?', 1)[0] ?? '').split('/', 4)
  if (/^[a-z0-9][a-z0-9-]+$/.test(tenant)) {
    const { principal } = await openContext(platform, request, tenant, module, version)
    if (principal.anonymous) throw tokenNeeded()
  }
  throw nothingHere()
}

export function nothingHere(): TenantryError {
  return new TenantryError('not_found', 'There is nothing at this address', { hint: 'See / for what there is' })
}
