import fc from 'fast-check'
import type { Request } from './request.ts'
import { keyOf } from './rows.ts'

type Text = fc.Arbitrary<string>

const rarely = (usual: Text, odd: string): Text =>
  fc.oneof({ weight: 40, arbitrary: usual }, { weight: 1, arbitrary: fc.constant(odd) })

/** Literals of a type as they stand in a filter; some do not fit, so that errors are compared too. */
const literals = {
  text: fc.oneof(
    {
      weight: 6,
      arbitrary: fc.constantFrom(
        'Same title',
        'Saw 1',
        'eu',
        'Ada',
        'new',
        'sale',
        'apple',
        'a,b',
        'null',
        "O'Reilly",
        '',
      ),
    },
    { weight: 1, arbitrary: fc.string({ unit: fc.constantFrom(...'ab ,.()"\\*%_:{}[]é日'), maxLength: 6 }) },
  ),
  number: fc.oneof(
    { weight: 40, arbitrary: fc.integer({ min: -6, max: 70 }).map(String) },
    { weight: 1, arbitrary: fc.constantFrom('1.5', '1e2', '2147483648', '', 'x', '-', 'NaN') },
  ),
  boolean: rarely(fc.constantFrom('true', 'false', 't', 'no', '1'), 'x'),
  uuid: rarely(
    fc.oneof(
      fc.integer({ min: 1, max: 60 }).map(n => keyOf('products', n)),
      fc.integer({ min: 1, max: 12 }).map(n => keyOf('makers', n)),
    ),
    'x',
  ),
  time: rarely(
    fc.constantFrom('2015-01-01', '2020-06-15', '2011-02-15', 'infinity', '2015-01-01T00:00:00Z'),
    '2015-02-30',
  ),
  json: rarely(fc.constantFrom('{}', '{"color": "red"}', '[1]', '"red"', '1', 'null', '{"size": {"h": 2}}'), '{'),
  texts: rarely(fc.constantFrom('{}', '{red}', '{red,green}', '{"x,y"}', '{"a b"}'), 'red'),
  numbers: rarely(fc.constantFrom('{}', '{1}', '{1,2}', '{2,4}'), '{x}'),
  range: rarely(fc.constantFrom('[1,5)', '[2,3]', 'empty', '(,3)'), '[5,1)'),
  bytes: rarely(fc.constantFrom('\\x', '\\x00ff', 'abc'), '\\xZ'),
  words: rarely(fc.constantFrom('fox', 'quick & fox', 'cat | dog', '!fox'), 'fox &'),
} as const

type Type = keyof typeof literals

interface Relation {
  /** As it stands in `select`, with a hint where one is needed. */
  readonly text: string
  readonly to: EntityName
  readonly many: boolean
}

interface Shape {
  readonly key: readonly string[]
  readonly fields: Readonly<Record<string, Type>>
  readonly relations: readonly Relation[]
}

const one = (text: string, to: EntityName): Relation => ({ text, to, many: false })
const many = (text: string, to: EntityName): Relation => ({ text, to, many: true })

type EntityName =
  | 'makers'
  | 'products'
  | 'labels'
  | 'product_labels'
  | 'passports'
  | 'reviews'
  | 'orders'
  | 'texts'
  | 'limits'
  | 'maker_labels'
  | 'maker_awards'
  | 'empties'
  | 'rates'

