import type { Tenant } from '../core/catalog.ts'
import { TenantryError } from '../core/errors.ts'
import type { ModuleId } from '../core/module.ts'
import type { Module, ModuleSet } from '../core/module-set.ts'
import { systemTenant, type TenantState } from '../core/tenant.ts'

/** What subscribing to a module brings. */
export interface SubscribePlan {
  /** The module and all that it needs, each after those it needs itself. */
  readonly order: readonly ModuleId[]
  /** Those of `order` that do not run for the tenant yet. */
  readonly added: readonly ModuleId[]
  /** The tenant's subscriptions afterwards. */
  readonly subscriptions: readonly ModuleId[]
}

/** What ending a subscription takes away; the data stays. */
export interface UnsubscribePlan {
  /** Those that no longer run for the tenant, each after those it needed. */
  readonly removed: readonly ModuleId[]
  readonly subscriptions: readonly ModuleId[]
}

/** Throws `not_found` for an unknown module, `conflict` when the tenant cannot subscribe now. */
export function resolveSubscribe(tenant: Tenant, moduleId: string, modules: ModuleSet): SubscribePlan {
  const module = modules.get(moduleId)
  checkState(tenant, ['provisioning', 'active'])
  const running = new Set(modules.expose(tenant.subscriptions).running)
  const closure = modules.resolve([module.id])
  return {
    order: idsOf(closure),
    added: idsOf(closure.filter(each => !running.has(each))),
    subscriptions: [...new Set([...tenant.subscriptions, module.id])].sort(),
  }
}

/** Throws `not_found` for an unknown module, `conflict` while another subscription needs it. */
export function resolveUnsubscribe(tenant: Tenant, moduleId: string, modules: ModuleSet): UnsubscribePlan {
  // A module that the product no longer has can still be unsubscribed.
  const subscribed = tenant.subscriptions.find(id => id === moduleId)
  const id = subscribed ?? modules.get(moduleId).id
  checkState(tenant, ['provisioning', 'active', 'suspended'])
  const others = tenant.subscriptions.filter(other => other !== id)
  const needing = others.filter(other => needs(other, id, modules))
  if (needing.length > 0) {
    throw new TenantryError('conflict', `${id} is needed by ${needing.join(', ')}`, {
      reason: 'module_needed',
      hint: `Unsubscribe ${needing.join(', ')} first`,
    })
  }
  const left = new Set(modules.expose(others).running)
  const removed = modules.expose(tenant.subscriptions).running.filter(module => !left.has(module))
  return { removed: idsOf(removed), subscriptions: others }
}

function needs(id: ModuleId, needed: ModuleId, modules: ModuleSet): boolean {
  const module = modules.find(id)
  return module !== undefined && modules.resolve([module.id]).some(each => each.id === needed)
}

function checkState({ key, state }: Tenant, allowed: readonly TenantState[]): void {
  if (key === systemTenant) {
    throw new TenantryError('conflict', 'The subscriptions of the system tenant cannot be changed')
  }
  if (allowed.includes(state)) return
  throw new TenantryError('conflict', `The subscriptions of a tenant that is ${state} cannot be changed so`, {
    hint: `It must be ${allowed.join(' or ')}`,
  })
}

function idsOf(modules: readonly Module[]): readonly ModuleId[] {
  return modules.map(({ id }) => id)
}
