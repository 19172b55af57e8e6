/**
 * The tenant in a host name: `acme` of `acme.example.com` where `domain` is `example.com`. Undefined for any other host, so
 * that a made-up Host header names nobody. Forwarding headers are not looked at. Pure.
 */
export function tenantOfHost(host: string | undefined, domain: string | undefined): string | undefined {
  if (domain === undefined || host === undefined) return undefined
  const name = host.toLowerCase().replace(/:\d{1,5}$/, '')
  if (!name.endsWith(`.${domain}`)) return undefined
  const key = name.slice(0, -domain.length - 1)
  return /^[a-z0-9][a-z0-9-]{0,30}[a-z0-9]$/.test(key) ? key : undefined
}
