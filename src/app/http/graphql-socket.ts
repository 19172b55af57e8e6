import { randomBytes } from 'node:crypto'
import { type IncomingMessage, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import type { FastifyInstance } from 'fastify'
import { handleProtocols } from 'graphql-ws'
import { type WebSocket, WebSocketServer } from 'ws'
import { TenantryError, toTenantryError } from '../../core/errors.ts'
import { tenantOfHost } from '../../gateway/tenant-host.ts'
import type { ContextRequest } from './context.ts'
import { SocketSession } from './graphql-session.ts'
import type { LiveGraphql, SocketTarget } from './live-graphql.ts'

/** Bytes of one message; what is larger goes by POST. */
const mostMessage = 1024 * 1024
/** Bytes that a reader may leave unread; with more it is closed. */
const mostUnread = 16 * 1024 * 1024
/** Milliseconds between two signs of life; who answers none until the next is gone. */
const heartbeat = 12_000

/** Undefined for an address without GraphQL. Pure. */
function socketTarget(url: string, hostTenant: string | undefined): SocketTarget | undefined {
  const path = url.split('?', 1)[0] ?? ''
  try {
    const parts = `${hostTenant === undefined ? '' : `/${hostTenant}`}${path}`.split('/').map(decodeURIComponent)
    const [start, tenant = '', ...rest] = parts
    if (start !== '' || tenant === '' || rest.at(-1) !== 'graphql') return undefined
    if (rest.length === 1) return { tenant, module: undefined, version: undefined }
    const [module, version] = rest
    return rest.length === 3 ? { tenant, module, version } : undefined
  } catch {
    return undefined
  }
}

/** True for a request that is to become a WebSocket; any other upgrade is not made, and the request answered as if it had not asked. */
export function wantsSocket({ method, headers }: IncomingMessage): boolean {
  return method === 'GET' && headers.upgrade?.toLowerCase() === 'websocket'
}

/** Operations over WebSocket (`graphql-transport-ws`), at the addresses that take them by POST. */
export function graphqlSockets(app: FastifyInstance, live: LiveGraphql): void {
  const { platform, connections } = live
  const { tenantDomain } = platform.product.config
  const server = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    maxPayload: mostMessage,
    handleProtocols,
  })
  const node = randomBytes(4).toString('hex')
  let count = 0

  app.server.on('upgrade', (request, socket, head) => {
    const hostTenant = tenantOfHost(request.headers.host, tenantDomain)
    const target = wantsSocket(request) ? socketTarget(request.url ?? '', hostTenant) : undefined
    if (!target) return answerPlainly(app, request, socket)
    server.handleUpgrade(request, socket, head, opened => {
      const asked: ContextRequest = {
        id: `${node}-s${(++count).toString(36)}`,
        method: 'GET',
        originalUrl: request.url ?? '',
        headers: request.headers,
      }
      openSocket(opened, live, asked, target)
    })
  })
  app.addHook('preClose', done => {
    connections.close()
    done()
  })
}

/** As Node does where nobody listens for upgrades. */
function answerPlainly(app: FastifyInstance, request: IncomingMessage, socket: Duplex): void {
  const response = new ServerResponse(request)
  response.shouldKeepAlive = false
  // An upgrade's socket is the connection itself.
  response.assignSocket(socket as Parameters<ServerResponse['assignSocket']>[0])
  response.once('finish', () => socket.end())
  app.routing(request, response)
}

function openSocket(socket: WebSocket, live: LiveGraphql, asked: ContextRequest, target: SocketTarget): void {
  const { connections, platform } = live
  const started = performance.now()
  let leave = () => {}
  let alive = true
  const close = (code: number, reason: string) => {
    socket.close(code, shortened(reason))
    // Who does not answer that is cut off.
    setTimeout(() => socket.terminate(), 1_000).unref()
  }
  const session = new SocketSession(live, asked, target, close)
  const beat = setInterval(() => {
    if (!alive) return socket.terminate()
    alive = false
    socket.ping()
  }, heartbeat).unref()
  socket.on('error', () => {}) // What is no WebSocket closes it, as `close` tells.
  socket.on('pong', () => {
    alive = true
  })
  const closed = session.opened({
    protocol: socket.protocol,
    send: text => {
      if (socket.readyState !== socket.OPEN) return
      if (socket.bufferedAmount > mostUnread) return socket.terminate()
      return new Promise(resolve => socket.send(text, () => resolve()))
    },
    close,
    onMessage: take => {
      socket.on('message', data => {
        take(String(data)).catch(error => {
          const { code, message } = toTenantryError(error)
          close(code === 'internal' ? 4400 : 4403, code === 'internal' ? 'Invalid message' : message)
        })
      })
    },
  })
  socket.once('close', (code, reason) => {
    clearInterval(beat)
    leave()
    session.end()
    void closed(code, String(reason)).catch(() => {}) // What ran has been told by its signal.
    const { id: reqId, originalUrl } = asked
    const ms = Math.round(performance.now() - started)
    const path = originalUrl.split('?', 1)[0]?.slice(0, 256)
    platform.log.info({ reqId, tenant: target.tenant.slice(0, 64), path, code, ms }, 'a socket was closed')
  })
  try {
    leave = connections.enter(() => close(1012, 'The server is stopping'))
  } catch (error) {
    close(1013, error instanceof TenantryError ? error.message : 'Try again later')
  }
}

/** A reason has 123 bytes at most. */
function shortened(reason: string): string {
  return Buffer.byteLength(reason) <= 123 ? reason : `${Buffer.from(reason).toString('ascii', 0, 120)}...`
}
