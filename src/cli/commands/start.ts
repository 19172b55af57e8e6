import { tuneHeap } from '../../app/heap.ts'
import type { Platform } from '../../app/platform.ts'
import type { RunningServer } from '../../app/server.ts'
import { isWorker, mostConnections, watcherSettings } from '../../app/worker-share.ts'
import { TenantryError } from '../../core/errors.ts'
import { defineCommand } from '../command.ts'
import { describeReady } from '../describe-ready.ts'
import { lostServer } from '../lost-server.ts'
import { findProductFolder, readModulesFolder } from '../product-folder.ts'
import { readyText } from '../ready-text.ts'
import { serveAsWorker } from '../serve-worker.ts'
import { endWithWatcher, startAgain } from '../start-again.ts'
import { watchForEnd } from '../watch-for-end.ts'

export const start = defineCommand({
  about: 'Ctrl-C finishes what is in flight and ends; a second one ends at once.',
  args: {},
  options: {
    port: { type: 'text', value: '<number>', about: 'Instead of PORT, or 4040; 0 takes any free one' },
    host: { type: 'text', value: '<address>', about: 'Instead of HOST, or 127.0.0.1' },
    workers: {
      type: 'text',
      value: '<number>',
      about: 'Processes that serve, instead of WORKERS or 1; auto: one per processor core',
    },
    watch: { type: 'flag', about: 'In development: start again when the config or a module changes' },
    apply: { type: 'flag', about: 'Add what the database lacks in production too (tables, fields, indexes)' },
  },
  examples: [
    'start',
    'start --watch',
    'start --dir examples/backoffice --port 8080',
    'start --host 0.0.0.0 --workers auto --apply',
  ],
  async run({ options, globals, output }) {
    const began = performance.now()
    const [environments, { createLog }, { loadProduct }, { addDevelopmentTenants, openPlatform }] = await Promise.all([
      import('../../app/environment.ts'),
      import('../../app/log.ts'),
      import('../../app/product.ts'),
      import('../../app/platform.ts'),
    ])
    const dir = findProductFolder(globals.dir)
    const environment = environments.parseEnvironment(variablesOf(options), dir)
    if (options.watch) {
      if (environment.production) throw notInProduction()
      const [script = '', ...words] = process.argv.slice(1)
      const args = [script, ...words.filter(word => word !== '--watch')]
      return startAgain({ dir, modules: await readModulesFolder(dir), args, note: text => output.note(text) })
    }
    const product = await loadProduct(dir)
    const log = createLog(environment.logLevel)
    tuneHeap()
    if (isWorker) return serveAsWorker({ product, environment, log })

    const watch = watchForEnd({
      onSignal: () => output.note('Stopping: finishing what is in flight. Once more ends at once.'),
      onCrash: error => log.fatal({ err: error }, 'something unforeseen happened; stopping'),
    })
    endWithWatcher(() => watch.stop())
    try {
      const platform = await openPlatform({
        product,
        environment,
        log,
        mode: 'serve',
        serves: environment.workers === 1,
        settings: { ...(environment.workers > 1 && watcherSettings), ...(options.apply && { apply: 'additive' }) },
        serverSettings: { max_connections: String(mostConnections(environment.workers)) },
        onLost: (pid, cause) => watch.fail(lostServer(pid, cause)),
        onNotice: text => output.note(`note: ${text}`),
      })
      try {
        if (watch.isStopping()) return await watch.stopped
        const server = await serve(platform)
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

function notInProduction(): TenantryError {
  return new TenantryError('invalid', '--watch is for development', {
    hint: 'In production a start is a deployment: NODE_ENV is production here',
  })
}

/** Options stand for what the environment may say, too. */
function variablesOf(
  options: { readonly [Name in 'port' | 'host' | 'workers']: string | undefined },
): NodeJS.ProcessEnv {
  const { port, host, workers } = options
  return {
    ...process.env,
    ...(port !== undefined && { PORT: port }),
    ...(host !== undefined && { HOST: host }),
    ...(workers !== undefined && { WORKERS: workers }),
  }
}

/** In this process, or in others that it watches. */
async function serve(platform: Platform): Promise<Pick<RunningServer, 'url' | 'close'>> {
  const { environment, log } = platform
  if (environment.workers === 1) return (await import('../../app/server.ts')).startServer(platform)
  const workers = await (await import('../../app/workers.ts')).startWorkers({ count: environment.workers, log })
  await platform.setPublicUrl(workers.publicUrl)
  return workers
}
