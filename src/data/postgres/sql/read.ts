import type { Verb } from '../../../core/access-role.ts'
import type {
  CheckedCall,
  CheckedColumn,
  CheckedEmbed,
  CheckedKeyset,
  CheckedOrder,
  CheckedPlan,
  CheckedQuery,
  CheckedRead,
} from '../../../core/checked-plan.ts'
import type { Entity } from '../../../core/module-set.ts'
import type { Output, Shared } from '../../../core/plan.ts'
import { primaryKey } from '../ddl.ts'
import { conditionSql, pathSql } from './condition.ts'
import { mostCandidates } from './indexes.ts'
import { deletedConditions, sourceOf, tableOf } from './join.ts'
import { afterSql, keysetOrderSql, keysetValuesSql } from './keyset.ts'
import { type Narrowing, narrowingConditions } from './narrowing.ts'
import { raised } from './raised.ts'
import { bodySql, groupSql, lineSql, type Member, type Rows, rowsOf } from './rows.ts'
import { candidateLimit, candidatesSql, fewestCandidates, foundRowsSql, namesFewRows } from './search.ts'
import { andWhere, ownTenant, sharedRowsSql } from './sharing.ts'
import { sortKeys } from './sort-keys.ts'
import { needsExactOutput } from './types.ts'
import { type Binder, identifier } from './writer.ts'

/** A text travels whole through this process, which could not hold any number of the largest at once. */
const mostBytes = 32 * 1024 * 1024
/** A larger list travels row by row. */
const mostBytesOfList = 4 * 1024 * 1024

/** What a value says of its own length, before its bytes. */
const lengthBytes = 4

/** What a text of an answer is made as: JSON goes out as it is, a cast to text would copy it twice. */
export type BodyType = 'json' | 'text'

function bodyTypeOf({ format }: { readonly format: 'json' | 'csv' }): BodyType {
  return format === 'csv' ? 'text' : 'json'
}

/** `value`, which this statement has made, unless it is larger than may be. */
export function bounded(value: string, type: BodyType): string {
  return `case when ${isLarger(value, mostBytes)} then tenantry.refuse('${raised.tooLarge}', '')::${type} else ${value} end`
}

/** The body of a list; null when it is too large for one text and its reader can take rows. */
function boundedList(plan: CheckedRead | CheckedCall): string {
  if (plan.output === 'exact' || plan.kind === 'call') return bounded('body', bodyTypeOf(plan))
  return `case when ${isLarger('body', mostBytesOfList)} then null else body end`
}

/** Of what was just made and is stored nowhere, so that it is not compressed either. */
function isLarger(value: string, most: number): string {
  return `pg_column_size(${value}) > ${most + lengthBytes}`
}

/** Pages whose offsets are written out. */
const mostPages = 16

/** No field can be called so. */
const rowNumber = '"row?"'

/** What a query shows of a row, and the joins that it takes. */
interface Shown {
  readonly members: readonly Member[]
  readonly joins: string
}

/** Where rows come from, and ` where …` or nothing. */
interface Source {
  readonly from: string
  readonly where: string
}

/** What an action gives is its own. */
function sharedOf(plan: CheckedRead | CheckedCall): Shared {
  return plan.kind === 'read' ? plan.shared : 'exclude'
}

/** Writes the reading part of one statement; aliases `t0`, `t1`, … are unique in it. */
export class Reader {
  readonly #binder: Binder
  readonly #output: Output
  readonly #narrowing: Narrowing
  readonly #searches: string[] = []
  #aliases = 0
  #joined = 0

  constructor(binder: Binder, output: Output, narrowing: Narrowing) {
    this.#binder = binder
    this.#output = output
    this.#narrowing = narrowing
  }

