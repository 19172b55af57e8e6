import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import type { Measured } from './http-load.ts'
import type { Task } from './worker.ts'

export const backoffice = join(import.meta.dirname, '../examples/backoffice')

/** Every process that a benchmark starts, so that none outlives it. */
export class Processes {
  readonly #children: ChildProcess[] = []

  constructor() {
    // The terminal does not reach other sessions.
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
      process.once(signal, () => {
        this.end()
        process.kill(process.pid, signal)
      })
    }
  }

  /** Runs `file` beside this one until it says that it is ready; answers what it said. */
  async fork<Ready>(
    file: string,
    env: NodeJS.ProcessEnv,
    log: number | 'ignore' | 'inherit',
  ): Promise<[ChildProcess, Ready]> {
    const child = fork(join(import.meta.dirname, file), {
      env: { ...process.env, ...env },
      execArgv: ['--conditions=tenantry-source', '--disable-warning=ExperimentalWarning'],
      stdio: ['ignore', 'inherit', log, 'ipc'],
      // Sessions of their own, as services and clients have: Linux shares processors out by session (sched(7), autogroup).
      detached: true,
    })
    this.add(child)
    const ended = once(child, 'exit').then(([code]) => Promise.reject(new Error(`${file} ended with ${code}`)))
    const [ready] = (await Promise.race([once(child, 'message'), ended])) as [Ready]
    ended.catch(() => {}) // It may end once it was ready.
    return [child, ready]
  }

  add(child: ChildProcess): void {
    this.#children.push(child)
  }

  /** A server of Tenantry on the database that this process has open. */
  server(log: number | 'ignore'): Promise<[ChildProcess, { port: number }]> {
    const level = process.env.LOG_LEVEL ?? 'info'
    return this.fork('serve.ts', { BENCH_DIR: backoffice, LOG_LEVEL: level }, log)
  }

  async worker(env: NodeJS.ProcessEnv = {}): Promise<ChildProcess> {
    const [worker] = await this.fork('worker.ts', { BENCH_DIR: backoffice, ...env }, 'inherit')
    return worker
  }

  end(): void {
    for (const child of this.#children) child.kill('SIGKILL')
  }
}

/** Gives a worker its task and waits for what it measured. */
export async function ask(worker: ChildProcess, task: Task): Promise<Measured> {
  worker.send(task)
  const [answer] = (await once(worker, 'message')) as [{ measured?: Measured; error?: string }]
  if (answer.measured) return answer.measured
  throw new Error(answer.error)
}
