import { createModuleSet } from '../../src/core/module-set.ts'
import { type Exchange, type Part, unlikeParts } from './exchange.ts'
import { repeatsNames, sameJson, sameRows, sameUnordered } from './json-text.ts'
import { shop } from './shop.ts'

/** Where Tenantry answers otherwise than PostgREST 12.0.2 on purpose. */
export interface Difference {
  readonly name: string
  readonly reason: string
  /** Only these parts may be unlike; all others must still agree. */
  readonly parts: readonly Part[]
  /** True where a plan of PostgreSQL decides, so that no request shows it each time. */
  readonly byChance?: true
  /** Whether this exchange is a case of it. Keep it narrow. */
  applies(exchange: Exchange): boolean
}

const everything: readonly Part[] = [
  'status',
  'content-range',
  'content-type',
  'preference-applied',
  'content-location',
  'location',
  'body',
  'code',
  'message',
  'details',
  'hint',
  'rows',
]

const newer = (version: string) => `PostgREST ${version} does so, and clients of today expect it.`

/** Error texts. */
const ofErrors: readonly Difference[] = [
  {
    name: 'messages show no values',
    reason: 'What PostgreSQL could not read stands in its message; ours ends before it (THREATS A22).',
    parts: ['message', 'details', 'hint'],
    applies: exchange =>
      sameCode(exchange, /^(22|42601)/) && messageOf(exchange.ours) === withoutValues(messageOf(exchange.peer)),
  },
  {
    name: 'details show no rows',
    reason: 'Those of a refused row hold all its values, or the values of a key.',
    parts: ['details'],
    applies: exchange => sameCode(exchange, /^(23502|23503|23505|23514)$/),
  },
  {
    name: 'values have types',
    reason: 'PostgREST binds values without a type, which PostgreSQL calls unknown; ours have the type of the field.',
    parts: ['message'],
    applies: exchange => {
      const pattern = quotePattern(messageOf(exchange.peer)).replaceAll('unknown', String.raw`[\w\[\] ]+`)
      return sameCode(exchange, /^42883$/) && new RegExp(`^${pattern}$`).test(messageOf(exchange.ours))
    },
  },
  {
    name: 'tables are called as in the request',
    reason: 'PostgREST calls an embedded table by an alias inside the statement: reviews_1, products_importer_id_1.',
    parts: ['message'],
    applies: exchange => {
      const [, ours] = /^column \w+(\..*)$/.exec(messageOf(exchange.ours)) ?? []
      const [, peers] = /^column \w+_\d+(\..*)$/.exec(messageOf(exchange.peer)) ?? []
      return sameCode(exchange, /^42703$/) && ours !== undefined && ours === peers
    },
  },
  {
    name: 'the first field that is not grouped',
    reason: 'By the name of its table; where spreads have aggregates, in the order of our statement.',
    parts: ['message'],
    applies: exchange => {
      const [peer, ours] = [messageOf(exchange.peer), messageOf(exchange.ours)]
      const named = peer.replace(/"(\w+)_\d+\./, '"$1.')
      return sameCode(exchange, /^42803$/) && (named === ours || spreadsAggregates(exchange.request.path))
    },
  },
  {
    name: 'no guess at a column',
    reason: 'PostgreSQL guesses among all columns, the hidden ones too.',
    parts: ['hint'],
    applies: exchange => sameCode(exchange, /^42703$/) && exchange.ours.error?.hint === null,
  },
  {
    name: 'no guess at a relation',
    reason: 'The guess of PostgREST is a matter of its own word distance.',
    parts: ['hint'],
    applies: exchange => sameCode(exchange, /^PGRST200$/) && exchange.ours.error?.hint === null,
  },
  {
    name: 'hints of our own',
    reason: 'Where PostgREST has no hint, ours says what to do.',
    parts: ['hint'],
    applies: ({ peer, ours }) => peer.error?.hint === null && typeof ours.error?.hint === 'string',
  },
  {
    name: 'who may not',
    reason: 'The entity, the verb and what is missing: rights belong to service roles here and not to tables.',
    parts: ['message', 'hint'],
    applies: exchange => sameCode(exchange, /^42501$/),
  },
  {
    name: 'the same key twice',
    reason: 'PostgreSQL speaks of its command; ours of the rows.',
    parts: ['message', 'hint'],
    applies: exchange => sameCode(exchange, /^21000$/),
  },
  {
    name: 'fewer things expected',
    reason: 'The place and what was found there are the same; Parsec also lists each letter that might have gone on.',
    parts: ['details'],
    applies: exchange => sameCode(exchange, /^PGRST100$/),
  },
  {
    name: 'where reading stopped',
    reason: 'Parsec names the place where it could last choose another way, or the start of the word.',
    parts: ['message', 'details'],
    applies: exchange => sameCode(exchange, /^PGRST100$/) && messageOf(exchange.peer) !== messageOf(exchange.ours),
  },
  {
    name: 'no such entity',
    reason: newer('13'),
    parts: ['code', 'message', 'body', 'status', 'details', 'hint'],
    applies: ({ ours, peer }) => ours.error?.code === 'PGRST205' && [404, 405].includes(peer.status),
  },
  {
    name: 'no such column of a payload',
    reason: newer('12.2'),
    parts: ['message'],
    applies: exchange => sameCode(exchange, /^PGRST204$/),
  },
  {
    name: 'the first of several faults',
    reason:
      'Both refuse a request that was made up with several faults, for another of them. The corpus has them one by one.',
    parts: everything,
    applies: ({ request, peer, ours }) =>
      request.generated === true &&
      peer.status >= 300 &&
      ours.status >= 300 &&
      (peer.error?.code !== ours.error?.code ||
        /^22/.test(String(ours.error?.code)) ||
        // Two types or names that there are not, two casts or operators that cannot be.
        (/^(42704|42846|42883)$/.test(String(ours.error?.code)) && messageOf(peer) !== messageOf(ours)) ||
        (ours.error?.code === '42703' && messageOf(peer).split('.')[1] !== messageOf(ours).split('.')[1])),
  },
]

/** What only PostgREST reads, or reads otherwise. */
const ofRequests: readonly Difference[] = [
  {
    name: 'half-read parameters',
    reason: 'PostgREST stops reading a parameter where it no longer understands it and forgets the rest.',
    parts: everything,
    applies: ({ peer, ours }) => ours.error?.code === 'PGRST100' && peer.error?.code !== 'PGRST100',
  },
  {
    name: 'spaces between names',
    reason:
      'They mean nothing anywhere in the lists of select and order; PostgREST takes them in some places only, and forgets what comes after * and one.',
    parts: everything,
    applies: ({ request, peer, ours }) =>
      ours.status < 300 &&
      ((peer.error?.code === 'PGRST100' && / /.test(decode(request.path))) ||
        /[?&]select=([^&]*,)?\* +,/.test(decode(request.path))),
  },
  {
    name: 'semicolons',
    reason: 'PostgREST takes ; for & (an old rule of forms); in our URLs it is a character.',
    parts: everything,
    applies: ({ request }) => request.path.includes(';'),
  },
  {
    name: 'is.not_null',
    reason: newer('13'),
    parts: everything,
    applies: ({ request, peer, ours }) =>
      /is\.not_null/i.test(request.path) && peer.status === 400 && ours.status === 200,
  },
  {
    name: 'texts of null bytes',
    reason: 'PostgreSQL has no text with one; PostgREST forgets what comes after it.',
    parts: everything,
    applies: ({ request, ours }) => request.path.includes('%00') && ours.error?.code === '22021',
  },
  {
    name: 'an empty text in a list',
    reason: 'in.("") looks for the empty text; PostgREST takes it for the empty list.',
    parts: ['body', 'content-range', 'status'],
    applies: ({ request, peer, ours }) =>
      /in\.\(""\)/.test(decode(request.path)) && peer.status < 300 && ours.status < 300,
  },
  {
    name: 'languages of search',
    reason:
      'Words of a plain text or JSON field are compared in the language of the filter, else simple; PostgREST leaves it to how a server is set. On JSON: PostgREST 14.',
    parts: everything,
    applies: ({ request, peer, ours }) =>
      /(?<!\bwords)(=|\.)(not\.)?(fts|plfts|phfts|wfts)[(.]/.test(decode(request.path)) &&
      (ours.status < 300
        ? peer.status < 300 || ['42883', 'PGRST116', 'PGRST103'].includes(String(peer.error?.code))
        : // A change is refused for rows that the other does not find.
          request.method === 'PATCH' && peer.status < 300 && /^23/.test(String(ours.error?.code))),
  },
  {
    name: 'count is a name like any other',
    reason:
      'select=count and order=count mean a field; PostgREST takes the word for the function of its statement by accident.',
    parts: everything,
    applies: ({ request, ours }) =>
      /(order|select)=count/.test(request.path) && ['42703', 'PGRST200'].includes(String(ours.error?.code)),
  },
  {
    name: 'aggregates are allowed by an entity',
    reason: 'PostgREST allows them for all tables or none.',
    parts: everything,
    applies: ({ request, peer, ours }) =>
      /\(\)/.test(decode(request.path)) && (peer.error?.code === 'PGRST123') !== (ours.error?.code === 'PGRST123'),
  },
  {
    name: 'the URL names the module',
    reason: 'On the address of a module a profile has nothing to choose.',
    parts: everything,
    applies: ({ request, peer }) =>
      peer.error?.code === 'PGRST106' && ('Accept-Profile' in request.headers || 'Content-Profile' in request.headers),
  },
  {
    name: 'no such address',
    reason: 'There are no methods but those of HTTP.',
    parts: everything,
    applies: ({ request, ours }) =>
      ours.status === 404 && (request.path === 'rpc/' || ['PROPFIND', 'LINK', 'TRACE'].includes(request.method)),
  },
  {
    name: 'timezone',
    reason: 'Answers are in UTC.',
    parts: ['preference-applied'],
    applies: ({ request }) => /timezone=/.test(String(request.headers.Prefer)),
  },
  {
    name: 'max-affected',
    reason: newer('12.1'),
    parts: everything,
    applies: ({ request, peer }) =>
      /max-affected/.test(String(request.headers.Prefer)) && peer.error?.code === 'PGRST122',
  },
]

/** Answers to reads. */
const ofAnswers: readonly Difference[] = [
  {
    name: 'rows in no order',
    reason:
      'Where nobody asks for an order, rows come as a plan of PostgreSQL meets them; ours begins with an index of the tenant.',
    parts: ['body', 'second tenant'],
    byChance: true,
    applies: ({ request, peer, ours, toSecond }) => {
      if (unlikeParts(ours, toSecond).some(part => part !== 'body')) return false
      // Alike but for white space and members: that is no order of rows.
      if (sameJson(peer.body, ours.body) && sameJson(ours.body, toSecond.body)) return false
      const ordered = orderedPaths(request.path)
      return sameUnordered(peer.body, ours.body, ordered) && sameUnordered(ours.body, toSecond.body, ordered)
    },
  },
  {
    name: 'white space between rows',
    reason:
      'PostgreSQL breaks the line between records. Rows with names that the request chose are no records here, so that no name from outside becomes part of a statement.',
    parts: ['body'],
    applies: ({ peer, ours }) =>
      peer.status < 300 && peer.body.replaceAll('}, \n {', '}, {') === ours.body.replaceAll('}, \n {', '}, {'),
  },
  {
    name: 'an empty page has no wrong place',
    reason: 'No rows are asked for, so there is nothing that could be out of range.',
    parts: everything,
    applies: ({ request, peer, ours }) =>
      (ours.status < 300 || (ours.status === 416 && peer.status === 416)) &&
      /limit=(0|(?!-?\d+(&|$))[^&]*)(&|$)/.test(request.path) &&
      /offset=/.test(request.path),
  },
  {
    name: 'embeds are read for rows that are shown',
    reason:
      'PostgREST makes the embeds of all rows before it filters by them, and fails for a value that it never shows.',
    parts: everything,
    applies: ({ request, peer, ours }) =>
      /^22/.test(String(peer.error?.code)) && ours.status < 300 && /\(.*::/.test(decode(request.path)),
  },
  {
    name: 'aggregates of no rows',
    reason:
      'An inner embed and rel=is.null ask for related rows; PostgREST asks for the row of their aggregates, which is always there.',
    parts: ['body', 'content-range', 'status'],
    applies: ({ request, peer, ours }) =>
      peer.status < 300 && ours.status < 300 && asksForAggregates(decode(request.path)),
  },
  {
    name: 'patterns that no row meets',
    reason: 'Whether PostgreSQL reads a pattern or a search beside other filters is a matter of its plan.',
    parts: everything,
    byChance: true,
    applies: ({ request, peer, ours }) => {
      const refused = [peer, ours].filter(({ error }) => /^(2201B|42601)$/.test(String(error?.code)))
      const empty = [peer, ours].filter(({ status }) => status < 300)
      return refused.length === 1 && empty.length === 1 && /i?match|fts/.test(decode(request.path))
    },
  },
  {
    name: 'a limit below zero beside an offset',
    reason: 'It is refused as it is alone; PostgREST takes it for zero.',
    parts: everything,
    applies: ({ request, peer, ours }) =>
      peer.status < 300 && ours.error?.code === 'PGRST103' && /limit=-.*&offset=|offset=.*&limit=-/.test(request.path),
  },
  {
    name: 'an order by what is not shown',
    reason: 'rel(field) orders by any field of the related row; PostgREST knows only those that the embed shows.',
    parts: everything,
    applies: ({ request, peer, ours }) => {
      const [, missing] = /(\w+) does not exist$/.exec(messageOf(peer)) ?? []
      const ordering = relatedOrder(request.path)
      if (ours.status >= 300 || ordering === undefined) return false
      switch (peer.error?.code) {
        case '42703':
          return missing === ordering
        // Taken for a function of this name.
        case '42809':
          return true
        // What is shown as a text has no members.
        case '42883':
          return isShownOtherwise(ordering, request.path)
        default:
          return false
      }
    },
  },
  {
    name: 'an order by what is shown otherwise',
    reason:
      'rel(field) orders by the field; PostgREST by what the embed shows under this name, and by nothing behind its page.',
    parts: ['body'],
    applies: ({ request, peer, ours }) => {
      const ordering = relatedOrder(request.path)
      if (ordering === undefined || peer.status >= 300 || ours.status >= 300) return false
      const isHidden = /\w\.(offset|limit)=/.test(request.path) || isShownOtherwise(ordering, request.path)
      const isPage = 'Range' in request.headers || /[?&](offset|limit)=/.test(request.path)
      return isHidden && (isPage || sameRows(peer.body, ours.body))
    },
  },
  {
    name: 'groups by an id',
    reason:
      'An id alone determines the row for PostgREST; a key here begins with the tenant, and every field is named.',
    parts: everything,
    applies: ({ request, peer, ours }) =>
      peer.status < 300 && ours.error?.code === '42803' && showsKey(messageOf(ours), decode(request.path)),
  },
  {
    name: 'the order inside a spread of aggregates',
    reason: 'Rows of a spread with aggregates are grouped where they are read; PostgREST groups what holds the spread.',
    parts: everything,
    applies: ({ request, peer, ours }) =>
      peer.status < 300 && ours.error?.code === '42803' && spreadsAggregates(request.path),
  },
  {
    name: 'offsets that PostgreSQL does not take',
    reason: 'Below zero is the beginning, above all numbers is behind the end; PostgREST hands them to PostgreSQL.',
    parts: everything,
    applies: ({ request, peer, ours }) =>
      /^2201X|22003$/.test(String(peer.error?.code)) &&
      [200, 206, 416].includes(ours.status) &&
      /offset=(-|\d{19})/.test(request.path),
  },
  {
    name: 'NULL in any and all',
    reason: 'A comparison with NULL is never true; is.null is meant, and the refusal says so.',
    parts: everything,
    applies: ({ request, ours }) =>
      ours.error?.code === '22004' && /\((any|all)\)\.\{.*null/i.test(decode(request.path)),
  },
  {
    name: 'the other side of a self reference',
    reason: 'PostgREST does not find it by the name of the foreign key or of its key.',
    parts: everything,
    applies: ({ peer, ours }) => peer.error?.code === 'PGRST200' && ours.status < 300,
  },
  {
    name: 'lists of arrays',
    reason: 'PostgreSQL has no arrays of arrays; said of the operator instead of the type.',
    parts: everything,
    applies: ({ peer, ours }) => peer.error?.code === '42704' && ours.error?.code === '42883',
  },
  {
    name: 'not.not before a tree',
    reason: 'The grammar has one not.',
    parts: everything,
    applies: ({ request, ours }) => ours.status === 400 && request.path.includes('not.not.'),
  },
  {
    name: 'embeds keep the order of their members',
    reason: 'PostgREST 12.0 passes them through jsonb, which sorts members by length and sets spaces.',
    parts: ['body'],
    applies: ({ request, peer, ours }) =>
      request.path.includes('(') === true || request.path.includes('%28') ? sameJson(peer.body, ours.body) : false,
  },
  {
    name: 'an aggregate of a spread in a spread',
    reason: 'It is called by its function, as anywhere else; PostgREST looks for its field in between.',
    parts: everything,
    applies: ({ request, peer, ours }) =>
      (peer.status < 300 || peer.error?.code === '42703') &&
      ours.status < 300 &&
      /\.\.\..*\(.*\.\.\..*\(\)/.test(decode(request.path)),
  },
  {
    name: 'members of one name',
    reason:
      'Two that spreads bring are both shown, in the order of the request; PostgREST 12.0 puts those with clauses last, and in an embed keeps only the last of them.',
    parts: ['body'],
    applies: ({ request, peer, ours }) =>
      peer.status < 300 &&
      ours.status < 300 &&
      request.path.includes('...') &&
      (repeatsNames(ours.body) || /nulls=stripped/.test(String(request.headers.Accept))),
  },
  {
    name: 'a page of an embed is no condition',
    reason: 'PostgREST leaves out rows whose inner embed has rows, but none on the page that is shown.',
    parts: everything,
    applies: ({ request, peer, ours }) =>
      [peer, ours].every(({ status, error }) => status < 300 || error?.code === 'PGRST116') &&
      /!inner.*[.](offset|limit)=/.test(decode(request.path)),
  },
  {
    name: 'an index at the end of an embed',
    reason:
      'rel(field->0) asks for the first item; PostgREST sees a number only before a comma and looks for a member called 0.',
    parts: everything,
    applies: ({ request, peer, ours }) =>
      (peer.status < 300 || peer.error?.code === 'PGRST100') &&
      ours.status < 300 &&
      /->-?\d+\)|->>-?\d+\)/.test(decode(request.path)),
  },
  {
    name: 'groups by what is shown',
    reason:
      'Beside an aggregate, rows are grouped by the cast value that is shown, and ordered by it; PostgREST groups by the value before.',
    parts: everything,
    applies: ({ request, peer, ours }) =>
      peer.status < 300 &&
      (ours.status < 300 || ours.error?.code === '42803') &&
      /::\w+,/.test(decode(request.path)) &&
      request.path.includes('()'),
  },
  {
    name: 'nulls=stripped beside other parameters',
    reason: 'PostgREST hears it only where it stands alone.',
    parts: ['body', 'content-type'],
    applies: ({ request }) => /;.*;nulls=stripped/.test(String(request.headers.Accept)),
  },
  {
    name: 'types of casts',
    reason: 'A cast is to one of a closed list: names of types become part of a statement.',
    parts: everything,
    applies: ({ peer, ours }) => ours.error?.code === '42704' && peer.error?.code !== '42704',
  },
  {
    name: 'long names in the answer',
    reason: 'They are values of ours; PostgREST makes identifiers of them, which PostgreSQL cuts at 63 bytes.',
    parts: everything,
    applies: ({ request }) => /[\w-]{64,}:/.test(request.path),
  },
  {
    name: 'counts are exact',
    reason: 'A plan knows of the rows of all tenants (THREATS A23).',
    parts: ['preference-applied', 'content-range', 'status'],
    applies: ({ request, ours }) =>
      /count=(planned|estimated)/.test(String(request.headers.Prefer)) &&
      ours.headers['preference-applied']?.includes('count=exact') === true,
  },
  {
    name: 'encoded once',
    reason: 'PostgREST takes the bytes of UTF-8 for characters when it writes Content-Location.',
    parts: ['content-location'],
    applies: ({ peer, ours }) => encodedOnce(peer.headers['content-location']) === ours.headers['content-location'],
  },
  {
    name: 'repeated parameters are repeated in Content-Location',
    reason: 'PostgREST writes their values as one with commas between, which would mean something else.',
    parts: ['content-location'],
    applies: ({ request, peer, ours }) =>
      isRepeating(request.path) &&
      sortedPieces(encodedOnce(peer.headers['content-location'])) === sortedPieces(ours.headers['content-location']),
  },
  {
    name: 'a parameter without =',
    reason:
      'It says nothing, as & twice does, and is left out of Content-Location; PostgREST writes it with an empty value.',
    parts: ['content-location'],
    applies: ({ request }) => /[?&][^=&]*(&|$)/.test(request.path),
  },
  {
    name: 'media types that are not made',
    reason: newer('13'),
    parts: ['status', 'message', 'hint', 'code'],
    applies: ({ request, peer, ours }) =>
      ours.error?.code === 'PGRST107' &&
      (peer.error?.code === 'PGRST107' || request.headers.Accept === 'application/geo+json'),
  },
  {
    name: 'errors are JSON',
    reason:
      'PostgREST sends Content-Type twice with a range that is not there: of the answer that was asked for, and of JSON.',
    parts: ['content-type'],
    applies: ({ peer, ours }) => peer.status === 416 && ours.status === 416,
  },
  {
    name: 'patterns of media types',
    reason: 'application/* and text/* are accepted, in capital letters too (RFC 9110).',
    parts: everything,
    applies: ({ request, peer, ours }) =>
      peer.status === 415 && ours.status < 300 && /\/\*|[A-Z]/.test(String(request.headers.Accept)),
  },
  {
    name: 'plain CSV',
    reason: 'Names are quoted where they must be, a backslash is a character, an empty list has its names (RFC 4180).',
    parts: ['body'],
    applies: ({ request, peer, ours }) => request.headers.Accept === 'text/csv' && peer.status === ours.status,
  },
  {
    name: 'what PostgREST does not survive',
    reason: 'Its answer is 500 "Something went wrong" as text.',
    parts: everything,
    applies: ({ peer, ours }) => peer.status === 500 && ours.status < 500,
  },
  {
    name: 'a name that means two things',
    reason:
      'PostgREST writes a statement that PostgreSQL finds ambiguous: two embeds of one name, order beside a spread.',
    parts: everything,
    applies: ({ request, peer, ours }) =>
      /^(42712|42702|42803)$/.test(String(peer.error?.code)) && ours.status < 300 && decode(request.path).includes('('),
  },
  {
    name: 'nothing or everything spread',
    reason: 'PostgREST writes a statement that PostgreSQL cannot read.',
    parts: everything,
    applies: ({ request, peer, ours }) =>
      (peer.error?.code === '42601' || messageOf(peer).endsWith('.* does not exist')) &&
      ours.status < 300 &&
      decode(request.path).includes('()'),
  },
]

/** Writes. */
const ofWrites: readonly Difference[] = [
  {
    name: 'select is read when rows come back',
    reason: 'A write that answers no rows does not look at what it would have shown of them.',
    parts: everything,
    applies: ({ request, peer, ours }) =>
      ['POST', 'PATCH', 'DELETE', 'PUT'].includes(request.method) &&
      /^PGRST20[01]$/.test(String(peer.error?.code)) &&
      ours.status < 300,
  },
  {
    name: 'values of a change that meets no row',
    reason: 'Whether PostgreSQL reads them is a matter of its plan.',
    parts: everything,
    byChance: true,
    applies: ({ request, peer, ours }) =>
      request.method === 'PATCH' &&
      /^22/.test(String(ours.error?.code)) &&
      (peer.status === 204 || peer.body === '[]' || peer.body === ''),
  },
  {
    name: 'PUT names its row first',
    reason: 'What the address lacks is said before what the body lacks.',
    parts: everything,
    applies: ({ request, ours }) => request.method === 'PUT' && ours.error?.code === 'PGRST105',
  },
  {
    name: 'PUT says that it obeyed missing=default',
    reason: 'PostgREST obeys it too, and does not say so.',
    parts: ['preference-applied'],
    applies: ({ request }) => request.method === 'PUT' && /missing=default/.test(String(request.headers.Prefer)),
  },
  {
    name: 'PUT does not ask embeds',
    reason: 'PostgREST takes a row that an inner embed hides for one that was not put.',
    parts: everything,
    applies: ({ request, peer, ours }) =>
      request.method === 'PUT' &&
      peer.error?.code === 'PGRST115' &&
      ours.status < 300 &&
      /!inner/.test(decode(request.path)),
  },
  {
    name: 'PUT obeys columns',
    reason: 'As POST does; PostgREST ignores them.',
    parts: everything,
    applies: ({ request }) => request.method === 'PUT' && request.path.includes('columns='),
  },
  {
    name: 'any address can be asked what it takes',
    reason: 'A preflight has no token, and without one nothing says what exists.',
    parts: [...everything, 'allow'],
    applies: ({ request, ours }) => request.method === 'OPTIONS' && ours.status === 200,
  },
  {
    name: 'half a character',
    reason: 'PostgreSQL says what is wrong with the value; PostgREST says that it is no JSON.',
    parts: everything,
    applies: ({ request, ours }) => ours.error?.code === '22P02' && /\\ud[89a-f]/i.test(request.body ?? ''),
  },
  {
    name: 'filters are for what is changed',
    reason: 'PostgREST applies logic trees and inner embeds once more to the changed rows and hides some of them.',
    parts: ['body', 'content-range'],
    applies: ({ request, peer, ours }) =>
      ['PATCH', 'DELETE', 'POST'].includes(request.method) &&
      peer.status === ours.status &&
      /[?&.](or|and)=|!inner/.test(decode(request.path)),
  },
  {
    name: 'Location in the order of the key',
    reason: 'PostgREST writes the fields of a key as they come out of its statement.',
    parts: ['location'],
    applies: ({ peer, ours }) => sortedPieces(peer.headers.location) === sortedPieces(ours.headers.location),
  },
  {
    name: 'no limit for writes',
    reason: newer('13'),
    parts: everything,
    applies: ({ request, ours }) => ['PATCH', 'DELETE'].includes(request.method) && ours.error?.code === 'PGRST109',
  },
  {
    name: 'bodies that are no rows',
    reason: 'PostgREST does nothing for null, a number or a text and calls it done.',
    parts: everything,
    applies: ({ request, peer, ours }) =>
      peer.status < 300 && ours.error?.code === 'PGRST102' && !/^\s*[[{]/.test(request.body ?? ''),
  },
  {
    name: 'a body of CSV or of a form',
    reason:
      'Nothing is lost: a line with too many values and a name that stands twice are refused, columns chooses among names.',
    parts: everything,
    applies: ({ request }) =>
      (request.headers['Content-Type'] === 'text/csv' &&
        /^slug,title\n\S*,\S*,|^slug,slug|^slug,title\s*$/.test(request.body ?? '')) ||
      (/csv|form/.test(String(request.headers['Content-Type'])) && request.path.includes('columns=')),
  },
  {
    name: 'a change is one object',
    reason: 'PostgREST takes the first of several objects of a PATCH in silence.',
    parts: everything,
    applies: ({ request, ours }) =>
      request.method === 'PATCH' && ours.error?.code === 'PGRST102' && /^\s*\[/.test(request.body ?? ''),
  },
  {
    name: 'fields that a payload cannot name',
    reason: 'The key of a row, words to search and times are not to be changed; refused before the statement.',
    parts: everything,
    applies: ({ request, ours }) => request.body !== undefined && ours.status === 400 && ours.error?.code === 'invalid',
  },
  {
    name: 'PUT without its key',
    reason: 'PostgREST shows the name of a table inside its statement.',
    parts: ['code', 'message'],
    applies: ({ peer, ours }) => messageOf(peer).startsWith('column pgrst_body.') && ours.error?.code === 'PGRST115',
  },
]

/** Calls of actions. */
const ofCalls: readonly Difference[] = [
  {
    name: 'a function without a name for its parameter',
    reason: 'PostgREST also looks for one that takes the body as it is; an action has names for its parameters.',
    parts: ['details'],
    applies: exchange => sameCode(exchange, /^PGRST202$/) && /unnamed/.test(String(exchange.peer.error?.details)),
  },
  {
    name: 'no guess at a function',
    reason: 'The hint says what the action takes; PostgREST guesses at another name.',
    parts: ['hint'],
    applies: exchange => sameCode(exchange, /^PGRST202$/),
  },
  {
    name: 'bodies that are no arguments',
    reason: 'PostgREST takes the first of several objects in silence, and anything else for no arguments.',
    parts: everything,
    applies: ({ request, ours }) =>
      isCall(request.path) &&
      ours.error?.code === 'PGRST102' &&
      (/^(?!\s*{)/.test(request.body ?? '') || request.headers['Content-Type'] === 'text/plain'),
  },
  {
    name: 'arguments are members of the body',
    reason: 'params=single-object is deprecated, and gone in 13.',
    parts: everything,
    applies: ({ request }) => /params=single-object/.test(String(request.headers.Prefer)),
  },
  {
    name: 'what writes is not called with GET',
    reason: 'The definition says so; PostgREST runs it to see whether it writes.',
    parts: ['code', 'message', 'hint'],
    applies: ({ peer, ours }) => peer.error?.code === '25006' && ours.error?.code === 'PGRST101',
  },
  {
    name: 'one row is one row',
    reason: 'PostgREST shows a row that is none as an object of nulls; the call is undone here.',
    parts: everything,
    applies: ({ request, peer, ours }) =>
      isCall(request.path) && peer.status === 200 && ours.error?.code === 'PGRST116' && /null/.test(peer.body),
  },
  {
    name: 'parameters keep what their fields promise',
    reason: 'Choices, limits, digits and null are those of the field; a parameter of PostgreSQL has a type only.',
    parts: everything,
    applies: ({ request, peer, ours }) =>
      isCall(request.path) &&
      peer.status < 300 &&
      (/^The argument "/.test(messageOf(ours)) || (/exact=2&/.test(request.path) && /2\.0{8}/.test(ours.body))),
  },
  {
    name: 'JSON in a query string is JSON',
    reason: 'PostgREST makes a JSON text of it.',
    parts: everything,
    applies: ({ request }) => request.method === 'GET' && /^rpc\/document\?doc=/.test(request.path),
  },
  {
    name: 'rows of a call are called as what they are',
    reason: 'PostgREST calls them pgrst_call or record.',
    parts: ['message', 'details'],
    applies: exchange =>
      isCall(exchange.request.path) &&
      sameCode(exchange, /^(42703|PGRST200)$/) &&
      /pgrst_call|'record'/.test(messageOf(exchange.peer)),
  },
  {
    name: 'fields that are not selected can be filtered by',
    reason: 'PostgREST fetches of a function with arguments only what is selected.',
    parts: everything,
    applies: ({ request, peer, ours }) =>
      isCall(request.path) && peer.error?.code === '42703' && ours.status === 200 && request.method === 'POST',
  },
]

export const differences: readonly Difference[] = [...ofErrors, ...ofRequests, ...ofAnswers, ...ofWrites, ...ofCalls]

function isCall(path: string): boolean {
  return path.startsWith('rpc/')
}

type Side = Exchange['ours']

function messageOf({ error }: Side): string {
  return typeof error?.message === 'string' ? error.message : ''
}

function sameCode({ peer, ours }: Exchange, code: RegExp): boolean {
  return peer.error?.code === ours.error?.code && code.test(String(ours.error?.code))
}

function withoutValues(message: string): string {
  const colon = message.indexOf(': ')
  return (colon < 0 ? message : message.slice(0, colon)).replace(/"[^"]*"/g, '"…"')
}

function quotePattern(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')
}

function decode(path: string): string {
  try {
    return decodeURIComponent(path)
  } catch {
    return path
  }
}

/** The lists of an answer that the request gives an order, as `sameUnordered` takes them. */
function orderedPaths(path: string): ReadonlySet<string> {
  const keys = [...new URLSearchParams(path.split(/\?(.*)/s)[1]).keys()]
  return new Set(keys.flatMap(key => (/(?:^|\.)order$/.test(key) ? [key.replace(/\.?order$/, '')] : [])))
}

/** The field of `order=rel(field)`, where a request has such an order. */
function relatedOrder(path: string): string | undefined {
  return /[?&]order= *\w+ *\((\w+)/.exec(decode(path))?.[1]
}

/** Whether an embed shows something else by the name of this field: another field, a cast, or what a spread in it brings. */
function isShownOtherwise(field: string, path: string): boolean {
  return new RegExp(`[(,]${field}:|\\(.*\\.\\.\\.[\\w!]+\\((?:[^()]*,)?(?:\\*|${field}\\b)`).test(decode(path))
}

/** Whether a spread has aggregates, itself or further in. */
function spreadsAggregates(path: string): boolean {
  return /\.\.\.[^&=]*\(\)/.test(decode(path))
}

/** Whether a row is asked for only when an embed with aggregates has rows, or has none. */
function asksForAggregates(path: string): boolean {
  const isSummed = (name: string) => new RegExp(`\\b${name}(:\\w+)?[\\w!]*\\([^&=]*\\(\\)`).test(path)
  const asked = [...path.matchAll(/(\w+)(?:=|\.)(?:not\.)?is\.null/g)].map(([, name = '']) => name)
  return /!inner\([^&=]*\(\)/.test(path) || asked.some(isSummed)
}

const { entities } = createModuleSet([shop]).get('shop@1')

/** Whether all of the key stands in the request, of the table that `message` says is not grouped. */
function showsKey(message: string, path: string): boolean {
  const [, table] = /^column "(\w+)\./.exec(message) ?? []
  const key = entities.find(({ name }) => name === table)?.key
  return key?.every(field => new RegExp(`\\([^&=]*\\b${field}\\b[^&=]*\\(\\)`).test(path)) ?? false
}

function encodedOnce(header = ''): string {
  return header.replace(/(?:%[89A-F][0-9A-F])+/g, bytes => {
    const text = Buffer.from(decode(bytes), 'latin1').toString('utf8')
    return encodeURIComponent(text)
  })
}

function isRepeating(path: string): boolean {
  const names = (path.split('?')[1] ?? '').split('&').map(part => part.split('=')[0])
  return new Set(names).size < names.length
}

/** The values of a query in any order, whichever way repeated ones are written. */
function sortedPieces(location = ''): string {
  return location
    .split(/[?&,]/)
    .map(piece => piece.replace(/^[^=]+=/, ''))
    .sort()
    .join(' ')
}
