import {
  executeSync,
  type FieldNode,
  type GraphQLObjectType,
  getArgumentValues,
  Kind,
  type OperationDefinitionNode,
} from 'graphql'
import { TenantryError } from '../../core/errors.ts'
import type { Call, Condition, Delete, Embed, Insert, Read, Selection, Update } from '../../core/plan.ts'
import { textOf } from '../../core/query-values.ts'
import { collectFields } from './collect.ts'
import { overLimit } from './limits.ts'
import type { PlannedField, PreparedField, PreparedOperation } from './prepared.ts'
import type { CallerSchema } from './schema.ts'
import { objectOf, type Reading, Selections } from './selection.ts'
import type { RootField, Shape } from './shape.ts'
import { all, type Input } from './where.ts'

type Planned = Pick<PlannedField, 'plan' | 'form'>

/** One plan for each root field of a valid operation. Throws `TenantryError`s, and `GraphQLError`s for arguments. */
export function compileOperation(
  operation: OperationDefinitionNode,
  { schema, query, mutation }: CallerSchema,
  reading: Omit<Reading, 'schema'>,
): PreparedOperation {
  const kind = operation.operation === 'mutation' ? 'mutation' : 'query'
  const type = kind === 'mutation' ? schema.getMutationType() : schema.getQueryType()
  const roots = kind === 'mutation' ? mutation : query
  if (!type) throw new TenantryError('invalid', 'There is no such operation')
  const all: Reading = { ...reading, schema }
  const spend = spender(reading.limits.cost)
  const fields: PreparedField[] = []
  for (const [name, nodes] of collectFields([operation.selectionSet], reading.fragments, reading.variables)) {
    const [node] = nodes
    if (!node) continue
    const root = roots.get(node.name.value)
    if (root) {
      const planned = new RootPlan(all, type, spend).of(root, node, nodes)
      fields.push({ kind: 'plan', name, node, ...planned })
    } else {
      const isName = node.name.value === '__typename'
      fields.push({
        kind: 'constant',
        name,
        json: isName ? JSON.stringify(type.name) : reading.introspect(() => introspect(operation, nodes, name, all)),
      })
    }
  }
  return { kind, fields }
}

/** What GraphQL knows of itself. */
function introspect(
  operation: OperationDefinitionNode,
  nodes: readonly FieldNode[],
  name: string,
  reading: Reading,
): string {
  const { schema, fragments, given } = reading
  const selectionSet = { kind: Kind.SELECTION_SET, selections: nodes } as const
  const { variableDefinitions: _, ...rest } = operation
  const variableDefinitions = operation.variableDefinitions ?? []
  const document = {
    kind: Kind.DOCUMENT,
    definitions: [{ ...rest, variableDefinitions, selectionSet }, ...fragments.values()],
  } as const
  const operationName = operation.name?.value
  const { data, errors } = executeSync({ schema, document, variableValues: given, operationName })
  const [error] = errors ?? []
  if (error) throw error
  return JSON.stringify(data?.[name] ?? null)
}

/** Counts the rows that an operation may hold. */
export function spender(most: number): (rows: number) => void {
  let spent = 0
  return rows => {
    spent += rows
    if (spent <= most) return
    throw overLimit(
      `The lists of this operation may hold more than ${most} rows in all`,
      'Give limits: each list counts as often as the rows around it, and one without a limit as 100 rows',
    )
  }
}

class RootPlan {
  readonly #reading: Reading
  readonly #type: GraphQLObjectType
  readonly #spend: (rows: number) => void

  constructor(reading: Reading, type: GraphQLObjectType, spend: (rows: number) => void) {
    this.#reading = reading
    this.#type = type
    this.#spend = spend
  }

