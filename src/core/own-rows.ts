/** Which rows are a service role's own: those whose `field` is the subject. */
export interface OwnRule {
  readonly field: string
  /** False: it sees all rows, and writes only its own. */
  readonly reads: boolean
}

/** By service role. */
export type OwnRules = ReadonlyMap<string, OwnRule>

export const noOwnRules: OwnRules = new Map()

/** As authors write it: by service role, the field for both verbs or for writing only. */
type OwnOption = Readonly<Record<string, string | { readonly writes: string }>>

export function ownRulesOf({ own }: { readonly own?: OwnOption }): OwnRules {
  if (!own) return noOwnRules
  return new Map(
    Object.entries(own).map(([role, rule]) => [
      role,
      typeof rule === 'string' ? { field: rule, reads: true } : { field: rule.writes, reads: false },
    ]),
  )
}

/** The field that must hold the subject of a principal with this service role; undefined: all rows. */
export function ownField(own: OwnRules | undefined, role: string, verb: 'read' | 'write'): string | undefined {
  const rule = own?.get(role)
  return rule && (verb === 'write' || rule.reads) ? rule.field : undefined
}

/** The fields by which rows are somebody's own for this verb, each once, in the order of the definition. */
export function ownFields(own: OwnRules, verb: 'read' | 'write'): string[] {
  const counting = [...own.values()].filter(({ reads }) => verb === 'write' || reads)
  return [...new Set(counting.map(({ field }) => field))]
}
