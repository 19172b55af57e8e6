import { registerHooks } from 'node:module'

/**
 * From now on `tenantry` is the package that runs, wherever it is imported: a product and the platform that loads it must
 * share one copy, and a folder where nothing is installed yet can be started too.
 */
export function shareOwnPackage(): void {
  registerHooks({
    resolve(specifier, context, next) {
      if (specifier !== 'tenantry' && !specifier.startsWith('tenantry/')) return next(specifier, context)
      // As if this file had asked: a package may import itself by its name.
      return next(specifier, { ...context, parentURL: import.meta.url })
    },
  })
}
