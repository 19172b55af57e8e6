import type { FieldSpec } from '../core/field.ts'
import type { JsonValue } from '../core/json.ts'
import type { Entity, EntityField } from '../core/module-set.ts'

/** A JSON Schema of draft 2020-12, as plain data. */
export type JsonSchema = { readonly [keyword: string]: JsonValue }

/** `row`: as it is read. `insert`: a new row. `patch`: a change of rows. */
export type SchemaKind = 'row' | 'insert' | 'patch'

/**
 * The JSON Schema of an entity's rows or payloads, without `$ref`. Values are as PostgreSQL's `to_json` writes them:
 * decimals and 64-bit integers are JSON numbers. A payload may also give those as text, which loses no digit. `fields`: those
 * that are seen, with what may be written.
 */
export function jsonSchemaOf(entity: Entity, kind: SchemaKind, fields = entity.fields): JsonSchema {
  const properties: Record<string, JsonSchema> = {}
  const required: string[] = []
  for (const field of fields.values()) {
    const schema = kind === 'row' ? rowField(entity, field) : payloadField(entity, field, kind)
    if (!schema) continue
    properties[field.name] = schema
    if ((kind === 'row' && !field.sometimes) || (kind === 'insert' && mustBeGiven(field))) required.push(field.name)
  }
  return {
    type: 'object',
    properties,
    ...(required.length > 0 && { required }),
    ...(kind !== 'row' && { additionalProperties: false }),
  }
}

function mustBeGiven({ platform, owner, spec }: EntityField): boolean {
  return !platform && !owner && !spec.optional && spec.default === undefined && spec.type !== 'searchText'
}

function rowField(entity: Entity, field: EntityField): JsonSchema {
  const schema = { ...valueSchema(entity, field, 'row'), ...ruleOf(field) }
  const readOnly = field.write === 'never' || (field.platform && field.write !== 'insert' && field.write !== 'always')
  return readOnly ? { ...schema, readOnly } : schema
}

/** The schema of a field in a payload; undefined where the payload may not name it. */
function payloadField(entity: Entity, field: EntityField, kind: 'insert' | 'patch'): JsonSchema | undefined {
  switch (field.write) {
    case 'always':
      return kind === 'insert'
        ? { ...valueSchema(entity, field, kind), ...defaultOf(field.spec) }
        : { ...valueSchema(entity, field, kind), ...ruleOf(field) }
    case 'insert':
      return kind === 'insert' ? { ...valueSchema(entity, field, kind), ...defaultOf(field.spec) } : undefined
    case 'check':
      return kind === 'insert'
        ? { type: 'integer', const: 1 }
        : { type: 'integer', minimum: 1, description: 'The current revision; another one changes nothing and is a 409' }
    case 'restore':
      return kind === 'patch' ? { type: 'null', description: 'Null restores a softly deleted row' } : undefined
    case 'never':
      return undefined
  }
}

function ruleOf({ spec: { rules } }: EntityField): JsonSchema {
  return rules?.writeOnce ? { description: 'Written once: as long as it is null' } : {}
}

/** `now` is a moment and not a value, so it is no default of JSON Schema. */
function defaultOf({ type, default: value }: FieldSpec): JsonSchema {
  if (value === undefined || (value === 'now' && (type === 'timestamp' || type === 'date'))) return {}
  return { default: value }
}

function valueSchema(entity: Entity, { name, spec }: EntityField, kind: SchemaKind): JsonSchema {
  const one = elementSchema(referenced(entity, name, spec), kind)
  return nullable(spec.array ? { type: 'array', items: one } : one, spec.optional)
}

/** A reference has the type of the key it names, which may itself be a reference. */
function referenced(entity: Entity, field: string, spec: FieldSpec, seen: readonly Entity[] = []): FieldSpec {
  if (spec.type !== 'reference' || seen.includes(entity)) return spec
  const relation = entity.references.find(reference => reference.field === field)
  const target = relation?.to.fields.get(relation.toField)
  return relation && target ? referenced(relation.to, target.name, target.spec, [...seen, entity]) : spec
}

function nullable(schema: JsonSchema, optional: boolean): JsonSchema {
  if (!optional) return schema
  const types = [schema.type ?? []].flat()
  const values = schema.enum
  return { ...schema, type: [...types, 'null'], ...(Array.isArray(values) && { enum: [...values, null] }) }
}

function elementSchema(spec: FieldSpec, kind: SchemaKind): JsonSchema {
  switch (spec.type) {
    case 'text':
      return {
        type: 'string',
        ...(spec.min !== undefined && { minLength: spec.min }),
        ...(spec.max !== undefined && { maxLength: spec.max }),
      }
    case 'integer':
      return { type: 'integer', format: 'int32', ...range(spec) }
    case 'bigint':
      return { ...number('integer', kind, '^-?\\d{1,19}$'), format: 'int64', ...range(spec) }
    case 'decimal':
      return decimalSchema(spec, kind)
    case 'boolean':
      return { type: 'boolean' }
    case 'timestamp':
      return { type: 'string', format: 'date-time' }
    case 'date':
      return { type: 'string', format: 'date' }
    case 'uuid':
    case 'reference':
      return { type: 'string', format: 'uuid' }
    case 'json':
      // A JSON null and no value are the same to PostgreSQL's `json_populate_record`.
      return { type: ['object', 'array', 'string', 'number', 'boolean'], description: 'Any JSON' }
    case 'bytes':
      return {
        type: 'string',
        pattern: '^\\\\x([0-9a-fA-F]{2})*$',
        ...(spec.max !== undefined && { maxLength: 2 + 2 * spec.max }),
      }
    case 'oneOf':
      return { type: 'string', enum: spec.values ?? [] }
    case 'range':
      return { type: 'string', description: `A range of ${spec.of}: [from,to), (from,to], or empty` }
    case 'searchText':
      return { type: 'string', description: `The words of ${spec.from?.join(', ')}, for full text search` }
  }
}

/**
 * No `multipleOf` for fractions: validators compute it in binary and would refuse 4.35 as no multiple of 0.01. A pattern
 * applies to the text form only, limits to the number only.
 */
function decimalSchema(spec: FieldSpec, kind: SchemaKind): JsonSchema {
  const { precision = 0, scale = 0 } = spec
  const whole = precision - scale
  const fraction = scale > 0 ? `(\\.\\d{1,${scale}})?` : ''
  const limit = 10 ** whole
  return {
    ...number(scale === 0 ? 'integer' : 'number', kind, `^-?\\d{1,${Math.max(whole, 1)}}${fraction}$`),
    description: `Exact: ${precision} digits, ${scale} of them after the point`,
    ...(Number.isSafeInteger(limit) && { exclusiveMinimum: -limit, exclusiveMaximum: limit }),
    ...range(spec),
  }
}

function number(type: 'integer' | 'number', kind: SchemaKind, pattern: string): JsonSchema {
  return kind === 'row' ? { type } : { type: [type, 'string'], pattern }
}

function range({ min, max }: FieldSpec): JsonSchema {
  return { ...(min !== undefined && { minimum: min }), ...(max !== undefined && { maximum: max }) }
}
