import type { DefinedName } from './defined-name.ts'
import type { Link } from './link.ts'
import type { Action, Entity } from './module-set.ts'
import type { Condition, FieldPath } from './plan-condition.ts'

export * from './plan-condition.ts'

/**
 * What a request wants, as data. REST, GraphQL and the TypeScript API make plans; every datasource runs them; nothing
 * else reaches a datasource. Names in a plan come from outside and are refused by `checkPlan` when unknown; values are
 * always bound.
 */
export type Plan = EntityPlan | Call

/** A plan about the rows of an entity's table. */
export type EntityPlan = Read | Insert | Update | Delete

/** One table's part of a read: of the root or of an embed. */
export interface Query {
  readonly select: readonly Selection[]
  readonly where?: Condition
  readonly order?: readonly Order[]
  readonly limit?: number
  /** Even 0 says that the rows are read page by page: without an order they come in that of the key. */
  readonly offset?: number
}

/** `exclude` leaves softly deleted rows out, `only` shows nothing else. */
export type Deleted = 'exclude' | 'include' | 'only'

/** `exclude` leaves out what other tenants share, `only` shows nothing else. */
export type Shared = 'exclude' | 'include' | 'only'

/** `exact`: bigint, decimal and bytes as text, so that a JSON parser loses nothing. `json`: exactly as PostgreSQL's `to_json`. */
export type Output = 'json' | 'exact'

interface Common extends Form {
  readonly entity: Entity
}

/**
 * Who asks, for the rules of fields. `caller`: of a generated API, which every rule binds. `code`: a module's code on behalf of a
 * principal; hidden and read-only fields do not bind it, reserved ones do. `module`: its code for itself.
 */
export type Asker = 'caller' | 'code' | 'module'

/** The form of an answer. */
interface Form {
  /** Absent: `caller`. */
  readonly asker?: Asker
  readonly output?: Output
  /** Refuses with `PGRST116` (and rolls back) unless exactly one row is the answer; the answer is then that object. */
  readonly single?: boolean
  /** `csv` (RFC 4180): a line of names and a line for each row. Absent: JSON. */
  readonly format?: 'json' | 'csv'
  /** Members that are null are left out of the JSON, at every depth. */
  readonly stripNulls?: boolean
  /** The answer tells the revision of its row, when it is one. Needs an entity with `revision`. */
  readonly revision?: boolean
}

interface Write extends Common {
  /** Absent: only the number of rows is the answer. */
  readonly returning?: readonly Selection[]
  /** Answers as if it had been done and undoes it. Not inside a transaction. */
  readonly rollback?: boolean
  /** Refuses with `precondition_failed` (and rolls back) unless it holds. */
  readonly precondition?: Precondition
}

/**
 * `present`: the write meets exactly one row that is there, in one of these revisions where they are named (which needs an
 * entity with `revision`). `absent`: no row that is inserted is there already.
 */
export type Precondition =
  | { readonly kind: 'present'; readonly revisions?: readonly number[] }
  | { readonly kind: 'absent' }

export interface Read extends Common, Query {
  readonly kind: 'read'
  readonly count?: 'exact'
  readonly deleted?: Deleted
  /** Absent: `include`. Means nothing where rows are not shared. */
  readonly shared?: Shared
  /** The order goes on by the key, and the answer tells where the next page begins. Needs a limit and no offset. */
  readonly keyset?: Keyset
  /**
   * Inside a transaction: nobody else changes these rows until it is over; rows are waited for in their order. Needs the right
   * to write them, and a plain list without embeds, aggregates, count and cursor.
   */
  readonly lock?: boolean
}

export interface Keyset {
  /** What `next` of the page before said, each value in PostgreSQL's text form. Absent: from the first row. */
  readonly after?: readonly (string | null)[]
}

export interface Insert extends Write {
  readonly kind: 'insert'
  /** The fields that the rows give; a row without one of them gives null, or what `missing` says. */
  readonly fields: readonly string[]
  /** A JSON array of objects, or one object, as text: numbers keep their digits. */
  readonly rows: string
  /** Which of the values of a `Likeness` the rows are. */
  readonly slot?: number
  readonly onConflict?: OnConflict
  readonly missing?: Missing
  /** The key of the one row that is to be written: other rows given are left out, and none at all is `PGRST115`. */
  readonly put?: Condition
}

/** What a given row that lacks a field gives: null, or what a row that never named the field would get. */
export type Missing = 'null' | 'default'

export interface OnConflict {
  /** Absent: the primary key. */
  readonly fields?: readonly string[]
  readonly resolution: 'merge' | 'ignore'
  /**
   * What a merge does to a row that is softly deleted: it comes back, or all is refused with `precondition_failed`. Absent: it
   * is changed and stays deleted. Needs an entity with `softDelete`, and the key as the fields.
   */
  readonly deleted?: 'restore' | 'refuse'
}

