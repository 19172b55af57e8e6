import { parseEnvironment } from '../src/app/environment.ts'
import { tuneHeap } from '../src/app/heap.ts'
import { createLog } from '../src/app/log.ts'
import { openPlatform } from '../src/app/platform.ts'
import { loadProduct } from '../src/app/product.ts'
import { startServer } from '../src/app/server.ts'

/** The server as users start it, with their log; only that the database may belong to another process. */
tuneHeap()
const product = await loadProduct(process.env.BENCH_DIR ?? '')
const environment = parseEnvironment({ ...process.env, PORT: '0' }, product.dir)
const log = createLog(environment.logLevel)
const platform = await openPlatform({
  product,
  environment: { ...environment, port: 0 },
  log,
  mode: 'command',
})
const server = await startServer(platform)
process.on('SIGTERM', async () => {
  await server.close()
  await platform.close()
  process.exit(0)
})
process.on('disconnect', () => process.exit())
globalThis.gc?.()
process.send?.({ port: Number(new URL(server.url).port), memory: process.memoryUsage().heapUsed })
