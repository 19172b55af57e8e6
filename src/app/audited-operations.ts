import { type Act, type Actor, notRecorded } from '../core/audit.ts'
import { TenantryError } from '../core/errors.ts'
import type { TenantKey } from '../core/tenant.ts'
import type { Operations } from './operations.ts'

/** Operations, each change recorded before it begins and when it has ended. `by` answers the same for another actor. */
export interface AuditedOperations extends Operations {
  by(actor: Actor): AuditedOperations
}

/** What cannot be recorded is not begun. The record says who did what to which tenant: never a name, a row or a token. */
export function auditOperations(
  operations: Operations,
  record: (act: Act) => Promise<void>,
  actor: Actor,
): AuditedOperations {
  async function recorded<T>(
    verb: string,
    tenant: TenantKey | null,
    target: string | null,
    act: () => Promise<T>,
  ): Promise<T> {
    const tell = (outcome: string) =>
      record({ ...actor, tenant: tenant?.slice(0, 64) ?? null, instance: null, verb, target, rows: null, outcome })
    await tell('begun').catch(error => {
      throw notRecorded(error)
    })
    const result = await act().catch(async error => {
      await tell(error instanceof TenantryError ? error.code : 'internal')
      throw error
    })
    await tell('done')
    return result
  }
  const nameOf = (module: string) => module.slice(0, 200)

  return {
    ...operations,
    by: other => auditOperations(operations, record, other),
    addTenant: wish =>
      recorded('tenant.add', wish.key, wish.subscribe?.join(',').slice(0, 1_000) || null, () =>
        operations.addTenant(wish),
      ),
    setTenant: (key, patch) =>
      recorded('tenant.set', key, Object.keys(patch).join(',').slice(0, 200), () => operations.setTenant(key, patch)),
    suspendTenant: key => recorded('tenant.suspend', key, null, () => operations.suspendTenant(key)),
    resumeTenant: key => recorded('tenant.resume', key, null, () => operations.resumeTenant(key)),
    removeTenant: key => recorded('tenant.remove', key, null, () => operations.removeTenant(key)),
    subscribe: (key, module) =>
      recorded('tenant.subscribe', key, nameOf(module), () => operations.subscribe(key, module)),
    unsubscribe: (key, module) =>
      recorded('tenant.unsubscribe', key, nameOf(module), () => operations.unsubscribe(key, module)),
    upgradeTenant: (key, module) =>
      recorded('tenant.upgrade', key, nameOf(module), () => operations.upgradeTenant(key, module)),
    rollbackUpgrade: (key, module) =>
      recorded('tenant.rollback', key, nameOf(module), () => operations.rollbackUpgrade(key, module)),
    confirmUpgrade: (key, module) =>
      recorded('tenant.confirm', key, nameOf(module), () => operations.confirmUpgrade(key, module)),
    // What is tried and undone changes nothing.
    seedTenant: (key, wish) =>
      wish.dryRun
        ? operations.seedTenant(key, wish)
        : recorded(wish.force ? 'tenant.seed.force' : 'tenant.seed', key, wish.module?.slice(0, 200) ?? null, () =>
            operations.seedTenant(key, wish),
          ),
    deseedTenant: (key, wish) =>
      wish.dryRun
        ? operations.deseedTenant(key, wish)
        : recorded('tenant.deseed', key, wish.module?.slice(0, 200) ?? null, () => operations.deseedTenant(key, wish)),
    purgeModule: (key, module) =>
      recorded('tenant.purge', key, nameOf(module), () => operations.purgeModule(key, module)),
    addRows: (key, seeds) =>
      recorded(
        'tenant.rows',
        key,
        seeds
          .map(({ entity }) => entity.name)
          .join(',')
          .slice(0, 1_000),
        () => operations.addRows(key, seeds),
      ),
    createGroup: name => recorded('group.create', null, nameOf(name), () => operations.createGroup(name)),
    addToGroup: (name, tenant) =>
      recorded('group.add', tenant, nameOf(name), () => operations.addToGroup(name, tenant)),
    removeFromGroup: (name, tenant) =>
      recorded('group.remove', tenant, nameOf(name), () => operations.removeFromGroup(name, tenant)),
    deleteGroup: name => recorded('group.delete', null, nameOf(name), () => operations.deleteGroup(name)),
    issueToken: wish =>
      recorded('token.issue', wish.tenant, wish.roles.join(',').slice(0, 1_000), () => operations.issueToken(wish)),
  }
}
