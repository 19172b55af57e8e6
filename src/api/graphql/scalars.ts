import {
  GraphQLBoolean,
  GraphQLError,
  GraphQLInt,
  GraphQLScalarType,
  GraphQLString,
  Kind,
  type ValueNode,
} from 'graphql'
import type { FieldSpec } from '../../core/field.ts'
import type { Entity } from '../../core/module-set.ts'
import { exactJson, exactText } from './exact-number.ts'

/** A value that travels as text; `read` answers what is bound, or undefined for what is none. */
function textScalar(
  name: string,
  description: string,
  read: (value: unknown) => string | undefined,
): GraphQLScalarType {
  const parse = (value: unknown, node?: ValueNode): string => {
    const found = read(value)
    if (found !== undefined) return found
    throw new GraphQLError(`This is no ${name}: ${description}`, node ? { nodes: node } : {})
  }
  return new GraphQLScalarType<string, string>({
    name,
    description,
    serialize: String,
    parseValue: value => parse(value),
    parseLiteral: node => {
      const number = node.kind === Kind.INT || node.kind === Kind.FLOAT
      return parse(number || node.kind === Kind.STRING ? node.value : undefined, node)
    },
  })
}

const matching = (pattern: RegExp) => (value: unknown) =>
  typeof value === 'string' && value.length <= 100_000 && pattern.test(value) ? value : undefined

const bounds = { least: -(2n ** 63n), most: 2n ** 63n - 1n }

const bigInt = textScalar('BigInt', 'a whole number of 64 bits, as text or number; shown as text', value => {
  const text = exactText(value)
  if (text === undefined || !/^[-+]?\d{1,40}$/.test(text)) return undefined
  const number = BigInt(text.replace(/^\+/, ''))
  return number >= bounds.least && number <= bounds.most ? text : undefined
})

const decimal = textScalar('Decimal', 'an exact decimal, as text or number; shown as text', value => {
  const text = exactText(value)
  return text !== undefined && /^[-+]?(\d{1,2000}(\.\d{0,2000})?|\.\d{1,2000})(e[-+]?\d{1,4})?$/i.test(text)
    ? text
    : undefined
})

const uuid = textScalar('UUID', 'a UUID', matching(/^[0-9a-f]{8}-?([0-9a-f]{4}-?){3}[0-9a-f]{12}$/i))
const date = textScalar('Date', 'a day: YYYY-MM-DD', matching(/^(\d{4,6}-\d{2}-\d{2}|-?infinity)$/))
const dateTime = textScalar(
  'DateTime',
  'a moment in ISO 8601: 2026-01-31T12:00:00Z',
  matching(/^(\d{4,6}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?( ?(Z|[-+]\d{2}(:?\d{2})?))?)?|-?infinity)$/i),
)
const bytes = textScalar('Bytes', 'bytes in hexadecimal: \\x00ff', value =>
  typeof value === 'string' && /^\\x([0-9a-f]{2})*$/i.test(value) ? value : undefined,
)

const json = new GraphQLScalarType<unknown, unknown>({
  name: 'JSON',
  description: 'any JSON',
  serialize: value => value,
  parseValue: value => value,
  parseLiteral: (node, variables) => jsonOf(node, variables ?? {}),
})

function jsonOf(node: ValueNode, variables: Readonly<Record<string, unknown>>): unknown {
  switch (node.kind) {
    case Kind.NULL:
      return null
    case Kind.INT:
    case Kind.FLOAT:
      return exactJson(node.value)
    case Kind.STRING:
    case Kind.BOOLEAN:
    case Kind.ENUM:
      return node.value
    case Kind.LIST:
      return node.values.map(value => jsonOf(value, variables))
    case Kind.OBJECT:
      return Object.fromEntries(node.fields.map(({ name, value }) => [name.value, jsonOf(value, variables)]))
    case Kind.VARIABLE:
      return variables[node.name.value]
  }
}

export const scalars = {
  String: GraphQLString,
  Int: GraphQLInt,
  Boolean: GraphQLBoolean,
  BigInt: bigInt,
  Decimal: decimal,
  Date: date,
  DateTime: dateTime,
  UUID: uuid,
  JSON: json,
  Bytes: bytes,
} as const

export type ScalarName = keyof typeof scalars

/** The scalar of one value of a field; values of `oneOf` may have an enumeration instead. */
export function scalarOf(entity: Entity, name: string, spec: FieldSpec): ScalarName {
  switch (spec.type) {
    case 'integer':
      return 'Int'
    case 'bigint':
      return 'BigInt'
    case 'decimal':
      return 'Decimal'
    case 'boolean':
      return 'Boolean'
    case 'timestamp':
      return 'DateTime'
    case 'date':
      return 'Date'
    case 'uuid':
      return 'UUID'
    case 'json':
      return 'JSON'
    case 'bytes':
      return 'Bytes'
    case 'reference':
      return referencedScalar(entity, name)
    default:
      return 'String'
  }
}

/** That of the key which the reference names, which may itself be a reference. */
function referencedScalar(entity: Entity, name: string): ScalarName {
  const seen = new Set<Entity>()
  let from = entity
  let field = name
  while (!seen.has(from)) {
    seen.add(from)
    const relation = from.references.find(reference => reference.field === field)
    const key = relation?.to.fields.get(relation.toField)
    if (!relation || !key) return 'UUID'
    if (key.spec.type !== 'reference') return scalarOf(relation.to, key.name, key.spec)
    from = relation.to
    field = key.name
  }
  return 'UUID'
}