const shapes: Readonly<Record<EntityName, Shape>> = {
  makers: {
    key: ['id'],
    fields: {
      id: 'uuid',
      name: 'text',
      country: 'text',
      parent_id: 'uuid',
      founded: 'time',
      rating: 'number',
      tags: 'texts',
      about: 'json',
    },
    relations: [
      many('products!maker_id', 'products'),
      one('parent_id', 'makers'),
      many('labels!maker_labels', 'labels'),
      many('products', 'products'),
      many('products!products_importer_id_fkey', 'products'),
      many('maker_labels', 'maker_labels'),
      many('maker_awards', 'maker_awards'),
    ],
  },
  products: {
    key: ['id'],
    fields: {
      id: 'uuid',
      sku: 'text',
      title: 'text',
      kind: 'text',
      price: 'number',
      stock: 'number',
      weight: 'number',
      sold: 'boolean',
      maker_id: 'uuid',
      tags: 'texts',
      sizes: 'numbers',
      details: 'json',
      launched_on: 'time',
      seen_at: 'time',
      photo: 'bytes',
      code: 'uuid',
    },
    relations: [
      one('makers!maker_id', 'makers'),
      one('makers!products_maker_id_fkey', 'makers'),
      one('importer_id', 'makers'),
      one('passports', 'passports'),
      many('reviews', 'reviews'),
      many('orders', 'orders'),
      many('labels', 'labels'),
      many('product_labels', 'product_labels'),
    ],
  },
  labels: {
    key: ['slug'],
    fields: { slug: 'text', title: 'text', rank: 'number' },
    relations: [
      many('products', 'products'),
      many('product_labels', 'product_labels'),
      many('makers!maker_awards', 'makers'),
    ],
  },
  product_labels: {
    key: ['product_id', 'label_id'],
    fields: { product_id: 'uuid', label_id: 'text', weight: 'number' },
    relations: [one('products', 'products'), one('labels', 'labels')],
  },
  passports: {
    key: ['id'],
    fields: { id: 'uuid', product_id: 'uuid', number: 'text', issued: 'time' },
    relations: [one('products', 'products')],
  },
  reviews: {
    key: ['id'],
    fields: { id: 'uuid', product_id: 'uuid', reply_to_id: 'uuid', stars: 'number', body: 'text' },
    relations: [one('products', 'products'), one('reply_to_id', 'reviews')],
  },
  orders: {
    key: ['region', 'number'],
    fields: { region: 'text', number: 'number', product_id: 'uuid', total: 'number', note: 'text', placed_at: 'time' },
    relations: [one('products', 'products')],
  },
  texts: {
    key: ['n'],
    fields: {
      n: 'number',
      body: 'text',
      other: 'text',
      list: 'texts',
      data: 'json',
      eq: 'text',
      is: 'boolean',
      desc: 'number',
      words: 'words',
    },
    relations: [],
  },
  limits: {
    key: ['n'],
    fields: {
      n: 'number',
      small: 'number',
      big: 'number',
      exact: 'number',
      flag: 'boolean',
      moment: 'time',
      day: 'time',
      uid: 'uuid',
      raw: 'bytes',
      doc: 'json',
      smalls: 'numbers',
      bigs: 'numbers',
      exacts: 'numbers',
      span: 'range',
      exact_span: 'range',
    },
    relations: [],
  },
  maker_labels: {
    key: ['maker_id', 'label_id'],
    fields: { maker_id: 'uuid', label_id: 'text' },
    relations: [one('makers', 'makers'), one('labels', 'labels')],
  },
  maker_awards: {
    key: ['maker_id', 'label_id', 'year'],
    fields: { maker_id: 'uuid', label_id: 'text', year: 'number' },
    relations: [one('makers', 'makers'), one('labels', 'labels')],
  },
  empties: { key: ['id'], fields: { id: 'uuid', title: 'text' }, relations: [] },
  rates: { key: ['code'], fields: { code: 'text', rate: 'number' }, relations: [] },
}

