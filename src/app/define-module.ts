import type { FastifyInstance } from 'fastify'
import type { ModuleDefinition } from '../core/module.ts'
import type { TenantData } from '../core/tenant-data.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** The tenant of the request in a module's own routes: its rows, and who asks. */
    tenant: TenantData
  }
  /** What OpenAPI says of a route, besides what its schemas do. */
  interface FastifySchema {
    readonly summary?: string
    readonly description?: string
    readonly deprecated?: boolean
    /** True: OpenAPI does not show the route. */
    readonly hide?: boolean
  }
}

/** What a module's routes are mounted on: a Fastify instance of its own, under `/{tenant}/{module}/v{major}`. */
export type ModuleApp = FastifyInstance

export type ModuleRoutes = (app: ModuleApp) => void | Promise<void>

/** A module, checked by its types. Everything else that may be wrong with it is said when it is loaded. */
export function defineModule(definition: ModuleDefinition<ModuleRoutes>): ModuleDefinition<ModuleRoutes> {
  return definition
}
