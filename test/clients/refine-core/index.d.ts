/** What this repository's tests call of a data provider of refine 5. */
export interface DataProvider {
  getList(params: ListParams): Promise<{ data: readonly Row[]; total: number }>
  getOne(params: { resource: string; id: Id; meta?: Meta }): Promise<{ data: Row | undefined }>
  getMany(params: { resource: string; ids: readonly Id[]; meta?: Meta }): Promise<{ data: readonly Row[] }>
  create(params: { resource: string; variables: unknown; meta?: Meta }): Promise<{ data: Row }>
  createMany(params: {
    resource: string
    variables: readonly unknown[]
    meta?: Meta
  }): Promise<{ data: readonly Row[] }>
  update(params: { resource: string; id: Id; variables: unknown; meta?: Meta }): Promise<{ data: Row | undefined }>
  updateMany(params: {
    resource: string
    ids: readonly Id[]
    variables: unknown
    meta?: Meta
  }): Promise<{ data: readonly Row[] }>
  deleteOne(params: { resource: string; id: Id; meta?: Meta }): Promise<{ data: Row | undefined }>
  deleteMany(params: { resource: string; ids: readonly Id[]; meta?: Meta }): Promise<{ data: readonly Row[] }>
}

export interface ListParams {
  resource: string
  pagination?: { currentPage?: number; pageSize?: number; mode?: 'client' | 'server' | 'off' }
  sorters?: readonly { field: string; order: 'asc' | 'desc' }[]
  filters?: readonly Filter[]
  meta?: Meta
}

export type Filter = { field: string; operator: string; value: unknown } | { operator: 'or'; value: readonly Filter[] }

export interface Meta {
  select?: string
  schema?: string
  idColumnName?: string
}

type Id = string | number
type Row = Record<string, unknown>
