import { createCipheriv, createDecipheriv, createHmac, hkdfSync, randomBytes, timingSafeEqual } from 'node:crypto'
import { TenantryError } from '../core/errors.ts'
import type { Signer } from '../core/signer.ts'

/** What is made from the master key. Each use has a key of its own (HKDF-SHA256 with another label). */
export interface Secrets {
  /** A secret that is always the same for the same purpose: 43 characters of base64url. */
  derive(purpose: string): string
  /** Encrypts `text` (AES-256-GCM) so that it opens only with the same `boundTo`. Answers `v1.{nonce}.{ciphertext}`. */
  seal(text: string, boundTo: string): string
  /** Throws `internal` when the text was changed, is bound to something else or was sealed under another master key. */
  unseal(sealed: string, boundTo: string): string
  /** Signs (HMAC-SHA-256) with a key that only this purpose has. */
  signer(purpose: string): Signer
  /** Tells whether two installations use the same master key, and nothing else about it. */
  fingerprint(): string
}

const cipher = 'aes-256-gcm'
const nonceBytes = 12
const tagBytes = 16

export function createSecrets(masterKey: Buffer): Secrets {
  if (masterKey.length !== 32) throw new TenantryError('invalid', 'A master key has 32 bytes')
  const derived = (label: string) => Buffer.from(hkdfSync('sha256', masterKey, '', `tenantry/v1/${label}`, 32))
  const sealing = derived('seal')
  const fingerprint = derived('fingerprint').toString('base64url')

  return {
    derive: purpose => derived(`derive/${purpose}`).toString('base64url'),
    fingerprint: () => fingerprint,
    signer(purpose) {
      const key = derived(`sign/${purpose}`)
      const sign = (text: string) => createHmac('sha256', key).update(text, 'utf8').digest('base64url')
      return {
        sign,
        verify(text, signature) {
          // As text: one signature has several spellings in base64url.
          const [given, expected] = [Buffer.from(signature), Buffer.from(sign(text))]
          return given.length === expected.length && timingSafeEqual(given, expected)
        },
      }
    },
    seal(text, boundTo) {
      const nonce = randomBytes(nonceBytes)
      const encrypt = createCipheriv(cipher, sealing, nonce).setAAD(Buffer.from(boundTo))
      const sealed = Buffer.concat([encrypt.update(text, 'utf8'), encrypt.final(), encrypt.getAuthTag()])
      return `v1.${nonce.toString('base64url')}.${sealed.toString('base64url')}`
    },
    unseal(sealed, boundTo) {
      const [, nonce, body] = /^v1\.([\w-]{16})\.([\w-]{22,})$/.exec(sealed) ?? []
      if (nonce === undefined || body === undefined) throw unopened()
      const bytes = Buffer.from(body, 'base64url')
      const decrypt = createDecipheriv(cipher, sealing, Buffer.from(nonce, 'base64url'), { authTagLength: tagBytes })
        .setAAD(Buffer.from(boundTo))
        .setAuthTag(bytes.subarray(-tagBytes))
      try {
        return decrypt.update(bytes.subarray(0, -tagBytes), undefined, 'utf8') + decrypt.final('utf8')
      } catch {
        throw unopened()
      }
    },
  }
}

function unopened(): TenantryError {
  return new TenantryError('internal', 'A sealed secret does not open', {
    hint: 'It was sealed under another master key, belongs to something else, or was changed',
  })
}
