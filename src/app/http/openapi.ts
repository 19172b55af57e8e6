import type { FastifyInstance, FastifyReply } from 'fastify'
import { createOpenApi } from '../../api/openapi.ts'
import type { Module } from '../../core/module-set.ts'
import { sightFor } from '../../core/sight.ts'
import { systemTenant } from '../../core/tenant.ts'
import type { TenantContext } from '../../core/tenant-context.ts'
import { formatVersion } from '../../core/version.ts'
import { tokenNeeded } from '../../gateway/resolve-tenant.ts'
import type { Platform } from '../platform.ts'
import { openContext } from './context.ts'

/** Stands for the tenant's own address in a document that tenants with the same modules share. */
const serverMark = 'https://tenant.invalid'
const cacheLimit = 200

/** OpenAPI documents: of one module and of all modules of a tenant; only what the caller may use. */
export async function openApiRoutes(app: FastifyInstance, platform: Platform): Promise<void> {
  const cache = new Map<string, string>()

  const documentOf = (
    context: TenantContext,
    modules: readonly Module[],
    server: string,
    pathOf: (module: Module, entity: string) => string,
  ): string => {
    const roles = [...context.principal.roles].sort()
    const acting = context.principal.tenant === systemTenant
    const key = [modules.map(({ id }) => id), roles, context.module?.id, acting, context.acrossTenants].join('|')
    let text = cache.get(key)
    if (text === undefined) {
      const document = createOpenApi({
        title: context.module
          ? `${platform.product.config.name}: ${context.module.name}`
          : platform.product.config.name,
        version: context.module ? formatVersion(context.module.version) : '1.0.0',
        serverUrl: serverMark,
        modules,
        roles,
        sight: sightFor(context, {}),
        acting,
        pathOf: ({ module, name }) => pathOf(module, name),
      })
      if (context.principal.anonymous && Object.keys(document.paths).length === 0) throw tokenNeeded()
      text = JSON.stringify(document)
      if (cache.size >= cacheLimit) cache.clear()
      cache.set(key, text)
    }
    return text.replace(serverMark, () => server)
  }

  const send = (reply: FastifyReply, text: string) =>
    reply.header('Content-Type', 'application/openapi+json; charset=utf-8').send(text)

  app.get<{ Params: { tenant: string; module: string; version: string } }>(
    '/:tenant/:module/:version/openapi.json',
    async (request, reply) => {
      const { tenant, module: name, version } = request.params
      const context = await openContext(platform, request, tenant, name, version)
      const modules = context.module ? [context.module] : []
      const server = `${platform.publicUrl()}/${context.tenant}/${name}/${version}`
      return send(
        reply,
        documentOf(context, modules, server, (_module, entity) => `/${entity}`),
      )
    },
  )
  for (const url of ['/:tenant/openapi.json', '/:tenant/rest/v1/']) {
    app.get<{ Params: { tenant: string } }>(url, async (request, reply) => {
      const context = await openContext(platform, request, request.params.tenant)
      const server = `${platform.publicUrl()}/${context.tenant}`
      const pathOf = ({ name, version }: Module, entity: string) => `/${name}/v${version.major}/${entity}`
      return send(reply, documentOf(context, [...context.exposure.exposed], server, pathOf))
    })
  }
}
