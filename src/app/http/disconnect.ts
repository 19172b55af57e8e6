import { setMaxListeners } from 'node:events'
import type { Socket } from 'node:net'
import type { FastifyReply } from 'fastify'

/** One signal for all requests of a connection: most callers stay, and are not to pay for those that go. */
const signals = new WeakMap<Socket, AbortSignal>()

/** Fires when the caller goes away; whoever has its answer by then listens no more. */
export function signalOf({ request }: FastifyReply): AbortSignal {
  // A reply has no socket before those to earlier requests of the connection have ended.
  const { socket } = request.raw
  if (socket.destroyed) return AbortSignal.abort()
  const known = signals.get(socket)
  if (known) return known
  const controller = new AbortController()
  const { signal } = controller
  // As many as it sends before the first is answered.
  setMaxListeners(0, signal)
  socket.once('close', () => controller.abort())
  signals.set(socket, signal)
  return signal
}
