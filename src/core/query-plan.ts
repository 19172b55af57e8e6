import { TenantryError } from './errors.ts'
import type { Entity, EntityField, ModuleSet } from './module-set.ts'
import type { Condition, Embed, Order, Query, ScalarOperator, Selection } from './plan.ts'
import { plainName, unknownColumn } from './plan-names.ts'
import { type AnyRelated, type LooseOptions, Related } from './query.ts'
import { type Payload, plainText, textOf, wholeNumber } from './query-values.ts'

/** What the rows of an answer hold, so that their values can be made exact. */
export interface Shape {
  readonly entity: Entity
  readonly embeds: readonly { readonly name: string; readonly many: boolean; readonly shape: Shape }[]
}

export interface PlannedQuery {
  readonly query: Query
  readonly shape: Shape
}

type Test = Readonly<Record<string, unknown>>

/** Deeper conditions are refused: they are most likely hostile. */
const maxDepth = 16

const scalars: Readonly<Record<string, ScalarOperator>> = Object.assign(Object.create(null), {
  ...{ eq: 'eq', neq: 'neq', gt: 'gt', gte: 'gte', lt: 'lt', lte: 'lte', like: 'like', ilike: 'ilike' },
  ...{ contains: 'cs', within: 'cd', overlaps: 'ov' },
})
const operatorNames = [...Object.keys(scalars), 'in', 'notIn', 'search'].join(', ')

const directions = /^(asc|desc)(?: nulls (first|last))?$/

/** Options of a read as a part of a plan. Throws `invalid` for what is no field, relation or operator, whoever wrote it. */
export function planQuery(modules: ModuleSet, entity: Entity, options: LooseOptions): PlannedQuery {
  return new QueryPlan(modules, entity).plan(options)
}

/** Conditions for a write, which are about the rows' own fields. */
export function planCondition(modules: ModuleSet, entity: Entity, where: Payload): Condition {
  const plan = new QueryPlan(modules, entity)
  const condition = plan.condition(where)
  if (plan.hidden.length === 0) return condition
  throw new TenantryError('invalid', 'A write is for rows with certain fields, not for those with related rows', {
    hint: 'Read their keys first, and name them with "keys"',
  })
}

class QueryPlan {
  /** Embeds that are only asked whether they have rows. */
  readonly hidden: Embed[] = []
  readonly #modules: ModuleSet
  readonly #entity: Entity
  readonly #depth: number

  constructor(modules: ModuleSet, entity: Entity, depth = 0) {
    if (depth > maxDepth)
      throw new TenantryError('invalid', `Conditions and embeds nest deeper than ${maxDepth} levels`)
    this.#modules = modules
    this.#entity = entity
    this.#depth = depth
  }

