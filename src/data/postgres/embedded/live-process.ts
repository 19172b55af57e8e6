import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync, readlinkSync, realpathSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'

/** A process that is not mistaken for a later one with the same pid. `born` is '' where the system does not tell. */
export interface LiveProcess {
  readonly pid: number
  readonly born: string
}

/** The process as it runs now; nothing when it is gone or only waits to be reaped. */
export function findProcess(pid: number): LiveProcess | undefined {
  if (!(pid > 0)) return undefined
  const stat = readText(`/proc/${pid}/stat`)
  // No /proc, or one that hides the processes of others: only the signal answers.
  if (stat === undefined) return answersSignal(pid) ? { pid, born: '' } : undefined
  // The name in parentheses may hold spaces; after it come state (3rd field) … start time (22nd field, ticks since boot).
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  if (fields[0] === 'Z' || fields[0] === 'X') return undefined
  return { pid, born: `${readText('/proc/sys/kernel/random/boot_id')?.trim() ?? ''}/${fields[19] ?? ''}` }
}

/** Whether this very process still runs, not merely one with its pid. */
export function isRunning(known: LiveProcess): boolean {
  const now = findProcess(known.pid)
  return now !== undefined && (now.born === known.born || now.born === '' || known.born === '')
}

/** Waits until the process is gone; false when it is still there after `limit` milliseconds. */
export async function waitUntilGone(pid: number, limit: number): Promise<boolean> {
  const end = Date.now() + limit
  while (findProcess(pid) !== undefined) {
    if (Date.now() > end) return false
    await sleep(20)
  }
  return true
}

/** Whether the process is a server on the data folder: a signal must never reach a stranger that got its pid. */
export function servesData(pid: number, data: string): boolean {
  if (findProcess(pid) === undefined) return false
  if (process.platform === 'linux') return worksOn(pid, realpathSync(data))
  // On Windows only a server listens to the signals of pg_ctl, so a stranger would not hear them.
  if (process.platform === 'win32') return true
  try {
    return execFileSync('ps', ['-ww', '-o', 'command=', '-p', String(pid)], { encoding: 'utf8' }).includes(data)
  } catch {
    return false
  }
}

/** Every process of a server on the data folder, postmaster and backends; empty where the system does not tell. */
export function findServing(data: string): number[] {
  if (process.platform !== 'linux') return []
  const folder = realpathSync(data)
  return readdirSync('/proc')
    .map(Number)
    .filter(pid => pid > 0 && worksOn(pid, folder))
}

/** The name too, since an operator's shell may stand in the folder. */
function worksOn(pid: number, folder: string): boolean {
  try {
    return readlinkSync(`/proc/${pid}/cwd`) === folder && readText(`/proc/${pid}/comm`)?.trim() === 'postgres'
  } catch {
    return false
  }
}

/** Whether some process has this pid, be it one that only waits to be reaped. */
export function answersSignal(pid: number): boolean {
  if (!(pid > 0)) return false
  try {
    return process.kill(pid, 0)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}
