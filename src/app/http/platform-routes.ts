import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { TraitsPatch } from '../../catalog/traits.ts'
import { type ActFilter, type Actor, allTenants } from '../../core/audit.ts'
import { TenantryError } from '../../core/errors.ts'
import type { Principal } from '../../core/principal.ts'
import type { SeedWish } from '../../core/seeds.ts'
import { systemTenant } from '../../core/tenant.ts'
import { tokenNeeded } from '../../gateway/resolve-tenant.ts'
import type { Observer } from '../observe.ts'
import type { Platform } from '../platform.ts'
import { principalOf } from './context.ts'
import { groupRoutes } from './group-routes.ts'
import { migrationRoutes } from './migration-routes.ts'
import { moduleBody, text } from './schemas.ts'
import { upgradeRoutes } from './upgrade-routes.ts'

const readers = ['service_admin', 'service_auditor']
const writers = ['service_admin']

interface TenantParams {
  readonly Params: { readonly tenant: string }
}

const addTenantSchema = {
  body: {
    type: 'object',
    additionalProperties: false,
    required: ['key'],
    properties: { key: text, name: text, subscribe: { type: 'array', maxItems: 100, items: text } },
  },
} as const
const traitsSchema = {
  body: {
    type: 'object',
    additionalProperties: false,
    properties: {
      name: text,
      edition: { type: ['string', 'null'], maxLength: 200 },
      cohort: { type: ['string', 'null'], maxLength: 200 },
      flags: { type: 'object', maxProperties: 100, additionalProperties: { type: 'boolean' } },
    },
  },
} as const

const flag = { type: 'boolean' } as const
const seedSchema = {
  body: {
    type: ['object', 'null'],
    additionalProperties: false,
    properties: { module: text, force: flag, temporary: flag, dryRun: flag },
  },
} as const
const deseedSchema = {
  body: { type: ['object', 'null'], additionalProperties: false, properties: { module: text, dryRun: flag } },
} as const

const auditSchema = {
  querystring: {
    type: 'object',
    additionalProperties: false,
    properties: {
      ...{ tenant: text, subject: { type: 'string', maxLength: 255 }, verb: text, target: text, requestId: text },
      before: { type: 'integer', minimum: 1, maximum: Number.MAX_SAFE_INTEGER },
      limit: { type: 'integer', minimum: 1, maximum: 1_000 },
    },
  },
} as const

/** `/-/`: health and metrics, which every process that serves has. */
export async function healthRoutes(
  app: FastifyInstance,
  { postgres }: Pick<Platform, 'postgres'>,
  observer: Observer,
): Promise<void> {
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
}

