import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { TenantryError } from '../../core/errors.ts'
import { attach, publishServer, waitForAttached, withdrawServer } from './embedded/attach.ts'
import { findBinaries } from './embedded/binaries.ts'
import { openCluster, readPassword } from './embedded/cluster.ts'
import { openLog } from './embedded/launch.ts'
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
  /** `own`: only we may run a server here. `attach-or-start`: use the one that runs, else start one for our time. */
  readonly mode: 'own' | 'attach-or-start'
  /** False gives up durability for speed, for tests. Default true. */
  readonly fsync?: boolean
  /** More of PostgreSQL's settings; they win over ours. */
  readonly settings?: Readonly<Record<string, string>>
  /** What the operator should know: where the data is, what is being waited for. */
  readonly onNotice?: (text: string) => void
  /** The server had died and takes connections again; what was connected has to connect anew. */
  readonly onRestart?: () => void
}

const attachPatience = 30_000

/**
 * Opens the bundled PostgreSQL on the product's folder, making its data the first time. It ends with our process,
 * however that ends, and comes back when it is killed itself. Fails `conflict` when another process owns the folder
 * (mode `own`) or the data is of another major version, `unavailable` when the server cannot be had.
 */
export async function openEmbedded(options: EmbeddedOptions): Promise<EmbeddedServer> {
  const folder = makeFolder(options.folder)
  const end = Date.now() + attachPatience
  for (;;) {
    const taken = await takeLock(join(folder, 'server.lock')).catch(error => {
      const hint = 'Start as the user who owns the folder.'
      throw new TenantryError('unavailable', `The folder ${folder} cannot be written`, { hint, cause: error })
    })
    if (!('holder' in taken)) return start(folder, taken, options)
    if (options.mode === 'own') throw heldBy(folder, taken.holder)
    const attached = attach(folder, taken.holder.id)
    if (attached) {
      const { host, port, data } = attached.record
      const close = async () => attached.detach()
      return serverAt({ host, port, folder: data, started: false, password: readPassword(folder), close })
    }
    if (Date.now() > end) throw notReady(folder, taken.holder)
    await sleep(50)
  }
}

async function start(folder: string, lock: Lock, options: EmbeddedOptions): Promise<EmbeddedServer> {
  const { fsync = true, onNotice = () => {}, onRestart = () => {} } = options
  try {
    withdrawServer(folder)
    const place = openPlace(folder, onNotice)
    const binaries = findBinaries(place)
    const password = await openCluster(place, binaries, fsync)
    const socketFolder = openSocketFolder(place)
    const settings = serverSettings(fsync, options.settings)
    openLog(folder)
    const server = await supervise({ place, binaries, socketFolder, settings }, { onNotice, onRestart })
    const { port } = server
    const host = socketFolder ?? '127.0.0.1'
    try {
      publishServer(folder, { id: lock.mine.id, pid: process.pid, host, port, data: place.data })
    } catch (error) {
      await server.stop()
      throw error
    }
    const close = once(async () => {
      withdrawServer(folder)
      // A command that started the server for itself may have been joined by others meanwhile.
      const onWait = (pid: number) => onNotice(`Waiting for process ${pid}, which uses the same PostgreSQL`)
      if (options.mode === 'attach-or-start') await waitForAttached(folder, onWait)
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

function once<Result>(run: () => Promise<Result>): () => Promise<Result> {
  let running: Promise<Result> | undefined
  return () => {
    running ??= run()
    return running
  }
}

function heldBy(folder: string, holder: LockHolder): TenantryError {
  return new TenantryError('conflict', `Process ${holder.pid} already runs the server of ${folder}`, {
    hint: `Stop process ${holder.pid} first, or start with another folder.`,
  })
}

function notReady(folder: string, holder: LockHolder): TenantryError {
  return new TenantryError('unavailable', `Process ${holder.pid} holds ${folder}, but its server is not ready`, {
    hint: `Look at ${join(folder, 'postgres.log')}, or stop process ${holder.pid} and try again.`,
  })
}
