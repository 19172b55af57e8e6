import { randomUUID } from 'node:crypto'
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { findProcess, isRunning, type LiveProcess } from './live-process.ts'

/** Who holds a lock. `id` is new for every taking, so that no two holders look alike. */
export interface LockHolder extends LiveProcess {
  readonly id: string
}

export interface Lock {
  readonly mine: LockHolder
  release(): void
}

/**
 * Takes the lock file, or answers who holds it. What a killed holder left behind is taken over; of many racers one wins.
 * Fails with the error of the file system when the folder cannot be written.
 */
export async function takeLock(path: string): Promise<Lock | { readonly holder: LockHolder }> {
  const mine = { ...(findProcess(process.pid) ?? { pid: process.pid, born: '' }), id: randomUUID() }
  for (;;) {
    if (createNew(path, mine)) return lockOf(path, mine)
    const holder = await readHolder(path)
    if (holder === undefined) continue
    if (isRunning(holder)) return { holder }
    // Two may see the same dead holder, and the slower one must not replace the file of the faster: the right to
    // replace is a lock too, named after the dead holder, and its owner looks again.
    const right = await takeLock(`${path}.${holder.id}`)
    if ('holder' in right) {
      await sleep(20)
      continue
    }
    try {
      if (parseHolder(path)?.id !== holder.id) continue
      const next = `${path}.${mine.id}.new`
      writeFileSync(next, JSON.stringify(mine))
      renameSync(next, path)
      return lockOf(path, mine)
    } finally {
      right.release()
    }
  }
}

function lockOf(path: string, mine: LockHolder): Lock {
  return {
    mine,
    release() {
      if (parseHolder(path)?.id === mine.id) rmSync(path, { force: true })
    },
  }
}

function createNew(path: string, mine: LockHolder): boolean {
  try {
    writeFileSync(path, JSON.stringify(mine), { flag: 'wx' })
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  }
}

/** A file that stays half written for a second was left by a process that died between creating and writing it. */
async function readHolder(path: string): Promise<LockHolder | undefined> {
  for (let tries = 0; ; tries++) {
    const holder = parseHolder(path)
    if (holder !== halfWritten || tries === 50) return holder
    await sleep(20)
  }
}

const halfWritten: LockHolder = { pid: 0, born: '', id: 'half-written' }

function parseHolder(path: string): LockHolder | undefined {
  try {
    const { pid, born, id } = JSON.parse(readFileSync(path, 'utf8')) as LockHolder
    const whole = Number.isInteger(pid) && typeof born === 'string' && /^[\w-]+$/.test(id)
    return whole ? { pid, born, id } : halfWritten
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof TypeError) return halfWritten
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}
