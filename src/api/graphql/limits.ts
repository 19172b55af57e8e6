import { TenantryError } from '../../core/errors.ts'
import { limitFaults } from '../../core/limits.ts'

/** What one document may ask for; each is refused before anything is validated or run. */
export interface GraphqlLimits {
  /** Of a request; its variables are looked at one by one, which takes longer than for a body of REST. */
  readonly bodyBytes: number
  /** Of the document. */
  readonly bytes: number
  readonly tokens: number
  /** Levels of related rows. */
  readonly depth: number
  /** Fields of one operation at all levels, those of fragments as often as they are used. */
  readonly fields: number
  readonly rootFields: number
  /** Of one document. */
  readonly directives: number
  /** Rows that the lists of one operation may hold, each as often as the rows around it; one without a limit counts as 100. */
  readonly cost: number
}

export const defaultGraphqlLimits: GraphqlLimits = {
  bodyBytes: 1_000_000,
  bytes: 100_000,
  tokens: 5_000,
  depth: 10,
  fields: 500,
  rootFields: 20,
  directives: 50,
  cost: 2_000_000,
}

const most: GraphqlLimits = {
  bodyBytes: 100_000_000,
  bytes: 10_000_000,
  tokens: 100_000,
  // A level more would be refused by the plan.
  depth: 16,
  fields: 10_000,
  rootFields: 200,
  directives: 1_000,
  cost: 1_000_000_000,
}

/** What is wrong with limits as somebody wrote them. */
export function graphqlLimitsFaults(limits: unknown): string[] {
  if (typeof limits !== 'object' || limits === null) return ['limits must be an object']
  return limitFaults(limits, { ...most })
}

/** Rows that a list without a limit is taken to hold. */
export const assumedRows = 100
/** Levels of selections and of values, introspection included. */
export const mostNesting = 32
/** Fields that must be compared with each other because they answer under the same name. */
export const mostPairs = 2_000

export function overLimit(message: string, hint: string): TenantryError {
  return new TenantryError('invalid', message, { reason: 'graphql_limit', hint })
}
/** Lists inside `__schema` and `__type`; tools select ten. */
export const mostIntrospection = 15
/** Operations and fragments of one document. */
export const mostDefinitions = 100

/** What is kept, for all tenants together. */
export const mostSchemas = 200
/** Entities and actions of all of them; one takes about 60 kB. */
export const mostSchemaParts = 3_000
export const mostDocuments = 1_000
/** Characters of all of them; what is made of one takes about a hundred times as many bytes. */
export const mostDocumentText = 500_000
/** Requests that were asked before in the very same words. */
export const mostPrepared = 1_000
/** Answers with parts of a schema, and their characters. */
export const mostIntrospected = 50
export const mostIntrospectedText = 20_000_000
