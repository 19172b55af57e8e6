import type { Platform } from '../app/platform.ts'
import type { Input } from './command.ts'
import { findProductFolder } from './product-folder.ts'

/** Opens the platform for one command, beside a running server or alone, and closes it whatever happens. */
export async function withPlatform<T>(
  { globals, output }: Pick<Input, 'globals' | 'output'>,
  work: (platform: Platform) => Promise<T>,
): Promise<T> {
  const [{ parseEnvironment }, { createLog }, { openPlatform }, { loadProduct }] = await Promise.all([
    import('../app/environment.ts'),
    import('../app/log.ts'),
    import('../app/platform.ts'),
    import('../app/product.ts'),
  ])
  const dir = findProductFolder(globals.dir)
  const environment = parseEnvironment(process.env, dir)
  const product = await loadProduct(dir)
  const platform = await openPlatform({
    product,
    environment,
    // With --json nothing but an error is on standard error.
    log: createLog(globals.json ? 'silent' : 'warn'),
    mode: 'command',
    settings: { connections: 1, writeConnections: 1, transactions: 2 },
    onNotice: text => output.note(`note: ${text}`),
  })
  try {
    return await work(platform)
  } finally {
    await platform.close()
  }
}
