import type { CheckedAggregate, OutputName } from '../../../core/checked-plan.ts'
import { type Binder, identifier } from './writer.ts'

/** One member of each row of an answer. */
export interface Member {
  readonly name: OutputName
  /** Of one row of the table; `*` for counting rows. */
  readonly value: string
  readonly aggregate: CheckedAggregate | null
  /** The value is JSON as text, because rows cannot be grouped by JSON. */
  readonly jsonText: boolean
  /** A type to show the value as, which it must not have before it is aggregated or grouped by. */
  readonly shownAs: string | null
}

/** Rows as a sub-select, and how one of them under an alias becomes JSON. */
export interface Rows {
  readonly sql: string
  readonly names: readonly OutputName[]
  /** The row in an aggregate such as `json_agg`. */
  inAggregate(alias: string): string
  asJson(alias: string): string
}

/** ` group by …` for what is not aggregated. */
export function groupSql(members: readonly Member[]): string {
  const values = members.filter(({ aggregate }) => !aggregate).map(({ value }) => value)
  return values.length === 0 ? '' : ` group by ${values.join(', ')}`
}

function memberSql({ value, aggregate, jsonText, shownAs }: Member): string {
  const shown = aggregate ? `${aggregate.function}(${value})${aggregate.cast ? `::${aggregate.cast}` : ''}` : value
  return `${shown}${jsonText ? '::json' : ''}${shownAs ? `::${shownAs}` : ''}`
}

/**
 * Columns that bear the members' names, so that PostgreSQL makes the JSON by itself. A name from outside cannot be part of
 * the text: then columns are numbered, and each row is put together from bound names and the JSON of its values.
 */
export function rowsOf(members: readonly Member[], rest: string, binder: Binder): Rows {
  const names = members.map(({ name }) => name)
  const ours = names.every(name => name.ours)
  const columns = members.map(
    (member, index) => `${memberSql(member)} as ${ours ? identifier(member.name.text) : `c${index}`}`,
  )
  const sql = `select ${columns.join(', ')}${rest}`
  if (ours) return { sql, names, inAggregate: alias => alias, asJson: alias => `row_to_json(${alias})` }
  const asJson = (alias: string) => {
    const parts = names.map(({ text }, index) => {
      const key = binder.bind(`${index === 0 ? '{' : ','}${JSON.stringify(text)}:`, 'text')
      return `${key} || coalesce(to_json(${alias}.c${index})::text, 'null')`
    })
    return `(${parts.join(' || ')} || '}')::json`
  }
  return { sql, names, inAggregate: asJson, asJson }
}

/** An answer from `rows` under an alias, as JSON or as a text of CSV. */
export function bodySql(
  rows: Rows,
  alias: string,
  form: { readonly single: boolean; readonly format: 'json' | 'csv'; readonly stripNulls: boolean },
  binder: Binder,
): string {
  if (form.format === 'csv') return csvSql(rows, alias, binder)
  const all = `json_agg(${rows.inAggregate(alias)})`
  const shown = form.stripNulls ? `json_strip_nulls(${all})` : all
  return form.single ? `(${shown} -> 0)` : `coalesce(${shown}, '[]')`
}

/** One row under an alias: what `bodySql` strings together. */
export function lineSql(
  rows: Rows,
  alias: string,
  form: { readonly format: 'json' | 'csv'; readonly stripNulls: boolean },
): string {
  if (form.format === 'csv') return csvLine(alias)
  const json = rows.asJson(alias)
  return form.stripNulls ? `json_strip_nulls(${json})` : json
}

function csvSql(rows: Rows, alias: string, binder: Binder): string {
  const header = binder.bind(`${csvHeader(rows)}\n`, 'text')
  return `${header} || coalesce(string_agg(${csvLine(alias)}, E'\\n'), '')`
}

export function csvHeader({ names }: Rows): string {
  return names.map(({ text }) => quoteCsv(text)).join(',')
}

/** A row's text form is a line of CSV (RFC 4180) in parentheses, but for backslashes, which it doubles. */
function csvLine(alias: string): string {
  const text = `${alias}::text`
  return `replace(substr(${text}, 2, length(${text}) - 2), E'\\\\\\\\', E'\\\\')`
}

function quoteCsv(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}
