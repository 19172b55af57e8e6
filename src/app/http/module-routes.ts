import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { Module } from '../../core/module-set.ts'
import { TenantData } from '../../core/tenant-data.ts'
import { tokenNeeded } from '../../gateway/resolve-tenant.ts'
import type { ModuleRoutes } from '../define-module.ts'
import type { Platform } from '../platform.ts'
import { openContext } from './context.ts'

/**
 * The routes that a module brings, each module in a Fastify context of its own. `request.tenant` is there before any hook
 * or handler of the module runs. Denied by default: without a token they are not reached.
 */
export async function moduleRoutes(app: FastifyInstance, platform: Platform): Promise<void> {
  for (const module of platform.product.modules.modules) {
    const routes = routesOf(module)
    if (!routes) continue
    const { name, version } = module
    await app.register(
      async inside => {
        inside.decorateRequest('tenant')
        inside.addHook('onRequest', async (request: FastifyRequest) => {
          const { tenant = '', version = '' } = request.params as Readonly<Record<string, string | undefined>>
          const context = await openContext(platform, request, tenant, name, version)
          if (context.principal.anonymous) throw tokenNeeded()
          request.tenant = new TenantData(context, platform.product.modules, platform.postgres.datasource)
          request.log = platform.log.child({ reqId: request.id, tenant: context.tenant, module: module.id })
        })
        await routes(inside)
      },
      { prefix: `/:tenant/${name}/:version(^v${version.major}(?:$|\\.[0-9.]+$))` },
    )
  }
}

/** The loader has seen that it is a function; that it takes a Fastify instance is `defineModule`'s promise. */
function routesOf({ definition }: Module): ModuleRoutes | undefined {
  return definition.routes as ModuleRoutes | undefined
}
