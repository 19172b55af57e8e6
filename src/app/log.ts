import pino from 'pino'

export type Log = pino.Logger

/**
 * JSON lines on standard error. Bodies, query strings and headers are never logged, so that no value of a row and no token
 * gets there; `err` of an error keeps its code and stack but not what PostgreSQL says in `detail`.
 */
export function createLog(level: string, to: pino.DestinationStream = standardError()): Log {
  return pino(
    {
      level,
      base: null,
      timestamp: isoTime,
      formatters: { level: label => ({ level: label }) },
      serializers: { err: serializeError },
    },
    to,
  )
}

let shownAt = 0
let shown = ''

/** As pino's own, made once for all lines of the same millisecond. */
function isoTime(): string {
  const now = Date.now()
  if (now !== shownAt) {
    shownAt = now
    shown = `,"time":"${new Date(now).toISOString()}"`
  }
  return shown
}

/** Characters that are written together, and milliseconds after which fewer are: a write costs more than a line. */
const [together, patience] = [16_000, 100]

let gathering: pino.DestinationStream | undefined

/**
 * Lines are written together, at the latest when the process ends. They are gathered here, since sonic-boom (4.2.1 to 5.0.2)
 * counts the bytes of all that it has gathered again with each line.
 */
function standardError(): pino.DestinationStream {
  gathering ??= gather()
  return gathering
}

/** `flushSync`: pino calls it after a line of level `fatal`. */
function gather(): pino.DestinationStream & { flushSync(): void } {
  let lines = ''
  let timer: NodeJS.Timeout | undefined
  const flush = () => {
    clearTimeout(timer)
    timer = undefined
    const text = lines
    lines = ''
    if (text !== '') out.write(text)
  }
  process.once('exit', flush)
  // A write that another thread makes may not have begun when the process ends, and nothing tells whether it has.
  const out = pino.destination({ dest: 2, sync: true })
  return {
    write(line) {
      lines += line
      if (lines.length >= together) flush()
      else timer ??= setTimeout(flush, patience).unref()
    },
    flushSync: flush,
  }
}

interface LoggedError {
  readonly type: string
  readonly message: string
  readonly code?: string
  readonly stack?: string | undefined
  readonly cause?: LoggedError
}

function serializeError(error: unknown): LoggedError {
  if (!(error instanceof Error)) return { type: typeof error, message: 'not an error' }
  const code = 'code' in error && typeof error.code === 'string' ? { code: error.code } : {}
  const isServers = 'severity' in error
  // About values (classes 22 and 23) a server's message quotes them: its code and place say enough.
  const quotes = isServers && /^2[23]/.test(code.code ?? '')
  return {
    type: error.name,
    message: quotes ? 'PostgreSQL refused a value' : error.message,
    ...code,
    ...(isServers ? serverPlace(error) : { stack: error.stack }),
    ...(error.cause === undefined ? {} : { cause: serializeError(error.cause) }),
  }
}

function serverPlace(error: object): Record<string, unknown> {
  const { routine, table, constraint, position, where } = error as Record<string, unknown>
  return {
    routine,
    table,
    constraint,
    position,
    where: typeof where === 'string' ? where.split('\n', 1)[0] : undefined,
  }
}