  plan({ select = ['*'], where, order, limit, offset }: LooseOptions): PlannedQuery {
    const embeds: Shape['embeds'][number][] = []
    const shown = select.flatMap((item): Selection[] => {
      if (item === '*') return [{ kind: 'all' }]
      if (typeof item === 'string') return [{ kind: 'field', path: { field: item } }]
      if (!isObject(item)) throw new TenantryError('invalid', 'Fields and related rows can be selected')
      return Object.entries(item).flatMap(([name, of]) => (of === undefined ? [] : [this.#embed(name, of, embeds)]))
    })
    const condition = where ? this.condition(where) : undefined
    const query: Query = {
      select: [...shown, ...this.hidden],
      ...(condition && { where: condition }),
      ...(order && { order: orderOf(order) }),
      ...(limit === undefined ? {} : { limit: wholeNumber('limit', limit) }),
      ...(offset === undefined ? {} : { offset: wholeNumber('offset', offset) }),
    }
    return { query, shape: { entity: this.#entity, embeds } }
  }

  #embed(alias: string, of: unknown, embeds: Shape['embeds'][number][]): Embed {
    const { embed, shape, many } = this.#related(alias, of)
    embeds.push({ name: alias, many, shape })
    return { ...embed, alias }
  }

  /** `of`: what is selected of the row that the reference `name` names, or rows that are named in the other direction. */
  #related(name: string, of: unknown): { embed: Embed; shape: Shape; many: boolean } {
    if (of instanceof Related) {
      const to = this.#modules.entityOf(of.definition)
      const { query, shape } = new QueryPlan(this.#modules, to, this.#depth + 1).plan(of.options)
      return { embed: embedOf(this.#incoming(to, of.options.by), query), shape, many: true }
    }
    const relation = this.#outgoing(name)
    if (!relation || !Array.isArray(of)) throw unknownColumn(this.#entity, name)
    const plan = new QueryPlan(this.#modules, relation.to, this.#depth + 1).plan({ select: of })
    return { embed: embedOf({ relation: relation.field }, plan.query), shape: plan.shape, many: false }
  }

  #outgoing(name: string) {
    const { references } = this.#entity
    return references.find(({ field }) => field === `${name}_id`) ?? references.find(({ field }) => field === name)
  }

  #incoming(to: Entity, by: string | undefined): Pick<Embed, 'relation' | 'hint'> {
    const found = this.#entity.referencedBy.filter(
      ({ from, field }) => from === to && (by === undefined || field === by),
    )
    const [only] = found
    if (only && found.length === 1) return { relation: to.name, hint: only.name }
    // None: the two may be related by a junction. Several: the check of the plan says which.
    return { relation: to.name, ...(by !== undefined && { hint: by }) }
  }

  condition(where: Payload, depth = this.#depth): Condition {
    if (depth > maxDepth) throw new TenantryError('invalid', `Conditions nest deeper than ${maxDepth} levels`)
    if (!isObject(where)) throw new TenantryError('invalid', 'Conditions are an object of fields')
    return all(Object.entries(where).flatMap(([name, wanted]) => this.#conditions(name, wanted, depth + 1)))
  }

  #conditions(name: string, wanted: unknown, depth: number): Condition[] {
    // A condition that was forgotten would let more rows through.
    if (wanted === undefined) throw new TenantryError('invalid', `The condition on "${plainName(name)}" is undefined`)
    const field = this.#entity.fields.get(name)
    if (field) return isTest(field, wanted) ? testsOf(field, wanted) : [equals(field, wanted)]
    const inner = (value: unknown) => this.condition(value as Payload, depth)
    switch (name) {
      case 'and':
      case 'or':
        if (!Array.isArray(wanted)) throw new TenantryError('invalid', `"${name}" takes a list of conditions`)
        return [{ kind: name, not: false, conditions: wanted.map(inner) }]
      case 'not':
        return [{ kind: 'and', not: true, conditions: [inner(wanted)] }]
      case 'has':
        if (!(wanted instanceof Related)) throw new TenantryError('invalid', '"has" takes what related() gives')
        return [this.#exists(wanted, this.#incoming(this.#modules.entityOf(wanted.definition), wanted.options.by))]
      default: {
        const relation = this.#outgoing(name)
        if (!relation || !isObject(wanted)) throw unknownColumn(this.#entity, name)
        return [this.#exists(new Related(relation.to.definition, { where: wanted }), { relation: relation.field })]
      }
    }
  }

  #exists({ definition, options: { where } }: AnyRelated, link: Pick<Embed, 'relation' | 'hint'>): Condition {
    const to = this.#modules.entityOf(definition)
    const { query } = new QueryPlan(this.#modules, to, this.#depth + 1).plan({ select: [], ...(where && { where }) })
    // No field or alias of an author's is called so.
    const embed = `?${this.hidden.length}`
    this.hidden.push({ ...embedOf(link, query), alias: embed })
    return { kind: 'related', embed, not: false }
  }
}

function embedOf(link: Pick<Embed, 'relation' | 'hint'>, query: Query): Embed {
  return { kind: 'embed', ...link, join: 'left', spread: false, query }
}

/** The rows with these keys. */
export function keysCondition(entity: Entity, keys: readonly unknown[]): Condition {
  const [name = ''] = entity.key
  if (entity.key.length > 1) return { kind: 'or', not: false, conditions: keys.map(key => keyCondition(entity, key)) }
  const values = keys.map(key => plainText(name, key))
  return { kind: 'compare', path: { field: name }, not: false, operator: 'in', values }
}

export function keyCondition(entity: Entity, key: unknown): Condition {
  const several = entity.key.length > 1
  if (several && !isObject(key)) throw new TenantryError('invalid', `The key of ${entity.name} is an object`)
  return all(
    entity.key.map(name => {
      const value = several && isObject(key) ? key[name] : key
      const field = entity.fields.get(name)
      if (value !== undefined && value !== null && field) return equals(field, value)
      throw new TenantryError('invalid', `The key of ${entity.name} needs "${name}"`)
    }),
  )
}

function all(conditions: readonly Condition[]): Condition {
  return { kind: 'and', not: false, conditions }
}

function equals(field: EntityField, value: unknown): Condition {
  const common = { kind: 'compare', path: { field: field.name }, not: false } as const
  if (value === null) return { ...common, operator: 'is', value: 'null' }
  return { ...common, operator: 'eq', value: textOf(field, value) }
}

function isObject(value: unknown): value is Test {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isTest({ spec }: EntityField, wanted: unknown): wanted is Test {
  return spec.type !== 'json' && isObject(wanted) && !(wanted instanceof Uint8Array) && !(wanted instanceof Date)
}

function testsOf(field: EntityField, test: Test): Condition[] {
  const entries = Object.entries(test)
  if (entries.length === 0) throw new TenantryError('invalid', `The condition on "${field.name}" is empty`)
  return entries.map(([operator, value]) => testOf(field, operator, value))
}

function testOf(field: EntityField, operator: string, value: unknown): Condition {
  const { name } = field
  const common = { kind: 'compare', path: { field: name }, not: false } as const
  const known = scalars[operator]
  if (!known && operator !== 'in' && operator !== 'notIn' && operator !== 'search') {
    throw new TenantryError('invalid', `There is no operator "${plainName(operator)}"`, {
      hint: `Use ${operatorNames}`,
    })
  }
  if (value === undefined) throw new TenantryError('invalid', `The condition on "${name}" is undefined`)
  if (value === null && operator === 'eq') return equals(field, null)
  if (value === null && operator === 'neq') return { ...common, operator: 'is', value: 'not_null' }
  if (known === 'like' || known === 'ilike') return { ...common, operator: known, value: plainText(name, value) }
  if (known) return { ...common, operator: known, value: textOf(field, value) }
  if (operator === 'search') return { ...common, operator: 'wfts', value: plainText(name, value) }
  if (!Array.isArray(value)) throw new TenantryError('invalid', `"${operator}" takes a list of values`)
  return { ...common, not: operator === 'notIn', operator: 'in', values: value.map(item => textOf(field, item)) }
}

function orderOf(order: Payload): Order[] {
  return Object.entries(order).flatMap(([field, wanted]) => {
    if (wanted === undefined) return []
    const [, direction, nulls] = directions.exec(String(wanted)) ?? []
    if (direction !== 'asc' && direction !== 'desc') {
      throw new TenantryError('invalid', `"${plainName(field)}" can be ordered asc or desc, with nulls first or last`)
    }
    return [{ path: { field }, direction, ...((nulls === 'first' || nulls === 'last') && { nulls }) }]
  })
}
