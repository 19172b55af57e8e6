import type { FastifyReply, FastifyRequest } from 'fastify'
import type { PageFile } from '../page-files.ts'
import { nothingHere } from './unknown-route.ts'

/** Packed for who takes that, and nothing for who has it. Throws `not_found` for what is no file of the page. */
export async function sendPageFile(
  { headers }: FastifyRequest,
  reply: FastifyReply,
  found: Promise<PageFile> | undefined,
): Promise<FastifyReply> {
  const file = await found
  if (!file) throw nothingHere()
  reply.headers({ ETag: file.etag, 'Cache-Control': 'public, max-age=3600', Vary: 'Accept-Encoding' })
  if (headers['if-none-match'] === file.etag) return reply.code(304).send()
  reply.type(file.type)
  if (!/\bgzip\b/.test(String(headers['accept-encoding'] ?? ''))) return reply.send(file.plain)
  return reply.header('Content-Encoding', 'gzip').send(file.packed)
}
