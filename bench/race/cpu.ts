import { readdirSync, readFileSync } from 'node:fs'

/** Linux counts in hundredths of a second, whatever the machine (`getconf CLK_TCK`). */
const tick = 10_000

/** Microseconds of processor time that a process has used with all its threads; undefined where there is no /proc. */
export function cpuOfProcess(pid: number): number | undefined {
  const times = timesOf(pid)
  return times && times.own * tick
}

/** The same for a PostgreSQL server: the postmaster, its children that live, and those that have ended. */
export function cpuOfServer(postmaster: number): number | undefined {
  const times = timesOf(postmaster)
  if (!times) return undefined
  const children = readdirSync('/proc')
    .filter(name => /^\d+$/.test(name))
    .map(name => timesOf(Number(name)))
    .filter(child => child?.parent === postmaster)
  return (times.own + times.ended + children.reduce((sum, child) => sum + (child?.own ?? 0), 0)) * tick
}

interface Times {
  readonly parent: number
  readonly own: number
  /** Of children that were waited for. */
  readonly ended: number
}

/** https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html */
function timesOf(pid: number): Times | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1')
    const fields = text
      .slice(text.lastIndexOf(')') + 2)
      .split(' ')
      .map(Number)
    const sum = (...places: number[]) => places.reduce((total, place) => total + (fields[place] ?? 0), 0)
    return { parent: fields[1] ?? 0, own: sum(11, 12), ended: sum(13, 14) }
  } catch {
    return undefined // It has ended meanwhile, or this is no Linux.
  }
}
