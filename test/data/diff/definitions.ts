import fc from 'fast-check'
import { type EntityDefinition, entity } from '../../../src/core/entity.ts'
import {
  type AnyField,
  array,
  bigint,
  boolean,
  bytes,
  date,
  decimal,
  type EntityOptions,
  integer,
  json,
  oneOf,
  range,
  reference,
  searchText,
  text,
  timestamp,
  uuid,
} from '../../../src/core/field.ts'
import type { JsonValue } from '../../../src/core/json.ts'
import type { ModuleDefinition } from '../../../src/core/module.ts'
import { sql, view } from '../../../src/core/view.ts'

/** What a definition is made from, so that two of them can differ in a little or in a lot. */
export interface Shape {
  readonly entities: readonly EntityShape[]
  /** A view of the first entity, and one of that view. */
  readonly view: boolean
}

interface EntityShape {
  readonly name: string
  readonly renamedFrom: string | null
  readonly fields: readonly FieldShape[]
  readonly revision: boolean
  readonly softDelete: boolean
  readonly authors: boolean
  readonly changes: boolean
  readonly sharing: boolean
  readonly own: boolean
  readonly search: boolean
  readonly unique: boolean
  readonly indexed: boolean
}

interface FieldShape {
  readonly name: string
  readonly renamedFrom: string | null
  readonly type: (typeof types)[number]
  readonly optional: boolean
  readonly defaulted: boolean
  readonly max: number | null
  readonly index: boolean
}

const types = [
  ...['text', 'longText', 'integer', 'bigint', 'decimal', 'wideDecimal', 'boolean', 'timestamp', 'date', 'uuid'],
  ...['json', 'bytes', 'choice', 'otherChoice', 'reference', 'self', 'range', 'texts', 'integers'],
] as const
const fieldNames = ['a', 'b', 'c', 'user', 'text', 'e_id'] as const
const entityNames = ['things', 'others', 'select'] as const

const fieldShape = (name: string): fc.Arbitrary<FieldShape> =>
  fc.record({
    name: fc.constant(name),
    renamedFrom: fc.constant(null),
    type: fc.constantFrom(...types),
    optional: fc.boolean(),
    defaulted: fc.boolean(),
    max: fc.option(fc.integer({ min: 30, max: 40 })),
    index: fc.boolean(),
  })

const entityShape = (name: string): fc.Arbitrary<EntityShape> =>
  fc.record({
    name: fc.constant(name),
    renamedFrom: fc.constant(null),
    fields: fc.subarray([...fieldNames]).chain(names => fc.tuple(...names.map(fieldShape))),
    revision: fc.boolean(),
    softDelete: fc.boolean(),
    authors: fc.boolean(),
    changes: fc.boolean(),
    sharing: fc.boolean(),
    own: fc.boolean(),
    search: fc.boolean(),
    unique: fc.boolean(),
    indexed: fc.boolean(),
  })

const shape: fc.Arbitrary<Shape> = fc
  .subarray([...entityNames], { minLength: 1 })
  .chain(names => fc.record({ entities: fc.tuple(...names.map(entityShape)), view: fc.boolean() }))

/** One definition and another: unlike it, or like it but for some parts and names. */
export const pairs: fc.Arbitrary<{ readonly before: Shape; readonly after: Shape }> = fc.oneof(
  fc.record({ before: shape, after: shape }),
  fc
    .record({ before: shape, other: shape, keep: fc.array(fc.boolean(), { minLength: 12, maxLength: 12 }) })
    .map(({ before, other, keep }) => ({ before, after: changed(before, other, keep) })),
)

function changed(before: Shape, other: Shape, keep: readonly boolean[]): Shape {
  const [renameEntity, renameField, ...rest] = keep
  return {
    view: other.view,
    entities: before.entities.map((entity, place) => {
      const like = other.entities[place]
      const fields = entity.fields.map((field, index) => {
        const taken = rest[index] ? undefined : like?.fields.find(({ name }) => name === field.name)
        if (taken) return taken
        return renameField && index === 0 ? { ...field, name: 'renamed', renamedFrom: field.name } : field
      })
      const options = rest[6 + place] || !like ? entity : { ...like, name: entity.name }
      const name = renameEntity && place === 0 ? 'called' : entity.name
      return { ...options, name, renamedFrom: name === entity.name ? null : entity.name, fields }
    }),
  }
}

