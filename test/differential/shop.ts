import { defineModule } from '../../src/app/define-module.ts'
import { action } from '../../src/core/action.ts'
import { row, rows } from '../../src/core/action-definition.ts'
import { entity } from '../../src/core/entity.ts'
import {
  array,
  bigint,
  boolean,
  bytes,
  date,
  decimal,
  integer,
  json,
  oneOf,
  range,
  reference,
  searchText,
  text,
  timestamp,
  uuid,
} from '../../src/core/field.ts'

/** Names itself. */
const makers = entity(
  'makers',
  {
    name: text({ max: 60 }).unique(),
    country: oneOf('de', 'fr', 'jp'),
    parent_id: reference<string>('makers', { onDelete: 'setNull' }).optional(),
    founded: date().optional(),
    rating: decimal(4, 2).optional(),
    tags: array(text()).default([]),
    about: json().default({}),
  },
  { aggregates: true },
)

/** Names makers in two ways. */
const products = entity(
  'products',
  {
    sku: text().unique(),
    title: text(),
    kind: oneOf('tool', 'toy', 'book').default('tool'),
    price: decimal(12, 2).default('0'),
    stock: integer({ min: -10 }).default(0),
    weight: bigint().optional(),
    sold: boolean().optional(),
    maker_id: reference(() => makers, { onDelete: 'restrict' }).optional(),
    importer_id: reference(() => makers, { onDelete: 'setNull' }).optional(),
    tags: array(text()).default([]),
    sizes: array(integer()).optional(),
    details: json().default({}),
    photo: bytes().optional(),
    code: uuid().optional(),
    launched_on: date().optional(),
    seen_at: timestamp().optional(),
  },
  { aggregates: true, unique: [['kind', 'code']] },
)

/** A key that is a text; no aggregates. */
const labels = entity('labels', { slug: text(), title: text(), rank: integer().default(0) }, { key: ['slug'] })

/** Many products to many labels. */
const productLabels = entity(
  'product_labels',
  {
    product_id: reference(() => products, { onDelete: 'cascade' }),
    label_id: reference(() => labels, { onDelete: 'cascade' }),
    weight: integer().optional(),
  },
  { key: ['product_id', 'label_id'], aggregates: true },
)

/** Many makers to many labels, in two ways. */
const makerLabels = entity(
  'maker_labels',
  {
    maker_id: reference(() => makers, { onDelete: 'cascade' }),
    label_id: reference(() => labels, { onDelete: 'cascade' }),
  },
  { key: ['maker_id', 'label_id'], aggregates: true },
)
const makerAwards = entity(
  'maker_awards',
  {
    maker_id: reference(() => makers, { onDelete: 'cascade' }),
    label_id: reference(() => labels, { onDelete: 'cascade' }),
    year: integer(),
  },
  { key: ['maker_id', 'label_id', 'year'], aggregates: true },
)

/** One product has one at most. */
const passports = entity(
  'passports',
  {
    product_id: reference(() => products, { onDelete: 'cascade' }).unique(),
    number: text(),
    issued: date().optional(),
  },
  { aggregates: true },
)

/** Each product has many, and each may answer another. */
const reviews = entity(
  'reviews',
  {
    product_id: reference(() => products, { onDelete: 'cascade' }),
    reply_to_id: reference<string>('reviews', { onDelete: 'setNull' }).optional(),
    stars: integer({ min: 1, max: 5 }),
    body: text({ max: 80 }).optional(),
  },
  { aggregates: true },
)

/** A key of two fields. */
const orders = entity(
  'orders',
  {
    region: text(),
    number: integer(),
    product_id: reference(() => products).optional(),
    total: decimal(10, 2).default('0'),
    note: text().optional(),
    placed_at: timestamp().default('now'),
  },
  { key: ['region', 'number'], aggregates: true },
)

/** Everything that is hard to quote, and fields that are called as words of the grammar. */
const texts = entity(
  'texts',
  {
    n: integer(),
    body: text(),
    other: text().optional(),
    list: array(text()).default([]),
    data: json().optional(),
    eq: text().optional(),
    is: boolean().optional(),
    desc: integer().optional(),
    words: searchText('body', { config: 'english' }),
  },
  { key: ['n'], aggregates: true },
)

/** Every type at its limits; nothing but the key is needed. */
const limits = entity(
  'limits',
  {
    n: integer(),
    small: integer().optional(),
    big: bigint().optional(),
    exact: decimal(38, 10).optional(),
    flag: boolean().optional(),
    moment: timestamp().optional(),
    day: date().optional(),
    uid: uuid().optional(),
    raw: bytes().optional(),
    doc: json().optional(),
    smalls: array(integer()).optional(),
    bigs: array(bigint()).optional(),
    exacts: array(decimal(10, 2)).optional(),
    flags: array(boolean()).optional(),
    moments: array(timestamp()).optional(),
    days: array(date()).optional(),
    uids: array(uuid()).optional(),
    span: range('integer').optional(),
    days_span: range('date').optional(),
    time_span: range('timestamp').optional(),
    exact_span: range('decimal').optional(),
  },
  { key: ['n'], aggregates: true },
)

