import type { Tenant } from '../core/catalog.ts'
import { TenantryError } from '../core/errors.ts'
import { type Group, type GroupStore, parseGroupName } from '../core/groups.ts'
import { quote } from '../core/module-set.ts'
import { systemTenant, type TenantKey } from '../core/tenant.ts'

/** Which tenants share chosen rows. Each counts for the next statement that reads. */
export interface GroupOperations {
  /** Throws `invalid` for a name that cannot be, `conflict` for one that was ever taken. */
  createGroup(name: string): Promise<Group>
  listGroups(): Promise<readonly Group[]>
  /** Throws `not_found`, as all that follow. */
  showGroup(name: string): Promise<Group>
  /** Again for a member: it stays one. Throws `conflict` for a tenant that is being removed. */
  addToGroup(name: string, tenant: TenantKey): Promise<Group>
  /** What it shared with the group is its own again, and becomes shared again when it is added again. */
  removeFromGroup(name: string, tenant: TenantKey): Promise<Group>
  /** Nothing is shared with it any more; the rows stay with their tenants. Its name is never given again. */
  deleteGroup(name: string): Promise<void>
}

export function createGroupOperations(store: GroupStore, getTenant: (key: TenantKey) => Tenant): GroupOperations {
  const showGroup = async (name: string): Promise<Group> => (await store.find(name)) ?? noGroup(name)
  return {
    async createGroup(name) {
      await store.create(parseGroupName(name))
      return showGroup(name)
    },
    listGroups: () => store.list(),
    showGroup,
    async addToGroup(name, tenant) {
      const { state } = getTenant(tenant)
      if (tenant === systemTenant) throw new TenantryError('invalid', 'The system tenant has no rows to share')
      if (state === 'removing') throw new TenantryError('conflict', `The tenant ${quote(tenant)} is being removed`)
      if (!(await store.add(name, tenant))) noGroup(name)
      return showGroup(name)
    },
    async removeFromGroup(name, tenant) {
      await showGroup(name)
      if (await store.remove(name, tenant)) return showGroup(name)
      throw new TenantryError('not_found', `The tenant ${quote(tenant)} is no member of ${quote(name)}`)
    },
    async deleteGroup(name) {
      if (!(await store.delete(name))) noGroup(name)
    },
  }
}

function noGroup(name: string): never {
  throw new TenantryError('not_found', `There is no group ${quote(name)}`, { hint: 'See: tenantry group list' })
}