export interface Update extends Write {
  readonly kind: 'update'
  readonly fields: readonly string[]
  /** A JSON object as text. */
  readonly patch: string
  /** Which of the values of a `Likeness` the patch is. */
  readonly slot?: number
  readonly missing?: Missing
  readonly where?: Condition
  readonly deleted?: Deleted
  /** Refuses with `PGRST124` (and rolls back) when more rows than this are changed. */
  readonly maxAffected?: number
}

export interface Delete extends Write {
  readonly kind: 'delete'
  /** `soft` marks the rows and needs an entity with `softDelete`; `purge` removes them. Absent: soft where it can be. */
  readonly mode?: 'soft' | 'purge'
  readonly where?: Condition
  readonly deleted?: Deleted
  /** Refuses with `PGRST124` (and rolls back) when more rows than this are deleted. */
  readonly maxAffected?: number
}

/** An action is called. The parts of a query are for its rows, if it answers rows. */
export interface Call extends Form, Query {
  readonly kind: 'call'
  readonly action: Action
  /** The arguments: a JSON object as text, so that numbers keep their digits. */
  readonly input: string
  /** Which of the values of a `Likeness` the arguments are. */
  readonly slot?: number
  /** The names in them. */
  readonly given: readonly string[]
  /**
   * For an action in TypeScript, whose body the house runs: `arguments` checks who calls and reads the arguments as values of
   * their fields; a result (JSON text of rows) is answered as if the datasource had made it. Absent: the action's SQL runs.
   */
  readonly stage?: 'arguments' | { readonly result: string }
  readonly count?: 'exact'
  /** Answers as if it had been done and undoes it. Not inside a transaction. */
  readonly rollback?: boolean
}

/** With a count or an aggregate among them, rows that are alike in everything else that is selected become one. */
export type Selection = AllFields | FieldSelection | RowCount | Constant | Embed

/** `*`: every field that may be read. */
export interface AllFields {
  readonly kind: 'all'
}

/** The same text in each row. */
export interface Constant {
  readonly kind: 'constant'
  readonly alias: string | DefinedName
  readonly value: string
}

export interface FieldSelection {
  readonly kind: 'field'
  readonly path: FieldPath
  readonly alias?: string | DefinedName
  /** The name of a type of PostgreSQL from a closed list. */
  readonly cast?: string
  /** Over the values after `cast`; needs an entity with `aggregates`. */
  readonly aggregate?: Aggregate
}

/** `count()`: how many rows. In a spread embed: how many of them have a related row. */
export interface RowCount {
  readonly kind: 'count'
  readonly alias?: string
  readonly cast?: string
}

export const aggregateFunctions = ['sum', 'avg', 'count', 'max', 'min'] as const

export interface Aggregate {
  readonly function: (typeof aggregateFunctions)[number]
  /** The type of the result. */
  readonly cast?: string
}

/** Rows of a related entity, nested in each row. */
export interface Embed {
  readonly kind: 'embed'
  /** An entity's name, a reference's field or a foreign key's name. */
  readonly relation: string
  /** Chooses among several relations: a foreign key's name, a reference's field, a junction's or other entity's name. */
  readonly hint?: string
  /** In place of the two before, by whoever knows the definitions. */
  readonly link?: Link
  readonly alias?: string | DefinedName
  /** `inner` leaves out rows that have no related row. */
  readonly join: 'left' | 'inner'
  /** The fields of a related row that is one at most stand among the row's own. */
  readonly spread: boolean
  readonly query: Query
}

export interface Order {
  readonly path: FieldPath
  /** Orders by a field of this embed (by alias or relation), which is one row at most. */
  readonly embed?: string
  readonly direction: 'asc' | 'desc'
  readonly nulls?: 'first' | 'last'
}

/** What a datasource answers to a plan. */
export interface Answer {
  /** JSON text made by the datasource: an array, or an object when `single`; empty when nothing was asked for. */
  readonly body: string
  /** Rows in the body, or rows written. */
  readonly rows: number
  /** All rows that the read's conditions match, when it asked for the count. */
  readonly total: number | null
  /** In place of `body`, in parts, when that is larger than one text should be; for callers that take it so (`RunOptions.large`). */
  readonly stream?: AsyncIterable<string>
  /** Of the rows that an `onConflict: merge` wrote, how many were not there before. */
  readonly inserted?: number
  /** Of the one row that was read or written, when the plan asked for it. */
  readonly revision?: number
  /** With a `keyset`, while there are more rows: the values that the last row of the page is ordered by, as a JSON array. */
  readonly next?: string
}
