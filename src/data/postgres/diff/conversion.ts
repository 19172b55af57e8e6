import { identifier } from '../sql/writer.ts'
import type { Risk } from './step.ts'
import type { Column } from './structure.ts'

/** How the values of a column become those of another type; undefined where none becomes one. */
export interface Conversion {
  readonly risk: Risk
  readonly using: string | null
  readonly note?: string
}

const rewritten = 'The table is written anew while nobody can use it'

export function conversionOf(from: Column, to: Column): Conversion | undefined {
  if (from.generated || to.generated) return undefined
  const [before, after] = [parse(from.type), parse(to.type)]
  const name = identifier(to.name)
  if (after.array && !before.array) {
    if (before.base !== after.base || !isWider(before, after)) return undefined
    const using = `case when ${name} is not null then array[${name}] end::${to.type}`
    return { risk: 'slow', using, note: rewritten }
  }
  if (before.array !== after.array) return undefined
  const using = from.type === to.type ? null : `${name}::${to.type}`
  if (before.base === after.base) {
    if (from.type === to.type) return { risk: 'slow', using, note: 'Its indexes are built anew while nobody can write' }
    if (!isWider(before, after))
      return { risk: 'destructive', using, note: 'Digits that do not fit are rounded or stop it' }
    return before.scale === after.scale ? { risk: 'safe', using: null } : { risk: 'slow', using, note: rewritten }
  }
  if (widens(before, after)) return { risk: 'slow', using, note: rewritten }
  if (narrowings.has(`${before.base} ${after.base}`)) {
    return { risk: 'destructive', using, note: `Values that are no ${to.type} stop it, or lose what does not fit` }
  }
  return undefined
}

interface Type {
  readonly base: string
  readonly precision: number
  readonly scale: number
  readonly array: boolean
}

function parse(type: string): Type {
  const [, base = type, precision, scale, array] = /^(.*?)(?:\((\d+),(\d+)\))?(\[\])?$/.exec(type) ?? []
  return { base, precision: Number(precision ?? 0), scale: Number(scale ?? 0), array: array !== undefined }
}

function isWider(from: Type, to: Type): boolean {
  return to.scale >= from.scale && to.precision - to.scale >= from.precision - from.scale
}

/** Digits that whole numbers may have. */
const digits: Readonly<Record<string, number>> = { integer: 10, bigint: 19 }
const told = new Set(['integer', 'bigint', 'numeric', 'boolean', 'uuid'])

function widens(from: Type, to: Type): boolean {
  if (from.base === 'integer' && to.base === 'bigint') return true
  if (to.base === 'numeric') return to.precision - to.scale >= (digits[from.base] ?? Number.POSITIVE_INFINITY)
  return to.base === 'text' && told.has(from.base)
}

const timestamps = 'timestamp with time zone'
const narrowings = new Set([
  ...['integer', 'bigint', 'numeric', 'boolean', 'uuid', 'date', timestamps, 'jsonb'].map(type => `text ${type}`),
  ...['bigint integer', 'numeric integer', 'numeric bigint', 'integer numeric', 'bigint numeric'],
  ...[`${timestamps} date`, `date ${timestamps}`, `date text`, `${timestamps} text`],
])
