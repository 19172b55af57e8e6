import {
  GraphQLEnumType,
  type GraphQLFieldConfig,
  type GraphQLInputFieldConfigMap,
  GraphQLInputObjectType,
  type GraphQLInputType,
  GraphQLList,
  GraphQLNonNull,
} from 'graphql'
import { type Entity, type EntityField, sharedField } from '../../core/module-set.ts'
import type { Sight } from '../../core/sight.ts'
import { deleted, direction, enumerationFilter, filterOf, nulls, shared } from './filters.ts'
import type { Names, ShapeNames } from './names.ts'
import { scalarOf, scalars } from './scalars.ts'
import type { Shape } from './shape.ts'
import { camelName } from './words.ts'

export type Arguments = NonNullable<GraphQLFieldConfig<unknown, unknown>['args']>

/** What the type of a field depends on beside the field. */
export interface Around {
  readonly entity: Entity
  readonly names: ShapeNames
}

export const required = (type: GraphQLInputType) => new GraphQLNonNull(type as GraphQLList<GraphQLInputType>)

/** The types of what callers give, each made once for a schema. */
export class InputTypes {
  readonly #names: Names
  readonly #sight: Sight
  readonly #known = new Map<string, GraphQLInputObjectType>()
  readonly #enumerations = new Map<string, GraphQLEnumType>()

  constructor(names: Names, sight: Sight) {
    this.#names = names
    this.#sight = sight
  }

  /** Undefined where the caller does not see all of the key. */
  key({ entity, names }: Around): Arguments | undefined {
    const seen = this.#sight.fieldsOf(entity)
    const fields = entity.key.flatMap(name => seen.get(name) ?? [])
    if (fields.length < entity.key.length || fields.length === 0) return undefined
    return Object.fromEntries(
      fields.map(field => [camelName(field.name), { type: required(this.of({ entity, names }, field)) }]),
    )
  }

  /** The arguments that say which rows are among those that are found. */
  found({ entity }: Shape): Arguments {
    return {
      ...(entity.softDelete && { deleted: { type: deleted } }),
      ...(entity.sharing && { shared: { type: shared } }),
    }
  }

  /** The arguments of a list, wherever it is. */
  listed(shape: Shape, names: ShapeNames): Arguments {
    return {
      where: { type: this.where(shape, names) },
      orderBy: { type: new GraphQLList(new GraphQLNonNull(this.#orderBy(shape, names))) },
      limit: { type: scalars.Int },
      offset: { type: scalars.Int },
    }
  }

  /** Of a field, not yet required. */
  of(around: Around, field: EntityField): GraphQLInputType {
    const one = this.oneOf(around, field)
    return field.spec.array ? new GraphQLList(one) : one
  }

  /** Of one value of a field, also in answers. */
  oneOf({ entity, names }: Around, { name, spec }: EntityField) {
    const values = enumerable(spec.values)
    if (spec.type !== 'oneOf' || !values) return scalars[scalarOf(entity, name, spec)]
    const type = names.enumeration(name)
    let known = this.#enumerations.get(type)
    if (!known) {
      known = new GraphQLEnumType({ name: type, values: Object.fromEntries(values.map(value => [value, { value }])) })
      this.#enumerations.set(type, known)
    }
    return known
  }

  /** Conditions on rows. */
  where(shape: Shape, names: ShapeNames): GraphQLInputObjectType {
    const name = names.part('Where')
    const known = this.#known.get(name)
    if (known) return known
    const type: GraphQLInputObjectType = new GraphQLInputObjectType({
      name,
      fields: () => {
        const list = new GraphQLList(new GraphQLNonNull(type))
        const fields: GraphQLInputFieldConfigMap = { and: { type: list }, or: { type: list }, not: { type } }
        for (const [name, member] of shape.members) {
          if (member.kind === 'field')
            fields[name] = { type: this.#filter({ entity: shape.entity, names }, member.field) }
          else {
            const target = member.shape()
            const description = member.many ? 'There is such a related row' : 'The related row is such'
            fields[name] = { type: this.where(target, this.#names.entity(target.entity)), description }
          }
        }
        return fields
      },
    })
    this.#known.set(name, type)
    return type
  }

  #filter(around: Around, field: EntityField): GraphQLInputObjectType {
    const type = this.oneOf(around, field)
    if (!(type instanceof GraphQLEnumType)) return filterOf(field, scalarOf(around.entity, field.name, field.spec))
    const name = around.names.filter(field.name)
    const known = this.#known.get(name)
    if (known) return known
    const filter = enumerationFilter(name, type, field.spec.array)
    this.#known.set(name, filter)
    return filter
  }

  #orderBy(shape: Shape, names: ShapeNames): GraphQLInputObjectType {
    const name = names.part('OrderBy')
    const known = this.#known.get(name)
    if (known) return known
    const fields = [...shape.members].flatMap(([name, member]) =>
      member.kind === 'field' && isEnumerable(name) ? [[name, { value: member.field.name }] as const] : [],
    )
    const type = new GraphQLInputObjectType({
      name,
      fields: {
        field: {
          type: required(new GraphQLEnumType({ name: names.part('OrderField'), values: Object.fromEntries(fields) })),
        },
        direction: { type: direction, defaultValue: 'asc' },
        nulls: { type: nulls },
      },
    })
    this.#known.set(name, type)
    return type
  }

  /** Undefined where there is nothing that the caller may give. */
  payload(
    around: Around,
    name: string,
    all: readonly EntityField[],
    kind: 'insert' | 'patch',
  ): GraphQLInputObjectType | undefined {
    const writes = kind === 'insert' ? ['always', 'insert'] : ['always', 'check', 'restore']
    const given = all.filter(({ write }) => writes.includes(write))
    if (given.length === 0) return undefined
    const fields: GraphQLInputFieldConfigMap = {}
    for (const field of given) {
      const type = this.of(around, field)
      const description = descriptionOf(field)
      fields[camelName(field.name)] = {
        type: kind === 'insert' && mustBeGiven(field) ? required(type) : type,
        ...(description !== undefined && { description }),
      }
    }
    return new GraphQLInputObjectType({ name, fields })
  }
}

function descriptionOf({ name, write, spec }: EntityField): string | undefined {
  if (write === 'check') return 'The current revision; another one changes nothing and is a conflict'
  if (write === 'restore') return 'Null restores softly deleted rows'
  if (name === sharedField) return 'The group of tenants that the row is shared with'
  return spec.rules?.writeOnce ? 'Written once: as long as it is null' : undefined
}

function mustBeGiven({ platform, owner, spec }: EntityField): boolean {
  return !platform && !owner && !spec.optional && spec.default === undefined && spec.type !== 'searchText'
}

/** Values that GraphQL can name; undefined unless it can name all. */
function enumerable(values: readonly string[] | undefined): readonly string[] | undefined {
  return values?.every(isEnumerable) ? values : undefined
}

function isEnumerable(value: string): boolean {
  return /^(?!__)[_A-Za-z][_0-9A-Za-z]*$/.test(value) && !['true', 'false', 'null'].includes(value)
}
