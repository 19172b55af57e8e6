import { registerHooks } from 'node:module'
import { fileURLToPath } from 'node:url'
import { main } from '../../src/cli/main.ts'
import type { Ran, RunOptions } from './run.ts'

export interface Asked extends RunOptions {
  readonly args: readonly string[]
}

const home = fileURLToPath(new URL('../../', import.meta.url))
process.stdout.setMaxListeners(0) // Each command listens anew, as if it had the process for itself.

/** A product is loaded anew by each command, since its files may have changed. */
let commands = 0
registerHooks({
  resolve(specifier, context, next) {
    const found = next(specifier, context)
    const isOurs = !found.url.startsWith('file:') || fileURLToPath(found.url).startsWith(home)
    return isOurs ? found : { ...found, url: `${found.url}?command=${commands}` }
  },
})

/** One command at a time: directory, environment and what is written belong to the process. */
async function runHere({ args, dir = home, env = {} }: Asked): Promise<Ran> {
  commands++
  process.chdir(dir)
  for (const name of Object.keys(process.env)) delete process.env[name]
  Object.assign(process.env, env)
  const said = { stdout: '', stderr: '' }
  const streams = ['stdout', 'stderr'] as const
  const own = streams.map(stream => process[stream].write)
  for (const stream of streams) {
    process[stream].write = (chunk: string | Uint8Array) => {
      said[stream] += typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString()
      return true
    }
  }
  try {
    return { code: await main([...args]), ...said }
  } finally {
    streams.forEach((stream, index) => {
      process[stream].write = own[index] ?? process[stream].write
    })
  }
}

let last: Promise<unknown> = Promise.resolve()
process.on('message', (asked: Asked) => {
  last = last.then(async () => process.send?.(await runHere(asked)))
})
process.on('disconnect', () => process.exit())
