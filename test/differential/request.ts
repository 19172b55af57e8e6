import type { OutgoingHttpHeaders } from 'node:http'

/** A request to both sides. */
export interface Request {
  readonly method: string
  /** Entity and query as people write them: what a URL cannot hold is percent-encoded on the way, `%` and `+` are not. */
  readonly path: string
  readonly headers: OutgoingHttpHeaders
  readonly body?: string
  /** Made up, so that it may have several faults at once. */
  readonly generated?: true
  /** Asks a PostgREST that refuses aggregates. */
  readonly withoutAggregates?: true
}

export interface Group {
  readonly name: string
  readonly requests: readonly Request[]
}

type Body = string | object

export const get = (path: string, headers: OutgoingHttpHeaders = {}): Request => ({ method: 'GET', path, headers })
export const head = (path: string, headers: OutgoingHttpHeaders = {}): Request => ({ method: 'HEAD', path, headers })
export const remove = (path: string, headers: OutgoingHttpHeaders = {}): Request => ({
  method: 'DELETE',
  path,
  headers,
})
export const post = (path: string, body: Body, headers: OutgoingHttpHeaders = {}): Request =>
  write('POST', path, body, headers)
export const patch = (path: string, body: Body, headers: OutgoingHttpHeaders = {}): Request =>
  write('PATCH', path, body, headers)
export const put = (path: string, body: Body, headers: OutgoingHttpHeaders = {}): Request =>
  write('PUT', path, body, headers)

/** `Prefer` */
export const prefer = (...preferences: readonly string[]): OutgoingHttpHeaders => ({ Prefer: preferences.join(', ') })
/** `Accept` */
export const accept = (type: string): OutgoingHttpHeaders => ({ Accept: type })
/** `Prefer: return=representation` and others. */
export const full = (...preferences: readonly string[]): OutgoingHttpHeaders =>
  prefer('return=representation', ...preferences)

export const objectType = 'application/vnd.pgrst.object+json'

function write(method: string, path: string, body: Body, headers: OutgoingHttpHeaders): Request {
  const text = typeof body === 'string' ? body : JSON.stringify(body)
  return { method, path, headers: { 'Content-Type': 'application/json', ...headers }, body: text }
}

/** The path as it goes over the wire. */
export function wirePath(path: string): string {
  return path.replace(/[^!$-;=?-[\]_a-z~]/gu, character => encodeURIComponent(character.toWellFormed()))
}

export function changesRows({ method }: Request): boolean {
  return method !== 'GET' && method !== 'HEAD' && method !== 'OPTIONS'
}

/** For people: what to paste, more or less. */
export function showRequest({ method, path, headers, body, withoutAggregates }: Request): string {
  const lines = Object.entries(headers).map(([name, value]) => `  ${name}: ${value}`)
  return [
    `${method} /${path}${withoutAggregates ? '   (db-aggregates-enabled=false)' : ''}`,
    ...lines,
    ...(body === undefined ? [] : [`  ${body}`]),
  ].join('\n')
}
