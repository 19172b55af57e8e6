import {
  GraphQLEnumType,
  type GraphQLFieldConfig,
  type GraphQLFieldConfigMap,
  type GraphQLInputFieldConfigMap,
  GraphQLInputObjectType,
  type GraphQLInputType,
  GraphQLList,
  GraphQLNonNull,
  GraphQLObjectType,
  type GraphQLOutputType,
  GraphQLSchema,
} from 'graphql'
import type { Action, Entity, EntityField, Exposure, Module } from '../../core/module-set.ts'
import { sharedField } from '../../core/module-set.ts'
import type { AccessClass } from './access-class.ts'
import { changedField } from './changed-field.ts'
import { deleted, direction, enumerationFilter, filterOf, nulls, shared } from './filters.ts'
import type { Names, ShapeNames } from './names.ts'
import { scalarOf, scalars } from './scalars.ts'
import type { RootField, Shape } from './shape.ts'
import { Shapes } from './shapes.ts'
import { camelName } from './words.ts'

/** A schema of GraphQL's own kind for names and types, without resolvers, and beside it what each field of its roots does. */
export interface CallerSchema {
  readonly schema: GraphQLSchema
  readonly query: ReadonlyMap<string, RootField>
  readonly mutation: ReadonlyMap<string, RootField>
  /** The shapes whose changes each field of `Subscription` tells. */
  readonly subscription: ReadonlyMap<string, Shape>
}

type FieldConfig = GraphQLFieldConfig<unknown, unknown>
type Arguments = NonNullable<FieldConfig['args']>

/** What the type of a field depends on beside the field. */
interface Around {
  readonly entity: Entity
  readonly names: ShapeNames
}

const listOf = (type: GraphQLOutputType) => new GraphQLNonNull(new GraphQLList(new GraphQLNonNull(type)))
const required = (type: GraphQLInputType) => new GraphQLNonNull(type as GraphQLList<GraphQLInputType>)

/** `module`: of one module; null: of all that are exposed. */
export function buildSchema(
  names: Names,
  access: AccessClass,
  exposure: Pick<Exposure, 'exposed'>,
  module: Module | null,
): CallerSchema {
  return new SchemaBuilder(names, access, exposure).build(module ? [module] : [...exposure.exposed])
}

class SchemaBuilder {
  readonly #names: Names
  readonly #access: AccessClass
  readonly #shapes: Shapes
  readonly #outputs = new Map<string, GraphQLObjectType>()
  readonly #wheres = new Map<string, GraphQLInputObjectType>()
  readonly #enumerations = new Map<string, GraphQLEnumType>()
  readonly #query = new Map<string, RootField>()
  readonly #mutation = new Map<string, RootField>()
  readonly #subscription = new Map<string, Shape>()
  readonly #subscriptionFields: GraphQLFieldConfigMap<unknown, unknown> = {}
  readonly #queryFields: GraphQLFieldConfigMap<unknown, unknown> = {}
  readonly #mutationFields: GraphQLFieldConfigMap<unknown, unknown> = {}

  constructor(names: Names, access: AccessClass, exposure: Pick<Exposure, 'exposed'>) {
    this.#names = names
    this.#access = access
    this.#shapes = new Shapes(names, access, exposure)
  }

