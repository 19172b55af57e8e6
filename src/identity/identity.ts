import type { KeyStore } from '../core/catalog.ts'
import { TenantryError } from '../core/errors.ts'
import type { Principal } from '../core/principal.ts'
import type { TenantKey } from '../core/tenant.ts'
import { createKeys, type PublicKeys } from './keys.ts'
import { createSecrets, type Secrets } from './secrets.ts'
import { createTokens, type Grant } from './tokens.ts'

/** Who acts: keys and tokens of every tenant. */
export interface Identity {
  readonly secrets: Secrets
  /** The principal of an `Authorization` header whose token was checked before, without waiting; else undefined. */
  peek(authorization: string | undefined): Principal | undefined
  /**
   * The principal of an `Authorization` header; undefined when there is no header. Throws `unauthenticated` when it is not
   * one good bearer token, `invalid` when it is too long.
   */
  check(authorization: string | undefined): Promise<Principal | undefined>
  /** Makes a token. Throws `invalid` for what no token may say, `not_found` for a tenant without a key. */
  issue(grant: Grant): Promise<string>
  issuerOf(tenant: TenantKey): string
  audienceOf(tenant: TenantKey): string
  /** Gives the tenant its first signing key unless it has one. */
  ensureKeys(tenant: TenantKey): Promise<void>
  /** The tenant's public keys (RFC 7517); none for an unknown tenant. */
  jwks(tenant: TenantKey): Promise<PublicKeys>
  /** To be called when a tenant was changed, here or elsewhere: nothing known of its keys and tokens is used again. */
  forget(tenant: TenantKey): void
}

const scheme = 'Bearer '
const maxHeader = 9 * 1024

export function createIdentity(deps: { store: KeyStore; masterKey: Buffer; publicUrl: () => string }): Identity {
  const secrets = createSecrets(deps.masterKey)
  const keys = createKeys({ store: deps.store, secrets })
  const tokens = createTokens({ keys, publicUrl: deps.publicUrl })
  const peek = (header: string | undefined) =>
    header?.startsWith(scheme) && header.length <= maxHeader ? tokens.peek(header.slice(scheme.length)) : undefined

  return {
    secrets,
    peek,
    async check(header) {
      return header === undefined ? undefined : (peek(header) ?? tokens.check(parseHeader(header)))
    },
    issue: tokens.issue,
    issuerOf: tokens.issuerOf,
    audienceOf: tokens.audienceOf,
    ensureKeys: keys.ensure,
    jwks: keys.publicKeys,
    forget(tenant) {
      keys.forget(tenant)
      tokens.forgetTenant(tenant)
    },
  }
}

/** RFC 6750: the scheme in any case, then one token. Of two headers Node keeps the first; what a proxy joined by a comma is no token. */
function parseHeader(header: string): string {
  if (header.length > maxHeader) {
    throw new TenantryError('invalid', 'The Authorization header is too long', { hint: 'A token has at most 8 KiB' })
  }
  const [, token] = /^bearer +([\w.+/=~-]+) *$/i.exec(header) ?? []
  if (token !== undefined) return token
  throw new TenantryError('unauthenticated', 'The Authorization header is not a bearer token', {
    reason: 'PGRST301',
    hint: 'Send one header: Authorization: Bearer <token>',
  })
}
