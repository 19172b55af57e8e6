import { type TenantryError, toTenantryError } from '../core/errors.ts'
import { exitCodeOf } from './exit-code.ts'
import { indent } from './output.ts'

/** Says on standard error what went wrong, for people or as JSON; answers the exit code. */
export async function reportError(thrown: unknown, json: boolean): Promise<number> {
  const error = toTenantryError(thrown)
  const { code, message, details } = error
  const hint =
    error.hint ??
    (code === 'internal' ? (json ? 'Without --json its cause is logged' : 'The line above says where') : null)
  if (json) {
    process.stderr.write(`${JSON.stringify({ error: { code, message, details, hint } })}\n`)
  } else {
    // An error of our own is ours to find: its log line has the stack, without values.
    if (code === 'internal' || process.env.LOG_LEVEL === 'debug') await logCause(error)
    process.stderr.write(`${textOf({ message, details, hint })}\n`)
  }
  return exitCodeOf(code)
}

function textOf({ message, details, hint }: Pick<TenantryError, 'message' | 'details' | 'hint'>): string {
  return [`error: ${message}`, ...(details ? [indent(details)] : []), ...(hint ? [`hint: ${hint}`] : [])].join('\n')
}

async function logCause({ code, cause }: TenantryError): Promise<void> {
  if (cause === undefined) return
  const { createLog } = await import('../app/log.ts')
  createLog('debug').error({ err: cause }, code)
}
