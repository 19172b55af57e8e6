import type { Answer } from '../../core/plan.ts'
import { contentType } from './accept.ts'
import type { ParsedCall } from './call.ts'
import { preferenceApplied } from './prefer.ts'
import type { RestResponse } from './request.ts'
import { contentRange, respondRows } from './respond.ts'

/** The HTTP answer to a call, as PostgREST 12 gives it. */
export function respondCall({ plan, head, mediaType, preferences }: ParsedCall, answer: Answer): RestResponse {
  const { rows, total } = answer
  const applied = preferenceApplied(preferences, 'call', { softDelete: false, sharing: false })
  const offset = plan.offset ?? 0
  const about = {
    'Content-Range': contentRange(offset, rows, total),
    ...(applied !== undefined && { 'Preference-Applied': applied }),
  }
  if (plan.action.output.kind === 'nothing') return { status: 204, headers: about, body: null }
  return respondRows(answer, { offset, head, headers: { ...about, 'Content-Type': contentType(mediaType) } })
}
