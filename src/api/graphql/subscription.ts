import {
  type FieldNode,
  GraphQLError,
  type GraphQLObjectType,
  getArgumentValues,
  type OperationDefinitionNode,
} from 'graphql'
import { type Change, type ChangeOperation, type KeyTexts, keyFromTexts, keyName } from '../../core/changes.ts'
import { TenantryError } from '../../core/errors.ts'
import { bytesText } from '../../core/exact-json.ts'
import type { Entity } from '../../core/module-set.ts'
import type { Answer, Condition, Embed, Read, Selection } from '../../core/plan.ts'
import { keysCondition } from '../../core/query-plan.ts'
import { operationNames } from './changed-field.ts'
import { collectFields } from './collect.ts'
import { spender } from './compile.ts'
import { parseExact } from './exact-number.ts'
import type { CallerSchema } from './schema.ts'
import { objectOf, type Reading, Selections } from './selection.ts'
import type { Shape } from './shape.ts'
import { all, type Input } from './where.ts'

/** A subscription whose names, arguments and variables are all known. */
export interface PreparedSubscription {
  readonly kind: 'subscription'
  readonly entity: Entity
  /** What it answers under, and where it stands in the document, for errors. */
  readonly name: string
  readonly node: FieldNode
  /** The position to go on behind, as the caller gave it. */
  readonly after: string | undefined
  /** One plan for the rows with these keys; undefined where nothing of a row is asked for. */
  planFor(keys: readonly KeyTexts[]): Read | undefined
  /** The JSON of each row that such a plan found, by `keyName`. */
  rowsOf(answer: Answer): Map<string, string>
  /** False for what the caller does not want to be told. */
  wants(change: Change<string>): boolean
  /** The answer that tells a change, as JSON. */
  textOf(change: Change<string>): string
}

type Member = (change: Change<string>) => string

/** Throws `TenantryError`s, and `GraphQLError`s for arguments. */
export function compileSubscription(
  operation: OperationDefinitionNode,
  { schema, subscription }: CallerSchema,
  reading: Omit<Reading, 'schema'>,
): PreparedSubscription {
  const type = schema.getSubscriptionType()
  const [[name, nodes] = ['', []], ...others] = collectFields(
    [operation.selectionSet],
    reading.fragments,
    reading.variables,
  )
  const [node] = nodes
  const shape = node && subscription.get(node.name.value)
  const definition = node && type?.getFields()[node.name.value]
  const payload = objectOf(definition?.type)
  if (!node || !shape || !definition || !payload || others.length > 0) {
    throw new TenantryError('invalid', 'A subscription selects exactly one field', { reason: 'graphql_operation' })
  }
  const args = getArgumentValues(definition, node, reading.variables)
  return new Subscription({ ...reading, schema }, shape, payload, name, nodes, node, args)
}

class Subscription implements PreparedSubscription {
  readonly kind = 'subscription'
  readonly entity: Entity
  readonly name: string
  readonly node: FieldNode
  readonly after: string | undefined
  readonly #operations: ReadonlySet<unknown> | undefined
  readonly #where: Condition | undefined
  readonly #select: readonly Selection[]
  readonly #deleted: Pick<Read, 'deleted'>
  readonly #members: (readonly [name: string, Member])[] = []
  #asksRow = false

