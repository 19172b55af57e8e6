import type { JsonValue } from '../../src/core/json.ts'

type Row = Readonly<Record<string, JsonValue>>

/** The key of the nth row of an entity, the same for both sides and every tenant: `20000000-0000-4000-8000-000000000007`. */
export function keyOf(entity: keyof typeof keyDigits, n: number): string {
  return `${keyDigits[entity]}0000000-0000-4000-8000-${String(n).padStart(12, '0')}`
}

const keyDigits = { makers: 1, products: 2, passports: 3, reviews: 4, empties: 5, vaults: 6, codes: 7 } as const

const count = (length: number) => Array.from({ length }, (_, index) => index + 1)
const day = (n: number) => `20${String(10 + (n % 15)).padStart(2, '0')}-${String((n % 12) + 1).padStart(2, '0')}-15`
const time = (n: number) =>
  `${day(n)}T0${n % 10}:${String((n * 7) % 60).padStart(2, '0')}:30${n % 3 === 0 ? '.125' : ''}+00:00`
const pick = <T>(values: readonly [T, ...T[]], n: number): T => values[n % values.length] ?? values[0]

const words = [
  'apple',
  'Äpfel',
  'The quick brown fox',
  "O'Reilly",
  'say "hi"',
  'a,b',
  '(paren)',
  '100%',
  'back\\slash',
  'under_score',
  'null',
  'NULL',
  'true',
  '',
  ' lead',
  'trail ',
  'semi;colon',
  'dot.dot',
  'star*star',
  'plus+plus',
  'amp&amp',
  'hash#hash',
  '日本語',
  '😀 smile',
  'tab\there',
  'line\nbreak',
  '{brace}',
  '[bracket]',
  'co:lon',
  'not.eq.x',
  'in.(a,b)',
  '--dash',
  'a->b',
  'zebra',
  'ZEBRA',
  'the foxes were jumping quickly',
  'a fat cat sat on a mat',
  'cats and dogs, rats & bats',
  '<b>bold</b>',
  'eq',
] as const

const makers = count(12).map(n => ({
  id: keyOf('makers', n),
  name: pick(['Ada', 'Bolt & Co', "Crab's", 'Düse', 'Eel', 'Fox', 'Gnu', 'Hen', 'Ibis', 'Jay', 'Kite', 'Lynx'], n - 1),
  country: pick(['de', 'fr', 'jp'], n),
  parent_id: n > 4 ? keyOf('makers', n % 4 === 0 ? 1 : n % 4) : null,
  founded: n % 5 === 0 ? null : `19${String(50 + n).padStart(2, '0')}-0${(n % 9) + 1}-01`,
  rating: n % 4 === 0 ? null : `${n % 5}.${n}`.slice(0, 4),
  tags: n % 3 === 0 ? [] : count(n % 4).map(index => pick(['big', 'old', 'good', 'no, really'], index + n)),
  about: { city: pick(['Bonn', 'Lyon', 'Kyōto'], n), staff: n * 10, boss: { name: `B${n}` } },
}))

const products = count(60).map(n => ({
  id: keyOf('products', n),
  sku: `S-${String(n).padStart(3, '0')}`,
  title: n % 10 === 0 ? 'Same title' : `${pick(['Hammer', 'Saw', 'Doll', 'Atlas', 'Kite', 'hammer'], n)} ${n % 7}`,
  kind: pick(['tool', 'toy', 'book'], n),
  price: `${(n * 37) % 100}.${String((n * 13) % 100).padStart(2, '0')}`,
  stock: ((n * 7) % 25) - 5,
  weight: n % 6 === 0 ? null : n * 1_000_000_007,
  sold: n % 4 === 0 ? null : n % 2 === 0,
  maker_id: n % 9 === 0 ? null : keyOf('makers', (n % 10) + 1),
  importer_id: n % 3 === 0 ? keyOf('makers', (n % 5) + 1) : null,
  tags: count(n % 4).map(index => pick(['red', 'green', 'blue', 'a b', 'x,y', 'q"q'], index * n)),
  sizes: n % 5 === 0 ? null : count(n % 3).map(index => index * n),
  details: pick<JsonValue>(
    [
      {},
      { color: 'red', size: { w: n, h: 2 }, tags: ['a', 'b', 'c'] },
      { color: 'blue', note: null, deep: [{ x: n }, { x: 2, y: [1, 2, 3] }] },
      [1, 'two', null, { three: 3 }],
      { 'odd key': 'v', 'a-b': 1, color: 'green', n },
      { color: 'red', ratio: 1.5, on: true },
    ],
    n,
  ),
  photo: n % 8 === 0 ? `\\x${n.toString(16).padStart(2, '0')}ff00` : null,
  code: n % 2 === 0 ? keyOf('codes', n) : null,
  launched_on: n % 7 === 0 ? null : day(n),
  seen_at: n % 5 === 0 ? null : time(n),
}))

const labels = ['new', 'sale', 'eco', 'hot & cold', "it's", 'a,b', 'x.y', 'Ünder', 'q"t', 'last'].map(
  (slug, index) => ({
    slug,
    title: `Label ${slug}`,
    rank: (index * 3) % 7,
  }),
)
const labelOf = (n: number) => labels[n % labels.length]?.slug ?? ''

const productLabels = count(40).flatMap(n =>
  count(n % 4).map(index => ({
    product_id: keyOf('products', n),
    label_id: labelOf(n + index * 3),
    weight: n % 3 === 0 ? null : n + index,
  })),
)
const makerLabels = count(9).map(n => ({ maker_id: keyOf('makers', n), label_id: labelOf(n * 7) }))
const makerAwards = count(14).map(n => ({
  maker_id: keyOf('makers', (n % 6) + 1),
  label_id: labelOf(n),
  year: 2000 + n,
}))

