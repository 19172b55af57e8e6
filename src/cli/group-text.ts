import type { Group } from '../core/groups.ts'
import { facts, table } from './output.ts'
import { listed } from './tenant-text.ts'

export function groupFacts({ name, members, createdAt }: Group): string {
  return facts([
    ['name', name],
    ['members', listed(members)],
    ['created', createdAt],
  ])
}

export function groupTable(groups: readonly Group[]): string {
  return table([['NAME', 'MEMBERS'], ...groups.map(({ name, members }) => [name, listed(members)])])
}
