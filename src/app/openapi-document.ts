import { createOpenApi, type OpenApiDocument } from '../api/openapi.ts'
import type { ModuleRoute } from '../api/openapi-routes.ts'
import type { Entity, Module } from '../core/module-set.ts'
import { formatVersion } from '../core/version.ts'
import { type ApiWish, type ChosenApi, chooseApi } from './api-wish.ts'
import { findModuleRoutes } from './find-module-routes.ts'
import type { Product } from './product.ts'

interface Described extends ChosenApi {
  readonly serverUrl: string
  readonly routes: readonly ModuleRoute[]
  readonly acting: boolean
}

/** The document of an API of the product with this name. */
export function describeApi(name: string, { module, exposure, ...caller }: Described): OpenApiDocument {
  return createOpenApi({
    ...{ title: module ? `${name}: ${module.name}` : name, exposure, ...caller },
    version: module ? formatVersion(module.version) : '1.0.0',
    modules: module ? [module] : [...exposure.exposed],
    pathOf: module ? what => `/${what.name}` : what => `/${addressIn([...exposure.exposed], what)}/${what.name}`,
  })
}

/** The same from the definitions alone: as JSON text on many lines, for any tenant of the product. */
export async function openApiText(
  { modules, config }: Pick<Product, 'modules' | 'config'>,
  wish: ApiWish,
): Promise<string> {
  const api = chooseApi({ modules, config }, wish)
  const routes = await findModuleRoutes(api.module ? [api.module] : [...api.exposure.exposed])
  const { module } = api
  const below = module ? `/${module.name}/v${module.version.major}` : ''
  const document = describeApi(config.name, { ...api, routes, acting: false, serverUrl: `/{tenant}${below}` })
  const tenant = { default: 'tenant', description: "The tenant's key" }
  const servers = document.servers.map(server => ({ ...server, variables: { tenant } }))
  return JSON.stringify({ ...document, servers }, null, 2)
}

/** Below a tenant: of the module that it belongs to, or else of one that shows it, too. */
function addressIn(modules: readonly Module[], { module, name }: Pick<Entity, 'module' | 'name'>): string {
  const shows = ({ entities, actions }: Module) =>
    [...entities, ...actions].some(what => what.module === module && [what.name, `rpc/${what.name}`].includes(name))
  const found = modules.find(({ id }) => id === module.id) ?? modules.find(shows) ?? module
  return `${found.name}/v${found.version.major}`
}
