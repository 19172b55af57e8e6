import { type ChildProcess, spawn } from 'node:child_process'
import { watch } from 'node:fs'
import { extname } from 'node:path'
import { abortedExitCode } from './exit-code.ts'

/** Set in a process that another one starts again when its files change. */
const watchedVariable = 'TENANTRY_WATCHED'

/** Milliseconds without a further change: editors write a file in several steps. */
const quiet = 150
const code = new Set(['.ts', '.js', '.mjs', '.json'])

export interface StartAgainOptions {
  /** Of the product, whose own files are looked at. */
  readonly dir: string
  /** Of its modules, with all that is in it. */
  readonly modules: string
  /** Of the command that is started again and again. */
  readonly args: readonly string[]
  readonly note: (text: string) => void
}

/** In a process that `startAgain` has started: calls `stop` when that one is gone. */
export function endWithWatcher(stop: () => void): void {
  if (process.env[watchedVariable] === undefined) return
  process.once('disconnect', stop)
  process.channel?.unref()
}

/**
 * Runs a command in a process of its own, and starts it again when code in these folders changes: modules that were loaded stay
 * as they were while a process lives. One that fails is started again at the next change. Answers the exit code once a
 * signal has ended it, or once the command has ended well by itself.
 */
export async function startAgain({ dir, modules, args, note }: StartAgainOptions): Promise<number> {
  const { promise: ended, resolve: end } = Promise.withResolvers<number>()
  let child: ChildProcess | undefined
  let [isDue, isStopping] = [true, false]
  let timer: NodeJS.Timeout | undefined

  const begin = () => {
    isDue = false
    // In a group of its own, so that Ctrl-C comes to it once, from here.
    const stdio = ['ignore', 'inherit', 'inherit', 'ipc'] as const
    const env = { ...process.env, [watchedVariable]: '1' }
    child = spawn(process.execPath, [...process.execArgv, ...args], { stdio: [...stdio], env, detached: true })
    child.once('exit', status => {
      child = undefined
      if (isStopping || (status === 0 && !isDue)) end(status ?? abortedExitCode)
      else if (isDue) begin()
      else note('It starts again when a file changes.')
    })
  }
  const change = () => {
    clearTimeout(timer)
    timer = setTimeout(() => {
      isDue = true
      note('A file has changed; starting again.')
      if (child) child.kill('SIGTERM')
      else begin()
    }, quiet)
  }
  const onSignal = () => {
    isStopping = true
    if (child) child.kill('SIGTERM')
    else end(0)
  }
  const look = (folder: string, recursive: boolean) =>
    watch(folder, { recursive }, (_, name) => {
      if (name !== null && code.has(extname(name))) change()
    })
  const watchers = [look(dir, false), look(modules, true)]
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, onSignal)
  try {
    begin()
    return await ended
  } finally {
    clearTimeout(timer)
    for (const watcher of watchers) watcher.close()
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.off(signal, onSignal)
  }
}
