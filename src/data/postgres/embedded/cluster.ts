import { spawn } from 'node:child_process'
import { randomBytes, randomUUID } from 'node:crypto'
import { closeSync, existsSync, fsyncSync, openSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { TenantryError } from '../../../core/errors.ts'
import type { Binaries } from './binaries.ts'
import { makePrivateFolder, type Place, writePrivate } from './place.ts'

/** PostgreSQL's own programs get nothing of our environment but what finding and speaking needs. */
export const programEnv: NodeJS.ProcessEnv = {
  LC_ALL: 'C',
  ...Object.fromEntries(
    ['PATH', 'SystemRoot', 'TEMP', 'TMP'].flatMap(name => (process.env[name] ? [[name, process.env[name]]] : [])),
  ),
}

/**
 * Makes the data directory unless it is there, and returns the superuser's password. It appears whole or not at all: a
 * process killed half way leaves only a sibling that the next start removes. The caller holds the lock.
 */
export async function openCluster(place: Place, binaries: Binaries, fsync: boolean): Promise<string> {
  const kept = join(place.folder, 'postgres.password')
  const version = join(place.data, 'PG_VERSION')
  removeUnfinished(place)
  if (existsSync(version)) {
    checkVersion(place, readFileSync(version, 'utf8').trim(), binaries.major)
    if (!existsSync(kept)) throw withoutPassword(kept)
    return readFileSync(kept, 'utf8').trim()
  }
  const password = existsSync(kept) ? readFileSync(kept, 'utf8').trim() : randomBytes(24).toString('base64url')
  writePrivate(kept, password)
  const next = `${place.data}.new-${randomUUID().slice(0, 8)}`
  makePrivateFolder(next, place.account)
  const passwordFile = `${next}.password`
  try {
    writePrivate(passwordFile, password, place.account)
    await runInitdb(place, binaries, next, passwordFile, fsync)
  } finally {
    rmSync(passwordFile, { force: true })
  }
  renameSync(next, place.data)
  if (fsync) syncFolder(dirname(place.data))
  return password
}

/** The password of the superuser, for who attaches to a running server. */
export function readPassword(folder: string): string {
  return readFileSync(join(folder, 'postgres.password'), 'utf8').trim()
}

async function runInitdb(place: Place, binaries: Binaries, data: string, passwordFile: string, fsync: boolean) {
  // Sorting and case folding are PostgreSQL's own everywhere; only Linux is sure to have the C library's C.UTF-8 too.
  const locale = process.platform === 'linux' ? 'C.UTF-8' : 'C'
  const args = ['-D', data, '-U', 'postgres', '--auth=scram-sha-256', `--pwfile=${passwordFile}`, '--encoding=UTF8']
  args.push('--locale-provider=builtin', '--builtin-locale=C.UTF-8', `--locale=${locale}`, '--no-instructions')
  if (!fsync) args.push('--no-sync')
  const child = spawn(binaries.initdb, args, {
    ...place.account,
    cwd: dirname(data),
    env: programEnv,
    stdio: ['ignore', 'ignore', 'pipe'],
    // Its own session: Ctrl-C stops us, and the next start removes what it left.
    detached: process.platform !== 'win32',
  })
  let said = ''
  child.stderr.setEncoding('utf8').on('data', text => {
    said = (said + text).slice(-2000)
  })
  const failure = await new Promise<string | undefined>(resolve => {
    child.once('error', error => resolve(error.message))
    child.once('close', code => resolve(code === 0 ? undefined : said.trim() || `exit code ${code}`))
  })
  if (failure === undefined) return
  throw new TenantryError('unavailable', `PostgreSQL could not create its data directory in ${place.home}`, {
    details: failure,
    hint: 'Put right what the details name, or set DATABASE_URL to a PostgreSQL server of your own.',
  })
}

function removeUnfinished(place: Place): void {
  for (const name of existsSync(place.home) ? readdirSync(place.home) : []) {
    // An initdb that outlived its parent may still write there; then the next start finds the rest.
    if (name.startsWith('postgres.new-')) {
      try {
        rmSync(join(place.home, name), { recursive: true, force: true, maxRetries: 3 })
      } catch {}
    }
  }
}

function checkVersion(place: Place, found: string, bundled: string): void {
  if (found === bundled) return
  throw new TenantryError('conflict', `The data in ${place.data} is of PostgreSQL ${found}; bundled is ${bundled}`, {
    hint: 'Export the tenants with the release that made it, move the folder away, then import them with this release.',
  })
}

function withoutPassword(path: string): TenantryError {
  return new TenantryError('unavailable', `There is data, but its password file ${path} is missing`, {
    hint: 'Put the file back from your backup; the data cannot be opened without it.',
  })
}

/** A rename is only safe from a power failure when its folder is. */
function syncFolder(path: string): void {
  if (process.platform === 'win32') return
  const folder = openSync(path, 'r')
  fsyncSync(folder)
  closeSync(folder)
}
