import type { Graphql, KeptSchema } from '../../api/graphql/graphql.ts'
import { TenantryError } from '../../core/errors.ts'
import type { Module } from '../../core/module-set.ts'
import type { TenantContext } from '../../core/tenant-context.ts'
import { tokenNeeded } from '../../gateway/resolve-tenant.ts'
import type { GraphqlHost } from '../graphql-run.ts'
import type { LiveConnections } from '../live-connections.ts'
import type { Platform } from '../platform.ts'

/** What all transports of GraphQL share. */
export interface LiveGraphql {
  readonly platform: Platform
  readonly graphql: Graphql
  readonly connections: LiveConnections
}

/** Where a socket goes. */
export interface SocketTarget {
  readonly tenant: string
  readonly module: string | undefined
  readonly version: string | undefined
}

/** The schema of a caller. Throws `unauthenticated` or `forbidden` when there is nothing in it for him. */
export function schemaFor(graphql: Graphql, context: TenantContext): KeptSchema {
  const schema = graphql.schemaFor(context, context.module)
  if (schema.empty) throw context.principal.anonymous ? tokenNeeded() : nothingAllowed(context.module)
  return schema
}

export function hostFor(
  { postgres, product, system }: Platform,
  context: TenantContext,
  signal: AbortSignal,
  onError: (error: unknown) => void,
): GraphqlHost {
  const modules = context.acrossTenants ? system.modules : product.modules
  return { context, datasource: postgres.datasource, modules, signal, onError }
}

function nothingAllowed(module: Module | null): TenantryError {
  return new TenantryError('forbidden', module ? `permission denied for ${module.name}` : 'permission denied', {
    reason: '42501',
    hint: 'None of the roles in the token allows anything here',
  })
}
