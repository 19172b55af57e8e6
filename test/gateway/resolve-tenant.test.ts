import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { CatalogEntry } from '../../src/core/catalog.ts'
import { TenantryError } from '../../src/core/errors.ts'
import { noFeatures, noTraits } from '../../src/core/features.ts'
import { createModuleSet } from '../../src/core/module-set.ts'
import { sharedPlacement } from '../../src/core/placement.ts'
import type { TenantState } from '../../src/core/tenant.ts'
import { resolveTenant, type TenantQuestion } from '../../src/gateway/resolve-tenant.ts'

const exposure = createModuleSet([]).expose([])
const entry = (key: string, state: TenantState): CatalogEntry => ({
  tenant: {
    key,
    name: key,
    state,
    placement: sharedPlacement,
    subscriptions: [],
    ...noTraits,
    createdAt: '2026-01-01T00:00:00Z',
  },
  exposure,
  features: noFeatures,
})
const entries = new Map<string, CatalogEntry>(
  (
    [
      ['acme', 'active'],
      ['globex', 'active'],
      ['initech', 'suspended'],
      ['hooli', 'provisioning'],
      ['umbrella', 'removing'],
    ] as const
  ).map(([key, state]) => [key, entry(key, state)]),
)
const find = (key: string) => entries.get(key)
const principalOf = (tenant: string, roles: string[] = ['admin']) => ({
  subject: 'somebody',
  tenant,
  roles,
  instance: null,
  anonymous: false,
})

interface Case {
  readonly title: string
  readonly named?: string
  readonly header?: string | string[]
  readonly token?: string
  /** The tenant that is answered, or the code and reason of what is thrown. */
  readonly expected: string
}

const cases: readonly Case[] = [
  { title: 'a token on its own path', named: 'acme', token: 'acme', expected: 'acme' },
  { title: 'a header that agrees', named: 'acme', header: 'acme', token: 'acme', expected: 'acme' },
  { title: 'no token on an active tenant', named: 'acme', expected: 'acme anonymous' },
  { title: 'no tenant at all', token: 'acme', expected: 'invalid' },
  { title: 'an empty tenant', named: '', token: 'acme', expected: 'invalid' },
  { title: 'neither tenant nor token', expected: 'invalid' },
  { title: "a token on another tenant's path", named: 'globex', token: 'acme', expected: 'forbidden' },
  { title: 'a token on a path of nobody', named: 'nobody', token: 'acme', expected: 'forbidden' },
  { title: 'a token on the path of a suspended other', named: 'initech', token: 'acme', expected: 'forbidden' },
  { title: 'a token of the system on the path of a tenant', named: 'acme', token: 'system', expected: 'forbidden' },
  { title: 'a header that names another', named: 'acme', header: 'globex', token: 'acme', expected: 'forbidden' },
  { title: 'a header that names nobody', named: 'acme', header: 'nobody', token: 'acme', expected: 'forbidden' },
  { title: 'an empty header', named: 'acme', header: '', token: 'acme', expected: 'forbidden' },
  { title: 'a header in capitals', named: 'acme', header: 'ACME', token: 'acme', expected: 'forbidden' },
  { title: 'two headers', named: 'acme', header: ['acme', 'acme'], token: 'acme', expected: 'forbidden' },
  { title: 'two headers in one', named: 'acme', header: 'acme, acme', token: 'acme', expected: 'forbidden' },
  { title: 'a path in capitals', named: 'ACME', token: 'acme', expected: 'forbidden' },
  { title: 'a path with a space', named: 'acme ', token: 'acme', expected: 'forbidden' },
  { title: 'a token of a tenant that is gone', named: 'nobody', token: 'nobody', expected: 'forbidden' },
  { title: 'no token on a path of nobody', named: 'nobody', expected: 'unauthenticated' },
  { title: 'no token on constructor', named: 'constructor', expected: 'unauthenticated' },
  { title: 'no token and a header that names another', named: 'acme', header: 'globex', expected: 'unauthenticated' },
  { title: 'no token on a suspended tenant', named: 'initech', expected: 'unauthenticated' },
  { title: 'no token on a tenant in the making', named: 'hooli', expected: 'unauthenticated' },
  { title: 'a suspended tenant', named: 'initech', token: 'initech', expected: 'forbidden tenant_suspended' },
  { title: 'a tenant in the making', named: 'hooli', token: 'hooli', expected: 'forbidden tenant_not_active' },
  { title: 'a tenant on its way out', named: 'umbrella', token: 'umbrella', expected: 'forbidden tenant_not_active' },
]

for (const { title, named, header, token, expected } of cases) {
  test(`${title}: ${expected}`, () => {
    const question = { named, header, principal: token === undefined ? undefined : principalOf(token) }
    assert.equal(outcomeOf(question), expected)
  })
}

test('a refusal has the same words whether or not the other tenant exists', () => {
  const refusals = ['globex', 'nobody', 'initech', 'umbrella', '../globex'].map(named => refusalOf(named, 'acme'))
  assert.equal(new Set(refusals).size, 1, refusals.join('\n'))
  const questions = ['nobody', 'initech', 'hooli', 'umbrella'].map(named => refusalOf(named))
  assert.equal(new Set(questions).size, 1, questions.join('\n'))
})

test('a principal of the system acts in the tenant of the path, or across all at its own, with its platform roles alone', () => {
  const principal = principalOf('system', ['admin', 'service_auditor'])
  const ask = (named: string, header?: string) => resolveTenant({ named, header, principal }, find)
  const acme = ask('acme')
  assert.deepEqual([acme.entry.tenant.key, acme.acrossTenants], ['acme', false])
  assert.deepEqual(acme.principal.roles, ['service_auditor'])
  assert.deepEqual(ask('acme', 'acme').principal.tenant, 'system')
  for (const [named, header, code] of [
    ['nobody', undefined, 'not_found'],
    ['acme', 'globex', 'forbidden'],
    ['acme', 'system', 'forbidden'],
    ['initech', undefined, 'forbidden'],
    ['umbrella', undefined, 'forbidden'],
  ] as const) {
    assert.throws(() => ask(named, header), { code })
  }
  const without = principalOf('system', ['admin', 'writer'])
  for (const named of ['acme', 'system', 'nobody'])
    assert.throws(() => resolveTenant({ named, header: undefined, principal: without }, find), { code: 'forbidden' })
})

test('the principal of a token goes through unchanged, and a request without one is nobody', () => {
  const principal = principalOf('acme', ['auditor'])
  assert.equal(resolveTenant({ named: 'acme', header: undefined, principal }, find).principal, principal)
  const { principal: nobody } = resolveTenant({ named: 'acme', header: undefined, principal: undefined }, find)
  assert.deepEqual([nobody.tenant, nobody.roles, nobody.anonymous], ['acme', ['anonymous'], true])
})

function outcomeOf(question: TenantQuestion): string {
  try {
    const { entry, principal } = resolveTenant(question, find)
    return `${entry.tenant.key}${principal.anonymous ? ' anonymous' : ''}`
  } catch (error) {
    assert.ok(error instanceof TenantryError)
    return [error.code, error.reason].filter(Boolean).join(' ')
  }
}

function refusalOf(named: string, token?: string): string {
  const principal = token === undefined ? undefined : principalOf(token)
  try {
    resolveTenant({ named, header: undefined, principal }, find)
  } catch (error) {
    assert.ok(error instanceof TenantryError)
    const { code, message, reason, details, hint } = error
    return JSON.stringify({ code, message, reason, details, hint })
  }
  return assert.fail(`${named} was let in`)
}
