import type { PlatformOptions } from '../app/platform.ts'
import { workerSettings } from '../app/worker-share.ts'
import { abortedExitCode } from './exit-code.ts'
import { watchForEnd } from './watch-for-end.ts'

/**
 * One of several processes that share a port. The first process has prepared the database, owns it, and says when to stop;
 * a signal to all of them (Ctrl-C) means the same.
 */
export async function serveAsWorker(options: Omit<PlatformOptions, 'mode' | 'settings'>): Promise<number> {
  const [{ openPlatform }, { startServer }, workers] = await Promise.all([
    import('../app/platform.ts'),
    import('../app/server.ts'),
    import('../app/workers.ts'),
  ])
  const watch = watchForEnd({
    onSignal: () => {},
    onCrash: error => options.log.fatal({ err: error }, 'something unforeseen happened; this worker stops'),
  })
  workers.listenToPrimary({
    stop: () => watch.stop(),
    orphaned: () => (watch.isStopping() ? process.exit(abortedExitCode) : watch.stop()),
  })
  try {
    const settings = workerSettings(options.environment.workers)
    const platform = await openPlatform({ ...options, mode: 'command', settings, serves: true })
    try {
      const server = await startServer(platform)
      workers.tellReady(server.url, platform.publicUrl())
      const code = await watch.stopped
      await server.close()
      return code
    } finally {
      await platform.close()
    }
  } catch (error) {
    await workers.tellFailure(error)
    return 1
  } finally {
    watch.release()
    process.disconnect?.()
  }
}
