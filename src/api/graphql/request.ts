import { TenantryError } from '../../core/errors.ts'
import { parseExact } from './exact-number.ts'
import { GraphqlRefusal } from './refusal.ts'

/** What GraphQL over HTTP calls the parameters of a request. */
export interface GraphqlRequest {
  readonly query: string | undefined
  readonly documentId: string | undefined
  readonly operationName: string | undefined
  readonly variables: Readonly<Record<string, unknown>>
}

/** A request as it came. */
export interface RequestSource {
  /** All that it says. */
  readonly text: string
  /** It came with GET, and changes nothing. */
  readonly reading: boolean
  /** Throws `invalid` for what is no request. */
  parse(): GraphqlRequest
}

/**
 * Throws `invalid` (415) unless the body is said to be JSON: what a form of a foreign page could send, nobody has been asked about
 * (CSRF). It is looked at before the body, which may be known already.
 */
export function sourceOfBody(body: string, type: string | undefined): RequestSource {
  checkType(type)
  return { text: body, reading: false, parse: () => parseBody(body) }
}

export function sourceOfQuery(query: string): RequestSource {
  return { text: query, reading: true, parse: () => parseQuery(query) }
}

function checkType(type = ''): void {
  const [name = '', ...parameters] = type.split(';').map(part => part.trim().toLowerCase())
  const charset = parameters.find(parameter => parameter.startsWith('charset='))?.slice('charset='.length)
  if (name === 'application/json' && (charset === undefined || /^"?utf-?8"?$/.test(charset))) return
  throw new TenantryError('invalid', 'The body of a GraphQL request is JSON in UTF-8', {
    reason: 'graphql_media_type',
    hint: 'Send Content-Type: application/json',
  })
}

function parseBody(body: string): GraphqlRequest {
  const parsed = jsonOf(body, 'The body')
  if (Array.isArray(parsed)) throw malformed('Requests are sent one by one, and not as a list')
  if (!isObject(parsed)) throw malformed('The body is no JSON object')
  const { query, documentId, operationName, variables, extensions } = parsed
  return checkRequest({ query, documentId, operationName, variables, extensions })
}

function parseQuery(query: string): GraphqlRequest {
  const parameters = new URLSearchParams(query)
  const text = (name: string) => parameters.get(name) ?? undefined
  const json = (name: string) => {
    const given = text(name)
    return given === undefined || given === '' ? undefined : jsonOf(given, `"${name}"`)
  }
  return checkRequest({
    query: text('query'),
    documentId: text('documentId'),
    operationName: text('operationName') || undefined,
    variables: json('variables'),
    extensions: json('extensions'),
  })
}

function checkRequest(given: Readonly<Record<string, unknown>>): GraphqlRequest {
  const { variables, extensions } = given
  const query = textOf(given, 'query')
  const documentId = textOf(given, 'documentId')
  if (query === undefined && documentId === undefined) throw malformed('The request has no "query" and no "documentId"')
  if (query !== undefined && documentId !== undefined) throw malformed('Send either "query" or "documentId"')
  if (variables !== undefined && variables !== null && !isObject(variables))
    throw malformed('"variables" is no JSON object')
  if (extensions !== undefined && extensions !== null && !isObject(extensions))
    throw malformed('"extensions" is no JSON object')
  return {
    query,
    documentId,
    operationName: textOf(given, 'operationName'),
    variables: isObject(variables) ? variables : {},
  }
}

function textOf(given: Readonly<Record<string, unknown>>, name: string): string | undefined {
  const value = given[name]
  if (value === undefined || value === null) return undefined
  if (typeof value === 'string') return value
  throw malformed(`"${name}" is no text`)
}

function jsonOf(text: string, what: string): unknown {
  try {
    return parseExact(text)
  } catch {
    throw malformed(`${what} is no JSON`)
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function malformed(message: string): TenantryError {
  return new TenantryError('invalid', message, { reason: 'graphql_request' })
}

/** As the persisted documents of GraphQL over HTTP have it. */
export function unknownDocument(): GraphqlRefusal {
  const message = 'There is no document with this id'
  return new GraphqlRefusal([{ message, extensions: { code: 'not_found', reason: 'graphql_documents' } }])
}
