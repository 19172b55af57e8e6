import {
  type GraphQLFieldConfig,
  type GraphQLFieldConfigMap,
  GraphQLList,
  GraphQLNonNull,
  GraphQLObjectType,
  type GraphQLOutputType,
  GraphQLSchema,
} from 'graphql'
import type { Action, Entity, EntityField, Exposure, Module } from '../../core/module-set.ts'
import type { Operations } from '../../core/operations.ts'
import type { AccessClass } from './access-class.ts'
import { changedField } from './changed-field.ts'
import { type Arguments, type Around, InputTypes, required } from './input-types.ts'
import type { Names, ShapeNames } from './names.ts'
import { scalars } from './scalars.ts'
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

const listOf = (type: GraphQLOutputType) => new GraphQLNonNull(new GraphQLList(new GraphQLNonNull(type)))

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
  readonly #inputs: InputTypes
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
    this.#inputs = new InputTypes(names, access.sight)
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
    const found = this.#inputs.found(shape)
    const key = this.#inputs.key(around)
    this.#ask(
      names.list,
      { kind: 'list', shape },
      { type: listOf(type), args: { ...this.#inputs.listed(shape, names), ...found } },
    )
    if (key) {
      const description = 'Null where there is none, or none that is seen'
      this.#ask(names.get, { kind: 'get', shape }, { type, description, args: { ...key, ...found } })
    }
    const where = { where: { type: this.#inputs.where(shape, names) } }
    const count = { type: new GraphQLNonNull(scalars.Int), args: { ...where, ...found } }
    this.#ask(names.verb('count'), { kind: 'count', shape }, count)
    if (entity.changes && key) {
      this.#subscription.set(`${names.list}Changed`, shape)
      const keyTypes = this.#keyTypes(around)
      this.#subscriptionFields[`${names.list}Changed`] = changedField({ entity, names, type, keyTypes, ...where })
    }
    const can = this.#access.writes.get(entity)
    if (can) this.#writes(shape, names, type, { can, keyed: key !== undefined })
  }

  #writes(
    shape: Shape,
    names: ReturnType<Names['entity']>,
    type: GraphQLObjectType,
    { can, keyed }: { can: Operations; keyed: boolean },
  ): void {
    const { entity } = shape
    const around = { entity, names }
    const fields = [...this.#access.sight.fieldsOf(entity).values()]
    const input = this.#inputs.payload(around, names.part('Input'), fields, 'insert')
    const patch = this.#inputs.payload(around, names.part('Patch'), fields, 'patch')
    const where = { type: required(this.#inputs.where(shape, names)), description: 'Which rows; {} stands for all' }
    const change = (kind: 'insert' | 'save' | 'update' | 'delete', name: string, config: FieldConfig) => {
      this.#mutation.set(name, { kind, shape })
      this.#mutationFields[name] = config
    }
    if (input && can.has('insert')) {
      const inputs = { type: required(new GraphQLList(required(input))) }
      change('insert', names.verb('insert'), { type: listOf(type), args: { inputs } })
    }
    if (input && keyed && can.has('insert') && can.has('update')) {
      const revision = entity.revision && {
        revision: { type: scalars.Int, description: 'The revision that the row must still have' },
      }
      change('save', names.save, {
        type: new GraphQLNonNull(type),
        description: 'Adds the row, or changes the one with the same key',
        args: { input: { type: required(input) }, ...revision },
      })
    }
    if (patch && can.has('update'))
      change('update', names.verb('update'), { type: listOf(type), args: { where, input: { type: required(patch) } } })
    const purge = entity.softDelete && {
      purge: { type: scalars.Boolean, defaultValue: false, description: 'For good, softly deleted rows included' },
    }
    if (can.has('delete')) change('delete', names.verb('delete'), { type: listOf(type), args: { where, ...purge } })
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
      const type = this.#inputs.of({ entity: input, names: names.arguments }, field)
      args[name] = { type: optional || given !== undefined ? type : required(type) }
    }
    // A parameter may be called as one of the list's.
    const more = shape && output.kind === 'rows' ? this.#inputs.listed(shape, rowNames) : {}
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

  #keyTypes({ entity, names }: Around): GraphQLFieldConfigMap<unknown, unknown> {
    return Object.fromEntries(
      entity.key.flatMap(name => {
        const field = entity.fields.get(name)
        return field ? [[camelName(name), { type: this.#fieldType({ entity, names }, field, false) }]] : []
      }),
    )
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
            fields[name] = member.many
              ? { type: listOf(type), args: this.#inputs.listed(target, targetNames) }
              : { type }
          }
        }
        return fields
      },
    })
    this.#outputs.set(shape.type, type)
    return type
  }

  #fieldType(around: Around, field: EntityField, loose: boolean): GraphQLOutputType {
    const one = this.#inputs.oneOf(around, field)
    const type = field.spec.array ? new GraphQLList(one) : one
    return field.spec.optional || loose ? type : new GraphQLNonNull(type)
  }
}
