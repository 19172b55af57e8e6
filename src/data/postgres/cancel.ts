import { connect, type Socket } from 'node:net'
import { setTimeout as pauseFor } from 'node:timers/promises'
import type { Cancellable, LentClient } from './driver.ts'

/**
 * https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-FLOW-CANCELING-REQUESTS: a connection of its own, which may
 * be late and hit the statement behind. `over` is called when the server has taken it or it is lost; without a key at once.
 */
export function sendCancel({ processID, secretKey, host, port }: Cancellable, over: () => void): void {
  if (processID === null || secretKey === null) {
    over()
    return
  }
  const request = Buffer.alloc(16)
  request.writeInt32BE(16, 0)
  request.writeInt32BE(80877102, 4)
  request.writeInt32BE(processID, 8)
  request.writeInt32BE(secretKey, 12)
  const socket: Socket = host.startsWith('/') ? connect(`${host}/.s.PGSQL.${port}`) : connect(port, host)
  socket.on('close', over)
  socket.on('error', () => {}) // A cancel that does not arrive changes nothing: the time limit still holds.
  socket.setTimeout(5_000, () => socket.destroy())
  socket.end(request)
}

/** Milliseconds before the first request: most of what is stopped is over by itself then. */
const firstPause = 20
/** Milliseconds in which what nobody waits for has stopped. */
const stopTime = 10_000

/**
 * Asks the server to stop what `client` runs until `over` settles; a request that comes before a statement has begun is lost.
 * Resolves then, to whether it was asked: a request that is late would hit what the connection runs next. A server that does
 * not answer any more is left to find out that nobody is there.
 */
export async function stopRunning(client: LentClient, over: Promise<unknown>): Promise<boolean> {
  const ended = endInTime(client, over).then(
    () => true,
    () => true,
  )
  let asked = false
  for (let pause = firstPause; ; pause = Math.min(500, pause * 2)) {
    if (await Promise.race([ended, pauseFor(pause, false, { ref: false })])) return asked
    asked = true
    await new Promise<void>(resolve => sendCancel(client, resolve))
  }
}

/** Ends the connection when `over` takes too long; what waits for it on the connection is rejected then. */
export async function endInTime<T>(client: LentClient, over: Promise<T>): Promise<T> {
  const patience = setTimeout(() => client.connection.stream.destroy(), stopTime)
  try {
    return await over
  } finally {
    clearTimeout(patience)
  }
}
