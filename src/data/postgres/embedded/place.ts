import { createHash } from 'node:crypto'
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { TenantryError } from '../../../core/errors.ts'

/** An account of the operating system. */
interface Account {
  readonly uid: number
  readonly gid: number
}

/** Where the parts of an embedded server are, and as whom it runs. */
export interface Place {
  /** The product's `.tenantry`: lock, password and log. */
  readonly folder: string
  /** What holds the data, the socket and, when they had to be copied, the binaries: `folder`, or one outside. */
  readonly home: string
  /** PostgreSQL's data directory. */
  readonly data: string
  /** Set when we are root, whom PostgreSQL refuses; otherwise the server runs as ourselves. */
  readonly account: Account | undefined
}

const outsideRoot = '/var/lib/tenantry'

/**
 * Decides where the data lives and makes the folders above it. A server that may not run as root needs a path that its
 * account can walk; where the product's folder has none, the data goes below /var/lib, which survives a reboot.
 */
export function openPlace(folder: string, onNotice: (text: string) => void): Place {
  const root = process.getuid?.() === 0
  const inside = join(folder, 'postgres')
  const record = join(folder, 'postgres.place')
  const outside = join(outsideRoot, outsideName(folder))
  const recorded = existsSync(record) ? readFileSync(record, 'utf8').trim() : undefined
  if (recorded !== undefined && recorded !== outside && existsSync(recorded))
    throw movedAway(folder, recorded, outside, record)

  if (!root) {
    if (recorded === outside && existsSync(outside)) throw ownedByOther(outside)
    if (existsSync(inside) && process.getuid && statSync(inside).uid !== process.getuid()) throw ownedByOther(inside)
    return { folder, home: folder, data: inside, account: undefined }
  }
  if (existsSync(inside)) {
    const { uid, gid } = statSync(inside)
    if (uid === 0) throw ownedByRoot(inside)
    if (!canReach(folder, { uid, gid })) throw unreachable(inside, uid)
    return { folder, home: folder, data: inside, account: { uid, gid } }
  }
  const account = unprivilegedAccount()
  if (recorded !== outside && canReach(folder, account)) return { folder, home: folder, data: inside, account }
  if (recorded === undefined && existsSync(outside)) setAside(outside, onNotice)
  writePrivate(record, `${outside}\n`)
  makeWalkable(outsideRoot, 0o711)
  makeWalkable(outside, 0o711)
  const data = join(outside, 'postgres')
  onNotice(`PostgreSQL does not run as root: the data of ${folder} is in ${data}, which its account can reach`)
  return { folder, home: outside, data, account }
}

/** Makes the product's folder unless it is there; returns its real path. */
export function makeFolder(path: string): string {
  try {
    // As root others get the right to walk through, never to list: the server's account needs it.
    makeWalkable(path, process.getuid?.() === 0 ? 0o711 : 0o700)
    return realpathSync(path)
  } catch (error) {
    throw new TenantryError('unavailable', `The folder ${path} cannot be made or entered`, { cause: error })
  }
}

/** Makes a folder that only the server's account (and root) may enter. */
export function makePrivateFolder(path: string, account: Account | undefined): void {
  mkdirSync(path, { recursive: true, mode: 0o700 })
  if (account) chownSync(path, account.uid, account.gid)
}

/** Writes a file that only its owner may read: the owner of its folder, or the account named. */
export function writePrivate(path: string, text: string, account?: Account): void {
  const next = `${path}.new`
  writeFileSync(next, text, { mode: 0o600 })
  if (account) chownSync(next, account.uid, account.gid)
  else giveToFolderOwner(next)
  renameSync(next, path)
}

/** What root writes into a user's folder is the user's, who may start without root the next time. */
export function giveToFolderOwner(path: string): void {
  if (process.getuid?.() !== 0) return
  const { uid, gid } = statSync(dirname(path))
  chownSync(path, uid, gid)
}

/** Whether the account may walk to the folder or program and into it, as far as the mode bits tell. */
export function canReach(path: string, account: Account): boolean {
  const { uid, gid, mode } = statSync(path)
  const shift = uid === account.uid ? 6 : gid === account.gid ? 3 : 0
  const parent = dirname(path)
  return ((mode >> shift) & 1) === 1 && (parent === path || canReach(parent, account))
}

/** A strict umask must not take away the right to walk through. */
function makeWalkable(path: string, mode: number): void {
  if (mkdirSync(path, { recursive: true }) !== undefined) chmodSync(path, mode)
}

function outsideName(folder: string): string {
  const product = basename(folder) === '.tenantry' ? dirname(folder) : folder
  const names = [basename(dirname(product)), basename(product)]
    .join('-')
    .replace(/[^\w-]+/g, '-')
    .replace(/^-+/, '')
  return `${names.slice(-40)}-${createHash('sha256').update(folder).digest('hex').slice(0, 8)}`
}

/** `nobody` exists nearly everywhere; initdb insists on an account with an entry in the password file. */
function unprivilegedAccount(): Account {
  const entries = existsSync('/etc/passwd') ? readFileSync('/etc/passwd', 'utf8').split('\n') : []
  for (const name of ['nobody', 'daemon']) {
    const [, , uid, gid] = entries.find(line => line.startsWith(`${name}:`))?.split(':') ?? []
    // macOS writes nobody as -2.
    if (uid && gid && uid !== '0') return { uid: Number(uid) >>> 0, gid: Number(gid) >>> 0 }
  }
  throw new TenantryError(
    'unavailable',
    'PostgreSQL cannot run as root, and there is no account "nobody" to run it as',
    {
      hint: 'Start as an ordinary user, or set DATABASE_URL to a PostgreSQL server of your own.',
    },
  )
}

/** The product's folder is new but its path had data before: whoever removed the folder wanted an empty start. */
function setAside(outside: string, onNotice: (text: string) => void): void {
  const kept = `${outside}.old-${new Date().toISOString().replace(/\D/g, '').slice(0, 14)}`
  renameSync(outside, kept)
  onNotice(`Data of an earlier installation at this path was kept as ${kept}`)
}

function movedAway(folder: string, recorded: string, outside: string, record: string): TenantryError {
  return new TenantryError('conflict', `The data of ${folder} is in ${recorded}, which belongs to another path`, {
    hint: `If the folder was moved, rename ${recorded} to ${outside} and write that path into ${record}. If it is a copy, remove ${record} to begin with an empty database.`,
  })
}

function ownedByOther(path: string): TenantryError {
  return new TenantryError('unavailable', `The data in ${path} belongs to another user`, {
    hint: 'Start as the user who started it before, or set DATABASE_URL to a PostgreSQL server of your own.',
  })
}

function ownedByRoot(data: string): TenantryError {
  return new TenantryError('unavailable', `The data in ${data} belongs to root, whom PostgreSQL refuses`, {
    hint: `It was probably copied by root. Run "chown -R nobody: ${data}".`,
  })
}

function unreachable(data: string, uid: number): TenantryError {
  return new TenantryError('unavailable', `The data in ${data} belongs to user ${uid}, who can no longer walk to it`, {
    hint: `Give others the right to walk through the folders above (chmod o+x), or start as user ${uid}.`,
  })
}
