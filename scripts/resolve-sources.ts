import { registerHooks } from 'node:module'

/**
 * From now on `tenantry` and `tenantry/…` are the sources of this checkout, for every module of the process, wherever
 * it lies: a product outside the checkout and the platform that loads it must share one copy.
 */
export function resolveSources(): void {
  registerHooks({
    resolve(specifier, context, next) {
      if (specifier !== 'tenantry' && !specifier.startsWith('tenantry/')) return next(specifier, context)
      // As if this file had asked: a package may import itself by its name.
      return next(specifier, {
        ...context,
        parentURL: import.meta.url,
        conditions: [...context.conditions, 'tenantry-source'],
      })
    },
  })
}
