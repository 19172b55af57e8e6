import { TenantryError } from './errors.ts'
import type { EntityDefinition } from './field.ts'
import type { TenantKey } from './tenant.ts'

/** A named set of tenants that share chosen rows. */
export interface Group {
  /** 2 to 63 of `a-z`, `0-9` and `-` between them; never given twice. */
  readonly name: string
  /** Keys of the tenants that are members now, sorted. */
  readonly members: readonly TenantKey[]
  /** ISO 8601. */
  readonly createdAt: string
}

/** The port to where groups are kept. Each statement that reads shared rows looks there itself. */
export interface GroupStore {
  /** Throws `conflict` for a name that was ever taken. */
  create(name: string): Promise<void>
  list(): Promise<readonly Group[]>
  find(name: string): Promise<Group | undefined>
  /** False: there is no such group. Adding a member again changes nothing. */
  add(name: string, tenant: TenantKey): Promise<boolean>
  /** False: it is no member. What it shared with the group is shared no more, until it is added again. */
  remove(name: string, tenant: TenantKey): Promise<boolean>
  /** Out of all groups, before its rows are removed. */
  removeFromAll(tenant: TenantKey): Promise<void>
  /** False: there is no such group. */
  delete(name: string): Promise<boolean>
}

const pattern = /^[a-z0-9][a-z0-9-]{0,61}[a-z0-9]$/

/** Returns `text` when a group may be called so. Throws `invalid`. */
export function parseGroupName(text: string): string {
  if (pattern.test(text)) return text
  throw new TenantryError('invalid', 'That is not the name of a group', {
    hint: 'A group has 2 to 63 characters: a-z, 0-9 and "-" between them',
  })
}

/** Why rows of an entity cannot be shared with groups, one sentence each. */
export function shareFaults({ fields, options }: EntityDefinition): string[] {
  if (!options.shareWith) return []
  return [
    ...(options.scope === 'global' ? ["an entity without a tenant is everybody's already"] : []),
    ...(options.instanced ? ['rows of an instance are for that instance, which no other tenant has'] : []),
    ...('shared_with' in fields ? ["the field shared_with is the platform's here"] : []),
  ]
}
