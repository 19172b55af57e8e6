import type { AnyField, EntityDefinition, EntityOptions, Fields, ViewSource } from './field.ts'

export type { EntityDefinition, EntityOptions, Fields } from './field.ts'

/** Declares an entity. `name` is its table and its place in the URL. What is wrong with it is said when the module loads. */
export function entity<const F extends Fields, const O extends EntityOptions<keyof F & string> = Record<never, never>>(
  name: string,
  fields: F,
  options?: O,
): EntityDefinition<F, O> {
  return { name, fields, options: options ?? ({} as O) }
}

export type Simplify<T> = { [Name in keyof T]: T[Name] } & {}
type Value<F extends AnyField> = F['$types']['value']
type Flag<O, Name extends keyof EntityOptions> = O extends { readonly [N in Name]: true } ? true : false
type When<Condition extends boolean, T> = Condition extends true ? T : unknown

export type NullableNames<F extends Fields> = {
  [N in keyof F]: F[N]['$types']['optional'] extends true ? N : never
}[keyof F]
type ReservedNames<F extends Fields> = {
  [N in keyof F]: true extends F[N]['$types']['reserved']
    ? F[N]['$types']['reserved'] extends true
      ? N
      : never
    : never
}[keyof F]
export type OmittableNames<F extends Fields> = {
  [N in keyof F]: true extends F[N]['$types']['optional'] | F[N]['$types']['defaulted'] ? N : never
}[keyof F]

type Key<O> = O extends { readonly key: readonly string[] } ? unknown : { readonly id: string }

type PlatformFields<O> = O extends { readonly view: ViewSource } ? unknown : TableFields<O>

type TableFields<O> = Key<O> & { readonly created_at: string; readonly updated_at: string } & When<
    Flag<O, 'revision'>,
    { readonly revision: number }
  > &
  When<Flag<O, 'softDelete'>, { readonly deleted_at: string | null }> &
  When<Flag<O, 'instanced'>, { readonly instance_id: string }> &
  When<Flag<O, 'shareWith'>, { readonly shared_with: string | null }> &
  When<Flag<O, 'authors'>, { readonly created_by: string; readonly updated_by: string }>

/** A row as it is read: every field, null where the field is optional; without those that the reader may not read. */
export type Row<E extends EntityDefinition> = Simplify<
  PlatformFields<E['options']> & {
    readonly [N in Exclude<keyof E['fields'], ReservedNames<E['fields']>>]: Given<E, N>
  } & { readonly [N in ReservedNames<E['fields']> & keyof E['fields']]?: Given<E, N> }
>

/** The author's fields that say whose a row is: a new row has them from who makes it. */
type OwnerNames<O> = O extends { readonly own: infer Own }
  ? { [Role in keyof Own]: Own[Role] extends { readonly writes: infer Name } ? Name : Own[Role] }[keyof Own]
  : never

type LeftOut<E extends EntityDefinition> = OmittableNames<E['fields']> | (OwnerNames<E['options']> & keyof E['fields'])

type Given<E extends EntityDefinition, N extends keyof E['fields']> =
  N extends NullableNames<E['fields']> ? Value<E['fields'][N]> | null : Value<E['fields'][N]>

/** A new row: optional and defaulted fields may be left out; `id` may be given, and `instance_id` is where the context has none. */
export type Insert<E extends EntityDefinition> = Simplify<
  { readonly [N in Exclude<keyof E['fields'], LeftOut<E>>]: Given<E, N> } & {
    readonly [N in LeftOut<E> & keyof E['fields']]?: Given<E, N>
  } & (E['options'] extends { readonly key: readonly string[] } ? unknown : { readonly id?: string }) &
    When<Flag<E['options'], 'instanced'>, { readonly instance_id?: string }> &
    When<Flag<E['options'], 'shareWith'>, { readonly shared_with?: string | null }>
>

/** A change of a row: any of its fields; a `revision` must be the current one. */
export type Patch<E extends EntityDefinition> = Simplify<
  { readonly [N in keyof E['fields']]?: Given<E, N> } & When<
    Flag<E['options'], 'revision'>,
    { readonly revision?: number }
  > &
    When<Flag<E['options'], 'shareWith'>, { readonly shared_with?: string | null }>
>

/** What names one row: its key's value, or an object of them when the key has several fields. */
export type KeyOf<E extends EntityDefinition> = E['options'] extends {
  readonly key: readonly [infer First extends keyof E['fields'], ...infer Rest extends readonly (keyof E['fields'])[]]
}
  ? Rest extends readonly []
    ? Value<E['fields'][First]>
    : { readonly [N in First | Rest[number]]: Value<E['fields'][N]> }
  : string
