import type { Entity } from '../../../core/module-set.ts'
import type { Deleted, Output } from '../../../core/plan.ts'
import type { CheckedEmbed, CheckedOrder, CheckedQuery, CheckedRead } from '../../../core/plan-check.ts'
import { conditionSql, pathSql } from './condition.ts'
import { needsExactOutput } from './types.ts'
import { type Binder, identifier } from './writer.ts'

/** Writes the reading part of one statement; aliases `t0`, `t1`, … are unique in it. */
export class Reader {
  readonly #binder: Binder
  readonly #output: Output
  #aliases = 0
  readonly #spreads = new Map<CheckedEmbed, string>()

  constructor(binder: Binder, output: Output) {
    this.#binder = binder
    this.#output = output
  }

  /** One row: the JSON text of the rows, their number, and the number without limit where it was asked for. */
  statement({ query, count, single }: CheckedRead): string {
    const alias = this.#alias()
    const where = this.where(query, alias)
    const rows = `${this.#select(query, alias)} from ${tableOf(query.entity)} ${alias}${this.#joins(query, alias)}${where}${this.#tail(query, alias)}`
    const total = count ? `(select count(*) from ${tableOf(query.entity)} ${alias}${where})` : 'null'
    return `select ${jsonOfRows(single)}, count(*), ${total} from (${rows}) r`
  }

  /** The JSON text of rows that a write returned under the name `source`. */
  returned(query: CheckedQuery, source: string, single: boolean): string {
    const alias = this.#alias()
    return `(select ${jsonOfRows(single)} from (${this.#select(query, alias)} from ${source} ${alias}${this.#joins(query, alias)}${this.where(query, alias)}) r)`
  }

  /** ` where …`, or nothing. Inner embeds are conditions too. */
  where(query: CheckedQuery, alias: string): string {
    const parts = [
      ...deletedConditions(query.entity, query.deleted, alias),
      ...(query.where ? [this.condition(query, alias)] : []),
      ...query.embeds.filter(({ inner }) => inner).map(embed => this.#exists(embed, alias)),
    ]
    return parts.length === 0 ? '' : ` where ${parts.join(' and ')}`
  }

  condition(query: Pick<CheckedQuery, 'where' | 'entity'>, alias: string): string {
    if (!query.where) return 'true'
    return conditionSql(query.where, query.entity, alias, this.#binder, (embed, of) => this.#exists(embed, of))
  }

  #alias(): string {
    return `t${this.#aliases++}`
  }

  #spreadAlias(embed: CheckedEmbed): string {
    const alias = this.#spreads.get(embed) ?? `s${this.#spreads.size}`
    this.#spreads.set(embed, alias)
    return alias
  }

  #select(query: CheckedQuery, alias: string): string {
    const columns = query.columns.map(({ name, path, cast }) => {
      const value = pathSql(path, alias, this.#binder)
      const exact = this.#output === 'exact' && path.json.length === 0 && needsExactOutput(query.entity, path.field)
      const type = cast ?? (exact ? `text${path.field.spec.array ? '[]' : ''}` : null)
      return `${value}${type ? `::${type}` : ''} as ${identifier(name)}`
    })
    const embeds = query.embeds.flatMap(embed => {
      if (!isShown(embed)) return []
      if (embed.spread) return this.#spreadNames(embed).map(name => `${this.#spreadAlias(embed)}.${identifier(name)}`)
      return [`${this.#embedded(embed, alias)} as ${identifier(embed.name)}`]
    })
    return `select ${[...columns, ...embeds].join(', ')}`
  }

  #spreadNames({ query }: CheckedEmbed): string[] {
    const inner = query.embeds.flatMap(embed => (embed.spread ? this.#spreadNames(embed) : [embed.name]))
    return [...query.columns.map(({ name }) => name), ...inner]
  }

  /** A related row as an object or related rows as an array: a sub-select, run only for the rows that are shown. */
  #embedded(embed: CheckedEmbed, outer: string): string {
    const rows = this.#relatedRows(embed, outer)
    if (embed.arity === 'one') return `(select row_to_json(e) from (${rows}) e)`
    return `(select coalesce(json_agg(e), '[]') from (${rows}) e)`
  }