const entities = Object.keys(shapes) as EntityName[]
/** Those that allow aggregates. */
const summing: readonly EntityName[] = entities.filter(name => name !== 'labels')
const fieldOf = (entity: EntityName): Text => fc.constantFrom(...Object.keys(shapes[entity].fields))
/** Once among so many times and one. */
const sometimes = <T>(times: number, arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
  fc.oneof({ weight: times, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary })

const jsonPath = fc.constantFrom(
  '->color',
  '->>color',
  '->size->w',
  '->size->>w',
  '->>n',
  '->0',
  '->tags->>1',
  '->deep->0->x',
  '->>word',
  '->a',
  '->"odd key"',
  '->-1',
  '->nothing->>0',
  '->deep->0->>x',
)

/** A field, or a place in it when it is JSON. */
function path(entity: EntityName): Text {
  return fc
    .tuple(fieldOf(entity), sometimes(1, jsonPath))
    .map(([field, place]) => (shapes[entity].fields[field] === 'json' && place ? field + place : field))
}

const castsOf: Readonly<Partial<Record<Type, readonly string[]>>> = {
  number: ['::text', '::int', '::numeric', '::float8'],
  time: ['::text', '::date'],
  boolean: ['::text', '::int'],
}

const cast = (type: Type) =>
  fc.oneof(
    { weight: 30, arbitrary: fc.constantFrom(...(castsOf[type] ?? ['::text'])) },
    { weight: 1, arbitrary: fc.constantFrom('::date', '::nothing') },
  )
const alias = fc.constantFrom('a:', 'b1:', 'my-name:', '"x y":', 'größe:')

function column(entity: EntityName): Text {
  return fc.oneof(
    { weight: 2, arbitrary: fc.constant('*') },
    { weight: 8, arbitrary: path(entity) },
    { weight: 2, arbitrary: fc.tuple(alias, path(entity)).map(parts => parts.join('')) },
    { weight: 2, arbitrary: castPath(entity) },
    { weight: 1, arbitrary: fc.tuple(alias, castPath(entity)).map(parts => parts.join('')) },
  )
}

const castPath = (entity: EntityName): Text =>
  path(entity).chain(text => cast(typeOfPath(entity, text)).map(type => text + type))

type Clause = readonly [name: string, value: string]

interface Selected {
  readonly text: string
  /** Embeds by the name that clauses call them, with their entity. */
  readonly embeds: readonly Embed[]
}

interface Embed {
  readonly name: string
  readonly to: EntityName
  readonly many: boolean
  /** The fields that tell its groups apart, where it has aggregates; else empty. */
  readonly groups: string
}

function embed(entity: EntityName, depth: number): fc.Arbitrary<Selected> {
  return fc.constantFrom(...shapes[entity].relations).chain(relation =>
    fc
      .record({
        inner: fc.constantFrom('', '', '!inner', '!left'),
        spread: relation.many ? fc.constant('') : fc.constantFrom('', '', '...'),
        named: fc.constantFrom('', '', 'e:'),
        select: selection(relation.to, depth - 1),
        flat: fc.oneof(
          { weight: 6, arbitrary: selection(relation.to, 0) },
          { weight: 1, arbitrary: selection(relation.to, depth - 1) },
        ),
        summed: sometimes(8, aggregates(relation.to)),
      })
      .map(({ inner, spread, named, select: nested, flat, summed }) => {
        // What stands inside a spread should not be called as its neighbours.
        const plain = spread ? flat : nested
        const groups = summing.includes(relation.to) ? summed : undefined
        const select = groups ? { text: groups.text, embeds: [] } : plain
        const name = named && !spread ? 'e' : (relation.text.split('!')[0] ?? '')
        return {
          text: `${spread || named}${relation.text}${inner}(${select.text})`,
          embeds: [
            { name, to: relation.to, many: relation.many, groups: relation.many ? (groups?.order ?? '') : '' },
            ...select.embeds.map(inside => ({ ...inside, name: `${name}.${inside.name}` })),
          ],
        }
      }),
  )
}

/** Names are given once at each level: PostgREST writes statements that PostgreSQL refuses when they are not. */
function selection(entity: EntityName, depth: number): fc.Arbitrary<Selected> {
  const embeds =
    shapes[entity].relations.length === 0 || depth === 0
      ? fc.constant([])
      : fc.uniqueArray(embed(entity, depth), { maxLength: 2, selector: ({ embeds }) => embeds[0]?.to })
  const columns = fc.uniqueArray(column(entity), { minLength: 1, maxLength: 4, selector: outputName })
  return fc.tuple(columns, embeds).map(([columns, nested]) => {
    const named = nested.filter(({ embeds }, index) => index === 0 || embeds[0]?.name !== nested[0]?.embeds[0]?.name)
    return {
      text: [...(columns.includes('*') ? ['*'] : columns), ...named.map(({ text }) => text)].join(','),
      embeds: named.flatMap(({ embeds }) => embeds),
    }
  })
}

function outputName(column: string): string {
  const [name = '', rest] = column.split(':')
  if (rest !== undefined && rest !== '') return name
  return (
    name
      .split('->')
      .findLast(part => !/^>?\d/.test(part))
      ?.replace(/[>"]/g, '') ?? name
  )
}

const comparisons = ['eq', 'neq', 'gt', 'gte', 'lt', 'lte', 'isdistinct'] as const
const patterns = ['like', 'ilike', 'match', 'imatch'] as const
const sets = ['cs', 'cd', 'ov'] as const

/** Mostly operators that fit the type. */
function operatorsOf(type: Type): readonly string[] {
  switch (type) {
    case 'text':
      return [...comparisons, ...patterns, 'plfts(simple)']
    case 'bytes':
      return ['eq', 'neq', 'lt']
    case 'json':
      return ['eq', 'neq', 'cs', 'cd', 'gt']
    case 'texts':
    case 'numbers':
      return [...sets, 'eq', 'neq', 'lt']
    case 'range':
      return [...sets, 'sl', 'sr', 'nxr', 'nxl', 'adj', 'eq']
    case 'words':
      return ['fts', 'plfts', 'phfts', 'wfts', 'fts(english)', 'wfts(simple)']
    default:
      return comparisons
  }
}

const anyOperator: Text = fc.constantFrom(...comparisons, ...patterns, ...sets, 'sl', 'adj', 'fts', 'is', 'in', 'xx')

function arrayText(values: readonly string[]): string {
  return `{${values.map(text => `"${text.replace(/["\\]/g, '\\$&')}"`).join(',')}}`
}

