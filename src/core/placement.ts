/** Where a tenant's rows and requests go. */
export interface Placement {
  /** One database server with its nodes; a tenant lives in one cell. */
  readonly cell: string
  readonly isolation: 'row' | 'database'
  readonly process: 'shared' | 'dedicated'
  /** The kind of place where the rows live. */
  readonly datasource: 'postgres'
}

export const sharedPlacement: Placement = { cell: 'main', isolation: 'row', process: 'shared', datasource: 'postgres' }
