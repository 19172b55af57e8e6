import {
  accept,
  full,
  type Group,
  get,
  objectType,
  patch,
  post,
  prefer,
  put,
  type Request,
  remove,
} from '../request.ts'
import { keyOf } from '../rows.ts'

/** One group for each code, with what it needs to come about. */
const codes: Readonly<Record<string, readonly Request[]>> = {
  PGRST100: [
    get('products?stock=1'),
    get('products?select=('),
    get('products?order=sku.up'),
    get('products?or=(stock)'),
    get('products?stock=in.1'),
    get('products?select=a->>'),
    get('products?and=(x.eq.1'),
    get('products?on_conflict=a(b'),
    post('products?columns=a(b', {}),
    get('products?select=%F0%9F%98%80('),
    get('products?stock=xyzzy.1'),
    get('products?line%0Abreak=xyzzy.1'),
  ],
  PGRST101: [],
  PGRST102: [
    post('labels', '{'),
    post('labels', '[{"slug":"a"},{"title":"b"}]'),
    patch('labels', 'x'),
    put('labels?slug=eq.a', ''),
  ],
  PGRST103: [
    get('products?limit=-1'),
    get('products', { Range: '5-2' }),
    get('products?offset=100', prefer('count=exact')),
    get('products', { Range: '100-', ...prefer('count=exact') }),
  ],
  PGRST105: [
    put('labels?slug=gt.a', { slug: 'a', title: 'b', rank: 1 }),
    put('labels', { slug: 'a', title: 'b', rank: 1 }),
  ],
  PGRST106: [get('products', { 'Accept-Profile': 'nothing' }), post('labels', {}, { 'Content-Profile': 'nothing' })],
  PGRST107: [get('products', accept('image/png')), post('labels', { slug: 'a', title: 'b' }, accept('image/png'))],
  PGRST108: [get('products?reviews.stars=eq.1'), get('products?order=reviews(stars)'), get('products?a.b.c=eq.1')],
  PGRST109: [patch('labels?limit=1', { rank: 1 }), remove('labels?limit=1')],
  PGRST114: [put('labels?slug=eq.a&limit=1', { slug: 'a', title: 'b', rank: 1 })],
  PGRST115: [put('labels?slug=eq.a', { slug: 'b', title: 'b', rank: 1 })],
  PGRST116: [
    get('products', accept(objectType)),
    get('empties', accept(objectType)),
    patch('labels', { rank: 1 }, { ...full(), ...accept(objectType) }),
    remove('labels?rank=eq.99', { ...full(), ...accept(objectType) }),
  ],
  PGRST117: [{ method: 'PROPFIND', path: 'products', headers: {} }],
  PGRST118: [
    get('products?select=sku,reviews(stars)&order=reviews(stars)'),
    get('labels?select=slug,products(sku)&order=products(sku)'),
  ],
  PGRST119: [get('products?select=sku,...reviews(stars)'), get('labels?select=slug,...products(sku)')],
  PGRST120: [
    get('products?select=sku,reviews(stars)&reviews=eq.1'),
    get('products?select=sku,reviews(stars)&reviews=gt.1'),
  ],
  PGRST122: [
    get('products?limit=1', prefer('handling=strict', 'nothing=1')),
    post('labels', { slug: 'a', title: 'b' }, prefer('handling=strict', 'x', 'y=z')),
  ],
  PGRST123: [{ ...get('labels?select=count()'), withoutAggregates: true }],
  PGRST124: [
    patch('labels', { rank: 1 }, prefer('handling=strict', 'max-affected=2')),
    remove('reviews', prefer('handling=strict', 'max-affected=2')),
  ],
  PGRST200: [
    get('products?select=texts(n)'),
    get('products?select=nothing(n)'),
    get('products?select=labels!nothing(slug)'),
    get('labels?select=makers!nothing(name)'),
  ],
  PGRST201: [
    get('products?select=makers(name)'),
    get('makers?select=products(sku)'),
    get('labels?select=makers(name)'),
    get('makers?select=makers(name)'),
  ],
  PGRST202: [get('rpc/nothing'), post('rpc/nothing', {}), post('rpc/nothing', { a: 1, b: 2 }), get('rpc/nothing?a=1')],
  PGRST204: [
    post('labels?columns=nothing', {}),
    post('labels', { slug: 'a', title: 'b', nothing: 1 }),
    patch('labels?slug=eq.new', { nothing: 1 }),
    patch('labels?columns=no1,no2', { no1: 1 }),
  ],
  PGRST205: [
    get('nothing'),
    get('product'),
    get('Products'),
    post('nothing', {}),
    patch('nothing', {}),
    remove('nothing'),
  ],
  22003: [get('products?stock=eq.99999999999'), post('limits', { n: 99999999999 })],
  22007: [get('products?seen_at=eq.x'), get('products?launched_on=eq.x')],
  22008: [get('products?launched_on=eq.2024-02-30'), get('products?seen_at=eq.2024-13-01')],
  '22P02': [
    get('products?id=eq.x'),
    get('products?stock=eq.x'),
    get('products?details=eq.{'),
    get('products?tags=eq.x'),
  ],
  '2201B': [get('products?title=match.('), get('products?title=match.*')],
  '21000': [
    post(
      'labels',
      [
        { slug: 'a', title: 'b' },
        { slug: 'a', title: 'c' },
      ],
      prefer('resolution=merge-duplicates'),
    ),
  ],
  '23502': [post('labels', { slug: 'a' }), patch('labels?slug=eq.new', { title: null })],
  '23503': [
    post('reviews', { product_id: keyOf('products', 999), stars: 1 }),
    remove('makers?name=eq.Bolt %26 Co'),
    remove(`products?id=eq.${keyOf('products', 11)}`),
  ],
  '23505': [post('labels', { slug: 'new', title: 'x' }), patch('labels?slug=eq.new', { slug: 'sale' })],
  '23514': [post('reviews', { product_id: keyOf('products', 1), stars: 9 }), patch('reviews', { stars: 9 })],
  '42501': [
    get('vaults'),
    post('vaults', {}),
    post('rates', { code: 'x', rate: 1 }),
    patch('rates', { rate: 1 }),
    remove('rates'),
    get('products?select=vaults(title)'),
  ],
  '42703': [
    get('products?select=nothing'),
    get('products?nothing=eq.1'),
    get('products?order=nothing'),
    get('products?select=reviews(nothing)'),
  ],
  '42704': [get('products?select=stock::nothing')],
  '42804': [get('products?stock=is.true'), post('labels', { slug: 'a', title: 'b', rank: [1] })],
  '42846': [get('products?select=sold::date'), get('products?select=tags::int')],
  '42883': [
    get('products?stock=like.1'),
    get('products?stock=cs.1'),
    get('products?details=gt.1&details=like.x'),
    get('products?title=ov.{a}'),
  ],
  '42P10': [post('labels?on_conflict=title', { slug: 'a', title: 'b' }, prefer('resolution=merge-duplicates'))],
  '54001': [],
}

export const error: readonly Group[] = Object.entries(codes)
  .filter(([, requests]) => requests.length > 0)
  .map(([code, requests]) => ({ name: `error ${code}`, requests }))
