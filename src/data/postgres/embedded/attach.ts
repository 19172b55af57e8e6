import { randomUUID } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { isReady } from './launch.ts'
import { findProcess, isRunning, type LiveProcess } from './live-process.ts'
import { giveToFolderOwner, writePrivate } from './place.ts'

/** What the owner of a running server tells those who attach. `id` is its lock's, so that an old file fools nobody. */
interface ServerRecord {
  readonly id: string
  readonly pid: number
  readonly host: string
  readonly port: number
  readonly data: string
  /** True: it runs until its process, which serves, is told to end. */
  readonly serves: boolean
}

/** Says that the server takes connections. */
export function publishServer(folder: string, record: ServerRecord): void {
  writePrivate(recordPath(folder), JSON.stringify(record))
}

/** From now on nobody attaches any more. */
export function withdrawServer(folder: string): void {
  rmSync(recordPath(folder), { force: true })
}

/**
 * Marks us as a user of the holder's server once it is ready; nothing while it is not, or is going. `serves`: only of one that
 * runs until it is told to end.
 */
export function attach(
  folder: string,
  holderId: string,
  serves: boolean,
): { record: ServerRecord; detach(): void } | undefined {
  const record = findRecord(folder, holderId)
  if (!record || (serves && !record.serves) || !isReady(record.data)) return undefined
  const mark = join(marksFolder(folder), randomUUID())
  mkdirSync(marksFolder(folder), { recursive: true, mode: 0o700 })
  giveToFolderOwner(marksFolder(folder))
  writePrivate(mark, JSON.stringify(findProcess(process.pid)))
  const detach = () => rmSync(mark, { force: true })
  // The owner withdraws its record, then looks for marks: who still finds the record after marking will be seen.
  if (findRecord(folder, holderId)) return { record, detach }
  detach()
  return undefined
}

/** Waits until nobody is attached any more; who died without detaching does not count. */
export async function waitForAttached(folder: string, onWait: (pid: number) => void): Promise<void> {
  let told = false
  for (;;) {
    const user = findAttached(folder)
    if (!user) return
    if (!told) onWait(user.pid)
    told = true
    await sleep(50)
  }
}

function findAttached(folder: string): LiveProcess | undefined {
  const marks = marksFolder(folder)
  for (const name of existsSync(marks) ? readdirSync(marks) : []) {
    const user = readJson<LiveProcess>(join(marks, name))
    if (user && isRunning(user)) return user
    // Half written is not yet attached: the record it looks for next is gone.
    if (user) rmSync(join(marks, name), { force: true })
  }
  return undefined
}

function findRecord(folder: string, holderId: string): ServerRecord | undefined {
  const record = readJson<ServerRecord>(recordPath(folder))
  return record?.id === holderId ? record : undefined
}

function readJson<Shape>(path: string): Shape | undefined {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as Shape
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' || error instanceof SyntaxError) return undefined
    throw error
  }
}

const recordPath = (folder: string) => join(folder, 'server.json')
const marksFolder = (folder: string) => join(folder, 'attached')
