import { identifier } from '../sql/writer.ts'
import type { Column, Constraint, Index, Structure, Table } from './structure.ts'

/** A table that is on both sides, and what must be made anew because of what else happens. */
export interface Pair {
  readonly from: Table
  readonly to: Table
  /** Columns whose values are stored anew, or that stand in the way of that: what was made over them is made again. */
  readonly touched: ReadonlySet<string>
}

export function placeOf({ schema, name }: { readonly schema: string; readonly name: string }): string {
  return `${schema}.${name}`
}

export function tableSql({ schema, name }: { readonly schema: string; readonly name: string }): string {
  return `${identifier(schema)}.${identifier(name)}`
}

export function pairsOf(from: Structure, to: Structure): Pair[] {
  return [...to.tables].flatMap(([place, table]) => {
    const before = from.tables.get(place)
    return before ? [{ from: before, to: table, touched: touchedColumns(before, table) }] : []
  })
}

export function newTables(from: Structure, to: Structure): Table[] {
  return [...to.tables].flatMap(([place, table]) => (from.tables.has(place) ? [] : [table]))
}

function touchedColumns(from: Table, to: Table): Set<string> {
  const stored = [...to.columns.values()].filter(column => {
    const before = from.columns.get(column.name)
    return before && !column.generated && !sameStorage(before, column)
  })
  const touched = new Set(stored.map(({ name }) => name))
  for (const column of to.columns.values()) {
    const before = from.columns.get(column.name)
    if (!before || !column.generated) continue
    const made = [...touched].some(name => mentions(column.expression, name) || mentions(before.expression, name))
    if (made || !sameStorage(before, column) || normal(before.expression) !== normal(column.expression))
      touched.add(column.name)
  }
  for (const { name, generated, expression } of from.columns.values())
    if (generated && !to.columns.has(name) && stored.some(column => mentions(expression, column.name)))
      touched.add(name)
  return touched
}

function sameStorage(a: Column, b: Column): boolean {
  return a.type === b.type && a.collation === b.collation && a.generated === b.generated
}

export function sameConstraint(a: Constraint, b: Constraint): boolean {
  if (a.kind !== b.kind) return false
  if (a.kind !== 'foreign') return normal(rule(a.definition)) === normal(rule(b.definition))
  return sameParts(
    [a.columns, a.target, a.targetColumns, onDelete(a)],
    [b.columns, b.target, b.targetColumns, onDelete(b)],
  )
}

/** What a constraint demands, whether or not it was looked at everywhere. */
export function rule(definition: string): string {
  return definition.replace(/ NOT VALID$/, '')
}

/** Without the names of columns, which are compared as lists. */
function onDelete({ definition }: Constraint): string {
  return rule(definition)
    .replace(/^.*? REFERENCES [^(]*\([^)]*\)/, '')
    .replace(/\([^)]*\)/g, '')
}

export function sameIndex(a: Index, b: Index): boolean {
  return a.valid === b.valid && normal(nameless(a)) === normal(nameless(b))
}

function nameless({ definition }: Index): string {
  return definition.replace(/ INDEX ("(?:[^"]|"")+"|[^ "]+) ON /, ' INDEX ON ')
}

export function sameParts(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b)
}

/** SQL in which names are written without quotes, so that names can be compared and replaced. Texts stay as they are. */
export function normal(sql: string | null): string | null {
  return sql === null ? null : outsideTexts(sql, part => part.replace(/"([a-z0-9_?]+)"/g, '$1'))
}

/** SQL in which a name stands for another; what PostgreSQL calls so too is left alone. */
export function renamed(sql: string, from: string, to: string): string {
  const word = new RegExp(`(?<![a-z0-9_?]|::)${escaped(from)}(?![a-z0-9_?.(])`, 'g')
  return outsideTexts(normal(sql) ?? sql, part => part.replace(word, () => to))
}

function mentions(sql: string | null, name: string): boolean {
  return sql !== null && renamed(sql, name, '') !== normal(sql)
}

function outsideTexts(sql: string, change: (part: string) => string): string {
  return sql
    .split(/('(?:[^']|'')*')/)
    .map((part, index) => (index % 2 === 0 ? change(part) : part))
    .join('')
}

const escaped = (text: string) => text.replace(/[.?]/g, '\\$&')
