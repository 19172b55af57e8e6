import fastify from 'fastify'
import type { ModuleRoute } from '../api/openapi-routes.ts'
import type { Module } from '../core/module-set.ts'
import { describeRoute, routesOf } from './http/module-routes.ts'

/** What the authors of modules say of their own routes, found without a server: nothing is listened to, and no handler runs. */
export async function findModuleRoutes(modules: readonly Module[]): Promise<ModuleRoute[]> {
  const found: ModuleRoute[] = []
  const app = fastify({ exposeHeadRoutes: false })
  try {
    for (const module of modules) {
      const routes = routesOf(module)
      if (!routes) continue
      await app.register(
        async inside => {
          inside.decorateRequest('tenant')
          inside.addHook('onRoute', route => void found.push(describeRoute(inside, module, route)))
          await routes(inside)
        },
        { prefix: `/${module.schema}` },
      )
    }
    await app.ready()
    return found
  } finally {
    await app.close()
  }
}
