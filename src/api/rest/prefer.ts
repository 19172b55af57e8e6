import { TenantryError } from '../../core/errors.ts'

/** What a `Prefer` header may say, in the order of `Preference-Applied`. */
const known = {
  resolution: ['merge-duplicates', 'ignore-duplicates'],
  missing: ['null'],
  return: ['representation', 'minimal', 'headers-only'],
  count: ['exact', 'planned', 'estimated'],
  tx: ['commit'],
  handling: ['strict', 'lenient'],
  deleted: ['include', 'only'],
} as const

type Known = typeof known
type Name = keyof Known

export type Preferences = { readonly [N in Name]?: Known[N][number] } & { readonly purge?: true }

/** The preferences that mean something to a kind of plan. */
const applicable: Readonly<Record<'read' | 'insert' | 'update' | 'delete', readonly (Name | 'purge')[]>> = {
  read: ['count', 'handling', 'deleted'],
  insert: ['resolution', 'missing', 'return', 'count', 'handling'],
  update: ['missing', 'return', 'count', 'handling', 'deleted'],
  delete: ['return', 'count', 'handling', 'deleted', 'purge'],
}

/** Of a preference given twice the first counts. Throws `PGRST122` for an unknown one under `handling=strict`. */
export function parsePrefer(header: string | undefined): Preferences {
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
  if (found.get('handling') === 'strict' && unknown.length > 0) throw unknownPreferences(unknown)
  const { purge, ...valued } = Object.fromEntries(found)
  return { ...(valued as Preferences), ...(purge !== undefined && { purge: true }) }
}

/** The value of `Preference-Applied`: what was done, so a planned or estimated count is told to be exact. */
export function preferenceApplied(
  preferences: Preferences,
  kind: keyof typeof applicable,
  softDelete: boolean,
): string | undefined {
  const applied = applicable[kind].flatMap(name => {
    if (name === 'purge') return preferences.purge ? ['purge'] : []
    const value = name === 'count' && preferences.count ? 'exact' : preferences[name]
    return value === undefined || (name === 'deleted' && !softDelete) ? [] : [`${name}=${value}`]
  })
  return applied.length === 0 ? undefined : applied.join(', ')
}

const spellings: ReadonlySet<string> = new Set([
  'purge',
  ...Object.entries(known).flatMap(([name, values]) => values.map(value => `${name}=${value}`)),
])

function isKnown(preference: string): boolean {
  return spellings.has(preference)
}

function unknownPreferences(preferences: readonly string[]): TenantryError {
  return new TenantryError('invalid', 'Invalid preferences given with handling=strict', {
    reason: 'PGRST122',
    details: `Invalid preferences: ${preferences.join(', ')}`,
  })
}
