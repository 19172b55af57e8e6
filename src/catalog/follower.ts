/** Runs `read` on demand, never twice at once. */
export interface Follower {
  /** Something may have changed: reads soon, and again until it has succeeded. */
  notify(): void
  /** Resolves when a read that began after this call is done; all who ask meanwhile share it. Fails as the read does. */
  refresh(): Promise<void>
  /** Waits for what was asked for and listens no more. */
  close(): Promise<void>
}

const firstDelay = 100
const longestDelay = 5_000

export function createFollower(read: () => Promise<void>, onError: (error: unknown) => void): Follower {
  let current: Promise<void> | undefined
  let next: Promise<void> | undefined
  let retry: NodeJS.Timeout | undefined
  let delay = firstDelay
  let closed = false

  function start(): Promise<void> {
    next = undefined
    current = readOnce().finally(() => {
      current = undefined
    })
    return current
  }

  async function readOnce(): Promise<void> {
    clearTimeout(retry)
    try {
      await read()
      delay = firstDelay
    } catch (error) {
      onError(error)
      if (!closed) retry = setTimeout(notify, delay).unref()
      delay = Math.min(delay * 2, longestDelay)
      throw error
    }
  }

  function refresh(): Promise<void> {
    // What a running read missed is for the next one: it may have passed the place before the change came.
    if (current) next ??= current.catch(() => undefined).then(start)
    return next ?? start()
  }

  function notify(): void {
    if (!closed) refresh().catch(() => undefined)
  }

  return {
    notify,
    refresh,
    async close() {
      closed = true
      clearTimeout(retry)
      await (next ?? current)?.catch(() => undefined)
    },
  }
}