  build(modules: readonly Module[]): CallerSchema {
    const { reads, calls } = this.#access
    for (const { entities, actions } of modules) {
      for (const entity of entities) if (reads.has(entity)) this.#entity(entity)
      for (const action of actions) if (calls.has(action)) this.#action(action)
    }
    const isEmpty = this.#query.size === 0
    // The specification wants at least one field.
    if (isEmpty) this.#queryFields.nothing = { type: scalars.Boolean, description: 'There is nothing to be read' }
    const mutation = new GraphQLObjectType({ name: 'Mutation', fields: this.#mutationFields })
    const subscription = new GraphQLObjectType({ name: 'Subscription', fields: this.#subscriptionFields })
    const schema = new GraphQLSchema({
      query: new GraphQLObjectType({ name: 'Query', fields: this.#queryFields }),
      ...(this.#mutation.size > 0 && { mutation }),
      ...(this.#subscription.size > 0 && { subscription }),
    })
    return { schema, query: this.#query, mutation: this.#mutation, subscription: this.#subscription }
  }

  #entity(entity: Entity): void {
    const names = this.#names.entity(entity)
    const shape = this.#shapes.of(entity)
    const type = this.#output(shape, names)
    const around = { entity, names }
    const found = this.#found(shape, names)
    const key = this.#key(around)
    this.#ask(
      names.list,
      { kind: 'list', shape },
      { type: listOf(type), args: { ...this.#listed(shape, names), ...found } },
    )
    if (key) {
      const description = 'Null where there is none, or none that is seen'
      this.#ask(names.get, { kind: 'get', shape }, { type, description, args: { ...key, ...found } })
    }
    const where = { where: { type: this.#where(shape, names) } }
    const count = { type: new GraphQLNonNull(scalars.Int), args: { ...where, ...found } }
    this.#ask(names.verb('count'), { kind: 'count', shape }, count)
    if (entity.changes && key) {
      this.#subscription.set(`${names.list}Changed`, shape)
      const keyTypes = this.#keyTypes(around)
      this.#subscriptionFields[`${names.list}Changed`] = changedField({ entity, names, type, keyTypes, ...where })
    }
    if (this.#access.writes.has(entity)) this.#writes(shape, names, type, key !== undefined)
  }

  #writes(shape: Shape, names: ReturnType<Names['entity']>, type: GraphQLObjectType, keyed: boolean): void {
    const { entity } = shape
    const around = { entity, names }
    const fields = [...this.#access.sight.fieldsOf(entity).values()]
    const input = this.#input(around, names.part('Input'), fields, 'insert')
    const patch = this.#input(around, names.part('Patch'), fields, 'patch')
    const where = { type: required(this.#where(shape, names)), description: 'Which rows; {} stands for all' }
    const change = (kind: 'insert' | 'save' | 'update' | 'delete', name: string, config: FieldConfig) => {
      this.#mutation.set(name, { kind, shape })
      this.#mutationFields[name] = config
    }
    if (input) {
      const inputs = { type: required(new GraphQLList(required(input))) }
      change('insert', names.verb('insert'), { type: listOf(type), args: { inputs } })
    }
    if (input && keyed) {
      const revision = entity.revision && {
        revision: { type: scalars.Int, description: 'The revision that the row must still have' },
      }
      change('save', names.save, {
        type: new GraphQLNonNull(type),
        description: 'Adds the row, or changes the one with the same key',
        args: { input: { type: required(input) }, ...revision },
      })
    }
    if (patch)
      change('update', names.verb('update'), { type: listOf(type), args: { where, input: { type: required(patch) } } })
    const purge = entity.softDelete && {
      purge: { type: scalars.Boolean, defaultValue: false, description: 'For good, softly deleted rows included' },
    }
    change('delete', names.verb('delete'), { type: listOf(type), args: { where, ...purge } })
  }

  #action(action: Action): void {
    const { input, output, readOnly, definition } = action
    const names = this.#names.action(action)
    const rows = output.kind === 'rows' || output.kind === 'row'
    const seen = this.#access.reads.has(output.entity)
    const rowNames = seen ? this.#names.entity(output.entity) : names.result
    const shape = rows
      ? seen
        ? this.#shapes.of(output.entity)
        : this.#shapes.plain(output.entity, rowNames.type)
      : null
    const parameters = new Map([...input.fields.values()].map(field => [camelName(field.name), field]))
    const args: Arguments = {}
    for (const [name, field] of parameters) {
      const { optional, default: given } = field.spec
      const type = this.#inputType({ entity: input, names: names.arguments }, field)
      args[name] = { type: optional || given !== undefined ? type : required(type) }
    }
    // A parameter may be called as one of the list's.
    const more = shape && output.kind === 'rows' ? this.#listed(shape, rowNames) : {}
    const root: RootField = { kind: 'call', action, parameters, shape }
    const config: FieldConfig = {
      type: this.#resultType(action, shape, rowNames),
      args: { ...more, ...args },
      ...(definition.description !== '' && { description: definition.description }),
    }
    if (readOnly) this.#ask(names.field, root, config)
    else {
      this.#mutation.set(names.field, root)
      this.#mutationFields[names.field] = config
    }
  }

  #resultType({ output: { kind, entity } }: Action, shape: Shape | null, names: ShapeNames): GraphQLOutputType {
    if (kind === 'nothing') return new GraphQLNonNull(scalars.Boolean)
    if (shape) {
      const type = this.#output(shape, names)
      return kind === 'rows' ? listOf(type) : new GraphQLNonNull(type)
    }
    const value = entity.fields.get('value')
    return value ? this.#fieldType({ entity, names }, value, true) : scalars.Boolean
  }

  #ask(name: string, root: RootField, config: FieldConfig): void {
    this.#query.set(name, root)
    this.#queryFields[name] = config
  }

  /** Undefined where the caller does not see all of the key. */
  #key({ entity, names }: Around): Arguments | undefined {
    const seen = this.#access.sight.fieldsOf(entity)
    const fields = entity.key.flatMap(name => seen.get(name) ?? [])
    if (fields.length < entity.key.length || fields.length === 0) return undefined
    return Object.fromEntries(
      fields.map(field => [camelName(field.name), { type: required(this.#inputType({ entity, names }, field)) }]),
    )
  }

  #keyTypes({ entity, names }: Around): GraphQLFieldConfigMap<unknown, unknown> {
    return Object.fromEntries(
      entity.key.flatMap(name => {
        const field = entity.fields.get(name)
        return field ? [[camelName(name), { type: this.#fieldType({ entity, names }, field, false) }]] : []
      }),
    )
  }

  #found({ entity }: Shape, _names: ShapeNames): Arguments {
    return {
      ...(entity.softDelete && { deleted: { type: deleted } }),
      ...(entity.sharing && { shared: { type: shared } }),
    }
  }

  /** The arguments of a list, wherever it is. */
  #listed(shape: Shape, names: ShapeNames): Arguments {
    return {
      where: { type: this.#where(shape, names) },
      orderBy: { type: new GraphQLList(new GraphQLNonNull(this.#orderBy(shape, names))) },
      limit: { type: scalars.Int },
      offset: { type: scalars.Int },
    }
  }

  #output(shape: Shape, names: ShapeNames): GraphQLObjectType {
    const known = this.#outputs.get(shape.type)
    if (known) return known
    const type = new GraphQLObjectType({
      name: shape.type,
      fields: () => {
        const fields: GraphQLFieldConfigMap<unknown, unknown> = {}
        for (const [name, member] of shape.members) {
          if (member.kind === 'field') {
            // What a query of an author's answers nobody has checked.
            const loose = shape.entity.view !== undefined || shape.entity.key.length === 0
            fields[name] = { type: this.#fieldType({ entity: shape.entity, names }, member.field, loose) }
          } else {
            const target = member.shape()
            const targetNames = this.#names.entity(target.entity)
            const type = this.#output(target, targetNames)
            fields[name] = member.many ? { type: listOf(type), args: this.#listed(target, targetNames) } : { type }
          }
        }
        return fields
      },
    })
    this.#outputs.set(shape.type, type)
    return type
  }

  #fieldType(around: Around, field: EntityField, loose: boolean): GraphQLOutputType {
    const one = this.#valueType(around, field)
    const type = field.spec.array ? new GraphQLList(one) : one
    return field.spec.optional || loose ? type : new GraphQLNonNull(type)
  }

  #inputType(around: Around, field: EntityField): GraphQLInputType {
    const one = this.#valueType(around, field)
    return field.spec.array ? new GraphQLList(one) : one
  }

  #valueType({ entity, names }: Around, { name, spec }: EntityField) {
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

  #where(shape: Shape, names: ShapeNames): GraphQLInputObjectType {
    const name = names.part('Where')
    const known = this.#wheres.get(name)
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
            fields[name] = { type: this.#where(target, this.#names.entity(target.entity)), description }
          }
        }
        return fields
      },
    })
    this.#wheres.set(name, type)
    return type
  }

  #filter(around: Around, field: EntityField): GraphQLInputObjectType {
    const type = this.#valueType(around, field)
    if (!(type instanceof GraphQLEnumType)) return filterOf(field, scalarOf(around.entity, field.name, field.spec))
    const name = around.names.filter(field.name)
    const known = this.#wheres.get(name)
    if (known) return known
    const filter = enumerationFilter(name, type, field.spec.array)
    this.#wheres.set(name, filter)
    return filter
  }

  #orderBy(shape: Shape, names: ShapeNames): GraphQLInputObjectType {
    const name = names.part('OrderBy')
    const known = this.#wheres.get(name)
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
    this.#wheres.set(name, type)
    return type
  }

  /** Undefined where there is nothing that the caller may give. */
  #input(
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
      const type = this.#inputType(around, field)
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