const empties = entity('empties', { title: text().optional() }, { aggregates: true })

/** For reading only. */
const rates = entity(
  'rates',
  { code: text(), rate: decimal(10, 4) },
  { key: ['code'], aggregates: true, access: { admin: 'tenant_reader' } },
)

/** For nobody. */
const vaults = entity('vaults', { title: text() }, { aggregates: true, access: { admin: 'none' } })

const allProducts = action('all_products', {
  reads: [products],
  output: rows(products),
  sql: 'select * from products',
})
const cheaperThan = action('cheaper_than', {
  input: { most: decimal(12, 2), of_kind: oneOf('tool', 'toy', 'book').optional() },
  reads: [products],
  output: rows(products),
  sql: `select * from products p where p.price <= cheaper_than.most and p.kind = coalesce(cheaper_than.of_kind, p.kind) order by p.sku`,
})
const oneProduct = action('one_product', {
  input: { wanted: text() },
  reads: [products],
  output: row(products),
  sql: 'select * from products p where p.sku = one_product.wanted',
})
const add = action('add', {
  input: { a: integer(), b: integer() },
  roles: ['admin'],
  output: integer(),
  sql: 'select add.a + add.b',
})
const greet = action('greet', {
  input: { name: text().default('you'), times: integer().default(1) },
  roles: ['admin'],
  output: text(),
  sql: `select repeat('hello ' || greet.name || ' ', greet.times)`,
})
const sized = action('sized', {
  input: {
    big: bigint(),
    exact: decimal(30, 8),
    flag: boolean().optional(),
    uid: uuid().optional(),
    at: timestamp().optional(),
  },
  roles: ['admin'],
  output: rows({
    big2: bigint(),
    exact2: decimal(30, 8),
    flag2: boolean().optional(),
    uid2: uuid().optional(),
    at2: timestamp().optional(),
  }),
  sql: 'select sized.big, sized.exact, sized.flag, sized.uid, sized.at',
})
const stockByKind = action('stock_by_kind', {
  reads: [products],
  output: rows({ kind: text(), stock: bigint(), dearest: decimal(12, 2) }),
  sql: 'select p.kind, sum(p.stock), max(p.price) from products p group by 1 order by 1',
})
const skus = action('skus', {
  reads: [products],
  output: array(text()),
  sql: 'select array_agg(sku order by sku) from products',
})
const doubled = action('doubled', {
  input: { numbers: array(integer()) },
  roles: ['admin'],
  output: array(integer()),
  sql: 'select array_agg(n * 2 order by i) from unnest(doubled.numbers) with ordinality u(n, i)',
})
const document = action('document', {
  input: { doc: json().optional() },
  roles: ['admin'],
  output: json().optional(),
  sql: 'select document.doc',
})
const dayAfter = action('day_after', {
  input: { day: date() },
  roles: ['admin'],
  output: date(),
  sql: 'select (day_after.day + 1)',
})
const noText = action('no_text', { roles: ['admin'], output: text().optional(), sql: 'select null::text' })
const raise = action('raise_stock', {
  input: { of_sku: text(), by: integer().default(1) },
  writes: [products],
  output: row(products),
  sql: 'update products set stock = stock + raise_stock.by where sku = raise_stock.of_sku returning *',
})
const restock = action('restock', {
  input: { least: integer() },
  writes: [products],
  output: rows(products),
  sql: 'update products set stock = restock.least where stock < restock.least returning *',
})
const rankUp = action('rank_up', {
  input: { label: text() },
  writes: [labels],
  sql: 'update labels set rank = rank + 1 where slug = rank_up.label',
})
const counted = action('rank_all', {
  input: { by: integer().default(1) },
  writes: [labels],
  output: bigint(),
  sql: 'update labels set rank = rank + rank_all.by; select count(*) from labels',
})
const checkVaults = action('check_vaults', { reads: [vaults], output: rows(vaults), sql: 'select * from vaults' })

export const shop = defineModule({
  name: 'shop',
  version: '1.0.0',
  entities: [
    makers,
    products,
    labels,
    productLabels,
    makerLabels,
    makerAwards,
    passports,
    reviews,
    orders,
    texts,
    limits,
    empties,
    rates,
    vaults,
  ],
  access: { admin: 'tenant_writer' },
  actions: [
    allProducts,
    cheaperThan,
    oneProduct,
    add,
    greet,
    sized,
    stockByKind,
    skus,
    doubled,
    document,
    dayAfter,
    noText,
    raise,
    restock,
    rankUp,
    counted,
    checkVaults,
  ],
})
