import { openProduct } from 'tenantry/platform'
import { startServer } from '../src/app/server.ts'

const platform = await openProduct(process.env.BENCH_DIR ?? '', { ...process.env, PORT: '0' })
const server = await startServer({ ...platform, environment: { ...platform.environment, port: 0 } })
process.on('SIGTERM', async () => {
  await server.close()
  await platform.close()
  process.exit(0)
})
globalThis.gc?.()
process.send?.({ port: Number(new URL(server.url).port), memory: process.memoryUsage().heapUsed })