const passports = count(25).map(n => ({
  id: keyOf('passports', n),
  product_id: keyOf('products', n * 2),
  number: `P${1000 + n}`,
  issued: n % 4 === 0 ? null : day(n),
}))

const reviews = count(50).map(n => ({
  id: keyOf('reviews', n),
  product_id: keyOf('products', ((n * n) % 30) + 1),
  reply_to_id: n > 10 && n % 3 === 0 ? keyOf('reviews', n - 10) : null,
  stars: (n % 5) + 1,
  body: n % 6 === 0 ? null : words[n % words.length]?.slice(0, 80) || 'plain',
}))

const orders = count(24).map(n => ({
  region: pick(['eu', 'us', 'asia pacific'], n),
  number: n,
  product_id: n % 5 === 0 ? null : keyOf('products', n + 10),
  total: `${n * 11}.5`,
  note: n % 2 === 0 ? null : `note ${n}`,
  placed_at: time(n),
}))

const texts = words.map((body, index) => ({
  n: index + 1,
  body,
  other: index % 3 === 0 ? null : (words[(index * 7) % words.length] ?? null),
  list: index % 4 === 0 ? [] : words.slice(index % 30, (index % 30) + (index % 5)),
  data: index % 5 === 0 ? null : { word: body, at: index, [body || 'empty']: [body] },
  eq: index % 2 === 0 ? body : null,
  is: index % 3 === 0 ? null : index % 2 === 0,
  desc: index % 4 === 0 ? null : (index * 5) % 17,
}))

const limits: readonly Row[] = [
  {
    small: 2147483647,
    big: '9223372036854775807',
    exact: '9999999999999999999999999999.9999999999',
    flag: true,
    moment: '2024-02-29T23:59:59.999999Z',
    day: '9999-12-31',
    uid: 'ffffffff-ffff-ffff-ffff-ffffffffffff',
    raw: '\\xdeadbeef',
    doc: { a: 1 },
    span: '[1,5)',
    days_span: '[2024-01-01,2024-02-01)',
    time_span: '["2024-01-01 00:00+00","2024-01-02 00:00+00")',
    exact_span: '(1.5,2.5]',
  },
  {
    small: -2147483648,
    big: '-9223372036854775808',
    exact: '-9999999999999999999999999999.9999999999',
    flag: false,
    moment: 'infinity',
    day: 'infinity',
    uid: '00000000-0000-0000-0000-000000000000',
    raw: '\\x',
    doc: [],
    span: 'empty',
    days_span: '[2024-01-15,2024-03-01)',
    time_span: '["2024-01-01 12:00+00",)',
    exact_span: '[0,1)',
  },
  {
    small: 0,
    big: '9007199254740993',
    exact: '0',
    moment: '-infinity',
    day: '-infinity',
    doc: 'a text',
    span: '[5,10)',
    days_span: '(,2023-01-01)',
    exact_span: '(,)',
  },
  {
    small: -1,
    exact: '0.0000000001',
    moment: '1883-11-18T12:00:00Z',
    day: '0044-03-15 BC',
    doc: '@1e400',
    span: '[,3)',
  },
  {
    small: 1,
    exact: '-0.5',
    moment: '2024-03-31T01:30:00+02:00',
    day: '2000-02-29',
    doc: '@12345678901234567890.5000',
  },
  { smalls: [], bigs: [], exacts: [], flags: [], moments: [], days: [], uids: [], doc: {} },
  {
    smalls: [1, 2, 3],
    bigs: [1, -1],
    exacts: [1.5, 2.25],
    flags: [true, false],
    moments: ['2024-01-01T00:00:00Z'],
    days: ['2024-01-01', '2024-12-31'],
    uids: ['11111111-1111-4111-8111-111111111111'],
    doc: { nested: { deeper: { deepest: [[1], [2, [3]]] } }, arr: [1, 2, 3], nul: null, t: true, f: false },
  },
  { smalls: [3, 4], flags: [null], doc: { a: { b: null }, c: [null, 1], d: {} } },
  { smalls: [null, 5], doc: null },
  { doc: { text: 'x"y', uni: '日本', num: '@1.0', big: '@1e20', esc: 'a\\b\n' } },
  {},
  {},
].map((row, index) => ({ n: index + 1, ...row }))

/** Rows of every entity as JSON text, so that no digit is lost. */
export const rows: Readonly<Record<string, string>> = Object.fromEntries(
  Object.entries({
    makers,
    products,
    labels,
    product_labels: productLabels,
    maker_labels: makerLabels,
    maker_awards: makerAwards,
    passports,
    reviews,
    orders,
    texts,
    limits,
    empties: [],
    rates: count(6).map(n => ({ code: `R${n}`, rate: `${n}.${n}${n}` })),
    vaults: count(2).map(n => ({ id: keyOf('vaults', n), title: `vault ${n}` })),
  }).map(([name, list]) => [name, textOf(list)]),
)

/** `"@1.0"` is the number 1.0 as PostgreSQL gets it, with digits that JavaScript would drop. */
function textOf(list: readonly object[]): string {
  const dated = list.map((row, index) => ({
    ...row,
    created_at: time(index + 1),
    updated_at: time(index + 2),
  }))
  return JSON.stringify(dated).replace(/"@([^"]*)"/g, '$1')
}
