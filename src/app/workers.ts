import cluster, { type Worker } from 'node:cluster'
import { AggregatorRegistry } from 'prom-client'
import { type ErrorCode, TenantryError, toTenantryError } from '../core/errors.ts'
import type { Log } from './log.ts'
import { workerVariable } from './worker-share.ts'

/** The processes that serve for this one, which only watches them. */
export interface Workers {
  readonly url: string
  readonly publicUrl: string
  /** Lets each finish what is in flight (at most 15 s) and waits for its end. */
  close(): Promise<void>
}

/** What processes of one server say to each other. */
type Message =
  | { readonly type: 'tenantry:ready'; readonly url: string; readonly publicUrl: string }
  | { readonly type: 'tenantry:failed'; readonly error: ToldError }
  | { readonly type: 'tenantry:stop' }
  | { readonly type: 'tenantry:metrics'; readonly id: number; readonly text?: string }

interface ToldError {
  readonly code: ErrorCode
  readonly message: string
  readonly details: string | null
  readonly hint: string | null
}

const stopPatience = 15_000
const leastPause = 100
const mostPause = 5_000

/**
 * Starts `count` processes with the command line of this one. They share its port; one that dies is started again. Rejects
 * with the error of the first that cannot start.
 */
export async function startWorkers({ count, log }: { count: number; log: Log }): Promise<Workers> {
  const primary = new Primary(log)
  try {
    const ready = await Promise.all(Array.from({ length: count }, () => primary.fork()))
    const [{ url, publicUrl } = { url: '', publicUrl: '' }] = ready
    primary.watch()
    return { url, publicUrl, close: () => primary.close() }
  } catch (error) {
    await primary.close()
    throw error
  }
}

type Ready = Extract<Message, { type: 'tenantry:ready' }>

class Primary {
  readonly #log: Log
  readonly #metrics = new AggregatorRegistry()
  #stopping = false
  #pause = 0

  constructor(log: Log) {
    this.#log = log
  }

  /** Resolves when the new worker serves. */
  fork(): Promise<Ready> {
    const worker = cluster.fork({ [workerVariable]: '1' })
    return new Promise((resolve, reject) => {
      worker.on('message', (message: Message) => {
        if (message.type === 'tenantry:ready') resolve(message)
        else if (message.type === 'tenantry:failed') reject(errorOf(message.error))
        else if (message.type === 'tenantry:metrics') this.#answerMetrics(worker, message.id)
      })
      worker.once('exit', code =>
        reject(new TenantryError('unavailable', `A worker ended with ${code} before it served`)),
      )
    })
  }

  /** From now on a worker that ends is replaced, after a pause that grows while none comes up. */
  watch(): void {
    cluster.on('exit', ({ process: { pid } }, code, signal) => {
      if (this.#stopping) return
      this.#log.warn({ worker: pid, code, signal }, 'a worker ended; another one is started')
      setTimeout(() => this.#replace(), this.#pause)
    })
  }

  #replace(): void {
    if (this.#stopping) return
    this.#pause = Math.min(mostPause, Math.max(leastPause, this.#pause * 2))
    this.fork().then(
      () => {
        this.#pause = 0
      },
      error => this.#log.error({ err: error }, 'a worker could not be started'),
    )
  }

  #answerMetrics(worker: Worker, id: number): void {
    // A worker that ends meanwhile leaves the question open; it will be asked again.
    const tell = (text: string) => worker.isConnected() && worker.send({ type: 'tenantry:metrics', id, text })
    this.#metrics.clusterMetrics().then(tell, () => tell(''))
  }

  async close(): Promise<void> {
    this.#stopping = true
    await Promise.all(Object.values(cluster.workers ?? {}).map(worker => worker && stop(worker)))
  }
}

function stop(worker: Worker): Promise<void> {
  return new Promise(resolve => {
    const timer = setTimeout(() => worker.process.kill('SIGKILL'), stopPatience)
    worker.once('exit', () => {
      clearTimeout(timer)
      resolve()
    })
    if (worker.isConnected()) worker.send({ type: 'tenantry:stop' } satisfies Message)
  })
}

function errorOf({ code, message, details, hint }: ToldError): TenantryError {
  return new TenantryError(code, message, { details, hint })
}

/** A worker's side: says that it serves. */
export function tellReady(url: string, publicUrl: string): void {
  process.send?.({ type: 'tenantry:ready', url, publicUrl } satisfies Message)
}

/** A worker's side: says why it cannot. */
export function tellFailure(thrown: unknown): Promise<void> {
  const { code, message, details, hint } = toTenantryError(thrown)
  const told: Message = { type: 'tenantry:failed', error: { code, message, details, hint } }
  return new Promise(resolve => (process.send ? process.send(told, () => resolve()) : resolve()))
}

/** A worker's side: `stop` when it is asked to end, `orphaned` when the process that watches it is gone. */
export function listenToPrimary(on: { stop(): void; orphaned(): void }): void {
  process.on('message', (message: Message) => {
    if (message.type === 'tenantry:stop') on.stop()
  })
  process.on('disconnect', on.orphaned)
}

let questions = 0

/** A worker's side: the metrics of all workers together. */
export function metricsOfAll(): Promise<string> {
  const id = ++questions
  return new Promise((resolve, reject) => {
    const onMessage = (message: Message) => {
      if (message.type !== 'tenantry:metrics' || message.id !== id) return
      process.off('message', onMessage)
      if (message.text) resolve(message.text)
      else reject(new TenantryError('unavailable', 'Not every worker has told its metrics', { retryAfter: 1 }))
    }
    process.on('message', onMessage)
    process.send?.({ type: 'tenantry:metrics', id } satisfies Message)
  })
}