  of(root: RootField, node: FieldNode, nodes: readonly FieldNode[]): Planned {
    const definition = this.#type.getFields()[node.name.value]
    if (!definition) throw new TenantryError('invalid', 'There is no such field')
    const args = getArgumentValues(definition, node, this.#reading.variables)
    const rowType = objectOf(definition.type)
    const entity = root.kind === 'call' ? root.action.output.entity : root.shape.entity
    const selections = new Selections(this.#reading, entity, this.#spend)
    const select = (shape: Shape, rows: number): Selection[] =>
      rowType ? selections.of(shape, rowType, nodes, rows) : []
    switch (root.kind) {
      case 'list': {
        const { part, hidden, rows } = selections.listed(root.shape, args, 1)
        const plan: Read = { ...read(root.shape, args), ...part, select: [...select(root.shape, rows), ...hidden] }
        return { plan, form: 'body' }
      }
      case 'get': {
        const where = keyOf(root.shape, args)
        // Two would be too many, and are told apart from one.
        return {
          plan: { ...read(root.shape, args), where, limit: 2, select: select(root.shape, 1) },
          form: 'rowOrNull',
        }
      }
      case 'count': {
        const hidden: Embed[] = []
        const where = args.where ? selections.conditions.of(root.shape, args.where as Input, hidden) : undefined
        const part = { select: hidden, limit: 0, count: 'exact' as const }
        return { plan: { ...read(root.shape, args), ...part, ...(where && { where }) }, form: 'total' }
      }
      case 'call':
        return this.#call(root, args, selections, shape => select(shape, 1))
      default: {
        const returning = select(root.shape, 1)
        const plan = { ...writePlan(root.kind, root.shape, args, selections), returning }
        return { plan, form: root.kind === 'save' ? 'row' : 'body' }
      }
    }
  }

  #call(
    { action, parameters, shape }: Extract<RootField, { kind: 'call' }>,
    args: Input,
    selections: Selections,
    select: (shape: Shape) => Selection[],
  ): Planned {
    const given = [...parameters].filter(([name]) => args[name] !== undefined)
    const own = new Set(parameters.keys())
    const listArgs = Object.fromEntries(Object.entries(args).filter(([name]) => !own.has(name)))
    const { kind } = action.output
    const list = shape && kind === 'rows' ? selections.listed(shape, listArgs, 1) : { part: {}, hidden: [] }
    const plan: Call = {
      kind: 'call',
      action,
      output: 'exact',
      input: JSON.stringify(Object.fromEntries(given.map(([name, field]) => [field.name, args[name]]))),
      given: given.map(([, field]) => field.name),
      ...list.part,
      select: shape ? [...select(shape), ...list.hidden] : [],
    }
    return { plan, form: kind === 'nothing' ? 'done' : 'body' }
  }
}

function read(
  { entity }: Shape,
  { deleted, shared }: Input,
): Pick<Read, 'kind' | 'entity' | 'output' | 'deleted' | 'shared'> {
  return {
    ...({ kind: 'read', entity, output: 'exact' } as const),
    ...((deleted === 'include' || deleted === 'only') && { deleted }),
    ...((shared === 'exclude' || shared === 'only') && { shared }),
  }
}

/** The row that the arguments of `get…By…` name. */
function keyOf({ entity, members }: Shape, args: Input): Condition {
  return all(
    [...members].flatMap(([name, member]) => {
      if (member.kind !== 'field' || !entity.key.includes(member.field.name)) return []
      const { field } = member
      return [
        { kind: 'compare', path: { field: field.name }, not: false, operator: 'eq', value: textOf(field, args[name]) },
      ]
    }),
  )
}

function writePlan(
  kind: 'insert' | 'save' | 'update' | 'delete',
  shape: Shape,
  args: Input,
  selections: Selections,
): Insert | Update | Delete {
  const { entity } = shape
  const common = { entity, output: 'exact' } as const
  if (kind === 'insert') {
    const rows = (args.inputs as readonly Input[]).map(input => rowOf(shape, input))
    const fields = [...new Set(rows.flatMap(row => Object.keys(row)))].sort()
    const alike = rows.every(row => Object.keys(row).length === fields.length)
    // What one row leaves out and another gives is its default, not null.
    return { ...common, kind, fields, rows: JSON.stringify(rows), ...(alike ? {} : { missing: 'default' }) }
  }
  if (kind === 'save') return savePlan(shape, args)
  const hidden: Embed[] = []
  const where = selections.conditions.of(shape, args.where as Input, hidden)
  if (hidden.length > 0) {
    throw new TenantryError('invalid', 'A write is for rows with certain fields, not for those with related rows', {
      hint: 'Read their keys first, and name them with "in"',
    })
  }
  if (kind === 'delete') return { ...common, kind, where, ...(args.purge === true && { mode: 'purge' }) }
  const patch = rowOf(shape, args.input as Input)
  return { ...common, kind, where, fields: Object.keys(patch), patch: JSON.stringify(patch) }
}

function savePlan(shape: Shape, { input, revision }: Input): Insert {
  const { entity } = shape
  const row = rowOf(shape, input as Input)
  const keyed = entity.key.every(name => row[name] !== undefined && row[name] !== null)
  if (typeof revision === 'number' && !keyed) {
    throw new TenantryError('invalid', 'A revision is that of a row whose key is given')
  }
  return {
    ...({ kind: 'insert', entity, output: 'exact', fields: Object.keys(row), rows: JSON.stringify([row]) } as const),
    ...(keyed && { onConflict: { resolution: 'merge' } }),
    ...(typeof revision === 'number' && { precondition: { kind: 'present', revisions: [revision] } }),
  }
}

/** A payload by the declared names. */
function rowOf({ members }: Shape, input: Input): Record<string, unknown> {
  const row: [string, unknown][] = []
  for (const [name, value] of Object.entries(input)) {
    const member = members.get(name)
    if (member?.kind === 'field' && value !== undefined) row.push([member.field.name, value])
  }
  return Object.fromEntries(row)
}
