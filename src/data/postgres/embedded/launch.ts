import { type ChildProcess, execFile, spawn } from 'node:child_process'
import {
  closeSync,
  existsSync,
  fstatSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  rmSync,
  statSync,
} from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { TenantryError } from '../../../core/errors.ts'
import type { Binaries } from './binaries.ts'
import { programEnv } from './cluster.ts'
import { answersSignal, findServing, servesData, waitUntilGone } from './live-process.ts'
import { giveToFolderOwner, type Place } from './place.ts'

const logLimit = 5_000_000

/** Makes the server's log, or empties one that has grown large; it says little, so a start is often enough for that. */
export function openLog(folder: string): void {
  const path = logPath(folder)
  closeSync(openSync(path, existsSync(path) && statSync(path).size > logLimit ? 'w' : 'a', 0o600))
  giveToFolderOwner(path)
}

/** What one run of the server needs to know. */
export interface Launch {
  readonly place: Place
  readonly binaries: Binaries
  /** The folder of the Unix socket; `undefined` where the platform or the length of the path forbids one. */
  readonly socketFolder: string | undefined
  readonly settings: Readonly<Record<string, string>>
  readonly port: number
}

/** Why a server did not come up, so that the caller can choose another port or wait. */
type LaunchFailure = 'port_taken' | 'predecessor_alive' | 'other'

/** Starts PostgreSQL and waits until it takes connections. `onSpawn` hears of the process before it is ready. */
export async function launch(plan: Launch, onSpawn: (child: ChildProcess) => void): Promise<ChildProcess> {
  const { place, binaries } = plan
  clearSockets(plan.socketFolder)
  const log = openSync(logPath(place.folder), 'a+', 0o600)
  const before = fstatSync(log).size
  try {
    const child = spawn(binaries.postgres, ['-D', place.data, ...settingArguments(plan)], {
      ...place.account,
      cwd: place.data,
      env: programEnv,
      stdio: ['ignore', log, log],
      // Its own session, or Ctrl-C in the terminal would stop it before we have drained.
      detached: true,
      windowsHide: true,
    })
    child.unref()
    const failed = new Promise<string>(resolve => child.once('error', error => resolve(error.message)))
    if (child.pid === undefined) throw notStarted(place.folder, await failed, 'other')
    onSpawn(child)
    while (!isReady(place.data, child.pid)) {
      if (child.exitCode === null && child.signalCode === null) await sleep(20)
      else {
        const said = readFrom(log, before)
        throw notStarted(place.folder, said, failureOf(said))
      }
    }
    return child
  } finally {
    closeSync(log)
  }
}

/** Fast shutdown: sessions are ended, data is written. What is still there after `patience` ms is made to quit. */
export async function stop(pid: number, plan: Pick<Launch, 'place' | 'binaries'>, patience = 10_000): Promise<void> {
  if (process.platform === 'win32') {
    await promisify(execFile)(plan.binaries.pgCtl, ['stop', '-D', plan.place.data, '-m', 'fast', '-w']).catch(() => {})
    return
  }
  send(pid, 'SIGINT')
  if (await waitUntilGone(pid, patience)) return
  // No checkpoint, but nothing that was committed is lost: the next start recovers.
  send(pid, 'SIGQUIT')
  if (await waitUntilGone(pid, 10_000)) return
  throw new TenantryError('unavailable', `The PostgreSQL server with pid ${pid} does not stop`, {
    hint: 'Look at what it waits for (a disk that does not answer?) and stop it by hand.',
  })
}

/** Stops what an earlier process of ours left running on the data, and clears what a killed server left in the way. */
export async function stopPredecessor(plan: Pick<Launch, 'place' | 'binaries'>): Promise<void> {
  const { data } = plan.place
  const pid = Number(readPidFile(data)?.[0])
  if (pid > 0 && servesData(pid, data)) return stop(pid, plan)
  // Backends in the middle of a long computation do not notice that their postmaster was killed; no new one may start
  // beside them.
  const left = findServing(data)
  for (const backend of left) send(backend, 'SIGQUIT')
  for (const backend of left) if (!(await waitUntilGone(backend, 5000))) return
  // PostgreSQL takes any process of its user with this pid for a live server. After a restart of a container pids are
  // given anew, so that can be anybody; where we see that nobody works on the data, the file is a leftover.
  if (process.platform === 'linux' && answersSignal(pid)) rmSync(join(data, 'postmaster.pid'), { force: true })
}

/** Whether the server with this pid takes connections: it writes its state into the eighth line of its pid file. */
export function isReady(data: string, pid?: number): boolean {
  const lines = readPidFile(data)
  return lines?.[7]?.trim() === 'ready' && (pid === undefined || Number(lines[0]) === pid)
}

/** The failure that `launch` threw. */
export function launchFailure(error: unknown): LaunchFailure {
  const reason = error instanceof TenantryError ? error.reason : undefined
  return reason === 'port_taken' || reason === 'predecessor_alive' ? reason : 'other'
}

function settingArguments({ socketFolder, settings, port }: Launch): string[] {
  const all: Record<string, string> = {
    ...settings,
    port: String(port),
    listen_addresses: '127.0.0.1',
    unix_socket_directories: socketFolder ? `"${socketFolder}"` : '',
    unix_socket_permissions: '0700',
  }
  return Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`])
}

const logPath = (folder: string) => join(folder, 'postgres.log')

function failureOf(said: string): LaunchFailure {
  if (/Address already in use|could not create any TCP\/IP sockets/.test(said)) return 'port_taken'
  if (/pre-existing shared memory block|lock file ".*" already exists/.test(said)) return 'predecessor_alive'
  return 'other'
}

function notStarted(folder: string, said: string, reason: LaunchFailure): TenantryError {
  return new TenantryError('unavailable', 'The bundled PostgreSQL did not start', {
    reason,
    details: said.trim().split('\n').slice(-8).join('\n'),
    hint: `The whole log is ${logPath(folder)}. To use a PostgreSQL server of your own, set DATABASE_URL.`,
  })
}

/** A killed server leaves its socket; its lock file names a pid that may be somebody else's by now. */
function clearSockets(folder: string | undefined): void {
  for (const name of folder && existsSync(folder) ? readdirSync(folder) : []) {
    if (folder && name.startsWith('.s.PGSQL.')) rmSync(join(folder, name), { force: true })
  }
}

function readPidFile(data: string): string[] | undefined {
  try {
    return readFileSync(join(data, 'postmaster.pid'), 'utf8').split('\n')
  } catch {
    return undefined
  }
}

function readFrom(file: number, position: number): string {
  const bytes = Buffer.alloc(20_000)
  return bytes.toString('utf8', 0, readSync(file, bytes, 0, bytes.length, position))
}

function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}
