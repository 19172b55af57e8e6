import { type CryptoKey, calculateJwkThumbprint, exportJWK, generateKeyPair, importJWK, type JWK } from 'jose'
import type { KeyStore, StoredKey } from '../core/catalog.ts'
import { TenantryError } from '../core/errors.ts'
import { createLruCache } from '../core/lru-cache.ts'
import type { TenantKey } from '../core/tenant.ts'
import type { Secrets } from './secrets.ts'

/** The only signature algorithm of this house (RFC 7518: ECDSA on P-256 with SHA-256). */
export const signatureAlgorithm = 'ES256'

/** The public members of a signing key, as anyone may see them. */
export interface PublicKey {
  readonly kid: string
  readonly kty: 'EC'
  readonly crv: 'P-256'
  readonly x: string
  readonly y: string
  readonly alg: typeof signatureAlgorithm
  readonly use: 'sig'
}

/** A JSON Web Key Set (RFC 7517). */
export interface PublicKeys {
  readonly keys: readonly PublicKey[]
}

export interface SigningKey {
  readonly kid: string
  readonly key: CryptoKey
}

/** The signing keys of all tenants, read from the store when they are needed. */
export interface Keys {
  /** Makes the tenant's first key unless it has one. Many may ask at once: all see the same key afterwards. */
  ensure(tenant: TenantKey): Promise<void>
  /** Newest first; none for an unknown tenant. */
  publicKeys(tenant: TenantKey): Promise<PublicKeys>
  /** The newest key. Throws `not_found` when the tenant has none. */
  signingKey(tenant: TenantKey): Promise<SigningKey>
  verificationKey(tenant: TenantKey, kid: string): Promise<CryptoKey | undefined>
  /** Reads the tenant's keys anew when they are next needed. */
  forget(tenant: TenantKey): void
}

/** A tenant's keys as they were read at `readAt`. */
interface KeyRing {
  readonly publicKeys: PublicKeys
  readonly verification: ReadonlyMap<string, CryptoKey>
  readonly newest: StoredKey | undefined
  readonly readAt: number
}

/** Key rings kept in memory; as many again of tenants that have no key. */
const ringLimit = 1_000
/** Keys are read again after this many milliseconds; sooner, after `retryAfter`, when one is asked for that is not there. */
const freshFor = 300_000
const retryAfter = 3_000

export function createKeys(deps: { store: KeyStore; secrets: Secrets; now?: () => number }): Keys {
  const { store, secrets, now = () => performance.now() } = deps
  const rings = createLruCache<TenantKey, KeyRing>(ringLimit)
  const empty = createLruCache<TenantKey, KeyRing>(ringLimit)
  const signing = createLruCache<TenantKey, SigningKey>(ringLimit)
  const reads = new Map<TenantKey, Promise<KeyRing>>()

  function forget(tenant: TenantKey): void {
    rings.delete(tenant)
    empty.delete(tenant)
    signing.delete(tenant)
    reads.delete(tenant)
  }

  function keep(tenant: TenantKey, ring: KeyRing): void {
    const [into, other] = ring.newest ? [rings, empty] : [empty, rings]
    other.delete(tenant)
    into.set(tenant, ring)
  }

  async function openRing(tenant: TenantKey, stored: readonly StoredKey[]): Promise<KeyRing> {
    const publicKeys = stored.map(key => publicPart(key.kid, unseal(secrets, tenant, key)))
    const verification = new Map<string, CryptoKey>()
    for (const key of publicKeys) verification.set(key.kid, await importKey({ ...key }))
    return { publicKeys: { keys: publicKeys }, verification, newest: stored[0], readAt: now() }
  }

  /** One read at a time for each tenant; one that was forgotten meanwhile is not kept. */
  async function read(tenant: TenantKey): Promise<KeyRing> {
    const running = reads.get(tenant)
    if (running) return running
    const started = store.keys(tenant).then(stored => openRing(tenant, stored))
    reads.set(tenant, started)
    try {
      const ring = await started
      if (reads.get(tenant) === started) keep(tenant, ring)
      return ring
    } finally {
      if (reads.get(tenant) === started) reads.delete(tenant)
    }
  }

  async function ringOf(tenant: TenantKey): Promise<KeyRing> {
    const ring = rings.get(tenant) ?? empty.get(tenant)
    const good = ring && now() - ring.readAt < (ring.newest ? freshFor : retryAfter)
    return good ? ring : read(tenant)
  }

  return {
    forget,
    async ensure(tenant) {
      if ((await ringOf(tenant)).newest) return
      const stored = await store.addFirstKey(tenant, await generateKey(secrets, tenant))
      forget(tenant)
      keep(tenant, await openRing(tenant, stored))
    },
    async publicKeys(tenant) {
      return (await ringOf(tenant)).publicKeys
    },
    async signingKey(tenant) {
      const { newest } = await ringOf(tenant)
      if (!newest) {
        throw new TenantryError('not_found', 'The tenant has no signing key', {
          hint: 'It gets one when it is created',
        })
      }
      const known = signing.get(tenant)
      if (known?.kid === newest.kid) return known
      const made = { kid: newest.kid, key: await importKey(unseal(secrets, tenant, newest)) }
      signing.set(tenant, made)
      return made
    },
    async verificationKey(tenant, kid) {
      const ring = await ringOf(tenant)
      const key = ring.verification.get(kid)
      // Another node may have made a new key since, but an invented kid must not cost a read each time.
      if (key || now() - ring.readAt < retryAfter) return key
      return (await read(tenant)).verification.get(kid)
    },
  }
}

async function generateKey(secrets: Secrets, tenant: TenantKey): Promise<Omit<StoredKey, 'createdAt'>> {
  const { privateKey } = await generateKeyPair(signatureAlgorithm, { extractable: true })
  const jwk = await exportJWK(privateKey)
  const kid = await calculateJwkThumbprint(jwk)
  return {
    kid,
    publicJwk: JSON.stringify(publicPart(kid, jwk)),
    sealedPrivateJwk: secrets.seal(JSON.stringify(jwk), boundTo(tenant, kid)),
  }
}

/**
 * The sealed key is the one that counts for its public part too: whoever can write to the table of keys but has no master
 * key cannot slip in a key of his own.
 */
function unseal(secrets: Secrets, tenant: TenantKey, key: StoredKey): JWK {
  return JSON.parse(secrets.unseal(key.sealedPrivateJwk, boundTo(tenant, key.kid))) as JWK
}

function boundTo(tenant: TenantKey, kid: string): string {
  return `signing-key/${tenant}/${kid}`
}

function publicPart(kid: string, { kty, crv, x, y }: JWK): PublicKey {
  if (kty !== 'EC' || crv !== 'P-256' || x === undefined || y === undefined) {
    throw new TenantryError('internal', 'A stored signing key is not a P-256 key')
  }
  return { kid, kty: 'EC', crv: 'P-256', x, y, alg: signatureAlgorithm, use: 'sig' }
}

async function importKey(jwk: JWK): Promise<CryptoKey> {
  const key = await importJWK(jwk, signatureAlgorithm)
  if (key instanceof Uint8Array) throw new TenantryError('internal', 'A stored signing key is not a P-256 key')
  return key
}