  #relatedRows(embed: CheckedEmbed, outer: string): string {
    const { query } = embed
    const alias = this.#alias()
    const select = this.#select(query, alias)
    const joins = this.#joins(query, alias)
    const where = this.where(query, alias)
    const join = joinCondition(embed, outer, alias)
    const conditions = where === '' ? ` where ${join}` : `${where} and ${join}`
    return `${select} from ${tableOf(query.entity)} ${alias}${joins}${conditions}${this.#tail(query, alias)}`
  }

  /** Spread embeds are joined, because several columns come from each. */
  #joins(query: CheckedQuery, alias: string): string {
    return query.embeds
      .filter(({ spread }) => spread)
      .map(embed => ` left join lateral (${this.#relatedRows(embed, alias)}) ${this.#spreadAlias(embed)} on true`)
      .join('')
  }

  #exists(embed: CheckedEmbed, outer: string): string {
    const alias = this.#alias()
    const where = this.where(embed.query, alias)
    const join = joinCondition(embed, outer, alias)
    return `exists (select from ${tableOf(embed.query.entity)} ${alias}${where === '' ? ` where ${join}` : `${where} and ${join}`})`
  }

  #tail(query: CheckedQuery, alias: string): string {
    const order =
      query.order.length === 0 ? '' : ` order by ${query.order.map(item => this.#order(item, alias)).join(', ')}`
    // A limit is a number that was checked and takes few values, so it stays in the text, where the planner sees it.
    const limit = query.limit === null ? '' : ` limit ${Math.trunc(query.limit)}`
    const offset = query.offset === 0 ? '' : ` offset ${this.#binder.bind(String(query.offset), 'bigint')}`
    return `${order}${limit}${offset}`
  }

  #order({ path, embed, direction, nulls }: CheckedOrder, alias: string): string {
    return `${embed ? this.#relatedValue(embed, path, alias) : pathSql(path, alias, this.#binder)} ${direction}${nulls ? ` nulls ${nulls}` : ''}`
  }

  #relatedValue(embed: CheckedEmbed, path: CheckedOrder['path'], outer: string): string {
    const alias = this.#alias()
    const where = this.where(embed.query, alias)
    const join = joinCondition(embed, outer, alias)
    const conditions = where === '' ? ` where ${join}` : `${where} and ${join}`
    return `(select ${pathSql(path, alias, this.#binder)} from ${tableOf(embed.query.entity)} ${alias}${conditions})`
  }
}

export function tableOf(entity: Entity): string {
  return `${identifier(entity.module.schema)}.${identifier(entity.name)}`
}

/** What a softly deleted row's absence or presence demands of the row called `alias`. */
export function deletedConditions(entity: Entity, deleted: Deleted, alias: string): string[] {
  if (!entity.softDelete || deleted === 'include') return []
  return [`${alias}.deleted_at is ${deleted === 'only' ? 'not ' : ''}null`]
}

function jsonOfRows(single: boolean): string {
  return single ? '(json_agg(r) -> 0)::text' : `coalesce(json_agg(r), '[]')::text`
}

/** An embed without columns only filters: `rel!inner()`. */
function isShown({ query }: CheckedEmbed): boolean {
  return query.columns.length > 0 || query.embeds.some(isShown)
}

/** Tenant and instance are part of every join, so that it is served from the keys that begin with them. */
function joinCondition({ relation, outgoing }: CheckedEmbed, outer: string, alias: string): string {
  const { from, to } = relation
  const shared = [
    ...(from.global || to.global ? [] : ['tenant_id']),
    ...(from.instanced && to.instanced ? ['instance_id'] : []),
  ].map(column => `${alias}.${column} = ${outer}.${column}`)
  const inner = identifier(outgoing ? relation.toField : relation.field)
  const own = identifier(outgoing ? relation.field : relation.toField)
  return [...shared, `${alias}.${inner} = ${outer}.${own}`].join(' and ')
}
