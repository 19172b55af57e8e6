import { TenantryError } from '../core/errors.ts'

/** Why a process that serves ends when another one did: that one ran the embedded server for both. */
export function lostServer(pid: number): TenantryError {
  return new TenantryError('unavailable', `Process ${pid}, which ran PostgreSQL for this one too, is gone`, {
    hint: 'Start again: the first to start runs it for all',
  })
}
