import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify'
import { respondError } from '../../api/rest/errors.ts'
import { TenantryError, toTenantryError } from '../../core/errors.ts'
import type { Log } from '../log.ts'
import { sendRest } from './rest.ts'

/** Every error of every route, as `{ code, message, details, hint }`. */
export function answerError(
  log: Log,
  thrown: unknown,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply | undefined> {
  const error = loggedError(log, thrown, request)
  return sendRest(reply, respondError(error, { anonymous: request.headers.authorization === undefined }))
}

/** Anything thrown, as one of ours; the log is told of what is nobody's fault but ours. */
export function loggedError(log: Log, thrown: unknown, request: FastifyRequest): TenantryError {
  const error = isFastifyError(thrown)
    ? fromFastify(thrown)
    : isCutOff(thrown, request)
      ? cutOff()
      : toTenantryError(thrown)
  if (error.code === 'internal') log.error({ reqId: request.id, err: error }, 'the request failed')
  else if (error.code === 'unavailable') log.warn({ reqId: request.id, err: error }, 'the request was turned away')
  return error
}

function isFastifyError(error: unknown): error is FastifyError {
  return (
    error instanceof Error && 'code' in error && typeof error.code === 'string' && /^(FST_|ERR_HTTP)/.test(error.code)
  )
}

/** The caller hung up in the middle of its request, which is no failure of ours. */
function isCutOff(error: unknown, { raw }: FastifyRequest): boolean {
  return raw.destroyed && !raw.complete && error instanceof Error && 'code' in error && error.code === 'ECONNRESET'
}

function cutOff(): TenantryError {
  return new TenantryError('invalid', 'The request ended before it was complete')
}

/** What Fastify itself refuses before a route sees it. */
function fromFastify(error: FastifyError): TenantryError {
  if (error.statusCode === 413) return new TenantryError('too_large', 'The body is too large')
  if (error.code === 'FST_ERR_BAD_URL' || error.code === 'FST_ERR_MAX_PARAM_LENGTH')
    return new TenantryError('invalid', 'The address is not percent-encoded UTF-8, or a part of it is too long')
  if (error.statusCode === 503) return new TenantryError('unavailable', 'The server is stopping', { retryAfter: 1 })
  if (error.validation) {
    return new TenantryError('invalid', 'The request does not have the form that the route asks for', {
      details: error.message,
    })
  }
  if (error.statusCode !== undefined && error.statusCode < 500) return new TenantryError('invalid', error.message)
  return toTenantryError(error)
}
