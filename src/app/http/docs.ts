import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { findPageFile } from '../docs/files.ts'
import { docsPage, pagePolicy } from '../docs/page.ts'
import type { Platform } from '../platform.ts'
import { nothingHere } from './unknown-route.ts'

/** Pages that show the OpenAPI documents beside them. They hold nothing of any tenant, so they need no token. */
export async function docsRoutes(app: FastifyInstance, { product }: Platform): Promise<void> {
  const page = docsPage(product.config.name)
  for (const base of ['/:tenant', '/:tenant/:module/:version']) {
    app.get(`${base}/docs`, async (_request, reply) =>
      reply
        .type('text/html; charset=utf-8')
        .headers({
          'Content-Security-Policy': pagePolicy,
          'Referrer-Policy': 'no-referrer',
          'Cross-Origin-Opener-Policy': 'same-origin',
          'Cache-Control': 'public, max-age=300',
        })
        .send(page),
    )
    app.get<{ Params: { file: string } }>(`${base}/docs/:file`, (request, reply) =>
      sendFile(request, reply, request.params.file),
    )
  }
}

async function sendFile({ headers }: FastifyRequest, reply: FastifyReply, name: string): Promise<FastifyReply> {
  const file = await findPageFile(name)
  if (!file) throw nothingHere()
  reply.headers({ ETag: file.etag, 'Cache-Control': 'public, max-age=3600', Vary: 'Accept-Encoding' })
  if (headers['if-none-match'] === file.etag) return reply.code(304).send()
  reply.type(file.type)
  if (!/\bgzip\b/.test(String(headers['accept-encoding'] ?? ''))) return reply.send(file.plain)
  return reply.header('Content-Encoding', 'gzip').send(file.packed)
}
