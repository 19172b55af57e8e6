import { TenantryError } from '../../core/errors.ts'
import type { Condition, Embed, Order, Query, Selection } from '../../core/plan.ts'

/** One clause of the query string. `embeds` leads from the root to the query that it belongs to. */
export interface Scoped {
  readonly embeds: readonly string[]
  readonly clause: Clause
}

export type Clause =
  | { readonly kind: 'where'; readonly condition: Condition }
  | { readonly kind: 'order'; readonly order: readonly Order[] }
  | { readonly kind: 'page'; readonly page: Page }

/** What `limit` and `offset` say; null is no number. */
export interface Page {
  readonly limit?: number | null
  readonly offset?: number | null
}

/** Puts each clause into the query of its embed. Throws `PGRST108` for an embed that is not selected. Pages stay as asked for. */
export function buildQuery(select: readonly Selection[], clauses: readonly Scoped[]): Query {
  const nested = new Map<Embed, Scoped[]>()
  for (const { embeds, clause } of clauses) {
    const [name, ...rest] = embeds
    if (name === undefined) continue
    const embed = findEmbed(select, name) ?? notEmbedded(name)
    const known = nested.get(embed)
    if (known) known.push({ embeds: rest, clause })
    else nested.set(embed, [{ embeds: rest, clause }])
  }
  const own = clauses.filter(({ embeds }) => embeds.length === 0).map(({ clause }) => clause)
  const where = conjunction(own.flatMap(clause => (clause.kind === 'where' ? relate(clause.condition, select) : [])))
  // Of several orders of one query the first counts.
  const order = own.find(clause => clause.kind === 'order')?.order
  for (const { embed } of order ?? []) if (embed !== undefined) findShown(select, embed) ?? notEmbedded(embed)
  const page: Page = Object.assign({}, ...own.flatMap(clause => (clause.kind === 'page' ? clause.page : [])))
  return {
    select: select.map(selection =>
      selection.kind === 'embed'
        ? { ...selection, query: buildQuery(selection.query.select, nested.get(selection) ?? []) }
        : selection,
    ),
    ...(where && { where }),
    ...(order && { order }),
    ...knownPage(page),
  }
}

/** As in PostgREST, a limit that is no number is none, unless there is an offset too: then no rows are asked for. */
function knownPage({ limit, offset }: Page): Pick<Query, 'limit' | 'offset'> {
  const rows = limit === null && offset !== undefined ? 0 : limit
  return {
    ...(typeof rows === 'number' && { limit: rows }),
    ...(typeof offset === 'number' && { offset }),
  }
}

export function conjunction(conditions: readonly Condition[]): Condition | undefined {
  return conditions.length > 1 ? { kind: 'and', not: false, conditions } : conditions[0]
}

/** `rel=is.null` on an embed asks whether it has rows, and not for a field. */
function relate(condition: Condition, select: readonly Selection[]): Condition {
  if (condition.kind === 'and' || condition.kind === 'or') {
    return { ...condition, conditions: condition.conditions.map(inner => relate(inner, select)) }
  }
  if (condition.kind !== 'compare' || condition.operator !== 'is' || condition.path.json) return condition
  if (condition.value !== 'null' && condition.value !== 'not_null') return condition
  const { field } = condition.path
  if (!findShown(select, field)) return condition
  return { kind: 'related', embed: field, not: (condition.value === 'null') !== condition.not }
}

function findEmbed(select: readonly Selection[], name: string): Embed | undefined {
  return findShown(select, name) ?? embedsOf(select).find(({ relation }) => relation === name)
}

function findShown(select: readonly Selection[], name: string): Embed | undefined {
  return embedsOf(select).find(({ alias, relation }) => (alias ?? relation) === name)
}

function embedsOf(select: readonly Selection[]): Embed[] {
  return select.filter(selection => selection.kind === 'embed')
}

function notEmbedded(name: string): never {
  throw new TenantryError('invalid', `'${name}' is not an embedded resource in this request`, {
    reason: 'PGRST108',
    hint: `Verify that '${name}' is included in the 'select' query parameter.`,
  })
}
