import { spawn } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { setPriority } from 'node:os'

/** Its share of a processor that others want too is about a tenth of theirs; less, and what it holds would hold them up. */
const nice = 10

/**
 * Makes a process of our server's give way to all others; false when the system refuses for the moment. Linux weighs what
 * began a session as a group (sched(7), "The autogroup feature"), as every process of PostgreSQL has: among groups only
 * the group's own value counts.
 */
export function lowerPriority(processId: number): boolean {
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
  if (process.platform === 'linux') leaveProcessor(processId)
  return true
}

/**
 * Makes what wakes up see the processor that this one uses as free (sched(7), "SCHED_IDLE"). Weighing little is not enough:
 * Linux looks for a free processor, finds none, and puts all others on the one that is left. Node.js cannot ask for it;
 * where there is no chrt(1), of util-linux or BusyBox, there is only the weight. Under Linux 6.18 what wakes up waits for that
 * processor all the same where sessions are groups, as in a plain shell; at half of a machine's greatest rate that is still
 * better than the weight alone.
 */
function leaveProcessor(processId: number): void {
  spawn('chrt', ['-i', '-p', '0', String(processId)], { stdio: 'ignore' })
    .on('error', () => {})
    .unref()
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code
}
