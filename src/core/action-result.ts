import { TenantryError } from './errors.ts'
import { payloadText } from './exact-json.ts'
import type { FieldSpec } from './field.ts'
import type { Action } from './module-set.ts'

/**
 * What a body in TypeScript answered, as JSON text of rows. Throws `internal`, with what is wrong in its cause, for anything
 * but what the action's output says; none of it is shown to the caller.
 */
export function resultText(action: Action, result: unknown): string {
  const { kind } = action.output
  if (kind === 'nothing') {
    if (result !== undefined) throw wrong(action, 'something, and its output is nothing')
    return '[]'
  }
  if (kind === 'rows' && !Array.isArray(result)) throw wrong(action, 'no list of rows')
  const rows: readonly unknown[] =
    kind === 'rows' && Array.isArray(result) ? result : [kind === 'value' ? { value: result } : result]
  for (const row of rows) checkRow(action, row)
  return payloadText(rows)
}

function checkRow(action: Action, row: unknown): void {
  if (typeof row !== 'object' || row === null) throw wrong(action, 'no row where one is needed')
  const { fields } = action.output.entity
  const values = row as Readonly<Record<string, unknown>>
  for (const { name, spec } of fields.values()) {
    // A reserved field is missing from what was read for somebody who may not read it.
    if (spec.rules?.reserved?.read && values[name] === undefined) continue
    const problem = Object.hasOwn(values, name) ? problemOf(spec, values[name]) : 'missing'
    if (problem) throw wrong(action, `a row whose "${name}" is ${problem}`)
  }
  const unknown = Object.keys(values).find(name => !fields.has(name))
  if (unknown !== undefined) throw wrong(action, `a row with "${unknown}", which is no field of it`)
}

function problemOf(spec: FieldSpec, value: unknown): string | undefined {
  if (value === null) return spec.optional ? undefined : 'null'
  if (!spec.array) return isValue(spec, value) ? undefined : `no ${spec.type}`
  return Array.isArray(value) && value.every(item => isValue(spec, item)) ? undefined : `no array of ${spec.type}`
}

function isValue({ type, values }: FieldSpec, value: unknown): boolean {
  switch (type) {
    case 'integer':
      return Number.isInteger(value)
    case 'bigint':
      return typeof value === 'bigint'
    case 'decimal':
      return typeof value === 'string' && /^-?(\d+(\.\d*)?|\.\d+)$/.test(value)
    case 'boolean':
      return typeof value === 'boolean'
    case 'bytes':
      return value instanceof Uint8Array
    case 'oneOf':
      return typeof value === 'string' && (values?.includes(value) ?? false)
    case 'json':
      return value !== undefined
    case 'reference':
      return value !== undefined
    default:
      return typeof value === 'string'
  }
}

function wrong(action: Action, what: string): TenantryError {
  return new TenantryError('internal', 'Something went wrong on our side', {
    cause: new Error(`The action ${action.id} answered ${what}`),
  })
}
