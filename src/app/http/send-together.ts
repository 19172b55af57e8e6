let waiting: (() => void)[] = []

/**
 * Runs `send` at the end of this turn of the event loop, after those that came before. Answers that PostgreSQL gave in one
 * turn leave back to back: whoever reads them is woken once and not once for each.
 */
export function sendTogether(send: () => void): void {
  waiting.push(send)
  if (waiting.length === 1) setImmediate(flush)
}

function flush(): void {
  const sends = waiting
  waiting = []
  for (const send of sends) send()
}
