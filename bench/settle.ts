import pg from 'pg'
import type { Platform } from '../src/app/platform.ts'

/** What a server does by itself some time after a load is done now, so that it falls into no round. */
export async function settle(platform: Platform): Promise<void> {
  const client = new pg.Client(platform.embedded?.connection('postgres'))
  await client.connect()
  await client.query('vacuum analyze')
  await client.end()
}
