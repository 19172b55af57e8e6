import {
  buildClientSchema,
  type GraphQLArgument,
  type GraphQLInputType,
  type GraphQLObjectType,
  type GraphQLSchema,
  getIntrospectionQuery,
  getNamedType,
  isEnumType,
  isInputObjectType,
  isListType,
  isNonNullType,
  isObjectType,
} from 'graphql'
import type { Question } from '../http/client.ts'
import type { Hostile } from './hostile.ts'
import type { Random } from './random.ts'
import { parcelCount, parcelId } from './yard.ts'

interface Asked {
  ask(path: string, question: Question): Promise<{ readonly text: string }>
}

/** The schema that the caller with this token has. */
export async function schemaOf(product: Asked, token: string): Promise<GraphQLSchema> {
  const { text } = await product.ask('/acme/graphql', { token, body: { query: getIntrospectionQuery() } })
  return buildClientSchema(JSON.parse(text).data)
}

/** Names that stand in statements because the definitions are called so. */
export function definedNames(schema: GraphQLSchema): string[] {
  const types = Object.values(schema.getTypeMap()).filter(isObjectType)
  return ['__typename', ...types.flatMap(type => Object.keys(type.getFields()))]
}

/** A document made from the schema, so that most are understood, with values that mostly are not what anybody would send. */
export function graphqlRequest(schema: GraphQLSchema, marker: string, token: string, random: Random): Hostile {
  const writes = random.onceIn(4)
  const root = (writes ? schema.getMutationType() : undefined) ?? schema.getQueryType()
  const query = root ? `${writes ? 'mutation' : 'query'} ${selection(root, marker, random, 0)}` : '{ __typename }'
  const given = random.onceIn(10) ? spoiled(query, marker, random) : query
  const reading = !writes && random.onceIn(5)
  const path = random.pick(['/acme/graphql', '/acme/yard/v1/graphql', '/acme/graphql', '/acme/shop/v1/graphql'])
  const authorization = ['authorization', `Bearer ${token}`] as const
  return {
    method: reading ? 'GET' : 'POST',
    path: reading ? `${path}?query=${encodeURIComponent(given)}` : path,
    headers: reading ? [authorization] : [authorization, ['content-type', 'application/json']],
    body: reading ? undefined : JSON.stringify({ query: given }),
    marker,
  }
}

function selection(type: GraphQLObjectType, marker: string, random: Random, depth: number): string {
  const all = Object.values(type.getFields())
  const plain = all.filter(field => !isObjectType(getNamedType(field.type)))
  const from = depth >= 3 ? plain : all
  const fields = Array.from({ length: 1 + random.below(depth === 0 ? 3 : 4) }, (_, index) => {
    const field = random.pick(from)
    const of = getNamedType(field.type)
    const alias = random.onceIn(4) ? `${marker}${index}: ` : `a${depth}${index}: `
    const name = depth === 0 || random.onceIn(3) ? `${alias}${field.name}` : field.name
    const inner = isObjectType(of) ? ` ${selection(of, marker, random, depth + 1)}` : ''
    return `${name}${argumentsOf(field.args, marker, random)}${inner}`
  })
  return `{ ${fields.join(' ')}${random.onceIn(3) ? ' __typename' : ''} }`
}

function argumentsOf(args: readonly GraphQLArgument[], marker: string, random: Random): string {
  const given = args.filter(({ type }) => isNonNullType(type) || random.onceIn(2))
  if (given.length === 0) return ''
  return `(${given.map(({ name, type }) => `${name}: ${valueFor(type, marker, random, 0)}`).join(', ')})`
}

function valueFor(type: GraphQLInputType, marker: string, random: Random, depth: number): string {
  if (isNonNullType(type)) return valueFor(type.ofType, marker, random, depth)
  if (random.onceIn(25)) return random.pick(['null', '{}', '[]', '1', `"${marker}"`, marker])
  if (isListType(type)) {
    const values = Array.from({ length: random.below(3) }, () => valueFor(type.ofType, marker, random, depth + 1))
    return `[${values.join(', ')}]`
  }
  if (isEnumType(type)) return random.pick(type.getValues()).name
  if (!isInputObjectType(type))
    return random.pick(scalarValues[type.name]?.(marker, random) ?? [JSON.stringify(marker)])
  const fields = Object.values(type.getFields())
  const needed = fields.filter(({ type }) => isNonNullType(type))
  const chosen = new Set(
    depth > 5 ? needed : [...needed, ...Array.from({ length: 1 + random.below(2) }, () => random.pick(fields))],
  )
  return `{ ${[...chosen].map(({ name, type }) => `${name}: ${valueFor(type, marker, random, depth + 1)}`).join(', ')} }`
}

const texts = (marker: string) => [
  ...[
    JSON.stringify(marker),
    `"${marker}%"`,
    '"%"',
    '"\\u0000"',
    '"\\ud800"',
    '"(["',
    '"a & | b"',
    '"\\"\\\\"',
    '"[1,5)"',
  ],
  ...['"{a,b}"', '"empty"', '"\'); drop table x; --"', '""', '"Parcel 1"', `"${'y'.repeat(300)}"`],
]

const scalarValues: Readonly<Record<string, (marker: string, random: Random) => readonly string[]>> = {
  String: texts,
  Int: () => ['0', '1', '-1', '5', '2147483647', '1000000'],
  BigInt: () => ['0', '"9223372036854775807"', '-9223372036854775808', '1e3', '"+5"'],
  Decimal: () => ['0', '1.5', '"1e300"', '"-0.00000001"', '1e-300', '99999999999999999999.99'],
  Boolean: () => ['true', 'false'],
  Date: () => ['"2026-01-31"', '"2026-02-31"', '"infinity"', '"0000-01-01"', '"999999-12-31"'],
  DateTime: () => [
    '"2026-01-31T12:00:00Z"',
    '"2026-01-31 12:00:00.123456+99"',
    '"-infinity"',
    '"2026-01-31T25:00:00Z"',
  ],
  UUID: (_marker, random) => [`"${parcelId(1 + random.below(parcelCount))}"`, '"00000000-0000-0000-0000-000000000000"'],
  JSON: marker => [`{ a: "${marker}", b: [1, 1e400, null] }`, '[]', '1', '"x"', '{ __proto__: 1 }', '{ n: 3 }'],
  Bytes: () => ['"\\\\x00ff"', '"\\\\x"', '"abc"'],
}

function spoiled(query: string, marker: string, random: Random): string {
  const at = random.below(query.length)
  return random.pick([
    query.slice(0, at),
    query.slice(0, at) + marker + query.slice(at),
    query.slice(0, at) + random.pick(['{', '}', '(', '"', '...', '@skip(if: true)', '$x', '\u0000']) + query.slice(at),
    query + query,
  ])
}
