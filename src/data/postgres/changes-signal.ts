/** Listens for a notification until it is closed; calls `onChange` also when it may have missed some. */
export type Listen = (onChange: () => void) => Promise<{ close(): Promise<void> }>

/** Milliseconds of rest between two calls, for each consumer: all of them together ask at most 500 times a second. */
const restEach = 2
/** And at least, so that what commits together is told together. */
const leastRest = 5
/** Milliseconds for which the connection stays when its last consumer has gone. */
const lingering = 10_000

/**
 * Wakes all consumers of changes when somebody has written, over one connection that is there only while there are
 * consumers. It carries no data: who is awake reads what he may.
 */
export class ChangeSignal {
  readonly #listen: Listen
  readonly #waiting = new Set<() => void>()
  #consumers = 0
  #turn = 0
  #listening: Promise<{ close(): Promise<void> } | undefined> | undefined
  #resting: NodeJS.Timeout | undefined
  #leaving: NodeJS.Timeout | undefined
  #last = 0
  #closed = false

  constructor(listen: Listen) {
    this.#listen = listen
  }

  get isClosed(): boolean {
    return this.#closed
  }

  /** Changes with every call. Whoever reads it before he looks for changes misses none. */
  get turn(): number {
    return this.#turn
  }

  /** Answers how to leave. */
  join(): () => void {
    this.#consumers++
    clearTimeout(this.#leaving)
    this.#open()
    return () => {
      this.#consumers--
      if (this.#consumers > 0 || this.#closed) return
      this.#leaving = setTimeout(() => this.#hangUp(), lingering).unref()
    }
  }

  /** Resolves when the turn is another one, after `most` milliseconds, or when `signal` fires. */
  wait(turn: number, most: number, signal: AbortSignal | undefined): Promise<void> {
    if (this.#closed || turn !== this.#turn || signal?.aborted) return Promise.resolve()
    // A connection that could not be opened is tried again; meanwhile the time limit is how changes are found.
    this.#open()
    return new Promise(resolve => {
      const done = () => {
        clearTimeout(timer)
        this.#waiting.delete(done)
        signal?.removeEventListener('abort', done)
        resolve()
      }
      const timer = setTimeout(done, most)
      this.#waiting.add(done)
      signal?.addEventListener('abort', done)
    })
  }

  #open(): void {
    if (this.#closed || this.#listening) return
    const attempt = this.#listen(() => this.#call()).then(
      listening => {
        this.#call() // What was written before it listened.
        return listening
      },
      () => {
        if (this.#listening === attempt) this.#listening = undefined
        return undefined
      },
    )
    this.#listening = attempt
  }

  #call(): void {
    if (this.#resting || this.#closed) return
    const rest = Math.max(leastRest, this.#consumers * restEach)
    this.#resting = setTimeout(
      () => {
        this.#resting = undefined
        this.#last = performance.now()
        this.#wake()
      },
      Math.max(0, this.#last + rest - performance.now()),
    )
  }

  #wake(): void {
    this.#turn++
    for (const done of [...this.#waiting]) done()
  }

  async #hangUp(): Promise<void> {
    const listening = this.#listening
    this.#listening = undefined
    await (await listening)?.close().catch(() => {}) // It is gone either way.
  }

  async close(): Promise<void> {
    this.#closed = true
    clearTimeout(this.#resting)
    clearTimeout(this.#leaving)
    this.#wake()
    await this.#hangUp()
  }
}
