import type { FastifyReply, FastifyRequest } from 'fastify'
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import type { Platform } from './platform.ts'

/** What is told about every request: to the log by tenant, to the metrics without it (tenants are too many for labels). */
export interface Observer {
  readonly contentType: string
  metrics(tenants: number): Promise<string>
  onResponse(request: FastifyRequest, reply: FastifyReply): void
}

export function createObserver({ log, postgres, product }: Platform): Observer {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  const requests = new Counter({
    name: 'tenantry_http_requests_total',
    help: 'Answered requests',
    labelNames: ['module', 'method', 'status'],
    registers: [registry],
  })
  const seconds = new Histogram({
    name: 'tenantry_http_request_seconds',
    help: 'Time to answer',
    labelNames: ['module'],
    buckets: [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10],
    registers: [registry],
  })
  const tenantCount = new Gauge({ name: 'tenantry_tenants', help: 'Tenants in the catalog', registers: [registry] })
  const connections = new Gauge({
    name: 'tenantry_database_connections',
    help: 'Open pipelined connections',
    registers: [registry],
  })
  const waiting = new Gauge({
    name: 'tenantry_database_waiting',
    help: 'Statements that wait for a connection',
    registers: [registry],
  })
  const modules = new Set(product.modules.modules.map(({ name }) => name))

  return {
    contentType: registry.contentType,
    metrics(tenants) {
      const load = postgres.load()
      tenantCount.set(tenants)
      connections.set(load.connections)
      waiting.set(load.waiting)
      return registry.metrics()
    },
    onResponse(request, reply) {
      const { method, url, id } = request
      const question = url.indexOf('?')
      const path = question < 0 ? url : url.slice(0, question)
      const [, tenant, segment = ''] = path.split('/', 3)
      const module = modules.has(segment) ? segment : tenant === '-' ? 'platform' : 'other'
      const elapsed = reply.elapsedTime
      requests.inc({ module, method, status: reply.statusCode })
      seconds.observe({ module }, elapsed / 1_000)
      log.info({
        reqId: id,
        tenant: tenant === '-' ? undefined : tenant?.slice(0, 64),
        method,
        path: path.slice(0, 256),
        status: reply.statusCode,
        ms: Math.round(elapsed * 100) / 100,
      })
    },
  }
}
