import type { ErrorCode } from '../core/errors.ts'

/** What the numbers mean, for help. */
export const exitCodes: readonly (readonly [code: number, meaning: string])[] = [
  [0, 'done'],
  [1, 'something failed or is out of reach'],
  [2, 'the command line, the config or a value is wrong'],
  [3, 'there is no such tenant or module'],
  [4, 'it cannot be done in the present state'],
  [5, 'refused, or ended by you'],
]

const codes: Readonly<Record<ErrorCode, number>> = {
  internal: 1,
  unavailable: 1,
  limited: 1,
  invalid: 2,
  too_large: 2,
  not_found: 3,
  conflict: 4,
  precondition_failed: 4,
  forbidden: 5,
  unauthenticated: 5,
}

export function exitCodeOf(code: ErrorCode): number {
  return codes[code]
}

/** Ended by the person at the terminal. */
export const abortedExitCode = exitCodeOf('forbidden')
