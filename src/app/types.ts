import { typesOf } from '../api/types.ts'
import type { Module, ModuleSet } from '../core/module-set.ts'

/** TypeScript for clients of a tenant that subscribes to these modules; of all modules when none are named. Throws `not_found`. */
export function typesOfModules(
  modules: ModuleSet,
  ids: readonly string[],
): { text: string; modules: readonly Module[] } {
  for (const id of ids) modules.get(id)
  const exposure = modules.expose(ids.length === 0 ? modules.modules.map(({ id }) => id) : ids)
  const shown = [...exposure.exposed]
  const offeredAt = (module: Module | null) => {
    const there = module ? exposure.find(module.name, module.version.major)?.exposure : undefined
    return (there ?? exposure).entities
  }
  return { text: typesOf(shown, offeredAt), modules: shown }
}
