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
    return true
  } catch (error) {
    // Who is not privileged may do this ten times a second. Where there are no groups, the first was enough.
    return !hasCode(error, 'EAGAIN')
  }
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code
}
