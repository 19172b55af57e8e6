import { type ChildProcess, spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const bin = fileURLToPath(new URL('../../bin/tenantry.js', import.meta.url))

export interface RunOptions {
  /** Where it runs; default: the folder of the repository. */
  readonly dir?: string
  readonly env?: Readonly<Record<string, string>>
}

export interface Ran {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** Runs the command line without a terminal and with nothing of our environment that could change what it does. */
export async function run(args: readonly string[], options: RunOptions = {}): Promise<Ran> {
  return launch(args, options).ended
}

/** Nothing of ours but what finding programs and folders needs. */
export function environmentOf(env: RunOptions['env']): Record<string, string> {
  const { PATH = '', HOME = '', TMPDIR } = process.env
  return { PATH, HOME, ...(TMPDIR ? { TMPDIR } : {}), ...env }
}

export interface Running {
  readonly child: ChildProcess
  readonly ended: Promise<Ran>
  /** What it has said so far. */
  said(): Omit<Ran, 'code'>
  /** Resolves when standard output holds the text; rejects when it ends before. */
  saying(text: string): Promise<string>
}

const patience = 60_000

export function launch(args: readonly string[], { dir, env }: RunOptions = {}): Running {
  const child = spawn(process.execPath, [bin, ...args], {
    cwd: dir,
    env: environmentOf(env),
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: patience,
    killSignal: 'SIGKILL',
  })
  let stdout = ''
  let stderr = ''
  child.stdout.setEncoding('utf8').on('data', text => {
    stdout += text
  })
  child.stderr.setEncoding('utf8').on('data', text => {
    stderr += text
  })
  const ended = new Promise<Ran>(resolve => child.once('close', code => resolve({ code, stdout, stderr })))
  return {
    child,
    ended,
    said: () => ({ stdout, stderr }),
    saying: text =>
      new Promise((resolve, reject) => {
        const look = () => {
          if (stdout.includes(text)) resolve(stdout)
        }
        child.stdout.on('data', look)
        child.once('close', code => reject(new Error(`It ended with ${code} before it said "${text}": ${stderr}`)))
        look()
      }),
  }
}
