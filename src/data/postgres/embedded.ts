import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { TenantryError } from '../../core/errors.ts'
import { once } from '../../core/once.ts'
import { attach, publishServer, waitForAttached, withdrawServer } from './embedded/attach.ts'
import { findBinaries } from './embedded/binaries.ts'
import { openCluster, readPassword } from './embedded/cluster.ts'
import { openLog } from './embedded/launch.ts'
import { isRunning } from './embedded/live-process.ts'
import { type Lock, type LockHolder, takeLock } from './embedded/lock.ts'
import { makeFolder, openPlace } from './embedded/place.ts'
import { serverSettings } from './embedded/settings.ts'
import { openSocketFolder, removeSocketFolder } from './embedded/socket.ts'
import { supervise } from './embedded/supervise.ts'

/** A PostgreSQL of our own. */
export interface EmbeddedServer {
  /** Of the superuser, to database `postgres`. Holds the password: never log it. */
  readonly url: string
  /** The folder of the Unix socket where the platform has them, else 127.0.0.1. */
  readonly host: string
  /** Listens on 127.0.0.1 too; the same over restarts of the server, another one each time it is opened. */
  readonly port: number
  /** Where the data really is; outside the product's folder when the server's account could not reach that. */
  readonly folder: string
  /** False: another process of ours runs this server, and we are attached to it. */
  readonly started: boolean
  /** How the superuser connects to a database, in the form of `pg`'s ClientConfig. */
  connection(database: string): ServerConnection
  /** Ends all sessions and stops the server when we started it; otherwise only lets go of it. May be called again. */
  close(): Promise<void>
}

export interface ServerConnection {
  readonly host: string
  readonly port: number
  readonly user: string
  readonly password: string
  readonly database: string
}

export interface EmbeddedOptions {
  /** The product's `.tenantry`; made when missing. */
  readonly folder: string
  /**
   * `own`: we serve the product, which only one may do. `share`: we serve a part of it. Both take the server of another process
   * that serves, else start it for all. `attach-or-start`: use the one that runs, else start one for our time.
   */
  readonly mode: 'own' | 'share' | 'attach-or-start'
  /** False gives up durability for speed, for tests. Default true. */
  readonly fsync?: boolean
  /** More of PostgreSQL's settings; they win over ours. */
  readonly settings?: Readonly<Record<string, string>>
  /** What the operator should know: where the data is, what is being waited for. */
  readonly onNotice?: (text: string) => void
  /** The server had died and takes connections again; what was connected has to connect anew. */
  readonly onRestart?: () => void
  /** The process that ran the server for us is gone, and we could not run it in its place. */
  readonly onLost?: (pid: number, cause: unknown) => void
}

const attachPatience = 30_000
const lookEvery = 500

/**
 * Opens the bundled PostgreSQL on the product's folder, making its data the first time. It ends with the process that runs it,
 * however that ends, and comes back when it is killed itself, or when another process that serves was using it. Fails `conflict` when another process owns the folder
 * (mode `own`) or the data is of another major version, `unavailable` when the server cannot be had.
 */
export async function openEmbedded(options: EmbeddedOptions): Promise<EmbeddedServer> {
  const folder = makeFolder(options.folder)
  if (options.mode !== 'own') return open(folder, options)
  const owning = await lockIn(folder, 'owner.lock')
  if ('holder' in owning) throw heldBy(folder, owning.holder)
  try {
    const server = await open(folder, options)
    return { ...server, close: once(() => server.close().finally(() => owning.release())) }
  } catch (error) {
    owning.release()
    throw error
  }
}

async function open(folder: string, options: EmbeddedOptions): Promise<EmbeddedServer> {
  const serves = options.mode !== 'attach-or-start'
  const end = Date.now() + attachPatience
  for (;;) {
    const taken = await lockIn(folder, 'server.lock')
    if (!('holder' in taken)) return start(folder, taken, options)
    // A command that started a server for its own time is waited for: it would have to wait for us.
    const attached = attach(folder, taken.holder.id, serves)
    if (attached) {
      const { host, port, data } = attached.record
      const succession = serves ? succeed(folder, taken.holder, port, options) : undefined
      const close = once(async () => {
        const own = await succession?.end()
        attached.detach()
        await own?.close()
      })
      return serverAt({ host, port, folder: data, started: false, password: readPassword(folder), close })
    }
    if (Date.now() > end) throw notReady(folder, taken.holder)
    await sleep(50)
  }
}

