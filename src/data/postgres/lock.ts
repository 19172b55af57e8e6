import { setTimeout as sleep } from 'node:timers/promises'
import type pg from 'pg'

/** Any number; all that prepares or changes a database takes turns. */
const databaseLock = 7_203_442

/**
 * Waits for the turn of this session; its end gives it back. It asks again and again instead of waiting inside PostgreSQL,
 * where whoever builds an index would have to wait for those who wait for it.
 */
export async function takeTurn(client: pg.ClientBase, onWait: () => void = () => {}): Promise<void> {
  for (let delay = 20; ; delay = Math.min(500, delay * 2)) {
    const { rows } = await client.query<{ taken: boolean }>('select pg_try_advisory_lock($1) as taken', [databaseLock])
    if (rows[0]?.taken) return
    if (delay === 20) onWait()
    await sleep(delay)
  }
}
