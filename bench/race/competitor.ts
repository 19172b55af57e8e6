import type { BenchCase } from '../cases.ts'
import type { RequestParts } from '../request.ts'

/** A server in the race. It answers each case with the same rows as the others. */
export interface Competitor {
  readonly name: string
  /** Version and how it is set up, for the head of the table. */
  readonly setup: string
  readonly pid: number
  readonly port: number
  request(bench: BenchCase, id: string): RequestParts
  /** The rows in the body of an answer, by id; with the number of those embedded in each. */
  rows(body: unknown): readonly AnsweredRow[]
}

export interface AnsweredRow {
  readonly id: string
  readonly embedded: number
}

/** Rows as Tenantry and PostgREST answer them. */
export function rowsOfList(body: unknown): AnsweredRow[] {
  const rows = (Array.isArray(body) ? body : [body]) as readonly { id: string; line_items?: readonly unknown[] }[]
  return rows.map(({ id, line_items = [] }) => ({ id, embedded: line_items.length }))
}

interface GraphqlAnswer {
  readonly data: {
    readonly invoices: readonly { readonly id: string; readonly lineItems: readonly unknown[] }[]
  } | null
  readonly errors?: unknown
}

/** Invoices with their lines, as GraphQL answers them. */
export function rowsOfGraphql(body: unknown): AnsweredRow[] {
  const { data, errors } = body as GraphqlAnswer
  if (!data) throw new Error(`GraphQL answers ${JSON.stringify(errors)}`)
  return data.invoices.map(({ id, lineItems }) => ({ id, embedded: lineItems.length }))
}
