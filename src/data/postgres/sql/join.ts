import type { CheckedEmbed } from '../../../core/checked-plan.ts'
import type { Entity, Relation } from '../../../core/module-set.ts'
import type { Deleted } from '../../../core/plan.ts'
import { identifier } from './writer.ts'

/** Where embedded rows come from, and what ties them to the row that they are embedded in. */
export interface Source {
  readonly alias: string
  readonly from: string
  readonly condition: string
}

export function tableOf(entity: Entity): string {
  return `${identifier(entity.module.schema)}.${identifier(entity.name)}`
}

/** What a softly deleted row's absence or presence demands of the row called `alias`. */
export function deletedConditions(entity: Entity, deleted: Deleted, alias: string): string[] {
  if (!entity.softDelete || deleted === 'include') return []
  return [`${alias}.deleted_at is ${deleted === 'only' ? 'not ' : ''}null`]
}

/**
 * The rows of an embed of the row called `outer`; `newAlias` gives names that nothing else in the statement has. `rowsOf`
 * says which rows there are to choose from; absent: the table's.
 */
export function sourceOf(
  embed: CheckedEmbed,
  outer: string,
  newAlias: () => string,
  rowsOf = (alias: string) => `${tableOf(embed.query.entity)} ${alias}`,
): Source {
  const { relation, outgoing, through } = embed
  const alias = newAlias()
  const from = rowsOf(alias)
  if (!through) {
    return { alias, from, condition: outgoing ? tie(relation, outer, alias) : tie(relation, alias, outer) }
  }
  const junction = newAlias()
  const ties = [tie(relation, junction, alias), ...deletedConditions(through.from, 'exclude', junction)].join(' and ')
  return {
    alias,
    from: `${from} join ${tableOf(through.from)} ${junction} on ${ties}`,
    condition: tie(through, junction, outer),
  }
}

/** Tenant and instance are part of every join, so that it is served from the keys that begin with them. */
function tie({ from, to, field, toField }: Relation, referring: string, referred: string): string {
  const shared = [
    ...(from.global || to.global ? [] : ['tenant_id']),
    ...(from.instanced && to.instanced ? ['instance_id'] : []),
  ].map(column => `${referring}.${column} = ${referred}.${column}`)
  return [...shared, `${referring}.${identifier(field)} = ${referred}.${identifier(toField)}`].join(' and ')
}
