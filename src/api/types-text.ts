import type { JsonValue } from '../core/json.ts'
import type { JsonSchema } from './json-schema.ts'

/** The TypeScript type of an object that a JSON Schema of ours describes, one property a line. */
export function objectType(schema: JsonSchema): string {
  const required = new Set(listOf(schema.required))
  const properties = Object.entries(schemaOf(schema.properties)).map(([name, value]) => {
    const property = schemaOf(value)
    const about = aboutOf(property)
    const comment = about === undefined ? '' : `  /** ${commentText(about)} */\n`
    return `${comment}  ${propertyName(name)}${required.has(name) ? '' : '?'}: ${typeOf(property)}\n`
  })
  return properties.length === 0 ? '{ [_ in never]: never }' : `{\n${properties.join('')}}`
}

/** The type of one of its properties. */
export function propertyType(schema: JsonSchema, name: string): string {
  return typeOf(schemaOf(schemaOf(schema.properties)[name]))
}

const primitives: ReadonlyMap<JsonValue, string> = new Map([
  ['string', 'string'],
  ['integer', 'number'],
  ['number', 'number'],
  ['boolean', 'boolean'],
  ['null', 'null'],
  // Only a field of any JSON may hold an object, and then everything else too.
  ['object', 'Json'],
])

function typeOf(schema: JsonSchema): string {
  if (schema.const !== undefined) return literalType(schema.const)
  if (schema.enum !== undefined) return union(listOf(schema.enum).map(literalType))
  const types = listOf(schema.type)
  if (types.includes('object')) return union(['Json', ...(types.includes('null') ? ['null'] : [])])
  return union(
    types.map(type => (type === 'array' ? arrayType(schemaOf(schema.items)) : (primitives.get(type) ?? 'Json'))),
  )
}

function arrayType(items: JsonSchema): string {
  const type = typeOf(items)
  return type.includes('|') ? `(${type})[]` : `${type}[]`
}

function union(types: readonly string[]): string {
  return types.length === 0 ? 'never' : [...new Set(types)].join(' | ')
}

function literalType(value: JsonValue): string {
  return typeof value === 'string' ? stringType(value) : JSON.stringify(value)
}

/** What the type alone does not say. */
function aboutOf({ description, format, default: value, ...schema }: JsonSchema): string | undefined {
  const items = schema.items === undefined ? {} : schemaOf(schema.items)
  const known = formats.get(format ?? items.format ?? null)
  const parts = [
    ...[description ?? known ?? []].flat(),
    ...(value === undefined ? [] : [`Default: ${JSON.stringify(value)}`]),
  ]
  return parts.length === 0 ? undefined : parts.join('. ')
}

const formats: ReadonlyMap<JsonValue, string> = new Map([
  ['date', 'A day, YYYY-MM-DD'],
  ['int64', '64 bits: JavaScript keeps 53 of them'],
])

/** A name as it may stand before a colon. */
export function propertyName(name: string): string {
  return /^[A-Za-z_$][\w$]*$/.test(name) ? name : stringType(name)
}

export function stringType(text: string): string {
  return /^[\w @.-]*$/.test(text) ? `'${text}'` : JSON.stringify(text)
}

/** On one line, and without an end of the comment that it stands in. */
export function commentText(text: string): string {
  return text.replaceAll('*/', '* /').replace(/\s+/g, ' ')
}

function schemaOf(value: JsonValue | undefined): JsonSchema {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonSchema) : {}
}

function listOf(value: JsonValue | undefined): readonly JsonValue[] {
  return value === undefined ? [] : Array.isArray(value) ? value : [value]
}
