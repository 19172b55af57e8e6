import type { Answer } from '../../core/plan.ts'
import { contentType } from './accept.ts'
import type { ParsedCall } from './call.ts'
import { respondError } from './errors.ts'
import { preferenceApplied } from './prefer.ts'
import { notSatisfiable } from './range.ts'
import type { RestResponse } from './request.ts'
import { contentRange } from './respond.ts'

/** The HTTP answer to a call, as PostgREST 12 gives it. */
export function respondCall({ plan, head, mediaType, preferences }: ParsedCall, answer: Answer): RestResponse {
  const { body, rows, total } = answer
  const applied = preferenceApplied(preferences, 'call', false)
  const offset = plan.offset ?? 0
  const about = {
    'Content-Range': contentRange(offset, rows, total),
    ...(applied !== undefined && { 'Preference-Applied': applied }),
  }
  if (plan.action.output.kind === 'nothing') return { status: 204, headers: about, body: null }
  const headers = { ...about, 'Content-Type': contentType(mediaType) }
  if (total !== null && offset > total) {
    const outside = notSatisfiable(`An offset of ${offset} was requested, but there are only ${total} rows.`)
    const error = respondError(outside, { anonymous: false })
    return { ...error, headers: { ...headers, ...error.headers }, body: head ? null : error.body }
  }
  return { status: total !== null && rows < total ? 206 : 200, headers, body: head ? null : body }
}
