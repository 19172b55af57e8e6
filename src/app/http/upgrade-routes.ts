import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { UpgradeRecord } from '../../core/upgrade-plan.ts'
import type { Operations } from '../operations.ts'
import { moduleBody, text } from './schemas.ts'

interface Guards {
  readonly mayRead: (request: FastifyRequest) => Promise<void>
  readonly mayWrite: (request: FastifyRequest) => Promise<void>
  /** The operations as whoever asks. */
  readonly operationsBy: (request: FastifyRequest) => Operations
}

const listSchema = {
  querystring: {
    type: 'object',
    additionalProperties: false,
    properties: {
      tenant: text,
      state: { type: 'string', enum: ['upgraded', 'rolled_back', 'confirmed', 'removed'] },
    },
  },
} as const

interface OneUpgrade {
  readonly Params: { readonly tenant: string; readonly module: string }
}

/** `/-/upgrades` and `/-/tenants/{tenant}/upgrades`: what `tenantry upgrade` does. */
export function upgradeRoutes(app: FastifyInstance, { mayRead, mayWrite, operationsBy }: Guards): void {
  app.get<{ Querystring: { tenant?: string; state?: UpgradeRecord['state'] } }>(
    '/upgrades',
    { onRequest: mayRead, schema: listSchema },
    async request => operationsBy(request).listUpgrades(request.query),
  )
  app.post<{ Params: { readonly tenant: string }; Body: { module: string; dryRun?: boolean } }>(
    '/tenants/:tenant/upgrades',
    { onRequest: mayWrite, schema: moduleBody },
    async ({ params, body }, reply) => {
      const operations = operationsBy(reply.request)
      if (body.dryRun) return operations.planUpgrade(params.tenant, body.module)
      return reply.code(201).send(await operations.upgradeTenant(params.tenant, body.module))
    },
  )
  app.post<OneUpgrade>('/tenants/:tenant/upgrades/:module/rollback', { onRequest: mayWrite }, async request =>
    operationsBy(request).rollbackUpgrade(request.params.tenant, request.params.module),
  )
  app.post<OneUpgrade>('/tenants/:tenant/upgrades/:module/confirm', { onRequest: mayWrite }, async request =>
    operationsBy(request).confirmUpgrade(request.params.tenant, request.params.module),
  )
}
