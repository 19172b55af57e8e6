import type {
  CheckedColumn,
  CheckedEmbed,
  CheckedKeyset,
  CheckedOrder,
  CheckedPlan,
  CheckedQuery,
  CheckedRead,
} from '../../../core/checked-plan.ts'
import type { Output } from '../../../core/plan.ts'
import { conditionSql, pathSql } from './condition.ts'
import { deletedConditions, sourceOf, tableOf } from './join.ts'
import { afterSql, keysetOrderSql, keysetValuesSql } from './keyset.ts'
import { raised } from './raised.ts'
import { bodySql, groupSql, type Member, type Rows, rowsOf } from './rows.ts'
import { needsExactOutput } from './types.ts'
import type { Binder } from './writer.ts'

/** An answer travels as one text through this process, which could not hold any number of the largest at once. */
const mostBytes = 32 * 1024 * 1024
const boundedBody = `case when octet_length(body) > ${mostBytes} then tenantry.refuse('${raised.tooLarge}', '') else body end`

/** No field can be called so. */
const rowNumber = '"row?"'

/** What a query shows of a row, and the joins that it takes. */
interface Shown {
  readonly members: readonly Member[]
  readonly joins: string
}

/** Writes the reading part of one statement; aliases `t0`, `t1`, … are unique in it. */
export class Reader {
  readonly #binder: Binder
  readonly #output: Output
  #aliases = 0
  #joined = 0

  constructor(binder: Binder, output: Output) {
    this.#binder = binder
    this.#output = output
  }

