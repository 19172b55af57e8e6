import type { FastifyRequest } from 'fastify'
import { TenantryError } from '../../core/errors.ts'
import type { Principal } from '../../core/principal.ts'
import { systemTenant } from '../../core/tenant.ts'
import { areRoles, isInstance, isSubject } from '../../identity/claims.ts'
import type { Authorizer, Instancer, RequestFacts } from '../config.ts'

/**
 * The principal of a checked token as the product's authorizer wants it: other service roles, another subject, never another
 * tenant. Of the platform's own principals it can only take roles away.
 */
export async function authorize(authorizer: Authorizer, request: Facts, principal: Principal): Promise<Principal> {
  const decided = await authorizer(principal, factsOf(request))
  const { roles = principal.roles, subject = principal.subject } = decided
  if (!areRoles(roles) || !isSubject(subject)) throw wrongAnswer('authorizer', 'roles and a subject')
  if (principal.tenant !== systemTenant) return { ...principal, roles: [...roles], subject }
  return { ...principal, roles: principal.roles.filter(role => roles.includes(role)) }
}

/** The instance that the product's instancer names; null for none. A token that names one itself is good for that one only. */
export async function chooseInstance(
  instancer: Instancer,
  request: Facts,
  principal: Principal,
): Promise<string | null> {
  const chosen = await instancer(factsOf(request), principal)
  if (chosen !== null && !isInstance(chosen)) throw wrongAnswer('instancer', 'an instance or null')
  if (principal.instance === null || chosen === principal.instance) return chosen
  throw new TenantryError('forbidden', 'The token is for another instance')
}

type Facts = Pick<FastifyRequest, 'method' | 'originalUrl' | 'headers'>

function factsOf({ method, originalUrl, headers }: Facts): RequestFacts {
  return { method, path: originalUrl.split('?', 1)[0] ?? '', headers }
}

/** Its author reads the log; a caller learns nothing of it. */
function wrongAnswer(name: string, wanted: string): Error {
  return new Error(`the ${name} of the product's config did not answer ${wanted}`)
}
