import type { SlotValue } from '../../../core/datasource.ts'
import { TenantryError } from '../../../core/errors.ts'

/** A statement ready to be prepared: its values are bound, in PostgreSQL's text form. */
export interface Statement {
  readonly text: string
  readonly values: readonly (string | null)[]
  readonly slots?: readonly Slot[]
  readonly assumptions?: readonly Assumption[]
  /**
   * True when it inserts one row and answers nothing of it, and its only value is a JSON array of that row: with the rows of others of
   * the same text in that array it inserts them all.
   */
  readonly takesRows?: boolean
  /** Set where it reads the row of one key: makes the text that reads those of several. */
  readonly lookup?: (() => string) | undefined
}

/** A value that may be another in a statement of the same text. */
interface Slot {
  readonly slot: number
  /** Its place among the statement's values. */
  readonly index: number
  /** Undefined for what is no value of the kind. */
  readonly form: (value: SlotValue) => string | undefined
}

/** What the text takes a slot's value to be. */
interface Assumption {
  readonly slot: number
  /** Undefined for what is no value of the kind. */
  readonly outcomeOf: (value: SlotValue) => unknown
  readonly outcome: unknown
}

/** What may be given for a slot. */
export interface Given {
  readonly value: string
  readonly slot?: number | undefined
}

interface GivenList {
  readonly values: readonly string[]
  readonly slot?: number | undefined
}

/** A message of the protocol counts them in 16 bits. */
const maxValues = 65_535

/** Collects the values of one statement while its text is put together. */
export class Binder {
  readonly values: (string | null)[] = []
  /** Of the values. */
  readonly types: string[] = []
  readonly slots: Slot[] = []
  readonly assumptions: Assumption[] = []
  /** Of the statement. */
  takesRows = false
  readonly #place: (number: number, type: string) => string

  /** `place`: where a value stands in the text, by its number from 1. */
  constructor(place = (number: number, type: string) => `$${number}::${type}`) {
    this.#place = place
  }

  /** A parameter of this SQL type: `$3::uuid`. */
  bind(value: string | null, type: string): string {
    if (this.values.length === maxValues) {
      throw new TenantryError('too_large', `The request has more than ${maxValues} values`, {
        hint: 'Ask in several parts',
      })
    }
    this.types.push(type)
    return this.#place(this.values.push(value), type)
  }

  /** A parameter whose value may be a slot's; `form` makes of that value what is bound. */
  bindGiven({ value, slot }: Given, type: string, form = itself): string {
    if (slot !== undefined) this.slots.push({ slot, index: this.values.length, form: ofText(form) })
    return this.bind(form(value), type)
  }

  /** The same of a list. */
  bindListed({ values, slot }: GivenList, type: string, form: (values: readonly string[]) => string): string {
    if (slot !== undefined) this.slots.push({ slot, index: this.values.length, form: ofList(form) })
    return this.bind(form(values), type)
  }

  /** What the text depends on: comparable with `===`. */
  assume<Outcome>({ value, slot }: Given, outcomeOf: (value: string) => Outcome): Outcome {
    const outcome = outcomeOf(value)
    if (slot !== undefined) this.assumptions.push({ slot, outcomeOf: ofText(outcomeOf), outcome })
    return outcome
  }

  assumeListed<Outcome>({ values, slot }: GivenList, outcomeOf: (values: readonly string[]) => Outcome): Outcome {
    const outcome = outcomeOf(values)
    if (slot !== undefined) this.assumptions.push({ slot, outcomeOf: ofList(outcomeOf), outcome })
    return outcome
  }
}

const itself = (value: string) => value

function ofText<T>(form: (value: string) => T): (value: SlotValue) => T | undefined {
  return value => (typeof value === 'string' ? form(value) : undefined)
}

function ofList<T>(form: (values: readonly string[]) => T): (value: SlotValue) => T | undefined {
  return value => (typeof value === 'string' ? undefined : form(value))
}

/** The statement with other values in its slots; undefined where those need another text. */
export function fillStatement(statement: Statement, given: readonly SlotValue[]): Statement | undefined {
  const { text, values, slots = [], assumptions = [], takesRows = false, lookup } = statement
  for (const { slot, outcomeOf, outcome } of assumptions) if (outcomeOf(given[slot] ?? '') !== outcome) return undefined
  const filled = values.slice()
  for (const { slot, index, form } of slots) {
    const value = given[slot]
    const formed = value === undefined ? undefined : form(value)
    if (formed === undefined) return undefined
    filled[index] = formed
  }
  return { text, values: filled, takesRows, lookup }
}

/** The same to be remembered: what is filled in is somebody's, and may be long. */
export function withoutGiven(statement: Statement): Statement {
  const { values, slots = [] } = statement
  const filled = new Set(slots.map(({ index }) => index))
  return { ...statement, values: values.map((value, index) => (filled.has(index) ? null : value)) }
}

/** The value by which one of these statements, of one text and all of which take rows, inserts the rows of all. */
export function joinRows(statements: readonly Statement[]): string {
  return `[${statements.map(({ values: [row] }) => row?.slice(1, -1)).join(',')}]`
}

/** The values of the text that reads the rows of several keys: of each of their own an array. */
export function joinKeys(statements: readonly Statement[]): string[] {
  const [first] = statements
  return (first?.values ?? []).map((_, place) => arrayLiteral(statements.map(({ values }) => values[place] ?? null)))
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
