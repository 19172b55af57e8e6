import { TenantryError } from './errors.ts'

/** The immutable short name of a tenant in URL, log and `tenant_id` column, e.g. `acme`. */
export type TenantKey = string

const pattern = /^[a-z0-9][a-z0-9-]{0,30}[a-z0-9]$/

/** The platform's own tenant. Made by bootstrap, never by `tenant add`. */
export const systemTenant: TenantKey = 'system'

/**
 * Words a tenant key may not be: they have a meaning of their own in a URL, a role name or a JavaScript object.
 * The pattern already refuses `-`, `__proto__` and everything with a capital letter.
 */
const reserved = new Set([
  ...['system', 'tenantry', 'root', 'main', 'public', 'postgres', 'anonymous', 'null', 'undefined', 'localhost'],
  ...['rest', 'graphql', 'auth', 'docs', 'openapi', 'api', 'www', 'admin', 'health', 'metrics', 'console', 'assets'],
  ...['constructor', 'prototype', 'hasownproperty', 'tostring', 'valueof', 'watch', 'unwatch'],
])

/** Returns `text` when it is a well-formed tenant key (`system` included). Throws `invalid`. */
export function parseTenantKey(text: string): TenantKey {
  if (pattern.test(text)) return text
  throw new TenantryError('invalid', 'That is not a tenant key', {
    hint: 'A tenant key has 2 to 32 characters: a-z, 0-9 and "-" between them',
  })
}

/** Returns `text` when a new tenant may have it as its key. Throws `invalid`. */
export function parseNewTenantKey(text: string): TenantKey {
  const key = parseTenantKey(text)
  if (!reserved.has(key)) return key
  throw new TenantryError('invalid', `"${key}" is a reserved word and cannot be a tenant key`, {
    hint: 'Choose another key',
  })
}

export type TenantState = 'provisioning' | 'active' | 'suspended' | 'removing' | 'removed'

/** What an operator may ask of a tenant and the states it may be asked in. Asking again for what is so is allowed. */
const transitions = {
  activate: { from: ['provisioning', 'active'], to: 'active' },
  suspend: { from: ['active', 'suspended'], to: 'suspended' },
  resume: { from: ['suspended', 'active'], to: 'active' },
  remove: { from: ['provisioning', 'active', 'suspended', 'removing'], to: 'removing' },
  forget: { from: ['removing', 'removed'], to: 'removed' },
} as const satisfies Record<string, { from: readonly TenantState[]; to: TenantState }>

export type TenantTransition = keyof typeof transitions

/** The state after `transition`. Throws `conflict` when the tenant's state does not allow it. */
export function resolveTransition(state: TenantState, transition: TenantTransition): TenantState {
  const { from, to } = transitions[transition]
  if ((from as readonly TenantState[]).includes(state)) return to
  throw new TenantryError('conflict', `A tenant that is ${state} cannot ${transition}`, {
    hint: `It must be ${from.join(' or ')}`,
  })
}
