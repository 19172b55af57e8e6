import { randomUUID } from 'node:crypto'
import { type CryptoKey, compactVerify, errors, SignJWT } from 'jose'
import { TenantryError } from '../core/errors.ts'
import { createLruCache } from '../core/lru-cache.ts'
import type { Principal } from '../core/principal.ts'
import { parseTenantKey, type TenantKey } from '../core/tenant.ts'
import { acceptsHeader, areRoles, type Claims, isInstance, isSubject, maxLife, readClaims } from './claims.ts'
import { type Keys, signatureAlgorithm } from './keys.ts'

/** What a new token is to say. */
export interface Grant {
  readonly tenant: TenantKey
  readonly subject: string
  readonly roles: readonly string[]
  readonly instance?: string | null
  /** Seconds, at most 366 days. */
  readonly expiresIn: number
}

/** Access tokens: JWTs of RFC 9068, each signed with the key of the tenant that issued it. */
export interface Tokens {
  issuerOf(tenant: TenantKey): string
  audienceOf(tenant: TenantKey): string
  /** Throws `invalid` for a grant that `check` would refuse, `not_found` for a tenant without a key. */
  issue(grant: Grant): Promise<string>
  /** The principal of a token that was checked before and has not expired since. */
  peek(token: string): Principal | undefined
  /** Throws `unauthenticated` without saying which rule was broken, `invalid` when the token is longer than 8 KiB. */
  check(token: string): Promise<Principal>
  /** Checks the tenant's tokens anew when they next come. */
  forgetTenant(tenant: TenantKey): void
}

/** A token that was found good; `expiresAt` in milliseconds. */
interface CheckedToken {
  readonly token: string
  readonly principal: Principal
  readonly expiresAt: number
}

const checkedLimit = 10_000
const maxLength = 8 * 1024
/** A signed JWT whose signature is the 64 bytes of ES256, in the one spelling that base64url has for them. */
const form = /^([\w-]+)\.([\w-]+)\.[\w-]{85}[AQgw]$/

export function createTokens(deps: { keys: Keys; publicUrl: () => string; now?: () => number }): Tokens {
  const { keys, publicUrl, now = Date.now } = deps
  const checked = createLruCache<string, CheckedToken>(checkedLimit)
  let forgotten = 0

  const audienceOf = (tenant: TenantKey) => `${publicUrl()}/${tenant}`
  const issuerOf = (tenant: TenantKey) => `${audienceOf(tenant)}/auth`

  function peek(token: string): Principal | undefined {
    const found = checked.get(nameOf(token))
    return found !== undefined && found.token === token && now() < found.expiresAt ? found.principal : undefined
  }

  /** The tenant whose issuer the token claims to come from: decides which key it must be signed with. */
  function findTenant(iss: unknown): TenantKey | undefined {
    if (typeof iss !== 'string') return undefined
    const tenant = toTenantKey(iss.slice(publicUrl().length + 1, -'/auth'.length))
    return tenant !== undefined && iss === issuerOf(tenant) ? tenant : undefined
  }

  return {
    audienceOf,
    issuerOf,
    peek,

    async issue({ tenant, subject, roles, instance = null, expiresIn }) {
      checkGrant({ tenant, subject, roles, instance, expiresIn })
      const { kid, key } = await keys.signingKey(tenant)
      const iat = Math.floor(now() / 1000)
      return new SignJWT({ tenant, roles: [...roles], ...(instance === null ? {} : { instance }) })
        .setProtectedHeader({ alg: signatureAlgorithm, typ: 'at+jwt', kid })
        .setIssuer(issuerOf(tenant))
        .setAudience(audienceOf(tenant))
        .setSubject(subject)
        .setIssuedAt(iat)
        .setNotBefore(iat)
        .setExpirationTime(iat + expiresIn)
        .setJti(randomUUID())
        .sign(key)
    },

    async check(token) {
      if (token.length > maxLength) throw tooLong()
      const known = peek(token)
      if (known) return known

      const round = forgotten
      const { header, claims } = decode(token) ?? refuse()
      if (!acceptsHeader(header)) return refuse()
      const tenant = findTenant(claims.iss) ?? refuse()
      const key = (await keys.verificationKey(tenant, header.kid)) ?? refuse()
      if (!(await isSigned(token, key))) return refuse()
      const result = readClaims(claims, { audience: audienceOf(tenant), tenant, now: now() / 1000 })
      if (result === 'refused') return refuse()
      if (result === 'expired') return refuse('The token has expired')

      // Keys that were forgotten while this check ran may be gone: its result counts once.
      if (round === forgotten) checked.set(nameOf(token), { token, ...result })
      return result.principal
    },

    forgetTenant(tenant) {
      forgotten++
      checked.deleteWhere(({ principal }) => principal.tenant === tenant)
    },
  }
}

/** The end of the signature: as unlike another token's as the whole text, which takes a microsecond more to hash. */
function nameOf(token: string): string {
  return token.slice(-32)
}

function decode(token: string): { readonly header: Claims; readonly claims: Claims } | undefined {
  const [, first, second] = form.exec(token) ?? []
  if (first === undefined || second === undefined) return undefined
  const header = decodeObject(first)
  const claims = decodeObject(second)
  return header && claims && { header, claims }
}

function decodeObject(part: string): Claims | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, 'base64url').toString())
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : undefined
  } catch {
    return undefined
  }
}

function toTenantKey(text: string): TenantKey | undefined {
  try {
    return parseTenantKey(text)
  } catch {
    return undefined
  }
}

async function isSigned(token: string, key: CryptoKey): Promise<boolean> {
  try {
    await compactVerify(token, key, { algorithms: [signatureAlgorithm] })
    return true
  } catch (error) {
    if (error instanceof errors.JOSEError) return false
    throw error
  }
}

function checkGrant({ tenant, subject, roles, instance, expiresIn }: Grant): void {
  parseTenantKey(tenant)
  const problem = !isSubject(subject)
    ? 'The subject of a token has 1 to 255 characters, none of them a control character'
    : !areRoles(roles)
      ? 'The roles of a token are at most 32 names like "admin", and never "anonymous"'
      : instance !== null && !isInstance(instance)
        ? 'The instance of a token has 1 to 64 characters of a-z, A-Z, 0-9 and "_.:-"'
        : !Number.isSafeInteger(expiresIn) || expiresIn < 1 || expiresIn > maxLife
          ? 'A token lives between a second and 366 days'
          : undefined
  if (problem) throw new TenantryError('invalid', problem)
}

/** PostgREST's code for a token that is no good. */
const reason = 'PGRST301'

function refuse(message = 'The token is not valid'): never {
  throw new TenantryError('unauthenticated', message, { reason, hint: 'Sign in again to get a new one' })
}

function tooLong(): TenantryError {
  return new TenantryError('invalid', 'The token is too long', { hint: 'A token has at most 8 KiB' })
}
