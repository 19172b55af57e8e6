import type { FieldSpec, RangeType } from '../core/field.ts'
import type { Entity, EntityField, ModuleSet } from '../core/module-set.ts'
import type { RowMaker } from './attack.ts'
import { secretOf } from './canary.ts'

const shared = [1, 2, 3]
const foreign = [101, 102, 103]
const absent = [201, 202, 203]

/**
 * Rows of every entity as its definition allows them. Keys and unique values say nothing of whose they are: both tenants have
 * them, and as good as certainly nobody else; every other text begins with the canary. `mark` is eight hexadecimal digits; `globals` are keys of rows that all share.
 */
export function createRowMaker(
  { modules }: Pick<ModuleSet, 'modules'>,
  mark: string,
  globals: ReadonlyMap<Entity, string>,
): RowMaker {
  const numberOf = new Map(modules.flatMap(({ entities }) => entities).map((entity, index) => [entity, index]))
  const idOf = (entity: Entity, number: number) =>
    `${mark}-0000-7000-8000-${(numberOf.get(entity) ?? 0).toString(16).padStart(4, '0')}${String(number).padStart(8, '0')}`

  const valueIn = (entity: Entity, name: string, number: number, canary: string): unknown => {
    const field = entity.fields.get(name)
    if (!field) return undefined
    if (name === 'id' && field.platform) return idOf(entity, number)
    const relation = entity.references.find(({ field }) => field === name)
    if (relation) {
      if (relation.to.global) return globals.get(relation.to)
      // The first row of those that name their own kind names itself.
      const target = relation.to === entity ? Math.min(number, 1) || number : number
      return valueIn(relation.to, relation.toField, target, canary)
    }
    // Both tenants have somebody who is called so.
    if (field.owner) return subjectOf([...entity.own.keys()][number % entity.own.size] ?? '')
    const neutral = isDistinct(entity, field)
    const text = field.spec.rules?.hidden ? secretOf(canary) : canary
    const value = neutral
      ? scalarOf(field.spec, `${name} ${mark}`, firstOf(mark) + number, '', idOf(entity, number))
      : scalarOf(field.spec, name, number, text, idOf(entity, number))
    return field.spec.array ? [value] : value
  }

  const rowOf: RowMaker['rowOf'] = (entity, number, canary) => {
    const row: Record<string, unknown> = {}
    for (const { name, spec, platform, write } of entity.fields.values()) {
      if (write === 'never' || (platform && name !== 'id')) continue
      const value = valueIn(entity, name, number, canary)
      if (value !== undefined) row[name] = value
      else if (!spec.optional) return undefined
    }
    return row
  }

  return {
    shared,
    foreign,
    absent,
    rowOf,
    valueOf: valueIn,
    keyOf: (entity, number) =>
      Object.fromEntries(entity.key.map(name => [name, String(valueIn(entity, name, number, '') ?? '')])),
  }
}

/** Who has the tokens of a service role. */
export function subjectOf(role: string): string {
  return `verify-${role}`
}

/** Where whole numbers that name rows begin: ends with zeros, and nobody else's rows are likely to be there. */
function firstOf(mark: string): number {
  return (Number.parseInt(mark, 16) % 1_000_000) * 1_000
}

/** True for what names a row: it must be the same in both tenants, and another one for every number. */
function isDistinct({ key, unique }: Entity, { name }: EntityField): boolean {
  return key.includes(name) || unique.some(({ fields }) => fields.includes(name))
}

function scalarOf(spec: FieldSpec, name: string, number: number, canary: string, id: string): unknown {
  const { type, min, max, values = [] } = spec
  switch (type) {
    case 'text':
      return textOf(canary === '' ? `${name} ${number}` : `${canary} ${name} ${number}`, number, min, max)
    case 'integer':
    case 'bigint':
      return within(number, min, max)
    case 'decimal':
      return String(within(number % 10 ** ((spec.precision ?? 3) - (spec.scale ?? 0)), min, max))
    case 'boolean':
      return number % 2 === 0
    case 'timestamp':
      return `2026-01-${dayOf(number)}T12:00:00+00:00`
    case 'date':
      return `2026-01-${dayOf(number)}`
    case 'uuid':
      return id
    case 'json':
      return { text: canary, list: [canary], number }
    case 'bytes':
      return `\\x${Buffer.from(`${canary}${number}`).subarray(0, max).toString('hex')}`
    case 'oneOf':
      return values[number % values.length]
    case 'range':
      return rangeOf(spec.of ?? 'integer', number)
    default:
      return undefined
  }
}

/** What is too long keeps its end where it has to be distinct, else its beginning. */
function textOf(text: string, number: number, min = 0, max = Number.POSITIVE_INFINITY): string {
  const short = (number % 1_000).toString(36)
  const cut = text.length <= max ? text : max < 4 ? short.padStart(max, 'A').slice(-max) : text.slice(0, max)
  const digits = String(number % 1_000).padStart(3, '0')
  const distinct = cut === text || max < 4 ? cut : `${cut.slice(0, max - 3)}${digits}`
  return distinct.padEnd(min, '.')
}

function within(number: number, min = Number.NEGATIVE_INFINITY, max = Number.POSITIVE_INFINITY): number {
  if (number >= min && number <= max) return number
  if (Number.isFinite(min)) return Math.min(min + number, max)
  return max - number
}

function dayOf(number: number): string {
  return String((number % 28) + 1).padStart(2, '0')
}

function rangeOf(of: RangeType, number: number): string {
  switch (of) {
    case 'date':
      return `[2026-01-${dayOf(number)},2026-03-01)`
    case 'timestamp':
      return `[2026-01-${dayOf(number)}T00:00:00Z,2026-03-01T00:00:00Z)`
    default:
      return `[${number},${number + 5})`
  }
}
