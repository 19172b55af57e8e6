import { TenantryError } from '../../core/errors.ts'

/** What a `Prefer` header may say, in the order of `Preference-Applied`. */
const known = {
  resolution: ['merge-duplicates', 'ignore-duplicates'],
  missing: ['null', 'default'],
  return: ['representation', 'minimal', 'headers-only'],
  count: ['exact', 'planned', 'estimated'],
  tx: ['commit', 'rollback'],
  handling: ['strict', 'lenient'],
  deleted: ['include', 'only'],
  shared: ['exclude', 'only'],
  paging: ['keyset'],
} as const

type Known = typeof known
type Name = keyof Known

export type Preferences = { readonly [N in Name]?: Known[N][number] } & {
  readonly purge?: true
  /** Only under `handling=strict`, as in PostgREST. */
  readonly maxAffected?: number
}

/** What is done: a plan's kind, or the `put` of one row. */
export type Deed = 'read' | 'insert' | 'put' | 'update' | 'delete' | 'call'

/** The preferences that mean something to a deed. */
const applicable: Readonly<Record<Deed, readonly (Name | 'purge' | 'maxAffected')[]>> = {
  read: ['count', 'tx', 'handling', 'deleted', 'shared', 'paging'],
  insert: ['resolution', 'missing', 'return', 'count', 'tx', 'handling'],
  put: ['missing', 'return', 'count', 'tx', 'handling'],
  update: ['missing', 'return', 'count', 'tx', 'handling', 'maxAffected', 'deleted'],
  call: ['count', 'tx', 'handling'],
  delete: ['return', 'count', 'tx', 'handling', 'maxAffected', 'deleted', 'purge'],
}

/**
 * Of a preference given twice the first counts. `tx` is heard only where rolling back is allowed. Throws `PGRST122` for an
 * unknown preference under `handling=strict`.
 */
export function parsePrefer(header: string | undefined, allowRollback = false): Preferences {
  const found = new Map<string, string>()
  const unknown: string[] = []
  for (const preference of (header ?? '').split(',').map(part => part.trim())) {
    if (preference === '') continue
    if (isKnown(preference)) {
      const [name = '', value = ''] = preference.split('=')
      if (!found.has(name)) found.set(name, value)
    } else {
      unknown.push(preference)
    }
  }
  const strict = found.get('handling') === 'strict'
  if (strict && unknown.length > 0) throw unknownPreferences(unknown)
  const { purge, tx, 'max-affected': limit, ...valued } = Object.fromEntries(found)
  return {
    ...(valued as Preferences),
    ...(tx !== undefined && allowRollback && { tx: tx as Known['tx'][number] }),
    ...(purge !== undefined && { purge: true }),
    ...(limit !== undefined && strict && { maxAffected: Number(limit) }),
  }
}

/**
 * The value of `Preference-Applied`: what was done. A planned or estimated count is told to be exact, because it was
 * counted: the planner's estimate comes from statistics over the rows of all tenants, and would tell of theirs.
 */
export function preferenceApplied(
  preferences: Preferences,
  deed: Deed,
  { softDelete, sharing }: { readonly softDelete: boolean; readonly sharing: boolean },
): string | undefined {
  const applied = applicable[deed].flatMap(name => {
    if (name === 'purge') return preferences.purge ? ['purge'] : []
    if (name === 'maxAffected')
      return preferences.maxAffected === undefined ? [] : [`max-affected=${preferences[name]}`]
    const value = name === 'count' && preferences.count ? 'exact' : preferences[name]
    const idle = (name === 'deleted' && !softDelete) || (name === 'shared' && !sharing)
    return value === undefined || idle ? [] : [`${name}=${value}`]
  })
  return applied.length === 0 ? undefined : applied.join(', ')
}

const spellings: ReadonlySet<string> = new Set([
  'purge',
  ...Object.entries(known).flatMap(([name, values]) => values.map(value => `${name}=${value}`)),
])

function isKnown(preference: string): boolean {
  return spellings.has(preference) || /^max-affected=\d{1,15}$/.test(preference)
}

function unknownPreferences(preferences: readonly string[]): TenantryError {
  return new TenantryError('invalid', 'Invalid preferences given with handling=strict', {
    reason: 'PGRST122',
    details: `Invalid preferences: ${preferences.join(', ')}`,
  })
}
