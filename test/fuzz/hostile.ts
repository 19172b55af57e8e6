import fc from 'fast-check'
import type { GraphQLSchema } from 'graphql'
import { requests } from '../differential/generate.ts'
import { type Request, wirePath } from '../differential/request.ts'
import { hostileBody } from './bodies.ts'
import { graphqlRequest } from './graphql-requests.ts'
import { hostileHeaders } from './headers.ts'
import type { Random } from './random.ts'
import { type Memory, yardRequest } from './yard-requests.ts'

/** A request as it goes over the wire: each character of its texts is a byte. */
export interface Hostile {
  readonly method: string
  readonly path: string
  readonly headers: readonly (readonly [name: string, value: string])[]
  readonly body: string | undefined
  /** A word that stands in it and nowhere else. */
  readonly marker: string
}

/** Where a request that was found worth keeping is taken from again. */
export interface Corpus {
  readonly kept: readonly Hostile[]
  readonly memory: Memory
}

/** Words that no definition has begin so. */
export const markerPattern = /zq[0-9a-z]{8}/

const tokens = [
  ...[
    '(',
    ')',
    ',',
    '.',
    ':',
    '::',
    '!',
    '*',
    '"',
    "'",
    '\\',
    '{',
    '}',
    '->',
    '->>',
    '-',
    '&',
    '=',
    ';',
    '--',
    '/*',
    '$1',
  ],
  ...[
    '%00',
    '%',
    '%ff',
    '%c0%af',
    '%ed%a0%80',
    '%F0%9F%92%A9',
    '%2500',
    '\u00ff',
    '%22',
    '%27',
    '%5C',
    '%0d%0a',
    '+',
    '#',
  ],
  ...[
    'not.',
    'and(',
    'or(',
    'is.null',
    'in.(',
    'eq(any).{',
    'fts(english).',
    '...',
    '!inner',
    'count()',
    '.sum()',
    '::text',
  ],
  ...[
    'tenant_id',
    'xmin',
    'ctid',
    'tableoid',
    'current_user',
    'pg_sleep(9)',
    '__proto__',
    'constructor',
    'hasOwnProperty',
  ],
  ...[
    'globex',
    'tenantry.tenants',
    '1e400',
    '-0',
    'NaN',
    '99999999999999999999',
    "' or '1'='1",
    '") or 1=1--',
    'shop_v1.makers',
  ],
  ...[
    'select=',
    'order=',
    'limit=',
    'offset=',
    'columns=',
    'on_conflict=',
    'or=',
    'not.and=',
    '&select=*&',
    '?',
    '/',
    '//',
    '/../',
  ],
] as const

const places = [
  '/acme/shop/v1/',
  '/acme/rest/v1/',
  '/acme/shop/v1.0/',
  '/acme/shop/v1/rpc/',
  '/globex/shop/v1/',
  '/acme/openapi.json',
  '/acme/shop/v1/openapi.json',
  '/acme/auth/jwks',
  '/acme/graphql',
  '/globex/graphql',
  '/acme/yard/v1/graphql',
  '/-/',
  '/-/tenants',
  '/',
  '',
] as const

/** Endless requests that are meant to break something; the same ones for the same numbers. */
export function* hostileRequests(
  random: Random,
  token: string,
  corpus: Corpus,
  schema: GraphQLSchema,
): Generator<Hostile> {
  for (let batch = 0; ; batch++) {
    for (const made of fc.sample(requests, { seed: random.below(2 ** 31) + batch, numRuns: 100 })) {
      const marker = `zq${Array.from({ length: 8 }, () => random.below(36).toString(36)).join('')}`
      if (random.onceIn(4)) {
        const known = graphqlRequest(schema, marker, token, random)
        yield random.onceIn(8) ? twisted(known, marker, random) : known
        continue
      }
      if (random.onceIn(3)) {
        const { headers, ...rest } = yardRequest(marker, corpus.memory, random)
        const known = { ...rest, headers: [['authorization', `Bearer ${token}`] as const, ...headers], marker }
        yield random.onceIn(4) ? twisted(known, marker, random) : known
        continue
      }
      const known = corpus.kept.length > 0 && random.onceIn(6) ? random.pick(corpus.kept) : fromGrammar(made, token)
      yield twisted({ ...known, path: mark(known.path, marker, random), marker }, marker, random)
    }
  }
}

