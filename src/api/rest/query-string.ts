import { TenantryError } from '../../core/errors.ts'
import { createCounter, maxParameters } from './limits.ts'

export interface Parameter {
  readonly key: string
  readonly value: string
}

/** A parameter of a shape (`shapeOf`). */
export interface SlottedParameter extends Parameter {
  readonly slots?: readonly Slotted[]
}

/** A slot in place of the value that begins there. */
export interface Slotted {
  readonly at: number
  readonly slot: number
}

export function slotAt(slots: SlottedParameter['slots'], position: number): number | undefined {
  return slots?.find(({ at }) => at === position)?.slot
}

/** The decoded parameters in their order; `+` is a space. One without `=` says nothing and is left out, as in PostgREST. */
export function parseQueryString(query: string): Parameter[] {
  const parameters: Parameter[] = []
  const count = createCounter(maxParameters, 'parameters')
  for (const pair of query.split('&')) {
    count()
    const equals = pair.indexOf('=')
    if (equals !== -1) parameters.push({ key: decode(pair.slice(0, equals)), value: decode(pair.slice(equals + 1)) })
  }
  return parameters
}

/** The pairs of a form (`application/x-www-form-urlencoded`); one without `=` has an empty value. */
export function parseForm(text: string): Parameter[] {
  if (text.length === 0) return []
  return text.split('&').map(pair => {
    const equals = pair.indexOf('=')
    const [key, value] = equals === -1 ? [pair, ''] : [pair.slice(0, equals), pair.slice(equals + 1)]
    return { key: decode(key, notAForm), value: decode(value, notAForm) }
  })
}

/** The canonical query (`canonicalQuery`) of parameters, made when it is asked for: few answers tell it. */
export class QueryText {
  readonly parameters: readonly Parameter[]
  #text: string | undefined

  constructor(parameters: readonly Parameter[]) {
    this.parameters = parameters
  }

  get text(): string {
    this.#text ??= canonicalQuery(this.parameters)
    return this.#text
  }
}

/** The same parameters sorted by key, which makes equal requests equal. */
export function canonicalQuery(parameters: readonly Parameter[]): string {
  return parameters
    .toSorted((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0))
    .map(({ key, value }) => `${encode(key)}=${encode(value)}`)
    .join('&')
}

/** What `encodeURIComponent` leaves and RFC 3986 reserves. */
const spelled = [...`!'()*`].map(char => [char, `%${char.charCodeAt(0).toString(16).toUpperCase()}`] as const)

/** Percent-encodes all but letters, digits and `-_.~` (RFC 3986, unreserved). */
export function encode(text: string): string {
  if (/^[\w.~-]*$/.test(text)) return text
  return spelled.reduce((encoded, [char, code]) => encoded.replaceAll(char, code), encodeURIComponent(text))
}

function decode(text: string, refusal: () => TenantryError = notAQuery): string {
  const decoded = /[%+]/.test(text) ? percentDecode(text.replaceAll('+', ' ')) : text
  if (decoded === undefined || !decoded.isWellFormed()) throw refusal()
  if (decoded.includes('\0')) {
    throw new TenantryError('invalid', 'invalid byte sequence for encoding "UTF8": 0x00', { reason: '22021' })
  }
  return decoded
}

function percentDecode(text: string): string | undefined {
  try {
    return decodeURIComponent(text)
  } catch {
    return undefined
  }
}

const hint = "Encode each parameter, for example with encodeURIComponent; a '%' itself is %25"

function notAQuery(): TenantryError {
  return new TenantryError('invalid', 'The query string is not percent-encoded UTF-8', { reason: 'PGRST100', hint })
}

function notAForm(): TenantryError {
  return new TenantryError('invalid', 'The body is not percent-encoded UTF-8', { reason: 'PGRST102', hint })
}
