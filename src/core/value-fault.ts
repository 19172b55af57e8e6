import type { FieldSpec } from './field.ts'

const whole = /^\s*[-+]?\d+\s*$/
const number = /^\s*[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?\s*$/i
const truth = /^\s*(t|tr|tru|true|y|ye|yes|on|1|f|fa|fal|fals|false|n|no|of|off|0)\s*$/i
const uuid = /^\{?([0-9a-f]{4}-?){7}[0-9a-f]{4}\}?$/i
const greatest = { integer: 2n ** 31n, bigint: 2n ** 63n } as const

/**
 * What is wrong with a value as JSON or text has it, as its author can mend it; undefined where nothing is, or where only the
 * database can tell. Never holds the value.
 */
export function valueFault(spec: FieldSpec, value: unknown): string | undefined {
  if (value === null || value === undefined) return spec.optional ? undefined : 'is required'
  if (!spec.array) return scalarFault(spec, value)
  if (typeof value === 'string' && value.startsWith('{')) return undefined
  if (!Array.isArray(value)) return 'must be an array'
  const faults = value.flatMap((item: unknown) => (item === null ? [] : (scalarFault(spec, item) ?? [])))
  return faults[0] === undefined ? undefined : `has a value that ${faults[0]}`
}

function scalarFault(spec: FieldSpec, value: unknown): string | undefined {
  const text = textOf(value)
  if (text === undefined) return undefined
  switch (spec.type) {
    case 'text':
      return outside(spec, Array.from(text).length, ' characters')
    case 'integer':
    case 'bigint':
      if (!whole.test(text)) return 'must be a whole number'
      return isWithin(BigInt(text.trim()), greatest[spec.type]) ? outside(spec, Number(text)) : 'is out of range'
    case 'decimal':
      if (!number.test(text)) return 'must be a number'
      return Math.abs(Number(text)) < 10 ** ((spec.precision ?? 0) - (spec.scale ?? 0))
        ? outside(spec, Number(text))
        : `must have at most ${(spec.precision ?? 0) - (spec.scale ?? 0)} digits before the point`
    case 'boolean':
      return truth.test(text) ? undefined : 'must be true or false'
    case 'uuid':
      return uuid.test(text) ? undefined : 'must be a UUID'
    case 'oneOf':
      return spec.values?.includes(text) ? undefined : `must be one of ${spec.values?.join(', ')}`
    default:
      return undefined
  }
}

/** Undefined for what is nested deeper than can be written out again; the database refuses it. */
function textOf(value: unknown): string | undefined {
  if (typeof value !== 'object') return String(value)
  try {
    return JSON.stringify(value)
  } catch {
    return undefined
  }
}

function isWithin(value: bigint, bound: bigint): boolean {
  return value >= -bound && value < bound
}

/** The limits of a field, where a number of it lies outside. */
function outside({ min, max }: FieldSpec, measure: number, unit = ''): string | undefined {
  const verb = unit === '' ? 'be' : 'have'
  if (min !== undefined && measure < min) return `must ${verb} at least ${min}${unit}`
  if (max !== undefined && measure > max) return `must ${verb} at most ${max}${unit}`
  return undefined
}
