import type { DefinedName } from '../../core/defined-name.ts'
import type { Link } from '../../core/link.ts'
import type { Action, Entity, EntityField } from '../../core/module-set.ts'

/** What a caller sees of rows: an entity's, or those that an action answers. */
export interface Shape {
  readonly entity: Entity
  /** The name of its type. */
  readonly type: string
  /** By the names that they have in a document. */
  readonly members: ReadonlyMap<string, Member>
}

export type Member = FieldMember | RelationMember

export interface FieldMember {
  readonly kind: 'field'
  readonly name: DefinedName
  readonly field: EntityField
}

export interface RelationMember {
  readonly kind: 'relation'
  /** A text where it is longer than PostgreSQL's names are. */
  readonly name: DefinedName | string
  readonly link: Link
  readonly many: boolean
  /** Later, because entities refer to each other. */
  shape(): Shape
}

/** What a field of `Query` or `Mutation` does. */
export type RootField =
  | { readonly kind: 'list' | 'get' | 'count'; readonly shape: Shape }
  | { readonly kind: 'insert' | 'save' | 'update' | 'delete'; readonly shape: Shape }
  | {
      readonly kind: 'call'
      readonly action: Action
      /** The parameters by their names in a document. */
      readonly parameters: ReadonlyMap<string, EntityField>
      /** Of the rows that it answers; null for a value, or nothing. */
      readonly shape: Shape | null
    }
