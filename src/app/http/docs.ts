import type { FastifyInstance } from 'fastify'
import { findPageFile } from '../docs/files.ts'
import { docsPage, pagePolicy } from '../docs/page.ts'
import type { Platform } from '../platform.ts'
import { sendPageFile } from './page-file.ts'

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
      sendPageFile(request, reply, findPageFile(request.params.file)),
    )
  }
}
