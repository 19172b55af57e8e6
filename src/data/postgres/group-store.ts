import type pg from 'pg'
import { TenantryError } from '../../core/errors.ts'
import type { Group, GroupStore } from '../../core/groups.ts'
import type { TenantKey } from '../../core/tenant.ts'
import { isoText } from './sql/writer.ts'

/** Runs one statement as the platform's reader or writer. */
export type PlatformRun = <R extends pg.QueryResultRow>(sql: string, values: readonly unknown[]) => Promise<R[]>

const groupsSql = `select g.name,
  coalesce((select array_agg(m.tenant order by m.tenant) from tenantry.group_members m where m.group_name = g.name and m.left_at is null), '{}') as members,
  ${isoText('g.created_at')} as "createdAt"
  from tenantry.groups g where g.deleted_at is null`

/** The tables that the functions of the sharing role look into. Nothing of them is kept in memory. */
export class PostgresGroups implements GroupStore {
  readonly #read: PlatformRun
  readonly #write: PlatformRun

  constructor(read: PlatformRun, write: PlatformRun) {
    this.#read = read
    this.#write = write
  }

  async create(name: string): Promise<void> {
    const made = await this.#write(
      'insert into tenantry.groups (name) values ($1) on conflict (name) do nothing returning name',
      [name],
    )
    if (made.length > 0) return
    throw new TenantryError('conflict', `The name "${name}" is taken`, {
      hint: 'Names of groups are never given twice, also not after one was deleted',
    })
  }

  list(): Promise<readonly Group[]> {
    return this.#read<Group & pg.QueryResultRow>(`${groupsSql} order by g.name`, [])
  }

  async find(name: string): Promise<Group | undefined> {
    const [group] = await this.#read<Group & pg.QueryResultRow>(`${groupsSql} and g.name = $1`, [name])
    return group
  }

  /** The group's row is held meanwhile, so that nobody joins one that is being deleted. */
  async add(name: string, tenant: TenantKey): Promise<boolean> {
    const added = await this.#write(
      `with g as (select name from tenantry.groups where name = $1 and deleted_at is null for update)
       insert into tenantry.group_members as m (group_name, tenant) select name, $2 from g
       on conflict (group_name, tenant) do update set left_at = null,
         joined_at = case when m.left_at is null then m.joined_at else now() end returning tenant`,
      [name, tenant],
    )
    return added.length > 0
  }

  async remove(name: string, tenant: TenantKey): Promise<boolean> {
    const removed = await this.#write(
      'update tenantry.group_members set left_at = now() where group_name = $1 and tenant = $2 and left_at is null returning tenant',
      [name, tenant],
    )
    return removed.length > 0
  }

  async removeFromAll(tenant: TenantKey): Promise<void> {
    await this.#write('update tenantry.group_members set left_at = now() where tenant = $1 and left_at is null', [
      tenant,
    ])
  }

  async delete(name: string): Promise<boolean> {
    const deleted = await this.#write(
      `with g as (update tenantry.groups set deleted_at = now() where name = $1 and deleted_at is null returning name),
         m as (update tenantry.group_members m set left_at = now() from g where m.group_name = g.name and m.left_at is null)
       select name from g`,
      [name],
    )
    return deleted.length > 0
  }
}
