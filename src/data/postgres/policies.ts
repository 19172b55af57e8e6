import { reachOf, type ServingRole, servingRoles } from '../../core/access-role.ts'
import type { Entity } from '../../core/module-set.ts'
import { rolesOf } from './roles.ts'
import { tableOf } from './sql/join.ts'
import { identifier } from './sql/writer.ts'

/** The context's tenant. After a local setting ends PostgreSQL leaves the empty text, which must count as none. */
export const currentTenant = "nullif(current_setting('tenantry.tenant', true), '')"
export const currentInstance = "nullif(current_setting('tenantry.instance', true), '')"

/** The roles that stay inside a tenant, for a policy that is of all of them. */
export function tenantRoleNames(prefix: string): string {
  return rolesOf(prefix).tenantRoles.map(identifier).join(', ')
}

export interface RoleOnTable {
  readonly role: ServingRole
  readonly privileges: readonly ('select' | 'insert' | 'update' | 'delete')[]
  /** The rows it sees, and the rows it may leave behind when it may write. */
  readonly condition: string
}

/** FEATURES section 2 as data: what each access role may do on a table. Sub-selects are evaluated once per statement. */
export function rolesOnTable(entity: Pick<Entity, 'global' | 'instanced'>): RoleOnTable[] {
  return servingRoles.map(role => {
    const reach = reachOf(role)
    const conditions = [
      ...(reach.withinTenant && !entity.global ? [`tenant_id = (select ${currentTenant})`] : []),
      ...(reach.withinInstance && entity.instanced ? [`instance_id = (select ${currentInstance})`] : []),
    ]
    const writes = reach.verb === 'write' && !(entity.global && reach.withinTenant)
    return {
      role,
      privileges: writes ? ['select', 'insert', 'update', 'delete'] : ['select'],
      condition: conditions.join(' and ') || 'true',
    }
  })
}

/** One policy per role; a role that may write has one for every command, with the same condition on what it writes. */
export function policySql(entity: Entity, prefix: string, { role, privileges, condition }: RoleOnTable): string {
  const writes = privileges.includes('insert')
  return `create policy ${role} on ${tableOf(entity)} for ${writes ? 'all' : 'select'} to ${identifier(`${prefix}_${role}`)} using (${condition})${writes ? ` with check (${condition})` : ''}`
}

export function grantSql(entity: Entity, prefix: string, { role, privileges }: RoleOnTable): string {
  return `grant ${privileges.join(', ')} on ${tableOf(entity)} to ${identifier(`${prefix}_${role}`)}`
}
