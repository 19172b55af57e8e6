/**
 * What some schemas hold, in parts from which SQL can be made again: PostgreSQL's own words for each. A role of the
 * installation is written with NUL in place of its prefix, so that equal structures of two installations are equal.
 */
export interface Structure {
  /** By `schema role`: the rights of roles in schemas. */
  readonly schemaGrants: ReadonlyMap<string, SchemaGrant>
  /** By `schema.table`. */
  readonly tables: ReadonlyMap<string, Table>
  /** By `schema.name(arguments)`: functions that run with the rights of the search role or of the recorder. */
  readonly functions: ReadonlyMap<string, OwnedFunction>
  /** By `schema.view`. */
  readonly views: ReadonlyMap<string, View>
}

export interface SchemaGrant {
  readonly schema: string
  readonly role: string
  readonly privileges: readonly string[]
}

/** Each map by the name of the part. */
export interface Table {
  readonly schema: string
  readonly name: string
  readonly columns: ReadonlyMap<string, Column>
  readonly constraints: ReadonlyMap<string, Constraint>
  readonly indexes: ReadonlyMap<string, Index>
  readonly policies: ReadonlyMap<string, Policy>
  readonly triggers: ReadonlyMap<string, Trigger>
  /** By `role` or `role column`. */
  readonly grants: ReadonlyMap<string, TableGrant>
}

export interface Column {
  readonly name: string
  readonly type: string
  /** As SQL; null for the type's own. */
  readonly collation: string | null
  readonly notNull: boolean
  /** The default, or what a generated column is made from. */
  readonly expression: string | null
  /** True when evaluating the default may give every row another value. */
  readonly volatile: boolean
  readonly generated: boolean
}

export interface Constraint {
  readonly name: string
  readonly kind: 'primary' | 'unique' | 'foreign' | 'check' | 'exclude'
  /** Ends in `NOT VALID` where rows that were there have not been looked at. */
  readonly definition: string
  readonly columns: readonly string[]
  /** Foreign keys: `schema.table` and its columns. */
  readonly target: string | null
  readonly targetColumns: readonly string[]
}

export interface Index {
  readonly name: string
  /** The whole command that makes it. */
  readonly definition: string
  readonly unique: boolean
  readonly valid: boolean
  /** Columns and those that its condition names. */
  readonly columns: readonly string[]
}

export interface Policy {
  readonly name: string
  readonly command: 'all' | 'select' | 'insert' | 'update' | 'delete'
  readonly permissive: boolean
  readonly roles: readonly string[]
  readonly using: string | null
  readonly check: string | null
}

export interface Trigger {
  readonly name: string
  readonly definition: string
}

export interface TableGrant {
  readonly role: string
  readonly column: string | null
  readonly privileges: readonly string[]
}

export interface OwnedFunction {
  readonly schema: string
  /** `"orders.tags cs"(text[], integer)`, without the schema. */
  readonly signature: string
  readonly owner: string
  readonly definition: string
  /** Who may run it beside its owner. */
  readonly execute: readonly string[]
}

export interface View {
  readonly schema: string
  readonly name: string
  /** Its query. */
  readonly definition: string
  readonly options: string
  readonly comment: string | null
  /** Its columns in order, as `name type`. */
  readonly columns: readonly string[]
  /** `schema.name` of the tables and views that it reads. */
  readonly reads: readonly string[]
  readonly grants: ReadonlyMap<string, TableGrant>
}

/** Stands for the prefix of an installation's roles; PostgreSQL's texts cannot hold it. */
export const prefixMark = '\0'
