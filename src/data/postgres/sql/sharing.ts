import type { Entity } from '../../../core/module-set.ts'
import { currentTenant } from '../policies.ts'
import { ownGroups } from '../sharing-ddl.ts'
import { tableOf } from './join.ts'
import { identifier } from './writer.ts'

const currentKey = `(select ${currentTenant})`

/** True for the tenant's own rows of an entity that has others' too; none where all that are seen are its own. */
export function ownTenant(entity: Entity, alias: string): string[] {
  return entity.sharing ? [`${alias}.tenant_id = ${currentKey}`] : []
}

/** ` where …` with one more condition. */
export function andWhere(where: string, condition: string): string {
  return where === '' ? ` where ${condition}` : `${where} and ${condition}`
}

/**
 * Rows that other tenants share, group by group, each in the order of an index. A key names one row: the tenant's own before
 * all others, and of those the one that was made first, so that nobody can put his own in the place of another's.
 */
export function sharedRowsSql(entity: Entity, alias: string, where: string, tail: string): string {
  const table = tableOf(entity)
  const sameKey = (other: string) =>
    entity.key.map(name => `${other}.${identifier(name)} = ${alias}.${identifier(name)}`).join(' and ')
  // `offset 0`: looked up for each row that is shown. As a join the planner would read all rows of the tenant for a few of others.
  const own = `exists (select from ${table} o where o.tenant_id = ${currentKey} and ${sameKey('o')} offset 0)`
  const earlier = `exists (select from ${table} f where f.shared_with = any ((select ${ownGroups})::text[]) and f.tenant_id <> ${currentKey}
    and ${sameKey('f')} and (f.created_at, f.tenant_id) < (${alias}.created_at, ${alias}.tenant_id) offset 0)`
  const foreign = `${alias}.shared_with = g.name and ${alias}.tenant_id <> ${currentKey} and not ${own} and not ${earlier}`
  return `(select ${alias}.* from unnest(${ownGroups}) g(name) cross join lateral (select * from ${table} ${alias}${andWhere(where, foreign)}${tail}) ${alias})`
}
