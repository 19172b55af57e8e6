import type { FastifyInstance, FastifyRequest } from 'fastify'
import { TenantryError } from '../../core/errors.ts'
import { systemTenant } from '../../core/tenant.ts'
import { tokenNeeded } from '../../gateway/resolve-tenant.ts'
import type { Observer } from '../observe.ts'
import type { Platform } from '../platform.ts'
import { principalOf } from './context.ts'

const readers = ['service_admin', 'service_auditor']
const writers = ['service_admin']

interface TenantParams {
  readonly Params: { readonly tenant: string }
}

const text = { type: 'string', maxLength: 200 } as const
const addTenantSchema = {
  body: {
    type: 'object',
    additionalProperties: false,
    required: ['key'],
    properties: { key: text, name: text, subscribe: { type: 'array', maxItems: 100, items: text } },
  },
} as const
const subscribeSchema = {
  body: {
    type: 'object',
    additionalProperties: false,
    required: ['module'],
    properties: { module: text, dryRun: { type: 'boolean' } },
  },
} as const

/** `/-/`: health, metrics and the tenant catalog, for the platform's own people. */
export async function platformRoutes(app: FastifyInstance, platform: Platform, observer: Observer): Promise<void> {
  const { operations, postgres } = platform

  app.get('/health/live', async () => ({ status: 'live' }))
  app.get('/health/ready', async (_request, reply) => {
    const ready = await postgres.platform.ping().then(
      () => true,
      () => false,
    )
    return reply
      .code(ready ? 200 : 503)
      .send({ status: ready ? 'ready' : 'not ready', database: ready ? 'reachable' : 'out of reach' })
  })
  app.get('/health', async (_request, reply) => reply.redirect('/-/health/ready'))
  app.get('/metrics', async (_request, reply) => reply.type(observer.contentType).send(await observer.metrics()))

  const mayRead = (request: FastifyRequest) => allow(platform, request, readers)
  const mayWrite = (request: FastifyRequest) => allow(platform, request, writers)

  app.get('/tenants', { onRequest: mayRead }, async () => operations.listTenants())
  app.get<TenantParams>('/tenants/:tenant', { onRequest: mayRead }, async request =>
    operations.showTenant(request.params.tenant),
  )
  app.post<{ Body: { key: string; name?: string; subscribe?: string[] } }>(
    '/tenants',
    { onRequest: mayWrite, schema: addTenantSchema },
    async (request, reply) => {
      const tenant = await operations.addTenant(request.body)
      return reply.code(201).header('Location', `/-/tenants/${tenant.key}`).send(tenant)
    },
  )
  app.post<TenantParams>('/tenants/:tenant/suspend', { onRequest: mayWrite }, async request =>
    operations.suspendTenant(request.params.tenant),
  )
  app.post<TenantParams>('/tenants/:tenant/resume', { onRequest: mayWrite }, async request =>
    operations.resumeTenant(request.params.tenant),
  )
  app.delete<TenantParams & { Querystring: { confirm?: string } }>(
    '/tenants/:tenant',
    { onRequest: mayWrite },
    async request => {
      const { tenant } = request.params
      if (request.query.confirm === tenant) return operations.removeTenant(tenant)
      throw new TenantryError('invalid', 'Removing a tenant needs to be confirmed', {
        hint: `Repeat the tenant's key: ?confirm=…`,
      })
    },
  )
  app.get<TenantParams>(
    '/tenants/:tenant/subscriptions',
    { onRequest: mayRead },
    async request => operations.showTenant(request.params.tenant).subscriptions,
  )
  app.post<TenantParams & { Body: { module: string; dryRun?: boolean } }>(
    '/tenants/:tenant/subscriptions',
    { onRequest: mayWrite, schema: subscribeSchema },
    async ({ params, body }) =>
      body.dryRun
        ? operations.planSubscribe(params.tenant, body.module)
        : operations.subscribe(params.tenant, body.module),
  )
  app.delete<{ Params: { tenant: string; module: string } }>(
    '/tenants/:tenant/subscriptions/:module',
    { onRequest: mayWrite },
    async ({ params }) => operations.unsubscribe(params.tenant, params.module),
  )
}

/** Only principals whose token the system tenant issued, with one of these service roles. */
async function allow(platform: Platform, request: FastifyRequest, roles: readonly string[]): Promise<void> {
  const principal = await principalOf(platform, request)
  if (!principal) throw tokenNeeded()
  if (principal.tenant === systemTenant && principal.roles.some(role => roles.includes(role))) return
  throw new TenantryError('forbidden', 'Only the platform may do this', {
    hint: `A token of the tenant "${systemTenant}" with the role ${roles.join(' or ')}`,
  })
}
