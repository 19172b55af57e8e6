import type { EntitySource } from './action-definition.ts'
import type { EntityDefinition, EntityOptions, Fields, ViewSource } from './field.ts'

/** What a view may say of itself; it has no rows of its own, so nothing about keeping them. */
export interface ViewOptions<Name extends string = string>
  extends Pick<EntityOptions<Name>, 'aggregates' | 'internal' | 'limits' | 'access'> {
  /** The fields that name one of its rows. */
  readonly key: readonly [Name, ...Name[]]
  /** One `select` that gives the fields by their names: sql`select … from ${customers} c`. */
  readonly sql: ViewSource
}

/**
 * Declares a view, which stands among the entities of its module and is read like one. It runs with the rights of who reads it:
 * what they may not see in the entities below, they do not see in it. Nothing can be written through it.
 */
export function view<const F extends Fields, const O extends ViewOptions<keyof F & string>>(
  name: string,
  fields: F,
  options: O,
): EntityDefinition<F, { readonly key: O['key']; readonly view: ViewSource }> {
  const { sql: source, ...rest } = options
  return { name, fields, options: { ...rest, view: source } }
}

/** SQL in which entities stand as values: `${customers}` becomes the name of its table. */
export function sql(texts: TemplateStringsArray, ...reads: readonly EntitySource[]): ViewSource {
  return { texts: [...texts], reads: reads.map(read => (typeof read === 'function' ? read : () => read)) }
}
