import type { EntityDefinition, Row, Simplify } from './entity.ts'

/** A field's value, or what it must satisfy. For a value from outside write `{ eq: value }`: it is never taken for a test. */
export type Filter<Value> = Value | FieldTest<Value>

export interface FieldTest<Value> {
  readonly eq?: Value
  readonly neq?: Value
  readonly gt?: Value
  readonly gte?: Value
  readonly lt?: Value
  readonly lte?: Value
  readonly in?: readonly Value[]
  readonly notIn?: readonly Value[]
  /** `%` stands for any text, `_` for one character. */
  readonly like?: string
  readonly ilike?: string
  /** Arrays and ranges: has all of it, lies within it, has something of it. */
  readonly contains?: Value
  readonly within?: Value
  readonly overlaps?: Value
  /** Words as web search engines take them: `fresh "in season" -frozen`. */
  readonly search?: string
}

/** A reference without the `_id` of its field: what the related row is called. */
type RelationName<Field extends string> = Field extends `${infer Name}_id` ? Name : Field

/** The entities that an entity's references name, by the name of the relation. */
export type Relations<E extends EntityDefinition> = {
  readonly [N in keyof E['fields'] & string as E['fields'][N]['$types']['target'] extends EntityDefinition
    ? RelationName<N>
    : never]: E['fields'][N]['$types']['target'] extends infer Target extends EntityDefinition ? Target : never
}

type RelatedTo<E extends EntityDefinition, N extends keyof Relations<E>> = Relations<E>[N] extends infer Target extends
  EntityDefinition
  ? Target
  : never

/** Conditions, all of which must hold. A field with `null` asks for rows without a value. */
export type Where<E extends EntityDefinition> = { readonly [N in keyof Row<E>]?: Filter<Row<E>[N]> } & {
  readonly [N in Exclude<keyof Relations<E>, keyof Row<E>>]?: Where<RelatedTo<E, N>>
} & {
  readonly and?: readonly Where<E>[]
  readonly or?: readonly Where<E>[]
  readonly not?: Where<E>
  /** There is a row like this that names the row: `has: related(invoices, { where: … })`. */
  readonly has?: AnyRelated
}

export type Direction = 'asc' | 'desc' | `${'asc' | 'desc'} nulls ${'first' | 'last'}`

/** The first field counts most. */
export type OrderBy<E extends EntityDefinition> = { readonly [N in keyof Row<E>]?: Direction }

/** Fields, `*` for all of them, and related rows: `['id', 'title', { email: ['address'] }]`. */
export type Select<E extends EntityDefinition> = readonly ('*' | keyof Row<E> | Embeds<E>)[]

type Embeds<E extends EntityDefinition> =
  // Of no relations there would be the empty type, to which any text can be assigned.
  | ([keyof Relations<E>] extends [never] ? never : { readonly [N in keyof Relations<E>]?: Select<RelatedTo<E, N>> })
  | { readonly [alias: string]: AnyRelated }

/** A row with what was selected of it. A related row is null where there is none, or none that is seen. */
export type Selected<E extends EntityDefinition, S extends readonly unknown[]> = Simplify<
  ('*' extends S[number] ? Row<E> : Pick<Row<E>, Extract<S[number], keyof Row<E>>>) &
    Together<S[number] extends infer Item ? (Item extends object ? EmbeddedIn<E, Item> : never) : never>
>

type EmbeddedIn<E extends EntityDefinition, Item> = {
  readonly [N in keyof Item]: Item[N] extends Related<infer Target, infer S>
    ? Selected<Target, S>[]
    : N extends keyof Relations<E>
      ? Item[N] extends readonly unknown[]
        ? Selected<RelatedTo<E, N>, Item[N]> | null
        : never
      : never
}

type Together<Union> = (Union extends unknown ? (one: Union) => void : never) extends (all: infer All) => void
  ? All
  : never

export type AllSelected = readonly ['*']

export interface ListOptions<E extends EntityDefinition, S extends Select<E> = AllSelected> {
  readonly select?: S
  readonly where?: Where<E>
  readonly order?: OrderBy<E>
  readonly limit?: number
  /** With a limit and without an order, rows then come in the order of their key, also from 0 on, so that pages skip none. */
  readonly offset?: number
  readonly includeDeleted?: boolean
  /** `exclude` leaves out rows that other tenants share, `only` lists nothing else. Absent: both. */
  readonly shared?: 'exclude' | 'only'
}

export interface PageOptions<E extends EntityDefinition, S extends Select<E> = AllSelected>
  extends Omit<ListOptions<E, S>, 'limit' | 'offset'> {
  readonly limit: number
  /** `next` of the page before. */
  readonly after?: string
}

/** A part of a list, stable under inserts. `next` is null on the last page. */
export interface Page<T> {
  readonly rows: T[]
  readonly next: string | null
}

/** Which rows of an entity: those with these keys, or all that satisfy the conditions (`{ where: {} }` is every row). */
export type RowsWith<E extends EntityDefinition, Key> =
  | { readonly where: Where<E>; readonly keys?: never }
  | { readonly keys: readonly Key[]; readonly where?: never }

export interface RelatedOptions<T extends EntityDefinition, S extends Select<T>>
  extends Omit<ListOptions<T, S>, 'includeDeleted' | 'shared'> {
  /** The reference that is meant, where there are several; or the entity that relates the two many to many. */
  readonly by?: string
}

/** What `related` says; made by it only, so that no JSON can pass for one. */
export class Related<Target extends EntityDefinition, S extends readonly unknown[]> {
  readonly definition: EntityDefinition
  readonly options: LooseOptions
  /** Types only: never set. */
  declare readonly $types: { target: Target; select: S }

  constructor(definition: EntityDefinition, options: LooseOptions) {
    this.definition = definition
    this.options = options
  }
}

export type AnyRelated = Related<EntityDefinition, readonly unknown[]>

/** Options without the types of their entity. */
export interface LooseOptions {
  readonly select?: readonly unknown[]
  readonly where?: Readonly<Record<string, unknown>>
  readonly order?: Readonly<Record<string, unknown>>
  readonly limit?: number
  readonly offset?: number
  readonly by?: string
}

/** Rows that name the row, or are named together with it: a list in `select`, a condition in `where: { has: … }`. */
export function related<T extends EntityDefinition, const S extends Select<T> = AllSelected>(
  definition: T,
  options: RelatedOptions<T, S> = {},
): Related<T, S> {
  return new Related(definition, options)
}
