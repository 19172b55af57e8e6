import type { Environment } from '../../app/environment.ts'
import { tuneHeap } from '../../app/heap.ts'
import type { Product } from '../../app/product.ts'
import { TenantryError } from '../../core/errors.ts'
import { defineCommand } from '../command.ts'
import { describeReady } from '../describe-ready.ts'
import { lostServer } from '../lost-server.ts'
import { findProductFolder } from '../product-folder.ts'
import { readyText } from '../ready-text.ts'
import { watchForEnd } from '../watch-for-end.ts'

/** Who starts the embedded server starts it for `tenantry start --workers` as well, which may come later. */
const workersBeside = 16

export const serve = defineCommand({
  about:
    'Serves one module, or composed API, and nothing else: its own entities and those that it publishes, its actions and routes. Any number of these may run beside each other and beside "tenantry start", on one database. Ctrl-C finishes what is in flight and ends.',
  args: { module: 'Like customers@1; without a major its highest' },
  options: {
    port: { type: 'text', value: '<number>', about: 'Instead of "ports" in the config or PORT; 0 takes any free one' },
    host: { type: 'text', value: '<address>', about: 'Instead of HOST, or 127.0.0.1' },
    apply: { type: 'flag', about: 'Add what the database lacks in production too (tables, fields, indexes)' },
  },
  examples: ['serve customers@1 --port 4041', 'serve invoices --port 4044 --dir examples/backoffice'],
  async run({ args, options, globals, output }) {
    const began = performance.now()
    const [environments, { createLog }, { aloneIn, loadProduct }, { addDevelopmentTenants, openPlatform }] =
      await Promise.all([
        import('../../app/environment.ts'),
        import('../../app/log.ts'),
        import('../../app/product.ts'),
        import('../../app/platform.ts'),
      ])
    const dir = findProductFolder(globals.dir)
    const { host = process.env.HOST } = options
    const environment = environments.parseEnvironment({ ...process.env, HOST: host, WORKERS: undefined }, dir)
    const product = aloneIn(await loadProduct(dir), args.module)
    const port = choosePort(product, environment, options.port, environments.parsePort)
    const log = createLog(environment.logLevel)
    tuneHeap()
    const { mostConnections, partSettings } = await import('../../app/worker-share.ts')

    const watch = watchForEnd({
      onSignal: () => output.note('Stopping: finishing what is in flight. Once more ends at once.'),
      onCrash: error => log.fatal({ err: error }, 'something unforeseen happened; stopping'),
    })
    try {
      const platform = await openPlatform({
        product,
        environment,
        log,
        mode: 'share',
        serves: true,
        settings: { ...partSettings, ...(options.apply && { apply: 'additive' }) },
        serverSettings: { max_connections: String(mostConnections(workersBeside)) },
        onLost: (pid, cause) => watch.fail(lostServer(pid, cause)),
        onNotice: text => output.note(`note: ${text}`),
      })
      try {
        if (watch.isStopping()) return await watch.stopped
        const server = await (await import('../../app/server.ts')).startServer(platform, { port })
        try {
          if (!environment.production) await addDevelopmentTenants(platform)
          const ready = await describeReady(platform, server.url, performance.now() - began)
          output.show(ready, readyText(ready, environment.production))
          return await watch.stopped
        } finally {
          await server.close()
        }
      } finally {
        await platform.close()
      }
    } finally {
      watch.release()
    }
  },
})

function choosePort(
  { alone = '', config }: Product,
  { variables }: Environment,
  given: string | undefined,
  parsePort: (text: string) => number,
): number {
  const text = given ?? variables.PORT
  const port = text ? parsePort(text) : config.ports?.[alone]
  if (port !== undefined) return port
  throw new TenantryError('invalid', `There is no port for ${alone}`, {
    hint: `Give one with --port, or for always in tenantry.config.ts: ports: { '${alone}': 4041 }`,
  })
}