/**
 * Watches the process that runs the server for us. When it is gone, the first of those who used the server runs it from then on, at
 * the same address.
 */
function succeed(
  folder: string,
  first: LockHolder,
  port: number,
  options: EmbeddedOptions,
): { end(): Promise<EmbeddedServer | undefined> } {
  const { onNotice = () => {}, onRestart = () => {}, onLost = () => {} } = options
  let holder = first
  let taking: Promise<EmbeddedServer | undefined> | undefined
  const timer = setInterval(() => {
    if (!taking && !isRunning(holder)) taking = takeOver()
  }, lookEvery)

  async function takeOver(): Promise<EmbeddedServer | undefined> {
    try {
      const gone = holder.pid
      const taken = await lockIn(folder, 'server.lock')
      if ('holder' in taken) {
        holder = taken.holder
        taking = undefined
        return undefined
      }
      const server = await start(folder, taken, options, port)
      onNotice(`Process ${gone}, which ran PostgreSQL, is gone; this one runs it now`)
      onRestart()
      return server
    } catch (error) {
      onLost(holder.pid, error)
      return undefined
    }
  }

  return {
    async end() {
      clearInterval(timer)
      return taking
    },
  }
}

function lockIn(folder: string, name: string): ReturnType<typeof takeLock> {
  return takeLock(join(folder, name)).catch(error => {
    const hint = 'Start as the user who owns the folder.'
    throw new TenantryError('unavailable', `The folder ${folder} cannot be written`, { hint, cause: error })
  })
}

/** `wanted`: the port where others expect the server. */
async function start(folder: string, lock: Lock, options: EmbeddedOptions, wanted?: number): Promise<EmbeddedServer> {
  const { fsync = true, onNotice = () => {}, onRestart = () => {} } = options
  try {
    withdrawServer(folder)
    const place = openPlace(folder, onNotice)
    const binaries = findBinaries(place)
    const password = await openCluster(place, binaries, fsync)
    const socketFolder = openSocketFolder(place)
    const settings = serverSettings(fsync, options.settings)
    openLog(folder)
    const server = await supervise({ place, binaries, socketFolder, settings }, { onNotice, onRestart }, wanted)
    const { port } = server
    const host = socketFolder ?? '127.0.0.1'
    try {
      const serves = options.mode !== 'attach-or-start'
      publishServer(folder, { id: lock.mine.id, pid: process.pid, host, port, data: place.data, serves })
    } catch (error) {
      await server.stop()
      throw error
    }
    const close = once(async () => {
      withdrawServer(folder)
      // Others may have joined meanwhile.
      const onWait = (pid: number) => onNotice(`Waiting for process ${pid}, which uses the same PostgreSQL`)
      await waitForAttached(folder, onWait)
      await server.stop().finally(() => {
        removeSocketFolder(place)
        lock.release()
      })
    })
    return serverAt({ host, port, folder: place.data, started: true, password, close })
  } catch (error) {
    lock.release()
    throw error
  }
}

function serverAt(parts: Omit<EmbeddedServer, 'url' | 'connection'> & { password: string }): EmbeddedServer {
  const { password, ...shown } = parts
  const { host, port } = shown
  // In this form every reader of URLs finds a server: those who know `host` take the socket, others go by TCP.
  const socket = host === '127.0.0.1' ? '' : `?host=${encodeURIComponent(host)}`
  return {
    ...shown,
    url: `postgres://postgres:${password}@127.0.0.1:${port}/postgres${socket}`,
    connection: database => ({ host, port, user: 'postgres', password, database }),
  }
}

function heldBy(folder: string, holder: LockHolder): TenantryError {
  return new TenantryError('conflict', `Process ${holder.pid} already runs the server of ${folder}`, {
    hint: `Stop process ${holder.pid} first, or start with another folder. To serve one module beside it: tenantry serve`,
  })
}

function notReady(folder: string, holder: LockHolder): TenantryError {
  return new TenantryError('unavailable', `Process ${holder.pid} holds ${folder}, but its server is not ready`, {
    hint: `Look at ${join(folder, 'postgres.log')}, or stop process ${holder.pid} and try again.`,
  })
}
