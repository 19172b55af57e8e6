import { createHash } from 'node:crypto'
import { chownSync, lstatSync, mkdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { canReach, makePrivateFolder, type Place } from './place.ts'

/**
 * Makes the folder of the Unix socket. A socket's path is short by law of the system (104 to 108 bytes): below a deep
 * checkout it goes to the temporary folder. Nothing when there is no room there either, or no such sockets.
 */
export function openSocketFolder(place: Place): string | undefined {
  if (process.platform === 'win32') return undefined
  const inside = join(place.home, 'run')
  if (fits(inside)) {
    makePrivateFolder(inside, place.account)
    return inside
  }
  const temporary = temporaryFolder(place)
  return fits(temporary) && openTemporary(temporary, place) ? temporary : undefined
}

/** Removes what `openSocketFolder` made outside the home of the data. */
export function removeSocketFolder(place: Place): void {
  rmSync(temporaryFolder(place), { recursive: true, force: true })
}

/** Anybody may make folders in the temporary one, also beforehand and under this name; only one of ours is used. */
function openTemporary(path: string, place: Place): boolean {
  if (place.account && !canReach(tmpdir(), place.account)) return false
  try {
    mkdirSync(path, { mode: 0o700 })
    if (place.account) chownSync(path, place.account.uid, place.account.gid)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') return false
  }
  const found = lstatSync(path)
  return found.isDirectory() && found.uid === (place.account?.uid ?? process.getuid?.()) && (found.mode & 0o77) === 0
}

function temporaryFolder(place: Place): string {
  return join(tmpdir(), `tenantry-${createHash('sha256').update(place.data).digest('hex').slice(0, 8)}`)
}

function fits(folder: string): boolean {
  return !folder.includes('"') && Buffer.byteLength(join(folder, '.s.PGSQL.65535')) < 90
}
