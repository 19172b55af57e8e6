import { randomBytes, randomUUID } from 'node:crypto'
import { chown, link, mkdir, open, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { TenantryError } from '../core/errors.ts'

export interface MasterKeyPlace {
  /** The installation's folder, where the key is kept when the environment names none. */
  readonly folder: string
  readonly env: Readonly<Record<string, string | undefined>>
}

const howToMake = 'Make one with: (umask 077; openssl rand -base64 32 > master.key)'

/**
 * The 32 bytes under which secrets are sealed: from `TENANTRY_MASTER_KEY` (base64, base64url or hex), else from the file
 * that `TENANTRY_MASTER_KEY_FILE` names, else from `<folder>/master.key`, which alone is made when it is missing. Of many
 * processes that start at once all get the same key. Throws `invalid` for a key that is malformed or that others may
 * read, `unavailable` when a file cannot be read or made.
 */
export async function openMasterKey({ folder, env }: MasterKeyPlace): Promise<Buffer> {
  const text = env.TENANTRY_MASTER_KEY
  if (text !== undefined) return parseKey(text, 'TENANTRY_MASTER_KEY')
  // Its value is not shown: it may be a key that was put into the wrong variable.
  const named = 'the file that TENANTRY_MASTER_KEY_FILE names'
  const file = env.TENANTRY_MASTER_KEY_FILE
  if (file !== undefined) return (await readKey(file, named)) ?? missing(named)

  const path = join(folder, 'master.key')
  const found = await readKey(path, path)
  if (found) return found
  await makeKey(folder, path)
  return (await readKey(path, path)) ?? missing(path)
}

function parseKey(text: string, source: string): Buffer {
  const trimmed = text.trim()
  if (/^[0-9a-f]{64}$/i.test(trimmed)) return Buffer.from(trimmed, 'hex')
  if (/^(?:[A-Za-z0-9+/]{43}|[\w-]{43})=?$/.test(trimmed)) return Buffer.from(trimmed, 'base64')
  throw new TenantryError('invalid', `The master key in ${source} is not 32 bytes in base64 or hex`, {
    hint: trimmed === '' ? `It is empty. Unset it, or set it to a key. ${howToMake}` : howToMake,
  })
}

/** Undefined when there is no such file. */
async function readKey(path: string, source: string): Promise<Buffer | undefined> {
  try {
    const file = await open(path, 'r')
    try {
      // Asked of the open file, not of the path: that is the one whose text we use.
      const { mode } = await file.stat()
      if (process.platform !== 'win32' && (mode & 0o066) !== 0) throw openToOthers(source)
      return parseKey(await file.readFile('utf8'), source)
    } finally {
      await file.close()
    }
  } catch (error) {
    if (error instanceof TenantryError) throw error
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw unavailable(source, 'cannot be read', error)
  }
}

/** Writes the whole key beside its place and links it there: a link never replaces what another process made first. */
async function makeKey(folder: string, path: string): Promise<void> {
  const next = `${path}.${randomUUID()}.new`
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 })
    try {
      const file = await open(next, 'wx', 0o600)
      try {
        await file.writeFile(`${randomBytes(32).toString('base64')}\n`)
        await file.sync()
      } finally {
        await file.close()
      }
      await giveToOwnerOf(folder, next)
      await link(next, path)
    } finally {
      await rm(next, { force: true })
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw unavailable(path, 'cannot be made', error)
  }
}

/** Started once as root, the key must still open for the folder's owner. */
async function giveToOwnerOf(folder: string, path: string): Promise<void> {
  if (process.getuid?.() !== 0) return
  const { uid, gid } = await stat(folder)
  await chown(path, uid, gid)
}

function openToOthers(source: string): TenantryError {
  return new TenantryError('invalid', `The master key in ${source} can be read or changed by other users`, {
    hint: 'Take their rights away with: chmod 600',
  })
}

function missing(source: string): never {
  throw new TenantryError('invalid', `There is no master key in ${source}`, { hint: howToMake })
}

function unavailable(source: string, what: string, cause: unknown): TenantryError {
  const { code = 'unknown reason' } = cause as NodeJS.ErrnoException
  return new TenantryError('unavailable', `The master key in ${source} ${what} (${code})`, {
    hint: 'Check the owner and rights of file and folder, or give the key in TENANTRY_MASTER_KEY',
  })
}
