import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import { createSecrets } from '../../src/identity/secrets.ts'
import { fails } from './fails.ts'

const masterKey = randomBytes(32)
const secrets = createSecrets(masterKey)

test('a derived secret is the same for the same purpose and key, and unlike for any other', () => {
  const secret = secrets.derive('login/tenant')
  assert.match(secret, /^[\w-]{43}$/)
  assert.equal(createSecrets(Buffer.from(masterKey)).derive('login/tenant'), secret)
  const others = [
    secrets.derive('login/platform'),
    secrets.derive(''),
    createSecrets(randomBytes(32)).derive('login/tenant'),
  ]
  assert.equal(new Set([secret, secrets.fingerprint(), ...others]).size, 5)
})

test('no purpose derives what another use of the master key has', () => {
  for (const purpose of ['fingerprint', 'seal', '../fingerprint', '/fingerprint']) {
    assert.notEqual(secrets.derive(purpose), secrets.fingerprint())
  }
  assert.equal(secrets.fingerprint(), createSecrets(masterKey).fingerprint())
  assert.notEqual(secrets.fingerprint(), createSecrets(randomBytes(32)).fingerprint())
})

test('a sealed text opens only where it is bound to, and no two look alike', () => {
  for (const text of ['', 'a', 'grün 🎉', 'x'.repeat(100_000)]) {
    const sealed = secrets.seal(text, 'acme/1')
    assert.match(sealed, /^v1\.[\w-]{16}\.[\w-]+$/)
    assert.notEqual(secrets.seal(text, 'acme/1'), sealed)
    assert.equal(secrets.unseal(sealed, 'acme/1'), text)
    for (const boundTo of ['globex/1', 'acme/2', '', 'acme/1 ']) {
      assert.throws(() => secrets.unseal(sealed, boundTo), fails('internal', /does not open/))
    }
    assert.throws(() => createSecrets(randomBytes(32)).unseal(sealed, 'acme/1'), fails('internal'))
  }
})

test('a sealed text that was changed in any place does not open', () => {
  const sealed = secrets.seal('a secret', 'acme')
  for (let at = 0; at < sealed.length - 1; at++) {
    const changed = `${sealed.slice(0, at)}${sealed[at] === 'A' ? 'B' : 'A'}${sealed.slice(at + 1)}`
    assert.throws(() => secrets.unseal(changed, 'acme'), fails('internal'), `at ${at}`)
  }
  for (const text of [
    '',
    'v1',
    'v1..',
    'v2.AAAAAAAAAAAAAAAA.AAAAAAAAAAAAAAAAAAAAAA',
    sealed.slice(0, -4),
    `${sealed}.x`,
  ]) {
    assert.throws(() => secrets.unseal(text, 'acme'), fails('internal'))
  }
})

test('a master key of another length is refused', () => {
  assert.throws(() => createSecrets(randomBytes(16)), fails('invalid', /32 bytes/))
})