export function moduleOf({ entities, view: hasView }: Shape): ModuleDefinition {
  const made: EntityDefinition[] = []
  for (const shape of entities) made.push(entityOf(shape, () => made[0] ?? made[made.length - 1]))
  const [first] = made
  if (hasView && first) made.push(...viewsOf(first))
  return { name: 'prop', version: '1.0.0', entities: made, access: { admin: 'tenant_writer', clerk: 'tenant_writer' } }
}

function viewsOf(first: EntityDefinition): EntityDefinition[] {
  const [shown = 'created_at'] = Object.keys(first.fields).filter(name => name !== 'words')
  const texts = [`select id, "${shown}"::text as shown from `, '']
  const inner = view('inner', { id: uuid(), shown: text() }, { key: ['id'], sql: { texts, reads: [() => first] } })
  return [inner, view('outer', { shown: text() }, { key: ['shown'], sql: sql`select shown from ${inner}` })]
}

function entityOf(shape: EntityShape, first: () => EntityDefinition | undefined): EntityDefinition {
  const fields: Record<string, AnyField> = {}
  for (const field of shape.fields) fields[field.name] = fieldOf(field, shape.name, first)
  const texts = shape.fields.filter(({ type }) => type === 'text').map(({ name }) => name)
  const [word, ...words] = texts
  if (shape.search && word !== undefined) fields.words = searchText(word, ...words)
  const plain = shape.fields
    .filter(({ type }) => !['json', 'range', 'texts', 'integers'].includes(type))
    .map(({ name }) => name)
  const single = shape.fields.filter(({ index }) => index).map(({ name }) => [name] as const)
  const [one, two] = plain
  const both = one !== undefined && two !== undefined ? ([[one, two]] as const) : []
  const options: EntityOptions = {
    revision: shape.revision,
    softDelete: shape.softDelete,
    authors: shape.authors,
    changes: shape.changes,
    shareWith: shape.sharing,
    ...(shape.own && shape.authors && { own: { clerk: 'created_by' } }),
    unique: shape.unique ? both : [],
    indexes: [...single, ...(shape.indexed ? [['created_at'] as const, ...both] : [])],
    ...(shape.renamedFrom !== null && { renamedFrom: shape.renamedFrom }),
  }
  return entity(shape.name, fields, options)
}

function fieldOf(shape: FieldShape, own: string, first: () => EntityDefinition | undefined): AnyField {
  const base = baseOf(shape, own, first)
  const optional = shape.optional ? base.optional() : base
  const plain = !['reference', 'self'].includes(shape.type) && shape.defaulted
  const defaulted = plain ? optional.default((defaults[shape.type] ?? null) as never) : optional
  // A field that is indexed may as well be written once.
  const ruled = shape.index && shape.optional ? defaulted.writeOnce() : defaulted
  return shape.renamedFrom === null ? ruled : ruled.renamedFrom(shape.renamedFrom)
}

const defaults: Readonly<Record<string, JsonValue>> = {
  text: 'it\'s \u0024{prefix} "a" b',
  longText: 'tenantry_main \u0024{$}',
  integer: 7,
  bigint: 7,
  decimal: '1.50',
  wideDecimal: '1.50',
  boolean: true,
  timestamp: 'now',
  date: '2026-01-01',
  uuid: '00000000-0000-7000-8000-000000000001',
  json: { main: ['tenantry_main'] },
  bytes: '\\x00ff',
  choice: 'x',
  otherChoice: 'y',
  range: '[1,5)',
  texts: ['a'],
  integers: [1],
}

function baseOf({ type, max }: FieldShape, own: string, first: () => EntityDefinition | undefined): AnyField {
  const limit = max === null ? {} : { max }
  switch (type) {
    case 'text':
      return text(limit)
    case 'longText':
      return text({ min: 1, ...limit, collation: 'POSIX' })
    case 'integer':
      return integer(limit)
    case 'bigint':
      return bigint(limit)
    case 'decimal':
      return decimal(6, 2, limit)
    case 'wideDecimal':
      return decimal(20, 3, limit)
    case 'boolean':
      return boolean()
    case 'timestamp':
      return timestamp()
    case 'date':
      return date()
    case 'uuid':
      return uuid()
    case 'json':
      return json()
    case 'bytes':
      return bytes(limit)
    case 'choice':
      return oneOf('x', 'y')
    case 'otherChoice':
      return oneOf('x', 'y', "z's")
    case 'reference': {
      const target = first()
      return target ? reference(() => target) : reference(own)
    }
    case 'self':
      return reference(own, { onDelete: 'cascade' })
    case 'range':
      return range('integer')
    case 'texts':
      return array(text(limit))
    case 'integers':
      return array(integer(limit))
    default:
      return text()
  }
}
