import { defineModule } from '../../src/app/define-module.ts'
import { action } from '../../src/core/action.ts'
import { row, rows } from '../../src/core/action-definition.ts'
import { entity } from '../../src/core/entity.ts'
import { decimal, integer, json, oneOf, reference, text, uuid } from '../../src/core/field.ts'

/** Stands in every text that nobody may be answered, and nowhere else. */
export const canary = 'kanarienvogel'

/** With everything that the platform counts and notes of a row. */
export const parcels = entity(
  'parcels',
  {
    title: text({ max: 200 }),
    state: oneOf('new', 'sent', 'lost').default('new'),
    weight: decimal(10, 2).optional(),
    rank: integer().default(0),
    within_id: reference<string>('parcels', { onDelete: 'setNull' }).optional(),
    about: json().default({}),
    /** No request may get at it: each row has the text that no answer may have. */
    pin: text().default(canary).hidden(),
  },
  { revision: true, softDelete: true, authors: true },
)

/** All of them together are more than one text holds. For reading only, so that they need not be put back. */
export const scrolls = entity(
  'scrolls',
  { title: text(), parcel_id: reference(() => parcels) },
  { access: { admin: 'tenant_reader' } },
)

const heavier = action('heavier', {
  input: { least: decimal(10, 2), in_state: oneOf('new', 'sent', 'lost').optional() },
  reads: [parcels],
  output: rows(parcels),
  sql: 'select * from parcels p where p.weight >= heavier.least and p.state = coalesce(heavier.in_state, p.state)',
})
const rename = action('rename', {
  input: { parcel: uuid(), title: text({ max: 200 }) },
  writes: [parcels],
  output: row(parcels),
  sql: 'update parcels set title = rename.title where id = rename.parcel returning *',
})
const ship = action('ship', {
  input: { parcel: uuid(), remark: text().optional() },
  writes: [parcels],
  output: row(parcels),
  run: async (tenant, { parcel, remark }) => {
    const { title } = await tenant.get(parcels, parcel)
    return tenant.update(parcels, parcel, { state: 'sent', ...(remark !== null && { title: remark || title }) })
  },
})
const search = action('search', {
  input: { pattern: text(), about: json().optional() },
  reads: [parcels],
  output: rows({ id: uuid(), title: text(), about: json().optional() }),
  run: async (tenant, { pattern, about }) => {
    const found = await tenant.list(parcels, { where: { title: { like: pattern } }, limit: 5 })
    return found.map(({ id, title }) => ({ id, title, about }))
  },
})
const echo = action('echo', { roles: ['admin'], input: { text: text() }, output: text(), sql: 'select echo.text' })

export const yard = defineModule({
  name: 'yard',
  version: '1.0.0',
  entities: [parcels, scrolls],
  access: { admin: 'tenant_writer' },
  actions: [heavier, rename, ship, search, echo],
})

export const parcelCount = 24

export function parcelId(number: number): string {
  return `00000000-0000-7000-8000-${String(number).padStart(12, '0')}`
}

const numbers = Array.from({ length: parcelCount }, (_, index) => index + 1)
/** As JSON, by entity; the same for each tenant. */
export const yardRows: Readonly<Record<string, string>> = {
  parcels: JSON.stringify(
    numbers.map(n => ({
      id: parcelId(n),
      title: `Parcel ${n % 5}`,
      state: ['new', 'sent', 'lost'][n % 3],
      weight: n % 4 === 0 ? null : n / 2,
      rank: n % 6,
      within_id: n % 3 === 0 ? parcelId(n - 1) : null,
      about: { n },
      pin: `${canary} ${n}`,
      revision: 1,
      created_by: 'somebody',
      updated_by: 'somebody',
      created_at: '2026-01-01T00:00:00Z',
      updated_at: '2026-01-01T00:00:00Z',
    })),
  ),
  scrolls: JSON.stringify(
    numbers.map(n => ({
      id: parcelId(n),
      title: `${n} ${'x'.repeat(200_000)}`,
      parcel_id: parcelId(n),
      created_at: '2026-01-01T00:00:00Z',
      updated_at: '2026-01-01T00:00:00Z',
    })),
  ),
}
