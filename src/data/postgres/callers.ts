/** Milliseconds after which a signal with which nothing runs is let go: some live as long as somebody listens to them. */
const idleTime = 5_000

/** With more signals than this, one with which nothing runs is let go at once: somebody makes one for each statement. */
const mostIdle = 10_000

interface Caller<Run> {
  readonly runs: Run[]
  /** False when nothing has begun since the last look. */
  wasHere: boolean
  readonly leave: () => void
}

/**
 * What runs for whom, by the signal with which its caller goes. A caller asks for one thing after the other, and an event target
 * whose only listener comes and goes makes something new among the old objects each time: of a busy server's garbage, half of
 * what only the long collections find.
 */
export class Callers<Run> {
  readonly #abandon: (run: Run) => void
  readonly #callers = new Map<AbortSignal, Caller<Run>>()
  #looking: NodeJS.Timeout | undefined

  /** `abandon` is called for each run whose caller has gone. */
  constructor(abandon: (run: Run) => void) {
    this.#abandon = abandon
  }

  /** How many signals are listened to. */
  get size(): number {
    return this.#callers.size
  }

  begin(signal: AbortSignal, run: Run): void {
    const caller = this.#callers.get(signal) ?? this.#listen(signal)
    caller.wasHere = true
    caller.runs.push(run)
  }

  end(signal: AbortSignal, run: Run): void {
    const caller = this.#callers.get(signal)
    if (!caller) return
    const { runs } = caller
    const place = runs.indexOf(run)
    if (place < 0) return
    const last = runs.pop()
    if (last !== undefined && place < runs.length) runs[place] = last
    if (runs.length === 0 && this.#callers.size > mostIdle) this.#forget(signal, caller)
  }

  #listen(signal: AbortSignal): Caller<Run> {
    const leave = () => {
      this.#callers.delete(signal)
      for (const run of caller.runs) this.#abandon(run)
    }
    const caller: Caller<Run> = { runs: [], wasHere: true, leave }
    signal.addEventListener('abort', leave, { once: true })
    this.#callers.set(signal, caller)
    this.#looking ??= setInterval(() => this.#look(), idleTime).unref()
    return caller
  }

  #look(): void {
    for (const [signal, caller] of this.#callers) {
      if (!caller.wasHere && caller.runs.length === 0) this.#forget(signal, caller)
      caller.wasHere = false
    }
    if (this.#callers.size > 0) return
    clearInterval(this.#looking)
    this.#looking = undefined
  }

  #forget(signal: AbortSignal, { leave }: Caller<Run>): void {
    signal.removeEventListener('abort', leave)
    this.#callers.delete(signal)
  }
}
