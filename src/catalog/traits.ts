import type { Tenant } from '../core/catalog.ts'
import { TenantryError } from '../core/errors.ts'
import { type Editions, type TenantTraits, traitName } from '../core/features.ts'
import { quote } from '../core/module-set.ts'

/** What is to be another; what is left out stays. */
export interface TraitsPatch {
  readonly name?: string
  /** Null: none. */
  readonly edition?: string | null
  readonly cohort?: string | null
  /** Turns flags on and off, beside those that the edition turns on. */
  readonly flags?: Readonly<Record<string, boolean>>
}

const mostFlags = 100

/** Throws `invalid` for a name that cannot be and for an edition that the product has not. */
export function parseTraits(
  tenant: Tenant,
  { name, edition = tenant.edition, cohort = tenant.cohort, flags = {} }: TraitsPatch,
  editions: Editions,
): TenantTraits & { readonly name?: string } {
  for (const [kind, word] of [
    ['an edition', edition],
    ['a cohort', cohort],
  ] as const)
    if (word !== null && !traitName.test(word)) throw wrongName(kind, word)
  for (const flag of Object.keys(flags)) if (!traitName.test(flag)) throw wrongName('a flag', flag)
  if (edition !== null && edition !== tenant.edition && !Object.hasOwn(editions, edition)) {
    throw new TenantryError('invalid', `The product has no edition ${quote(edition)}`, {
      hint:
        Object.keys(editions).length > 0 ? `There are ${Object.keys(editions).join(', ')}` : 'Its config names none',
    })
  }
  const on = [...new Set([...tenant.flags, ...Object.keys(flags)])].filter(
    flag => flags[flag] ?? tenant.flags.includes(flag),
  )
  if (on.length > mostFlags) throw new TenantryError('too_large', `A tenant has ${mostFlags} flags at most`)
  return { edition, cohort, flags: on.sort(), ...(name === undefined ? {} : { name }) }
}

function wrongName(kind: string, word: string): TenantryError {
  return new TenantryError('invalid', `${quote(word)} is not a name for ${kind}`, {
    hint: `It must match ${traitName.source}`,
  })
}
