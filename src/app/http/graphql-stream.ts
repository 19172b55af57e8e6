import { once } from 'node:events'
import { PassThrough } from 'node:stream'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { entryOf, GraphqlRefusal } from '../../api/graphql/refusal.ts'
import type { RequestSource } from '../../api/graphql/request.ts'
import { errorText } from '../../api/graphql/respond.ts'
import type { TenantContext } from '../../core/tenant-context.ts'
import { followGraphql } from '../graphql-follow.ts'
import { runGraphql } from '../graphql-run.ts'
import { serverStopping } from '../live-connections.ts'
import { loggedError } from './errors.ts'
import { hostFor, type LiveGraphql, schemaFor } from './live-graphql.ts'
import { watchAccess } from './watch-access.ts'

/** Milliseconds between two signs of life; who has read nothing of what waits for him until the next is cut off. */
const heartbeat = 12_000

/** True for a caller who accepts answers as events. */
export function acceptsEvents({ headers: { accept } }: FastifyRequest): boolean {
  return accept?.split(',').some(range => /^\s*text\/event-stream\s*(;|$)/i.test(range)) ?? false
}

/**
 * An operation's answers as events (GraphQL over SSE, one connection for each operation): `next` with each, then `complete`. `open`
 * asks again who the caller is; when he would no longer be let in, the last `next` says so.
 */
export function streamGraphql(
  live: LiveGraphql,
  request: FastifyRequest,
  reply: FastifyReply,
  asked: { readonly context: TenantContext; readonly source: RequestSource; open(): Promise<TenantContext> },
): FastifyReply {
  const { connections } = live
  const { context } = asked
  const gone = new AbortController()
  const stream = new PassThrough()
  let last: string | undefined
  const stopWith = (error: unknown) => {
    last ??= errorText([entryOf(error)])
    gone.abort()
  }
  const leave: (() => void)[] = []
  leave.push(connections.enter(() => stopWith(serverStopping())))
  try {
    leave.push(connections.take(context.tenant))
  } catch (error) {
    for (const step of leave) step()
    throw error
  }
  leave.push(watchAccess(asked.open, context, stopWith), beat(stream, reply))
  reply.raw.once('close', () => {
    gone.abort()
    stream.destroy()
    for (const step of leave.splice(0)) step()
  })
  void write(stream, answers(live, request, asked, gone.signal), () => last)
  reply.header('Content-Type', 'text/event-stream; charset=utf-8').header('Cache-Control', 'no-store')
  // A server that stops need not wait for what comes over the connection next.
  return reply.header('X-Accel-Buffering', 'no').header('Connection', 'close').send(stream)
}

async function* answers(
  { platform, graphql }: LiveGraphql,
  request: FastifyRequest,
  { context, source }: { readonly context: TenantContext; readonly source: RequestSource },
  signal: AbortSignal,
): AsyncGenerator<string> {
  const onError = (error: unknown) => loggedError(platform.log, error, request)
  try {
    const operation = graphql.prepareAny(schemaFor(graphql, context), source)
    if (operation.kind === 'subscription') {
      const host = { context, datasource: platform.postgres.datasource, sealer: platform.identity.secrets, signal }
      yield* followGraphql(operation, host)
    } else yield (await runGraphql(operation, hostFor(platform, context, signal, onError))).text
  } catch (error) {
    if (signal.aborted) return
    if (!(error instanceof GraphqlRefusal)) onError(error)
    yield errorText(error instanceof GraphqlRefusal ? error.errors : [entryOf(error)])
  }
}

async function write(stream: PassThrough, texts: AsyncIterable<string>, last: () => string | undefined): Promise<void> {
  const next = (text: string) => stream.write(`event: next\ndata: ${text}\n\n`)
  // With it the headers go out.
  stream.write(':\n\n')
  try {
    for await (const text of texts) if (!next(text)) await once(stream, 'drain')
    const error = last()
    if (error !== undefined) next(error)
    stream.end('event: complete\ndata:\n\n')
  } catch {
    stream.destroy() // The reader has gone.
  }
}

function beat(stream: PassThrough, { raw }: FastifyReply): () => void {
  let before = -1
  const timer = setInterval(() => {
    const waits = stream.readableLength + raw.writableLength > 0
    const read = (raw.socket?.bytesWritten ?? 0) - (raw.socket?.writableLength ?? 0)
    if (waits && read === before) return raw.destroy()
    before = read
    if (!waits) stream.write(':\n\n')
  }, heartbeat).unref()
  return () => clearInterval(timer)
}
