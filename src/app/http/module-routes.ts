import type { FastifyInstance, FastifyReply, FastifyRequest, RouteOptions } from 'fastify'
import type { ModuleRoute } from '../../api/openapi-routes.ts'
import { TenantryError } from '../../core/errors.ts'
import type { Module } from '../../core/module-set.ts'
import { TenantData } from '../../core/tenant-data.ts'
import { tokenNeeded } from '../../gateway/resolve-tenant.ts'
import type { ModuleRoutes } from '../define-module.ts'
import type { Platform } from '../platform.ts'
import { openContext } from './context.ts'
import { jsonOfRows } from './json-of-rows.ts'

/**
 * The routes that modules bring, each module in a Fastify context of its own. `request.tenant` is there before any hook
 * or handler of the module runs. Denied by default: without a token they are not reached. Adds to `found` what their authors say
 * of them.
 */
export async function moduleRoutes(app: FastifyInstance, platform: Platform, found: ModuleRoute[]): Promise<void> {
  const { modules, alone } = platform.product
  for (const module of modules.modules) {
    const routes = routesOf(module)
    if (!routes || (alone ?? module.id) !== module.id) continue
    const { name, version } = module
    await app.register(
      async inside => {
        inside.decorateRequest('tenant')
        // Of two parameters with the same name the later counts: a module's own would stand for the tenant of the path.
        inside.addHook('onRoute', route => {
          found.push(describeRoute(inside, module, route))
          const taken = /:(tenant|version)(?![A-Za-z0-9_])/.exec(route.routePath)?.[1]
          if (taken === undefined) return
          throw new TenantryError('invalid', `${module.id}: the route ${route.routePath} has a parameter ":${taken}"`, {
            hint: 'Call it otherwise; the platform uses this name in the part before it',
          })
        })
        inside.addHook('onRequest', async (request: FastifyRequest, reply: FastifyReply) => {
          const { tenant = '', version: minor = '' } = request.params as Readonly<Record<string, string | undefined>>
          const context = await openContext(platform, request, tenant, name, `v${module.version.major}${minor}`)
          if (context.principal.anonymous) throw tokenNeeded()
          // Their authors had one tenant in mind.
          if (context.acrossTenants) throw oneTenantOnly()
          // What a route describes the form of is Fastify's to write.
          if (request.routeOptions.schema?.response === undefined) reply.serializer(jsonOfRows)
          request.tenant = new TenantData(context, platform.product.modules, platform.postgres.datasource)
          request.log = platform.log.child({ reqId: request.id, tenant: context.tenant, module: module.id })
        })
        await routes(inside)
      },
      // The major stands outside of the parameter: to the router, patterns that differ in a parameter's form are the same.
      { prefix: `/:tenant/${name}/v${version.major}:version(^(?:$|\\.[0-9.]+$))` },
    )
  }
}

function oneTenantOnly(): TenantryError {
  return new TenantryError('invalid', "A module's own routes work in one tenant", { hint: 'Ask there: /{tenant}/…' })
}

export function describeRoute(
  inside: FastifyInstance,
  module: Module,
  { routePath, method, schema }: Pick<RouteOptions, 'method' | 'schema'> & { readonly routePath: string },
): ModuleRoute {
  return { module, path: routePath, methods: [method].flat(), schema, shared: () => inside.getSchemas() }
}

/** The loader has seen that it is a function; that it takes a Fastify instance is `defineModule`'s promise. */
export function routesOf({ definition }: Module): ModuleRoutes | undefined {
  return definition.routes as ModuleRoutes | undefined
}
