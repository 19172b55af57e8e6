import { createHmac, generateKeyPairSync, sign } from 'node:crypto'

/**
 * Tokens that look like two good ones, of the attacker's tenant and of the other's, and are signed by nobody who may. Each
 * with what is wrong with it.
 */
export function forgeTokens(own: string, other: string): readonly (readonly [wrong: string, token: string])[] {
  const [header = '', payload = '', signature = ''] = own.split('.')
  const [otherHeader = '', otherPayload = '', otherSignature = ''] = other.split('.')
  const stranger = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const jwk = stranger.publicKey.export({ format: 'jwk' })
  const signed = (first: string, second: string) => {
    const made = sign('sha256', Buffer.from(`${first}.${second}`), {
      key: stranger.privateKey,
      dsaEncoding: 'ieee-p1363',
    })
    return `${first}.${second}.${made.toString('base64url')}`
  }
  const headed = (more: object) => changed(header, more)
  const claiming = (more: object) => changed(payload, more)
  const { tenant, iss, aud } = read(otherPayload)
  const keyed = createHmac('sha256', JSON.stringify(jwk))
    .update(`${headed({ alg: 'HS256' })}.${payload}`)
    .digest('base64url')
  return [
    ['no signature', `${header}.${payload}.`],
    ...['none', 'None', 'NONE', 'ES384', 'RS256', 'HS256'].map(
      alg => [`the algorithm ${alg}`, `${headed({ alg })}.${payload}.${signature}`] as const,
    ),
    ['the algorithm none without a signature', `${headed({ alg: 'none' })}.${payload}.`],
    ['a symmetric signature', `${headed({ alg: 'HS256' })}.${payload}.${keyed}`],
    ["another token's signature", `${header}.${payload}.${otherSignature}`],
    ["another token's header and signature", `${otherHeader}.${payload}.${otherSignature}`],
    ["another token's claims", `${header}.${otherPayload}.${signature}`],
    ['another tenant', `${header}.${claiming({ tenant })}.${signature}`],
    ['another issuer', `${header}.${claiming({ tenant, iss, aud })}.${signature}`],
    ['other roles', `${header}.${claiming({ roles: ['admin', 'service_admin', 'writer'] })}.${signature}`],
    ['another instance', `${header}.${claiming({ instance: 'verify-forged' })}.${signature}`],
    ['a longer life', `${header}.${claiming({ exp: 99_999_999_999 })}.${signature}`],
    ["a stranger's signature", signed(header, payload)],
    ["a stranger's signature on the other tenant's claims", signed(otherHeader, otherPayload)],
    ['a key that it brings along', signed(headed({ jwk }), payload)],
    ['a key from elsewhere', signed(headed({ jku: 'https://verify.invalid/jwks' }), payload)],
    ['no key', signed(headed({ kid: undefined }), payload)],
    ['a key that is a path', signed(headed({ kid: '../../../dev/null' }), payload)],
    ["a stranger's issuer", signed(header, claiming({ iss: 'https://verify.invalid/auth' }))],
    ['the type of an identity', signed(headed({ typ: 'JWT' }), payload)],
    ['no token at all', 'verify'],
  ]
}

function read(part: string): Readonly<Record<string, unknown>> {
  const value: unknown = JSON.parse(Buffer.from(part, 'base64url').toString())
  return typeof value === 'object' && value !== null ? { ...value } : {}
}

function changed(part: string, more: object): string {
  return Buffer.from(JSON.stringify({ ...read(part), ...more })).toString('base64url')
}
