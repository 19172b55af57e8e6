import { TenantryError } from '../core/errors.ts'

/** Why a process that serves ends when another one did: that one ran the embedded server for both. */
export function lostServer(pid: number, cause: unknown): TenantryError {
  return new TenantryError('unavailable', `Process ${pid}, which ran PostgreSQL, is gone, and this one cannot run it`, {
    cause,
    hint: 'Look at postgres.log in the folder of the data, then start again',
  })
}
