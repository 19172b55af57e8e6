import type { TenantKey } from './tenant.ts'

/** Who acts: read from a checked token, or anonymous where an entity allows it. */
export interface Principal {
  readonly subject: string
  /** The tenant whose issuer signed the token. */
  readonly tenant: TenantKey
  /** Service roles, in no order. */
  readonly roles: readonly string[]
  readonly instance: string | null
  /** True when the request brought no token. */
  readonly anonymous: boolean
}

/** The service role of a request without a token. */
export const anonymousRole = 'anonymous'

export function anonymousPrincipal(tenant: TenantKey): Principal {
  return { subject: anonymousRole, tenant, roles: [anonymousRole], instance: null, anonymous: true }
}