  constructor(
    reading: Reading,
    shape: Shape,
    payload: GraphQLObjectType,
    name: string,
    nodes: readonly FieldNode[],
    node: FieldNode,
    args: Input,
  ) {
    const { after, operations, where, deleted } = args
    this.entity = shape.entity
    this.name = name
    this.node = node
    this.after = typeof after === 'string' ? after : undefined
    this.#operations = Array.isArray(operations) ? new Set(operations) : undefined
    const selections = new Selections(reading, shape.entity, spender(reading.limits.cost))
    const hidden: Embed[] = []
    const select: Selection[] = []
    this.#where = where ? selections.conditions.of(shape, where as Input, hidden) : undefined
    this.#deleted = deleted === 'include' || deleted === 'only' ? { deleted } : {}
    const sets = nodes.flatMap(({ selectionSet }) => selectionSet ?? [])
    for (const [member, fields] of collectFields(sets, reading.fragments, reading.variables)) {
      const [first] = fields
      const type = first && objectOf(payload.getFields()[first.name.value]?.type)
      if (first?.name.value === 'row' && type) {
        if (this.#asksRow) throw new GraphQLError('The row is selected once', { nodes: first })
        this.#asksRow = true
        select.push(...selections.of(shape, type, fields, 1))
      }
      if (first) this.#members.push([member, this.#member(reading, payload, first, fields, type)])
    }
    this.#select = [...select, ...hidden, ...this.entity.key.map(keySelection)]
  }

  planFor(keys: readonly KeyTexts[]): Read | undefined {
    const { entity } = this
    if (!this.#asksRow && !this.#where && this.#deleted.deleted !== 'only') return undefined
    const ofKeys = keysCondition(
      entity,
      keys.map(key => keyFromTexts(entity, key)),
    )
    const where = this.#where ? all([ofKeys, this.#where]) : ofKeys
    // A row of another tenant's may have the key of one that is gone.
    const shared = entity.sharing ? ({ shared: 'exclude' } as const) : {}
    return { kind: 'read', entity, output: 'exact', select: this.#select, where, ...this.#deleted, ...shared }
  }

  rowsOf({ body }: Answer): Map<string, string> {
    const rows = parseExact(body) as Record<string, unknown>[]
    return new Map(
      rows.map(row => {
        const key = this.entity.key.map((_, index) => {
          const { [keyAlias(index)]: value, ...rest } = row
          row = rest
          return String(value)
        })
        return [keyName(key), JSON.stringify(row)]
      }),
    )
  }

  wants({ operation, row }: Change<string>): boolean {
    if (this.#operations && !this.#operations.has(operation)) return false
    const isGone = operation === 'delete' || operation === 'softDelete'
    const isFiltered = this.#where !== undefined || this.#deleted.deleted === 'only'
    return row !== undefined || isGone || !isFiltered
  }

  textOf(change: Change<string>): string {
    const members = this.#members.map(([name, member]) => `${JSON.stringify(name)}:${member(change)}`)
    return `{"data":{${JSON.stringify(this.name)}:{${members.join(',')}}}}`
  }

  #member(
    reading: Reading,
    payload: GraphQLObjectType,
    { name: { value: name } }: FieldNode,
    fields: readonly FieldNode[],
    type: GraphQLObjectType | undefined,
  ): Member {
    switch (name) {
      case 'row':
        return ({ row }) => row ?? 'null'
      case 'operation':
        return ({ operation }) => JSON.stringify(nameOf(operation))
      case 'position':
        return ({ position }) => JSON.stringify(position)
      case 'at':
        return ({ at }) => JSON.stringify(at)
      case '__typename':
        return () => JSON.stringify(payload.name)
      default:
        return this.#keyMember(reading, fields, type)
    }
  }

  #keyMember(reading: Reading, fields: readonly FieldNode[], type: GraphQLObjectType | undefined): Member {
    const sets = fields.flatMap(({ selectionSet }) => selectionSet ?? [])
    const names = [...Object.keys(type?.getFields() ?? {})]
    const members = [...collectFields(sets, reading.fragments, reading.variables)].map(
      ([name, [node]]) => [JSON.stringify(name), names.indexOf(node?.name.value ?? '')] as const,
    )
    return ({ key }) => {
      const values = keyValues(this.entity, key)
      const texts = members.map(([name, index]) => `${name}:${valueText(index < 0 ? type?.name : values[index])}`)
      return `{${texts.join(',')}}`
    }
  }
}

/** No field or alias is called so. */
function keyAlias(index: number): string {
  return `?key${index}`
}

function keySelection(field: string, index: number): Selection {
  return { kind: 'field', path: { field }, alias: keyAlias(index) }
}

function keyValues({ key: names }: Entity, key: unknown): readonly unknown[] {
  if (names.length === 1) return [key]
  const members = key as Readonly<Record<string, unknown>>
  return names.map(name => members[name])
}

/** As a row shows it. */
function valueText(value: unknown): string {
  if (value instanceof Uint8Array) return JSON.stringify(bytesText(value))
  return JSON.stringify(typeof value === 'bigint' ? String(value) : value)
}

function nameOf(operation: ChangeOperation): string | undefined {
  return Object.keys(operationNames).find(name => operationNames[name] === operation)
}
