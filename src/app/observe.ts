import type { FastifyReply, FastifyRequest } from 'fastify'
import { AggregatorRegistry, Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import type { Platform } from './platform.ts'
import { isWorker } from './worker-share.ts'
import { metricsOfAll } from './workers.ts'

/** What is told about every request: to the log by tenant, to the metrics without it (tenants are too many for labels). */
export interface Observer {
  readonly contentType: string
  metrics(): Promise<string>
  onResponse(request: FastifyRequest, reply: FastifyReply): void
}

export function createObserver({ log, postgres, product, catalog }: Platform): Observer {
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
  const gauge = (name: string, help: string, value: () => number, aggregator: 'sum' | 'max' = 'sum') =>
    new Gauge({
      name,
      help,
      aggregator,
      registers: [registry],
      collect() {
        this.set(value())
      },
    })
  gauge('tenantry_tenants', 'Tenants in the catalog', () => catalog.list().length, 'max')
  gauge('tenantry_database_connections', 'Open pipelined connections', () => postgres.load().connections)
  gauge('tenantry_database_waiting', 'Statements that wait for a connection', () => postgres.load().waiting)
  // One worker of several is asked for all of them.
  if (isWorker) {
    new AggregatorRegistry()
    AggregatorRegistry.setRegistries(registry)
  }
  const apis = Object.keys(product.config.products ?? {}).map(id => id.split('@', 1)[0] ?? id)
  const modules = new Set([...product.modules.modules.map(({ name }) => name), ...apis])

  return {
    contentType: registry.contentType,
    metrics: () => (isWorker ? metricsOfAll() : registry.metrics()),
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
