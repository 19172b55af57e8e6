import {
  GraphQLEnumType as Enumeration,
  type GraphQLEnumType,
  GraphQLInputObjectType,
  type GraphQLInputType,
  GraphQLList,
  GraphQLNonNull,
} from 'graphql'
import type { EntityField } from '../../core/module-set.ts'
import { type ScalarName, scalars } from './scalars.ts'

/** The tests that a field of a kind takes, by their names; the value of each. */
type Tests = Readonly<Record<string, GraphQLInputType>>

const flag: Tests = { isNull: scalars.Boolean }

function equality(of: GraphQLInputType): Tests {
  const list = new GraphQLList(new GraphQLNonNull(of))
  return { eq: of, neq: of, in: list, nin: list, distinctFrom: of, ...flag }
}

function order(of: GraphQLInputType): Tests {
  return { gt: of, gte: of, lt: of, lte: of }
}

const patterns: Tests = { like: scalars.String, ilike: scalars.String, match: scalars.String, imatch: scalars.String }

const searches: Tests = {
  search: scalars.String,
  searchPlain: scalars.String,
  searchPhrase: scalars.String,
  searchQuery: scalars.String,
}

function containment(of: GraphQLInputType): Tests {
  return { contains: of, within: of }
}

function filter(name: string, tests: Tests, description?: string): GraphQLInputObjectType {
  const fields = Object.fromEntries(Object.entries(tests).map(([test, type]) => [test, { type }]))
  return new GraphQLInputObjectType({ name, fields, ...(description !== undefined && { description }) })
}

/** Text at a place inside JSON. */
const jsonPath = filter(
  'JSONPathFilter',
  {
    path: new GraphQLNonNull(new GraphQLList(new GraphQLNonNull(scalars.String))),
    ...equality(scalars.String),
    ...order(scalars.String),
    ...patterns,
  },
  'Compares the text at a place inside the JSON: { path: ["address", "city"], eq: "Rome" }',
)

const scalarFilters: Readonly<Record<ScalarName, GraphQLInputObjectType>> = {
  String: filter('StringFilter', { ...equality(scalars.String), ...order(scalars.String), ...patterns, ...searches }),
  Int: filter('IntFilter', { ...equality(scalars.Int), ...order(scalars.Int) }),
  BigInt: filter('BigIntFilter', { ...equality(scalars.BigInt), ...order(scalars.BigInt) }),
  Decimal: filter('DecimalFilter', { ...equality(scalars.Decimal), ...order(scalars.Decimal) }),
  Boolean: filter('BooleanFilter', equality(scalars.Boolean)),
  Date: filter('DateFilter', { ...equality(scalars.Date), ...order(scalars.Date) }),
  DateTime: filter('DateTimeFilter', { ...equality(scalars.DateTime), ...order(scalars.DateTime) }),
  UUID: filter('UUIDFilter', { ...equality(scalars.UUID), ...order(scalars.UUID) }),
  JSON: filter('JSONFilter', {
    ...{ eq: scalars.JSON, neq: scalars.JSON, ...flag },
    ...containment(scalars.JSON),
    at: new GraphQLList(new GraphQLNonNull(jsonPath)),
  }),
  Bytes: filter('BytesFilter', equality(scalars.Bytes)),
}

function listFilter(name: string, of: GraphQLInputType): GraphQLInputObjectType {
  const list = new GraphQLList(of)
  return filter(name, { eq: list, neq: list, ...flag, ...containment(list), overlaps: list })
}

const listFilters = Object.fromEntries(
  Object.entries(scalars).map(([name, type]) => [name, listFilter(`${name}ListFilter`, type)]),
) as Readonly<Record<ScalarName, GraphQLInputObjectType>>

const text = scalars.String
const rangeFilter = filter(
  'RangeFilter',
  {
    ...equality(text),
    ...order(text),
    ...containment(text),
    ...{ overlaps: text, leftOf: text, rightOf: text, notRightOf: text, notLeftOf: text, adjacent: text },
  },
  "Ranges in PostgreSQL's text form: [1,5)",
)

const searchFilter = filter('SearchFilter', { ...searches, ...flag }, 'Full text search')

/** The filter of a field whose values are of this type. */
export function filterOf({ spec }: EntityField, scalar: ScalarName): GraphQLInputObjectType {
  if (spec.type === 'searchText') return searchFilter
  if (spec.array) return listFilters[scalar]
  return spec.type === 'range' ? rangeFilter : scalarFilters[scalar]
}

/** The filter of a field with values of its own. */
export function enumerationFilter(name: string, of: GraphQLEnumType, array: boolean): GraphQLInputObjectType {
  return array ? listFilter(name, of) : filter(name, equality(of))
}

export const direction = new Enumeration({
  name: 'Direction',
  values: { ASC: { value: 'asc' }, DESC: { value: 'desc' } },
})

export const nulls = new Enumeration({ name: 'Nulls', values: { FIRST: { value: 'first' }, LAST: { value: 'last' } } })

export const deleted = new Enumeration({
  name: 'Deleted',
  description: 'Whether softly deleted rows are among those that are found',
  values: { EXCLUDE: { value: 'exclude' }, INCLUDE: { value: 'include' }, ONLY: { value: 'only' } },
})

export const shared = new Enumeration({
  name: 'Shared',
  description: 'Whether rows that other tenants share are among those that are found',
  values: { EXCLUDE: { value: 'exclude' }, INCLUDE: { value: 'include' }, ONLY: { value: 'only' } },
})
