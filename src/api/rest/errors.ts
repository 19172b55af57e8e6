import { errorStatus, type TenantryError } from '../../core/errors.ts'
import type { RestResponse } from './request.ts'

/** Statuses of reasons that PostgREST, or HTTP itself, answers otherwise than `errorStatus` would. */
const statusOfReason: Readonly<Record<string, number>> = {
  PGRST101: 405,
  PGRST103: 416,
  PGRST105: 405,
  PGRST106: 406,
  PGRST107: 406,
  PGRST116: 406,
  PGRST117: 405,
  PGRST200: 400,
  PGRST201: 300,
  PGRST202: 404,
  PGRST203: 300,
  PGRST204: 400,
  PGRST205: 404,
  PGRST301: 401,
  PGRST302: 401,
  '23503': 409,
  '23505': 409,
  '25006': 405,
  '42501': 403,
  '42703': 400,
  '42883': 404,
  '42P01': 404,
  request_timeout: 408,
  expectation_failed: 417,
  headers_too_large: 431,
  graphql_method: 405,
  graphql_accept: 406,
  graphql_media_type: 415,
}

/** An error as PostgREST shows it. `anonymous`: the caller sent no token, so that what is forbidden needs one. */
export function respondError(error: TenantryError, { anonymous }: { readonly anonymous: boolean }): RestResponse {
  const status = statusOf(error, anonymous)
  const { message, hint, fields } = error
  const details = error.detailList ?? error.details
  return {
    status,
    headers: {
      'Content-Type': 'application/json; charset=utf-8',
      ...(status === 401 && { 'WWW-Authenticate': 'Bearer' }),
      ...(error.retryAfter !== undefined && { 'Retry-After': String(Math.ceil(error.retryAfter)) }),
    },
    body: JSON.stringify({ code: error.reason ?? error.code, message, details, hint, ...(fields && { fields }) }),
  }
}

export function statusOf({ code, reason = '' }: TenantryError, anonymous: boolean): number {
  if (reason === '42501' && anonymous) return 401
  const known = Object.hasOwn(statusOfReason, reason) ? statusOfReason[reason] : undefined
  return known ?? errorStatus[code]
}
