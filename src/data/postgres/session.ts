import pg from 'pg'
import { atDatabase } from './bootstrap.ts'
import type { ConnectionTarget } from './driver.ts'
import { toError } from './errors.ts'

/**
 * A connection of its own for one piece of work; it ends with it, whatever becomes of it. Errors are ours; what was not committed is
 * rolled back.
 */
export async function withSession<T>(
  target: ConnectionTarget,
  config: Pick<pg.ClientConfig, 'application_name' | 'connectionTimeoutMillis' | 'options'>,
  work: (client: pg.Client) => Promise<T>,
): Promise<T> {
  const client = new pg.Client({ ...atDatabase(target), ...config })
  client.on('error', () => {}) // The statement under way rejects.
  try {
    await client.connect()
    return await work(client)
  } catch (error) {
    throw toError(error)
  } finally {
    await client.end().catch(() => {})
  }
}
