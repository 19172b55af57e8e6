/** How far a wish has come true at one place, with its priority: of several places the highest counts. */
const priorities = {
  unknown: 0,
  deletion_realized: 100,
  realized: 200,
  deletion_in_progress: 300,
  deletion_pending: 400,
  in_progress: 600,
  pending: 800,
  error: 1000,
} as const

export type RealizationStatus = keyof typeof priorities

export const realizationStatuses = [
  'unknown',
  'deletion_realized',
  'realized',
  'deletion_in_progress',
  'deletion_pending',
  'in_progress',
  'pending',
  'error',
] as const satisfies readonly RealizationStatus[]

/** What was last wished of a resource. */
export const operations = ['persist', 'soft_delete', 'delete'] as const
export type Operation = (typeof operations)[number]

const defaults: Readonly<Record<Operation, RealizationStatus>> = {
  persist: 'pending',
  soft_delete: 'deletion_pending',
  delete: 'deletion_realized',
}

/** The highest of the statuses at the enforcement points; without any, what the operation alone means. */
export function overallOf(operation: Operation, statuses: readonly RealizationStatus[]): RealizationStatus {
  const [first, ...others] = statuses
  if (first === undefined) return defaults[operation]
  return others.reduce((highest, status) => (priorities[status] > priorities[highest] ? status : highest), first)
}

export function statusOf(value: unknown): RealizationStatus {
  return realizationStatuses.find(status => status === value) ?? 'unknown'
}

export function operationOf(value: unknown): Operation {
  return operations.find(operation => operation === value) ?? 'persist'
}

const mostBytes = 1024
const encoder = new TextEncoder()

/** The newest error before the older ones, in at most 1024 bytes of UTF-8, cut between characters. */
export function errorDetails(newest: string, older: string | null): string {
  // PostgreSQL keeps neither the character 0 nor half of a character.
  const text = [newest, ...(older ? [older] : [])].join('\n').replaceAll('\0', '\ufffd').toWellFormed()
  const { read } = encoder.encodeInto(text, new Uint8Array(mostBytes))
  return text.slice(0, read)
}
