import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { RestRequest } from '../../api/rest/request.ts'

export const restMethods = ['GET', 'HEAD', 'POST', 'PATCH', 'PUT', 'DELETE']

/** Bodies stay text: numbers keep their digits on the way to the database. */
export function keepBodiesAsText(app: FastifyInstance): void {
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', { parseAs: 'string' }, (_request, body, done) => done(null, body))
}

/** What a REST request says, whatever it is about. */
export function partsOf({
  originalUrl,
  method,
  headers,
  body,
}: FastifyRequest): Pick<RestRequest, 'method' | 'query' | 'headers' | 'body' | 'locationBase'> {
  const question = originalUrl.indexOf('?')
  return {
    method,
    query: question < 0 ? '' : originalUrl.slice(question + 1),
    headers,
    body: typeof body === 'string' && body !== '' ? body : undefined,
    // As the client wrote it: on a tenant's own host without the tenant in front.
    locationBase: question < 0 ? originalUrl : originalUrl.slice(0, question),
  }
}
