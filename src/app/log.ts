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

/** Lines are written together, at the latest after a tenth of a second and when the process ends: a write costs more than they. */
function standardError(): pino.DestinationStream {
  return pino.destination({ dest: 2, sync: false, minLength: 16_000, periodicFlush: 100 })
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
