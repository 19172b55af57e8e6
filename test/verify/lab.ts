import { defineModule } from '../../src/app/define-module.ts'
import { action } from '../../src/core/action.ts'
import { rows } from '../../src/core/action-definition.ts'
import { entity } from '../../src/core/entity.ts'
import { oneOf, reference, text } from '../../src/core/field.ts'

const countries = entity('countries', { code: text({ max: 2 }) }, { key: ['code'], scope: 'global' })

export const people = entity(
  'people',
  {
    title: text({ max: 60 }),
    email: text().unique(),
    password: text().optional().hidden(),
    assignee: text().optional(),
    kind: oneOf('lead', 'client').default('lead'),
    boss_id: reference<string>('people', { onDelete: 'setNull' }).optional(),
    country_code: reference(() => countries).optional(),
  },
  { revision: true, softDelete: true, access: { agent: 'tenant_writer' }, own: { agent: 'assignee' } },
)

/** Kept apart by instance inside a tenant. */
const meters = entity('meters', { title: text() }, { instanced: true })

const reportsOf = action('reports_of', {
  input: { person_id: reference(() => people) },
  reads: [people],
  output: rows(people),
  sql: 'select * from people p where p.boss_id = reports_of.person_id',
})

/** Small, with one of everything that can go wrong. */
export const lab = defineModule({
  name: 'lab',
  version: '1.0.0',
  entities: [countries, people, meters],
  actions: [reportsOf],
  access: { admin: 'tenant_writer', service_admin: 'writer' },
})