/** `op.value`. Inside a logic tree values are quoted where they must be. */
function operation(type: Type, inTree: boolean): Text {
  const quoted = (value: string) =>
    inTree && /[,()"\\ {}]/.test(value) ? `"${value.replace(/["\\]/g, '\\$&')}"` : value
  const value = literals[type]
  const fitting: Text = fc.constantFrom(...operatorsOf(type))
  const simple = fc
    .tuple(fc.oneof({ weight: 60, arbitrary: fitting }, { weight: 1, arbitrary: anyOperator }), value)
    .map(([operator, text]) => {
      const pattern = /^i?like$/.test(operator) ? `*${text}*` : text
      return `${operator}.${quoted(pattern)}`
    })
  const list = fc
    .array(value, { maxLength: 3 })
    .map(
      values =>
        `in.(${values.map(text => (/[,()"\\ {}]/.test(text) ? `"${text.replace(/["\\]/g, '\\$&')}"` : text)).join(',')})`,
    )
  const quantified = fc
    .tuple(
      type === 'text'
        ? fc.constantFrom('eq', 'gt', 'like', 'ilike', 'match', 'imatch')
        : fc.constantFrom('eq', 'gt', 'gte', 'lt', 'lte'),
      fc.constantFrom('(any)', '(all)'),
      fc.array(value, { minLength: 1, maxLength: 3 }),
    )
    .map(([operator, quantifier, values]) => `${operator}${quantifier}.${quoted(arrayText(values))}`)
  const is =
    type === 'boolean' ? fc.constantFrom('is.null', 'is.true', 'is.false', 'is.unknown') : fc.constant('is.null')
  const plain = ['words', 'json', 'texts', 'numbers', 'range'].includes(type)
    ? simple
    : fc.oneof(
        { weight: 6, arbitrary: simple },
        { weight: 1, arbitrary: list },
        { weight: 1, arbitrary: quantified },
        { weight: 1, arbitrary: is },
      )
  return fc.tuple(fc.constantFrom('', '', '', 'not.'), plain).map(parts => parts.join(''))
}

function typeOfPath(entity: EntityName, text: string): Type {
  const type = shapes[entity].fields[text.split('-')[0] ?? ''] ?? 'text'
  return type === 'json' && text.includes('->>') ? 'text' : type
}

function filter(entity: EntityName): fc.Arbitrary<readonly [string, string]> {
  return path(entity).chain(text =>
    operation(typeOfPath(entity, text), false).map(operation => [text, operation] as const),
  )
}

function tree(entity: EntityName, depth: number): Text {
  const leaf = path(entity).chain(text =>
    operation(typeOfPath(entity, text), true).map(operation => `${text}.${operation}`),
  )
  const branch =
    depth === 0
      ? leaf
      : fc.oneof(
          { weight: 3, arbitrary: leaf },
          {
            weight: 1,
            arbitrary: fc
              .tuple(fc.constantFrom('and', 'or', 'not.and', 'not.or'), tree(entity, depth - 1))
              .map(parts => parts.join('')),
          },
        )
  return fc.array(branch, { minLength: 1, maxLength: 3 }).map(parts => `(${parts.join(',')})`)
}

function order(entity: EntityName): Text {
  const term = fc
    .tuple(path(entity), fc.constantFrom('', '.asc', '.desc'), fc.constantFrom('', '', '.nullsfirst', '.nullslast'))
    .map(parts => parts.join(''))
  const { key } = shapes[entity]
  // The key comes last, so that the order is the same on both sides.
  return fc.array(term, { maxLength: 2 }).map(terms => [...terms, ...key].join(','))
}

const page = (usual: fc.Arbitrary<number>): Text =>
  fc.oneof(
    { weight: 20, arbitrary: usual.map(String) },
    { weight: 1, arbitrary: fc.constantFrom('', '0', '-1', 'x', '1.5', ' 2', '99999999999999999999') },
  )

/** Filters, order and page of one query; `prefix` leads to its embed. */
function clauses(entity: EntityName, prefix: string): fc.Arbitrary<Clause[]> {
  return fc
    .record({
      filters: fc.array(filter(entity), { maxLength: prefix ? 1 : 2 }),
      logic: sometimes(3, fc.tuple(fc.constantFrom('or', 'and', 'not.or', 'not.and'), tree(entity, 2))),
      order: order(entity),
      limit: sometimes(3, page(fc.integer({ min: 1, max: 12 }))),
      offset: sometimes(8, page(fc.integer({ min: 0, max: 9 }))),
    })
    .map(({ filters, logic, order, limit, offset }) =>
      [
        ...filters,
        ...(logic ? [logic] : []),
        ...(order ? [['order', order] as const] : []),
        ...(limit !== undefined ? [['limit', limit] as const] : []),
        ...(offset !== undefined ? [['offset', offset] as const] : []),
      ].map(([name, value]) => [prefix ? `${prefix}.${name}` : name, value] as const),
    )
}

function aggregates(entity: EntityName): fc.Arbitrary<{ readonly text: string; readonly order: string }> {
  const call = fieldOf(entity).chain(field => {
    const calls = shapes[entity].fields[field] === 'number' ? ['sum', 'avg', 'min', 'max', 'count'] : ['count']
    return fc.constantFrom(...calls).map(name => `${field}.${name}()`)
  })
  const odd = fc.tuple(
    sometimes(3, alias),
    fieldOf(entity),
    fc.constantFrom('.sum()', '.avg()', '.max()'),
    sometimes(4, fc.constantFrom('::text', '::int')),
  )
  const any = fc.oneof(
    { weight: 8, arbitrary: fc.tuple(sometimes(3, alias), call).map(([name, text]) => (name ?? '') + text) },
    { weight: 4, arbitrary: fc.constant('count()') },
    { weight: 1, arbitrary: odd.map(parts => parts.map(part => part ?? '').join('')) },
  )
  return fc
    .tuple(fc.uniqueArray(fieldOf(entity), { maxLength: 2 }), fc.array(any, { minLength: 1, maxLength: 2 }))
    .map(([fields, calls]) => ({ text: [...fields, ...calls].join(','), order: fields.join(',') }))
}

const queryText = (parts: readonly Clause[]) =>
  parts.map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`).join('&')

const readHeaders = fc
  .record({
    prefer: sometimes(3, rarely(fc.constantFrom('count=exact', 'handling=strict'), 'handling=strict, x=y')),
    accept: sometimes(
      9,
      fc.constantFrom(
        'application/vnd.pgrst.object+json',
        'application/vnd.pgrst.array+json;nulls=stripped',
        'application/json',
        'text/csv',
        '*/*',
      ),
    ),
    range: sometimes(
      20,
      fc.tuple(fc.nat(20), fc.nat(30)).map(([from, more]) => `${from}-${from + more}`),
    ),
  })
  .map(({ prefer, accept, range }) => ({
    ...(prefer && { Prefer: prefer }),
    ...(accept && { Accept: accept }),
    ...(range && { Range: range }),
  }))

/** Clauses for one of the embeds, if there is any; and whether the first must have rows. */
function nestedClauses({ embeds }: Selected): fc.Arbitrary<readonly Clause[]> {
  const [first] = embeds
  if (!first) return fc.constant([])
  const own = fc.constantFrom(...embeds).chain(({ to, name }) => clauses(to, name))
  const exists = fc.constantFrom('is.null', 'not.is.null').map((is): Clause[] => [[first.name, is]])
  const inTree = fc
    .tuple(fc.constantFrom('or', 'and', 'not.or'), exists, fc.constantFrom(...embeds.map(({ name }) => name)))
    .map(([name, tests, other]): Clause[] => [
      [name, `(${tests.map(test => test.join('.')).join(',')},not.and(${other}.is.null))`],
    ])
  return fc.oneof(
    { weight: 6, arbitrary: fc.constant([]) },
    { weight: 6, arbitrary: own },
    { weight: 2, arbitrary: exists },
    { weight: 1, arbitrary: inTree },
  )
}

/** Groups without an order come as the plan meets them, so they have one unless `others` give it. */
function orderOfGroups({ embeds }: Selected, others: readonly Clause[] = []): Clause[] {
  return embeds
    .map(({ name, groups }): Clause => [`${name}.order`, groups])
    .filter(([name, groups]) => groups !== '' && !others.some(([other]) => other === name))
}

/** An order by a field of a related row, which stands before any other order. */
function relatedOrder(entity: EntityName, { embeds }: Selected): fc.Arbitrary<readonly Clause[]> {
  const [first] = embeds
  if (!first) return fc.constant([])
  const term = fc
    .tuple(path(first.to), fc.constantFrom('', '.desc', '.asc.nullsfirst', '.nullslast'))
    .map(([text, direction]): Clause[] => [
      ['order', [`${first.name}(${text})${direction}`, ...shapes[entity].key].join(',')],
    ])
  return fc.oneof({ weight: first.many ? 40 : 4, arbitrary: fc.constant([]) }, { weight: 1, arbitrary: term })
}

const read: fc.Arbitrary<Request> = fc.constantFrom(...entities).chain(entity =>
  selection(entity, 2).chain(selected =>
    fc
      .record({
        method: fc.constantFrom('GET', 'GET', 'GET', 'GET', 'HEAD'),
        first: relatedOrder(entity, selected),
        own: clauses(entity, ''),
        nested: nestedClauses(selected),
        headers: readHeaders,
      })
      .map(({ method, first, own, nested, headers }) => ({
        method,
        path: `${entity}?${queryText([['select', selected.text], ...first, ...own, ...nested, ...orderOfGroups(selected, nested)])}`,
        headers,
      })),
  ),
)

const summary: fc.Arbitrary<Request> = fc.constantFrom(...summing).chain(entity =>
  fc.tuple(aggregates(entity), fc.array(filter(entity), { maxLength: 1 })).map(([{ text, order }, filters]) => ({
    method: 'GET',
    path: `${entity}?${queryText([['select', text], ...filters, ...(order === '' ? [] : [['order', order] as const])])}`,
    headers: {},
  })),
)

const often = (usual: fc.Arbitrary<unknown>, ...others: readonly unknown[]): fc.Arbitrary<unknown> =>
  fc.oneof({ weight: 12, arbitrary: usual }, { weight: 1, arbitrary: fc.constantFrom(...others) })

/** Values of a payload, by type. */
const payloadValues: Readonly<Record<Type, fc.Arbitrary<unknown>>> = {
  text: often(literals.text, null),
  number: often(fc.integer({ min: -9, max: 100 }), null, '7', 1.5, 'x'),
  boolean: often(fc.boolean(), null, 'true', 5),
  uuid: often(literals.uuid, null),
  time: often(literals.time, null),
  json: fc.oneof(
    fc.jsonValue({ maxDepth: 2, stringUnit: 'grapheme-ascii' }).filter(value => !Object.is(value, -0)),
    fc.constant(null),
  ),
  texts: often(fc.array(literals.text, { maxLength: 3 }), null, '{a,b}', 'x'),
  numbers: often(fc.array(fc.nat(9), { maxLength: 3 }), null, '{1}', ['x']),
  range: often(literals.range, null),
  bytes: often(literals.bytes, null),
  words: fc.constant(undefined),
}

/** Own keys are given, so that both sides make the same rows. */
const keyValues: Readonly<Record<string, fc.Arbitrary<unknown>>> = {
  id: fc.integer({ min: 1, max: 90 }).map(n => keyOf('products', n)),
  slug: fc.constantFrom('new', 'sale', 'fresh', 'a b', "o'k"),
  region: fc.constantFrom('eu', 'us', 'zz'),
  number: fc.integer({ min: 1, max: 40 }),
  n: fc.integer({ min: 1, max: 60 }),
  code: fc.constantFrom('EUR', 'x', null),
  maker_id: fc.integer({ min: 1, max: 14 }).map(n => keyOf('makers', n)),
  label_id: fc.constantFrom('new', 'sale', 'nothing'),
  product_id: fc.integer({ min: 1, max: 70 }).map(n => keyOf('products', n)),
}

/** What a row of an entity cannot do without. */
const needed: Readonly<Partial<Record<EntityName, Readonly<Record<string, fc.Arbitrary<unknown>>>>>> = {
  makers: { name: fc.constantFrom('Ada', 'Zed', 'Yak'), country: fc.constantFrom('de', 'fr', 'xx') },
  products: { sku: fc.constantFrom('S-001', 'N-1', 'N-2', 'N-3'), title: literals.text },
  labels: { title: literals.text },
  passports: { number: literals.text },
  reviews: { stars: fc.integer({ min: 0, max: 6 }) },
  texts: { body: literals.text },
}

/** Fields by which a row may be found to exist, besides its key. */
const uniques: Readonly<Record<EntityName, readonly (readonly string[])[]>> = {
  makers: [['name']],
  products: [['sku'], ['kind', 'code'], ['title']],
  labels: [],
  product_labels: [['product_id']],
  passports: [['product_id']],
  reviews: [],
  orders: [],
  texts: [],
  limits: [],
  maker_labels: [],
  maker_awards: [],
  empties: [],
  rates: [],
}

function row(entity: EntityName, fields: readonly string[]): fc.Arbitrary<object> {
  const { fields: types } = shapes[entity]
  const values = Object.fromEntries(
    fields.map(
      field => [field, keyValues[field] ?? needed[entity]?.[field] ?? payloadValues[types[field] ?? 'text']] as const,
    ),
  )
  return fc.record(values)
}

const writeHeaders = (preferences: readonly string[]) =>
  fc
    .tuple(
      fc.constantFrom('return=representation', 'return=representation', 'return=minimal', 'return=headers-only', ''),
      fc.subarray([...preferences], { maxLength: 2 }),
    )
    .map(([answer, others]) => ({
      'Content-Type': 'application/json',
      Prefer: [answer, ...others].filter(text => text !== '').join(', '),
    }))

const writable = entities.filter(name => name !== 'limits')

/** Three names at the most. */
const some = (names: readonly string[], minLength: number): fc.Arbitrary<string[]> =>
  fc.subarray([...names], { minLength: Math.min(minLength, names.length), maxLength: Math.min(3, names.length) })

const insert: fc.Arbitrary<Request> = fc.constantFrom(...writable).chain(entity => {
  const { key, fields } = shapes[entity]
  const musts = [
    ...new Set([
      ...key,
      ...(entity === 'passports' || entity === 'reviews' ? ['product_id'] : []),
      ...Object.keys(needed[entity] ?? {}),
    ]),
  ]
  const others = Object.keys(fields).filter(name => !musts.includes(name) && fields[name] !== 'words')
  return some(others, 0).chain(chosen =>
    fc
      .record({
        rows: fc.array(row(entity, [...musts, ...chosen]), { minLength: 1, maxLength: 3 }),
        single: fc.boolean(),
        select: sometimes(2, selection(entity, 1)),
        columns: sometimes(6, fc.subarray([...musts, ...chosen], { minLength: 1 })),
        onConflict: sometimes(6, fc.constantFrom(key, ...uniques[entity])),
        form: sometimes(9, fc.constantFrom(...Object.keys(forms))),
        headers: writeHeaders([
          'count=exact',
          'resolution=merge-duplicates',
          'resolution=ignore-duplicates',
          'missing=default',
        ]),
      })
      .map(({ rows, single, select, columns, onConflict, form, headers }) => {
        const query = queryText([
          ...(select ? [['select', select.text] as const, ...orderOfGroups(select)] : []),
          ...(columns ? [['columns', columns.join(',')] as const] : []),
          ...(onConflict ? [['on_conflict', onConflict.join(',')] as const] : []),
        ])
        return {
          method: 'POST',
          path: query === '' ? entity : `${entity}?${query}`,
          headers: { ...headers, ...(form !== undefined && { 'Content-Type': form }) },
          body: form === undefined ? JSON.stringify(single ? rows[0] : rows) : (forms[form]?.(rows) ?? ''),
        }
      }),
  )
})

/** Other ways to write rows; they know texts only. */
const forms: Readonly<Record<string, (rows: readonly object[]) => string>> = {
  'text/csv': rows => {
    const lines = rows.map(row => Object.values(row).map(value => (value === null ? 'NULL' : quoteCsv(textOf(value)))))
    return [Object.keys(rows[0] ?? {}), ...lines].map(line => line.join(',')).join('\n')
  },
  'application/x-www-form-urlencoded': ([row = {}]) =>
    new URLSearchParams(Object.entries(row).map(([name, value]): [string, string] => [name, textOf(value)])).toString(),
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value)
}

function quoteCsv(text: string): string {
  return /[",\r\n]|^$/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}

/** One row in the place that its address names. */
const put: fc.Arbitrary<Request> = fc.constantFrom(...writable).chain(entity => {
  const { key, fields } = shapes[entity]
  const musts = [...new Set([...key, ...Object.keys(needed[entity] ?? {})])]
  const others = Object.keys(fields).filter(name => !musts.includes(name) && fields[name] !== 'words')
  return some(others, 0).chain(chosen =>
    fc
      .record({
        made: row(entity, [...musts, ...chosen]),
        other: sometimes(9, row(entity, key)),
        select: sometimes(2, selection(entity, 1)),
        headers: writeHeaders(['missing=default', 'count=exact']),
      })
      .map(({ made, other, select, headers }) => {
        const named: Readonly<Record<string, unknown>> = { ...made, ...other }
        const filters = key.map(field => [field, `eq.${named[field]}`] as const)
        return {
          method: 'PUT',
          path: `${entity}?${queryText([...filters, ...(select ? [['select', select.text] as const] : [])])}`,
          headers,
          body: JSON.stringify(made),
        }
      }),
  )
})

const change: fc.Arbitrary<Request> = fc.constantFrom(...writable).chain(entity => {
  const { key, fields } = shapes[entity]
  const others = Object.keys(fields).filter(name => !key.includes(name) && fields[name] !== 'words')
  return some(others, 1).chain(chosen =>
    fc
      .record({
        method: fc.constantFrom('PATCH', 'PATCH', 'DELETE'),
        row: row(entity, chosen),
        filters: fc.array(filter(entity), { minLength: 1, maxLength: 2 }),
        select: sometimes(2, selection(entity, 1)),
        headers: writeHeaders(['count=exact', 'missing=default', 'handling=strict']),
      })
      .map(({ method, row, filters, select, headers }) => ({
        method,
        path: `${entity}?${queryText([...filters, ...(select ? [['select', select.text] as const] : [])])}`,
        headers,
        ...(method === 'PATCH' && { body: JSON.stringify(row) }),
      })),
  )
})

/** A request with a character or two lost, doubled or put in somewhere in its query. */
const mutated: fc.Arbitrary<Request> = fc
  .tuple(
    read,
    fc.nat(),
    fc.constantFrom('', '(', ')', ',', '.', '"', ':', '->', '!', '*', ' ', '\\', '{', 'x', '0'),
    fc.nat(1),
  )
  .map(([request, place, text, lost]) => {
    const [entity = '', query = ''] = request.path.split('?')
    const plain = decodeURIComponent(query)
    const at = place % (plain.length + 1)
    const changed = plain.slice(0, at) + text + plain.slice(at + lost)
    const encoded = changed.replace(/[^&=]/gu, character => encodeURIComponent(character))
    return { ...request, path: `${entity}?${encoded}` }
  })

/** Mostly valid requests of the whole grammar, with a share of broken ones. */
export const requests: fc.Arbitrary<Request> = fc
  .oneof(
    { weight: 12, arbitrary: read },
    { weight: 2, arbitrary: summary },
    { weight: 3, arbitrary: insert },
    { weight: 3, arbitrary: change },
    { weight: 1, arbitrary: put },
    { weight: 3, arbitrary: mutated },
  )
  .map(request => ({ ...request, generated: true }))
