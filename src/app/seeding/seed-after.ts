import { TenantryError, toTenantryError } from '../../core/errors.ts'
import { systemTenant, type TenantKey } from '../../core/tenant.ts'
import type { Operations } from '../operations.ts'

/** What is done to the seeds of tenants behind migrations. */
export interface SeedingWish {
  /** Adds the main seeds that are missing. */
  readonly seed: boolean
  /** Removes the temporary ones, before that. */
  readonly deseed: boolean
  /** With `seed`: seeded rows become as their seeds are, and deleted ones come back. */
  readonly force: boolean
}

type Seeding = Pick<Operations, 'seedTenant' | 'deseedTenant'>

export interface TenantSeeding {
  /** Null where that was not wished for. */
  readonly seeded: Awaited<ReturnType<Seeding['seedTenant']>> | null
  readonly deseeded: Awaited<ReturnType<Seeding['deseedTenant']>> | null
}

export interface AllSeeding {
  readonly tenants: readonly TenantKey[]
  /** Each in a transaction of its own: the others are done. */
  readonly failed: readonly { readonly tenant: TenantKey; readonly message: string; readonly details: string | null }[]
}

/** Throws `invalid` for wishes that contradict themselves. */
export function checkSeeding({ seed, force }: SeedingWish): void {
  if (!force || seed) return
  throw new TenantryError('invalid', 'Which seeds are forced?', { hint: '"force" goes with "seed"' })
}

/** Throws `not_found` for an unknown tenant, `conflict` for one without rows or one that is being made or removed. */
export function refuseUnseedable(operations: Pick<Operations, 'showTenant'>, key: TenantKey): void {
  const { state } = operations.showTenant(key)
  if (key !== systemTenant && (state === 'active' || state === 'suspended')) return
  throw new TenantryError('conflict', `The tenant "${key}" has nothing to migrate`, {
    hint: key === systemTenant ? 'It has no rows' : `It is ${state}`,
  })
}

export async function seedAfter(
  operations: Seeding,
  key: TenantKey,
  { seed, deseed, force }: SeedingWish,
): Promise<TenantSeeding> {
  const deseeded = deseed ? await operations.deseedTenant(key, {}) : null
  const seeded = seed ? await operations.seedTenant(key, { force }) : null
  return { seeded, deseeded }
}

/** Every tenant that has rows, one after the other. Null where nothing was wished for. */
export async function seedAllAfter(
  operations: Seeding & Pick<Operations, 'listTenants'>,
  wish: SeedingWish,
): Promise<AllSeeding | null> {
  if (!wish.seed && !wish.deseed) return null
  const keys = operations
    .listTenants()
    .filter(({ key, state }) => key !== systemTenant && (state === 'active' || state === 'suspended'))
    .map(({ key }) => key)
  const tenants: TenantKey[] = []
  const failed: { tenant: TenantKey; message: string; details: string | null }[] = []
  for (const tenant of keys) {
    await seedAfter(operations, tenant, wish).then(
      () => tenants.push(tenant),
      (thrown: unknown) => {
        const { message, details } = toTenantryError(thrown)
        failed.push({ tenant, message, details })
      },
    )
  }
  return { tenants, failed }
}
