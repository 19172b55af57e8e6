import { defineModule } from '../../src/app/define-module.ts'
import { entity } from '../../src/core/entity.ts'
import {
  array,
  bigint,
  bytes,
  date,
  decimal,
  integer,
  json,
  oneOf,
  reference,
  searchText,
  text,
  timestamp,
  uuid,
} from '../../src/core/field.ts'
import { seed } from '../../src/core/module.ts'
import { type OpenProduct, openProduct, type ProductOptions } from './open-product.ts'

const papers = entity(
  'papers',
  {
    title: text({ min: 2, max: 20 }),
    pages: integer({ min: 0, max: 100 }).default(0),
    kind: oneOf('letter', 'bill').default('letter'),
    code: text().unique().optional(),
    price: decimal(10, 2).optional(),
    due: date().optional(),
    sent_at: timestamp().optional(),
    device: uuid().optional(),
    tags: array(text()).default([]),
    extra: json().optional(),
    words: searchText('title'),
  },
  { revision: true, softDelete: true, authors: true },
)

const lines = entity(
  'lines',
  { paper_id: reference(() => papers, { onDelete: 'cascade' }), label: text(), size: bigint().optional() },
  { indexes: [['label']] },
)

/** Asks less of everybody than the product does. */
const slips = entity(
  'slips',
  { text: text(), paper_id: reference(() => papers).optional() },
  { limits: { rows: 3, depth: 2, filters: 2, bodyBytes: 200, timeoutMs: 300 } },
)

/** A key of its own, of two fields, and nothing that the platform counts. */
const places = entity(
  'places',
  { room: text(), shelf: integer(), note: text().optional(), seal: bytes().optional() },
  { key: ['room', 'shelf'] },
)

/** Kept apart by instance. */
const meters = entity('meters', { title: text(), value: integer().default(0) }, { instanced: true, revision: true })

const desk = defineModule({
  name: 'desk',
  version: '1.0.0',
  entities: [papers, lines, slips, places, meters],
  access: { admin: 'tenant_writer', auditor: 'tenant_reader', keeper: 'tenant_instance_writer' },
})

/** Another module with an entity of the same name. */
const attic = defineModule({
  name: 'attic',
  version: '1.0.0',
  entities: [entity('papers', { title: text() }, { revision: true })],
  access: { admin: 'tenant_writer' },
})

/** Both tenants have rows with these ids. */
export const ids = {
  one: '00000000-0000-7000-8000-000000000001',
  two: '00000000-0000-7000-8000-000000000002',
  new: '00000000-0000-7000-8000-0000000000ff',
} as const

/** Acme and globex with the same ids, each text naming its tenant. */
export function openDesk(options: Partial<ProductOptions> = {}): Promise<OpenProduct> {
  const tenant = (key: string) => ({
    key,
    subscribe: ['desk@1', 'attic@1'],
    rows: [
      seed(papers, [
        { id: ids.one, title: `One of ${key}` },
        { id: ids.two, title: `Two of ${key}` },
      ]),
    ],
  })
  return openProduct({ modules: [desk, attic], tenants: [tenant('acme'), tenant('globex')], ...options })
}