function fromGrammar({ method, path, headers, body }: Request, token: string): Hostile {
  return {
    method,
    path: `/acme/shop/v1/${wirePath(path)}`,
    headers: [
      ['authorization', `Bearer ${token}`],
      ...Object.entries(headers).map(pair => [pair[0], String(pair[1])] as const),
    ],
    body: body === undefined ? undefined : Buffer.from(body).toString('latin1'),
    marker: '',
  }
}

/** One or two things are broken in a quarter of them. */
function twisted(known: Hostile, marker: string, random: Random): Hostile {
  let made: Hostile = known
  for (let left = random.below(8) - 5; left > 0; left--) {
    switch (random.below(8)) {
      case 0:
      case 1:
      case 2:
        made = { ...made, path: broken(made.path, marker, random) }
        break
      case 3:
        made = { ...made, headers: hostileHeaders(made.headers, marker, random) }
        break
      case 4:
      case 5:
        made = { ...made, ...hostileBody(made, marker, random) }
        break
      case 6:
        if (random.onceIn(3)) made = { ...made, path: moved(made.path, marker, random) }
        break
      default:
        if (random.onceIn(4))
          made = { ...made, method: random.pick(['GET', 'HEAD', 'POST', 'PATCH', 'PUT', 'DELETE', 'OPTIONS', 'TRACE']) }
    }
  }
  return made
}

/** As a value, an alias, a key inside JSON, a name; mostly where the request stays one that is understood. */
function mark(path: string, marker: string, random: Random): string {
  const question = path.indexOf('?')
  if (question < 0) return `${path}?select=${marker}:${random.pick(['created_at', '*', 'id'])}`
  const query = path.slice(question + 1)
  const place = random.below(8)
  if (place === 0 && random.onceIn(3)) {
    const words = [...query.matchAll(/[A-Za-z_]{2,}/g)]
    if (words.length === 0) return `${path}&${marker}=eq.1`
    const { 0: word, index } = random.pick(words)
    const put = random.pick([marker, `${word}${marker}`, `${word}->>${marker}`, `"${marker}"`, `${marker}%22`])
    return `${path.slice(0, question + 1 + index)}${put}${query.slice(index + word.length)}`
  }
  const select = /(^|&)select=/.exec(query)
  if (place < 6 && select) {
    const at = question + 1 + select.index + select[0].length
    const put = random.pick([`${marker}:created_at,`, `"${marker} x":created_at::text,`, `${marker}\u00e9:updated_at,`])
    return path.slice(0, at) + put + path.slice(at)
  }
  const put = [
    `created_at=not.eq.${marker}`,
    `or=(created_at.is.null,not.and(updated_at.is.null,created_at.gt.2001-01-01))&marker=${marker}`,
    `order=${marker}`,
    `and=(created_at.not.is.null,not.or(id.in.("${marker}")))`,
  ]
  if (place === 6) return `${path}&${random.pick(put)}`
  return path
    .replace(/(?:->|-%3E)(?:"|%22)?\w+/, `->${marker}`)
    .replace(/(=|%3D)(not\.)?(eq|neq|like|ilike|gt|lt)\.[^&,)]*/, `$1$2$3.${marker}`)
}

/** Something lost, doubled, put in or made bytes of. */
function broken(path: string, marker: string, random: Random): string {
  const at = 1 + random.below(path.length)
  const length = random.below(12)
  switch (random.below(6)) {
    case 0:
      return path.slice(0, at) + path.slice(at + length)
    case 1:
      return path.slice(0, at) + path.slice(Math.max(1, at - length))
    case 2:
      return path.slice(0, at) + encodeURIComponent(random.bytes(1 + random.below(6))) + path.slice(at)
    case 3:
      return path.slice(0, at) + random.bytes(1 + random.below(4)) + path.slice(at + random.below(2))
    case 4:
      return path.slice(0, at) + random.pick(tokens).repeat(random.onceIn(20) ? 200 : 1) + path.slice(at)
    default:
      return path.slice(0, at) + random.pick(tokens) + marker + random.pick(tokens) + path.slice(at + random.below(3))
  }
}

/** To another place, or along one that is none. */
function moved(path: string, marker: string, random: Random): string {
  const rest = path.slice(path.lastIndexOf('/', path.includes('?') ? path.indexOf('?') : undefined) + 1)
  return random.pick(places) + random.pick([rest, marker, `${marker}/${rest}`, random.bytes(5) + rest])
}
