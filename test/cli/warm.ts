import { type ChildProcess, fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { environmentOf, type Ran, type RunOptions } from './run.ts'
import type { Asked } from './warm-host.ts'

const host = fileURLToPath(new URL('warm-host.ts', import.meta.url))
let child: ChildProcess | undefined
let turn: Promise<unknown> = Promise.resolve()

/** As `run`, but the commands of a test file take turns in one process that has loaded all but their product already. */
export function runWarm(args: readonly string[], { dir, env }: RunOptions = {}): Promise<Ran> {
  const asked: Asked = { args, env: environmentOf(env), ...(dir !== undefined && { dir }) }
  const ran = turn.then(() => ask(asked))
  turn = ran.catch(() => {})
  return ran
}

function ask(asked: Asked): Promise<Ran> {
  child ??= start()
  const mine = child
  mine.ref()
  mine.channel?.ref()
  return new Promise((resolve, reject) => {
    const onEnd = (code: number | null) => reject(new Error(`The process of the commands ended with ${code}`))
    mine.once('exit', onEnd)
    mine.once('message', (ran: Ran) => {
      mine.off('exit', onEnd)
      // An idle one keeps nobody from ending, and ends with us.
      mine.unref()
      mine.channel?.unref()
      resolve(ran)
    })
    mine.send(asked)
  })
}

function start(): ChildProcess {
  const started = fork(host, {
    execArgv: ['--conditions=tenantry-source'],
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  })
  started.once('exit', () => {
    if (child === started) child = undefined
  })
  return started
}
