import type { ChildProcess } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { createServer } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { startGuardian } from './guardian.ts'
import { type Launch, launch, launchFailure, stop, stopPredecessor } from './launch.ts'

interface SupervisedServer {
  /** The TCP port, also in the name of the Unix socket; it stays the same over restarts. */
  readonly port: number
  stop(): Promise<void>
}

interface SupervisionEvents {
  onNotice(text: string): void
  onRestart(): void
}

/**
 * Starts the server on data that no live process holds and keeps it running until `stop`. `wanted`: the port where others expect it;
 * absent: any free one.
 */
export async function supervise(
  plan: Omit<Launch, 'port'>,
  events: SupervisionEvents,
  wanted?: number,
): Promise<SupervisedServer> {
  await stopPredecessor(plan)
  const guardian = startGuardian(plan.place)
  const ending = new AbortController()
  let current: ChildProcess | undefined
  let restarting: Promise<void> | undefined
  const onSpawn = (child: ChildProcess) => {
    current = child
    guardian.watch(child.pid)
    if (ending.signal.aborted) child.kill('SIGINT')
  }

  let port: number
  try {
    port = await startFirst(plan, onSpawn, wanted)
  } catch (error) {
    guardian.close()
    throw error
  }
  watch()

  function watch(): void {
    const child = current
    const onExit = () => {
      if (!ending.signal.aborted) restarting = restart(child?.exitCode === 0)
    }
    if (child && child.exitCode === null && child.signalCode === null) child.once('exit', onExit)
    else onExit()
  }

  /** `asked`: somebody shut the server down in good order, perhaps the one who is about to stop us as well. */
  async function restart(asked: boolean): Promise<void> {
    guardian.watch(undefined)
    let told = false
    for (let pause = asked ? 1000 : 50; ; pause = Math.min(pause * 2, 2000)) {
      await sleep(pause, undefined, { ref: false, signal: ending.signal }).catch(() => {})
      if (ending.signal.aborted) return
      try {
        await launch({ ...plan, port }, onSpawn)
      } catch (error) {
        if (ending.signal.aborted) return
        if (launchFailure(error) === 'predecessor_alive') await stopPredecessor(plan)
        else if (!told) events.onNotice(`PostgreSQL ended and does not start again yet: ${(error as Error).message}`)
        told = true
        continue
      }
      watch()
      events.onRestart()
      return
    }
  }

  return {
    port,
    async stop() {
      ending.abort()
      if (current?.pid && current.exitCode === null && current.signalCode === null) await stop(current.pid, plan)
      await restarting
      guardian.watch(undefined)
      guardian.close()
    },
  }
}

/** The port may be taken between looking and listening, and a predecessor may need a moment to go. */
async function startFirst(
  plan: Omit<Launch, 'port'>,
  onSpawn: (child: ChildProcess) => void,
  wanted: number | undefined,
): Promise<number> {
  const end = Date.now() + 15_000
  for (;;) {
    const port = wanted ?? (await findFreePort())
    try {
      await launch({ ...plan, port }, onSpawn)
      return port
    } catch (error) {
      const failure = launchFailure(error)
      if (failure === 'other' || Date.now() > end) throw error
      if (failure === 'predecessor_alive') await stopPredecessor(plan)
      await sleep(50)
    }
  }
}

/** Below the ports that systems give to outgoing connections, so that a restart finds its port still free. */
async function findFreePort(): Promise<number> {
  for (;;) {
    const port = randomInt(20_000, 32_000)
    const free = await new Promise<boolean>(resolve => {
      const probe = createServer()
      probe.once('error', () => resolve(false))
      probe.listen({ port, host: '127.0.0.1', exclusive: true }, () => probe.close(() => resolve(true)))
    })
    if (free) return port
  }
}
