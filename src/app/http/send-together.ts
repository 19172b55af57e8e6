interface Sending {
  send(): void
  done(): void
  failed(error: unknown): void
}

let waiting: Sending[] = []

/**
 * Runs `send` at the end of this turn of the event loop, after those that came before; resolves when it has run. Answers that
 * PostgreSQL gave in one turn leave back to back: whoever reads them is woken once and not once for each.
 */
export function sendTogether(send: () => void): Promise<void> {
  return new Promise((done, failed) => {
    waiting.push({ send, done, failed })
    if (waiting.length === 1) setImmediate(flush)
  })
}

function flush(): void {
  const sendings = waiting
  waiting = []
  for (const { send, done, failed } of sendings) {
    try {
      send()
      done()
    } catch (error) {
      failed(error)
    }
  }
}
