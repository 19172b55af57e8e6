import { defineModule } from '../../src/app/define-module.ts'
import { entity } from '../../src/core/entity.ts'
import { bigint, bytes, decimal, integer, json, reference, searchText, text } from '../../src/core/field.ts'
import { seed } from '../../src/core/module.ts'
import { upgradeRows } from '../../src/core/upgrade-definition.ts'
import { sql, view } from '../../src/core/view.ts'
import { type OpenProduct, openProduct } from '../http/open-product.ts'

const access = { admin: 'tenant_writer', auditor: 'tenant_reader', service_admin: 'writer' } as const

const places = entity('places', { title: text() }, { revision: true })
const geography = defineModule({ name: 'geography', version: '1.0.0', public: true, entities: [places], access })

const people1 = entity(
  'people',
  {
    title: text({ max: 200 }),
    email: text().unique(),
    place_id: reference(() => places, { onDelete: 'setNull' }).optional(),
    friend_id: reference<string>('people').optional(),
    size: bigint().default(0),
    money: decimal(20, 4).default('0'),
    details: json().default({}),
    photo: bytes().optional(),
    words: searchText('title'),
    nickname: text().optional(),
  },
  { revision: true, softDelete: true, authors: true },
)
const meters1 = entity('meters', { title: text(), shown: integer().default(0) }, { instanced: true })
const notes1 = entity('notes', { text: text() })
/** Holds no rows, although it references them. */
const sizesOf = (people: typeof people1 | typeof people2) =>
  view(
    'sizes',
    { person_id: reference(() => people), size: bigint() },
    { key: ['person_id'], sql: sql`select p.id as person_id, p.size from ${people} p` },
  )

const people = defineModule({
  name: 'people',
  version: '1.0.0',
  dependsOn: ['geography@1'],
  entities: [people1, meters1, notes1, sizesOf(people1)],
  access,
})

const people2 = entity(
  'people',
  {
    first_name: text(),
    last_name: text().default(''),
    email: text().unique(),
    place_id: reference(() => places, { onDelete: 'setNull' }).optional(),
    friend_id: reference<string>('people').optional(),
    size: bigint().default(0),
    money: decimal(20, 4).default('0'),
    details: json().default({}),
    photo: bytes().optional(),
    level: integer().default(3),
  },
  { revision: true, softDelete: true, authors: true },
)
/** As they were; a new field has a default. */
const meters2 = entity(
  'meters',
  { title: text(), shown: integer().default(0), unit: text().default('kWh') },
  { instanced: true },
)

/** A title that a step cannot take apart, so that tests can make an upgrade fail. */
export const impossible = '???'

const peopleTwo = defineModule({
  name: 'people',
  version: '2.0.0',
  dependsOn: ['geography@1'],
  entities: [people2, meters2, sizesOf(people2)],
  access,
  upgrade: {
    from: 1,
    up: [
      upgradeRows(people1, people2, ({ title, ...rest }) => {
        if (title === impossible) throw new Error('there is no name in it')
        const [first_name = '', ...more] = title.split(' ')
        return { ...rest, first_name, last_name: more.join(' ') }
      }),
    ],
    down: [
      upgradeRows(people2, people1, ({ first_name, last_name, ...rest }) => ({
        ...rest,
        title: `${first_name} ${last_name}`.trim(),
      })),
    ],
    dropped: [notes1],
  },
})

const orders1 = entity('orders', {
  title: text(),
  person_id: reference(() => people1, { onDelete: 'cascade' }),
  amount: decimal(12, 2).default('0'),
})
const orders = defineModule({
  name: 'orders',
  version: '1.0.0',
  dependsOn: ['people@1'],
  entities: [orders1],
  access,
})
const orders2 = entity('orders', {
  title: text(),
  person_id: reference(() => people2, { onDelete: 'cascade' }),
  amount: decimal(12, 2).default('0'),
})
const kinds2 = entity('kinds', { title: text() })
const ordersTwo = defineModule({
  name: 'orders',
  version: '2.0.0',
  dependsOn: ['people@2'],
  entities: [orders2, kinds2],
  access,
  upgrade: { from: 1 },
  seeds: [
    seed(kinds2, [{ id: '00000000-0000-7000-8000-000000000001', title: 'plain' }]),
    seed(kinds2, [{ id: '00000000-0000-7000-8000-000000000002', title: 'tried out' }], { temporary: true }),
  ],
})

const visits = defineModule({
  name: 'visits',
  version: '1.0.0',
  dependsOn: ['people@1'],
  entities: [entity('visits', { person_id: reference(() => people1) })],
  access,
})
/** Depends on the new major only. */
const badges = defineModule({
  name: 'badges',
  version: '1.0.0',
  dependsOn: ['people@2'],
  entities: [entity('badges', { person_id: reference(() => people2) })],
  access,
})

const trips = { name: 'trips', entities: [], access }
const tripsOne = defineModule({ ...trips, version: '1.0.0', dependsOn: ['people@1'] })
const tripsTwo = defineModule({
  ...trips,
  version: '2.0.0',
  dependsOn: ['people@2', 'routes@1'],
  upgrade: { from: 1 },
})
/** Comes along with the new major of trips, and needs that of people as it does. */
const routes = defineModule({
  name: 'routes',
  version: '1.0.0',
  public: true,
  dependsOn: ['people@2'],
  entities: [entity('routes', { guide_id: reference(() => people2, { onDelete: 'cascade' }) })],
  access,
})

const modules = [geography, people, peopleTwo, orders, ordersTwo, visits, badges, tripsOne, tripsTwo, routes]

/** Two tenants on the old majors. */
export function openWorld(): Promise<OpenProduct> {
  const subscribe = ['people@1', 'orders@1']
  return openProduct({
    modules,
    tenants: [
      { key: 'acme', subscribe },
      { key: 'globex', subscribe },
    ],
  })
}
