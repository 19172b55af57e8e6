import { userInfo } from 'node:os'
import type { Actor } from '../core/audit.ts'

/** A command is somebody's; what a server does unasked is its own. */
export function actorFor(mode: 'serve' | 'share' | 'command'): Actor {
  if (mode !== 'command') return { subject: 'tenantry', via: 'code' }
  try {
    return { subject: userInfo().username || 'cli', via: 'cli' }
  } catch {
    return { subject: 'cli', via: 'cli' } // A user without a name, as in some containers.
  }
}
