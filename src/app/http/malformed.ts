import { type IncomingMessage, ServerResponse, STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import { respondError } from '../../api/rest/errors.ts'
import { TenantryError } from '../../core/errors.ts'

/** Answers bytes that are no request of HTTP, in the form of every error, and closes the connection. */
export function answerMalformed(error: Error & { readonly code?: string }, socket: Socket): void {
  if (error.code !== 'ECONNRESET' && socket.writable && isItsTurn(socket)) {
    const { status, headers, body } = lastAnswer(malformed(error.code))
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
    socket.write(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${lines.join('')}\r\n${body}`)
  }
  socket.destroy()
}

/** `Expect` with anything but 100-continue. */
export function answerExpectation(_request: IncomingMessage, response: ServerResponse): void {
  const error = new TenantryError('invalid', 'Expect can only be 100-continue', { reason: 'expectation_failed' })
  const { status, headers, body } = lastAnswer(error)
  response.writeHead(status, headers).end(body)
}

/** The last on its connection. */
function lastAnswer(error: TenantryError) {
  const { status, headers, body } = respondError(error, { anonymous: true })
  const text = body ?? ''
  const length = Buffer.byteLength(text)
  const ours = { 'Content-Length': length, 'X-Content-Type-Options': 'nosniff', Connection: 'close' }
  return { status, headers: { ...headers, ...ours }, body: text }
}

/** Not inside another answer, and not in the place of one to a request that was well-formed. */
function isItsTurn(socket: Socket): boolean {
  const current: unknown = Reflect.get(socket, '_httpMessage')
  return !(current instanceof ServerResponse) || (!current.headersSent && !current.req.complete)
}

function malformed(code: string | undefined): TenantryError {
  switch (code) {
    case 'HPE_HEADER_OVERFLOW':
      return new TenantryError('too_large', 'The headers are too large', {
        reason: 'headers_too_large',
        hint: 'They have 16 KiB at most, with the address',
      })
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return new TenantryError('invalid', 'The request did not come in time', { reason: 'request_timeout' })
    case 'HPE_CHUNK_EXTENSIONS_OVERFLOW':
      return new TenantryError('too_large', 'The extensions of a chunk are too large')
    default:
      return new TenantryError('invalid', 'This is no request of HTTP/1.1')
  }
}