/** `/-/`: the tenant catalog, for the platform's own people. */
export async function platformRoutes(app: FastifyInstance, platform: Platform): Promise<void> {
  const { operations, audit } = platform
  const actors = new WeakMap<object, Actor>()
  const allow = async (request: FastifyRequest, roles: readonly string[]) => {
    const { subject } = await operatorOf(platform, request, roles)
    actors.set(request, { subject, via: 'token', requestId: request.id })
  }
  const actorOf = (request: object): Actor => {
    const actor = actors.get(request)
    if (actor) return actor
    throw new TenantryError('internal', 'Nobody was asked for a token')
  }
  const operationsBy = (request: object) => operations.by(actorOf(request))
  const mayRead = (request: FastifyRequest) => allow(request, readers)
  const mayWrite = (request: FastifyRequest) => allow(request, writers)

  app.get('/tenants', { onRequest: mayRead }, async () => operations.listTenants())
  app.get<TenantParams>('/tenants/:tenant', { onRequest: mayRead }, async request =>
    operations.showTenant(request.params.tenant),
  )
  app.post<{ Body: { key: string; name?: string; subscribe?: string[] } }>(
    '/tenants',
    { onRequest: mayWrite, schema: addTenantSchema },
    async (request, reply) => {
      const tenant = await operationsBy(request).addTenant(request.body)
      return reply.code(201).header('Location', `/-/tenants/${tenant.key}`).send(tenant)
    },
  )
  app.patch<TenantParams & { Body: TraitsPatch }>(
    '/tenants/:tenant',
    { onRequest: mayWrite, schema: traitsSchema },
    async request => operationsBy(request).setTenant(request.params.tenant, request.body),
  )
  app.post<TenantParams>('/tenants/:tenant/suspend', { onRequest: mayWrite }, async request =>
    operationsBy(request).suspendTenant(request.params.tenant),
  )
  app.post<TenantParams>('/tenants/:tenant/resume', { onRequest: mayWrite }, async request =>
    operationsBy(request).resumeTenant(request.params.tenant),
  )
  app.delete<TenantParams & { Querystring: { confirm?: string } }>(
    '/tenants/:tenant',
    { onRequest: mayWrite },
    async request => {
      const { tenant } = request.params
      if (request.query.confirm === tenant) return operationsBy(request).removeTenant(tenant)
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
    { onRequest: mayWrite, schema: moduleBody },
    async request => {
      const { params, body } = request
      return body.dryRun
        ? operations.planSubscribe(params.tenant, body.module)
        : operationsBy(request).subscribe(params.tenant, body.module)
    },
  )
  app.post<TenantParams & { Body: SeedWish | null }>(
    '/tenants/:tenant/seeds',
    { onRequest: mayWrite, schema: seedSchema },
    async request => operationsBy(request).seedTenant(request.params.tenant, request.body ?? {}),
  )
  app.post<TenantParams & { Body: Pick<SeedWish, 'module' | 'dryRun'> | null }>(
    '/tenants/:tenant/seeds/remove',
    { onRequest: mayWrite, schema: deseedSchema },
    async request => operationsBy(request).deseedTenant(request.params.tenant, request.body ?? {}),
  )
  app.get<{ Querystring: Omit<ActFilter, 'limit'> & { readonly limit?: number } }>(
    '/audit',
    { onRequest: mayRead, schema: auditSchema },
    async request => {
      const { limit = 100, ...filter } = request.query
      const acts = await audit.acts({ ...filter, limit })
      // Who looks into the record is in it too.
      await audit.record({
        ...actorOf(request),
        ...{ tenant: filter.tenant ?? allTenants, instance: null, verb: 'audit.read', target: null },
        ...{ rows: acts.length, outcome: 'done' },
      })
      return acts
    },
  )
  groupRoutes(app, { operations, operationsBy, mayRead, mayWrite })
  upgradeRoutes(app, { mayRead, mayWrite, operationsBy })
  migrationRoutes(app, platform, { mayRead, mayWrite, actorOf, operationsBy })
  app.delete<{ Params: { tenant: string; module: string } }>(
    '/tenants/:tenant/subscriptions/:module',
    { onRequest: mayWrite },
    async request => operationsBy(request).unsubscribe(request.params.tenant, request.params.module),
  )
  app.delete<{ Params: { tenant: string; module: string }; Querystring: { confirm?: string } }>(
    '/tenants/:tenant/modules/:module',
    { onRequest: mayWrite },
    async request => {
      const { tenant, module } = request.params
      if (request.query.confirm === module) return operationsBy(request).purgeModule(tenant, module)
      throw new TenantryError('invalid', "Removing a module's rows needs to be confirmed", {
        hint: `Repeat the module: ?confirm=…`,
      })
    },
  )
}

/** Only principals whose token the system tenant issued, with one of these service roles. */
async function operatorOf(platform: Platform, request: FastifyRequest, roles: readonly string[]): Promise<Principal> {
  const principal = await principalOf(platform, request)
  if (!principal) throw tokenNeeded()
  if (principal.tenant === systemTenant && principal.roles.some(role => roles.includes(role))) return principal
  throw new TenantryError('forbidden', 'Only the platform may do this', {
    hint: `A token of the tenant "${systemTenant}" with the role ${roles.join(' or ')}`,
  })
}
