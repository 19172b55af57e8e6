import { TenantryError } from '../../core/errors.ts'
import { createClient } from '../../verify/client.ts'
import type { Platform } from '../platform.ts'
import { startServer } from '../server.ts'

/** A server of this installation. */
export interface Serving {
  readonly url: string
  /** True when it was started for this. */
  readonly started: boolean
  close(): Promise<void>
}

/**
 * The server at `url`; without one, the server at the public address; and where none answers there, one that is started on a
 * free port of this machine. Throws `unavailable` when the given one does not answer.
 */
export async function findServer(
  platform: Platform,
  url: string | undefined,
  mayStart: boolean,
): Promise<Serving | undefined> {
  const found = url ?? platform.publicUrl()
  if (await answers(found)) return { url: found, started: false, close: async () => {} }
  if (url !== undefined) {
    throw new TenantryError('unavailable', `No server of Tenantry answers at ${url}`, {
      hint: 'Give the address of a running server, or leave --url out to start one',
    })
  }
  if (!mayStart) return undefined
  const { environment } = platform
  // Tokens name the public address, and it stays what it is.
  const server = await startServer({
    ...platform,
    environment: { ...environment, host: '127.0.0.1', port: 0, publicUrl: platform.publicUrl() },
  })
  return { url: server.url, started: true, close: () => server.close() }
}

async function answers(url: string): Promise<boolean> {
  if (!/^https?:\/\//.test(url)) return false
  const client = createClient(url, 1)
  try {
    const { text } = await client.send({ path: '/-/health/live' }, null)
    return text === '{"status":"live"}'
  } catch {
    return false
  } finally {
    client.close()
  }
}
