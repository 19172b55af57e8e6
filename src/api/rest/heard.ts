import { headerOf, type RestRequest } from './request.ts'

/** Characters of a query, and of what requests are alike by: more than HTTP servers take as a rule. */
const longest = 16_000
/** Larger bodies take so long to read that to read them twice, before they are known, costs more than is saved. */
const largestBody = 100_000
/** The headers that a plan or the form of its answer depends on. */
const heard = ['prefer', 'accept', 'range', 'range-unit']
/** In no header (RFC 9110, 5.5): one that is there and says nothing may be refused. */
const absent = '\0'

type Asked = Pick<RestRequest, 'method' | 'query' | 'headers' | 'body'>

/** True for a request that is worth being remembered. */
export function isShort({ query, body = '' }: Asked): boolean {
  return query.length <= longest && body.length <= largestBody
}

/** What requests are alike by: method, headers, and the rest, of which only the last may have line breaks; undefined for too much. */
export function heardBy(request: Asked, rest: readonly string[]): string | undefined {
  const key = [request.method, ...heard.map(name => headerOf(request, name) ?? absent), ...rest].join('\n')
  return key.length > longest ? undefined : key
}
