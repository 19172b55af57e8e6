import type { BenchCase } from './cases.ts'

export interface RequestParts {
  readonly method: string
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string | undefined
}

/** A request as it goes over the wire. */
export function requestText({ method, path, headers, body }: RequestParts): string {
  const all = {
    host: '127.0.0.1',
    ...headers,
    ...(body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) }),
  }
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}`)
  return `${method} ${path} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n${body ?? ''}`
}

/** A case as Tenantry is asked. */
export function tenantryRequest(
  { method, module, entity, query, headers, body }: BenchCase,
  { tenant, token, id }: { readonly tenant: string; readonly token: string; readonly id: string },
): RequestParts {
  const path = `/${tenant}/${module.replace('@', '/v')}/${entity}${query === '' ? '' : `?${query.replace('{id}', id)}`}`
  return { method, path, headers: { authorization: `Bearer ${token}`, ...headers }, body }
}
