import type { RangeType } from '../../../core/field.ts'
import type { Entity, EntityField } from '../../../core/module-set.ts'

const types = {
  text: 'text',
  integer: 'integer',
  bigint: 'bigint',
  decimal: 'numeric',
  boolean: 'boolean',
  timestamp: 'timestamptz',
  date: 'date',
  uuid: 'uuid',
  json: 'jsonb',
  bytes: 'bytea',
  oneOf: 'text',
  searchText: 'tsvector',
} as const

const ranges: Readonly<Record<RangeType, string>> = {
  integer: 'int4range',
  bigint: 'int8range',
  decimal: 'numrange',
  date: 'daterange',
  timestamp: 'tstzrange',
}

/** The SQL type of a field's values, without limits (those are the column's): what a value is bound and cast as. */
export function valueType(entity: Entity, field: EntityField): string {
  return `${elementType(entity, field)}${field.spec.array ? '[]' : ''}`
}

/** The SQL type of a field's column, with the limits of decimals. */
export function columnType(entity: Entity, field: EntityField): string {
  const { type, precision, scale, array } = field.spec
  return type === 'decimal' ? `numeric(${precision}, ${scale})${array ? '[]' : ''}` : valueType(entity, field)
}

/** The SQL type of one value, also where the field is an array. */
export function elementType(entity: Entity, { name, spec }: EntityField): string {
  if (spec.type === 'range') return ranges[spec.of ?? 'integer']
  if (spec.type !== 'reference') return types[spec.type]
  const relation = entity.references.find(({ field }) => field === name)
  const target = relation?.to.fields.get(relation.toField)
  return relation && target ? elementType(relation.to, target) : types.uuid
}

/** True for types whose JSON form a parser may round or must decode; `exact` output shows them as text. */
export function needsExactOutput(entity: Entity, field: EntityField): boolean {
  const type = elementType(entity, field)
  return type === 'bigint' || type === 'numeric'
}
