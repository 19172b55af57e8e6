import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  parseNewTenantKey,
  parseTenantKey,
  resolveTransition,
  type TenantState,
  type TenantTransition,
} from '../../src/core/tenant.ts'

test('a tenant key has 2 to 32 of a-z, 0-9 and - between them', () => {
  for (const key of ['ab', 'acme', '0a', 'a-b', 'a--b', 'x'.repeat(32), 'system'])
    assert.equal(parseTenantKey(key), key)
  for (const key of [
    '',
    'a',
    'x'.repeat(33),
    '-a',
    'a-',
    'A1',
    'a_b',
    'a.b',
    'a b',
    'é1',
    'acme\n',
    '__proto__',
    'a/b',
    '..',
    'acme\0',
    'ａcme',
  ])
    assert.throws(() => parseTenantKey(key), { code: 'invalid' }, JSON.stringify(key))
})

test('words with a meaning of their own are no new tenant’s key', () => {
  for (const key of ['system', 'constructor', 'rest', 'auth', 'public', 'postgres', 'anonymous', 'hasownproperty'])
    assert.throws(() => parseNewTenantKey(key), { code: 'invalid', message: /reserved/ }, key)
  assert.equal(parseNewTenantKey('acme'), 'acme')
})

test('states change only as the life of a tenant allows, and asking again is allowed', () => {
  const states: TenantState[] = ['provisioning', 'active', 'suspended', 'removing', 'removed']
  const table: Record<TenantTransition, (TenantState | null)[]> = {
    activate: ['active', 'active', null, null, null],
    suspend: [null, 'suspended', 'suspended', null, null],
    resume: [null, 'active', 'active', null, null],
    remove: ['removing', 'removing', 'removing', 'removing', null],
    forget: [null, null, null, 'removed', 'removed'],
  }
  for (const [transition, expected] of Object.entries(table) as [TenantTransition, (TenantState | null)[]][]) {
    states.forEach((state, index) => {
      const to = expected[index] ?? null
      if (to === null)
        assert.throws(() => resolveTransition(state, transition), { code: 'conflict' }, `${transition} ${state}`)
      else assert.equal(resolveTransition(state, transition), to)
    })
  }
})
