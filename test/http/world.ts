import { defineModule } from '../../src/app/define-module.ts'
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
  reference,
  text,
  timestamp,
  uuid,
} from '../../src/core/field.ts'

const access = { admin: 'tenant_writer', auditor: 'tenant_reader' } as const

/** Public: tenants that run it as a dependency use it too. */
export const places = entity(
  'places',
  { title: text({ max: 400 }), code: text({ max: 400 }).unique() },
  { authors: true, indexes: [['title']] },
)

/** One table for all tenants, named by rows of each of them. */
const currencies = entity('currencies', { code: text({ max: 3 }), title: text() }, { key: ['code'], scope: 'global' })

export const geography = defineModule({
  name: 'geography',
  version: '1.2.0',
  public: true,
  entities: [places, currencies],
  access,
})

/** Runs as a dependency and is not exposed. */
export const secrets = entity('secrets', { title: text(), place_id: reference(() => places).optional() })

export const vault = defineModule({
  name: 'vault',
  version: '1.0.0',
  dependsOn: ['geography@1'],
  entities: [secrets],
  access,
})

export const people = entity(
  'people',
  {
    title: text(),
    email: text().unique(),
    boss_id: reference<string>('people', { onDelete: 'setNull' }).optional(),
    place_id: reference(() => places).optional(),
    secret_id: reference(() => secrets, { onDelete: 'setNull' }).optional(),
    currency_id: reference(() => currencies).optional(),
    age: integer().default(0),
    size: bigint().default(0),
    money: decimal(12, 2).default('0'),
    active: boolean().default(true),
    seen_at: timestamp().optional(),
    born_on: date().optional(),
    device: uuid().optional(),
    kind: oneOf('lead', 'active').default('lead'),
    tags: array(text()).default([]),
    details: json().default({}),
    photo: bytes().optional(),
  },
  { revision: true, softDelete: true, authors: true, indexes: [['kind', 'title']] },
)

/** Cascades with its person; also names it by a second way. */
export const notes = entity(
  'notes',
  {
    title: text(),
    person_id: reference(() => people, { onDelete: 'cascade' }),
    reader_id: reference(() => people, { onDelete: 'setNull' }).optional(),
  },
  { revision: true },
)

/** A key of its own. */
export const users = entity('users', { username: text(), title: text() }, { key: ['username'] })

export const sessions = entity(
  'sessions',
  { user_id: reference(() => users, { onDelete: 'cascade' }), number: integer(), title: text() },
  { key: ['user_id', 'number'] },
)

/** Kept apart by instance inside a tenant. */
const meters = entity('meters', { title: text(), value: integer().default(0) }, { instanced: true })

/** No service role of a tenant may. */
const forbidden = entity('forbidden', { title: text() }, { access: { admin: 'none', auditor: 'none' } })

/** Anybody may read it, and write to it as admin. */
export const posts = entity('posts', { title: text() }, { access: { anonymous: 'tenant_reader' } })

export const crew = defineModule({
  name: 'crew',
  version: '1.4.0',
  dependsOn: ['geography@1', 'vault@1'],
  entities: [people, notes, users, sessions, meters, forbidden, posts],
  access,
  routes: app => {
    app.get('/ping', async ({ tenant }) => ({ tenant: tenant.key }))
    app.get('/whoami', async ({ tenant }) => ({ tenant: tenant.key, people: await tenant.list(people) }))
    app.get<{ Params: { id: string } }>('/people/:id/notes', ({ tenant, params }) =>
      tenant.list(notes, { where: { person_id: params.id } }),
    )
    app.post<{ Body: { title: string } }>('/rename-all', async ({ tenant, body }) =>
      tenant.transaction(async inside => {
        for (const { id } of await inside.list(people)) await inside.update(people, id, { title: body.title })
        return { done: true }
      }),
    )
    app.get('/fail', async () => {
      throw new Error('this text is for the log only')
    })
  },
})

/** The next major, with an entity of the same name; a tenant may run both. */
export const crew2 = defineModule({
  name: 'crew',
  version: '2.0.0',
  entities: [entity('people', { title: text(), nickname: text().optional() })],
  access,
  routes: app => {
    app.get('/ping', async ({ tenant }) => ({ tenant: tenant.key, major: tenant.context.module?.version.major ?? 0 }))
  },
})

/** Has an entity called as one of `crew`. */
export const club = defineModule({
  name: 'club',
  version: '1.0.1',
  entities: [entity('users', { title: text() }), entity('prizes', { title: text() })],
  access,
})
