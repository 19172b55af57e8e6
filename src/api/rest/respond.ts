import type { Answer, Insert } from '../../core/plan.ts'
import { contentType } from './accept.ts'
import { respondError } from './errors.ts'
import { matchesWeakly, preconditionFailed, tagOf, varyOfTag } from './etag.ts'
import { preferenceApplied } from './prefer.ts'
import { encode } from './query-string.ts'
import { notSatisfiable } from './range.ts'
import type { ParsedRest, ReadConditions, RestResponse } from './request.ts'

type Headers = Readonly<Record<string, string>>

/** The HTTP answer to a plan that was run, as PostgREST 12 gives it. */
export function respondRest(parsed: ParsedRest, answer: Answer): RestResponse {
  switch (parsed.plan.kind) {
    case 'read':
      return respondRead(parsed, answer)
    case 'insert':
      return parsed.plan.put ? respondPut(parsed, answer) : respondInsert(parsed, parsed.plan, answer)
    case 'update':
    case 'delete':
      return respondChange(parsed, answer)
  }
}

function respondRead(parsed: ParsedRest, answer: Answer): RestResponse {
  const { offset, head, conditions } = parsed
  const { rows, total } = answer
  const tag = tagged(parsed, answer)
  if (conditions?.present) refuseOtherRevision(conditions, answer)
  if (tag.ETag !== undefined && matchesWeakly(conditions?.noneMatch, tag.ETag)) {
    return { status: 304, headers: { 'Content-Location': contentLocation(parsed), ...tag }, body: null }
  }
  // How many rows come before a page that begins after some values, nobody has counted.
  const placed = parsed.plan.kind === 'read' && parsed.plan.keyset?.after ? 0 : rows
  const headers = {
    'Content-Range': contentRange(offset, placed, total),
    'Content-Location': contentLocation(parsed),
    ...typed(parsed),
    ...applied(parsed),
    ...tag,
    ...(answer.next !== undefined && parsed.nextLink && { Link: parsed.nextLink(answer.next) }),
  }
  return respondRows(answer, { offset, head, headers })
}

/** Rows that were asked for: all that there are, a part of them, or none because they begin behind the last one. */
export function respondRows(
  { body, stream, rows, total }: Answer,
  { offset, head, headers }: { readonly offset: number; readonly head: boolean; readonly headers: Headers },
): RestResponse {
  if (total !== null && offset > total) {
    const outside = notSatisfiable(`An offset of ${offset} was requested, but there are only ${total} rows.`)
    const error = respondError(outside, { anonymous: false })
    return { ...error, headers: { ...headers, ...error.headers }, body: head ? null : error.body }
  }
  return {
    status: total !== null && rows < total ? 206 : 200,
    headers,
    body: head ? null : body,
    ...(stream && { stream }),
  }
}

function respondInsert(parsed: ParsedRest, plan: Insert, answer: Answer): RestResponse {
  const { preferences } = parsed
  const location = preferences.return === 'headers-only' ? locationOf(parsed, plan, answer) : undefined
  const headers = {
    ...(location !== undefined && { Location: location }),
    'Content-Range': writtenRange(parsed, answer),
    ...applied(parsed),
    ...tagged(parsed, answer),
  }
  const status = answer.inserted === 0 ? 200 : 201
  if (preferences.return !== 'representation') return { status, headers, body: null }
  return { status, headers: { ...headers, ...typed(parsed) }, body: answer.body }
}

function respondPut(parsed: ParsedRest, answer: Answer): RestResponse {
  const headers = { ...applied(parsed), ...tagged(parsed, answer) }
  if (parsed.preferences.return !== 'representation') return { status: 204, headers, body: null }
  const status = answer.inserted === 0 ? 200 : 201
  return { status, headers: { ...typed(parsed), ...headers }, body: answer.body }
}

function respondChange(parsed: ParsedRest, answer: Answer): RestResponse {
  const total = parsed.preferences.count ? answer.rows : null
  const range = parsed.plan.kind === 'update' ? contentRange(0, answer.rows, total) : writtenRange(parsed, answer)
  const headers = { 'Content-Range': range, ...applied(parsed), ...tagged(parsed, answer) }
  if (parsed.preferences.return !== 'representation') return { status: 204, headers, body: null }
  return { status: 200, headers: { ...headers, ...typed(parsed) }, body: answer.body }
}

/** The tag of the one row, when it has one. */
function tagged(parsed: ParsedRest, { revision }: Answer): { readonly ETag?: string; readonly Vary?: string } {
  return revision === undefined ? {} : { ETag: tagOf(parsed, revision), Vary: varyOfTag }
}

function refuseOtherRevision({ revisions }: ReadConditions, { rows, revision }: Answer): void {
  const matches = revisions ? revision !== undefined && revisions.includes(revision) : rows === 1
  if (!matches) throw preconditionFailed()
}

/** `0-19/57`, or `*` for no rows and for a total that nobody asked for. */
export function contentRange(offset: number, rows: number, total: number | null): string {
  const range = rows > 0 && total !== 0 ? `${offset}-${offset + rows - 1}` : '*'
  return `${range}/${total ?? '*'}`
}

/** Rows that were put in or taken out have no place in a list. */
function writtenRange({ preferences }: ParsedRest, { rows }: Answer): string {
  return contentRange(0, 0, preferences.count ? rows : null)
}

function typed({ mediaType }: ParsedRest): Headers {
  return { 'Content-Type': contentType(mediaType) }
}

function applied({ plan, preferences }: ParsedRest): Headers {
  const deed = plan.kind === 'insert' && plan.put ? 'put' : plan.kind
  const value = preferenceApplied(preferences, deed, plan.entity)
  return value === undefined ? {} : { 'Preference-Applied': value }
}

function contentLocation({ locationBase, query: { text } }: ParsedRest): string {
  return text === '' ? locationBase : `${locationBase}?${text}`
}

/** Where the new row is, when it is one: `/acme/customers/v1/customers?id=eq.…` */
function locationOf({ locationBase }: ParsedRest, { entity }: Insert, { body, rows }: Answer): string | undefined {
  if (rows !== 1 || body === '') return undefined
  const parsed: unknown = JSON.parse(body)
  const row: Readonly<Record<string, unknown>> = Array.isArray(parsed) ? parsed[0] : parsed
  return `${locationBase}?${entity.key.map(field => `${encode(field)}=${encode(matching(row[field]))}`).join('&')}`
}

function matching(value: unknown): string {
  if (value === null || value === undefined) return 'is.null'
  return `eq.${typeof value === 'object' ? JSON.stringify(value) : String(value)}`
}
