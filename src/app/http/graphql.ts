import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { Graphql } from '../../api/graphql/graphql.ts'
import { defaultGraphqlLimits } from '../../api/graphql/limits.ts'
import { entryOf, GraphqlRefusal } from '../../api/graphql/refusal.ts'
import { type RequestSource, sourceOfBody, sourceOfQuery } from '../../api/graphql/request.ts'
import { errorText, type MediaType, negotiateGraphql } from '../../api/graphql/respond.ts'
import { statusOf } from '../../api/rest/errors.ts'
import { onceOf } from '../../api/rest/idempotency.ts'
import { limitsOf } from '../../api/rest/limits.ts'
import { TenantryError } from '../../core/errors.ts'
import { readDocuments } from '../graphql-documents.ts'
import { runGraphql } from '../graphql-run.ts'
import { LiveConnections } from '../live-connections.ts'
import { defaultLiveLimits } from '../live-limits.ts'
import type { Platform } from '../platform.ts'
import { openContext } from './context.ts'
import { signalOf } from './disconnect.ts'
import { loggedError } from './errors.ts'
import { pageFiles, sendPage, wantsPage } from './graphql-page.ts'
import { graphqlSockets } from './graphql-socket.ts'
import { acceptsEvents, streamGraphql } from './graphql-stream.ts'
import { hostFor, type LiveGraphql, schemaFor } from './live-graphql.ts'
import { keptFor } from './rest.ts'
import { keepBodiesAsText, partsOf, restMethods } from './rest-request.ts'
import { sendTogether } from './send-together.ts'

interface Params {
  readonly tenant: string
  readonly module?: string
  readonly version?: string
}

/** GraphQL over HTTP: of one module, and of all modules of a tenant. */
export async function graphqlRoutes(app: FastifyInstance, platform: Platform): Promise<void> {
  keepBodiesAsText(app)
  const graphql = await createGraphql(platform)
  const connections = new LiveConnections({ ...defaultLiveLimits, ...platform.product.config.graphql?.live })
  const live = { platform, graphql, connections }
  graphqlSockets(app, live)
  pageFiles(app)
  const { bodyBytes: bodyLimit } = graphql.limits
  for (const url of ['/:tenant/:module/:version/graphql', '/:tenant/graphql']) {
    app.route<{ Params: Params }>({
      method: restMethods,
      bodyLimit,
      url,
      errorHandler: (error, request, reply) => answerRefused(platform, error, request, reply),
      handler: async (request, reply) => (wantsPage(request) ? sendPage(reply) : serve(live, request, reply)),
    })
  }
}

/** With what the product's config says of it. */
async function createGraphql({ product, system }: Platform): Promise<Graphql> {
  const { limits = {}, graphql = {} } = product.config
  const { introspection = true, documents = 'off' } = graphql
  const kept = new Map(
    [product.modules, system.modules].flatMap(({ modules }) =>
      modules.flatMap(({ entities }) => entities.map(entity => [entity, limitsOf(entity.limits, limits)] as const)),
    ),
  )
  const others = limitsOf({}, limits)
  return new Graphql({
    modules: product.modules.modules,
    limits: { ...defaultGraphqlLimits, ...graphql.limits },
    limitsOf: entity => kept.get(entity) ?? others,
    introspection,
    documents: documents === 'off' ? new Map() : await readDocuments(product),
    only: documents === 'only',
    now: () => performance.now(),
  })
}

async function serve(
  live: LiveGraphql,
  request: FastifyRequest<{ Params: Params }>,
  reply: FastifyReply,
): Promise<FastifyReply | undefined> {
  const { platform, graphql } = live
  const { tenant, module, version } = request.params
  const open = () => openContext(platform, request, tenant, module, version)
  const context = await open()
  const schema = schemaFor(graphql, context)
  if (acceptsEvents(request)) return streamGraphql(live, request, reply, { context, source: sourceOf(request), open })
  const type = negotiateGraphql(request.headers.accept)
  const parts = partsOf(request)
  const operation = graphql.prepare(schema, sourceOf(request))
  const deed = { target: 'graphql', writes: operation.kind === 'mutation', rollback: false }
  const once = onceOf(parts, deed, context)
  const host = hostFor(platform, context, signalOf(reply), error => loggedError(platform.log, error, request))
  const { text, replayed } = await runGraphql(operation, host, once && keptFor(platform, once))
  if (replayed) reply.header('Idempotency-Replayed', 'true')
  return send(reply, 200, type, text)
}

function sourceOf(request: FastifyRequest): RequestSource {
  const { method, query, body = '' } = partsOf(request)
  if (method === 'GET') return sourceOfQuery(query)
  if (method === 'POST') return sourceOfBody(body, request.headers['content-type'])
  throw wrongMethod(method)
}

async function send(reply: FastifyReply, status: number, type: MediaType, text: string): Promise<undefined> {
  reply.code(status).header('Content-Type', `${type}; charset=utf-8`)
  await sendTogether(() => reply.send(text))
}

/** Every error in the form of GraphQL. A document that is refused is an answer (200) to callers of the older media type. */
function answerRefused(
  platform: Platform,
  thrown: unknown,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<undefined> {
  const type = mediaTypeFor(request)
  if (thrown instanceof GraphqlRefusal)
    return send(reply, type === 'application/json' ? 200 : 400, type, errorText(thrown.errors))
  const error = loggedError(platform.log, thrown, request)
  const status = statusOf(error, request.headers.authorization === undefined)
  if (status === 401) reply.header('WWW-Authenticate', 'Bearer')
  if (status === 405) reply.header('Allow', 'GET, POST')
  if (error.retryAfter !== undefined) reply.header('Retry-After', String(Math.ceil(error.retryAfter)))
  return send(reply, status, type, errorText([entryOf(error)]))
}

/** Of an error: where the caller accepts nothing that can be made, the older one. */
function mediaTypeFor({ headers }: FastifyRequest): MediaType {
  try {
    return negotiateGraphql(headers.accept)
  } catch {
    return 'application/json'
  }
}

function wrongMethod(method: string): TenantryError {
  return new TenantryError('invalid', `GraphQL does not take ${method}`, {
    reason: 'graphql_method',
    hint: 'Use GET for queries, and POST for all',
  })
}
