import { parseEnvironment } from './environment.ts'
import { createLog } from './log.ts'
import { openPlatform, type Platform } from './platform.ts'
import { loadProduct } from './product.ts'

export { actAsSystem, type SystemWish } from './act-as-system.ts'
export type { Operations } from './operations.ts'
export type { Platform } from './platform.ts'

/**
 * Opens a product for a script of one's own, as a command of `tenantry` does: with the database of a running server, or one
 * that is started for the script's time. Close it at the end.
 */
export async function openProduct(dir: string, variables: NodeJS.ProcessEnv = process.env): Promise<Platform> {
  const product = await loadProduct(dir)
  const environment = parseEnvironment(variables, product.dir)
  return openPlatform({ product, environment, log: createLog('warn'), mode: 'command' })
}
