import { TenantryError, toTenantryError } from '../../core/errors.ts'
import type { TenantContext } from '../../core/tenant-context.ts'

/** Milliseconds between two looks. What hangs is given up at the second look after it: no right outlives its end by five seconds. */
const lookEvery = 1_500

/**
 * Asks again and again whether a request of the same caller would still be let in as it was at first. Calls `onEnd` once when not: with
 * the error that such a request would get, or `conflict` when it would see something else. Answers how to stop.
 */
export function watchAccess(
  open: () => Promise<TenantContext>,
  first: TenantContext,
  onEnd: (error: TenantryError) => void,
): () => void {
  let looking = false
  let missed = 0
  const stop = () => clearInterval(timer)
  const end = (error: TenantryError) => {
    stop()
    onEnd(error)
  }
  const look = async () => {
    if (looking) {
      if (++missed > 1) end(new TenantryError('unavailable', 'It cannot be known who you are', { retryAfter: 1 }))
      return
    }
    looking = true
    missed = 0
    try {
      if (!isSame(await open(), first)) end(changed())
    } catch (thrown) {
      const error = toTenantryError(thrown)
      // While keys cannot be read nothing else can.
      if (error.code !== 'unavailable') end(error)
    } finally {
      looking = false
    }
  }
  const timer = setInterval(look, lookEvery).unref()
  return stop
}

function isSame(now: TenantContext, first: TenantContext): boolean {
  const [one, other] = [now.principal, first.principal]
  return (
    now.exposure === first.exposure &&
    now.instance === first.instance &&
    now.acrossTenants === first.acrossTenants &&
    one.subject === other.subject &&
    [...one.roles].sort().join() === [...other.roles].sort().join()
  )
}

function changed(): TenantryError {
  return new TenantryError('conflict', 'What the tenant runs, or what you may do there, has changed', {
    reason: 'access_changed',
    hint: 'Connect again',
  })
}
