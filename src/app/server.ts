import { randomBytes } from 'node:crypto'
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'
import type { ModuleRoute } from '../api/openapi-routes.ts'
import { TenantryError } from '../core/errors.ts'
import { tenantOfHost } from '../gateway/tenant-host.ts'
import { allowOrigin, answerPreflight } from './http/cors.ts'
import { docsRoutes } from './http/docs.ts'
import { answerError } from './http/errors.ts'
import { graphqlRoutes } from './http/graphql.ts'
import { wantsSocket } from './http/graphql-socket.ts'
import { answerExpectation, answerMalformed } from './http/malformed.ts'
import { moduleRoutes } from './http/module-routes.ts'
import { openApiRoutes } from './http/openapi.ts'
import { healthRoutes, platformRoutes } from './http/platform-routes.ts'
import { restRoutes } from './http/rest.ts'
import { rpcRoutes } from './http/rpc.ts'
import { startPage } from './http/start-page.ts'
import { answerUnknownRoute, nothingHere } from './http/unknown-route.ts'
import { createObserver } from './observe.ts'
import type { Platform } from './platform.ts'

export interface RunningServer {
  /** Where it listens: `http://127.0.0.1:4040`. */
  readonly url: string
  /** Takes nothing new, finishes what is in flight (at most 10 s), closes. */
  close(): Promise<void>
}

const bodyLimit = 10 * 1024 * 1024
const drainTime = 10_000

/**
 * Serves HTTP and, where it is all of the product, lets commands know where. Throws `conflict` when the port is taken. `port`:
 * in place of the environment's.
 */
export async function startServer(
  platform: Platform,
  { port = platform.environment.port }: { readonly port?: number } = {},
): Promise<RunningServer> {
  const app = await createApp(platform)
  const { host, publicUrl } = platform.environment
  const { alone } = platform.product
  await app.listen({ host, port }).catch(async error => {
    await app.close()
    throw listenError(error, host, port, alone === undefined ? undefined : `tenantry serve ${alone} --port`)
  })
  const address = app.server.address()
  const listening = typeof address === 'object' && address ? address.port : port
  const name = host.includes(':') ? `[${host}]` : host
  if (alone === undefined) {
    const reached = ['0.0.0.0', '[::]'].includes(name) ? 'localhost' : name
    await platform.setPublicUrl(publicUrl ?? `http://${reached}:${listening}`)
  }
  return {
    url: `http://${name}:${listening}`,
    async close() {
      // Whoever is still not done after that is cut off.
      const timer = setTimeout(() => app.server.closeAllConnections(), drainTime)
      await app.close()
      clearTimeout(timer)
    },
  }
}

/** The platform as one Fastify app: hooks first, then each group of routes. */
async function createApp(platform: Platform): Promise<FastifyInstance> {
  const { log, product } = platform
  const observer = createObserver(platform)
  const node = randomBytes(4).toString('hex')
  let count = 0

  const app = fastify({
    logger: false,
    bodyLimit,
    requestTimeout: 30_000,
    forceCloseConnections: 'idle',
    // A member that a schema does not know is refused: left out in silence, a mistyped one would change what is done.
    ajv: { customOptions: { removeAdditional: false } },
    frameworkErrors: (error, request, reply) => {
      addCommonHeaders(request, reply)
      answerError(log, error, request, reply)
    },
    clientErrorHandler: answerMalformed,
    // Node's own refusal has no body.
    http: { requireHostHeader: false, shouldUpgradeCallback: wantsSocket },
    exposeHeadRoutes: false,
    genReqId: () => `${node}-${(++count).toString(36)}`,
    routerOptions: { maxParamLength: 256 },
    rewriteUrl: request => {
      const url = request.url ?? '/'
      const tenant = tenantOfHost(request.headers.host, product.config.tenantDomain)
      return tenant === undefined ? url : `/${tenant}${url}`
    },
  })
  app.server.on('checkExpectation', answerExpectation)
  app.addHook('onRequest', (request, reply, done) => {
    addCommonHeaders(request, reply)
    done(request.headers.host === undefined ? hostNeeded(request) : undefined)
  })
  app.addHook('onResponse', (request, reply, done) => {
    observer.onResponse(request, reply)
    done()
  })
  app.setErrorHandler((error, request, reply) => answerError(log, error, request, reply))
  app.setNotFoundHandler(async request => answerUnknownRoute(platform, request))

  app.options('/*', answerPreflight)
  app.get('/', async (_request, reply) =>
    reply
      .type('text/html; charset=utf-8')
      .header('Content-Security-Policy', "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'")
      .send(startPage(platform)),
  )
  app.get<{ Params: { tenant: string } }>('/:tenant/auth/jwks', async (request, reply) => {
    const keys = await platform.identity.jwks(request.params.tenant)
    if (keys.keys.length === 0) throw nothingHere()
    return reply.header('Cache-Control', 'public, max-age=300').header('Access-Control-Allow-Origin', '*').send(keys)
  })
  await app.register(async inside => healthRoutes(inside, platform, observer), { prefix: '/-' })
  if (product.alone === undefined)
    await app.register(async inside => platformRoutes(inside, platform), { prefix: '/-' })
  await app.register(async inside => restRoutes(inside, platform))
  await app.register(async inside => rpcRoutes(inside, platform))
  await app.register(async inside => graphqlRoutes(inside, platform))
  await app.register(async inside => docsRoutes(inside, platform))
  const routes: ModuleRoute[] = []
  await app.register(async inside => moduleRoutes(inside, platform, routes))
  await app.register(async inside => openApiRoutes(inside, { platform, routes }))
  return app
}

function addCommonHeaders(request: FastifyRequest, reply: FastifyReply): void {
  reply.header('X-Request-Id', request.id)
  reply.header('X-Content-Type-Options', 'nosniff')
  allowOrigin(request, reply)
}

/** HTTP/1.0 knew no hosts. */
function hostNeeded({ raw }: FastifyRequest): TenantryError | undefined {
  return raw.httpVersion === '1.0' ? undefined : new TenantryError('invalid', 'A request has a Host header')
}

function listenError(error: unknown, host: string, port: number, command = ''): unknown {
  if (!(error instanceof Error) || !('code' in error)) return error
  const another = port === 65_535 ? 4040 : port + 1
  if (error.code === 'EADDRINUSE') {
    return new TenantryError('conflict', `Port ${port} on ${host} is taken`, {
      hint: `Choose another one: ${command ? `${command} ${another}` : `PORT=${another} npm start`}`,
    })
  }
  if (error.code === 'EACCES')
    return new TenantryError('invalid', `Port ${port} may not be used by this user`, {
      hint: 'Choose one above 1023 with PORT',
    })
  if (error.code === 'EADDRNOTAVAIL' || error.code === 'ENOTFOUND') {
    return new TenantryError('invalid', `${host} is not an address of this machine`, {
      hint: 'Set HOST to 127.0.0.1, or 0.0.0.0 for all',
    })
  }
  return error
}
