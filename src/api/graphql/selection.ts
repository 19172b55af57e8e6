import {
  type FieldNode,
  GraphQLError,
  type GraphQLObjectType,
  type GraphQLSchema,
  getArgumentValues,
  isListType,
  isNonNullType,
  isObjectType,
} from 'graphql'
import { DefinedName } from '../../core/defined-name.ts'
import { TenantryError } from '../../core/errors.ts'
import type { Entity } from '../../core/module-set.ts'
import type { Embed, Order, Query, Selection } from '../../core/plan.ts'
import type { RestLimits } from '../rest/limits.ts'
import { collectFields, type Fragments, type Variables } from './collect.ts'
import { assumedRows, type GraphqlLimits, overLimit } from './limits.ts'
import type { Member, Shape } from './shape.ts'
import { Conditions, type Input } from './where.ts'

/** What a document is read with. */
export interface Reading {
  readonly schema: GraphQLSchema
  readonly fragments: Fragments
  readonly variables: Variables
  /** The same as they came. */
  readonly given: Variables
  readonly limits: GraphqlLimits
  limitsOf(entity: Entity): RestLimits
  /** Does what takes long. */
  introspect(work: () => string): string
}

const typenameName = new DefinedName('__typename')

/** The selections of one root field and all below it, and what they cost together with those of the other root fields. */
export class Selections {
  readonly conditions: Conditions
  readonly #reading: Reading
  readonly #spend: (rows: number) => void

  /** `spend`: is told of rows, and throws when they are too many. */
  constructor(reading: Reading, entity: Entity, spend: (rows: number) => void) {
    this.#reading = reading
    this.conditions = new Conditions(reading.limitsOf(entity))
    this.#spend = spend
  }

  /** What is selected of each of `rows` rows. */
  of(shape: Shape, type: GraphQLObjectType, nodes: readonly FieldNode[], rows: number, depth = 0): Selection[] {
    const { fragments, variables } = this.#reading
    const sets = nodes.flatMap(({ selectionSet }) => selectionSet ?? [])
    const selected: Selection[] = []
    for (const [name, fields] of collectFields(sets, fragments, variables)) {
      const [node] = fields
      if (!node) continue
      if (node.name.value === '__typename') {
        selected.push({ kind: 'constant', alias: aliasOf(name, typenameName), value: shape.type })
        continue
      }
      const member = shape.members.get(node.name.value)
      if (member?.kind === 'field') {
        selected.push({ kind: 'field', path: { field: member.field.name }, alias: aliasOf(name, member.name) })
      } else if (member) {
        selected.push(this.#embed(member, name, type, fields, node, rows, depth + 1))
      }
    }
    return selected
  }

  #embed(
    member: Extract<Member, { kind: 'relation' }>,
    name: string,
    type: GraphQLObjectType,
    fields: readonly FieldNode[],
    node: FieldNode,
    rows: number,
    depth: number,
  ): Embed {
    if (depth > this.#reading.limits.depth) {
      throw overLimit(`Related rows nest deeper than ${this.#reading.limits.depth} levels`, 'Ask in several requests')
    }
    const target = member.shape()
    const definition = type.getFields()[node.name.value]
    const inner = definition && objectOf(definition.type)
    if (!definition || !inner) throw new GraphQLError(`There is no field "${node.name.value}"`, { nodes: node })
    const list = member.many
      ? this.listed(target, getArgumentValues(definition, node, this.#reading.variables), rows)
      : { part: {}, hidden: [], rows }
    const select = this.of(target, inner, fields, list.rows, depth)
    if (select.length === 0) throw new GraphQLError(`Nothing is selected of "${name}"`, { nodes: node })
    return {
      kind: 'embed',
      relation: target.entity.name,
      link: member.link,
      alias: typeof member.name === 'string' ? name : aliasOf(name, member.name),
      join: 'left',
      spread: false,
      query: { ...list.part, select: [...select, ...list.hidden] },
    }
  }

  /** The arguments of a list, and how many rows it may hold in all. */
  listed(
    shape: Shape,
    { where, orderBy, limit, offset }: Input,
    rows: number,
  ): { readonly part: Omit<Query, 'select'>; readonly hidden: readonly Embed[]; readonly rows: number } {
    const most = this.#reading.limitsOf(shape.entity).rows
    const asked = rowNumber('limit', limit)
    const skipped = rowNumber('offset', offset)
    const hidden: Embed[] = []
    const condition = where ? this.conditions.of(shape, where as Input, hidden) : undefined
    const order = ordersOf(orderBy)
    const all = rows * Math.min(asked ?? assumedRows, most)
    this.#spend(all)
    return {
      part: {
        ...(condition && { where: condition }),
        ...(order.length > 0 && { order }),
        limit: Math.min(asked ?? most, most),
        ...(skipped !== undefined && { offset: skipped }),
      },
      hidden,
      rows: all,
    }
  }
}

function aliasOf(name: string, defined: DefinedName): string | DefinedName {
  return name === defined.text ? defined : name
}

/** The type of one row of a field. */
export function objectOf(type: unknown): GraphQLObjectType | undefined {
  if (isNonNullType(type) || isListType(type)) return objectOf(type.ofType)
  return isObjectType(type) ? type : undefined
}

function rowNumber(name: string, value: unknown): number | undefined {
  if (value === undefined || value === null) return undefined
  if (typeof value === 'number' && value >= 0) return value
  throw new TenantryError('invalid', `${name} must be a whole number that is not negative`)
}

const mostOrders = 50

function ordersOf(orderBy: unknown): Order[] {
  const orders = (orderBy ?? []) as readonly Input[]
  if (orders.length > mostOrders) throw new TenantryError('invalid', `There are more than ${mostOrders} orders`)
  return orders.map(({ field, direction, nulls }) => ({
    path: { field: String(field) },
    direction: direction === 'desc' ? 'desc' : 'asc',
    ...((nulls === 'first' || nulls === 'last') && { nulls }),
  }))
}
