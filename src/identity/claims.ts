import { anonymousRole, type Principal } from '../core/principal.ts'
import type { TenantKey } from '../core/tenant.ts'
import { signatureAlgorithm } from './keys.ts'

/** JSON of a token's header or payload: nothing in it is trusted. */
export type Claims = Readonly<Record<string, unknown>>

/** What a token of the tenant must say to be good here and now; `now` in seconds. Its issuer was matched before. */
export interface Expected {
  readonly audience: string
  readonly tenant: TenantKey
  readonly now: number
}

/** The longest life of a token, in seconds. */
export const maxLife = 366 * 24 * 60 * 60
/** How far the clocks of two nodes may differ, in seconds. */
const leeway = 30

const rolePattern = /^[a-z][a-z0-9_:.-]{0,62}$/
const instancePattern = /^[A-Za-z0-9][\w.:-]{0,63}$/

/** Access tokens of RFC 9068. Members that name or carry a key (`jku`, `jwk`, `x5u`, `x5c`) are never looked at. */
const headerRules: readonly ((header: Claims) => boolean)[] = [
  ({ alg }) => alg === signatureAlgorithm,
  ({ typ }) => typeof typ === 'string' && /^(?:application\/)?at\+jwt$/i.test(typ),
  ({ kid }) => typeof kid === 'string' && /^[\w-]{1,64}$/.test(kid),
  header => !Object.hasOwn(header, 'crit'),
]

const claimRules: readonly ((claims: Claims, expected: Expected) => boolean)[] = [
  ({ aud }, { audience }) => aud === audience,
  ({ tenant }, expected) => tenant === expected.tenant,
  ({ iat }, { now }) => isTime(iat) && iat <= now + leeway,
  ({ nbf }, { now }) => isTime(nbf) && nbf <= now + leeway,
  ({ exp, iat }, { now }) => isTime(exp) && isTime(iat) && exp >= iat && exp <= now + maxLife + leeway,
  ({ sub }) => isSubject(sub),
  ({ roles }) => areRoles(roles),
  ({ instance }) => instance === undefined || isInstance(instance),
]

export function acceptsHeader(header: Claims): header is Claims & { readonly kid: string } {
  return headerRules.every(accepts => accepts(header))
}

/** The principal that the claims name, and until when in milliseconds. Only what is otherwise good is 'expired'. */
export function readClaims(
  claims: Claims,
  expected: Expected,
): { readonly principal: Principal; readonly expiresAt: number } | 'expired' | 'refused' {
  if (!claimRules.every(accepts => accepts(claims, expected))) return 'refused'
  const { sub, roles, instance, exp } = claims
  if (!isSubject(sub) || !areRoles(roles) || !isTime(exp)) return 'refused'
  if (exp + leeway <= expected.now) return 'expired'
  const principal: Principal = Object.freeze({
    subject: sub,
    tenant: expected.tenant,
    roles: Object.freeze([...roles]),
    instance: isInstance(instance) ? instance : null,
    anonymous: false,
  })
  return { principal, expiresAt: exp * 1000 }
}

export function isSubject(value: unknown): value is string {
  return typeof value === 'string' && /^\P{Cc}{1,255}$/u.test(value) && value.length <= 255 && value.isWellFormed()
}

/** `anonymous` is what a request without a token acts as: a token that says so would be somebody's and nobody's at once. */
export function areRoles(value: unknown): value is readonly string[] {
  return (
    Array.isArray(value) &&
    value.length <= 32 &&
    value.every(role => typeof role === 'string' && rolePattern.test(role) && role !== anonymousRole)
  )
}

export function isInstance(value: unknown): value is string {
  return typeof value === 'string' && instancePattern.test(value)
}

function isTime(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0
}
