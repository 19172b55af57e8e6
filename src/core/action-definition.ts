import type { EntityDefinition, Fields, NullableNames, OmittableNames, Row, Simplify } from './entity.ts'
import { type AnyField, Field } from './field.ts'

/** An entity, or a function that gives it where it is not defined yet. */
export type EntitySource = EntityDefinition | (() => EntityDefinition)

/** What rows are rows of: an entity, or fields of their own. */
export type RowSource = EntitySource | Fields

/** Rows as a list, or exactly one. */
export interface RowsOutput<Of extends RowSource = RowSource, Many extends boolean = boolean> {
  readonly kind: 'rows'
  readonly of: Of
  readonly many: Many
}

/** What an action answers: rows, one row, one value (a field, also an array), or nothing. */
export type ActionOutput = RowsOutput | AnyField | undefined

/** An action of a module, as plain data. `run` or `sql` is its body. */
export interface ActionDefinition<I extends Fields = Fields, O extends ActionOutput = ActionOutput> {
  readonly name: string
  readonly description: string
  readonly input: I
  readonly output: O
  readonly reads: readonly EntitySource[]
  readonly writes: readonly EntitySource[]
  readonly roles?: readonly string[] | undefined
  readonly sql?: string | undefined
  // A method, so that what the author's types promise of its parameters may stand here as unknown.
  run?(tenant: unknown, input: unknown): Promise<unknown>
}

/** Any number of rows: of an entity, or with these fields. */
export function rows<const Of extends RowSource>(of: Of): RowsOutput<Of, true> {
  return { kind: 'rows', of, many: true }
}

/** Exactly one row: of an entity, or with these fields. An action that has none, or several, is undone and answers PGRST116. */
export function row<const Of extends RowSource>(of: Of): RowsOutput<Of, false> {
  return { kind: 'rows', of, many: false }
}

export function isField(value: unknown): value is AnyField {
  return value instanceof Field
}

/** The entity that a source names; undefined for fields of their own. */
export function entityOfSource(source: RowSource): EntityDefinition | undefined {
  if (typeof source === 'function') return source()
  return isEntity(source) ? source : undefined
}

/** Fields may be called `name` and `fields`, but then they are fields. */
function isEntity(source: EntityDefinition | Fields): source is EntityDefinition {
  // Where files import each other in a circle it is not there yet.
  return typeof source?.name === 'string'
}

type Value<F extends AnyField> = F['$types']['value']
type Nullable<F extends Fields, N extends keyof F> = N extends NullableNames<F> ? Value<F[N]> | null : Value<F[N]>

/** What a caller gives: parameters that are optional or have a default may be left out. */
export type InputOf<F extends Fields> = Simplify<
  { readonly [N in Exclude<keyof F, OmittableNames<F>>]: Nullable<F, N> } & {
    readonly [N in OmittableNames<F> & keyof F]?: Nullable<F, N>
  }
>

/** What a body gets: every parameter, null where it is optional. */
export type ArgumentsOf<F extends Fields> = { readonly [N in keyof F]: Nullable<F, N> }

type RowOf<Of extends RowSource> = Of extends (() => infer E extends EntityDefinition)
  ? Row<E>
  : Of extends EntityDefinition
    ? Row<Of>
    : Of extends Fields
      ? ArgumentsOf<Of>
      : never

/** What an action with this output answers to code. */
export type ResultOf<O extends ActionOutput> =
  O extends RowsOutput<infer Of, infer Many>
    ? Many extends true
      ? readonly RowOf<Of>[]
      : RowOf<Of>
    : O extends AnyField
      ? O['$types']['optional'] extends true
        ? Value<O> | null
        : Value<O>
      : Awaited<Promise<void>>