  /** Of the rows that policies leave, again: an index serves only what the statement itself asks. */
  narrowed(entity: Entity, verb: Verb, alias: string): string[] {
    return narrowingConditions(this.#narrowing, entity, verb, alias)
  }

  /**
   * One row: the text of the rows, their number, and the number without limit where it was asked for. `source`: where they
   * come from when it is not the table.
   */
  statement(plan: CheckedRead | CheckedCall, source = tableOf(plan.query.entity)): string {
    if (plan.kind === 'read' && plan.keyset) return this.#page(plan, plan.keyset)
    const { count } = plan
    const query = plan.kind === 'read' ? inOrder(plan) : plan.query
    const alias = this.#alias()
    const { from, where } = this.#source(query, alias, count, sharedOf(plan), source)
    const rows = this.#rows(query, alias, from, where)
    const lock = plan.kind === 'read' && plan.lock ? ` for no key update of ${alias}` : ''
    const total = count ? `(select count(*)${from}${where})` : 'null'
    const body = bodySql(rows, 'r', plan, this.#binder)
    const found = `${body} as body, count(*) as n, ${total} as total`
    if (plan.kind === 'call' || !plan.revision)
      return `${this.searches()}select ${boundedList(plan)}, n, total from (select ${found} from (${rows.sql}${lock}) r) a`
    const revision = showsRevision(query) ? 'max(r.revision)' : `(select max(${alias}.revision)${from}${where})`
    return `${this.searches()}select ${bounded('body', bodyTypeOf(plan))}, n, total, null, revision from (select ${found}, ${revision} as revision from (${rows.sql}${lock}) r) a`
  }

  /**
   * A page, and the values that the next one begins after. One row more is read, to know whether there is a next page; the
   * rows are numbered in their order, which their JSON keeps.
   */
  #page(plan: CheckedRead, keyset: CheckedKeyset): string {
    const { query, count } = plan
    const limit = Math.trunc(query.limit ?? 0)
    const alias = this.#alias()
    const after = keyset.after ? afterSql(keyset, query.entity, alias, this.#binder) : []
    const order = ` order by ${keysetOrderSql(keyset, query.entity, alias)} limit ${limit + 1}`
    const page = this.#pageSource(query, alias, plan.shared, order, after)
    const ordered = `select ${alias}.*${page.from}${page.where}${order}`
    const { members, joins } = this.#shown(query, alias, false)
    const shown = ` from page ${alias}${joins} where ${alias}.${rowNumber} <= ${limit} order by ${alias}.${rowNumber}`
    const rows = rowsOf(members, shown, this.#binder)
    const next = `(select ${keysetValuesSql(keyset, alias)} from page ${alias} where ${alias}.${rowNumber} = ${limit} and (select count(*) from page) > ${limit})`
    const all = count && (keyset.after || query.entity.sharing) ? this.#pageSource(query, alias, plan.shared, '') : page
    const total = count ? `(select count(*)${all.from}${all.where})` : 'null'
    const found = `${bodySql(rows, 'r', plan, this.#binder)} as body, count(*) as n, ${total} as total, ${next} as next`
    const numbered = `page as materialized (select ${alias}.*, row_number() over () as ${rowNumber} from (${ordered}) ${alias})`
    return `${this.searches(numbered)}select ${bounded('body', bodyTypeOf(plan))}, n, total, null, null, next from (select ${found} from (${rows.sql}) r) a`
  }

  /** The rows of a page and of those behind it; where some are others', `order` says how many of each kind it may have. */
  #pageSource(
    query: CheckedQuery,
    alias: string,
    shared: Shared,
    order: string,
    after: readonly string[] = [],
  ): Source {
    const from = ` from ${tableOf(query.entity)} ${alias}`
    if (after.length > 1 && !query.entity.sharing) {
      // Each where it begins in an index.
      const parts = after.map(part => `(select ${alias}.*${from}${this.where(query, alias, part)}${order})`)
      return { from: ` from (${parts.join(' union all ')}) ${alias}`, where: '' }
    }
    const behind = after.length > 1 ? `(${after.join(' or ')})` : after[0]
    return this.#withShared(query, alias, shared, this.where(query, alias, behind), order, where => ({ from, where }))
  }

  /** Instead of it, for a list that is too large for one text: the two numbers, without making the rows. */
  numbers({ query, count, shared }: CheckedRead): string {
    const alias = this.#alias()
    const { from, where } = this.#source(query, alias, count, shared)
    const total = count ? `(select count(*)${from}${where})` : 'null'
    const { sql } = this.#rows(query, alias, from, where)
    return `${this.searches()}select count(*), ${total} from (${sql}) r`
  }

  /** Beside them: each row as a text of its own. */
  lines(plan: CheckedRead): { readonly sql: string; readonly rows: Rows } {
    const query = inOrder(plan)
    const alias = this.#alias()
    const { from, where } = this.#source(query, alias, false, plan.shared)
    const rows = this.#rows(query, alias, from, where)
    return {
      sql: `${this.searches()}select ${bounded('line', bodyTypeOf(plan))} from (select ${lineSql(rows, 'r', plan)} as line from (${rows.sql}) r) a`,
      rows,
    }
  }

  /** `with …`, or nothing: what search functions have found for the conditions made so far. */
  searches(more = ''): string {
    const parts = [...this.#searches, ...(more === '' ? [] : [more])]
    return parts.length === 0 ? '' : `with ${parts.join(', ')} `
  }

  /** Further conditions on the rows that a write changes: that their keys have been found. None when nothing was searched. */
  foundKeys(query: Pick<CheckedQuery, 'where' | 'entity' | 'deleted'>, alias: string): string[] {
    const { entity, deleted } = query
    const candidates = this.#candidates(query, mostCandidates)
    if (candidates === undefined) return []
    const where = [
      ...deletedConditions(entity, deleted, 'f'),
      ...ownTenant(entity, 'f'),
      ...this.narrowed(entity, 'write', 'f'),
      this.condition(query, 'f'),
    ].join(' and ')
    const rows = foundRowsSql(tableOf(entity), 'f', candidates, ` where ${where}`)
    const key = entity.key.map(identifier)
    const keys = (of: string) => key.map(name => `${of}.${name}`).join(', ')
    // By key and not by place, since a row that somebody else has just changed is in another place.
    return [
      `${alias}.${key[0]} = any (array(select f.${key[0]} from ${rows}))`,
      ...(key.length === 1 ? [] : [`(${keys(alias)}) in (select ${keys('f')} from ${rows})`]),
    ]
  }

  /** The text of rows that a write returned under the name `source`. */
  returned(query: CheckedQuery, source: string, plan: CheckedPlan): string {
    const rows = this.#returnedRows(query, source)
    return `(select ${bounded('body', bodyTypeOf(plan))} from (select ${bodySql(rows, 'r', plan, this.#binder)} as body from (${rows.sql}) r) a)`
  }

  /** The number that a write answers: of its rows under the name `source`, or of the groups that are shown of them. */
  returnedCount(query: CheckedQuery | null, source: string): string {
    return `(select count(*) from ${query?.grouped ? `(${this.#returnedRows(query, source).sql}) r` : source})`
  }

  #returnedRows(query: CheckedQuery, source: string): Rows {
    const alias = this.#alias()
    return this.#rows(query, alias, ` from ${source} ${alias}`, this.where(query, alias, undefined, false))
  }

  /** ` where …`, or nothing. Inner embeds are conditions too. `isTable`: the rows are those of the table. */
  where(query: CheckedQuery, alias: string, tie?: string, isTable = true): string {
    const parts = [
      ...deletedConditions(query.entity, query.deleted, alias),
      ...(isTable ? this.narrowed(query.entity, 'read', alias) : []),
      ...(query.where ? [this.condition(query, alias)] : []),
      ...query.embeds.filter(({ inner }) => inner).map(embed => this.#exists(embed, alias, query)),
      ...(tie === undefined ? [] : [tie]),
    ]
    return parts.length === 0 ? '' : ` where ${parts.join(' and ')}`
  }

  condition(query: Pick<CheckedQuery, 'where' | 'entity'>, alias: string): string {
    if (!query.where) return 'true'
    return conditionSql(query.where, query.entity, alias, this.#binder, (embed, of) => this.#exists(embed, of))
  }

  #alias = (): string => `t${this.#aliases++}`

  #rows(query: Ordered, alias: string, from: string, where: string): Rows {
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

  #column({ entity }: CheckedQuery, column: CheckedColumn, alias: string): Member {
    const { name, path, cast, aggregate, constant } = column
    const member = { name, aggregate, jsonText: false }
    if (constant !== undefined) return { ...member, value: this.#binder.bind(constant, 'text'), shownAs: null }
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

  /** Of few rows of `demanding`, the query that demands it, what is tied to each is looked at. */
  #exists(embed: CheckedEmbed, outer: string, demanding?: CheckedQuery): string {
    // What others share is in no search function's answer.
    const searched = demanding !== undefined && !namesFewRows(demanding) && !embed.query.entity.sharing
    const candidates = searched ? this.#candidates(embed.query, fewestCandidates) : undefined
    if (candidates === undefined) {
      const { alias, from, condition } = sourceOf(embed, outer, this.#alias)
      return `exists (select from ${from}${this.where(embed.query, alias, condition)})`
    }
    const found = (alias: string) =>
      foundRowsSql(tableOf(embed.query.entity), alias, candidates, this.where(embed.query, alias))
    const { from, condition } = sourceOf(embed, outer, this.#alias, found)
    return `exists (select from ${from} where ${condition})`
  }

  /** The rows that search functions have found, as an expression; undefined when nothing is searched. */
  #candidates(query: Pick<CheckedQuery, 'where' | 'entity'>, most: number): string | undefined {
    const sql = candidatesSql(query, most, this.#binder)
    if (sql === undefined) return undefined
    const name = `found${this.#searches.length}`
    this.#searches.push(`${name} as materialized (select ${sql} as rows)`)
    return `(select rows from ${name})`
  }

  /** Where a statement's rows come from. What is searched is ordered and limited where it is found, and once more outside. */
  #source(query: Ordered, alias: string, count: boolean, shared: Shared, table = tableOf(query.entity)): Source {
    const isTable = table === tableOf(query.entity)
    const where = this.where(query, alias, undefined, isTable)
    if (!isTable) return { from: ` from ${table} ${alias}`, where }
    const candidates = this.#candidates(query, candidateLimit(query, count))
    const parts = candidates !== undefined || (query.entity.sharing && shared !== 'exclude')
    const cut = parts && !count && !query.grouped && query.limit !== null
    const tail = cut ? this.#tail({ ...query, offset: 0 }, alias, new Map()) : ''
    // What is skipped outside has to be found first.
    const skipped = cut && query.offset > 0 ? ` + ${this.#offset(query)}` : ''
    const first = `${tail}${skipped}`
    return this.#withShared(query, alias, shared, where, first, own =>
      candidates === undefined
        ? { from: ` from ${table} ${alias}`, where: own }
        : { from: ` from ${foundRowsSql(table, alias, candidates, own, first)}`, where: '' },
    )
  }

  /**
   * The tenant's own rows, as `source` finds them, and those that others share, each in their order and cut off by `tail`, so that
   * an index in that order serves both. An entity that shares nothing has its own rows only.
   */
  #withShared(
    { entity }: CheckedQuery,
    alias: string,
    shared: Shared,
    where: string,
    tail: string,
    source: (where: string) => Source,
  ): Source {
    const [own] = ownTenant(entity, alias)
    if (own === undefined) return source(where)
    if (shared === 'only') return { from: ` from ${sharedRowsSql(entity, alias, where, tail)} ${alias}`, where: '' }
    const found = source(andWhere(where, own))
    if (shared === 'exclude') return found
    const rows = `(select ${alias}.*${found.from}${found.where}${tail})`
    return { from: ` from (${rows} union all ${sharedRowsSql(entity, alias, where, tail)}) ${alias}`, where: '' }
  }

  /** `columns`: the selected ones as SQL. A grouped query orders by one of them in the very same words. */
  #tail(query: Ordered, alias: string, columns: ReadonlyMap<CheckedColumn, string>): string {
    const terms = query.byKey
      ? primaryKey(query.entity).map(column => `${alias}.${column}`)
      : query.order.map(order => this.#order(order, query.entity, alias, columns))
    const order = terms.length === 0 ? '' : ` order by ${terms.join(', ')}`
    // A limit is a number that was checked and takes few values, so it stays in the text, where the planner sees it.
    const limit = query.limit === null ? '' : ` limit ${Math.trunc(query.limit)}`
    const offset = query.offset === 0 ? '' : ` offset ${this.#offset(query)}`
    return `${order}${limit}${offset}`
  }

  /**
   * The first pages are asked for most, and stay in the text: of an offset that it does not know PostgreSQL expects the worst, so
   * that it would plan each statement anew.
   */
  #offset({ limit, offset }: CheckedQuery): string {
    const page = offset / Math.trunc(limit ?? 0)
    if (Number.isInteger(page) && page <= mostPages) return `${offset}::bigint`
    return this.#binder.bind(String(offset), 'bigint')
  }

  #order(order: CheckedOrder, entity: Entity, alias: string, columns: ReadonlyMap<CheckedColumn, string>): string {
    const { path, embed, column, direction, nulls } = order
    const selected = column && columns.get(column)
    const value = embed ? this.#relatedValue(embed, path, alias) : (selected ?? pathSql(path, alias, this.#binder))
    const keys = embed || selected ? [value] : sortKeys(path, entity, alias, value).map(({ sql }) => sql)
    return keys.map(key => `${key} ${direction}${nulls ? ` nulls ${nulls}` : ''}`).join(', ')
  }

  #relatedValue(embed: CheckedEmbed, path: CheckedOrder['path'], outer: string): string {
    const { alias, from, condition } = sourceOf(embed, outer, this.#alias)
    return `(select ${pathSql(path, alias, this.#binder)} from ${from}${this.where(embed.query, alias, condition)})`
  }
}

interface Ordered extends CheckedQuery {
  /** In the order of the primary key. */
  readonly byKey?: true
}

/**
 * Who reads page by page and names no order gets that of the key: of another each page would be as its own plan has it. So does who
 * wants the first of all rows, since an index has them in that order and nobody has to sort.
 */
function inOrder({ query, lock }: CheckedRead): Ordered {
  const { entity, where, order, limit, grouped, embeds, deleted, paged } = query
  if (entity.view || limit === null || order.length > 0 || grouped || lock) return query
  const ofAll = where === null && deleted !== 'only' && !embeds.some(({ inner }) => inner)
  const plain = ofAll && !entity.sharing && entity.own.size === 0
  return paged || plain ? { ...query, byKey: true } : query
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
