import { defineModule } from '../../src/app/define-module.ts'
import type { TenantWish } from '../../src/app/operations.ts'
import { action } from '../../src/core/action.ts'
import { row, rows } from '../../src/core/action-definition.ts'
import { entity } from '../../src/core/entity.ts'
import { TenantryError } from '../../src/core/errors.ts'
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
import { seed } from '../../src/core/module.ts'

const access = { admin: 'tenant_writer', auditor: 'tenant_reader' } as const

const cities = entity('cities', { name: text({ max: 100 }).unique(), country: text({ max: 2 }).default('DE') })

const directory = defineModule({ name: 'directory', version: '1.0.0', public: true, entities: [cities], access })

const customers = entity(
  'customers',
  {
    title: text({ min: 1, max: 200 }),
    email: text().unique(),
    status: oneOf('lead', 'active', 'inactive').default('lead'),
    city_id: reference(() => cities).optional(),
    referrer_id: reference<string>('customers', { onDelete: 'setNull' }).optional(),
    age: integer({ min: 0 }).optional(),
    visits: bigint().default(0),
    credit: decimal(12, 2).default('0'),
    active: boolean().default(true),
    seen_at: timestamp().optional(),
    born_on: date().optional(),
    tags: array(text()).default([]),
    details: json().default({}),
    photo: bytes().optional(),
    stay: range('date').optional(),
    words: searchText('title'),
  },
  { revision: true, softDelete: true },
)

/** At most one of a customer. */
const profiles = entity('profiles', {
  customer_id: reference(() => customers, { onDelete: 'cascade' }).unique(),
  motto: text(),
})

/** A place in a customer's list is taken once. */
const orders = entity(
  'orders',
  {
    customer_id: reference(() => customers, { onDelete: 'cascade' }),
    place: integer(),
    total: decimal(12, 2),
  },
  { unique: [['customer_id', 'place']] },
)

const users = entity('users', { username: text(), title: text() }, { key: ['username'] })

const customersIn = action('customers_in', {
  description: 'Customers who live in a city',
  input: { city: text(), least_age: integer().default(0) },
  reads: [customers, cities],
  output: rows(customers),
  sql: `select c.* from customers c join directory_v1.cities t on t.id = c.city_id
    where t.name = customers_in.city and coalesce(c.age, 0) >= customers_in.least_age`,
})

const creditOf = action('credit_of', {
  input: { statuses: array(oneOf('lead', 'active', 'inactive')).optional() },
  reads: [customers],
  output: decimal(14, 2),
  sql: `select coalesce(sum(credit), 0) from customers c where credit_of.statuses is null or c.status = any (credit_of.statuses)`,
})

const spending = action('spending', {
  reads: [customers, orders],
  output: rows({ title: text(), orders: bigint(), total: decimal(14, 2) }),
  sql: `select c.title, count(*), sum(o.total) from orders o join customers c on c.id = o.customer_id group by 1`,
})

const promote = action('promote', {
  input: { customer: reference(() => customers) },
  writes: [customers],
  output: row(customers),
  run: async (tenant, { customer }) => {
    const { status } = await tenant.get(customers, customer)
    if (status === 'active') throw new TenantryError('conflict', 'The customer is active', { reason: 'active_already' })
    return tenant.update(customers, customer, { status: 'active' })
  },
})

const visit = action('visit', {
  input: { customer: uuid() },
  writes: [customers],
  sql: 'update customers set visits = visits + 1 where id = visit.customer',
})

const crm = defineModule({
  name: 'crm',
  version: '1.2.0',
  dependsOn: ['directory@1'],
  entities: [customers, profiles, orders, users],
  access,
  actions: [customersIn, creditOf, spending, promote, visit],
})

/** Has an entity called as one of `crm`. */
const club = defineModule({ name: 'club', version: '1.0.0', entities: [entity('users', { nickname: text() })], access })

export const clientModules = [directory, crm, club]

/** What both tenants are asked for; their rows have the same ids, and no other content in common. */
export const ids = {
  berlin: '00000000-0000-7000-8000-000000000001',
  paris: '00000000-0000-7000-8000-000000000002',
  ada: '00000000-0000-7000-8000-00000000000a',
  bob: '00000000-0000-7000-8000-00000000000b',
  cyd: '00000000-0000-7000-8000-00000000000c',
  order: '00000000-0000-7000-8000-0000000000f1',
} as const

/** `tag` is in every text of the tenant, so that a row of another one is seen at once. */
function tenant(key: string, tag: string): TenantWish {
  const person = (name: string) => ({ title: `${name} of ${tag}`, email: `${name.toLowerCase()}@${tag}.example` })
  return {
    key,
    subscribe: ['crm@1', 'club@1'],
    rows: [
      seed(cities, [
        { id: ids.berlin, name: `Berlin ${tag}` },
        { id: ids.paris, name: `Paris ${tag}`, country: 'FR' },
      ]),
      seed(customers, [
        {
          ...{
            id: ids.ada,
            ...person('Ada'),
            status: 'active',
            city_id: ids.berlin,
            age: 36,
            visits: 9_007_199_254_740_993n,
          },
          ...{ credit: '1234.50', seen_at: '2026-01-02T03:04:05+00:00', born_on: '1990-12-10', tags: ['vip', 'early'] },
          ...{ details: { level: 3, lang: 'en', note: tag }, stay: '[2026-01-01,2026-02-01)' },
        },
        {
          ...{ id: ids.bob, ...person('Bob'), city_id: ids.paris, referrer_id: ids.ada, age: 20, credit: '10.25' },
          ...{ active: false, tags: ['early'], details: { level: 1, lang: 'fr' }, stay: '[2026-02-01,2026-03-01)' },
        },
        { id: ids.cyd, ...person('Cyd'), status: 'inactive', credit: '99.99' },
      ]),
      seed(profiles, [{ customer_id: ids.ada, motto: `Onwards, ${tag}` }]),
      seed(orders, [
        { id: ids.order, customer_id: ids.ada, place: 1, total: '10.00' },
        { customer_id: ids.ada, place: 2, total: '20.00' },
        { customer_id: ids.bob, place: 1, total: '30.00' },
      ]),
      seed(users, [{ username: 'root', title: `root of ${tag}` }]),
    ],
  }
}

export const twoTenants = [tenant('acme', 'acme'), tenant('globex', 'globex')]
