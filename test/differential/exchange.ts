import type { Answer as HttpAnswer } from '../http/client.ts'
import { type Request, showRequest } from './request.ts'
import { peerSchema } from './tables.ts'

/** Headers that mean something to a caller of the dialect. */
const comparedHeaders = [
  'content-range',
  'content-type',
  'location',
  'preference-applied',
  'content-location',
  'allow',
] as const

/** What of two answers can be unlike. `rows`: what the tables hold afterwards. */
export type Part =
  | 'status'
  | (typeof comparedHeaders)[number]
  | 'body'
  | 'code'
  | 'message'
  | 'details'
  | 'hint'
  | 'rows'
  | 'second tenant'

/** An answer with the parts that are compared, and without what differs from run to run. */
export interface Answer {
  readonly status: number
  readonly headers: Readonly<Partial<Record<(typeof comparedHeaders)[number], string>>>
  readonly body: string
  /** The members of an error's body. */
  readonly error: Readonly<Record<string, unknown>> | undefined
}

/** One request, what both sides answered and in which parts they are unlike. */
export interface Exchange {
  readonly request: Request
  /** PostgREST's. */
  readonly peer: Answer
  /** Tenantry's. */
  readonly ours: Answer
  /** Tenantry's to another tenant with the same rows. */
  readonly toSecond: Answer
  readonly unlike: readonly Part[]
  /** Lines that show what is unlike in rows, or between tenants. */
  readonly notes: readonly string[]
}

/** The answer without the place where the side serves its entities, `/acme/shop/v1`. */
export function readAnswer({ status, headers, text }: HttpAnswer, base: string): Answer {
  const compared = comparedHeaders.flatMap(name => {
    const value = headers[name]
    return typeof value === 'string'
      ? [[name, maskMade(value.startsWith(`${base}/`) ? value.slice(base.length) : value)]]
      : []
  })
  return {
    status,
    headers: Object.fromEntries(compared),
    body: maskMade(text),
    error: status >= 300 ? parseError(nameSchema(text)) : undefined,
  }
}

/** The peer's tables stand in a schema of another name. */
function nameSchema(text: string): string {
  return text.replaceAll(`'${peerSchema}'`, "'shop_v1'").replaceAll(`${peerSchema}.`, 'shop_v1.')
}

/** Times of today and ids of version 7 are made by the database; the rows of the test have none of either. */
export function maskMade(text: string): string {
  const days = [0, 1].map(ago => new Date(Date.now() - ago * 86_400_000).toISOString().slice(0, 10))
  return text
    .replace(new RegExp(`(?:${days.join('|')})[T ][\\d:.]+(?:Z|\\+00(?::00)?)`, 'g'), '(now)')
    .replace(/0[\da-f]{7}-[\da-f]{4}-7[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}/g, '(new id)')
}

function parseError(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null && 'code' in value ? { ...value } : undefined
  } catch {
    return undefined
  }
}

/** Bodies are compared byte by byte: both let PostgreSQL make the JSON. Those of errors by their four members. */
export function unlikeParts(peer: Answer, ours: Answer): Part[] {
  const parts: Part[] = []
  if (peer.status !== ours.status) parts.push('status')
  parts.push(...comparedHeaders.filter(name => peer.headers[name] !== ours.headers[name]))
  if (!peer.error || !ours.error) return peer.body === ours.body ? parts : [...parts, 'body']
  if (peer.body === '' && ours.body === '') return parts
  const members = ['code', 'message', 'details', 'hint'] as const
  const unlike = members.filter(name => JSON.stringify(peer.error?.[name]) !== JSON.stringify(ours.error?.[name]))
  return [...parts, ...unlike]
}

/** For people: the request, what is unlike, and both answers around the first place where they part. */
export function showExchange({ request, peer, ours, unlike, notes }: Exchange): string {
  const at = firstDifference(peer.body, ours.body)
  return [
    showRequest(request),
    `  unlike: ${unlike.join(', ')}`,
    showAnswer('PostgREST', peer, at),
    showAnswer('Tenantry ', ours, at),
    ...notes.slice(0, 6).map(note => `  ${note.slice(0, 300)}`),
  ].join('\n')
}

function showAnswer(side: string, { status, headers, body }: Answer, at: number): string {
  const shown = Object.entries(headers).map(([name, value]) => `${name}: ${value}`)
  const start = Math.max(0, at - 120)
  const part = `${start > 0 ? '…' : ''}${body.slice(start, at + 180)}${body.length > at + 180 ? '…' : ''}`
  return `  ${side} ${[status, ...shown].join(' | ')}\n    ${part.replaceAll('\n', '\n    ')}`
}

/** Where two texts part; 0 when they do not. */
export function firstDifference(one: string, other: string): number {
  const length = Math.min(one.length, other.length)
  for (let at = 0; at < length; at += 1) if (one[at] !== other[at]) return at
  return one.length === other.length ? 0 : length
}
