import { action } from '../../core/action.ts'
import { row, rows } from '../../core/action-definition.ts'
import { entity } from '../../core/entity.ts'
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
} from '../../core/field.ts'
import type { ModuleDefinition } from '../../core/module.ts'

/** A field of every type. */
export const values = entity('values', {
  label: text({ min: 1, max: 20 }).optional(),
  whole: integer({ min: -5, max: 1000 }).optional(),
  big: bigint().optional(),
  price: decimal(12, 2).default('0'),
  flag: boolean().optional(),
  moment: timestamp().optional(),
  day: date().optional(),
  code: uuid().optional(),
  data: json().optional(),
  raw: bytes({ max: 8 }).optional(),
  kind: oneOf('plain', 'fancy').default('plain'),
  tags: array(text({ max: 10 })).default([]),
  numbers: array(integer()).optional(),
})

export const makers = entity('makers', { name: text({ max: 100 }) }, { softDelete: true, unique: [['name']] })

export const things = entity(
  'things',
  {
    title: text({ max: 100 }),
    rank: integer().optional(),
    maker_id: reference(() => makers, { onDelete: 'setNull' }).optional(),
    parent_id: reference('things').optional(),
  },
  { indexes: [['title']] },
)

export const parts = entity('parts', {
  thing_id: reference(() => things, { onDelete: 'cascade' }),
  label: text({ max: 100 }),
  twin_id: reference('parts', { onDelete: 'setNull' }).optional().unique(),
})

/** A key of the author's own, and one of several fields. */
export const units = entity('units', { code: text({ max: 10 }), title: text().optional() }, { key: ['code'] })
export const rates = entity(
  'rates',
  { unit: reference(() => units), day: date(), rate: decimal(10, 4) },
  { key: ['unit', 'day'] },
)

/** Everything that the platform keeps about a row. */
export const papers = entity(
  'papers',
  { slug: text({ max: 50 }).unique(), title: text({ max: 200 }).default('untitled'), words: integer().optional() },
  { revision: true, softDelete: true, authors: true },
)

export const rooms = entity('rooms', { name: text().unique() }, { instanced: true })

export const thingsFrom = action('things_from', {
  input: { least: integer({ min: 0 }), title: text().optional() },
  reads: [things],
  output: rows(things),
  sql: `select * from things t where t.rank >= things_from.least and t.title = coalesce(things_from.title, t.title)`,
})

/** One row, or none and then nothing is done. */
export const rankUp = action('rank_up', {
  input: { of_title: text(), by: integer().default(1) },
  writes: [things],
  output: row(things),
  sql: 'update things set rank = rank + rank_up.by where title = rank_up.of_title returning *',
})

export const bigSum = action('big_sum', {
  input: { big: bigint() },
  reads: [values],
  output: bigint(),
  sql: 'select coalesce(sum(v.big), 0)::bigint + big_sum.big from "values" v',
})

/** A body in TypeScript: what it answers is shown by the datasource. */
export const addTwice = action('add_twice', {
  input: { title: text({ max: 100 }), rank: integer().default(7) },
  writes: [things],
  output: rows(things),
  run: (tenant, { title, rank }) =>
    tenant.insert(things, [
      { title: `${title} 1`, rank },
      { title: `${title} 2`, rank },
    ]),
})

export const contractModule: ModuleDefinition = {
  name: 'contract',
  version: '1.0.0',
  entities: [values, makers, things, parts, units, rates, papers, rooms],
  access: { admin: 'tenant_writer', auditor: 'tenant_reader' },
  actions: [thingsFrom, rankUp, bigSum, addTwice],
}
