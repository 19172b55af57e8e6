import { typesOf } from '../api/types.ts'
import type { Module } from '../core/module-set.ts'
import type { Product } from './product.ts'

/**
 * TypeScript for clients of a tenant that subscribes to these modules; of all modules when none are named. Composed APIs come along.
 * Throws `not_found`.
 */
export function typesOfModules(
  { modules, config }: Pick<Product, 'modules'> & { readonly config: Pick<Product['config'], 'products'> },
  ids: readonly string[],
): { text: string; modules: readonly Module[] } {
  for (const id of ids) modules.get(id)
  const exposure = modules.expose(ids.length === 0 ? modules.modules.map(({ id }) => id) : ids)
  const at = (id: string) => {
    const [name = '', major = '1'] = id.split('@')
    return exposure.find(name, Number(major))
  }
  const apis = Object.keys(config.products ?? {}).flatMap(id => at(id)?.module ?? [])
  const offeredAt = (module: Module | null) => ((module && at(module.id)?.exposure) ?? exposure).entities
  const shown = [...exposure.exposed]
  return { text: typesOf(shown, { apis, offeredAt }), modules: shown }
}
