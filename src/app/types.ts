import { typesOf } from '../api/types.ts'
import type { Module, ModuleSet } from '../core/module-set.ts'

/** TypeScript for clients of a tenant that subscribes to these modules; of all modules when none are named. Throws `not_found`. */
export function typesOfModules(
  modules: ModuleSet,
  ids: readonly string[],
): { text: string; modules: readonly Module[] } {
  for (const id of ids) modules.get(id)
  const shown = ids.length === 0 ? modules.modules : [...modules.expose(ids).exposed]
  return { text: typesOf(shown), modules: shown }
}
