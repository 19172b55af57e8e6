import { type ChildProcess, spawn } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { Socket } from 'node:net'
import { setPriority } from 'node:os'
import type { Writable } from 'node:stream'

/** Its share of a processor that others want too is about a tenth of theirs; less, and what it holds would hold them up. */
const nice = 10

/** Makes processes of our server's give way to all others. */
export class Priority {
  #chrt: Writable | undefined

  constructor() {
    this.#start()
  }

  /**
   * False when the system refuses for the moment. Linux weighs what began a session as a group (sched(7), "The autogroup
   * feature"), as every process of PostgreSQL has: among groups only the group's own value counts.
   */
  lower(processId: number): boolean {
    try {
      setPriority(processId, nice)
    } catch (error) {
      return hasCode(error, 'ESRCH')
    }
    try {
      writeFileSync(`/proc/${processId}/autogroup`, String(nice))
    } catch (error) {
      // Who is not privileged may do this ten times a second. Where there are no groups, the first was enough.
      if (hasCode(error, 'EAGAIN')) return false
    }
    if (!this.#chrt?.writable) this.#start()
    this.#chrt?.write(`${processId}\n`)
    return true
  }

  #start(): void {
    if (process.platform !== 'linux') return
    try {
      this.#chrt = startChrt()
    } catch {
      this.#chrt = undefined // The system has no room for another process: there is the weight.
    }
  }

  close(): void {
    this.#chrt?.end()
    this.#chrt = undefined
  }
}

/**
 * Each line written is a process; what wakes up then sees the processor that it uses as free (sched(7), "SCHED_IDLE").
 * Weighing little is not enough: Linux looks for a free processor, finds none, and puts all others on the one that is left.
 * Node.js cannot ask for it; where there is no chrt(1), of util-linux or BusyBox, there is only the weight. Under Linux
 * 6.18 what wakes up waits for that processor all the same where sessions are groups, as in a plain shell; at half of a
 * machine's greatest rate that is still better than the weight alone.
 *
 * One shell for all of them, begun with us: while a process is begun Node.js stands still, for 5 to 12 ms once it has grown.
 */
function startChrt(): Writable | undefined {
  // Its input ends when we are gone, however we went; until then a signal for all of a terminal is none for it.
  const child: ChildProcess = spawn(
    '/bin/sh',
    ['-c', `trap '' HUP INT; while read -r pid; do chrt -i -p 0 "$pid"; done`],
    {
      cwd: '/',
      env: { PATH: process.env.PATH },
      stdio: ['pipe', 'ignore', 'ignore'],
    },
  )
  child.on('error', () => {})
  child.unref()
  const { stdin } = child
  // Where no more processes may be begun there is none.
  if (!(stdin instanceof Socket)) return undefined
  stdin.on('error', () => {})
  stdin.unref()
  return stdin
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code
}
