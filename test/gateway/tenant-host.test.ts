import assert from 'node:assert/strict'
import { test } from 'node:test'
import { tenantOfHost } from '../../src/gateway/tenant-host.ts'

const named: readonly (readonly [host: string, tenant: string])[] = [
  ['acme.example.com', 'acme'],
  ['globex.example.com:8443', 'globex'],
  ['ACME.Example.COM', 'acme'],
  ['a-1.example.com', 'a-1'],
  ['system.example.com', 'system'],
]

for (const [host, tenant] of named) {
  test(`${host} names ${tenant}`, () => assert.equal(tenantOfHost(host, 'example.com'), tenant))
}

const unnamed = [
  'example.com',
  '.example.com',
  'acme.example.com.',
  'acme.example.com.evil.test',
  'acmeexample.com',
  'acme.globex.example.com',
  'acme.example.org',
  'a.example.com',
  '-acme.example.com',
  'acme-.example.com',
  'ac_me.example.com',
  'acme%2e.example.com',
  'acme/../globex.example.com',
  'globex@acme.example.com',
  'acme.example.com:443:80',
  'acme.example.com:123456',
  'acme.example.com, globex.example.com',
  'аcme.example.com', // Cyrillic
  `${'a'.repeat(33)}.example.com`,
  '127.0.0.1:4040',
  '[::1]:4040',
  '',
]

for (const host of unnamed) {
  test(`"${host}" names nobody`, () => assert.equal(tenantOfHost(host, 'example.com'), undefined))
}

test('without a domain, and without a host, nobody is named', () => {
  assert.equal(tenantOfHost('acme.example.com', undefined), undefined)
  assert.equal(tenantOfHost('globex.example.com', undefined), undefined)
  assert.equal(tenantOfHost(undefined, 'example.com'), undefined)
})

test('a very long host is answered at once', () => {
  const started = performance.now()
  tenantOfHost(`${'a'.repeat(1_000_000)}.example.com`, 'example.com')
  tenantOfHost(`acme.example.com${':1'.repeat(500_000)}`, 'example.com')
  assert.ok(performance.now() - started < 500)
})
