import { abortedExitCode } from './exit-code.ts'

/** Waits for the end of a process that serves. */
export interface Watch {
  /** The exit code that the end asks for: 0 for a signal, 1 after something unforeseen. */
  readonly stopped: Promise<number>
  /** True from the moment the end was asked for. */
  isStopping(): boolean
  /** Asks for the end as a signal does, but any number of times. */
  stop(): void
  /** Asks for the end as something unforeseen does. */
  fail(error: unknown): void
  /** Lets signals and failures do again what they do by themselves. */
  release(): void
}

const signals = ['SIGINT', 'SIGTERM'] as const
/** After something unforeseen nothing may be waited for without end. */
const crashPatience = 15_000

/** The first signal asks for the end, the second ends at once. */
export function watchForEnd(deps: { onSignal: () => void; onCrash: (error: unknown) => void }): Watch {
  const { promise, resolve } = Promise.withResolvers<number>()
  let stopping = false

  const onSignal = () => {
    if (stopping) process.exit(abortedExitCode)
    stopping = true
    deps.onSignal()
    resolve(0)
  }
  const onCrash = (error: unknown) => {
    deps.onCrash(error)
    stopping = true
    setTimeout(() => process.exit(1), crashPatience).unref()
    resolve(1)
  }
  for (const signal of signals) process.on(signal, onSignal)
  process.on('uncaughtException', onCrash)
  process.on('unhandledRejection', onCrash)
  return {
    stopped: promise,
    isStopping: () => stopping,
    stop() {
      stopping = true
      resolve(0)
    },
    fail: onCrash,
    release() {
      for (const signal of signals) process.off(signal, onSignal)
      process.off('uncaughtException', onCrash)
      process.off('unhandledRejection', onCrash)
    },
  }
}