  /** One row: the text of the rows, their number, and the number without limit where it was asked for. */
  statement(plan: CheckedRead): string {
    if (plan.keyset) return this.#page(plan, plan.keyset)
    const { query, count } = plan
    const alias = this.#alias()
    const from = ` from ${tableOf(query.entity)} ${alias}`
    const where = this.where(query, alias)
    const rows = this.#rows(query, alias, from, where)
    const total = count ? `(select count(*)${from}${where})` : 'null'
    const body = bodySql(rows, 'r', plan, this.#binder)
    const found = `${body} as body, count(*) as n, ${total} as total`
    if (!plan.revision) return `select ${boundedBody}, n, total from (select ${found} from (${rows.sql}) r) a`
    const revision = showsRevision(query) ? 'max(r.revision)' : `(select max(${alias}.revision)${from}${where})`
    return `select ${boundedBody}, n, total, null, revision from (select ${found}, ${revision} as revision from (${rows.sql}) r) a`
  }

  /**
   * A page, and the values that the next one begins after. One row more is read, to know whether there is a next page; the
   * rows are numbered in their order, which their JSON keeps.
   */
  #page(plan: CheckedRead, keyset: CheckedKeyset): string {
    const { query, count } = plan
    const limit = Math.trunc(query.limit ?? 0)
    const alias = this.#alias()
    const from = ` from ${tableOf(query.entity)} ${alias}`
    const after = keyset.after ? afterSql(keyset, query.entity, alias, this.#binder) : undefined
    const where = this.where(query, alias, after)
    const ordered = `select ${alias}.*${from}${where} order by ${keysetOrderSql(keyset, alias)} limit ${limit + 1}`
    const { members, joins } = this.#shown(query, alias, false)
    const shown = ` from page ${alias}${joins} where ${alias}.${rowNumber} <= ${limit} order by ${alias}.${rowNumber}`
    const rows = rowsOf(members, shown, this.#binder)
    const next = `(select ${keysetValuesSql(keyset, alias)} from page ${alias} where ${alias}.${rowNumber} = ${limit} and (select count(*) from page) > ${limit})`
    const total = count ? `(select count(*)${from}${after ? this.where(query, alias) : where})` : 'null'
    const found = `${bodySql(rows, 'r', plan, this.#binder)} as body, count(*) as n, ${total} as total, ${next} as next`
    return `with page as materialized (select ${alias}.*, row_number() over () as ${rowNumber} from (${ordered}) ${alias}) select ${boundedBody}, n, total, null, null, next from (select ${found} from (${rows.sql}) r) a`
  }

  /** The text of rows that a write returned under the name `source`. */
  returned(query: CheckedQuery, source: string, plan: CheckedPlan): string {
    const alias = this.#alias()
    const rows = this.#rows(query, alias, ` from ${source} ${alias}`, this.where(query, alias))
    return `(select ${boundedBody} from (select ${bodySql(rows, 'r', plan, this.#binder)} as body from (${rows.sql}) r) a)`
  }

  /** ` where …`, or nothing. Inner embeds are conditions too. */
  where(query: CheckedQuery, alias: string, tie?: string): string {
    const parts = [
      ...deletedConditions(query.entity, query.deleted, alias),
      ...(query.where ? [this.condition(query, alias)] : []),
      ...query.embeds.filter(({ inner }) => inner).map(embed => this.#exists(embed, alias)),
      ...(tie === undefined ? [] : [tie]),
    ]
    return parts.length === 0 ? '' : ` where ${parts.join(' and ')}`
  }

  condition(query: Pick<CheckedQuery, 'where' | 'entity'>, alias: string): string {
    if (!query.where) return 'true'
    return conditionSql(query.where, query.entity, alias, this.#binder, (embed, of) => this.#exists(embed, of))
  }

  #alias = (): string => `t${this.#aliases++}`

  #rows(query: CheckedQuery, alias: string, from: string, where: string): Rows {
    const { members, joins } = this.#shown(query, alias, query.grouped)
    const group = query.grouped ? groupSql(members) : ''
    const columns = new Map(query.columns.map((column, index) => [column, members[index]?.value ?? '']))
    return rowsOf(members, `${from}${joins}${where}${group}${this.#tail(query, alias, columns)}`, this.#binder)
  }

  /** `grouped`: rows will be grouped, by this query or by the one that it is spread into. */
  #shown(query: CheckedQuery, alias: string, grouped: boolean): Shown {
    const members = query.columns.map(column => this.#column(query, column, alias))
    const joins: string[] = []
    for (const embed of query.embeds) {
      if (!embed.spread && !isShown(embed)) continue
      const name = `s${this.#joined++}`
      if (embed.spread) {
        const inner = this.#spread(embed, alias, grouped)
        joins.push(` left join lateral (${inner.sql}) ${name} on true`)
        members.push(...inner.members.map((member, index) => ({ ...member, value: `${name}.c${index}` })))
      } else {
        const json = this.#embedded(embed, alias)
        if (grouped) joins.push(` cross join lateral (select ${json}::text as c0) ${name}`)
        const value = grouped ? `${name}.c0` : json
        members.push({ name: embed.name, value, aggregate: null, jsonText: grouped, shownAs: null })
      }
    }
    return { members, joins: joins.join('') }
  }

  #column({ entity }: CheckedQuery, { name, path, cast, aggregate }: CheckedColumn, alias: string): Member {
    const member = { name, aggregate, jsonText: false }
    if (!path) return { ...member, value: '*', shownAs: this.#output === 'exact' && !aggregate?.cast ? 'text' : null }
    const value = `${pathSql(path, alias, this.#binder)}${cast ? `::${cast}` : ''}`
    const counts = aggregate !== null && aggregate.function !== 'max' && aggregate.function !== 'min'
    const exact = counts || (!cast && path.json.length === 0 && needsExactOutput(entity, path.field))
    if (this.#output !== 'exact' || !exact || aggregate?.cast) return { ...member, value, shownAs: null }
    return { ...member, value, shownAs: path.field.spec.array && !counts ? 'text[]' : 'text' }
  }

  /** The related row, one at most, with its values as columns `c0`, `c1`, …; what it aggregates is left to the outer query. */
  #spread(embed: CheckedEmbed, outer: string, grouped: boolean): { sql: string; members: readonly Member[] } {
    const { alias, from, condition } = sourceOf(embed, outer, this.#alias)
    const { members, joins } = this.#shown(embed.query, alias, grouped)
    const columns = members.map(({ value }, index) => `${value === '*' ? 'true' : value} as c${index}`)
    const where = this.where(embed.query, alias, condition)
    const tail = this.#tail(embed.query, alias, new Map())
    return { sql: `select ${columns.join(', ')} from ${from}${joins}${where}${tail}`, members }
  }

  /** A related row as an object or related rows as an array: a sub-select, run only for the rows that are shown. */
  #embedded(embed: CheckedEmbed, outer: string): string {
    const { alias, from, condition } = sourceOf(embed, outer, this.#alias)
    const rows = this.#rows(embed.query, alias, ` from ${from}`, this.where(embed.query, alias, condition))
    if (embed.arity === 'one') return `(select ${rows.asJson('e')} from (${rows.sql}) e)`
    return `(select coalesce(json_agg(${rows.inAggregate('e')}), '[]') from (${rows.sql}) e)`
  }

  #exists(embed: CheckedEmbed, outer: string): string {
    const { alias, from, condition } = sourceOf(embed, outer, this.#alias)
    return `exists (select from ${from}${this.where(embed.query, alias, condition)})`
  }

  /** `columns`: the selected ones as SQL. A grouped query orders by one of them in the very same words. */
  #tail(query: CheckedQuery, alias: string, columns: ReadonlyMap<CheckedColumn, string>): string {
    const terms = query.order.map(order => this.#order(order, alias, columns))
    const order = terms.length === 0 ? '' : ` order by ${terms.join(', ')}`
    // A limit is a number that was checked and takes few values, so it stays in the text, where the planner sees it.
    const limit = query.limit === null ? '' : ` limit ${Math.trunc(query.limit)}`
    const offset = query.offset === 0 ? '' : ` offset ${this.#binder.bind(String(query.offset), 'bigint')}`
    return `${order}${limit}${offset}`
  }

  #order(order: CheckedOrder, alias: string, columns: ReadonlyMap<CheckedColumn, string>): string {
    const { path, embed, column, direction, nulls } = order
    const selected = column && columns.get(column)
    const value = embed ? this.#relatedValue(embed, path, alias) : (selected ?? pathSql(path, alias, this.#binder))
    return `${value} ${direction}${nulls ? ` nulls ${nulls}` : ''}`
  }

  #relatedValue(embed: CheckedEmbed, path: CheckedOrder['path'], outer: string): string {
    const { alias, from, condition } = sourceOf(embed, outer, this.#alias)
    return `(select ${pathSql(path, alias, this.#binder)} from ${from}${this.where(embed.query, alias, condition)})`
  }
}

/** True when the rows have their revision among their columns, under its own name. */
function showsRevision({ columns }: CheckedQuery): boolean {
  const shows = ({ path, cast, aggregate }: CheckedColumn) =>
    path?.field.write === 'check' && path.json.length === 0 && !cast && !aggregate
  const named = columns.filter(({ name }) => name.text === 'revision')
  return columns.every(({ name }) => name.ours) && named.length === 1 && named.every(shows)
}

/** An embed without columns only filters: `rel!inner()`. */
function isShown({ query }: CheckedEmbed): boolean {
  return query.columns.length > 0 || query.embeds.some(isShown)
}
