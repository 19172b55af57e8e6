import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseEnvironment } from '../src/app/environment.ts'
import { createLog } from '../src/app/log.ts'
import { openPlatform, type Platform } from '../src/app/platform.ts'
import { loadProduct } from '../src/app/product.ts'
import { backoffice, Processes } from './processes.ts'

export interface Bench {
  /** A new one, which is gone at the end. */
  readonly folder: string
  readonly platform: Platform
  readonly processes: Processes
  /** Ends the processes, too. */
  close(): Promise<void>
}

/** The example product on an empty database of its own, for this process and for those that it starts. */
export async function openBench(): Promise<Bench> {
  const folder = mkdtempSync(join(tmpdir(), 'tenantry-bench-'))
  // As root the database runs under another account, which has to walk through this folder.
  chmodSync(folder, 0o755)
  process.env.TENANTRY_FOLDER = folder
  process.env.PUBLIC_URL = 'http://bench.localhost'
  const product = await loadProduct(backoffice)
  const environment = parseEnvironment(process.env, backoffice)
  const platform = await openPlatform({ product, environment, log: createLog('warn'), mode: 'serve' })
  const processes = new Processes()
  return {
    folder,
    platform,
    processes,
    async close() {
      processes.end()
      await platform.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
