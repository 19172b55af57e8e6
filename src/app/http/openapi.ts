import type { FastifyInstance, FastifyReply } from 'fastify'
import type { ModuleRoute } from '../../api/openapi-routes.ts'
import { createLruCache } from '../../core/lru-cache.ts'
import { sightFor } from '../../core/sight.ts'
import { systemTenant } from '../../core/tenant.ts'
import type { TenantContext } from '../../core/tenant-context.ts'
import { tokenNeeded } from '../../gateway/resolve-tenant.ts'
import { describeApi } from '../openapi-document.ts'
import type { Platform } from '../platform.ts'
import { accessClass } from './access-class.ts'
import { openContext } from './context.ts'

/** Stands for the address in a document that is shared by all who may the same, in whatever tenant. */
const serverMark = 'https://tenant.invalid'
const mostDocuments = 100

/** OpenAPI documents: of one module and of all modules of a tenant; only what the caller may use. `routes`: the modules' own. */
export async function openApiRoutes(
  app: FastifyInstance,
  { platform, routes }: { platform: Platform; routes: readonly ModuleRoute[] },
): Promise<void> {
  const kept = createLruCache<string, string>(mostDocuments)
  const { name } = platform.product.config

  const documentOf = (context: TenantContext, server: string): string => {
    const { exposure, module, principal, acrossTenants } = context
    const roles = accessClass(exposure, principal.roles)
    const acting = principal.tenant === systemTenant
    const key = [exposure.id, module?.id, roles.join(','), acting, acrossTenants, principal.anonymous].join('|')
    let text = kept.get(key)
    if (text === undefined) {
      const document = describeApi(name, {
        ...{ exposure, module, roles, acting, serverUrl: serverMark },
        sight: sightFor(context, {}),
        // They are written for one tenant, and refuse who is nobody.
        routes: acrossTenants || principal.anonymous ? [] : routes,
      })
      if (principal.anonymous && Object.keys(document.paths).length === 0) throw tokenNeeded()
      text = JSON.stringify(document)
      kept.set(key, text)
    }
    return text.replace(serverMark, () => server)
  }

  const send = (reply: FastifyReply, text: string) =>
    reply
      .header('Content-Type', 'application/openapi+json; charset=utf-8')
      .header('Cache-Control', 'private, no-cache')
      .header('Vary', 'Authorization')
      .send(text)

  app.get<{ Params: { tenant: string; module: string; version: string } }>(
    '/:tenant/:module/:version/openapi.json',
    async (request, reply) => {
      const { tenant, module, version } = request.params
      return send(reply, documentOf(await openContext(platform, request, tenant, module, version), `../${version}`))
    },
  )
  for (const [url, up] of [
    ['/:tenant/openapi.json', '..'],
    ['/:tenant/rest/v1/', '../../..'],
  ] as const) {
    app.get<{ Params: { tenant: string } }>(url, async (request, reply) => {
      const context = await openContext(platform, request, request.params.tenant)
      // On the host of the tenant itself its key is not in the path.
      const named = request.originalUrl.startsWith(`/${context.tenant}/`)
      return send(reply, documentOf(context, named ? `${up}/${context.tenant}` : '/'))
    })
  }
}
