import type { PreparedSubscription } from '../api/graphql/subscription.ts'
import type { RowReader } from '../core/changes.ts'
import type { Datasource } from '../core/datasource.ts'
import { TenantryError } from '../core/errors.ts'
import type { Sealer } from '../core/signer.ts'
import type { TenantContext } from '../core/tenant-context.ts'

/** Where and for whom a subscription runs. */
export interface FollowHost {
  readonly context: TenantContext
  readonly datasource: Datasource
  /** Makes positions that say nothing. */
  readonly sealer: Sealer
  readonly signal: AbortSignal
}

/** Of a position with few transactions under way; longer ones tell by their length how many there are. */
const paddedTo = 256

/**
 * The answers of a subscription, one for each change, until `signal` fires. Rows of changes that are there together are read by one
 * plan, as the caller may see them then. Throws as the datasource's `changes` does.
 */
export async function* followGraphql(subscription: PreparedSubscription, host: FollowHost): AsyncGenerator<string> {
  const { context, datasource, sealer, signal } = host
  const { entity } = subscription
  const boundTo = `graphql-position/${context.tenant}/${entity.id}`
  const seal = (position: string) =>
    sealer.seal(position.padEnd(Math.ceil(position.length / paddedTo) * paddedTo), boundTo)
  const after = subscription.after === undefined ? undefined : openPosition(sealer, subscription.after, boundTo)
  const read: RowReader<string> = async (now, keys) => {
    const plan = subscription.planFor(keys)
    return plan ? subscription.rowsOf(await datasource.run(now, plan, { signal })) : new Map()
  }
  const options = { signal, ...(after !== undefined && { after }) }
  try {
    for await (const change of datasource.changesAs(context, entity, read, options)) {
      if (subscription.wants(change)) yield subscription.textOf({ ...change, position: seal(change.position) })
    }
  } catch (error) {
    throw error instanceof TenantryError && error.reason === 'changes_gone' ? sealedGone(error, seal) : error
  }
}

/** Throws `invalid` in the same words whatever is wrong with it. */
function openPosition(sealer: Sealer, position: string, boundTo: string): string {
  try {
    return sealer.unseal(position, boundTo).trimEnd()
  } catch {
    throw new TenantryError('invalid', 'That is not a position in these changes', {
      reason: 'changes_position',
      hint: 'Give the position of a change of this entity as it came, or none to begin now',
    })
  }
}

/** It names the present position. */
function sealedGone(error: TenantryError, seal: (position: string) => string): TenantryError {
  const { message, reason = '', hint, details } = error
  return new TenantryError('conflict', message, {
    reason,
    ...(hint !== null && { hint }),
    ...(details !== null && { details: seal(details) }),
  })
}
