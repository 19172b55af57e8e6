import type { FastifyReply, FastifyRequest } from 'fastify'

const exposed =
  'Content-Encoding, Content-Location, Content-Range, Content-Type, Date, ETag, Idempotency-Replayed, Link, Location, Preference-Applied, Retry-After, X-Request-Id'

/**
 * Any page may call the API: a caller is known by its bearer token, which no browser sends by itself, so that there are no
 * credentials a foreign page could borrow.
 */
export function allowOrigin(request: FastifyRequest, reply: FastifyReply): void {
  if (request.headers.origin === undefined) return
  reply.header('Access-Control-Allow-Origin', '*')
  reply.header('Access-Control-Expose-Headers', exposed)
}

export async function answerPreflight(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const asked = request.headers['access-control-request-headers']
  reply.header('Allow', 'OPTIONS,GET,HEAD,POST,PUT,PATCH,DELETE')
  reply.header('Access-Control-Allow-Origin', '*')
  reply.header('Access-Control-Allow-Methods', 'GET, POST, PATCH, PUT, DELETE, OPTIONS, HEAD')
  reply.header(
    'Access-Control-Allow-Headers',
    typeof asked === 'string' && /^[\w, -]{1,1000}$/.test(asked) ? `Authorization, ${asked}` : 'Authorization',
  )
  reply.header('Access-Control-Max-Age', '86400')
  return reply.code(200).send()
}
