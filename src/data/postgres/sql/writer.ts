import { TenantryError } from '../../../core/errors.ts'

/** A statement ready to be prepared: its values are bound, in PostgreSQL's text form. */
export interface Statement {
  readonly text: string
  readonly values: readonly (string | null)[]
}

/** A message of the protocol counts them in 16 bits. */
const maxValues = 65_535

/** Collects the values of one statement while its text is put together. */
export class Binder {
  readonly values: (string | null)[] = []

  /** A parameter of this SQL type: `$3::uuid`. */
  bind(value: string | null, type: string): string {
    if (this.values.length === maxValues) {
      throw new TenantryError('too_large', `The request has more than ${maxValues} values`, {
        hint: 'Ask in several parts',
      })
    }
    this.values.push(value)
    return `$${this.values.length}::${type}`
  }
}

/** A name of ours as an identifier. Names come from checked definitions; the doubling is a second lock on the door. */
export function identifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`
}

/** A moment as ISO 8601 text in UTC. */
export function isoText(column: string): string {
  return `to_char(${column} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`
}

/** A text of ours inside DDL, where nothing can be bound. */
export function literal(text: string): string {
  const quoted = `'${text.replaceAll("'", "''")}'`
  return text.includes('\\') ? ` E${quoted.replaceAll('\\', '\\\\')}` : quoted
}

/** Values as the text form of an array: `{"a","b"}`. */
export function arrayLiteral(values: readonly (string | null)[]): string {
  const elements = values.map(value => (value === null ? 'NULL' : `"${value.replace(/["\\]/g, '\\$&')}"`))
  return `{${elements.join(',')}}`
}
